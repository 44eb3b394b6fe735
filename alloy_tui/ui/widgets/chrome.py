"""The base of one-line bars: a widget that composes its line anew for the width it has.

Owns joining of pieces and what may be clicked; what stands in a bar is said by
the bars. Text goes in through `Content` and is never markup.
"""

from __future__ import annotations

from textual.content import Content
from textual.style import Style
from textual.widget import Widget


def link(text: str, action: str, style: str = "") -> Content:
    """`text` as something to click; `action` is one of ours, with no foreign text in it."""
    made = Content.styled(text, Style.from_meta({"@click": action}))
    return made.stylize(style) if style else made


def spread(left: list[Content], right: list[Content], width: int, gap: str = "   ") -> Content:
    """Pieces from the left and pieces at the right edge of a line `width` cells wide.

    Where they do not fit, pieces go: the last of the left first, then the
    first of the right; the first of the left is cut to fit.
    """
    left, right = list(left), list(right)
    joiner = Content(gap)
    while True:
        head, tail = joiner.join(left), joiner.join(right)
        room = width - 2 - head.cell_length - tail.cell_length
        if room >= (len(gap) if right and left else 0):
            break
        if len(left) > 1:
            left.pop()
        elif right:
            right.pop(0)
        else:
            head, tail, room = head.truncate(max(0, width - 2), ellipsis=True), Content(), 0
            break
    return Content(" ") + head + Content(" " * max(0, room)) + tail + Content(" ")


def pack(pieces: list[Content], width: int, gap: str = "   ") -> Content:
    """All the pieces, on as many lines as they need at `width` cells."""
    lines: list[Content] = []
    for piece in pieces:
        if lines and lines[-1].cell_length + len(gap) + piece.cell_length <= width - 2:
            lines[-1] = lines[-1] + gap + piece
        else:
            lines.append(Content(" ") + piece.truncate(max(1, width - 2), ellipsis=True))
    return Content("\n").join(lines)


class Bar(Widget, can_focus=False):
    """One line at the full width; subclasses give `pieces(width)`."""

    def pieces(self, width: int) -> tuple[list[Content], list[Content]]:
        """What stands at the left and at the right of a line `width` cells wide."""
        raise NotImplementedError

    def render(self) -> Content:
        """The line for the present width."""
        width = self.size.width
        left, right = self.pieces(width)
        return spread(left, right, width)
