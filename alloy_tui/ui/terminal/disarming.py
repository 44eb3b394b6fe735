"""The last gate before the terminal: no row of text holds what a terminal obeys.

Foreign text is cleaned where it is shown, sequence by sequence; this catches what one of
those places forgot. Owns no cleaning that reads well: what it meets is a defect, and what
it leaves behind is merely harmless. Must not know whose text a row is.
"""

from __future__ import annotations

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from alloy_tui.domain.sanitise import disarm


class Disarm(LineFilter):
    """Takes every control out of text; segments that are controls are the program's own.

    It must be the first filter: Textual's others forget which segments those are.
    """

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The same segments, unless one is armed."""
        del background
        for text, _, control in segments:
            if not (control or text.isprintable()):
                break
        else:
            return segments
        return [
            segment if segment.control else Segment(disarm(segment.text), segment.style)
            for segment in segments
        ]
