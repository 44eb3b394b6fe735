"""The transcript: blocks in, messages out.

Owns what a user and the shell can do with blocks: add, grow, update, fold,
select with keys, find. How rows come about and move is `view`'s and
`document`'s. Use it from the UI thread only.
"""

from __future__ import annotations

from math import inf
from typing import ClassVar

from rich.cells import cell_len
from textual import events
from textual.binding import Binding, BindingType

from alloy_tui.domain.sanitise import clean, clean_line
from alloy_tui.ui.transcript.blocks import AgentText, Block
from alloy_tui.ui.transcript.cards import Thinking, ToolCard
from alloy_tui.ui.transcript.document import make_block
from alloy_tui.ui.transcript.keyed import KeyedView
from alloy_tui.ui.transcript.messages import BlockActivated, BlockToggled, NotePressed
from alloy_tui.ui.transcript.specs import BlockId, BlockSpec, ToolState

_APART = 1 << 32
"""Between the ids before and after a `clear`: room for what is put above."""


class Transcript(KeyedView):
    """A conversation of any length in one widget.

    Blocks are named by the ids that `add` returns. Calls with an id from before
    the last `clear` do nothing.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("pageup,ctrl+b", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
    ]

    def __init__(
        self,
        *,
        id: str | None = None,  # noqa: A002 - Textual's name
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._base = 0  # the id of the first block

    def _index(self, block_id: BlockId) -> int | None:
        index = block_id - self._base
        return index if 0 <= index < len(self.document) else None

    def _block(self, block_id: BlockId) -> Block | None:
        index = self._index(block_id)
        return self.document.blocks[index] if index is not None else None

    @property
    def last_on_show(self) -> BlockId:
        """The last block of which something can be seen."""
        return self._base + min(self._last_visible(), len(self.document) - 1)

    # -- content --------------------------------------------------------------------------

    def add(self, *specs: BlockSpec) -> BlockId:
        """Append blocks; returns the id of the last one (ids rise by one)."""
        for spec in specs:
            index = self.document.add(make_block(spec))
            if not self._follow:
                self._unseen.add(index)
        offset = self.scroll_offset.y
        self._settle()
        self._tell()
        if self.is_attached and self.scroll_offset.y == offset:
            self.refresh()
        return self._base + len(self.document) - 1

    def add_above(self, *specs: BlockSpec) -> BlockId:
        """Put blocks above all others, the view standing still; returns the id of the first."""
        self._base -= len(specs)
        self.prepend([make_block(spec) for spec in specs])
        return self._base

    def cut_from(self, block_id: BlockId) -> None:
        """Forget a block and all that come after it; their ids are given anew."""
        index = self._index(block_id)
        if index is not None:
            self.cut(index)

    def append_text(self, block_id: BlockId, delta: str) -> None:
        """Grow an agent or thinking block; costs the delta and the open construct."""
        index, block = self._index(block_id), self._block(block_id)
        if index is None or not delta:
            return
        before = self.document.heights[index]
        if isinstance(block, AgentText):
            first = block.append(delta)
            if first is not None:
                self.document.measured(index)
                self._changed(index, first, before)
            else:
                self._redraw(index)
        elif isinstance(block, Thinking) and block.append(delta):
            self._redraw(index)

    def append_output(self, block_id: BlockId, text: str) -> None:
        """Add live output to a tool card."""
        index, block = self._index(block_id), self._block(block_id)
        if index is not None and isinstance(block, ToolCard):
            block.append_output(text)
            self._redraw(index)

    def finish(
        self,
        block_id: BlockId,
        incomplete: str | None = None,
        *,
        duration_ms: int | None = None,
    ) -> None:
        """No more text comes; `incomplete` says in words why it is not whole."""
        index, block = self._index(block_id), self._block(block_id)
        if index is None:
            return
        first: int | None = None
        if isinstance(block, AgentText):
            first = block.finish(incomplete or "")
        elif isinstance(block, Thinking):
            block.finish(incomplete or "", duration_ms)
        if first is None:
            self._redraw(index)
        else:
            before = self.document.heights[index]
            self.document.measured(index)
            self._changed(index, first, before)

    def update_tool(
        self,
        block_id: BlockId,
        *,
        state: ToolState | None = None,
        headline: str | None = None,
        summary: str | None = None,
        result: str | None = None,
        diff: str | None = None,
        is_error: bool | None = None,
        duration_ms: int | None = None,
    ) -> None:
        """Change a tool card; what is None stays. A diff unfolds the card."""
        index, card = self._index(block_id), self._block(block_id)
        if index is None or not isinstance(card, ToolCard):
            return
        if is_error is not None and state is None:
            state = "error" if is_error else "done"
        if state is not None:
            card.state = state
        if headline is not None:
            card.headline = clean_line(headline, limit=400)
        if summary is not None:
            card.summary = clean_line(summary, limit=80)
        if result is not None:
            card.result = clean(result)
        if diff is not None:
            card.expanded = card.expanded or (bool(diff) and not card.diff)
            card.diff = clean(diff)
        if duration_ms is not None:
            card.duration_ms = duration_ms
        self._redraw(index)

    def set_title(self, block_id: BlockId, title: str) -> None:
        """The words of a thinking header, a tool's headline, or the note at a user's label."""
        index, block = self._index(block_id), self._block(block_id)
        if index is None or block is None:
            return
        words = clean_line(title, limit=400)
        if isinstance(block, Thinking):
            block.title = words
        elif isinstance(block, ToolCard):
            block.headline = words
        else:
            block.note = words
        self._redraw(index)

    def clear(self) -> None:
        """Forget all blocks."""
        self._clear_selection()
        self.close_search(stay=True)
        self._base += len(self.document) + _APART
        look = self.document.look
        self.document = type(self.document)()
        self.document.look = look
        self._cursor = self._hover = None
        self._unseen.clear()
        self._anchor = (0, 0)
        self._to_top = False
        self.more_above = False
        self.follow = True
        self.refresh()

    def text_of(self, block_id: BlockId) -> str:
        """The block's source, sanitised; empty for an unknown id."""
        block = self._block(block_id)
        return block.text() if block is not None else ""

    # -- folding --------------------------------------------------------------------------

    def toggle(self, block_id: BlockId) -> None:
        """Fold or unfold a block; its header stays where it is on the screen."""
        index, block = self._index(block_id), self._block(block_id)
        if index is None or block is None or not block.foldable:
            return
        top = self.document.heights.top
        place = top(index) - self.scroll_offset.y
        block.expanded = not block.expanded
        follow, self._follow = self._follow, False
        self._redraw(index)
        self._unseen.discard(index)
        if self.document.look is not None:
            if 0 <= place + block.lead < self.size.height:
                self._move_to(top(index) - place)
            elif follow:
                self._follow = follow
                self._settle()
        self._tell()
        self.refresh()
        self.post_message(BlockToggled(block_id, block.expanded))

    def toggle_turn(self, block_id: BlockId) -> None:
        """Fold or unfold every card between two messages of the user, as this one will be."""
        index, block = self._index(block_id), self._block(block_id)
        if index is None or block is None:
            return
        expanded = not block.expanded
        blocks = self.document.blocks
        first = last = index
        while first > 0 and blocks[first - 1].kind != "user":
            first -= 1
        while last + 1 < len(blocks) and blocks[last + 1].kind != "user":
            last += 1
        for number in range(first, last + 1):
            other = blocks[number]
            if other.kind in ("tool", "thinking") and other.expanded != expanded:
                self.toggle(self._base + number)

    def on_click(self, event: events.Click) -> None:
        """A click on a header folds, with shift all of the turn; a double click opens a card.

        On other text a double click selects the word, a third one the line.
        """
        index, line = self.document.heights.find(event.y + self.scroll_offset.y)
        if event.chain > 1:
            event.prevent_default()  # Textual would select the whole conversation
        if index >= len(self.document) or (event.chain == 1 and self.text_selection is not None):
            return
        block, block_id = self.document.blocks[index], self._base + index
        step = self._arrow_at(block, line, event.x)
        if step:
            self.post_message(NotePressed(block_id, step))
        elif event.chain > 1 and not block.foldable and block.kind != "image":
            self.select_at(event.x, event.y, whole_line=event.chain > 2)
        elif event.chain == 2:
            if block.header_at(line):
                self.toggle(block_id)  # undoes what the first click did
            self.post_message(BlockActivated(block_id))
        elif block.header_at(line) and event.chain == 1:
            self._cursor = index
            (self.toggle_turn if event.shift else self.toggle)(block_id)

    def _arrow_at(self, block: Block, line: int, x: int) -> int:
        look = self.document.look
        if look is None or not block.turns or line != int(block.spaced):
            return 0
        end = look.page.width - look.page.margin
        start = end - cell_len(block.note)
        return 0 if not start <= x < end else (-1 if x < (start + end) // 2 else 1)

    # -- keys -----------------------------------------------------------------------------

    @property
    def selected(self) -> BlockId | None:
        """The card that keys act on."""
        return self._base + self._cursor if self._cursor is not None else None

    def _set_cursor(self, index: int) -> None:
        self._cursor, before = index, self._cursor
        self._repaint_block(before)
        self.show_block(self._base + index)
        self._repaint_block(index)

    def show_block(self, block_id: BlockId, *, at_top: bool = False) -> None:
        """Scroll as little as needed to bring the block's first row into view, or to the top."""
        index = self._index(block_id)
        if index is None or self.document.look is None:
            return
        self.document.ensure(index)
        row = self.document.heights.top(index)
        head = row + self.document.blocks[index].lead
        offset, height = self.scroll_offset.y, self.size.height
        if at_top or row < offset or head >= offset + height:
            self._move_to(row if at_top or row < offset else head - height + 1)

    # -- finding --------------------------------------------------------------------------

    def find_text(self, needle: str) -> list[BlockId]:
        """Look for `needle` at once; the blocks that hold it, whatever its case.

        Hits in view are marked; an empty needle takes the marks away.
        """
        self.search(needle)
        hits = self._hits
        if hits is None:
            return []
        hits.step(self._block_at, inf)
        return [self._base + index for index in hits.blocks]
