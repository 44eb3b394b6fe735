"""Blocks that fold: thinking and tool calls.

A card is one header row; unfolded it shows its body, bounded: what is left out
is counted, and the output pane has the whole. Knows no widget.
"""

from __future__ import annotations

from rich.style import Style

from alloy_tui.domain.sanitise import clean, clean_line
from alloy_tui.ui.markdown.cells import Span, clip, span_width, wrap
from alloy_tui.ui.markdown.rows import Pieces, Row
from alloy_tui.ui.transcript.blocks import Block, Source, text_estimate
from alloy_tui.ui.transcript.diff_lines import search_lines
from alloy_tui.ui.transcript.diffs import diff_rows
from alloy_tui.ui.transcript.look import Look
from alloy_tui.ui.transcript.specs import ToolBlock, ToolState

LIVE_ROWS = 5  # of a running command, folded
BODY_ROWS = 200  # unfolded
_INDENT: list[Span] = [("  ", Style.null())]
KEPT_CHARS = 64_000  # of live output; the output pane keeps more


def duration(ms: int) -> str:
    """A duration in words: "12 s", "1 m 04"."""
    seconds = ms // 1000
    return f"{seconds} s" if seconds < 60 else f"{seconds // 60} m {seconds % 60:02d}"


def body_rows(
    lines: list[str],
    look: Look,
    style: str,
    *,
    last: bool,
    limit: int,
    fold: bool = True,
    first: int = 0,
) -> list[Row]:
    """The `last` rows of plain lines, or those from line `first` on; notes say what is left out.

    Rows are indented. `fold` cuts lines at the edge, as code and output want
    it, not between words.
    """
    room = max(1, look.room - 2)
    rows: list[Pieces] = []
    taken = 0
    for line in reversed(lines) if last else lines[first:]:
        # A row's worth of an endless line is enough to fill the body.
        most = room * limit
        text = (line[-most:] if last else line[:most]).expandtabs(4)
        wrapped = wrap([(text, look[style])], room, fold=fold)
        rows += reversed(wrapped) if last else wrapped
        taken += 1
        if len(rows) >= limit:
            break
    rows = rows[:limit]
    if last:
        rows.reverse()
    drawn = [look.after(_INDENT, row) for row in rows]
    above = len(lines) - taken if last else first
    below = 0 if last else len(lines) - first - taken
    if above:
        drawn.insert(0, note_row(f"  … {above:,} earlier lines, o opens all", look))
    if below > 0:
        drawn.append(note_row(f"  … {below:,} more lines, o opens all", look))
    return drawn


def note_row(words: str, look: Look) -> Row:
    """A row that is about the text and not part of it."""
    spans = clip([(words, look["muted"])], look.room)
    return look.row(spans, lead=sum([len(text) for text, _ in spans]))


class Thinking(Block):
    """Reasoning; folded unless asked for."""

    foldable = True
    kind = "thinking"

    def __init__(self, text: str, speaker: str, duration_ms: int | None) -> None:
        super().__init__(speaker)
        self._source = Source(text)
        self.title = ""
        self.duration_ms = duration_ms
        self.done = duration_ms is not None
        self.incomplete = ""

    def text(self) -> str:
        """The reasoning."""
        return self._source.text

    def content_estimate(self, room: int) -> int:
        """One row, or the unfolded body."""
        if not self.expanded:
            return 1
        return 1 + min(BODY_ROWS + 1, text_estimate(self._source, room))

    def append(self, text: str) -> bool:
        """Add text; whether the rows have changed."""
        self._source.append(text)
        return self.expanded

    def finish(self, incomplete: str, duration_ms: int | None) -> None:
        """No more comes."""
        self._source.close()
        self.done = True
        self.title = ""
        self.incomplete = clean_line(incomplete)
        self.duration_ms = duration_ms if duration_ms is not None else self.duration_ms

    def _words(self) -> str:
        if self.title:
            return self.title
        if not self.done:
            return "thinking"
        took = f"thought for {duration(self.duration_ms)}" if self.duration_ms else "thought"
        return f"{took}  incomplete: {self.incomplete}" if self.incomplete else took

    def content(self, look: Look) -> list[Row]:
        """The header, and the words when unfolded."""
        arrow = "▾ " if self.expanded else "▸ "
        style = look["muted"] if self.done else look["live"]
        header = look.row(clip([(arrow, look["muted"]), (self._words(), style)], look.room), lead=2)
        if not self.expanded:
            return [header]
        lines = self._source.text.strip().split("\n")
        live = not self.done and not self.first_line
        body = body_rows(
            lines, look, "thinking", last=live, limit=BODY_ROWS, fold=False, first=self.first_line
        )
        return [header, *body]

    def search_text(self) -> str:
        """The reasoning as it is shown."""
        return self._source.text.strip()

    def reveal(self, line: int) -> bool:
        """Unfold, far enough down."""
        return super().reveal(line) | self._start_near(line)

    @property
    def hidden_lines(self) -> tuple[int, int]:
        """Those above where the body starts."""
        return 0, self.first_line


_STATE_WORDS: dict[ToolState, tuple[str, str]] = {
    "writing": ("preparing", "muted"),
    "ready": ("waiting", "muted"),
    "waiting": ("needs you", "needs-you"),
    "running": ("running", "live"),
    "done": ("", "muted"),
    "error": ("failed", "danger"),
    "denied": ("denied", "warning"),
    "cancelled": ("cancelled", "warning"),
}


class ToolCard(Block):
    """A tool call: header, live output, result or diff."""

    foldable = True
    kind = "tool"

    def __init__(self, spec: ToolBlock) -> None:
        super().__init__(spec.speaker)
        self.name = clean_line(spec.name, limit=60)
        self.headline = clean_line(spec.headline, limit=400)
        self.summary = clean_line(spec.summary, limit=80)
        self.state: ToolState = spec.state
        self.duration_ms = spec.duration_ms
        self.result = clean(spec.result) if spec.result is not None else None
        self.diff = clean(spec.diff) if spec.diff else ""
        self.output = Source()
        self._diff_rows = BODY_ROWS
        # A change is what one wants to see; everything else is folded.
        self.expanded = bool(self.diff)

    def text(self) -> str:
        """Header, then what came of the call."""
        body = self.diff or (self.result if self.result is not None else self.output.text)
        return f"{self.name}  {self.headline}\n{body}".rstrip()

    def search_text(self) -> str:
        """The text without what only a diff's reader needs."""
        if not self.diff:
            return self.text()
        return "\n".join([f"{self.name}  {self.headline}", *search_lines(self.diff)])

    def reveal(self, line: int) -> bool:
        """Unfold, far enough down, unless the header has it."""
        if line == 0:
            return False
        if self.diff:
            # Diffs are bounded by rows from their start: show more of them.
            changed, self.rows_shown = (
                self._diff_rows < line,
                max(self._diff_rows, line + BODY_ROWS),
            )
            return super().reveal(line) | changed
        return super().reveal(line) | self._start_near(line - 1)

    @property
    def hidden_lines(self) -> tuple[int, int]:
        """Those between the header and where the body starts."""
        return 1, 1 + self.first_line

    def append_output(self, text: str) -> None:
        """Add live output."""
        self.output.append(text)
        self.output.keep_last(KEPT_CHARS)

    def content_estimate(self, room: int) -> int:
        """One row, or the bounded body."""
        body = self.diff or self.result or ""
        if self.expanded:
            return 1 + min(BODY_ROWS + 1, body.count("\n") + 1 + len(body) // room)
        return 1

    def content(self, look: Look) -> list[Row]:
        """The header and what is unfolded, or the end of what is live."""
        return [self._header(look), *self._body(look)]

    def _header(self, look: Look) -> Row:
        state, style = _STATE_WORDS[self.state]
        words = state
        if self.duration_ms >= 1000:
            words = f"{state} {duration(self.duration_ms)}".strip()
        right: list[Span] = [(words, look[style])] if words else []
        arrow = "▾ " if self.expanded else "▸ "
        left: list[Span] = [
            (arrow, look["muted"]),
            (self.name, look["danger"] if self.state == "error" else look["tool"]),
        ]
        if self.headline:
            left.append((f"  {self.headline}", look["none"]))
        if self.summary:
            left.append((f"  {self.summary}", look["muted"]))
        room = look.room - (span_width(right) + 2 if right else 0)
        left = clip(left, max(1, room))
        gap: Span = ("  ", look["none"])
        tail = len(words) + 2 if words else 0
        return look.row(clip([*left, gap, *right] if right else left, look.room), lead=2, tail=tail)

    def _body(self, look: Look) -> list[Row]:
        live = self.state == "running" or (self.result is None and not self.diff)
        if not self.expanded:
            if self.state == "running":
                return self._tail(look, LIVE_ROWS)
            if self.state in ("error", "denied") and self.result:
                style = "danger" if self.state == "error" else "muted"
                lines = self.result.rstrip().split("\n")
                return body_rows(lines, look, style, last=True, limit=3)
            return []
        if self.diff:
            return diff_rows(self.diff, look, self._diff_rows, path=self.headline)
        if live:
            return self._tail(look, BODY_ROWS)
        lines = (self.result or "").rstrip("\n").split("\n")
        style = "danger" if self.state == "error" else "muted"
        return body_rows(
            lines, look, style, last=False, limit=BODY_ROWS, first=min(self.first_line, len(lines))
        )

    def _tail(self, look: Look, limit: int) -> list[Row]:
        text = self.output.text.rstrip("\n")
        if not text:
            return []
        # Only the end is looked at: output costs the same however much there is.
        end = text[-limit * look.room * 2 :].split("\n")[-limit:]
        return body_rows(end, look, "muted", last=True, limit=limit)
