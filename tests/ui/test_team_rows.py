"""Which line of the dashboard stands where: no agent twice, none lost, held while it must be."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from alloy_tui.runtime.team_port import AgentRow, TeamView
from alloy_tui.ui import team_bars
from alloy_tui.ui.team_rows import GROUPS, NEW, ORDERS, Layout, Order, sparkline
from tests.support.fake_team import asked, view

STATES = ("idle", "starting", "queued", "thinking", "tool", "done", "failed", "waiting_approval")


@st.composite
def teams(draw: st.DrawFn) -> list[AgentRow]:
    """Any agents, each once, in states that go together with what they ask."""
    names = draw(st.lists(st.sampled_from("abcdefgh"), unique=True, max_size=8))
    rows: list[AgentRow] = []
    for name in names:
        state = draw(st.sampled_from(STATES))
        asks = (asked(name, f"q-{name}", "ls"),) if state == "waiting_approval" else ()
        busy = "r" if state in {"thinking", "tool", "waiting_approval"} else None
        facts = view(state, approvals=asks, request_id=busy, cost=draw(st.floats(0, 9)))
        rows.append(AgentRow(name, facts, depth=draw(st.integers(0, 3))))
    return rows


def names(layout: Layout) -> list[str]:
    """Whose lines there are, from top to bottom."""
    return [line.row.name for line in layout.lines if line.row is not None]


@given(teams(), st.sampled_from(ORDERS))
def test_every_agent_has_one_line_and_is_found_there(rows: list[AgentRow], order: Order) -> None:
    layout = Layout(rows, order=order)
    assert sorted(names(layout)) == sorted(row.name for row in rows)
    for name in names(layout):
        row = layout.row_at(layout.place_of(name) or 0)
        assert row is not None
        assert row.name == name


@given(teams())
def test_groups_stand_in_their_order_with_as_many_as_they_say(rows: list[AgentRow]) -> None:
    layout = Layout(rows)
    groups = [line for line in layout.lines if line.row is None]
    assert [g.heading for g in groups] == [
        words for words in GROUPS.values() if words in {g.heading for g in groups}
    ]
    assert sum(group.count for group in groups) == len(rows)


@given(teams(), teams(), teams(), st.sampled_from(ORDERS))
def test_lines_that_are_held_stay_where_they_are_whatever_happens(
    first: list[AgentRow], second: list[AgentRow], third: list[AgentRow], order: Order
) -> None:
    layout = Layout(first, order=order)
    for rows in (second, third):
        before = layout
        layout = Layout(rows, order=order, still=before)
        there = {row.name for row in rows}
        assert sorted(names(layout)) == sorted(there)
        for name in there & set(before.names):
            assert layout.place_of(name) == before.place_of(name)
        assert sum(line.heading == NEW for line in layout.lines) <= 1


@given(teams(), teams())
def test_a_figure_sorts_once_and_then_the_order_holds(
    first: list[AgentRow], second: list[AgentRow]
) -> None:
    held = Layout(first, order="cost").names
    costs = {row.name: row.view.cost or 0.0 for row in first}
    assert [costs[name] for name in held] == sorted(costs.values(), reverse=True)
    later = Layout(second, order="cost", held=held)
    stayed = [name for name in later.names if name in costs]
    assert stayed == [name for name in held if name in stayed]


def test_search_and_filter_look_at_what_a_row_says() -> None:
    rows = [
        AgentRow("coder", view("tool", request_id="r"), activity="edit cart.py"),
        AgentRow("tester", view("done"), restarts=1, role="runs tests"),
    ]
    assert Layout(rows, query="CART").names == ("coder",)
    assert Layout(rows, query="tests").names == ("tester",)
    assert Layout(rows, show="working").names == ("coder",)
    assert Layout(rows, show="crashed").names == ("tester",)
    assert Layout(rows, show="needs you").names == ()


def test_who_starts_is_at_work_and_who_has_ended_is_not() -> None:
    row = AgentRow("a", view("starting"))
    assert row.group == "working"
    assert replace(row, over=True).group == "done"


def test_who_was_never_asked_is_ready_and_not_done() -> None:
    idle = AgentRow("a", view("idle"))
    groups = [replace(idle, **was).group for was in ({}, {"prompt": "x"}, {"turns": 1})]
    assert groups == ["idle", "done", "done"]
    layout = Layout([idle, AgentRow("b", view("done")), AgentRow("c", view("failed"))])
    assert [line.heading for line in layout.lines if line.row is None] == [
        "failed",
        "ready",
        "done",
    ]
    assert Layout([idle], show="ready").names == ("a",)
    assert Layout([idle], show="done").names == ()


def test_what_needs_a_person_counts_questions_and_not_who_failed() -> None:
    both = (asked("a", "q1", "ls"), asked("a", "q2", "rm"))
    rows = (
        AgentRow("a", view("waiting_approval", approvals=both, request_id="r")),
        AgentRow("b", view("failed")),
    )
    headings = {line.heading: line.count for line in Layout(rows).lines if line.row is None}
    assert headings == {"needs you": 2, "failed": 1}
    assert TeamView(rows=rows).waiting == 2
    head = team_bars.head(TeamView(rows=rows), 120).plain
    assert "needs you 2 · failed 1 · working 0 · done 0" in head


@given(st.lists(st.integers(0, 10_000), max_size=40), st.integers(1, 20))
def test_a_sparkline_is_as_wide_as_it_is_asked_to_be(rates: list[int], width: int) -> None:
    bars = sparkline(rates, width)
    assert len(bars) == width
    assert (bars.strip() == "") == (not any(rates[-width:]))
