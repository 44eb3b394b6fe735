"""The half of the conversation pane that stored messages come through.

Owns the transcript, which block is which call, and the way of pages from the
session on screen; `chat` adds what happens live. The pages' own module is
loaded with the first of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from textual.containers import Container
from textual.content import Content
from textual.message import Message

from alloy_tui.domain import events as ev
from alloy_tui.domain.sanitise import clean
from alloy_tui.runtime.path_values import SessionState
from alloy_tui.runtime.session_port import TreePort
from alloy_tui.ui.panes.chat_images import ChatImages
from alloy_tui.ui.panes.welcome import Welcome
from alloy_tui.ui.tool_view import CallKey, ToolRecords
from alloy_tui.ui.transcript import BlockId, BlockSpec, EarlierWanted, NotePressed, Transcript
from alloy_tui.ui.widgets.chrome import ActionLine, link

if TYPE_CHECKING:
    from alloy_tui.ui.panes.chat_history import ChatHistory, PageCame
    from alloy_tui.ui.panes.history_blocks import Piece


class StoredChat(Container):
    """A `Transcript` that may be filled from a session, and the welcome of an empty one."""

    DEFAULT_CSS = """
    #read-only { dock: bottom; height: 1; background: $panel; }
    """

    class TurnWanted(Message):
        """The user wants the message beside the one that begins in `block`."""

        def __init__(self, block: BlockId, step: int) -> None:
            super().__init__()
            self.block = block
            self.step = step

    class Filled(Message):
        """The conversation is on show as it now stands."""

    def __init__(self, records: ToolRecords) -> None:
        super().__init__(id="chat")
        self.transcript = Transcript(id="transcript")
        self.images = ChatImages(self._add)
        self._welcome = Welcome()
        self._records = records
        self._history: ChatHistory | None = None
        self._banner: ActionLine | None = None
        self.last_answer = ""
        self._growing: tuple[str, str | None, int] | None = None
        self._open_block: BlockId | None = None
        self._calls: dict[CallKey, BlockId] = {}
        self._keys: dict[BlockId, CallKey] = {}
        self._working: set[CallKey] = set()

    def _add(self, spec: BlockSpec) -> BlockId:
        """A new block at the end."""
        self._welcome.display = False
        return self.transcript.add(spec)

    def stored(self, tree: TreePort) -> ChatHistory:
        """What of the conversation comes from `tree`, the session on screen."""
        if self._history is None:
            # Imported here: at the start there is no stored conversation.
            from alloy_tui.ui.panes.chat_history import ChatHistory

            self._history = ChatHistory(self.transcript, tree, self, self.post_message)
        return self._history

    @property
    def filling(self) -> bool:
        """Whether another conversation is on its way: what happens has to wait for it."""
        return self._history is not None and self._history.filling

    def sent_meanwhile(self, event: ev.EngineEvent) -> None:
        """Something happened while another conversation is on its way."""
        if self._history is not None and isinstance(event, ev.RunStarted | ev.Steered):
            self._history.late = True

    def on_page_came(self, message: PageCame) -> None:
        """Stored messages."""
        if self._history is not None and self._history.take(message):
            self._welcome.display = not len(self.transcript.document)
            self.last_answer = clean(self._history.last_said("answer"))
            self.post_message(self.Filled())

    def show_owner(self, state: SessionState) -> None:
        """Say above the prompt that another program writes this session, if one does."""
        if self._banner is None:
            if state.writable:
                return
            self._banner = ActionLine(id="read-only")
            self.mount(self._banner)
        self._banner.display = not state.writable
        if state.owner is None:
            words = (
                " Nobody else writes this session any more: your next message goes on from here."
            )
            self._banner.update(Content.styled(words, "$text-muted"))
            return
        who = f"another program (pid {state.owner})"
        self._banner.update(
            Content.styled(f" Written by {who}; you read along. ", "$warning")
            + link("/fork to go on", "screen.command('fork')", "$primary")
        )

    def on_earlier_wanted(self, message: EarlierWanted) -> None:
        """Somebody reads upwards, or searches."""
        message.stop()
        if self._history is not None:
            self._history.earlier()

    def on_note_pressed(self, message: NotePressed) -> None:
        """The arrows of a message were clicked."""
        message.stop()
        self.post_message(self.TurnWanted(message.block_id, message.step))

    def history_cards(self, cards: Sequence[tuple[BlockId, Piece]], *, above: bool) -> None:
        """Calls of stored messages were put up; `above` all others, or below."""
        kept = {p.key: p.record for _, p in cards if p.key is not None and p.record is not None}
        for block, piece in cards:
            if piece.key is not None:
                self._calls[piece.key], self._keys[block] = block, piece.key
        if above:
            self._records.keep_first(kept)
        else:
            for key, record in kept.items():
                self._records.keep(key, record)

    def history_images(self, images: Mapping[BlockId, bytes]) -> None:
        """Stored images were put up."""
        self.images.stored(images)

    def history_cut(self, block: BlockId | None) -> None:
        """From this block on nothing is there any more; None = nothing at all."""
        self._open_block = self._growing = None
        if block is None:
            self.images.clear()
        else:
            self.images.cut(block)
        for gone in [b for b in self._keys if block is None or b >= block]:
            key = self._keys.pop(gone)
            self._calls.pop(key, None)
            self._working.discard(key)
            self._records.drop(key)
