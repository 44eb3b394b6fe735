"""Every key of the dashboard does what the table of keys says, and asks of the port alone."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from alloy_tui.runtime.team_port import NewMember, TeamFile
from alloy_tui.ui.team_keys import TEAM_KEYS
from tests.support import fake_team as ft
from tests.support.stage import Stage, screen_text
from tests.support.team_stage import becomes, dashboard, enter

pytestmark = pytest.mark.anyio
SIZE = (120, 36)

TYPED = [
    ("d", "fix it", ("delegate", "delegate", ("coder",), "fix it")),
    ("m", "look", ("mail", ("coder",), "look")),
    ("r", "go on", ("say", "coder", "go on", "steer")),
    ("b", "all", ("delegate", "broadcast", ("reviewer", "researcher", "coder"), "all")),
    ("plus", "ann openai/gpt-6 reads", ("add_member", NewMember("ann", "openai/gpt-6", "reads"))),
    ("plus", "ann reads a lot", ("add_member", NewMember("ann", "", "reads a lot"))),
    ("w", "tests", ("replace_member", NewMember("coder", "", "tests"))),
    ("M", "x", ("set_agent_model", "coder", "anthropic/claude-sonnet-5x")),
    ("t", "write tests", ("put_task", "write tests")),
    ("e", "day = monday", ("share", "day", "monday")),
    ("dollar_sign", "2.50", ("set_budget", "coder", 2.5, None)),
    ("dollar_sign", "50k tokens", ("set_budget", "coder", None, 50_000)),
    ("dollar_sign", "$3, 1m", ("set_budget", "coder", 3.0, 1_000_000)),
    ("dollar_sign", "", ("set_budget", "coder", None, None)),
]


@pytest.mark.parametrize(("key", "words", "asked"), TYPED)
async def test_a_key_asks_for_words_and_hands_them_on(
    key: str, words: str, asked: tuple[object, ...]
) -> None:
    stage = Stage()
    async with stage.app.run_test(size=SIZE) as pilot:
        page = await dashboard(stage, pilot)
        page.agents.go_to("coder")
        await pilot.press(key)
        assert page.ask_line.asking
        await enter(pilot, stage, words)
        assert asked in stage.port.asked
        assert not page.ask_line.asking
        assert page.window.has_focus


@pytest.mark.parametrize("words", ["lots", "-1", "nan", "1e9", "$5 tokens", "1 2", "٣"])
async def test_a_limit_that_is_none_is_refused_in_words(words: str) -> None:
    stage = Stage()
    async with stage.app.run_test(size=SIZE) as pilot:
        page = await dashboard(stage, pilot)
        page.agents.go_to("coder")
        await pilot.press("dollar_sign")
        page.ask_line.field.value = words
        await pilot.press("enter")
        await pilot.pause()
        assert stage.port.wanted("set_budget") == []


async def test_holding_and_ending_agents_by_key() -> None:
    stage = Stage()
    async with stage.app.run_test(size=SIZE) as pilot:
        page = await dashboard(stage, pilot)
        page.agents.go_to("coder")
        await pilot.press("p", "c", "R", "K", "x", "K")
        assert stage.port.wanted("act") == [
            ("pause", "coder"),
            ("cancel", "coder"),
            ("restart", "coder"),
        ]
        await pilot.press("K", "delete", "delete")
        assert stage.port.wanted("act")[3:] == [("kill", "coder"), ("remove", "coder")]
        rows = tuple(replace(r, paused=r.name == "coder") for r in page.team.rows)
        await becomes(stage, pilot, page, replace(page.team, rows=rows))
        await pilot.press("p")
        assert stage.port.wanted("act")[-1] == ("resume", "coder")


async def test_ending_is_asked_twice_for_the_same_agent() -> None:
    stage = Stage()
    async with stage.app.run_test(size=SIZE) as pilot:
        page = await dashboard(stage, pilot)
        page.agents.go_to("coder")
        await pilot.press("K")
        page.agents.go_to("researcher")
        await pilot.press("K", "delete", "K")
        assert stage.port.wanted("act") == []


async def test_a_deed_does_not_hit_who_slips_into_the_place_of_one_that_has_gone() -> None:
    stage = Stage()
    async with stage.app.run_test(size=SIZE) as pilot:
        page = await dashboard(stage, pilot)
        page.agents.go_to("researcher")
        await pilot.press("c")
        rows = tuple(row for row in page.team.rows if row.name != "researcher")
        await becomes(stage, pilot, page, replace(page.team, rows=rows))
        assert page.row is not None
        assert page.row.name == "coder"
        await pilot.press("c")
        assert stage.port.wanted("act") == [("cancel", "researcher")]
        await pilot.press("c")
        assert stage.port.wanted("act")[1:] == [("cancel", "coder")]


async def test_a_handoff_goes_through_the_selected_in_their_order() -> None:
    stage = Stage()
    async with stage.app.run_test(size=SIZE) as pilot:
        page = await dashboard(stage, pilot)
        await pilot.press("h")
        assert not page.ask_line.asking
        for name in ("coder", "reviewer"):
            page.agents.go_to(name)
            await pilot.press("x")
        assert "*● coder" in screen_text(stage.app)
        await pilot.press("h")
        await enter(pilot, stage, "go")
        assert stage.port.wanted("delegate") == [("handoff", ("coder", "reviewer"), "go")]
        assert page.selected == {}


async def test_tasks_are_finished_freed_and_removed() -> None:
    stage = Stage()
    async with stage.app.run_test(size=SIZE) as pilot:
        page = await dashboard(stage, pilot)
        await pilot.press("3", "u", "delete", "F")
        await enter(pilot, stage, "it works")
        assert page.tab == "tasks"
        assert stage.port.wanted("change_task") == [
            ("release", "t2", ""),
            ("remove", "t2", ""),
            ("finish", "t2", "it works"),
        ]


async def test_a_key_of_the_shared_context_is_changed_and_taken_away() -> None:
    stage = Stage()
    async with stage.app.run_test(size=SIZE) as pilot:
        page = await dashboard(stage, pilot)
        await pilot.press("5", "e")
        assert page.ask_line.field.value == "branch = "
        await enter(pilot, stage, "main")
        await pilot.press("delete", "e")
        page.ask_line.field.value = "no value"
        await pilot.press("enter")
        await pilot.pause()
        assert stage.port.wanted("share") == [("branch", "main"), ("branch", None)]


async def test_a_team_is_opened_from_its_file() -> None:
    stage = Stage()
    async with stage.app.run_test(size=SIZE) as pilot:
        await dashboard(stage, pilot)
        stage.port.team.there = (
            TeamFile("crew", "/p/crew.toml", ("ann", "bob"), kept_ms=5),
            TeamFile("bad", "/p/bad.toml", trouble="name: write a text"),
        )
        await pilot.press("o")
        await pilot.pause()
        text = screen_text(stage.app)
        assert "crew: ann, bob, as it was left" in text
        assert "bad: name: write a text" in text
        await pilot.press("enter")
        await pilot.pause()
        assert stage.port.wanted("open_team") == [("/p/crew.toml",)]


async def test_with_no_team_file_it_says_where_to_write_one() -> None:
    stage = Stage()
    async with stage.app.run_test(size=SIZE) as pilot:
        page = await dashboard(stage, pilot)
        await pilot.press("o")
        await pilot.pause()
        assert stage.app.screen is page
        assert stage.port.wanted("open_team") == []


async def test_sort_filter_and_search_by_key_and_by_click() -> None:
    stage = Stage()
    async with stage.app.run_test(size=SIZE) as pilot:
        page = await dashboard(stage, pilot)
        await pilot.press("s", "f")
        assert (page.agents.order, page.agents.filter) == ("tree", "needs you")
        assert page.agents.plan.names == ("reviewer",)
        page.do("show needs you")
        assert page.agents.filter == "all"
        await pilot.press("slash")
        await enter(pilot, stage, "round")
        assert set(page.agents.plan.names) == {"researcher", "coder"}
        await pilot.press("escape")
        assert page.agents.query_words == ""
        assert len(page.agents.plan.names) == 4


async def test_esc_leaves_the_line_then_the_search_then_the_dashboard() -> None:
    stage = Stage()
    async with stage.app.run_test(size=SIZE) as pilot:
        page = await dashboard(stage, pilot)
        page.agents.only("all", "coder")
        await pilot.press("d")
        await stage.type(pilot, "half")
        await pilot.press("escape")
        assert not page.ask_line.asking
        assert page.agents.query_words == "coder"
        await pilot.press("escape")
        assert page.agents.query_words == ""
        assert stage.app.screen is page
        await pilot.press("escape")
        await pilot.pause()
        assert stage.app.screen is stage.bench
        assert stage.port.wanted("delegate") == []
        assert stage.port.wanted("follow")[-1] == ("dashboard", False)


async def test_tabs_turn_by_tab_by_number_and_by_click() -> None:
    stage = Stage()
    async with stage.app.run_test(size=SIZE) as pilot:
        page = await dashboard(stage, pilot)
        await pilot.press("tab", "tab")
        assert page.tab == "tasks"
        await pilot.press("shift+tab")
        assert page.tab == "inbox"
        await pilot.press("6")
        assert page.tab == "timeline"
        row = screen_text(stage.app).split("\n")[1]
        await pilot.click(offset=(row.index("Mail") + 1, 1))
        assert page.tab == "mail"
        assert "It rounds twice." in screen_text(stage.app)


async def test_every_key_of_the_table_means_something_and_its_click_does_the_same() -> None:
    stage = Stage()
    async with stage.app.run_test(size=SIZE) as pilot:
        page = await dashboard(stage, pilot, ft.crew())
        for key in TEAM_KEYS:
            assert page.do(key.name.removeprefix("team-")), key.name
            page.ask_line.end()
        stage.port.asked.clear()
        await pilot.press("escape", "1")
        text = screen_text(stage.app).split("\n")
        at = next(n for n, row in enumerate(text) if "p pause" in row)
        await pilot.click(offset=(text[at].index("p pause") + 2, at))
        await pilot.pause()
        assert stage.port.wanted("act") == [("pause", page.agents.row.name)]  # type: ignore[union-attr] -- a row is chosen
