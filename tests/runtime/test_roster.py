"""The roster, the gate and the timeline: what a dashboard is made of."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alloy_tui.domain import events as ev
from alloy_tui.domain import team_events as te
from alloy_tui.domain.events import Envelope
from alloy_tui.domain.messages import ChatMessage, TextBlock, ToolResultBlock
from alloy_tui.runtime.agent_view import AgentView
from alloy_tui.runtime.mailbox import EventMailbox
from alloy_tui.runtime.projection import fold
from alloy_tui.runtime.roster import Roster, sums, tail_of
from alloy_tui.runtime.runs_kept import RunsKept
from alloy_tui.runtime.timeline import Timeline, at, stored_spans
from alloy_tui.runtime.watching import Watching
from alloy_tui.sessions.nodes import Answer, Entry, ToolResult, UserMessage
from tests.support import feed as fd
from tests.support.feed import START_MS, Feed


def _working(feed: Feed) -> list[Envelope]:
    return feed(
        fd.started(),
        fd.run("fix the build"),
        fd.turn(),
        *fd.call("1", "bash", command="pytest -q"),
        fd.turn_done("tool_use"),
        fd.tool_started("1", "bash", "pytest -q", command="pytest -q"),
    )


def _roster(*envelopes: Envelope) -> Roster:
    roster = Roster()
    for name in dict.fromkeys(envelope.agent for envelope in envelopes):
        roster.know(name)
    for envelope in envelopes:
        roster.take(envelope)
    return roster


def test_a_row_says_which_tool_is_at_work_on_what() -> None:
    (row,) = _roster(*_working(Feed("coder"))).rows(START_MS)
    assert (row.name, row.activity, row.turns, row.group) == ("coder", "bash pytest", 1, "working")


def test_a_row_that_waits_for_a_person_needs_you_and_says_the_question() -> None:
    feed = Feed("coder")
    (row,) = _roster(*_working(feed), *feed(fd.ask("a1", "1", "bash"))).rows(START_MS)
    assert row.group == "needs_you"
    assert row.activity.startswith("approve: bash")


def test_a_row_shows_code_and_not_the_fence_below_it() -> None:
    feed = Feed("coder")
    said = ev.TextDelta("So:\n```python\nreturn a + b\n```\n")
    (row,) = _roster(*feed(fd.started(), fd.run("x"), fd.turn(), said)).rows(START_MS)
    assert row.activity == "return a + b"


def test_a_row_shows_the_end_of_what_is_said_and_forgets_it_with_the_next_turn() -> None:
    feed = Feed("coder")
    told = feed(fd.started(), fd.run("x"), fd.turn(), ev.TextDelta("one\ntwo "), ev.TextDelta("3"))
    roster = _roster(*told)
    assert roster.rows(START_MS)[0].activity == "two 3"
    for envelope in feed(fd.turn_done(), fd.turn()):
        roster.take(envelope)
    assert roster.rows(START_MS)[0].tail == ""


def test_what_a_row_shows_is_bounded_however_much_is_said() -> None:
    feed = Feed("coder")
    told = feed(fd.started(), fd.run("x"), fd.turn(), *[ev.TextDelta("word " * 50)] * 400)
    (row,) = _roster(*told).rows(START_MS)
    assert len(row.tail) <= 600
    assert len(row.activity) <= 160


def test_tokens_per_second_are_of_the_seconds_that_are_over_and_end_with_the_silence() -> None:
    feed = Feed("coder")
    told = feed(fd.started(), fd.run("x"), fd.turn(), ev.TextDelta("four" * 10))
    told += feed.at(1_000)(ev.TextDelta("four" * 20))
    roster = _roster(*told)
    assert roster.rows(START_MS + 2_000)[0].rates == (10, 20)
    assert roster.rows(START_MS + 60_000)[0].rates == ()


def test_a_spawned_agent_stands_below_who_spawned_it_however_late_it_comes() -> None:
    roster = Roster()
    roster.know("lead")
    roster.know("other")
    roster.know("helper", parent="lead")
    roster.know("helper of helper", parent="helper")
    assert [(row.name, row.depth) for row in roster.rows(0)] == [
        ("lead", 0),
        ("helper", 1),
        ("helper of helper", 2),
        ("other", 0),
    ]


def test_a_row_whose_parent_is_gone_moves_up_and_is_not_lost() -> None:
    roster = Roster()
    roster.know("lead")
    roster.know("helper", parent="lead")
    roster.drop("lead")
    assert [(row.name, row.depth) for row in roster.rows(0)] == [("helper", 0)]


def test_restarts_are_counted_and_the_cause_is_kept() -> None:
    feed = Feed("coder")
    told = [*_working(feed), *feed(ev.AgentCrashed("out of memory"))]
    told += feed(ev.AgentRestarted("out of memory", 1), fd.started())
    (row,) = _roster(*told).rows(START_MS)
    assert (row.restarts, row.cause, row.view.state) == (1, "out of memory", "idle")


def test_the_sum_of_costs_says_when_it_is_not_all() -> None:
    feeds = [Feed("a"), Feed("b"), Feed("c")]
    told = [
        *feeds[0](fd.started(), ev.UsageUpdated(fd.TokenUsage(1, output=1), {}, cost=0.25)),
        *feeds[1](fd.started(), ev.UsageUpdated(fd.TokenUsage(1, output=1), {}, cost=None)),
        *feeds[2](fd.started()),
    ]
    total = sums(_roster(*told).rows(START_MS))
    assert (total.cost, total.partial) == (0.25, True)


_EVENTS = st.sampled_from(
    [
        fd.started(),
        fd.run("x"),
        fd.turn(),
        ev.TextDelta("hello "),
        fd.turn_done(),
        fd.tool_started("1", "bash", "ls", command="ls"),
        fd.tool_done("1", "bash", "ok"),
        fd.ask("a1", "1", "bash"),
        ev.ApprovalAnswered("a1", "once", "user"),
        ev.AgentCrashed("boom"),
        ev.AgentRestarted("boom", 1),
        ev.AgentStopped(),
        ev.UsageUpdated(fd.TokenUsage(1, output=2), {}),
        fd.done(),
    ]
)


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "c"]), _EVENTS), max_size=60))
def test_the_roster_and_every_view_of_one_agent_agree_whatever_comes(
    told: list[tuple[str, ev.EngineEvent]],
) -> None:
    feeds = {name: Feed(name) for name in ("a", "b", "c")}
    alone = {name: AgentView(name=name) for name in feeds}
    roster = Roster()
    for name in feeds:
        roster.know(name)
    for name, event in told:
        envelope = feeds[name].wrap(event)
        alone[name] = fold(alone[name], envelope)
        roster.take(envelope)
    assert {row.name: row.view for row in roster.rows(START_MS)} == alone


def _drained(box: EventMailbox) -> list[str]:
    return [type(envelope.event).__name__ for envelope in box.drain()]


def test_of_an_agent_out_of_sight_only_what_a_person_must_know_goes_through() -> None:
    box = EventMailbox()
    gate = Watching(box)
    gate.hide("coder")
    feed = Feed("coder")
    for envelope in [*_working(feed), *feed(ev.TextDelta("hi"), fd.ask("a1", "1", "bash"))]:
        gate.put(envelope)
    assert _drained(box) == ["ApprovalRequested"]


def test_every_word_goes_through_from_the_first_view_to_the_last() -> None:
    box = EventMailbox()
    gate = Watching(box)
    gate.hide("coder")
    gate.watch("coder")
    gate.watch("coder")
    gate.unwatch("coder")
    feed = Feed("coder")
    gate.put(feed.wrap(ev.TextDelta("seen")))
    assert _drained(box) == ["TextDelta"]
    gate.unwatch("coder")
    gate.put(feed.wrap(ev.TextDelta("not seen")))
    assert _drained(box) == []
    gate.put(feed.wrap(te.SupervisorGaveUp("crew", "too many crashes", 3)))
    assert _drained(box) == ["SupervisorGaveUp"]


def test_spans_begin_and_end_with_their_events() -> None:
    line, feed = Timeline(), Feed("coder")
    for envelope in _working(feed):
        line.take(envelope)
    for envelope in feed.at(5_000)(fd.tool_done("1", "bash", "ok"), fd.done()):
        line.take(envelope)
    found = [(s.kind, s.title, s.end_ms and s.end_ms - s.start_ms) for s in line.spans()]
    assert ("run", "fix the build", 5_000) in found
    assert ("tool", "bash pytest", 5_000) in found
    assert all(span.end_ms is not None for span in line.spans())


def test_what_an_agent_did_when_it_died_ended_badly() -> None:
    line, feed = Timeline(), Feed("coder")
    for envelope in [*_working(feed), *feed.at(900)(ev.AgentCrashed("boom"))]:
        line.take(envelope)
    assert {(s.kind, s.failed) for s in line.spans()} >= {("run", True), ("tool", True)}


def test_scrubbing_tells_the_innermost_thing_that_each_agent_did() -> None:
    line, feed = Timeline(), Feed("coder")
    for envelope in _working(feed):
        line.take(envelope)
    doing = at(line.spans(), START_MS + 10)
    assert doing["coder"].kind == "tool"
    assert at(line.spans(), START_MS - 1) == {}


def test_a_stored_conversation_gives_the_spans_that_it_had() -> None:
    result = ToolResultBlock("1", (TextBlock("ok"),), False)
    nodes = [
        (1_000, UserMessage(ChatMessage("user", (TextBlock("fix it"),)))),
        (1_500, Answer(ChatMessage("assistant", (TextBlock("so"),)), "m", duration_ms=1_500)),
        (4_000, ToolResult(result, "bash", duration_ms=400)),
        (9_000_000, ToolResult(result, "bash", started=False)),  # when it was taken up again
    ]
    entries = [Entry(str(n), None, at_ms, node) for n, (at_ms, node) in enumerate(nodes)]
    assert [(s.kind, s.start_ms, s.end_ms) for s in stored_spans("coder", entries)] == [
        ("run", 1_000, 4_000),
        ("turn", 1_500, 3_000),
        ("tool", 3_600, 4_000),
    ]


def test_a_run_is_kept_with_its_text_joined_until_it_is_over() -> None:
    feed = Feed("coder")
    kept = RunsKept(lambda _: 3)
    events = feed(
        fd.started(),
        fd.run("x"),
        fd.turn(),
        ev.TextDelta("one "),
        ev.TextDelta("two"),
        ev.ThinkingDelta("hm"),
        ev.TextDelta("three"),
    )
    for envelope in events:
        kept.take(envelope)
    texts = [e.event.text for e in kept.of("coder") if isinstance(e.event, ev.TextDelta)]
    assert texts == ["one two", "three"]
    assert kept.before("coder") == 3
    assert kept.of("another") == ()
    for envelope in feed(fd.turn_done(), fd.done()):
        kept.take(envelope)
    assert kept.of("coder") == ()
    assert kept.before("coder") is None


def test_the_end_of_what_was_said_begins_with_a_whole_word() -> None:
    """And says that there was more; one that is whole does not."""
    words = " ".join(f"word{n:04}" for n in range(500))
    feed = Feed("coder")
    said = [ev.TextDelta(words[at : at + 7]) for at in range(0, len(words), 7)]
    (row,) = _roster(*feed(fd.started(), fd.run("x"), fd.turn(), *said)).rows(START_MS)
    assert row.tail[0] == "…"
    assert re.fullmatch(r"…word\d{4}( word\d{4})+", row.tail)
    assert 580 < len(row.tail) <= 600
    assert row.activity.startswith("…word")
    assert tail_of("short words") == "short words"


@given(st.text(max_size=900))
def test_the_end_of_any_text_is_its_end(text: str) -> None:
    tail = tail_of(text)
    assert len(tail) <= 600
    assert text.endswith(tail.removeprefix("…"))
    assert tail == text or tail[0] == "…"


@pytest.mark.parametrize("letter", ["字", "e\u0301", "👩\u200d🚀", "x"])
def test_text_without_spaces_is_cut_between_characters(letter: str) -> None:
    for more in range(4):
        tail = tail_of("ab"[:more] + letter * 700)
        assert len(tail) > 580
        assert unicodedata.category(tail[1]) not in {"Mn", "Cf"}
