"""The line at the bottom: what the agent does, with whom, and what it has cost.

Owns the choice of what is dropped when the line gets narrow. Reads an
`AgentView` and a time; both are handed to it.
"""

from __future__ import annotations

from pathlib import PurePath

from textual.content import Content
from textual.reactive import reactive

from alloy_tui.domain.sanitise import clean_line
from alloy_tui.runtime.agent_view import AgentView
from alloy_tui.ui.preferences import GAP, STATUS
from alloy_tui.ui.widgets.chrome import Bar, link
from alloy_tui.ui.wording import model_label, money_of, shorten_middle, state_words, tokens

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
_ROOMY = 110


class StatusBar(Bar):
    """`running pytest 12 s   $0.12   context 31 % …   ^P commands`, or what `fields` name."""

    view: reactive[AgentView] = reactive(AgentView())
    now_ms: reactive[int] = reactive(0)
    fields: reactive[tuple[str, ...]] = reactive(STATUS)
    approvals: reactive[str] = reactive("ask")
    folder: reactive[str] = reactive("")
    branch: reactive[tuple[int, int] | None] = reactive(None)
    team: reactive[str] = reactive("")

    def watch_view(self, view: AgentView) -> None:
        """The whole name of what is shown short."""
        self.tooltip = Content(clean_line(view.model, limit=400)) if view.model else None

    def pieces(self, width: int) -> tuple[list[Content], list[Content]]:
        """State first; under 80 columns only state, model and cost stay."""
        if width < NARROW:
            model = self._model(short=True)
            right = [model, self._cost()] if self.view.usage_known or self.team else [model]
            return [self._state()], right
        left: list[Content] = []
        right: list[Content] = []
        side = left
        for name in self.fields:
            if name == GAP:
                side = right
                continue
            side.extend(self._field(name, width))
        return left, right

    def _field(self, name: str, width: int) -> list[Content]:
        view = self.view
        match name:
            case "state":
                return [self._state()]
            case "model":
                return [self._model(short=width < WIDE)]
            case "cost":
                return [self._cost()] if view.usage_known or self.team else []
            case "context":
                share = view.context_share
                look = "$warning" if share is not None and share >= 0.8 else "$text-muted"
                return [] if share is None else [Content.styled(f"context {_share(share)}", look)]
            case "tokens" if view.usage_known:
                used = f"{tokens(view.usage.prompt)} in  {tokens(view.usage.output)} out"
                return [link(used, "screen.command('usage')", "$text-muted")]
            case "branch" if self.branch is not None:
                words = f"branch ‹{self.branch[0]}/{self.branch[1]}›"
                return [link(words, "screen.command('tree')", "$text-muted")]
            case "keys" if width >= _ROOMY:
                commands = link("^P commands", "app.command_palette", "$text-muted")
                return [commands, link("F1 help", "app.help", "$text-muted")]
            case _:
                words = self._plain(name)
                return [Content.styled(words, "$text-muted")] if words else []

    def _plain(self, name: str) -> str:
        view = self.view
        match name:
            case "cache":
                read, prompt = view.usage.cache_read, view.usage.prompt
                return f"cache {_share(read / prompt)}" if read and prompt else ""
            case "turn":
                return f"turn {view.turn}" if view.busy and view.turn else ""
            case "queue":
                return f"{len(view.queue)} waiting" if view.queue else ""
            case "approvals":
                return f"approvals: {self.approvals}"
            case "folder":
                return shorten_middle(clean_line(PurePath(self.folder).name, limit=200), 24)
            case _:
                return ""

    def _state(self) -> Content:
        words = state_words(self.view, self.now_ms)
        return Content.styled(words, _LOOKS.get(self.view.state, "$primary"))

    def _model(self, *, short: bool) -> Content:
        model = model_label(self.view.model) or "no model yet"
        shown = model.rsplit("/", 1)[-1] if short else model
        return link(shown, "screen.command('model')", "$text-muted")

    def _cost(self) -> Content:
        own = link(money_of(self.view), "screen.command('usage')", "$text-muted")
        if not self.team:
            return own
        team = link(f"(team {self.team})", "screen.command('team')", "$text-muted")
        return team if not self.view.usage_known else Content.assemble(own, " ", team)


def _share(share: float) -> str:
    return f"{share:.0%}".replace("%", " %")
