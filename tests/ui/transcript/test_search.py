"""Searching: what is found, counted, shown, and the way back."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textual.app import App, ComposeResult
from textual.containers import Container

from alloy_tui.ui.markdown.page import Page
from alloy_tui.ui.markdown.palette import Palette
from alloy_tui.ui.markdown.stream import render
from alloy_tui.ui.transcript import AgentBlock, ThinkingBlock, ToolBlock, Transcript, UserBlock
from alloy_tui.ui.transcript.blocks import AgentText
from alloy_tui.ui.transcript.finding import Hits, Needle, hits_on
from tests.support.pointer import until
from tests.ui.transcript.stage import SHEET, Stage, screen_of

pytestmark = pytest.mark.anyio


class Pane(App[None]):
    """A transcript in a container, as the workbench has it."""

    CSS_PATH = str(SHEET)

    def compose(self) -> ComposeResult:
        with Container():
            yield Transcript(id="transcript")

    @property
    def transcript(self) -> Transcript:
        return self.query_one(Transcript)


def marked(transcript: Transcript) -> list[str]:
    """The words on the screen in the colours of a hit, row by row."""
    look = transcript.document.look
    assert look is not None
    grounds = {look["match"].bgcolor, look["match-now"].bgcolor}
    rows = transcript.render_lines(transcript.size.region)
    hits = ["".join(s.text for s in row if s.style and s.style.bgcolor in grounds) for row in rows]
    return [hit for hit in hits if hit]


async def until_counted(pilot) -> None:
    transcript = pilot.app.query_one(Transcript)
    while not transcript.hit_count[2]:
        await pilot.pause()
    await pilot.pause()


async def search_for(pilot, words: str) -> None:
    pilot.app.query_one(Transcript).focus()
    await pilot.press("slash", *(c if c != " " else "space" for c in words))
    await until_counted(pilot)


async def test_hits_show_while_one_types_and_esc_goes_back():
    """The view goes to the nearest hit, the count says which it is, Esc returns."""
    app = Pane()
    async with app.run_test(size=(80, 14)) as pilot:
        t = app.transcript
        t.add(*[AgentBlock(f"answer {n}\n\nwith some words") for n in range(60)])
        t.add(UserBlock("the end"))
        await pilot.pause()
        before = screen_of(t)
        await search_for(pilot, "answer 1")
        assert t.hit_count == (11, 11, True)  # 1 and 10 to 19, the last of them first
        assert "  answer 19" in screen_of(t)
        await pilot.press("down")
        assert t.hit_count[0] == 1
        await pilot.press("up", "up")
        assert "  answer 18" in screen_of(t)
        await pilot.press("escape")
        await pilot.pause()
        assert screen_of(t) == before
        assert t.follow
        assert not marked(t)


async def test_a_hit_opens_what_hides_it():
    """Thinking and results unfold, far down too, and fold again on the way back."""
    app = Pane()
    async with app.run_test(size=(80, 14)) as pilot:
        t = app.transcript
        lines = "\n".join(f"line {n}" for n in range(1000))
        t.add(ThinkingBlock("a deep thought", duration_ms=1000))
        t.add(ToolBlock("bash", "seq", "done", result=lines), UserBlock("done"))
        await pilot.pause()
        before = screen_of(t)
        await search_for(pilot, "line 777")
        assert "    line 777" in screen_of(t)
        assert any("767 earlier lines" in row for row in screen_of(t)) or t.scroll_offset.y > 0
        await pilot.press("ctrl+u", *"deep")
        await until_counted(pilot)
        assert "    a deep thought" in screen_of(t)
        await pilot.press("escape")
        await pilot.pause()
        assert screen_of(t) == before


async def test_reading_on_at_a_hit():
    """Tab leaves the line; n and N step, other letters are not taken, Esc ends it and stays."""
    app = Pane()
    async with app.run_test(size=(80, 14)) as pilot:
        t = app.transcript
        t.add(*[UserBlock(f"question {n}") for n in range(40)])
        await pilot.pause()
        await search_for(pilot, "question 3")
        await pilot.press("tab", "n", "n")
        assert t.hit_count[0] == 2
        await pilot.press("N")
        assert t.hit_count[0] == 1
        here = screen_of(t)
        await pilot.press("escape")
        await pilot.pause()
        assert [row for row in screen_of(t) if row][:3] == [row for row in here if row][:3]
        assert not t.searching


async def test_hits_across_a_cut_are_marked_whole():
    """A hit that a row's end cuts in two is marked on both rows."""
    app = Stage()
    async with app.run_test(size=(30, 12)) as pilot:
        t = app.transcript
        t.add(AgentBlock("one two three four **five** six seven eight nine ten"))
        await pilot.pause()
        assert t.find_text("four five  six seven") == [0]
        assert "".join(marked(t)).replace(" ", "") == "fourfivesixseven"
        assert len(marked(t)) == 2


async def test_growing_text_is_found_too():
    """What comes while a search is on is counted."""
    app = Stage()
    async with app.run_test(size=(60, 12)) as pilot:
        t = app.transcript
        answer = t.add(AgentBlock("the word"))
        await pilot.pause()
        t.find_text("word")
        t.append_text(answer, " and the word again")
        while t.hit_count[1] != 2:
            await pilot.pause()
        assert len("".join(marked(t))) == 2 * len("word")


async def test_markup_is_no_obstacle_and_no_hit():
    """Words are found across emphasis; an address that is not shown is stepped over."""
    app = Stage()
    async with app.run_test(size=(60, 12)) as pilot:
        t = app.transcript
        t.add(AgentBlock("see [the docs](https://secret.example)"), AgentBlock("a secret"))
        await pilot.pause()
        t.find_text("secret")
        for _ in range(3):
            t.next_hit(1)
        assert t.hit_count == (1, 1, True)
        assert marked(t) == ["secret"]


@given(
    st.text("abc *_`\n", max_size=80), st.text("abc", min_size=1, max_size=3), st.integers(4, 30)
)
@settings(max_examples=200, deadline=None)
def test_pieces_spell_the_needle(text, needle, width):
    """The marked characters of every hit are the needle, however rows are cut."""
    rows = render(text, Page(width, Palette(), 2 if width > 8 else 0))
    for pieces in hits_on(rows, 0, re.compile(needle)):
        assert "".join(rows[line].text[start:end] for line, start, end in pieces) == needle


@given(st.lists(st.integers(0, 3), min_size=1, max_size=12), st.data())
def test_steps_visit_every_hit_in_order(counts, data):
    """Forwards and backwards, round the ends, each hit once a round."""
    blocks = [AgentText("x " * count, "") for count in counts]
    hits = Hits(Needle("x"), data.draw(st.permutations(range(len(blocks)))))
    hits.step(lambda index: blocks[index], 1.0)
    total = sum(counts)
    assert hits.done
    assert hits.total == total
    if not total:
        assert not hits.move(1)
        return
    assert hits.first_from(0, backwards=False)
    places = [hits.place]
    for _ in range(total):
        hits.move(1)
        places.append(hits.place)
    assert places == [*range(1, total + 1), 1]
    hits.move(-1)
    assert hits.place == total


def test_a_needle_needs_words():
    """Blanks alone are nothing to look for."""
    with pytest.raises(ValueError, match="nothing"):
        Needle("  ")


async def test_a_long_search_lets_everything_else_in_between_its_slices():
    """What is posted after it has begun is handled before it is over, and it ends by itself."""
    app = Stage()
    async with app.run_test(size=(60, 20)) as pilot:
        t = app.transcript
        words = "some words of a message, none of them the one looked for\n" * 40
        t.add(*[UserBlock(f"{n} {words}") for n in range(3000)], UserBlock("nowhere else"))
        await pilot.pause()
        seen: list[tuple[int, int, bool]] = []
        t.search("nowhere")
        assert not t.hit_count[2]
        app.call_later(lambda: seen.append(t.hit_count))
        await until(pilot, lambda: t.hit_count[2])
        assert seen[0][2] is False
        assert t.hit_count == (1, 1, True)
