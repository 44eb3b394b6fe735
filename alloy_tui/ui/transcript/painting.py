"""Everything that leans on private names of Textual, in one place.

`PromptScreen` paints at once: Textual collects changes for up to a sixtieth of
a second before it paints, which is felt on every key; a screen of this class
paints a change without delay when the last paint is old enough. Where a name is
missing (another release), nothing here acts and Textual's own way is taken.
Verified against the release pinned in pyproject.toml by a test.
"""

from __future__ import annotations

from time import monotonic
from typing import Any, ClassVar, cast

from textual import events
from textual.app import App
from textual.geometry import Size
from textual.screen import Screen, ScreenResultType
from textual.scrollbar import ScrollBar
from textual.widget import Widget

_METHODS = ("_on_idle", "_on_timer_update", "_invoke_and_clear_callbacks")
_FLAGS = (
    "_layout_required",
    "_scroll_required",
    "_repaint_required",
    "_dirty_widgets",
    "_callbacks",
)


def app_of(node: Widget) -> App[Any]:
    """The app, typed."""
    return cast("App[Any]", node.app)  # pyright: ignore[reportUnknownMemberType] - untyped upstream


def missing_names(screen: Screen[Any]) -> list[str]:
    """The private names used here that `screen` and its app lack; empty when all is well."""
    missing = [f"Screen.{name}" for name in _METHODS if not hasattr(Screen, name)]
    missing += [f"Screen.{name}" for name in _FLAGS if not hasattr(screen, name)]
    if not hasattr(app_of(screen), "_batch_count"):
        missing.append("App._batch_count")
    return missing


class PromptScreen(Screen[ScreenResultType]):
    """A screen on which a change after a pause is painted at once, later ones in step."""

    PAINT_GAP_S: ClassVar[float] = 0.008

    _painted_s = 0.0
    _paintable: bool | None = None

    async def _on_idle(self, event: events.Idle) -> None:
        # Textual calls the base class's handler after this one, unless prevented.
        if self._paintable is None:
            self._paintable = not missing_names(self)
        now = monotonic()
        if not self._paintable or now - self._painted_s < self.PAINT_GAP_S:
            return
        if getattr(app_of(self), "terminal_behind", False):
            return
        if app_of(self)._batch_count or not self.is_current:  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - guarded
            return
        if (
            self._layout_required
            or self._scroll_required
            or self._repaint_required
            or self._dirty_widgets
        ):
            event.prevent_default()
            self._painted_s = now
            self._on_timer_update()

    def _on_timer_update(self) -> None:
        if self._paintable and getattr(app_of(self), "terminal_behind", False):
            # What is dirty stays dirty and comes with a later frame; the timer goes on.
            if self._callbacks:
                self.call_next(self._invoke_and_clear_callbacks)
            return
        super()._on_timer_update()


def set_geometry(widget: Widget, *, size: Size | None = None, row: int | None = None) -> None:
    """Set the virtual size or the scroll offset without a layout of the screen, or watchers."""
    if size is not None:
        widget.set_reactive(Widget.virtual_size, size)  # pyright: ignore[reportArgumentType] - descriptor
    if row is not None:
        widget.set_reactive(Widget.scroll_y, float(row))  # pyright: ignore[reportArgumentType] - descriptor
        widget.set_reactive(Widget.scroll_target_y, float(row))  # pyright: ignore[reportArgumentType] - descriptor


def set_bar(bar: ScrollBar, total: int, height: int, row: int) -> None:
    """Move a scroll bar's thumb with one repaint instead of three."""
    bar.set_reactive(ScrollBar.window_virtual_size, total)  # pyright: ignore[reportArgumentType] - descriptor
    bar.set_reactive(ScrollBar.window_size, height)  # pyright: ignore[reportArgumentType] - descriptor
    bar.set_reactive(ScrollBar.position, row)  # pyright: ignore[reportArgumentType] - descriptor
    bar.refresh()
