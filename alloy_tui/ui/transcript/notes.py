"""Blocks that never change: notices of the program, and markers across the conversation."""

from __future__ import annotations

from alloy_tui.domain.sanitise import clean, clean_line
from alloy_tui.ui.markdown.cells import Span, clip, span_width, wrap
from alloy_tui.ui.markdown.rows import Row
from alloy_tui.ui.transcript.blocks import Block
from alloy_tui.ui.transcript.look import Look
from alloy_tui.ui.transcript.pictures import words_for
from alloy_tui.ui.transcript.specs import ImageBlock, Level

_MAX_CHARS = 4000
_STYLES: dict[Level, str] = {"info": "muted", "warning": "warning", "error": "danger"}


class Notice(Block):
    """Words of the program, in the colour of their level."""

    kind = "notice"

    def __init__(self, text: str, level: Level) -> None:
        super().__init__()
        # Room for an error with its body, not for a page of HTML.
        self._text = clean(text[:_MAX_CHARS]).strip() + ("…" if len(text) > _MAX_CHARS else "")
        self._level: Level = level

    def text(self) -> str:
        """The words."""
        return self._text

    def content_estimate(self, room: int) -> int:
        """From the length."""
        return self._text.count("\n") + 1 + len(self._text) // room

    def content(self, look: Look) -> list[Row]:
        """Wrapped rows."""
        style = look[_STYLES[self._level]]
        return [look.row(row) for row in wrap([(self._text.expandtabs(4), style)], look.room)]


class Image(Block):
    """An image, as words."""

    kind = "image"

    def __init__(self, spec: ImageBlock) -> None:
        super().__init__(spec.speaker)
        self._name = clean_line(spec.name, limit=200)
        self._about = clean_line(words_for(spec.media_type, spec.data, spec.weight), limit=80)

    def text(self) -> str:
        """Name and kind."""
        return f"[image: {self._name}]  {self._about}" if self._name else f"[image]  {self._about}"

    def content_estimate(self, room: int) -> int:
        """One row."""
        del room
        return 1

    def content(self, look: Look) -> list[Row]:
        """One row."""
        label, _, about = self.text().partition("]")
        spans: list[Span] = [(f"{label}]", look["link"]), (about, look["muted"])]
        return [look.row(clip(spans, look.room))]


class Marker(Block):
    """A line across, with words in it."""

    kind = "marker"

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = clean_line(text, limit=120)

    def text(self) -> str:
        """The words."""
        return self._text

    def content_estimate(self, room: int) -> int:
        """One row."""
        del room
        return 1

    def content(self, look: Look) -> list[Row]:
        """The words between two strokes."""
        style = look["marker-line"]
        words = f"── {self._text} "
        spans: list[Span] = [
            (words + "─" * max(0, look.room - span_width([(words, style)])), style)
        ]
        return [look.row(clip(spans, look.room))]
