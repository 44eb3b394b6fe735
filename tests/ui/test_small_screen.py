"""At 60 columns and 15 rows everything can be reached, read and left again."""

from __future__ import annotations

import pytest

from tests.support import feed as fd
from tests.support import scenes
from tests.support.stage import Stage, screen_text

pytestmark = pytest.mark.anyio

SMALL = (60, 15)


async def test_a_conversation_is_read_asked_and_answered() -> None:
    """The question, the answer and the prompt are in sight; an approval leaves room for both."""
    stage = Stage()
    async with stage.app.run_test(size=SMALL) as pilot:
        await scenes.approval(stage, pilot)
        await stage.wait(pilot, 1)
        text = screen_text(stage.app)
        assert "wants to run" in text
        assert "deny and say why" in text
        assert "❯" in text
        assert all(len(row) <= SMALL[0] for row in text.split("\n"))
        await pilot.press("alt+y")
        await pilot.pause()
        assert len(stage.port.wanted("answer")) == 1


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("f1", "Help"),
        ("f2", "So far"),
        ("f4", "Esc closes"),
        ("ctrl+l", "Esc leaves"),
        ("ctrl+p", "Search for commands"),
    ],
)
async def test_each_page_opens_whole_and_closes_with_escape(key: str, words: str) -> None:
    stage = Stage()
    async with stage.app.run_test(size=SMALL) as pilot:
        await stage.play(pilot, fd.started())
        await pilot.press(key)
        await pilot.pause()
        await pilot.pause()
        assert words in screen_text(stage.app)
        await pilot.press("escape")
        await pilot.pause()
        assert stage.app.screen is stage.bench
        assert stage.app.focused is stage.bench.prompt


async def test_the_pane_covers_and_its_tabs_turn_and_ten_lines_of_a_message_can_be_typed() -> None:
    stage = Stage()
    async with stage.app.run_test(size=SMALL) as pilot:
        await scenes.two_tools(stage, pilot)
        for number, name in enumerate(("Output", "Args", "Diff", "Raw", "Timing"), 1):
            await pilot.press(f"alt+{number}")
            await pilot.pause()
            assert name in screen_text(stage.app)
        await pilot.press("escape")
        stage.bench.prompt.put("\n".join(f"line {n}" for n in range(12)))
        await pilot.pause()
        text = screen_text(stage.app)
        assert "line 11" in text
        assert stage.bench.work.chat.size.height >= 1


@pytest.mark.parametrize(("size", "key"), [((60, 20), ""), ((40, 20), ""), ((60, 20), "ctrl+d")])
async def test_no_letter_of_a_notice_is_cut(size: tuple[int, int], key: str) -> None:
    """Full lines of a notice end within its box, on the dashboard too."""
    words = "".join(f"{number:03}" for number in range(60))
    stage = Stage()
    async with stage.app.run_test(size=size, notifications=True) as pilot:
        if key:
            await pilot.press(key)
        stage.app.notify(words, markup=False, timeout=60)
        await pilot.pause()
        await pilot.pause()
        rows = [
            row.split("▌")[1].strip() for row in screen_text(stage.app).split("\n") if "▌" in row
        ]
        assert "".join(rows) == words
