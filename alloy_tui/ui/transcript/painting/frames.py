"""Frames by Textual, sooner and with less in them; sizes and bars without a layout.

`PromptScreen` paints at once: Textual collects changes for up to a sixtieth of
a second before it paints, which is felt on every key; a screen of this class
paints a change without delay when the last paint is old enough, asks no widget for rows
that nobody will see (`Frugal`), and paints nothing while another screen covers it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from time import monotonic
from typing import ClassVar, cast

from textual import events
from textual._compositor import Compositor
from textual.geometry import Region, Size
from textual.screen import Screen, ScreenResultType
from textual.scrollbar import ScrollBar
from textual.strip import Strip
from textual.widget import Widget

from alloy_tui.ui.transcript.painting.names import (
    app_of,
    bar_is_known,
    can_be_frugal,
    held,
    missing_names,
)


class Frugal(Compositor):
    """Draws what is seen: Textual draws all of each widget that a change touches.

    Containers behind their content, and the rows of a widget that did not change,
    were most of what a frame cost.
    """

    def _render_chops(
        self, crop: Region, is_rendered_line: Callable[[int], bool]
    ) -> Sequence[Mapping[int, Strip]]:
        cuts = self.cuts
        chops: list[dict[int, Strip | None]] = [dict.fromkeys(line[:-1]) for line in cuts]
        rows = [y for y in crop.line_range if 0 <= y < len(chops) and is_rendered_line(y)]
        missing = {y: set(chops[y]) for y in rows}
        # From front to back: the first to draw a place has it.
        for widget, (region, clip) in self.visible_widgets.items():
            place = region.intersection(clip)
            columns = range(*place.column_span)
            places = [y for y in place.line_range if y in missing]
            todo = [y for y in places if any(x in columns for x in missing[y])]
            if not todo:
                continue
            first = todo[0]
            strips = widget.render_lines(
                Region(place.x - region.x, first - region.y, place.width, todo[-1] + 1 - first)
            )
            # A widget that has just got another size may give fewer rows than it has room for.
            for y in (y for y in todo if y - first < len(strips)):
                starts = [cut for cut in cuts[y] if place.x <= cut <= place.right]
                pieces = strips[y - first].divide([cut - place.x for cut in starts[1:]])
                for x, piece in zip(starts, pieces, strict=False):
                    if x in missing[y]:
                        missing[y].discard(x)
                        chops[y][x] = piece
                if not missing[y]:
                    del missing[y]
            if not missing:
                break
        return cast("Sequence[Mapping[int, Strip]]", chops)


class PromptScreen(Screen[ScreenResultType]):
    """A screen on which a change after a pause is painted at once, later ones in step.

    Nothing of it is painted behind a screen that one cannot see through: Textual would
    paint all of that one anew, again and again, for each change of what is behind it.
    """

    PAINT_GAP_S: ClassVar[float] = 0.008

    _painted_s = 0.0
    _paintable: bool | None = None

    def __init__(self) -> None:
        super().__init__()
        if type(getattr(self, "_compositor", None)) is Compositor and can_be_frugal():
            self._compositor = Frugal()

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

    def _compositor_refresh(self) -> None:
        if self._paintable and self._covered:
            # All of it is painted when the screen before it goes.
            held(self._compositor, "_dirty_regions").clear()
            self._dirty_widgets.clear()
            return
        super()._compositor_refresh()

    @property
    def _covered(self) -> bool:
        front: Screen[object] = app_of(self).screen
        return front is not self and front.styles.background.a == 1 and front.styles.opacity == 1


def set_geometry(widget: Widget, *, size: Size | None = None, row: int | None = None) -> None:
    """Set the virtual size or the scroll offset without a layout of the screen, or watchers."""
    if size is not None:
        widget.set_reactive(Widget.virtual_size, size)  # pyright: ignore[reportArgumentType] - descriptor
    if row is not None:
        widget.set_reactive(Widget.scroll_y, float(row))  # pyright: ignore[reportArgumentType] - descriptor
        widget.set_reactive(Widget.scroll_target_y, float(row))  # pyright: ignore[reportArgumentType] - descriptor


def set_bar(bar: ScrollBar, total: int, height: int, row: int, *, paint: bool) -> None:
    """Move a scroll bar's thumb with one repaint instead of three, or none."""
    bar.set_reactive(ScrollBar.window_virtual_size, total)  # pyright: ignore[reportArgumentType] - descriptor
    bar.set_reactive(ScrollBar.window_size, height)  # pyright: ignore[reportArgumentType] - descriptor
    bar.set_reactive(ScrollBar.position, row)  # pyright: ignore[reportArgumentType] - descriptor
    if paint:
        bar.refresh()
    elif bar_is_known(bar):
        # Not painted now, but drawn anew when Textual next paints what it is part of.
        held(bar, "_layout_cache").clear()
        held(bar, "_styles_cache").clear()
        held(bar, "_dirty_regions").add(bar.outer_size.region)
