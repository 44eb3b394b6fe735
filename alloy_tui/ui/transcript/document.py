"""All blocks in order, their heights, and the rows of those near the view.

Owns which block is where (a Fenwick tree), which are laid out (at most about
`MAX_ROWS` rows beyond what is needed, the longest unused forgotten first) and
who speaks. Heights are estimates until a block is first laid out and exact
from then on. Pure: knows rows and cells, no widget and no scrolling.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from alloy_tui.ui.markdown.rows import Row
from alloy_tui.ui.transcript.blocks import AgentText, Block, UserText
from alloy_tui.ui.transcript.cards import Thinking, ToolCard
from alloy_tui.ui.transcript.heights import Heights
from alloy_tui.ui.transcript.look import Look
from alloy_tui.ui.transcript.notes import Image, Marker, Notice
from alloy_tui.ui.transcript.specs import (
    AgentBlock,
    BlockSpec,
    ImageBlock,
    MarkerBlock,
    NoticeBlock,
    ThinkingBlock,
    ToolBlock,
    UserBlock,
)

MAX_ROWS = 2000
_COMPACT = ("tool", "thinking")
_ATTACHED = ("user", "image")  # images stand right below the words they came with


def make_block(spec: BlockSpec) -> Block:
    """The block that `spec` describes."""
    match spec:
        case UserBlock():
            return UserText(spec.text, spec.speaker, spec.note)
        case AgentBlock():
            answer = AgentText(spec.text, spec.speaker)
            if spec.incomplete is not None:
                answer.finish(spec.incomplete)
            return answer
        case ThinkingBlock():
            thought = Thinking(spec.text, spec.speaker, spec.duration_ms)
            if spec.incomplete:
                thought.finish(spec.incomplete, spec.duration_ms)
            return thought
        case ToolBlock():
            return ToolCard(spec)
        case NoticeBlock():
            return Notice(spec.text, spec.level)
        case MarkerBlock():
            return Marker(spec.text)
        case ImageBlock():
            return Image(spec)


class Document:
    """The blocks of a conversation. Indices are places in it; only `prepend` changes them."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.heights = Heights()
        self.look: Look | None = None
        self._used: OrderedDict[int, int] = OrderedDict()  # laid out, by last use; their rows
        self._rows = 0

    def __len__(self) -> int:
        return len(self.blocks)

    @property
    def total(self) -> int:
        """Rows of all blocks."""
        return self.heights.total

    # -- content --------------------------------------------------------------------------

    def add(self, block: Block) -> int:
        """Append a block; returns its index."""
        self._join(self.blocks[-1] if self.blocks else None, block)
        self.blocks.append(block)
        self.heights.append(block.estimate(self._room))
        return len(self.blocks) - 1

    def prepend(self, blocks: Sequence[Block]) -> int:
        """Put blocks before all others, whose indices rise by their number.

        Returns by how many rows the lead of the block that was first has grown.
        """
        before = None
        for block in blocks:
            self._join(before, block)
            before = block
        grown = 0
        if self.blocks and before is not None:
            first = self.blocks[0]
            lead = first.lead
            first.label = ""
            self._join(before, first)
            grown = first.lead - lead
            laid_out = first.rows is not None
            self.forget(0)
            self.heights.set(0, self.heights[0] + grown if laid_out else first.estimate(self._room))
        room = self._room
        self.blocks[:0] = blocks
        self.heights.prepend(block.estimate(room) for block in blocks)
        self._used = OrderedDict((n + len(blocks), rows) for n, rows in self._used.items())
        return grown

    def cut(self, index: int) -> None:
        """Forget the block at `index` and all after it."""
        for other in [n for n in self._used if n >= index]:
            self._rows -= self._used.pop(other)
        heights = [self.heights[n] for n in range(index)]
        del self.blocks[index:]
        self.heights = Heights()
        self.heights.prepend(heights)

    @staticmethod
    def _join(before: Block | None, block: Block) -> None:
        """Say who speaks where that changes, and leave room between what does not belong."""
        block.spaced = before is not None and not (
            block.kind in _COMPACT and before.kind in _COMPACT
        )
        if block.kind == "image" and before is not None and before.kind in _ATTACHED:
            block.spaced = False
        speaks = bool(block.speaker)
        if speaks and (before is None or before.speaker != block.speaker):
            block.label, block.spaced = block.speaker, before is not None

    @property
    def _room(self) -> int:
        return self.look.room if self.look is not None else 80

    def restyle(self, look: Look) -> None:
        """New width or colours: forget all rows, estimate all heights."""
        self.look = look
        self._used.clear()
        self._rows = 0
        room = look.room
        for block in self.blocks:
            block.drop()
        self.heights = Heights(block.estimate(room) for block in self.blocks)

    # -- layout ---------------------------------------------------------------------------

    def ensure(self, index: int) -> list[Row]:
        """The rows of a block, laid out now if they were not."""
        block = self.blocks[index]
        if block.rows is None:
            assert self.look is not None
            block.lay_out(self.look)
            self.measured(index)
        else:
            self._used.move_to_end(index)
        assert block.rows is not None
        return block.rows

    def measured(self, index: int) -> int:
        """Take note of a block's rows after they were made or changed; by how many they grew."""
        rows = self.blocks[index].rows
        assert rows is not None
        count = len(rows)
        self._rows += count - self._used.pop(index, 0)
        self._used[index] = count
        return self.heights.set(index, count)

    def guess(self, index: int) -> None:
        """Estimate the height of a block that changed while not laid out."""
        self.forget(index)
        self.heights.set(index, self.blocks[index].estimate(self._room))

    def forget(self, index: int) -> None:
        """Drop a block's rows; its height stays."""
        self._rows -= self._used.pop(index, 0)
        self.blocks[index].drop()

    def trim(self, first: int, last: int) -> None:
        """Forget rows beyond the bound, but none of the blocks `first` to `last`."""
        if self._rows <= MAX_ROWS:
            return
        for index in list(self._used):
            if self._rows <= MAX_ROWS:
                return
            if not first <= index <= last:
                self.forget(index)

    @property
    def held_rows(self) -> int:
        """Rows that are laid out now."""
        return self._rows

    # -- geometry -------------------------------------------------------------------------

    def at(self, row: int) -> tuple[int, int]:
        """Block and row in it for a row of the document; past the end, the last row."""
        index, line = self.heights.find(row)
        if index >= len(self.blocks):
            index = max(0, len(self.blocks) - 1)
            line = max(0, self.heights[index] - 1) if self.blocks else 0
        return index, line

    def row_at(self, row: int) -> tuple[Row | None, int, int]:
        """The row, its block and its place in the block; None where nothing is."""
        index, line = self.heights.find(row)
        if index >= len(self.blocks):
            return None, index, line
        rows = self.ensure(index)
        return (rows[line] if line < len(rows) else None), index, line

    def settle(self, anchor: tuple[int, int], height: int) -> tuple[int, int]:
        """Lay out what `height` rows from `anchor` on show; returns the anchor, corrected.

        The anchor is the block and row at the top. Where a height was only
        estimated, rows keep their distance from the end of the anchor's block,
        so that reading upwards finds what was above.
        """
        if not self.blocks:
            return (0, 0)
        index, line = min(anchor[0], len(self.blocks) - 1), anchor[1]
        for _ in range(height + 2):
            before = self.heights[index]
            fresh = self.blocks[index].rows is None
            rows = self.ensure(index)
            if fresh and line:
                line = max(0, line + len(rows) - before)
            line = min(line, max(0, len(rows) - 1))
            shown, after = len(rows) - line, index + 1
            while shown < height and after < len(self.blocks):
                shown += len(self.ensure(after))
                after += 1
            if shown >= height or (index == 0 and line == 0):
                break
            # The end came too early: start higher up, and look again.
            missing = height - shown
            while missing and (index or line):
                if line:
                    step = min(line, missing)
                    line -= step
                    missing -= step
                else:
                    index -= 1
                    line = len(self.ensure(index))
        return index, line

    def settle_end(self, height: int) -> tuple[int, int]:
        """Lay out the last `height` rows; returns the anchor that shows them."""
        index, missing = len(self.blocks), height
        while index and missing > 0:
            index -= 1
            missing -= len(self.ensure(index))
        return index, max(0, -missing)

    def row_of(self, anchor: tuple[int, int]) -> int:
        """The document's row for a block and row in it."""
        return self.heights.top(anchor[0]) + anchor[1] if self.blocks else 0
