"""Questions on the dashboard and beside the prompt: one queue, and nothing is hit by accident."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from alloy_tui.domain import events as ev
from alloy_tui.domain import team_events as te
from alloy_tui.runtime.agent_view import AgentView, PendingApproval
from alloy_tui.runtime.team_port import AgentRow, TeamView
from alloy_tui.ui.attention import Attention, title_of
from alloy_tui.ui.wording import BUDGET
from tests.support import feed as fd
from tests.support.fake_team import asked, crew, view
from tests.support.stage import Stage, screen_text
from tests.support.team_stage import armed, becomes, dashboard

pytestmark = pytest.mark.anyio
SIZE = (120, 36)


def waiting(*questions: PendingApproval) -> TeamView:
    """A team in which each of these agents asks."""
    agents: dict[str, list[PendingApproval]] = {}
    for question in questions:
        agents.setdefault(question.agent, []).append(question)
    rows = [AgentRow("agent", view("idle"), main=True)]
    for name, asks in agents.items():
        facts = view("waiting_approval", request_id="r", approvals=tuple(asks))
        rows.append(AgentRow(name, facts, parent="agent", depth=1))
    return TeamView(rows=tuple(rows))


async def test_the_agent_under_the_cursor_is_answered_and_no_other() -> None:
    stage = Stage()
    async with stage.app.run_test(size=SIZE) as pilot:
        page = await dashboard(stage, pilot)
        page.agents.go_to("coder")
        await pilot.press("y", "n", "S")
        assert stage.port.wanted("answer") == []
        page.agents.go_to("reviewer")
        await pilot.pause()
        armed(stage)
        await pilot.press("n")
        assert stage.port.wanted("answer") == [("a1", "deny", None)]


async def test_a_question_that_has_only_just_come_is_not_answered() -> None:
    stage = Stage()
    async with stage.app.run_test(size=SIZE) as pilot:
        page = await dashboard(stage, pilot, waiting())
        await pilot.press("2")
        await becomes(stage, pilot, page, waiting(asked("ann", "a1", "ls")))
        await pilot.press("y")
        assert stage.port.wanted("answer") == []
        armed(stage)
        await pilot.press("y")
        assert stage.port.wanted("answer") == [("a1", "once", None)]
        # The next one slips into its place: the same key again is no answer to it.
        await becomes(stage, pilot, page, waiting(asked("bob", "a2", "rm -rf /")))
        await pilot.press("y")
        assert stage.port.wanted("answer") == [("a1", "once", None)]
        armed(stage)
        await pilot.press("S")
        assert stage.port.wanted("answer")[1:] == [("a2", "session", None)]


async def test_what_is_the_same_is_one_line_and_one_answer() -> None:
    stage = Stage()
    same = [asked(name, f"a-{name}", "git push") for name in ("ann", "bob", "cid")]
    async with stage.app.run_test(size=SIZE) as pilot:
        page = await dashboard(stage, pilot, waiting(*same[:2], asked("dan", "a-dan", "ls")))
        await pilot.press("2")
        text = screen_text(stage.app)
        assert "! ann, bob  bash git push" in text
        assert "2 times" in text
        assert "agent › ann: not covered by a rule" in text
        armed(stage)
        # One more of them comes: it was not on show, so the answer waits to be given again.
        await becomes(stage, pilot, page, waiting(*same, asked("dan", "a-dan", "ls")))
        await pilot.press("y")
        assert stage.port.wanted("answer") == []
        armed(stage)
        await pilot.press("y")
        given = [answer[0] for answer in stage.port.wanted("answer")]
        assert given == ["a-ann", "a-bob", "a-cid"]


async def test_nothing_is_lost_or_moved_when_others_come_and_go() -> None:
    stage = Stage()
    first = asked("ann", "a1", "one", 1_000)
    second = asked("bob", "a2", "two", 2_000)
    third = asked("cid", "a3", "three", 3_000)
    async with stage.app.run_test(size=SIZE) as pilot:
        page = await dashboard(stage, pilot, waiting(first, second))
        await pilot.press("2", "down")
        armed(stage)
        line = page.window.line_of(page.window.cursor)
        await becomes(stage, pilot, page, waiting(second, third))
        assert page.item is not None
        assert page.item.ids == ("a2",)
        assert page.window.line_of(page.window.cursor) == line
        assert "three" in screen_text(stage.app)
        await pilot.press("y")
        assert stage.port.wanted("answer") == [("a2", "once", None)]


async def test_on_a_small_screen_the_first_key_shows_the_question_and_the_next_answers() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(60, 15)) as pilot:
        page = await dashboard(stage, pilot)
        page.agents.go_to("reviewer")
        await pilot.pause()
        armed(stage)
        await pilot.press("y")
        await pilot.pause()
        assert "git push --force origin main" in screen_text(stage.app)
        await pilot.press("y")
        assert stage.port.wanted("answer") == []
        armed(stage)
        await pilot.press("y")
        assert stage.port.wanted("answer") == [("a1", "once", None)]


async def test_what_the_engine_says_is_heard_on_the_dashboard_too() -> None:
    stage = Stage()
    async with stage.app.run_test(size=SIZE, notifications=True) as pilot:
        await dashboard(stage, pilot)
        await stage.play(pilot, ev.Notice("warning", "The agent stays; it is the [b]main[/b] one."))
        await pilot.pause()
        assert "it is the [b]main[/b] one." in screen_text(stage.app)


async def test_hidden_characters_of_a_question_are_spelt_out() -> None:
    stage = Stage()
    sly = asked("ann", "a1", "ls \u202egnp.exe\x1b[2J")
    async with stage.app.run_test(size=SIZE) as pilot:
        await dashboard(stage, pilot, waiting(sly))
        await pilot.press("2")
        await pilot.pause()
        text = screen_text(stage.app)
        assert "2 hidden characters, spelt out below" in text
        assert "\u202e" not in text
        assert "\x1b[2J" not in text


async def test_questions_of_other_agents_wait_in_the_bar_beside_the_prompt() -> None:
    stage = Stage()
    async with stage.app.run_test(size=SIZE) as pilot:
        await stage.play(pilot, fd.started())
        stage.port.team.shown = waiting(asked("researcher", "a1", "ls"))
        for name, id_ in (("researcher", "a1"), ("coder", "a2")):
            request = asked(name, id_, f"echo {name}").request
            stage.feed.at(1_000)
            stage.port.feed(replace(stage.feed(request)[0], agent=name))
        await stage.port.until_quiet()
        await pilot.pause()
        text = screen_text(stage.app)
        assert "echo researcher" in text
        assert "agent › researcher" in text
        assert "1 of 2 waiting" in text
        assert "2 need you" in text
        armed(stage)
        await pilot.press("alt+y")
        await pilot.pause()
        assert stage.port.wanted("answer") == [("a1", "once", None)]
        answered = ev.ApprovalAnswered("a1", "once", "user")
        stage.port.feed(replace(stage.feed(answered)[0], agent="researcher"))
        await stage.port.until_quiet()
        await pilot.pause()
        assert "echo coder" in screen_text(stage.app)
        gone = te.MemberRemoved("coder")
        stage.port.feed(replace(stage.feed(gone)[0], agent="team"))
        await stage.port.until_quiet()
        await pilot.pause()
        assert "echo coder" not in screen_text(stage.app)


def test_the_title_counts_the_questions_of_all_and_the_bell_rings_for_each() -> None:
    said: list[str] = []
    attention = Attention(said.append, "/src/shop")
    attention.focused = False
    attention.follow(AgentView(state="thinking", request_id="r"))
    assert said[-1] == "\x1b]2;working · shop · alloy\x1b\\"
    one = replace(AgentView(state="thinking", request_id="r"), approvals=(asked("a", "a1", "ls"),))
    attention.follow(one)
    assert said[-2:] == ["\x1b]2;needs you · shop · alloy\x1b\\", "\x07"]
    both = replace(one, approvals=(*one.approvals, asked("b", "a2", "ls")))
    attention.follow(both)
    assert said[-2:] == ["\x1b]2;2 need you · shop · alloy\x1b\\", "\x07"]
    attention.follow(both)
    attention.follow(one)
    assert said[-1] == "\x1b]2;needs you · shop · alloy\x1b\\"
    assert title_of(both, "/src/shop").startswith("2 need you")


async def test_the_status_line_tells_the_teams_cost_only_where_there_is_a_team() -> None:
    stage = Stage()
    async with stage.app.run_test(size=SIZE) as pilot:
        await stage.play(pilot, fd.started())
        assert stage.port.wanted("follow") == []
        added = te.MemberAdded("coder", {"name": "coder"}, parent="agent")
        await stage.play(pilot, added, added)
        assert stage.port.wanted("follow") == [("status", True)]
        stage.port.team.shown = crew()
        stage.port.feed(replace(stage.feed(te.TeamChanged(2))[0], agent="team"))
        await stage.port.until_quiet()
        await pilot.pause()
        assert "(team $0.87 of 2.00)" in screen_text(stage.app).split("\n")[-1]
        stage.port.team.shown = TeamView(rows=crew().rows[:1], cost=0.5, turns=3)
        stage.port.feed(replace(stage.feed(te.TeamChanged(3))[0], agent="team"))
        await stage.port.until_quiet()
        await pilot.pause()
        assert "(team $0.50)" in screen_text(stage.app).split("\n")[-1]
        stage.port.team.shown = TeamView(rows=crew().rows[:1])
        stage.port.feed(replace(stage.feed(te.TeamChanged(4))[0], agent="team"))
        await stage.port.until_quiet()
        await pilot.pause()
        assert "team" not in screen_text(stage.app).split("\n")[-1]
        assert stage.port.wanted("follow")[-1] == ("status", False)


async def test_a_question_about_money_names_its_own_answers() -> None:
    stage = Stage()
    question = asked("ann", "b1", "x")
    question = replace(question, request=replace(question.request, tool=BUDGET))
    async with stage.app.run_test(size=SIZE) as pilot:
        await dashboard(stage, pilot, waiting(question))
        text = screen_text(stage.app)
        assert "y send this one  S raise  n stop" in text
        await pilot.press("n")
        assert stage.port.wanted("answer") == [("b1", "deny", None)]


async def test_being_told_to_read_a_question_covers_none_of_it() -> None:
    """On a small screen the words stand above the keys, and go by themselves."""
    stage = Stage()
    async with stage.app.run_test(size=(60, 15)) as pilot:
        page = await dashboard(stage, pilot, waiting(asked("ann", "a1", "rm -rf build/part_1")))
        await pilot.press("2", "y")
        await pilot.pause()
        text = screen_text(stage.app)
        for words in ("rm -rf build/part_1", "This is the question", "y approve", "Esc back"):
            assert words in text
        assert stage.port.wanted("answer") == []
        await stage.wait(pilot, 5)
        page.refresh_team()
        await pilot.pause()
        assert "This is the question" not in screen_text(stage.app)


async def test_what_would_run_is_in_sight_however_many_ask_for_it() -> None:
    """The line names the first of them and how many more; the question stands above who asks."""
    stage = Stage()
    many = [asked(f"agent-{number:02}", f"a{number}", "git push --force") for number in range(30)]
    async with stage.app.run_test(size=(80, 24)) as pilot:
        page = await dashboard(stage, pilot, waiting(*many))
        await pilot.press("2")
        await pilot.pause()
        first = page.lists["inbox"].render_line(0).text
        assert "agent-01 and 28 more  bash git push --force" in first
        assert screen_text(stage.app).count("git push --force") == 2
