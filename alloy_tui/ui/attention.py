"""How the program makes itself known while nobody looks: title, bell, notification.

Owns the title's words and when a person is called. What it writes goes through
`terminal_keys.send`, in step with the frames; all text in it is sanitised.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePath

from alloy_tui.domain.sanitise import clean_line
from alloy_tui.runtime.agent_view import AgentState, AgentView, PendingApproval
from alloy_tui.ui.wording import BUDGET, BUDGET_TITLE, failure

_CALLS: frozenset[AgentState] = frozenset({"waiting_approval", "done", "failed"})

SAVE_TITLE, RESTORE_TITLE = "\x1b[22;0t", "\x1b[23;0t"


def title_of(view: AgentView, cwd: str) -> str:
    """`needs you · shop · alloy`: the state first, for a tab shows little."""
    folder = clean_line(PurePath(cwd).name, limit=40)
    waiting = len(view.approvals)
    match view.state:
        case _ if waiting > 1:
            state = f"{waiting} need you"
        case _ if waiting or view.state == "waiting_approval":
            state = "needs you"
        case "failed":
            state = "failed"
        case "done":
            state = "done"
        case _:
            state = "working" if view.busy else ""
    session = clean_line(view.session, limit=40)
    return " · ".join(part for part in (state, session, folder, "alloy") if part)


def call_of(view: AgentView, asked: PendingApproval | None = None) -> str:
    """What a notification says; `asked` is a question that has just come."""
    if asked is None and view.state == "waiting_approval" and view.approvals:
        asked = view.approvals[0]
    if asked is not None or view.state == "waiting_approval":
        tool = "a tool" if asked is None else clean_line(asked.request.tool, limit=40)
        if tool == BUDGET:
            return f"Alloy needs you: {BUDGET_TITLE[:1].lower()}{BUDGET_TITLE[1:]}"
        return f"Alloy needs you: {tool} wants to run"
    if view.state == "failed":
        error = view.outcome.error if view.outcome else None
        return f"Alloy stopped: {failure(error.kind) if error else 'the run failed'}"
    return "Alloy is done"


def _quoted(text: str) -> str:
    # A semicolon after OSC 9 would be a command of some terminals.
    return clean_line(text, limit=120).replace(";", ",")


class Attention:
    """Follows the view; `send` writes to the terminal, `how` is one of `preferences.NOTIFY`."""

    def __init__(self, send: Callable[[str], object], cwd: str) -> None:
        self._send = send
        self._title = ""
        self._begun = False
        self._state: AgentState = "starting"
        self._asked: frozenset[str] = frozenset()
        self.cwd = cwd
        self.how = "bell"
        self.focused = True

    def begin(self) -> None:
        """Keep the terminal's own title for the end; once, however often it is said."""
        if not self._begun:
            self._begun = True
            self._send(SAVE_TITLE)
        self._title = ""

    def end(self) -> None:
        """Give the title back, if it was kept."""
        if self._begun:
            self._begun = False
            self._send(RESTORE_TITLE)

    def follow(self, view: AgentView) -> None:
        """Say what changed; nothing is written while it stays as it is."""
        title = title_of(view, self.cwd)
        if title != self._title:
            self._title = title
            self._send(f"\x1b]2;{_quoted(title)}\x1b\\")
        before, self._state = self._state, view.state
        # What ends at once needs nobody: only an end after work calls.
        worked = before not in {"starting", "idle", view.state}
        new = [asked for asked in view.approvals if asked.request.id not in self._asked]
        self._asked = frozenset(asked.request.id for asked in view.approvals)
        if self.focused:
            return
        if view.state in _CALLS and worked:
            self.call(call_of(view))
        elif new:
            # Another agent's, or one more.
            self.call(call_of(view, new[-1]))

    def call(self, words: str) -> None:
        """Call for a person, in the way that was chosen."""
        if self.how in {"bell", "both"}:
            self._send("\x07")
        if self.how in {"desktop", "both"}:
            self._send(f"\x1b]9;{_quoted(words)}\x1b\\")
