"""The line at the bottom: what the agent does, with whom, and what it has cost.

Owns the choice of what is dropped when the line gets narrow. Reads an
`AgentView` and a time; both are handed to it.
"""

from __future__ import annotations

from textual.content import Content
from textual.reactive import reactive

from alloy_tui.domain.sanitise import clean_line
from alloy_tui.ui.viewstate import AgentView
from alloy_tui.ui.widgets.chrome import Bar, link
from alloy_tui.ui.wording import money, state_words, tokens

_LOOKS = {
    "waiting_approval": "bold $warning",
    "rate_limited": "$warning",
    "failed": "$error",
    "cancelled": "$text-muted",
    "done": "$text-muted",
    "idle": "$text-muted",
    "starting": "$text-muted",
}

NARROW = 80
"""Below this width only state, model and cost stay."""
WIDE = 100
"""From this width on the model is shown with its service."""


class StatusBar(Bar):
    """`running pytest 12 s   ctx 31 %   $0.12 …   ^P commands`."""

    view: reactive[AgentView] = reactive(AgentView())
    now_ms: reactive[int] = reactive(0)

    def pieces(self, width: int) -> tuple[list[Content], list[Content]]:
        """State first; the model and the cost survive every width."""
        view = self.view
        words = state_words(view, self.now_ms)
        look = _LOOKS.get(view.state, "$primary")
        model = clean_line(view.model or "no model yet", limit=48)
        cost = link(money(view.cost), "screen.command('usage')", "$text-muted")
        state = Content.styled(words, look)
        if width < NARROW:
            name = link(model.rsplit("/", 1)[-1], "screen.command('model')", "$text-muted")
            return [state], [name, cost] if view.usage_known else [name]
        left = [state, cost] if view.usage_known else [state]
        share = view.context_share
        if share is not None:
            look = "$warning" if share >= 0.8 else "$text-muted"
            left.append(Content.styled(f"context {share:.0%}".replace("%", " %"), look))
        if view.usage_known:
            used = f"{tokens(view.usage.prompt)} in  {tokens(view.usage.output)} out"
            left.append(link(used, "screen.command('usage')", "$text-muted"))
        shown = model if width >= WIDE else model.rsplit("/", 1)[-1]
        name = link(shown, "screen.command('model')", "$text-muted")
        right = [name]
        if width >= 110:
            right.append(link("^P commands", "app.command_palette", "$text-muted"))
            right.append(link("F1 help", "app.help", "$text-muted"))
        return left, right
