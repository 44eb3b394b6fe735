"""What a widget forgets to clean does not reach the terminal armed, whatever draws it."""

from __future__ import annotations

import re
import unicodedata

import pytest
from rich.segment import ControlType, Segment
from textual.app import ComposeResult
from textual.color import Color
from textual.containers import Vertical
from textual.strip import Strip
from textual.widgets import OptionList, RichLog, Static, TextArea
from textual.widgets.option_list import Option

from alloy_tui.ui.terminal.disarming import UNCLEANED, Disarm
from alloy_tui.ui.transcript import UserBlock
from tests.program.hostile import needs_corpus, payloads
from tests.support import feed as fd
from tests.support.stage import Stage

pytestmark = pytest.mark.anyio
BLACK = Color(0, 0, 0)


class Careless(Vertical):
    """Shows a text as it comes, by the library's own widgets."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def compose(self) -> ComposeResult:
        yield Static(self._text, markup=False)
        yield OptionList(Option(self._text, id="one"), markup=False)
        yield TextArea(self._text)
        yield RichLog()

    def on_mount(self) -> None:
        self.query_one(RichLog).write(self._text)


@pytest.mark.corpus
@needs_corpus
@pytest.mark.parametrize("theme", ["dark", "no-colour"])
async def test_no_careless_widget_lets_a_control_through(theme: str) -> None:
    stage = Stage(theme=theme)
    async with stage.app.run_test(size=(80, 40)) as pilot:
        for payload in payloads():
            careless = Careless(payload.text)
            await stage.bench.mount(careless)
            careless.styles.height = 30
            await pilot.pause()
            for strip in stage.app.screen._compositor.render_strips(stage.app.size):
                text = "".join(segment.text for segment in strip if not segment.control)
                armed = [c for c in text if unicodedata.category(c) == "Cc"]
                assert armed == [], payload.name
                assert strip.cell_length == 80
            await careless.remove()
        assert stage.app.disarm.met > len(payloads())


def test_the_programs_own_controls_stay_and_so_does_the_width() -> None:
    move = Segment("\x1b[7G", None, ((ControlType.CURSOR_MOVE_TO_COLUMN, 6),))
    strip = Strip([Segment("a\x1b[2Jb\u202e"), move, Segment("c")])
    shown = strip.apply_filter(Disarm(), BLACK)
    assert list(shown) == [Segment("a[2Jb"), move, Segment("c")]
    assert shown.cell_length == strip.cell_length


def test_what_holds_a_row_to_the_grid_stays_though_its_mark_was_lost() -> None:
    held = [Segment("  \x1b[3G"), Segment("👩\u200d👧"), Segment("\x1b[5G"), Segment("x")]
    disarm = Disarm()
    assert disarm.apply(held, BLACK) == held
    assert disarm.met == 0
    joined = [Segment("  \x1b[3G👩\u200d👧\x1b[5Gx")]
    assert disarm.apply(joined, BLACK) == joined
    assert disarm.met == 0
    armed = [Segment("a\x1b[3Gb\x1b[2Jc\x1b[3;4G")]
    assert disarm.apply(armed, BLACK) == [Segment("a\x1b[3Gb[2Jc[3;4G")]


async def test_emoji_behind_a_page_are_held_to_the_grid_still() -> None:
    """A page that lets them shine through draws them anew, as text."""
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await stage.play(pilot, fd.started(), fd.run("x"))
        stage.bench.work.chat.transcript.add(UserBlock("👩‍👩‍👧‍👦 שלום 🏳️‍🌈"))
        await pilot.pause()
        stage.app.open_page("settings")
        await pilot.pause()
        shown = "".join(
            segment.text
            for strip in stage.app.screen._compositor.render_strips(stage.app.size)
            for segment in strip
        )
        assert "👩‍👩‍👧‍👦" in shown
        assert re.findall(r"(?<!\x1b)\[\d+G", shown) == []
        assert stage.app.disarm.met == 0


def test_a_row_without_controls_is_not_made_anew() -> None:
    segments = [Segment("plain "), Segment("日本 😀")]
    assert Disarm().apply(segments, BLACK) is segments


def test_the_log_is_told_once_and_none_of_the_text(caplog: pytest.LogCaptureFixture) -> None:
    disarm = Disarm()
    for _ in range(3):
        disarm.apply([Segment("my secret\x1b[2J")], BLACK)
    assert disarm.met == 3
    assert [record.getMessage() for record in caplog.records] == [UNCLEANED]
