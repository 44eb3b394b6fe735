"""The dashboard's lines: none moves under the cursor or the mouse, and foreign text stays tame."""

from __future__ import annotations

import asyncio
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from textual.app import App, ComposeResult

from alloy_tui.domain.team_values import Collision, Lease, Mail, Shared, TeamTask
from alloy_tui.runtime.team_port import AgentRow, Delegation, TeamView
from alloy_tui.runtime.team_port import Span as TimeSpan
from alloy_tui.ui.markdown.cells import clip, span_width
from alloy_tui.ui.panes.team.agents import HOLD_MS, AgentLines
from alloy_tui.ui.team_bars import TABS, tab_line
from tests.support.fake_team import asked, crew, view
from tests.support.feed import START_MS
from tests.support.stage import Stage, screen_text
from tests.support.team_stage import becomes, dashboard

pytestmark = pytest.mark.anyio
ASKED = asked("reviewer", "a1", "ls")
STATES = ("done", "tool", "failed")


def states(names: str, given: dict[str, str]) -> TeamView:
    """Those agents in those states; the others are done."""
    rows = [
        AgentRow(name, view(s, request_id="r" if s == "tool" else None))
        for name, s in ((name, given.get(name, "done")) for name in names)
    ]
    return TeamView(rows=tuple(rows))


class Lines(App[None]):
    """The lines alone."""

    def __init__(self) -> None:
        super().__init__()
        self.lines = AgentLines()

    def compose(self) -> ComposeResult:
        """Nothing else."""
        yield self.lines

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """The one colour of ours that Textual has not."""
        return {"line": "#444444"}


_CHANGES = st.lists(st.dictionaries(st.sampled_from("abcdefghijkl"), st.sampled_from(STATES)))


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.sampled_from("abcdefghijkl"), st.sampled_from((5, 20)), _CHANGES)
def test_the_line_under_the_cursor_stays_where_it_is_whatever_changes(
    chosen: str, height: int, changes: list[dict[str, str]]
) -> None:
    async def run() -> None:
        app = Lines()
        async with app.run_test(size=(100, height)) as pilot:
            lines = app.lines
            lines.show_team(states("abcdefghijkl", {}), START_MS)
            await pilot.pause()
            await pilot.press("down")
            lines.go_to(chosen)
            await pilot.pause()
            line = lines.line_of(lines.cursor)
            assert 0 <= line < height
            for given_ in changes:
                lines.show_team(states("abcdefghijkl", given_), START_MS)
                assert lines.row is not None
                assert lines.row.name == chosen
                assert lines.line_of(lines.cursor) == line
            lines.show_team(states("abcdefghijkl", {}), START_MS + HOLD_MS)
            assert lines.row is not None
            assert lines.row.name == chosen
            assert 0 <= lines.line_of(lines.cursor) < height
            hidden = -lines.line_of(0)
            assert hidden == 0 or hidden + height <= lines.count
            await pilot.press("home")
            assert lines.line_of(0) == 0

    asyncio.run(run())


async def test_lines_stay_while_a_person_is_at_the_keys_and_soon_after_all_are_in_sight() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(100, 30)) as pilot:
        page = await dashboard(stage, pilot, states("abcd", {}))
        await pilot.press("home")
        at_work = states("abcd", {"b": "failed", "c": "tool", "d": "tool"})
        await becomes(stage, pilot, page, at_work)
        assert page.agents.plan.names == ("a", "b", "c", "d")
        stage.feed.now_ms += HOLD_MS
        await becomes(stage, pilot, page, at_work)
        assert page.agents.plan.names == ("b", "c", "d", "a")
        assert page.row is not None
        assert page.row.name == "a"
        assert page.agents.line_of(0) == 0
        text = screen_text(stage.app)
        assert all(name in text for name in ("× b", "● c", "● d", "○ a"))


async def test_who_scrolls_away_from_the_cursor_is_left_there() -> None:
    stage = Stage()
    names = "abcdefghijklmnopqrstuvwxyz"
    async with stage.app.run_test(size=(60, 15)) as pilot:
        page = await dashboard(stage, pilot, states(names, {}))
        await pilot.press("home", "down")
        page.agents.scroll_end(animate=False, immediate=True)
        await pilot.pause()
        await becomes(stage, pilot, page, states(names, {}))
        assert "○ z" in screen_text(stage.app)
        await pilot.press("down")
        await pilot.pause()
        assert "○ c" in screen_text(stage.app)


async def test_lines_go_where_they_belong_until_the_cursor_is_moved() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(100, 30)) as pilot:
        page = await dashboard(stage, pilot, states("abc", {}))
        await becomes(stage, pilot, page, states("abc", {"c": "failed"}))
        assert page.agents.plan.names == ("c", "a", "b")
        assert page.agents.line_of(0) == 0
        assert page.row is not None
        assert page.row.name == "a"


async def test_nothing_changes_places_under_the_mouse_until_it_leaves() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(100, 30)) as pilot:
        page = await dashboard(stage, pilot, states("abc", {}))
        await pilot.hover(page.agents, offset=(4, 2))
        await becomes(stage, pilot, page, states("abcd", {"c": "failed", "d": "tool"}))
        text = [row[:8] for row in screen_text(stage.app).split("\n")[3:9]]
        assert [row.strip() for row in text] == ["done", "○ a", "○ b", "× c", "new", "● d"]
        await pilot.click(page.agents, offset=(4, 3))
        assert page.row is not None
        assert page.row.name == "c"
        await pilot.hover(page.peek)
        await pilot.pause()
        assert page.agents.plan.names == ("c", "d", "a", "b")


async def test_a_click_chooses_and_a_second_one_attaches() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(100, 30)) as pilot:
        page = await dashboard(stage, pilot)
        await pilot.click(page.agents, offset=(4, 4))
        assert page.row is not None
        assert page.row.name == "coder"
        assert stage.port.wanted("attach") == []
        await pilot.click(page.agents, offset=(4, 4), times=2)
        await pilot.pause()
        assert stage.port.wanted("attach") == [("coder",)]


async def test_the_peek_shows_question_prompt_and_tail_and_scrolls() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(100, 30)) as pilot:
        page = await dashboard(stage, pilot)
        page.agents.go_to("coder")
        await pilot.pause()
        text = screen_text(stage.app)
        assert "researcher › coder  anthropic/claude-sonnet-5" in text
        assert "delegate from user: fix the rounding" in text
        assert "10.005 comes out as 10.01" in text
        await pilot.press("space")
        await pilot.pause()
        assert "10.005 comes out" not in screen_text(stage.app)
        await pilot.press("space")
        long = replace(page.team.rows[3], tail="\n".join(f"line {n}" for n in range(50)))
        team = replace(page.team, rows=(*page.team.rows[:3], long))
        await becomes(stage, pilot, page, team)
        for _ in range(9):
            await pilot.press("shift+down")
        await pilot.pause()
        assert "line 49" in screen_text(stage.app)


async def test_the_peek_says_what_a_narrow_line_has_no_room_for() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(60, 24)) as pilot:
        page = await dashboard(stage, pilot)
        facts = {"paused": True, "max_turns": 20, "budget_usd": 0.5, "unread": 2}
        row = replace(page.team.rows[2], **facts)
        await becomes(stage, pilot, page, replace(page.team, rows=(row,)))
        text = " ".join(screen_text(stage.app).split())
        assert (
            "paused: takes no more work · turn 4 of 20 · context 31 % full · 12.9k tokens · "
            "$0.35 of 0.50 · started anew 1 time · 2 unread letters" in text
        )


@pytest.mark.parametrize("width", [120, 80, 60])
async def test_a_team_that_gave_up_says_why_and_can_be_opened_again(width: int) -> None:
    stage = Stage()
    async with stage.app.run_test(size=(width, 24)) as pilot:
        down = replace(crew().rows[3], over=True, cause="It crashed.", view=view("failed"))
        gone = replace(crew(), rows=(down,), gave_up="coder: It crashed.")
        await dashboard(stage, pilot, gone)
        text = " ".join(screen_text(stage.app).split())
        assert "gave up: coder: It crashed." in text
        assert "Open it again to go on where it was." in text
        await pilot.press("o")
        assert stage.port.wanted("files") == [()]


async def test_a_long_question_is_read_from_its_beginning() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        team = crew()
        asks = replace(team.rows[1], tail="said before\n" * 30)
        calm = replace(team.rows[0], tail="nothing much\n" * 30)
        page = await dashboard(stage, pilot, replace(team, rows=(calm, asks)))
        page.agents.go_to("agent")
        await pilot.press("shift+down", "shift+down", "shift+down", "shift+down")
        page.agents.go_to("reviewer")
        await pilot.pause()
        assert "git push --force origin main" in screen_text(stage.app).split("─" * 80)[1]


async def test_of_who_is_at_work_the_last_words_are_seen() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        team = crew()
        row = replace(team.rows[3], tail="\n".join(f"line {n}" for n in range(30)))
        page = await dashboard(stage, pilot, replace(team, rows=(row,)))
        assert "line 29" in screen_text(stage.app)
        row = replace(row, tail="\n".join(f"line {n}" for n in range(40)))
        await becomes(stage, pilot, page, replace(team, rows=(row,)))
        assert "line 39" in screen_text(stage.app)


async def test_a_filter_that_is_on_is_seen_on_a_small_screen_and_so_is_that_nobody_is_left() -> (
    None
):
    stage = Stage()
    async with stage.app.run_test(size=(60, 15)) as pilot:
        await dashboard(stage, pilot, states("ab", {}))
        await pilot.press("f")
        await pilot.pause()
        text = screen_text(stage.app)
        assert "shows needs you" in text
        assert "There is no agent that needs you." in text


@pytest.mark.parametrize("width", [42, 48, 60, 80])
async def test_every_tab_is_named_however_much_is_in_them(width: int) -> None:
    team = crew()
    many = replace(
        team,
        rows=(replace(team.rows[1], view=replace(team.rows[1].view, approvals=(ASKED,) * 120)),),
        mail=team.mail * 700,
        tasks=team.tasks * 400,
    )
    for tab in TABS:
        line = tab_line(many, tab, width).plain
        assert len(line) <= width
        assert [name for name in TABS if name.capitalize() in line] == list(TABS)


ANCHOR = re.compile(r"\x1b\[\d+G|\x1b(\[\d*)?$", re.MULTILINE)
"""Where a cell is pinned to its column; at the end of a row it may be cut."""
HOSTILE = "\x1b[31m\x1b]2;evil\x07世界\u202e\u200b[bold]x[/bold]\r\n\t\x00é👩‍👩‍👧"


def hostile() -> TeamView:
    """The crew, with nothing that can be trusted in it."""
    rows = tuple(
        replace(
            row,
            name=f"{row.name}{HOSTILE}",
            parent=row.parent and f"{row.parent}{HOSTILE}",
            role=HOSTILE,
            activity=HOSTILE * 5,
            tail=HOSTILE * 20,
            prompt=HOSTILE,
            cause=HOSTILE,
            worktree=HOSTILE,
            view=replace(
                row.view,
                model=HOSTILE,
                approvals=tuple(asked(HOSTILE, p.request.id, HOSTILE) for p in row.view.approvals),
            ),
        )
        for row in crew().rows
    )
    return TeamView(
        name=HOSTILE,
        rows=rows,
        gave_up=HOSTILE,
        tasks=(TeamTask(HOSTILE, HOSTILE, "claimed", HOSTILE, (HOSTILE,), HOSTILE, HOSTILE),),
        mail=(Mail(HOSTILE, HOSTILE, (HOSTILE,), HOSTILE * 9, START_MS),),
        shared=(Shared(HOSTILE, HOSTILE, 1, HOSTILE, START_MS),),
        leases=(Lease(HOSTILE, HOSTILE, START_MS),),
        collisions=(Collision(HOSTILE, HOSTILE, HOSTILE, START_MS),),
        delegations=(Delegation("d", HOSTILE, rows[3].name, HOSTILE, "delegate", 1, START_MS),),
    )


@pytest.mark.parametrize("size", [(120, 36), (80, 24), (60, 15), (40, 10)])
async def test_foreign_text_is_tame_and_keeps_the_grid_on_every_tab(size: tuple[int, int]) -> None:
    stage = Stage()
    async with stage.app.run_test(size=size) as pilot:
        page = await dashboard(stage, pilot, hostile())
        name = page.team.rows[2].name
        stage.port.team.took = (TimeSpan(name, "tool", HOSTILE, START_MS, START_MS + 4_000, True),)
        page.peek.display = True
        for tab in TABS:
            page.show_tab(tab)
            await pilot.pause()
            await pilot.pause()
            text = ANCHOR.sub("", screen_text(stage.app))
            assert len(text.split("\n")) == size[1]
            assert not [c for c in "\x1b\x07\x00\u202e\u200b\r\t" if c in text], tab
            window, width = page.window, page.window.size.width
            for place in range(window.count):
                assert span_width(clip(window.spans(place, width), width)) <= width


async def test_everything_is_within_reach_on_small_screens() -> None:
    for size in ((60, 15), (80, 24)):
        stage = Stage()
        async with stage.app.run_test(size=size) as pilot:
            await dashboard(stage, pilot)
            rows = screen_text(stage.app).split("\n")
            assert any("! reviewer" in row for row in rows)
            assert "Esc back" in rows[-1]
            assert "F1 all keys" in rows[-1] or "F1 all keys" in rows[-2]
            assert all(name.capitalize() in rows[1] for name in TABS)


async def test_a_cursor_that_nobody_has_moved_stays_in_sight() -> None:
    """With more agents than lines, who was first may end far below; the cursor is on the first."""
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        page = await dashboard(stage, pilot, states("".join(map(chr, range(97, 123))), {}))
        assert page.row is not None
        assert page.row.name == "a"
        busy = dict.fromkeys(map(chr, range(98, 123)), "tool")
        await becomes(stage, pilot, page, states("".join(map(chr, range(97, 123))), busy))
        assert page.row.name == "b"
        assert 0 <= page.agents.line_of(page.agents.cursor) < page.agents.size.height


async def test_what_says_that_there_is_nothing_is_no_row_with_a_cursor() -> None:
    """Neither among the agents that are searched nor in a list that is empty."""
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        page = await dashboard(stage, pilot)
        page.agents.only("all", "nobody is called like this")
        page.show_tab("mail")
        await becomes(stage, pilot, page, replace(crew(), mail=()))
        for window in (page.agents, page.lists["mail"]):
            words = [segment for segment in window.render_line(0) if segment.text.strip()]
            ground = {segment.style.bgcolor for segment in words if segment.style}
            assert window.look("cursor").bgcolor not in ground


async def test_after_another_order_the_cursor_is_in_sight_again() -> None:
    """Whoever has scrolled away and sorts sees where the chosen agent went."""
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        page = await dashboard(stage, pilot, states("".join(map(chr, range(97, 123))), {}))
        page.agents.scroll_to(y=15, animate=False, immediate=True)
        await pilot.press("s")
        await pilot.pause()
        assert 0 <= page.agents.line_of(page.agents.cursor) < page.agents.size.height
