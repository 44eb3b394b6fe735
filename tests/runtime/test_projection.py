"""The fold: one state at a time, legal transitions, facts that follow from the events."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from alloy_tui.domain import events as ev
from alloy_tui.domain.events import Envelope
from alloy_tui.domain.usage import TokenUsage
from alloy_tui.runtime.agent_view import BUSY_STATES, AgentView
from alloy_tui.runtime.projection import LEGAL, derive, fold
from tests.support import feed as fd
from tests.support.feed import Feed


def fold_all(envelopes: list[Envelope], view: AgentView | None = None) -> AgentView:
    view = view or AgentView()
    for envelope in envelopes:
        view = fold(view, envelope)
    return view


def test_a_plain_answer_goes_from_starting_to_done_by_way_of_thinking_and_streaming() -> None:
    f = Feed()
    view, seen = AgentView(), ["starting"]
    for envelope in f(
        fd.started(), fd.run("hi"), fd.turn(), ev.TextDelta("Hello"), fd.turn_done(), fd.done()
    ):
        view = fold(view, envelope)
        if view.state != seen[-1]:
            seen.append(view.state)
    assert seen == ["starting", "idle", "thinking", "streaming", "thinking", "done"]


def test_a_token_that_changes_nothing_on_show_gives_the_very_same_view_back() -> None:
    f = Feed()
    view = fold_all(f(fd.started(), fd.run("hi"), fd.turn(), ev.TextDelta("a")))
    assert fold(view, f.wrap(ev.TextDelta("b"))) is view


def test_the_time_of_a_state_starts_when_the_state_does() -> None:
    f = Feed()
    view = fold_all(f(fd.started(), fd.run("hi"), fd.turn()))
    view = fold_all(f.at(5000)(ev.TextDelta("a")), view)
    view = fold_all(f.at(7000)(ev.TextDelta("b")), view)
    assert view.state == "streaming"
    assert view.since_ms == fd.START_MS + 5000


def test_two_tools_run_side_by_side_until_both_are_done() -> None:
    f = Feed()
    view = fold_all(
        f(
            fd.started(),
            fd.run("hi"),
            fd.turn(),
            *fd.call("1", "read", path="a.py"),
            *fd.call("2", "bash", command="pytest -q"),
            fd.turn_done("tool_use"),
            fd.tool_started("1", "read", "a.py", path="a.py"),
            fd.tool_started("2", "bash", "pytest -q", command="pytest -q"),
        )
    )
    assert view.state == "tool"
    assert [t.subject for t in view.tools] == ["a.py", "pytest"]
    view = fold_all(f(fd.tool_done("1", "read", "ok")), view)
    assert view.state == "tool"
    assert fold_all(f(fd.tool_done("2", "bash", "ok")), view).state == "thinking"


def test_an_approval_holds_the_state_until_it_is_answered() -> None:
    f = Feed()
    view = fold_all(f(fd.started(), fd.run("x"), fd.turn(), fd.ask("a1", "1", "bash")))
    assert view.state == "waiting_approval"
    answered = ev.ApprovalAnswered(id="a1", decision="once", by="user")
    assert fold_all(f(answered), view).state == "thinking"


def test_a_run_that_ends_takes_its_approvals_tools_and_retry_with_it() -> None:
    f = Feed()
    error = ev.ErrorInfo(kind="overloaded", message="busy")
    view = fold_all(
        f(
            fd.started(),
            fd.run("x"),
            fd.turn(),
            fd.tool_started("1", "bash", "x"),
            fd.ask("a1", "2", "bash"),
            ev.RetryScheduled(attempt=1, max_attempts=4, delay_s=8, error=error),
            fd.done(status="cancelled"),
        )
    )
    assert (view.state, view.tools, view.approvals, view.retry) == ("cancelled", (), (), None)


def test_a_retry_counts_down_to_a_fixed_moment_and_ends_with_the_next_sign_of_life() -> None:
    f = Feed()
    error = ev.ErrorInfo(kind="rate_limited", message="slow down")
    retry = ev.RetryScheduled(attempt=1, max_attempts=4, delay_s=8.0, error=error)
    view = fold_all(f(fd.started(), fd.run("x"), fd.turn(), retry))
    assert view.state == "rate_limited"
    assert view.retry is not None
    assert view.retry.until_ms == fd.START_MS + 8000
    assert fold_all(f(ev.TextDelta("at last")), view).state == "streaming"


def test_messages_wait_in_their_lanes_and_leave_by_their_request_id() -> None:
    f = Feed()
    view = fold_all(f(fd.started(), fd.run("x"), fd.turn()))
    view = fold_all(f(ev.Queued("steer", 1, "also refunds"), request_id="q1"), view)
    view = fold_all(f(ev.Queued("follow_up", 1, "changelog"), request_id="q2"), view)
    assert [(w.lane, w.text) for w in view.queue] == [
        ("steer", "also refunds"),
        ("follow_up", "changelog"),
    ]
    view = fold_all(f(ev.Steered("also refunds", into="r1"), request_id="q1"), view)
    view = fold_all(f(ev.Dequeued("follow_up", "withdrawn"), request_id="q2"), view)
    assert view.queue == ()
    assert view.busy


def test_the_end_of_a_request_that_never_ran_leaves_the_running_one_alone() -> None:
    f = Feed()
    view = fold_all(f(fd.started(), fd.run("x"), fd.turn()))
    view = fold_all(f(ev.Queued("prompt", 1, "y"), request_id="q1"), view)
    other = f.wrap(fd.done(status="cancelled"), "q1")
    view = fold(view, other)
    assert view.busy
    assert view.queue == ()


def test_unknown_figures_stay_unknown() -> None:
    f = Feed()
    usage = ev.UsageUpdated(usage=TokenUsage(), by_model={}, cost=None, context_tokens=None)
    view = fold_all(f(usage))
    assert view.usage.prompt is None
    assert view.cost is None
    assert view.context_share is None


def test_a_reset_goes_back_to_idle_and_keeps_the_model() -> None:
    f = Feed()
    view = fold_all(f(fd.started("a/b"), fd.run("x", "a/b"), fd.turn("a/b"), fd.done()))
    view = fold_all(f(ev.HistoryReset()), view)
    assert (view.state, view.model) == ("idle", "a/b")


# A small engine that keeps its promises: requests, turns, calls and their ends in order.

_ERROR = ev.ErrorInfo(kind="overloaded", message="busy")


@st.composite
def turns(draw: st.DrawFn) -> list[ev.EngineEvent]:
    out: list[ev.EngineEvent] = []
    if draw(st.booleans()):
        out += [ev.CompactionStarted(100), ev.CompactionFinished(100, 10)]
    out.append(fd.turn())
    for attempt in range(draw(st.integers(0, 2))):
        out.append(ev.RetryScheduled(attempt + 1, 4, 1.0, _ERROR))
    out += [ev.ThinkingDelta("hm")] * draw(st.integers(0, 2))
    out += [ev.TextDelta("so")] * draw(st.integers(0, 2))
    calls = draw(st.integers(0, 3))
    for n in range(calls):
        out += fd.call(f"c{n}", "bash", command="ls")
    out.append(fd.turn_done())
    for n in range(calls):
        if draw(st.booleans()):
            out.append(fd.ask(f"a{n}", f"c{n}", "bash", command="ls"))
            out.append(
                ev.ApprovalAnswered(f"a{n}", draw(st.sampled_from(["once", "deny"])), "user")
            )
        if draw(st.booleans()):
            out.append(fd.tool_started(f"c{n}", "bash", "ls", command="ls"))
            out.append(ev.ToolOutput(f"c{n}", "x\n"))
        out.append(fd.tool_done(f"c{n}", "bash", "ok"))
    return out


@st.composite
def lives(draw: st.DrawFn) -> list[Envelope]:
    f = Feed()
    out = f(fd.started())
    for number in range(draw(st.integers(0, 3))):
        rid = f"r{number}"
        if draw(st.booleans()):
            out += f(ev.Queued("prompt", 1, "x"), request_id=rid)
            out += f(ev.Dequeued("prompt", "started"), request_id=rid)
        body = [e for turn in draw(st.lists(turns(), max_size=3)) for e in turn]
        cut = draw(st.integers(0, len(body))) if draw(st.booleans()) else len(body)
        status: ev.RunStatus = draw(
            st.sampled_from(["completed", "error", "cancelled", "max_turns", "timed_out", "halted"])
        )
        out += f(ev.RunStarted(model="a/b", prompt="x"), request_id=rid)
        out += f(*body[:cut], request_id=rid)
        if status == "error" and draw(st.booleans()):
            out += f(ev.AgentCrashed("a defect"), request_id=rid)
        out += f(fd.done(status=status), request_id=rid)
        if draw(st.booleans()):
            out += f(ev.HistoryReset())
    return out


@given(lives())
@settings(max_examples=200, deadline=None)
def test_every_transition_of_an_engine_that_keeps_its_order_is_legal(life: list[Envelope]) -> None:
    view = AgentView()
    for envelope in life:
        after = fold(view, envelope)
        if after.state != view.state:
            assert after.state in LEGAL[view.state], (view.state, after.state, envelope.event)
        view = after


_ANY = st.sampled_from(
    [
        *(e.event for e in Feed()(fd.started(), fd.run("x"), fd.turn(), fd.turn_done(), fd.done())),
        *fd.call("c0", "bash", command="ls"),
        ev.TextDelta("a"),
        ev.ThinkingDelta("b"),
        fd.tool_started("c0", "bash", "ls"),
        fd.tool_done("c0", "bash", "ok"),
        fd.ask("a0", "c0", "bash"),
        ev.ApprovalAnswered("a0", "once", "user"),
        ev.RetryScheduled(1, 4, 2.0, _ERROR),
        ev.FallbackUsed("a/b", "c/d", _ERROR),
        ev.CompactionStarted(10),
        ev.CompactionFinished(10, 1),
        ev.Queued("steer", 1, "x"),
        ev.Dequeued("steer", "stopped"),
        ev.Cancelled("running"),
        ev.ModelChanged("a/b", "c/d"),
        ev.AgentCrashed("x"),
        ev.AgentRestarted("x", 1),
        ev.AgentStopped(),
        ev.HistoryReset(),
        ev.Notice("info", "x"),
        ev.BudgetWarned(1.0, 2.0),
    ]
)


@given(st.lists(st.tuples(_ANY, st.sampled_from([None, "r1", "r2"])), max_size=40))
@settings(max_examples=300, deadline=None)
def test_no_order_of_events_breaks_the_fold_or_what_a_state_means(
    events: list[tuple[ev.EngineEvent, str | None]],
) -> None:
    view = AgentView()
    for seq, (event, rid) in enumerate(events):
        view = fold(view, Envelope(1, seq, "agent", rid, 1, seq, event))
        assert view.state == derive(view)
        assert (view.state in BUSY_STATES) == view.busy
        if view.busy:
            assert (view.state == "waiting_approval") == bool(view.approvals)


def test_the_table_of_legal_transitions_names_every_state_and_none_to_itself() -> None:
    states = set(LEGAL)
    for state, after in LEGAL.items():
        assert after <= states
        assert state not in after


def test_a_session_is_called_what_it_was_named_last() -> None:
    view = fold_all(Feed()(ev.SessionOpened("s", "first words"), ev.SessionSaved("s", (), "taxes")))
    assert view.session == "taxes"


def test_how_a_run_ended_is_forgotten_when_the_conversation_stands_elsewhere() -> None:
    f = Feed()
    view = fold_all(f(fd.started(), fd.run("hi"), fd.turn(), fd.turn_done(), fd.done()))
    assert view.state == "done"
    assert fold_all(f(ev.LeafMoved("b", "a")), view).state == "idle"
    assert fold_all(f(ev.SessionOpened("s2", "other")), view).session == "other"
