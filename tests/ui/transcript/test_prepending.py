"""What came earlier goes above, and what is on show stays where it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alloy_tui.ui.transcript import AgentBlock, EarlierWanted, ToolBlock, UserBlock
from alloy_tui.ui.transcript.heights import Heights
from tests.ui.transcript.stage import Stage, row_with, screen_of

pytestmark = pytest.mark.anyio


class Asked(Stage):
    """Counts how often something earlier was wanted."""

    wanted = 0

    def on_earlier_wanted(self, message: EarlierWanted) -> None:
        message.stop()
        self.wanted += 1


def turns(first: int, count: int) -> list[UserBlock | AgentBlock]:
    """Questions and answers, numbered."""
    made: list[UserBlock | AgentBlock] = []
    for number in range(first, first + count):
        made += [UserBlock(f"question {number}"), AgentBlock(f"answer {number}\n\nmore of it")]
    return made


@given(st.lists(st.integers(0, 9)), st.lists(st.lists(st.integers(0, 9), max_size=9), max_size=9))
def test_heights_put_first_sum_up_as_in_a_plain_list(
    after: list[int], before: list[list[int]]
) -> None:
    tree, plain = Heights(after), list(after)
    for some in before:
        tree.prepend(some)
        plain = [*some, *plain]
        tree.append(3)
        plain.append(3)
    assert [tree.top(n) for n in range(len(plain) + 1)] == [
        sum(plain[:n]) for n in range(len(plain) + 1)
    ]
    assert tree.total == sum(plain)


async def test_a_page_put_above_moves_nothing_that_is_on_show() -> None:
    app = Asked()
    async with app.run_test(size=(60, 20)) as pilot:
        transcript = app.transcript
        transcript.add(*turns(50, 30))
        transcript.more_above = True
        transcript.action_home()
        await pilot.pause()
        shown = screen_of(transcript)
        transcript.add_above(*turns(20, 30))
        await pilot.pause()
        assert screen_of(transcript) == shown
        assert "question 49" not in "\n".join(shown)
        transcript.action_page(-1)
        await pilot.pause()
        assert row_with(transcript, "question 49") >= 0


async def test_ids_from_before_still_name_their_blocks() -> None:
    app = Asked()
    async with app.run_test(size=(60, 20)) as pilot:
        transcript = app.transcript
        card = transcript.add(ToolBlock("bash", "ls", state="running"))
        first = transcript.add_above(*turns(0, 3))
        transcript.update_tool(card, state="done", headline="ls -l")
        await pilot.pause()
        assert "ls -l" in transcript.text_of(card)
        assert transcript.text_of(first) == "question 0"
        transcript.clear()
        transcript.add(UserBlock("anew"))
        transcript.add_above(UserBlock("before"))
        assert transcript.text_of(card) == transcript.text_of(first) == ""


async def test_earlier_is_wanted_once_near_the_top_and_not_at_the_end() -> None:
    app = Asked()
    async with app.run_test(size=(60, 20)) as pilot:
        transcript = app.transcript
        transcript.add(*turns(50, 100))
        transcript.more_above = True
        await pilot.pause()
        assert app.wanted == 0
        transcript.action_home()
        transcript.action_page(1)
        transcript.action_page(-1)
        await pilot.pause()
        assert app.wanted == 1


async def test_home_arrives_at_the_first_of_all_when_it_has_come() -> None:
    app = Asked()
    async with app.run_test(size=(60, 20)) as pilot:
        transcript = app.transcript
        transcript.add(*turns(50, 50))
        transcript.more_above = True
        transcript.action_home()
        transcript.add_above(*turns(20, 30))
        transcript.more_above = True
        transcript.add_above(*turns(0, 20))
        transcript.more_above = False
        await pilot.pause()
        assert "question 0" in screen_of(transcript)[1]
        assert app.wanted == 2


async def test_a_search_finds_what_comes_above_while_it_is_on() -> None:
    app = Asked()
    async with app.run_test(size=(60, 20)) as pilot:
        transcript = app.transcript
        transcript.add(*turns(50, 30))
        transcript.more_above = True
        transcript.search("question")
        await pilot.pause()
        assert app.wanted == 1
        # Nobody is told that it is not there, or how often, before all has come.
        assert not transcript.hit_count[2]
        transcript.add_above(*turns(20, 30))
        transcript.more_above = False
        while not transcript.hit_count[2]:
            await pilot.pause()
        assert transcript.hit_count[1] == 60


async def test_a_selection_stays_on_its_words() -> None:
    app = Asked()
    async with app.run_test(size=(60, 20)) as pilot:
        transcript = app.transcript
        transcript.add(*turns(50, 2))
        await pilot.pause()
        y = row_with(transcript, "answer 50")
        await pilot.click(transcript, offset=(3, y), times=2)
        await pilot.pause()
        assert app.screen.get_selected_text() == "answer"
        transcript.add_above(*turns(0, 50))
        await pilot.pause()
        assert app.screen.get_selected_text() == "answer"
