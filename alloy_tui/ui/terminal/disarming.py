"""The last gate before the terminal: no row of text holds what a terminal obeys.

Foreign text is cleaned where it is shown, sequence by sequence; this catches what one of
those places forgot. Owns no cleaning that reads well: what it meets is a defect, which the
log is told of once, and what it leaves behind is merely harmless. Must not know whose text
a row is, nor tell the log any of it.
"""

from __future__ import annotations

import logging
import re

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from alloy_tui.domain.sanitise import disarm

UNCLEANED = "Text came to be shown that nothing had cleaned"
"""What the log is told."""

_log = logging.getLogger(__name__)


_HOLD = re.compile(r"(\x1b\[\d{1,5}G)")


def _disarmed(segment: Segment) -> Segment:
    if segment.control:
        return segment
    parts = _HOLD.split(segment.text)  # every second one holds
    text = "".join(part if at % 2 else disarm(part) for at, part in enumerate(parts))
    return Segment(text, segment.style)


class Disarm(LineFilter):
    """Takes every control out of text; segments that are controls are the program's own.

    What holds a row to the grid (`transcript.anchoring`) stays also where Textual's styling
    has forgotten that it is a control, and joined it to text: by itself it only moves within
    its row. `met` counts the rows that were changed.
    """

    def __init__(self) -> None:
        super().__init__()
        self.met = 0

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The same segments, unless one is armed."""
        del background
        for text, _, control in segments:
            if not (control or text.isprintable()):
                break
        else:
            return segments
        made = [_disarmed(segment) for segment in segments]
        if any(new.text != old.text for new, old in zip(made, segments, strict=True)):
            self._tell()
        return made

    def _tell(self) -> None:
        if not self.met:
            _log.warning(UNCLEANED)
        self.met += 1
