"""The line at the top: where we are, what answers, and who needs you.

Owns only this line. The folder and the model's name are foreign text and go
through the sanitiser here.
"""

from __future__ import annotations

from pathlib import Path

from textual.content import Content
from textual.reactive import reactive

from alloy_tui.domain.sanitise import clean_line
from alloy_tui.runtime.agent_view import AgentView
from alloy_tui.runtime.port import GitState
from alloy_tui.ui.widgets.chrome import Bar, link
from alloy_tui.ui.wording import model_label

_BRANCH_FROM = 70
"""Cells from which on the line has room for the branch."""


def short_path(path: str, home: str) -> str:
    """`path` with the home folder as ~."""
    if path == home:
        return "~"
    return f"~/{path[len(home) + 1 :]}" if path.startswith(f"{home}/") else path


class TopBar(Bar):
    """`~/src/shop   main ±3   the session   …   anthropic/claude · high   2 need you`."""

    view: reactive[AgentView] = reactive(AgentView())
    cwd: reactive[str] = reactive("")
    demo: reactive[bool] = reactive(False)
    effort: reactive[str] = reactive("")
    git: reactive[GitState | None] = reactive(None)

    def watch_view(self, view: AgentView) -> None:
        """The whole name of what is shown short."""
        self.tooltip = Content(clean_line(view.model, limit=400)) if view.model else None

    def pieces(self, width: int) -> tuple[list[Content], list[Content]]:
        """The folder keeps at most half of the line."""
        left: list[Content] = []
        if self.demo:
            left.append(Content.styled(" DEMO: no model, a scripted agent ", "$warning on $panel"))
        cwd = clean_line(short_path(self.cwd, str(Path.home())), limit=200)
        limit = max(12, width // 2)
        if len(cwd) > limit:
            cwd = "…" + cwd[-(limit - 1) :]
        left.append(Content(cwd))
        if self.git is not None and self.git.branch and width >= _BRANCH_FROM:
            branch = clean_line(self.git.branch, limit=max(12, width // 5))
            changed = f" ±{self.git.changed:,}" if self.git.changed else ""
            left.append(Content.styled(f"{branch}{changed}", "$text-muted"))
        title = clean_line(self.view.session, limit=max(12, width // 3))
        if title and width >= 80:
            left.append(link(title, "screen.command('tree')", "$text-muted"))
        right: list[Content] = []
        if width >= 80 and self.view.model:
            right.append(self._model())
        waiting = len(self.view.approvals)
        if waiting:
            words = "needs you" if waiting == 1 else f"{waiting} need you"
            right.append(Content.styled(words, "bold $warning"))
        return left, right

    def _model(self) -> Content:
        view = self.view
        made = link(model_label(view.model, 60), "screen.command('model')", "$text-muted")
        if self.effort:
            level = link(self.effort, "screen.command('effort')", "$text-muted")
            made = made + Content.styled(" · ", "$text-muted") + level
        if view.fallback_of:
            made = made + Content.styled(f" for {model_label(view.fallback_of, 40)}", "$warning")
        return made
