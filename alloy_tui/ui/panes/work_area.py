"""Conversation and tool pane side by side, and the rules for what the pane shows.

The pane follows the newest call until the user picks one; it opens by itself
with the first call on a wide screen unless the user has closed it. Owns the
records of the calls; both panes read the same ones.
"""

from __future__ import annotations

from collections.abc import Callable

from textual.app import ComposeResult
from textual.containers import Horizontal

from alloy_tui.domain import events as ev
from alloy_tui.domain.events import Envelope
from alloy_tui.runtime.port import ModelChoice
from alloy_tui.runtime.session_port import TreePort
from alloy_tui.ui.messages import TokensArrived
from alloy_tui.ui.panes.chat import ChatPane
from alloy_tui.ui.panes.side import SideArea, Splitter
from alloy_tui.ui.panes.tool_faces import TABS
from alloy_tui.ui.panes.tool_output import ToolPane
from alloy_tui.ui.tool_view import CallKey, ToolRecords

WIDE = 100
"""From this width on the tool pane stands beside the conversation; below, over it."""


class WorkArea(Horizontal):
    """Everything between the bars and the prompt."""

    def __init__(self) -> None:
        super().__init__(id="work")
        self.records = ToolRecords()
        self.chat = ChatPane(self.records)
        self.tool_pane = ToolPane(lambda: self.chat.transcript.document.look)
        self.side = SideArea(self.tool_pane)
        self.maximised = False
        # What the user wants of the pane; None leaves it to the width and the first call.
        self._wanted: bool | None = None
        # What happens while another conversation is on its way, for when it is there.
        self._late: list[Callable[[], object]] = []
        self._pinned = False

    def compose(self) -> ComposeResult:
        """The two panes."""
        yield self.chat
        yield self.side

    @property
    def wide(self) -> bool:
        """Whether the pane stands beside the conversation and not over it."""
        return self.screen.size.width >= WIDE

    def tokens(self, message: TokensArrived) -> None:
        """Growing text of the model or of a tool."""
        if self.chat.filling:
            self._late.append(lambda: self.tokens(message))
        elif message.kind in {"text", "thinking"}:
            self.chat.tokens(message)
        elif message.kind == "output" and message.source is not None:
            key = self.records.key(message.first, message.source)
            record = self.records.get(key)
            if record is not None:
                shown = record.take_output(message.text)
                self.chat.output(key, shown)
                self.tool_pane.output_arrived(key, shown)

    def event(self, envelope: Envelope, choice: ModelChoice) -> None:
        """Anything else that happened."""
        event = envelope.event
        if self.chat.filling and not isinstance(event, ev.HistoryReset):
            if isinstance(event, ev.ModelChanged):
                return  # the path tells of it itself
            self.chat.sent_meanwhile(event)
            self._late.append(lambda: self.event(envelope, choice))
            return
        key = self.chat.event(envelope)
        if isinstance(event, ev.RunStarted):
            self._pinned = False
        elif isinstance(event, ev.HistoryReset):
            self.records.clear()
            self.tool_pane.clear()
            self._settle_pane()
            self.chat.welcome(choice)
        if key is None:
            return
        if isinstance(event, ev.ToolStarted):
            if not self._pinned:
                self._turn_to(key)
            self._settle_pane()
        self.tool_pane.call_changed(key)

    def stand_elsewhere(self, envelope: Envelope, tree: TreePort, choice: ModelChoice) -> None:
        """Another session is on screen, or the same one from elsewhere in its tree."""
        event = envelope.event
        if isinstance(event, ev.SessionOpened) and not event.session_id:
            self._late.clear()
            self.event(Envelope(1, 0, "", None, 0, envelope.at_ms, ev.HistoryReset()), choice)
        else:
            self.chat.stored(tree).reload(envelope.at_ms)
        self.chat.welcome_read()
        self.chat.show_owner(tree.state)

    def on_stored_chat_filled(self) -> None:
        """The conversation is there: what has happened since follows."""
        key = self.tool_pane.key
        if key is not None and self.records.get(key) is None:
            self.tool_pane.clear()
            self._settle_pane()
        late, self._late = self._late, []
        for step in late:
            step()

    def tick(self, now_ms: int) -> None:
        """The running times."""
        self.tool_pane.now_ms = now_ms
        self.chat.tick(now_ms)

    def show_call(self, key: CallKey | None, *, open_pane: bool) -> None:
        """The user picked this call: the pane stays with it until the next run."""
        if key is not None and self._turn_to(key):
            self._pinned = True
            if open_pane:
                self._wanted = True
            self._settle_pane()

    def toggle_pane(self) -> None:
        """Open or close the pane; closing is remembered."""
        pane = self.tool_pane
        if pane.key is None:
            newest = self.records.beside(None, 0)
            if newest is not None:
                self._turn_to(newest)
            else:
                pane.repaint()
        self._wanted = not self.side.display
        self._settle_pane()

    def show_panel(self, name: str) -> bool:
        """Open the side area on that panel, or close it if that is on show; False if unknown."""
        if self.side.display and self.side.current == name:
            self._wanted = False
        elif self.side.show(name):
            self._wanted = True
        else:
            return False
        self._settle_pane()
        return True

    def maximise(self) -> None:
        """Give the side area the whole width, or what it had before."""
        if not self.side.display:
            self.toggle_pane()
            self.maximised = True
        else:
            self.maximised = not self.maximised
        self._settle_pane()

    def widen(self, by: int) -> None:
        """Make the side area wider by so many columns, or narrower."""
        if self.side.display and self.wide and not self.maximised:
            self.side.choose(self.side.size.width + by, self.size.width)

    def on_splitter_moved(self, message: Splitter.Moved) -> None:
        """The edge was dragged."""
        message.stop()
        if self.wide and not self.maximised:
            self.side.choose(self.region.right - message.column, self.size.width)

    def show_tab(self, index: int) -> None:
        """Open the pane on that tab."""
        if not self.side.display:
            self.toggle_pane()
        self.side.show("tool")
        self._settle_pane()
        self.tool_pane.tab = index % len(TABS)

    def step(self, by: int) -> None:
        """The call before or after the one on show."""
        self.show_call(self.records.beside(self.tool_pane.key, by), open_pane=True)

    def turn_beside(self) -> None:
        """Old and new side by side where there is room, or not: in the pane if it has a diff."""
        if self.side.display and self.side.current == "tool" and self.tool_pane.lines.drawn:
            self.tool_pane.turn_beside()
        else:
            self.chat.transcript.action_beside()

    def page(self, direction: int) -> None:
        """A page back (-1) or on (1): in the tool pane while it is read, else in the chat."""
        covered = self.covered
        lines = self.tool_pane.lines
        if not (covered or lines.has_focus):
            self.chat.transcript.action_page(direction)
        elif direction < 0:
            lines.scroll_page_up(animate=False)
        else:
            lines.scroll_page_down(animate=False)

    @property
    def covered(self) -> bool:
        """Whether the side area hides the conversation."""
        return self.side.display and (self.maximised or not self.wide)

    def on_resize(self) -> None:
        """A pane that opened by itself does not cover the conversation of a narrow screen."""
        self.side.fit(self.size.width, wide=self.wide)
        self._settle_pane()

    def _settle_pane(self) -> None:
        by_itself = self.wide and self.tool_pane.key is not None
        shown = by_itself if self._wanted is None else self._wanted
        self.side.settle(shown)
        self.maximised = self.maximised and shown
        self.set_class(self.maximised, "-maximised")

    def on_chat_pane_call_chosen(self, message: ChatPane.CallChosen) -> None:
        """A tool call was clicked: the pane follows."""
        message.stop()
        self.show_call(message.key, open_pane=message.open_pane)

    def _turn_to(self, key: CallKey) -> bool:
        record = self.records.get(key)
        if record is None:
            return False
        self.tool_pane.show_call(key, record)
        return True
