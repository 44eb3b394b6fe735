"""One agent live: its name, its conversation as it grows, its state in words.

Owns how events become a conversation beside others; who the agent is, and what is
said in the two lines, is a subclass's business.
"""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message

from alloy_tui.domain import events as ev
from alloy_tui.domain.events import Envelope
from alloy_tui.runtime.agent_view import AgentView, Outcome
from alloy_tui.runtime.projection import fold
from alloy_tui.ui.messages import TokensArrived
from alloy_tui.ui.panes.chat import ChatPane
from alloy_tui.ui.race_feed import Heard
from alloy_tui.ui.tool_view import ToolRecords
from alloy_tui.ui.widgets.chrome import ActionLine

_NOT_SHOWN = (ev.SessionSaved, ev.AgentStarted)


class LiveColumn(Vertical):
    """Give it what the agent says with `take`."""

    DEFAULT_CSS = """
    LiveColumn { width: 1fr; height: 100%; border-left: solid $line; }
    LiveColumn:first-child { border-left: none; }
    LiveColumn > .live-title { height: 1; background: $surface; }
    LiveColumn > .live-state { height: 1; background: $surface; }
    """

    class Pointed(Message):
        """The mouse was pressed in the column."""

        def __init__(self, column: LiveColumn) -> None:
            super().__init__()
            self.column = column

    def __init__(self, model: str = "") -> None:
        super().__init__()
        self.view = AgentView(model=model)
        self.outcome: Outcome | None = None
        self.records = ToolRecords()
        self.chat = ChatPane(self.records)
        self.chat.styles.height = "1fr"
        self.title_line = ActionLine()
        self.state_line = ActionLine()
        self.title_line.add_class("live-title")
        self.state_line.add_class("live-state")

    def compose(self) -> ComposeResult:
        """From top to bottom."""
        yield self.title_line
        yield self.chat
        yield self.state_line

    def on_mouse_down(self) -> None:
        """Who points at a column means it."""
        self.post_message(self.Pointed(self))

    def take(self, what: Heard) -> None:
        """Something the agent said."""
        if isinstance(what, Envelope):
            self._take_event(what)
            return
        self.view = fold(self.view, what.first)
        self._take_text(what)

    def _take_event(self, envelope: Envelope) -> None:
        self.view = fold(self.view, envelope)
        self.outcome = self.view.outcome or self.outcome
        if not isinstance(envelope.event, _NOT_SHOWN):
            self.chat.event(envelope)

    def _take_text(self, what: TokensArrived) -> None:
        if what.kind in {"text", "thinking"}:
            self.chat.tokens(what)
        elif what.kind == "output" and what.source is not None:
            key = self.records.key(what.first, what.source)
            record = self.records.get(key)
            if record is not None:
                self.chat.output(key, record.take_output(what.text))
