"""Dragging a selection beyond the edge of a view: it scrolls, and takes in what passes.

Owns the hold on the mouse and the pace of the scrolling. What is selected and
how a view scrolls is the view's; it is told when to extend.
"""

from __future__ import annotations

from collections.abc import Callable

from textual import events
from textual.timer import Timer
from textual.widget import Widget

STEP_S = 1 / 15
"""Between two scrolls while the pointer rests beyond the edge."""
_FASTER_AFTER, _FASTEST = 8, 12


class EdgeDrag:
    """One view's drag; `scroll(rows)` moves it, `extend()` brings the selection to the pointer.

    Textual ends the scrolling where the view ends, and selects all of what is
    beyond: the view holds the mouse while it is dragged, so that it hears more.
    """

    def __init__(
        self, view: Widget, scroll: Callable[[int], object], extend: Callable[[], object]
    ) -> None:
        self._view = view
        self._scroll = scroll
        self._extend = extend
        self._timer: Timer | None = None
        self._beyond = 0
        self._steps = 0

    def begun(self) -> None:
        """The button is down: where it goes from here is for the view to hear."""
        self._view.capture_mouse()

    def moved(self, event: events.MouseMove) -> None:
        """The pointer moved with the button down."""
        height = self._view.size.height
        self._beyond = min(0, event.y) + max(0, event.y - height + 1)
        # Later, for Textual itself still selects what is below the pointer.
        self._view.call_later(self._extend)
        if not self._beyond:
            self._rest()
        elif self._timer is None:
            self._timer = self._view.set_interval(STEP_S, self.step)

    def step(self) -> None:
        """Scroll once, the faster the further away the pointer is and the longer it rests there."""
        self._steps += 1
        rows = min(abs(self._beyond) + self._steps // _FASTER_AFTER, _FASTEST)
        self._scroll(rows if self._beyond > 0 else -rows)
        self._extend()

    def ended(self) -> None:
        """The button is up."""
        self._rest()
        self._view.release_mouse()

    def _rest(self) -> None:
        self._steps = 0
        if self._timer is not None:
            self._timer.stop()
            self._timer = None


def clamped(y: int, height: int) -> tuple[int, int]:
    """The row of a view that a pointer at `y` means, and on which side of it the pointer is.

    -1: above, before the first character; 1: below, behind the last; 0: on it.
    """
    return max(0, min(y, height - 1)), (y >= height) - (y < 0)
