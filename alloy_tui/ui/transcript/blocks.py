"""A block of the transcript: its source, and its rows while it is near the view.

Owns what every kind has in common: the rows above the content (a blank row,
who speaks), folding, an estimate of the height, growing without a new layout.
Text is sanitised here, on its way in. Knows no widget.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from alloy_tui.domain.sanitise import Cleaner, clean, clean_line
from alloy_tui.ui.markdown.cells import Span, clip, span_width, wrap
from alloy_tui.ui.markdown.listings import listing_of
from alloy_tui.ui.markdown.rows import Pieces, Row
from alloy_tui.ui.transcript.look import Look

if TYPE_CHECKING:
    from alloy_tui.ui.markdown.stream import MarkdownStream

USER_FOLD = 40  # rows of a person's words that are shown unasked
USER_LIMIT = 2000
_NEAR = 100  # lines of a bounded body that are surely shown
_ABOVE = 10  # lines shown above the one that was looked for


class Source:
    """Text that grows; pieces are joined only when someone reads it.

    `size` counts characters, `newlines` line ends.
    """

    __slots__ = ("_cleaner", "_pieces", "newlines", "size")

    def __init__(self, text: str = "") -> None:
        self._pieces: list[str] = []
        self._cleaner: Cleaner | None = None
        self.size = 0
        self.newlines = 0
        if text:
            self._put(clean(text))

    def _put(self, text: str) -> str:
        if text:
            self._pieces.append(text)
            self.size += len(text)
            self.newlines += text.count("\n")
        return text

    def append(self, text: str) -> str:
        """Add a piece; returns what of it can be shown now."""
        if self._cleaner is None:
            self._cleaner = Cleaner()
        return self._put(self._cleaner.feed(text))

    def close(self) -> str:
        """No more comes; returns what was held back."""
        if self._cleaner is None:
            return ""
        cleaner, self._cleaner = self._cleaner, None
        return self._put(cleaner.close())

    def keep_last(self, chars: int) -> None:
        """Drop the beginning once there is twice as much as `chars`."""
        if self.size > 2 * chars:
            text = self.text[-chars:]
            self._pieces, self.size, self.newlines = [text], len(text), text.count("\n")

    @property
    def text(self) -> str:
        """The whole."""
        if len(self._pieces) > 1:
            self._pieces = ["".join(self._pieces)]
        return self._pieces[0] if self._pieces else ""


class Block:
    """Base of all blocks.

    `rows` is None while the block is not laid out. `label` is who speaks, shown
    above the block when not empty; `spaced` puts a blank row before it.
    """

    foldable = False
    kind = "block"

    def __init__(self, speaker: str = "") -> None:
        self.speaker = clean_line(speaker, limit=40)
        self.label = ""
        self.note = ""
        self.spaced = True
        self.expanded = False
        self.first_line = 0  # of the search text; bounded bodies may start further down
        self.rows: list[Row] | None = None
        self.width = 0

    # -- to be answered by each kind --------------------------------------------------------

    def text(self) -> str:
        """The block's text as a whole, for copying."""
        raise NotImplementedError

    def content(self, look: Look) -> list[Row]:
        """The rows below the lead."""
        raise NotImplementedError

    def content_estimate(self, room: int) -> int:
        """About how many rows `content` would give, in constant time."""
        raise NotImplementedError

    # -- common ---------------------------------------------------------------------------

    @property
    def lead(self) -> int:
        """Rows above the content."""
        return int(self.spaced) + int(bool(self.label))

    @property
    def handle(self) -> int:
        """The row that shows that the block is the selected one."""
        return int(self.spaced)

    def search_text(self) -> str:
        """What is searched: what the rows show when all is unfolded."""
        return self.text()

    def reveal(self, line: int) -> bool:
        """Unfold what hides line `line` of the search text; whether that changed anything."""
        del line
        changed = self.foldable and not self.expanded
        self.expanded = self.expanded or self.foldable
        return changed

    @property
    def hidden_lines(self) -> tuple[int, int]:
        """First line of the search text that a bounded body leaves out, and the one after."""
        return 0, 0

    def _start_near(self, line: int) -> bool:
        """Let a bounded body start where it shows body line `line`; whether that is news."""
        if self.first_line <= line < self.first_line + _NEAR:
            return False
        self.first_line = max(0, line - _ABOVE) if line >= _NEAR else 0
        return True

    def fold(self) -> None:
        """Hide again what `reveal` showed."""
        self.expanded = False
        self.first_line = 0

    def header_at(self, row: int) -> bool:
        """Whether a click on that row of the block folds or unfolds it."""
        return self.foldable and row == self.lead

    @property
    def turns(self) -> bool:
        """Whether the note beside who speaks is an arrow to either side, to be clicked."""
        return bool(self.label) and self.note.startswith("‹")

    def estimate(self, room: int) -> int:
        """About how many rows the block takes at `room` cells of text."""
        return self.lead + self.content_estimate(max(1, room))

    def lay_out(self, look: Look) -> int:
        """Make `rows`; returns how many there are."""
        self.rows = [*self._lead_rows(look), *self.content(look)]
        return len(self.rows)

    def drop(self) -> None:
        """Forget the rows."""
        self.rows = None

    def _lead_rows(self, look: Look) -> list[Row]:
        rows: list[Row] = []
        if self.spaced:
            rows.append(look.row([]))
        if self.label:
            name = "you" if self.kind == "user" else "agent"
            label: Span = (self.label, look[name])
            note: Span = (self.note, look["muted"])
            gap = look.room - span_width([label, note])
            filler: Span = (" " * max(1, gap), look["muted"])
            spans = [label, filler, note] if self.note else [label]
            rows.append(look.row(clip(spans, look.room)))
        return rows


def text_estimate(source: Source, room: int) -> int:
    """Rows of wrapped text, from its counts alone."""
    return source.newlines + 1 + source.size // room if source.size else 0


class UserText(Block):
    """A person's words, line by line as typed; very long ones are folded."""

    kind = "user"

    def __init__(self, text: str, speaker: str, note: str) -> None:
        super().__init__(speaker)
        self.note = clean_line(note, limit=60)
        self._source = Source(text.rstrip())

    def text(self) -> str:
        """The words."""
        return self._source.text

    def content_estimate(self, room: int) -> int:
        """From the length; bounded by the fold."""
        rows = max(1, text_estimate(self._source, room))
        return rows if self.expanded else min(rows, USER_FOLD + 1)

    def header_at(self, row: int) -> bool:
        """The last row unfolds what is folded."""
        return self.foldable and self.rows is not None and row == len(self.rows) - 1

    def content(self, look: Look) -> list[Row]:
        """Rows, and a fold line when there are many."""
        limit = USER_LIMIT if self.expanded else USER_FOLD
        lines = self._source.text.split("\n")
        rows: list[Pieces] = []
        null = look["none"]
        for line in lines:
            if len(rows) > limit:
                break
            part = line[: look.room * (limit + 1)].expandtabs(4)
            rows += wrap([(part, null)], look.room)
        over = len(rows) > limit or len(lines) > USER_FOLD
        self.foldable = over
        shown = [look.row(row) for row in rows[:limit]]
        if over:
            words = f"▾ {len(lines)} lines" if self.expanded else f"▸ {len(lines)} lines in all"
            shown.append(look.row([(words, look["muted"])]))
        return shown


class AgentText(Block):
    """Markdown that may still grow."""

    kind = "agent"

    def __init__(self, text: str, speaker: str) -> None:
        super().__init__(speaker)
        self._source = Source(text)
        self._stream: MarkdownStream | None = None
        self._done = False
        self._incomplete = ""

    def text(self) -> str:
        """The Markdown."""
        return self._source.text

    def content_estimate(self, room: int) -> int:
        """Prose in Markdown: a blank line between paragraphs is among the newlines."""
        return text_estimate(self._source, room) + bool(self._incomplete)

    def listing(self, number: int) -> str:
        """The code of fence `number`, from 1, as it was written; empty if there is none."""
        return listing_of(self._source.text, number)

    def drop(self) -> None:
        """Forget the rows and the parser behind them."""
        self.rows = None
        self._stream = None

    def content(self, look: Look) -> list[Row]:
        """All rows, by one pass over the text."""
        # The parser is not for the first screen: it comes ahead of the first words (`warming`).
        from alloy_tui.ui.markdown.stream import MarkdownStream

        stream = MarkdownStream(look.page)
        stream.feed(self._source.text)
        if self._done:
            stream.finish()
        stream.update()
        self._stream = None if self._done else stream
        return [*stream.rows, *stream.tail, *self._end(look)]

    def append(self, text: str) -> int | None:
        """Add text; the first row that changed, or None if the block must be laid out."""
        shown = self._source.append(text)
        if self.rows is None or self._stream is None:
            self.rows = None
            return None
        self._stream.feed(shown)
        return self._refresh(self._stream)

    def _refresh(self, stream: MarkdownStream) -> int:
        rows = self.rows
        assert rows is not None
        first = stream.update()
        at = self.lead + first
        fresh = [*stream.rows[first:], *stream.tail]
        # An open paragraph is drawn anew as a whole; most of its rows stay as they are.
        same = 0
        for row, before in zip(fresh, rows[at:], strict=False):
            if row != before:
                break
            same += 1
        rows[at + same :] = fresh[same:]
        return at + same

    def finish(self, incomplete: str) -> int | None:
        """No more comes; `incomplete` says why the text is not whole. Returns as `append` does."""
        held, stream = self._source.close(), self._stream
        self._done = True
        self._incomplete = clean_line(incomplete)
        if self.rows is None or stream is None or self._incomplete:
            self.drop()
            return None
        # A long answer is not drawn anew for its last line.
        self._stream = None
        stream.feed(held)
        stream.finish()
        return self._refresh(stream)

    def _end(self, look: Look) -> list[Row]:
        if not self._incomplete:
            return []
        return [look.row(clip([(f"incomplete: {self._incomplete}", look["warning"])], look.room))]
