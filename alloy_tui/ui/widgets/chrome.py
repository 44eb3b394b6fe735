"""The base of one-line bars: a widget that composes its line anew for the width it has.

Owns joining of pieces and what may be clicked; what stands in a bar is said by
the bars. Text goes in through `Content` and is never markup.
"""

from __future__ import annotations

from textual import events
from textual.content import Content
from textual.reactive import reactive
from textual.style import Style
from textual.widget import Widget

_ACTION = "alloy-action"


def link(text: str, action: str, style: str = "") -> Content:
    """`text` to click on in an `ActionLine`; `action` is ours, with no foreign text in it."""
    made = Content.styled(text, Style.from_meta({_ACTION: action}))
    return made.stylize(style) if style else made


def spread(
    left: list[Content],
    right: list[Content],
    width: int,
    gap: str = "   ",
    *,
    keep_left: bool = False,
) -> Content:
    """Pieces from the left and pieces at the right edge of a line `width` cells wide.

    Where they do not fit, pieces go: the last of the left first, then the
    first of the right, with `keep_left` the other way round; the first of the
    left is cut to fit.
    """
    left, right = list(left), list(right)
    joiner = Content(gap)
    while True:
        head, tail = joiner.join(left), joiner.join(right)
        room = width - 2 - head.cell_length - tail.cell_length
        if room >= (len(gap) if right and left else 0):
            break
        if keep_left and right:
            right.pop(0)
        elif len(left) > 1:
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


class ActionLine(Widget, can_focus=False):
    """Text whose `link`s run their actions when clicked and are underlined under the mouse.

    Subclasses give `content`; others use `update`.
    """

    hovered: reactive[str] = reactive("")

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own parameter name
        super().__init__(id=id)
        self._given = Content()

    def content(self) -> Content:
        """What to show now."""
        return self._given

    def update(self, content: Content) -> None:
        """Show this from now on."""
        if not content.is_same(self._given):
            taller = content.plain.count("\n") != self._given.plain.count("\n")
            self._given = content
            self.refresh(layout=taller)

    def render(self) -> Content:
        """The content, with the link under the mouse underlined."""
        content = self.content()
        if not self.hovered:
            return content
        for span in content.spans:
            if isinstance(span.style, Style) and span.style.meta.get(_ACTION) == self.hovered:
                content = content.stylize("underline", span.start, span.end)
        return content

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Underline what a click would do something to."""
        self.hovered = event.style.meta.get(_ACTION, "")

    def on_leave(self) -> None:
        """The mouse went elsewhere."""
        self.hovered = ""

    async def on_click(self, event: events.Click) -> None:
        """Run the action of the link that was clicked."""
        action = event.style.meta.get(_ACTION)
        if action:
            event.stop()
            await self.run_action(action)


class Bar(ActionLine):
    """One line at the full width; subclasses give `pieces(width)`."""

    def pieces(self, width: int) -> tuple[list[Content], list[Content]]:
        """What stands at the left and at the right of a line `width` cells wide."""
        raise NotImplementedError

    def content(self) -> Content:
        """The line for the present width."""
        width = self.size.width
        left, right = self.pieces(width)
        return spread(left, right, width)
