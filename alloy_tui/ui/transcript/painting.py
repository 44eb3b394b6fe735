"""Everything that leans on private names of Textual, in one place.

`PromptScreen` paints at once: Textual collects changes for up to a sixtieth of
a second before it paints, which is felt on every key; a screen of this class
paints a change without delay when the last paint is old enough, and asks no widget
for rows that nobody will see (`Frugal`). `DirectPaint` writes
the changed rows of a full-width widget straight to the terminal, and moves the
others with a scroll region. Where a name is missing (a test tells), nothing here
acts and Textual's own way is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from time import monotonic
from typing import Any, ClassVar, cast

from rich.segment import Segment, Segments
from rich.style import Style
from textual import events
from textual._compositor import Compositor
from textual.app import App
from textual.color import Color
from textual.driver import Driver
from textual.filter import LineFilter
from textual.geometry import Region, Size
from textual.screen import Screen, ScreenResultType
from textual.scrollbar import ScrollBar, ScrollBarRender
from textual.strip import Strip
from textual.widget import Widget

from alloy_tui.ui.terminal.base import one_frame
from alloy_tui.ui.transcript.differing import changed_cells

_METHODS = ("_on_idle", "_on_timer_update", "_invoke_and_clear_callbacks")
_FLAGS = (
    "_layout_required",
    "_scroll_required",
    "_repaint_required",
    "_dirty_widgets",
    "_callbacks",
    "_repaint_regions",
)
_PENDING = ("_repaint_regions", "_layout_required", "_scroll_required", "_repaint_required")
_OF_BAR = ("_layout_cache", "_styles_cache", "_dirty_regions")
_OF_COMPOSITOR = ("_render_chops", "visible_widgets", "cuts")
_OF_APP = ("_batch_count", "_driver", "_begin_update", "_end_update")


def app_of(node: Widget) -> App[Any]:
    """The app, typed."""
    return cast("App[Any]", node.app)  # pyright: ignore[reportUnknownMemberType] - untyped upstream


def _of(owner: object, name: str) -> Any:
    """A private attribute that `missing_names` has looked for."""
    return getattr(owner, name)


def _can_be_frugal() -> bool:
    return all(hasattr(Compositor, name) for name in _OF_COMPOSITOR)


def missing_names(screen: Screen[Any]) -> list[str]:
    """The private names used here that `screen` and its app lack; empty when all is well."""
    missing = [f"Screen.{name}" for name in _METHODS if not hasattr(Screen, name)]
    missing += [f"Screen.{name}" for name in _FLAGS if not hasattr(screen, name)]
    missing += [f"App.{name}" for name in _OF_APP if not hasattr(app_of(screen), name)]
    missing += [f"Widget.{name}" for name in (*_OF_BAR, *_PENDING) if not hasattr(screen, name)]
    missing += [f"Compositor.{n}" for n in _OF_COMPOSITOR if not hasattr(Compositor, n)]
    if not hasattr(getattr(screen, "_compositor", None), "visible_widgets"):
        missing.append("Screen._compositor.visible_widgets")
    return missing


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
            for y in todo:
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
    """A screen on which a change after a pause is painted at once, later ones in step."""

    PAINT_GAP_S: ClassVar[float] = 0.008

    _painted_s = 0.0
    _paintable: bool | None = None

    def __init__(self) -> None:
        super().__init__()
        if type(getattr(self, "_compositor", None)) is Compositor and _can_be_frugal():
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
    elif all(hasattr(bar, name) for name in _OF_BAR):
        # Not painted now, but drawn anew when Textual next paints what it is part of.
        _of(bar, "_layout_cache").clear()
        _of(bar, "_styles_cache").clear()
        _of(bar, "_dirty_regions").add(bar.outer_size.region)


class _Direct:
    """What has to be so before anything is written past Textual."""

    def __init__(self, widget: Widget) -> None:
        self._widget = widget
        self._names_there: bool | None = None
        self._layout: object = None
        self._place = Region()
        self.hidden: set[int] = set()
        """Rows of the widget that something else covers, as of the last look."""
        self.painted = 0

    def _free(self) -> bool:
        """Whether the screen is as it was last painted; what covers the widget is in `hidden`."""
        widget = self._widget
        if not widget.is_attached:
            return False
        app, screen = app_of(widget), cast("Screen[Any]", widget.screen)
        if self._names_there is None:
            self._names_there = not missing_names(screen)
        if not self._names_there or app.screen is not screen or app.is_headless or app.is_inline:
            return False
        if _of(app, "_driver") is None or _of(app, "_batch_count"):
            return False
        if getattr(app, "terminal_behind", False):
            return False
        if any(_of(screen, flag) for flag in _FLAGS[:3]):
            return False
        visible: dict[Widget, tuple[Region, Region]] = _of(screen, "_compositor").visible_widgets
        # A new map of what is seen where comes with every layout, and with nothing else.
        if visible is not self._layout:
            self._layout, self._place = visible, widget.content_region
            self.hidden = self._covered(visible)
        return widget in visible

    def _covered(self, visible: dict[Widget, tuple[Region, Region]]) -> set[int]:
        widget = self._widget
        below = {*widget.ancestors_with_self, widget.vertical_scrollbar}
        shared = [
            clip.intersection(place).intersection(widget.region)
            for other, (place, clip) in visible.items()
            if other not in below
        ]
        return {y - widget.region.y for part in shared if part for y in part.line_range}

    def _send(self, pieces: list[str], *, whole: bool) -> None:
        """Write one frame, with the cursor where it belongs; `whole` keeps it from being torn."""
        app = app_of(self._widget)
        x, y = app.cursor_position
        driver: Driver = _of(app, "_driver")
        with one_frame(driver):
            if whole:  # synchronised output, if this terminal has said that it can
                _of(app, "_begin_update")()
            driver.write(f"{''.join(pieces)}\x1b[{y + 1};{x + 1}H")
            if whole:
                _of(app, "_end_update")()
        driver.flush()
        self.painted += 1


class DirectPaint(_Direct):
    """Writes rows of `widget` past Textual, where nothing else can be in the way.

    `ready` says whether it may, before the change is made; `paint` then shows
    the change. Textual's own frames and these can follow one another freely,
    for Textual keeps no copy of what is on the screen.
    """

    def __init__(self, widget: Widget) -> None:
        super().__init__(widget)
        self._bar: list[str] | None = None
        self._bar_look = (False, False)
        self._cells: dict[tuple[object, ...], str] = {}

    def forget_bar(self) -> None:
        """Textual paints the scroll bar by itself now."""
        self._bar = None

    def restyle(self) -> None:
        """The colours are others now."""
        self.forget_bar()
        self._cells.clear()

    def ready(self) -> bool:
        """Whether all of the widget is as it was last painted, and nothing covers it."""
        return self.redrawable() and not self.hidden

    def redrawable(self) -> bool:
        """Likewise, but for the rows in `hidden`: only these must be left to Textual."""
        widget = self._widget
        if not self._free():
            return False
        if widget.region.x or widget.region.width != widget.screen.size.width:
            return False
        # Rows that wait for Textual's paint would be moved before it.
        return not any(_of(own, "_repaint_regions") for own in (widget, widget.vertical_scrollbar))

    def paint(self, scrolled: int, rows: Iterable[tuple[int, Strip]], *, bar_moved: bool) -> None:
        """Move the rows up by `scrolled`, then draw `rows`, each with its place in the view."""
        widget, app = self._widget, app_of(self._widget)
        region, console = widget.region, app.console
        top, bottom = region.y + 1, region.bottom
        out: list[str] = []
        if scrolled:
            out.append(f"\x1b[0m\x1b[{top};{bottom}r\x1b[{bottom};1H{chr(10) * scrolled}\x1b[r")
        out += [f"\x1b[{top + y};1H{strip.render(console)}" for y, strip in rows]
        out += self._bar_cells(scrolled, moved=bar_moved)
        self._send(out, whole=True)

    def _bar_cells(self, scrolled: int, *, moved: bool) -> list[str]:
        """What brings the scroll bar's column up to date."""
        bar, region = self._widget.vertical_scrollbar, self._widget.region
        look = (bar.mouse_over, bar.grabbed)
        if look != self._bar_look:
            self._bar, self._bar_look = None, look
        before = self._bar
        if not self._widget.show_vertical_scrollbar or (before and not scrolled and not moved):
            return []
        cells = self._bar = self._draw_bar() if moved or before is None else before
        shown: list[str | None] = [None] * len(cells)
        if before is not None and len(before) == len(cells):
            shown = [*before[scrolled:], *[None] * scrolled]
        return [
            f"\x1b[{region.y + 1 + y};{region.right}H{cell}"
            for y, cell in enumerate(cells)
            if shown[y] != cell and y not in self.hidden
        ]

    def _draw_bar(self) -> list[str]:
        """Each cell of the bar. Not its cached lines: nobody told Textual that they are old."""
        bar, console = self._widget.vertical_scrollbar, app_of(self._widget).console
        options = console.options.update(width=1, height=self._widget.region.height)
        shown = bar.render()
        if isinstance(shown, ScrollBarRender):
            # One character each: rich's own way to cut lines was a sixth of a frame.
            parts = cast("list[Segments]", list(shown.__rich_console__(console, options)))
            drawn = [segment for part in parts for segment in part.segments]
        else:
            drawn = [each for each in console.render(shown, options) if each.text != "\n"]
        return [self._cell(segment) for segment in drawn]

    def _cell(self, segment: Segment) -> str:
        """The cell as it is written; a bar has few that differ."""
        style = segment.style or Style.null()
        look = (segment.text, style.color, style.bgcolor, style.reverse)
        cell = self._cells.get(look)
        if cell is None:
            widget = self._widget
            base = widget.vertical_scrollbar.visual_style.rich_style
            strip = Strip(Segment.apply_style([segment], base), 1)
            for line_filter in widget.get_line_filters():
                strip = strip.apply_filter(line_filter, widget.background_colors[1])
            cell = self._cells[look] = strip.render(app_of(widget).console)
        return cell


class DirectRows(_Direct):
    """Writes whole rows of a widget without border; `paint` is false where Textual must."""

    def paint(self, lines: Sequence[int]) -> bool:
        """Show these lines as they are now."""
        widget = self._widget
        if not self._free() or any(_of(widget, flag) for flag in _PENDING):
            return False
        console, (left, top, width, height) = app_of(widget).console, self._place
        if self.hidden or not all(0 <= y < height for y in lines):
            return False
        rows = [(y, widget.render_lines(Region(0, y, width, 1))[0]) for y in lines]
        out = [f"\x1b[{top + y + 1};{left + 1}H{row.render(console)}" for y, row in rows]
        self._send(out, whole=False)
        return True


class DirectEcho(_Direct):
    """Writes what a key changed in the rows of a small widget: the cells that differ, no more.

    `forget` whenever Textual painted: what it left there is not known here.
    """

    def __init__(self, widget: Widget) -> None:
        super().__init__(widget)
        self._shown: list[Strip] = []
        self._filters: Sequence[LineFilter] = ()
        self._background = Color(0, 0, 0)

    def forget(self) -> None:
        """Textual paints: write whole rows next time."""
        self._shown = []

    def paint(self, rows: list[Strip]) -> bool:
        """Show `rows`, all that the widget has; false if it must be left to Textual."""
        widget = self._widget
        if not self._free() or any(_of(widget, flag) for flag in _PENDING):
            return False
        if self.hidden or self._place.height != len(rows):
            return False
        if not self._shown:
            self._filters = widget.get_line_filters()
            self._background = widget.background_colors[1]
        console = app_of(widget).console
        out: list[str] = []
        for y, row in enumerate(rows):
            before = self._shown[y] if y < len(self._shown) else None
            if row is before:
                continue
            start, end = changed_cells(before, row)
            piece = row.crop(start, end)
            for line_filter in self._filters:
                piece = piece.apply_filter(line_filter, self._background)
            if start < end:
                at = f"\x1b[{self._place.y + y + 1};{self._place.x + start + 1}H"
                out.append(at + piece.render(console))
        # Not painted by Textual, but drawn anew when it next paints what the widget is part of.
        _of(widget, "_styles_cache").clear()
        self._shown = rows
        self._send(out, whole=False)
        return True
