"""What a session took is told at once when it is on screen again, its team's part too."""

from __future__ import annotations

from collections.abc import Callable

from alloy_tui.domain import events as ev
from alloy_tui.domain import team_events as te
from alloy_tui.runtime.agent_view import AgentView
from alloy_tui.runtime.projection import fold
from alloy_tui.runtime.runtime import Runtime
from tests.runtime.team_stage import Stage, asked, begun, looking, until_view, with_coder
from tests.support.listening import Listener

PRICED = {"price": {"input": 1.0, "output": 5.0}}
ANSWER = {"text": "hi", "usage": {"input": 1000, "output": 200}}


def opened(
    stage: Stage, open_runtime: Callable[..., tuple[Runtime, Listener]], **given: object
) -> tuple[Runtime, Listener]:
    model = stage.script("priced", ANSWER, ANSWER, **PRICED)
    return open_runtime(model, cwd=stage.folder, **given)


def view(listener: Listener) -> AgentView:
    """The main agent as a status line shows it."""
    shown = AgentView()
    for envelope in listener.seen:
        if envelope.agent == "agent":
            shown = fold(shown, envelope)
    return shown


def test_before_the_first_answer_and_anew_for_another_session(
    stage: Stage, open_runtime: Callable[..., tuple[Runtime, Listener]]
) -> None:
    runtime, listener = opened(stage, open_runtime)
    begun(runtime, listener)
    assert view(listener).cost == 0.002
    runtime.close()

    runtime, listener = opened(stage, open_runtime, session="latest")
    told = listener.until(ev.UsageUpdated)
    assert (told.cost, told.usage.total, told.context_tokens) == (0.002, 1200, None)
    assert view(listener).usage_known
    assert runtime.usage().cost == 0.002
    runtime.submit("and again")
    listener.until(ev.RunFinished)
    assert view(listener).cost == 0.004
    spent = asked(runtime.providers.spent)
    assert (spent.session.cost, spent.session.requests, spent.life.requests) == (0.004, 2, 1)
    listener.seen.clear()
    runtime.reset()
    listener.until(ev.SessionOpened, session_id="")
    assert not view(listener).usage_known
    assert runtime.usage().usage.total == 0


def test_that_of_its_team_though_nobody_looks(
    stage: Stage, open_runtime: Callable[..., tuple[Runtime, Listener]]
) -> None:
    """And once when the team is back."""
    runtime, listener = opened(stage, open_runtime)
    looking(runtime)
    begun(runtime, listener)
    with_coder(stage, runtime, listener, {"text": "It is done."})
    runtime.team.delegate("delegate", ["coder"], "mend it")
    listener.until(te.DelegationFinished)
    runtime.close()

    runtime, listener = opened(stage, open_runtime, session="latest")
    listener.until(te.TeamChanged)
    team = until_view(runtime, listener, lambda v: v.cost == 0.004)
    assert len(team.rows) == 1
    assert team.turns == 1
    spent = asked(runtime.providers.spent)
    assert (spent.session.cost, spent.team.cost) == (0.002, 0.002)
    runtime.submit("and again")
    until_view(runtime, listener, lambda v: v.cost == 0.006)
    looking(runtime)
    team = until_view(runtime, listener, lambda v: v.row("coder"))
    assert team.cost == 0.006
