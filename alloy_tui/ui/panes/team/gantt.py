"""The team's time: a lane for each agent, what it did in it, and a moment to look at.

Owns the scale, the moment and how spans are drawn. The moment can be moved into
the past, by keys or with the mouse; every view of it says what was done then.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.style import Style
from textual import events

from alloy_tui.domain.sanitise import clean_line
from alloy_tui.runtime.team_port import Span as TimeSpan
from alloy_tui.runtime.team_port import SpanKind
from alloy_tui.ui.lines import Line
from alloy_tui.ui.markdown.cells import Span, clip, span_width
from alloy_tui.ui.widgets.row_window import RowWindow
from alloy_tui.ui.wording import duration

_NAME = 16
_SCALES_MS = (250, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 300_000, 1_800_000)
"""Milliseconds that a cell stands for."""
_RANK: dict[SpanKind, int] = {"run": 0, "turn": 1, "tool": 2, "wait": 3}
_MARKS: dict[SpanKind, str] = {"run": "─", "turn": "━", "tool": "█", "wait": "░"}


_LEGEND = "━ a turn  █ a tool  ░ waits for you  ─ between them"


class Gantt(RowWindow):
    """Lanes over time; `moment_ms` None = now, which the right edge follows."""

    PREFIX = "time"
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"time--{name}"
        for name in ("axis", "name", "run", "turn", "tool", "wait", "failed", "moment", "cursor")
    }
    DEFAULT_CSS = """
    Gantt > .time--axis { color: $foreground 55%; }
    Gantt > .time--name { color: $foreground; text-style: bold; }
    Gantt > .time--run { color: $foreground 35%; }
    Gantt > .time--turn { color: $secondary; }
    Gantt > .time--tool { color: $primary; }
    Gantt > .time--wait { color: $warning; }
    Gantt > .time--failed { color: $error; }
    Gantt > .time--moment { color: $foreground; background: $foreground 25%; }
    Gantt > .time--cursor { background: $primary 15%; }
    """

    def __init__(self) -> None:
        super().__init__(id="team-timeline")
        self.moment_ms: int | None = None
        self._right_ms: int | None = None
        """The right edge while one looks into the past; what is drawn stays where it is."""
        self._dragged = False
        self._spans: tuple[TimeSpan, ...] = ()
        self._lanes: dict[str, list[TimeSpan]] = {}
        self._names: tuple[str, ...] = ()
        self._scale = 2
        self._zoomed = False
        self._now_ms = 0

    @property
    def count(self) -> int:
        """The axis, and a lane for each agent."""
        return 1 + len(self._names)

    def can_stand_on(self, place: int) -> bool:
        """See `RowWindow.can_stand_on`."""
        return place > 0

    @property
    def agent(self) -> str | None:
        """Whose lane the cursor is on."""
        at = self.cursor - 1
        return self._names[at] if 0 <= at < len(self._names) else None

    def show_spans(self, spans: Sequence[TimeSpan], now_ms: int) -> None:
        """These from now on."""
        self._spans, self._now_ms = tuple(spans), now_ms
        self._lanes = {}
        for span in self._spans:
            self._lanes.setdefault(span.agent, []).append(span)
        for lane in self._lanes.values():
            lane.sort(key=lambda span: _RANK[span.kind])
        self._names = tuple(self._lanes)
        self._fit()
        self.settle(None)

    def zoom(self, by: int) -> None:
        """Less time on the screen, or more."""
        self._zoomed = True
        self._scale = max(0, min(len(_SCALES_MS) - 1, self._scale + by))
        self._right_ms = None
        self._look_to(self.moment_ms)

    def scrub(self, cells: int) -> None:
        """Move the moment; beyond the last thing that happened it is now again."""
        end_ms = self._end_ms()
        at_ms = (end_ms if self.moment_ms is None else self.moment_ms) + cells * self._cell_ms
        begin_ms = min((span.start_ms for span in self._spans), default=end_ms)
        self._look_to(None if at_ms >= end_ms else max(begin_ms, at_ms))

    def step(self, by: int) -> None:
        """The moment to where the next thing began, or the one before."""
        begins = sorted({span.start_ms for span in self._spans})
        at_ms = self._end_ms() if self.moment_ms is None else self.moment_ms
        if by < 0:
            before = [ms for ms in begins if ms < at_ms]
            self._look_to(before[-1] if before else self.moment_ms)
        else:
            after = [ms for ms in begins if ms > at_ms]
            self._look_to(after[0] if after else None)

    def _look_to(self, moment_ms: int | None) -> None:
        """That moment from now on, in sight with what came after it."""
        self.moment_ms = moment_ms
        end_ms, length_ms = self._end_ms(), self._room * self._cell_ms
        right_ms = end_ms if self._right_ms is None else self._right_ms
        if moment_ms is None:
            self._right_ms = None
        elif right_ms - length_ms <= moment_ms < right_ms:
            self._right_ms = right_ms
        else:
            self._right_ms = min(end_ms, moment_ms + self._cell_ms * (self._room // 3))
        self.refresh()
        self.post_message(self.Moved(self))

    def _point_to(self, x: int) -> None:
        """The moment of that column of the window."""
        right_ms = self._end_ms() if self._right_ms is None else self._right_ms
        cell = max(0, x - _NAME - 1)
        if cell >= self._room - 1 and right_ms >= self._end_ms():
            self._look_to(None)
            return
        begin_ms = min((span.start_ms for span in self._spans), default=right_ms)
        at_ms = right_ms - (self._room - cell) * self._cell_ms
        self._look_to(max(begin_ms, at_ms) if at_ms < self._end_ms() else None)

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """The moment goes where the mouse is, and along with it."""
        if event.button == 1 and event.x > _NAME and self._spans:
            self._dragged = True
            self.capture_mouse()
            self._point_to(event.x)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Scrub."""
        if self._dragged:
            self._point_to(event.x)

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """There it stays."""
        del event
        if self._dragged:
            self._dragged = False
            self.release_mouse()

    def told(self) -> list[Line]:
        """What everybody did at the moment, or does now."""
        at_ms = self.moment_ms
        end_ms = self._end_ms()
        back = "now" if at_ms is None else f"{duration(end_ms - at_ms)} before the end"
        lines: list[Line] = [("heading", f"At this moment: {back}")]
        if self._names:
            lines.append(("muted", f"{_LEGEND}   one cell is {duration(self._cell_ms)}"))
        for name in self._names:
            span = self._doing(name, end_ms - 1 if at_ms is None else at_ms)
            what = (
                "nothing" if span is None else f"{span.kind}  {clean_line(span.title, limit=120)}"
            )
            took = ""
            if span is not None:
                last_ms = span.end_ms or max(end_ms, span.start_ms)
                took = f"  ({duration(last_ms - span.start_ms)}{', failed' * span.failed})"
            lines.append(("plain", f"{clean_line(name, limit=24)}: {what}{took}"))
        return lines

    def _doing(self, name: str, at_ms: int) -> TimeSpan | None:
        found = [s for s in self._lanes.get(name, ()) if _within(s, at_ms)]
        return max(found, key=lambda span: (_RANK[span.kind], span.start_ms), default=None)

    def on_resize(self) -> None:
        """As much as fits, unless a person chose how much."""
        self._fit()

    def _fit(self) -> None:
        if self._zoomed or not self._spans:
            return
        length_ms = self._end_ms() - min(span.start_ms for span in self._spans)
        fits = [n for n, cell_ms in enumerate(_SCALES_MS) if cell_ms * self._room >= length_ms]
        self._scale = fits[0] if fits else len(_SCALES_MS) - 1

    @property
    def _room(self) -> int:
        """Cells for the time itself."""
        return max(1, self.scrollable_content_region.width - _NAME - 2)

    @property
    def _cell_ms(self) -> int:
        return _SCALES_MS[self._scale]

    def _end_ms(self) -> int:
        if any(span.end_ms is None for span in self._spans):
            return self._now_ms
        return max((span.end_ms or 0 for span in self._spans), default=self._now_ms)

    # -- drawing ------------------------------------------------------------------------------

    def spans(self, place: int, width: int) -> list[Span]:
        """See `RowWindow.spans`."""
        room = max(1, width - _NAME - 2)
        end_ms = self._end_ms()
        right_ms = end_ms if self._right_ms is None else self._right_ms
        left_ms = right_ms - room * self._cell_ms
        moment = None
        if self.moment_ms is not None:
            moment = max(0, min(room - 1, (self.moment_ms - left_ms) // self._cell_ms))
        if place == 0:
            return [(" " * (_NAME + 1), Style.null()), *self._axis(left_ms, end_ms, room)]
        name = self._names[place - 1]
        head = clip([(f" {clean_line(name, limit=40)}", self.look("name"))], _NAME)
        pad = " " * (_NAME + 1 - span_width(head))
        return [*head, (pad, Style.null()), *self._lane(name, left_ms, room, moment)]

    def _axis(self, left_ms: int, end_ms: int, room: int) -> list[Span]:
        marks = ""
        while len(marks) < room:
            before_ms = end_ms - (left_ms + len(marks) * self._cell_ms)
            label = "now" if before_ms <= 0 else f"│-{duration(before_ms)}"
            marks += label.ljust(16)
        return [(marks[:room], self.look("axis"))]

    def _lane(self, name: str, left_ms: int, room: int, moment: int | None) -> list[Span]:
        cells: list[tuple[str, str]] = [(" ", "axis")] * room
        for span in self._lanes[name]:
            end_ms = span.end_ms if span.end_ms is not None else max(self._now_ms, span.start_ms)
            first = (span.start_ms - left_ms) // self._cell_ms
            last = max(first, -(-(end_ms - left_ms) // self._cell_ms) - 1)
            look = "failed" if span.failed and span.kind != "run" else span.kind
            for at in range(max(0, first), min(room, last + 1)):
                cells[at] = (_MARKS[span.kind], look)
        made: list[Span] = []
        looks = {look: self.look(look) for look in {look for _, look in cells}}
        here = self.look("moment")
        for at, (drawn, look) in enumerate(cells):
            mark, style = ("┃", here) if at == moment else (drawn, looks[look])
            if made and made[-1][1] == style:
                made[-1] = (made[-1][0] + mark, style)
            else:
                made.append((mark, style))
        return made


def _within(span: TimeSpan, at_ms: int) -> bool:
    return span.start_ms <= at_ms and (span.end_ms is None or at_ms < span.end_ms)
