"""The pages about sessions: compare, race, the resume picker, search, and their commands."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from textual.pilot import Pilot

from alloy_tui.domain import events as ev
from alloy_tui.runtime.branch_values import (
    BranchSide,
    ComparedFile,
    ComparedRow,
    ComparisonView,
    Racer,
)
from alloy_tui.runtime.library_port import FoundMessage, SessionRow
from alloy_tui.runtime.path_values import PathPage, SessionState
from alloy_tui.ui.lines import Change
from alloy_tui.ui.screens.compare import CompareScreen, file_lines, titles
from alloy_tui.ui.screens.race import RaceScreen
from alloy_tui.ui.screens.sessions import SessionsScreen
from tests.support import feed as fd
from tests.support import stored
from tests.support.feed import START_MS, Feed
from tests.support.stage import Stage, screen_text

pytestmark = pytest.mark.anyio

MINUTE_MS = 60_000


def comparison() -> ComparisonView:
    """The sketch's two ways to go on."""
    calls = stored.called("c", "edit", path="a.py")
    left = BranchSide("4", "fix inner round", 2, 1, 0, 1200, 0.10, 64_000, ("a/b",), 1, 2, 1)
    right = BranchSide("8", "use Decimal", 2, 0, 0, None, 0.31, 192_000, ("c/d",), 4, 38, 12)
    rows = (
        ComparedRow(stored.said("3", "fix inner round"), stored.said("7", "use Decimal"), False),
        ComparedRow(
            stored.answered("4", "Applied **before** the sum.", calls),
            stored.answered("8", "Switching the money type.\n\n" * 9),
            False,
        ),
        ComparedRow(stored.brought("r", "c", "edit", "Edited."), None, False),
    )
    files = (ComparedFile("a.py", "x = 1\n", "x = 2\n"), ComparedFile("b.bin", None, None, "bytes"))
    return ComparisonView("2", 2, left, right, rows, files)


async def compared(stage: Stage, pilot: Pilot[Any]) -> CompareScreen:
    """Two branches are beside each other."""
    stage.port.tree.comparison = comparison()
    await stage.play(pilot, fd.started())
    stage.bench.compare("4", "8")
    await pilot.pause()
    await pilot.pause()
    screen = stage.app.screen
    assert isinstance(screen, CompareScreen)
    return screen


async def test_who_points_at_a_side_of_a_comparison_means_it() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 36)) as pilot:
        await compared(stage, pilot)

        def marked() -> bool:
            """Whether the mark of the side that is meant stands on the left."""
            return "▸" in screen_text(stage.app).split("\n")[0][:60]

        assert not marked()
        await pilot.click(offset=(10, 8))
        await pilot.pause()
        assert marked()
        await pilot.click(offset=(80, 0))
        await pilot.pause()
        assert not marked()


def sessions(stage: Stage) -> None:
    """Three sessions, one of them written by another program."""
    now = stage.feed.now_ms
    stage.port.library.rows = [
        SessionRow("s1", "rounding", "", "/home/ada/src/shop", 0, now - 5 * MINUTE_MS, 12),
        SessionRow("s2", "taxes", "", "/home/ada/src/shop", 0, now - 300 * MINUTE_MS, 4, owner=77),
        SessionRow("s3", "", "a question", "/home/ada/src/web", 0, now - 9000 * MINUTE_MS, 1),
    ]
    stage.port.library.peeks["s1"] = PathPage("s1", None, tuple(stored.conversation(2)), 0)


async def picker(stage: Stage, pilot: Pilot[Any], command: str = "/resume") -> SessionsScreen:
    """The resume picker is open."""
    sessions(stage)
    await stage.play(pilot, fd.started())
    stage.bench.prompt.put(command)
    await pilot.press("enter")
    await pilot.pause()
    await pilot.pause()
    screen = stage.app.screen
    assert isinstance(screen, SessionsScreen)
    return screen


async def race(stage: Stage, pilot: Pilot[Any]) -> RaceScreen:
    """Two models are at the same question; the first has begun to answer."""
    await stage.play(pilot, fd.started())
    stage.bench.race(["a/one", "b/two"])
    await pilot.pause()
    await stage.type(pilot, "which is best?")
    await pilot.press("enter")
    await pilot.pause()
    tell = stage.port.tree.tell_race
    assert tell is not None
    tell((Racer("race-1", "a/one"), Racer("race-2", "b/two")))
    await pilot.pause()
    for name, text in (("race-1", "I am the first."), ("race-2", "I am the second.")):
        feed = Feed(name).at(4000)
        stage.port.feed(
            *feed(fd.started(), fd.run("which is best?"), fd.turn(), ev.TextDelta(text))
        )
    await stage.port.until_quiet()
    await pilot.pause()
    await pilot.pause()
    screen = stage.app.screen
    assert isinstance(screen, RaceScreen)
    return screen


async def test_two_branches_stand_side_by_side_with_their_totals() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await compared(stage, pilot)
        rows = screen_text(stage.app).split("\n")
        assert any("Applied before the sum" in r and "Switching the money" in r for r in rows)
        shown = "\n".join(rows)
        for words in ("+2 −1", "1 file", "$0.10", "3 m 12", "edit  a.py", "2 messages"):
            assert words in shown, words


async def test_files_and_cost_have_tabs_of_their_own() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await compared(stage, pilot)
        await pilot.press("tab")
        await pilot.pause()
        assert "x = 2" in screen_text(stage.app)
        assert "bytes" in screen_text(stage.app)
        await pilot.press("tab")
        await pilot.pause()
        assert "tool calls" in screen_text(stage.app)


def test_the_end_of_a_last_line_is_no_line_of_its_own() -> None:
    new = ComparedFile("a.md", None, "one\n\ntwo\n")
    (_, change, _) = file_lines([new])
    assert isinstance(change, Change)
    assert change.diff.split("\n")[1:] == ["+one", "+", "+two"]
    (_, words, _) = file_lines([ComparedFile("a.md", "one", "one\n")])
    assert words == ("muted", "They differ in how the last line ends.")


async def test_where_there_is_room_for_one_side_a_key_turns_to_the_other() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await compared(stage, pilot)
        assert "Switching the money" in screen_text(stage.app)
        assert "Applied before" not in screen_text(stage.app)
        await pilot.press("left")
        await pilot.pause()
        await pilot.pause()
        assert "Applied before" in screen_text(stage.app)


@pytest.mark.parametrize(
    ("keys", "verb", "asked"),
    [
        (["enter"], "switch", ("8",)),
        (["left", "enter"], "switch", ("4",)),
        (["g", "enter"], "graft", ("8", "answer")),
    ],
)
async def test_the_side_that_is_meant_is_gone_on_with_or_brought_here(
    keys: list[str], verb: str, asked: tuple[str, ...]
) -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await compared(stage, pilot)
        for key in keys:
            await pilot.press(key)
            await pilot.pause()
        assert stage.port.wanted(verb) == [asked]


async def test_racers_answer_beside_each_other_and_not_in_the_conversation() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await race(stage, pilot)
        assert stage.port.wanted("race") == [("which is best?", ("a/one", "b/two"))]
        rows = screen_text(stage.app).split("\n")
        assert any("I am the first." in r and "I am the second." in r for r in rows)
        assert any(r.count("writing") == 2 for r in rows)
        assert len(stage.bench.work.chat.transcript.document) == 0


async def test_a_racer_is_picked_once_it_has_an_answer() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await race(stage, pilot)
        await pilot.press("enter")
        await pilot.pause()
        assert stage.port.wanted("switch") == []
        assert stage.port.tree.tell_race is not None
        stage.port.tree.tell_race(
            (Racer("race-1", "a/one", "n1", True), Racer("race-2", "b/two", "n2", True))
        )
        await pilot.pause()
        await pilot.press("right", "enter")
        await pilot.pause()
        assert stage.port.wanted("switch") == [("n2",)]


async def test_a_race_that_is_left_goes_on_and_is_found_again_as_it_was() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await race(stage, pilot)
        await pilot.press("escape")
        await pilot.pause()
        assert stage.app.screen is stage.bench
        stage.bench.race([])
        await pilot.pause()
        await pilot.pause()
        assert "I am the second." in screen_text(stage.app)
        assert stage.port.wanted("cancel") == []


async def test_racers_that_have_answered_are_compared() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await race(stage, pilot)
        assert stage.port.tree.tell_race is not None
        stage.port.tree.tell_race(
            (Racer("race-1", "a/one", "n1", True), Racer("race-2", "b/two", "n2", True))
        )
        await pilot.pause()
        assert sum(row.count("done") for row in screen_text(stage.app).split("\n")[-3:]) == 2
        await pilot.press("c")
        await pilot.pause()
        assert stage.port.wanted("compare") == [("n1", "n2")]
        await pilot.press("escape")
        await pilot.pause()
        await pilot.pause()
        assert isinstance(stage.app.screen, RaceScreen)
        assert "Esc leaves them running" not in screen_text(stage.app)


def test_branches_that_begin_with_the_same_words_are_named_by_their_models() -> None:
    view = comparison()
    same = msgspec.structs.replace(view.right, title=view.left.title)
    assert titles(view) == ("fix inner round", "use Decimal")
    assert titles(msgspec.structs.replace(view, right=same)) == ("a/b", "c/d")


async def test_the_picker_shows_sessions_with_a_look_into_the_one_that_is_marked() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await picker(stage, pilot)
        shown = screen_text(stage.app)
        for words in ("rounding", "5 min ago", "open elsewhere", "a question", "answer 1"):
            assert words in shown, words
        await pilot.press("enter")
        await pilot.pause()
        assert stage.port.wanted("open") == [("s1", None)]
        assert stage.app.screen is stage.bench


async def test_a_look_at_a_session_names_the_program_that_writes_it() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await picker(stage, pilot)
        assert "another program" not in screen_text(stage.app)
        await pilot.press("down")
        await pilot.pause()
        await pilot.pause()
        assert "open in another program (pid 77)" in screen_text(stage.app)


async def test_until_the_sessions_are_known_the_picker_does_not_say_that_there_are_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stage = Stage()
    answers: list[Any] = []
    monkeypatch.setattr(stage.port.library, "list", lambda then, **_: answers.append(then))
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await picker(stage, pilot)
        assert "Looking …" in screen_text(stage.app)
        assert "no sessions" not in screen_text(stage.app)
        answers.pop()(())
        await pilot.pause()
        await pilot.pause()
        assert "There are no sessions yet." in screen_text(stage.app)
        assert "Looking …" not in screen_text(stage.app)


async def test_typing_searches_in_what_was_said_and_opens_at_the_message() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        found = FoundMessage(
            "s9", "old talk", "/x", "n5", "user", START_MS, "half cents", ((0, 4),)
        )
        stage.port.library.found = [found]
        await picker(stage, pilot, "/search")
        await stage.type(pilot, "half")
        await pilot.pause()
        await pilot.pause()
        assert stage.port.wanted("search")[-1] == ("half", True)
        assert "half cents" in screen_text(stage.app)
        await pilot.press("enter")
        await pilot.pause()
        assert stage.port.wanted("open") == [("s9", "n5")]


async def test_a_session_is_renamed_put_away_and_brought_back() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await picker(stage, pilot)
        await pilot.press("ctrl+r", "end", "s", "enter")
        await pilot.pause()
        assert stage.port.wanted("rename") == [("s1", "roundings")]
        await pilot.press("ctrl+d")
        await pilot.pause()
        assert stage.port.wanted("delete") == [("s1",)]
        assert "rounding  " not in screen_text(stage.app)
        await pilot.press("ctrl+u")
        await pilot.pause()
        assert stage.port.wanted("restore") == [("s1",)]
        assert "rounding" in screen_text(stage.app)


async def test_a_session_that_another_program_writes_is_not_put_away() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await picker(stage, pilot)
        await pilot.press("down", "ctrl+d")
        await pilot.pause()
        assert stage.port.wanted("delete") == []


async def test_tab_looks_in_all_folders() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await picker(stage, pilot)
        await pilot.press("tab")
        await pilot.pause()
        assert stage.port.wanted("list") == [(False, False), (True, False)]
        assert "all folders" in screen_text(stage.app)


@pytest.mark.parametrize(
    ("typed", "asked"),
    [
        ("/redo", ("redo", "conversation", {})),
        ("/checkpoint good one", ("label", None, "good one")),
        ("/branch", ("branch", "4")),
        ("/fork", ("fork", None)),
        ("/rename shop talk", ("rename", "s", "shop talk")),
        ("/note the bank says so", ("note", "4", "the bank says so")),
        ("/export html out.html", ("export", "html", "out.html")),
        ("/new", ("reset",)),
    ],
)
async def test_the_commands_ask_for_what_they_say(typed: str, asked: tuple[object, ...]) -> None:
    stage = Stage()
    async with stage.app.run_test(size=(100, 30)) as pilot:
        stage.port.tree.state = SessionState(id="s", leaf="4", moves_back=1)
        await stage.play(pilot, fd.started())
        stage.bench.prompt.put(typed)
        await pilot.press("enter")
        await pilot.pause()
        await pilot.pause()
        assert asked in stage.port.asked
