"""A stored conversation comes on screen: its end at once, the rest when it is wanted."""

from __future__ import annotations

from typing import Any

import pytest
from textual.pilot import Pilot

from alloy_tui.domain import events as ev
from alloy_tui.domain.messages import (
    ChatMessage,
    ImageBlock,
    TextBlock,
    ThinkingBlock,
    ToolResultBlock,
    user,
)
from alloy_tui.runtime.library_port import FoundMessage
from alloy_tui.runtime.path_values import PathItem, PathPage, SessionState
from alloy_tui.runtime.port import OWN_COMMAND
from alloy_tui.tools.core import core_tools
from alloy_tui.ui.panes.chat_history import FIRST_ITEMS
from alloy_tui.ui.tool_view import headline_of
from tests.support import feed as fd
from tests.support import scenes, stored
from tests.support.feed import START_MS
from tests.support.stage import Stage, screen_text

pytestmark = pytest.mark.anyio

_DIFF = "--- a.py\n+++ a.py\n@@ -1 +1 @@\n-old\n+new\n"


async def opened(stage: Stage, pilot: Pilot[Any], *items: PathItem, **state: Any) -> None:
    """A session with these items is on screen."""
    stage.port.tree.path = items
    stage.port.tree.state = SessionState(id="s1", title="shop", **state)
    await stage.play(pilot, fd.started(), ev.SessionOpened("s1", "shop"))
    await pilot.pause()


async def moved(stage: Stage, pilot: Pilot[Any], *items: PathItem) -> None:
    """The conversation stands elsewhere."""
    stage.port.tree.path = items
    await stage.play(pilot, ev.LeafMoved("x", "y"))
    await pilot.pause()


async def test_a_session_is_shown_from_its_end_with_two_questions_asked() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(100, 30)) as pilot:
        await opened(stage, pilot, *stored.conversation(500))
        shown = screen_text(stage.app)
        assert "answer 499, in short" in shown
        assert "question 498" in shown
        document = stage.bench.work.chat.transcript.document
        assert len(document) == FIRST_ITEMS
        assert stage.port.wanted("items") == [(None,)]


async def test_reading_upwards_brings_earlier_pages_and_home_the_first_message() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(100, 30)) as pilot:
        await opened(stage, pilot, *stored.conversation(700))
        transcript = stage.bench.work.chat.transcript
        transcript.focus()
        await pilot.press("home")
        while transcript.more_above:
            await pilot.pause()
        await pilot.pause()
        assert "question 0" in screen_text(stage.app)
        assert len(transcript.document) == 1400


async def test_a_page_never_begins_with_a_result_without_its_call() -> None:
    stage = Stage()
    calls = [stored.called(f"c{n}", "read", path=f"{n}.py") for n in range(FIRST_ITEMS + 30)]
    results = [stored.brought(f"r{n}", f"c{n}", "read", f"text {n}") for n in range(len(calls))]
    items = [stored.said("q", "read all"), stored.answered("a", *calls), *results]
    async with stage.app.run_test(size=(100, 30)) as pilot:
        await opened(stage, pilot, *items, stored.answered("z", "All read."))
        transcript = stage.bench.work.chat.transcript
        while transcript.more_above:
            await pilot.pause()
        kinds = [block.kind for block in transcript.document.blocks]
        assert kinds == ["user", *["tool"] * len(calls), "agent"]


async def test_stored_calls_look_as_they_did_when_they_were_live() -> None:
    """Title, state, diff, summary and duration are on the card; the tool pane has them too."""
    live, after = Stage(), Stage()
    arguments = {"path": "a.py", "old_string": "old", "new_string": "new"}
    async with live.app.run_test(size=(90, 30)) as pilot:
        await live.play(
            pilot,
            fd.started(),
            fd.run("fix it"),
            fd.turn(),
            *fd.call("1", "edit", **arguments),
            fd.turn_done("tool_use"),
            fd.tool_started("1", "edit", "a.py", **arguments),
            fd.tool_done("1", "edit", "Edited a.py.", ms=2000, details={"diff": _DIFF}),
            *fd.call("2", "bash", command="make"),
            fd.tool_started("2", "bash", "make", command="make"),
            fd.tool_done("2", "bash", "no rule", is_error=True, details={"exit_code": 2}),
            fd.turn(),
            ev.TextDelta("It is **fixed**."),
            fd.turn_done(),
            fd.done("It is **fixed**."),
        )
        rows = [r for b in live.bench.work.chat.transcript.document.blocks for r in b.rows or []]
    async with after.app.run_test(size=(90, 30)) as pilot:
        calls = stored.called("1", "edit", **arguments), stored.called("2", "bash", command="make")
        await opened(
            after,
            pilot,
            stored.said("q", "fix it"),
            stored.answered("a", *calls),
            stored.brought(
                "r", "1", "edit", "Edited a.py.", duration_ms=2000, details={"diff": _DIFF}
            ),
            stored.brought(
                "s",
                "2",
                "bash",
                "no rule",
                is_error=True,
                details={"exit_code": 2},
                duration_ms=800,
            ),
            stored.answered("b", "It is **fixed**."),
        )
        again = [r for b in after.bench.work.chat.transcript.document.blocks for r in b.rows or []]
        assert [r.text for r in again] == [r.text for r in rows]
        await pilot.press("ctrl+up")
        pane = after.bench.work.tool_pane
        assert pane.key is not None
        assert pane.key[2] == "2"


async def test_what_is_not_an_answer_is_told_in_words() -> None:
    stage = Stage()
    png = b"\x89PNG\r\n\x1a\n" + b"\0" * 8 + (640).to_bytes(4, "big") + (480).to_bytes(4, "big")
    picture = PathItem("p", "user", START_MS, message=user("look", ImageBlock("image/png", png)))
    async with stage.app.run_test(size=(100, 40)) as pilot:
        await opened(
            stage,
            pilot,
            picture,
            stored.answered("a", ThinkingBlock("hm"), "It is a", incomplete="stream_cut"),
            stored.answered("e", incomplete="cancelled"),
            PathItem("m", "model", START_MS, model="openai/gpt-6"),
            PathItem("c", "compaction", START_MS, words="41k → 6k", messages=(user("in short"),)),
            PathItem("g", "graft", START_MS, words="the answer of use Decimal"),
            PathItem("l", "lost", START_MS),
        )
        shown = screen_text(stage.app)
        for words in (
            "PNG, 640 x 480",
            "thought",
            "incomplete: the connection broke",
            "broke off before its first word: stopped by you",
            "openai/gpt-6 answers from here on",
            "41k → 6k",
            "▸ summary  what the model reads instead",
            "the answer of use Decimal",
            "the store was damaged",
        ):
            assert words in shown, words


async def test_a_rewind_takes_away_only_what_left_the_path() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(100, 60)) as pilot:
        items = stored.conversation(6)
        await opened(stage, pilot, *items)
        blocks = list(stage.bench.work.chat.transcript.document.blocks)
        await moved(stage, pilot, *items[:8])
        assert stage.bench.work.chat.transcript.document.blocks == blocks[:8]
        assert "question 4" not in screen_text(stage.app)
        await moved(stage, pilot, *items[:8], stored.said("n", "another way"))
        assert stage.bench.work.chat.transcript.document.blocks[:8] == blocks[:8]
        assert "another way" in screen_text(stage.app)


async def test_going_back_to_the_very_beginning_leaves_nothing_but_the_welcome() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(100, 30)) as pilot:
        await opened(stage, pilot, *stored.conversation(2))
        await moved(stage, pilot)
        assert len(stage.bench.work.chat.transcript.document) == 0
        assert stage.bench.work.chat._welcome.display


async def test_live_messages_that_have_left_the_path_go_too() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(100, 30)) as pilot:
        items = stored.conversation(2)
        await opened(stage, pilot, *items)
        await stage.play(
            pilot,
            fd.run("live one"),
            fd.turn(),
            ev.TextDelta("yes"),
            fd.turn_done(),
            fd.done("yes"),
        )
        assert "live one" in screen_text(stage.app)
        await moved(stage, pilot, *items)
        assert "live one" not in screen_text(stage.app)
        assert "answer 1" in screen_text(stage.app)


async def test_what_is_sent_while_the_page_is_on_its_way_is_shown_once_and_after_it() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(100, 30)) as pilot:
        tree = stage.port.tree
        tree.held = waiting = []
        tree.state = SessionState(id="s1")
        await stage.play(pilot, fd.started(), ev.SessionOpened("s1"), at=0)
        await stage.play(pilot, fd.run("hurry"), fd.turn(), ev.TextDelta("I do"), at=1000)
        assert "hurry" not in screen_text(stage.app)
        items = (*stored.conversation(2), stored.said("h", "hurry", at=1000))
        waiting[0](PathPage("s1", "h", items, 0))
        await pilot.pause()
        await pilot.pause()
        shown = screen_text(stage.app)
        assert shown.count("hurry") == 1
        assert shown.index("question 1") < shown.index("hurry") < shown.index("I do")


async def test_a_message_with_others_beside_it_shows_arrows_that_turn_the_branch() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(100, 30)) as pilot:
        first = stored.said("b", "second try", siblings=("a", "b", "c"))
        await opened(stage, pilot, first, stored.answered("d", "Yes."))
        rows = screen_text(stage.app).split("\n")
        y = next(n for n, row in enumerate(rows) if "‹ 2/3 ›" in row)
        await pilot.click(offset=(rows[y].index("‹"), y))
        await pilot.pause()
        await pilot.click(offset=(rows[y].index("›"), y))
        await pilot.pause()
        await pilot.press("alt+right")
        await pilot.pause()
        assert stage.port.wanted("switch") == [("a",), ("c",), ("c",)]


async def test_the_keys_that_turn_go_by_words_while_something_is_typed() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(100, 30)) as pilot:
        await opened(stage, pilot, stored.said("b", "again", siblings=("a", "b")))
        await stage.type(pilot, "two words")
        await pilot.press("alt+left")
        await pilot.pause()
        assert stage.port.wanted("switch") == []
        assert stage.bench.prompt.cursor_location == (0, 4)


async def test_a_live_message_gets_its_arrows_as_soon_as_it_is_stored() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(100, 30)) as pilot:
        await opened(stage, pilot, *stored.conversation(1))
        await stage.play(pilot, fd.run("another"), fd.turn())
        again = stored.said("n", "another", siblings=("m", "n"))
        stage.port.tree.path = (*stored.conversation(1), again)
        await stage.play(pilot, ev.SessionSaved("s1", ("n",)))
        await pilot.pause()
        assert "‹ 2/2 ›" in screen_text(stage.app)


async def test_a_session_of_another_program_is_followed_and_said_to_be_read_only() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(100, 30)) as pilot:
        items = stored.conversation(1)
        growing = stored.answered("g", TextBlock("so far"), growing=True)
        await opened(
            stage, pilot, *items, stored.said("q", "go on"), growing, writable=False, owner=42
        )
        assert "another program (pid 42)" in screen_text(stage.app)
        first = stage.bench.work.chat.transcript.document.blocks[0]
        await moved(
            stage, pilot, *items, stored.said("q", "go on"), stored.answered("g", "so far so good")
        )
        shown = screen_text(stage.app)
        assert "so far so good" in shown
        assert shown.count("so far") == 1
        assert stage.bench.work.chat.transcript.document.blocks[0] is first


async def test_a_switch_of_models_that_the_path_tells_of_is_not_told_again() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(100, 30)) as pilot:
        switch = PathItem("m", "model", START_MS, model="openai/gpt-6")
        await opened(stage, pilot, *stored.conversation(1), switch)
        await stage.play(pilot, ev.ModelChanged("a/b", "openai/gpt-6"))
        await pilot.pause()
        assert screen_text(stage.app).count("answers from here on") == 1


async def test_events_of_other_agents_are_not_part_of_the_conversation() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(100, 30)) as pilot:
        await scenes.asked(stage, pilot)
        other = fd.Feed("race-1").at(5000)
        stage.port.feed(*other(fd.started(), fd.run("secret"), fd.turn(), ev.TextDelta("theirs")))
        await stage.port.until_quiet()
        await pilot.pause()
        assert "theirs" not in screen_text(stage.app)
        assert stage.bench.view.state == "thinking"


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("read", {"file_path": "a.py"}),
        ("read", {"file_path": "a.py", "offset": 40}),
        ("write", {"file_path": "a.py", "content": "x" * 1200}),
        ("edit", {"file_path": "a.py", "old_string": "a", "new_string": "b"}),
        ("edit", {"file_path": "a", "old_string": "a", "new_string": "b", "replace_all": True}),
        ("bash", {"command": "\nmake\nmake test\n"}),
    ],
)
async def test_a_stored_call_is_headed_as_it_was_live(name: str, arguments: dict[str, Any]) -> None:
    tool = next(t for t in core_tools() if t.spec.name == name)
    assert headline_of(name, arguments) == tool.headline(tool.prepare(arguments))


async def test_a_stored_command_of_ones_own_is_a_card_like_the_live_one() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        words = "[The user ran …]\n$ make\nall done"
        told = ChatMessage("user", (TextBlock(words),), synthetic=True)
        item = PathItem(
            "1",
            "user",
            START_MS,
            message=told,
            name=OWN_COMMAND,
            details={"command": "make all\nmake test", "private": False, "exit_code": 0},
            result=ToolResultBlock("1", (TextBlock("all done"),)),
            duration_ms=12_000,
        )
        await opened(stage, pilot, item, *stored.conversation(1))
        shown = screen_text(stage.app)
        assert "▸ !  make all" in shown
        assert "make test  12 s" in shown
        assert "The user ran" not in shown
        assert "for the model" not in shown


@pytest.mark.parametrize("place", [3, 690])
async def test_what_was_found_in_a_session_is_shown_where_it_was_said(place: int) -> None:
    stage = Stage()
    async with stage.app.run_test(size=(100, 30)) as pilot:
        items = stored.conversation(700)
        node = f"q{place}"
        hit = FoundMessage("s1", "shop", "/x", node, "user", START_MS, "question", ())
        stage.port.library.found = [hit]
        await stage.play(pilot, fd.started())
        await stage.type(pilot, "/search question")
        await pilot.press("enter")
        await pilot.pause()
        await pilot.pause()
        await pilot.press("enter")
        assert stage.port.wanted("open") == [("s1", node)]
        await opened(stage, pilot, *items)
        transcript = stage.bench.work.chat.transcript
        while f"question {place}" not in screen_text(stage.app):
            await pilot.pause()
        rows = screen_text(stage.app).splitlines()[1:]
        first = next(row for row in rows if "question" in row)
        assert f"question {place}" in first
        assert not transcript.follow
