"""What of a team outlives its program, and who may have it open."""

from __future__ import annotations

import os

from alloy_tui.domain import events as ev
from alloy_tui.domain import team_events as te
from alloy_tui.domain.events import Envelope
from alloy_tui.runtime.team_port import AgentRow, NewMember, TeamView
from alloy_tui.settings import locate
from alloy_tui.settings.paths import write_private
from tests.runtime.team_stage import Stage, asked, until_view

HANGS = {"text": "half a word", "chunk": 4, "chunk_delay_ms": 600_000}


def words(past: tuple[Envelope, ...]) -> list[str]:
    """What was asked and answered."""
    return [
        e.event.prompt if isinstance(e.event, ev.RunStarted) else e.event.text
        for e in past
        if isinstance(e.event, ev.RunStarted | ev.TextDelta)
    ]


def coder(view: TeamView) -> AgentRow:
    """That agent's row."""
    row = view.row("coder")
    assert row is not None
    return row


def test_a_team_comes_back_as_it_was(stage: Stage) -> None:
    """Agents, one that joined by hand, board, mail, shared context, and what was said."""
    stage.team("crew", {"coder": [{"text": "It is done."}], "reviewer": []})
    runtime, listener = stage.opened("crew")
    runtime.team.add(NewMember("tester", model=stage.script("tester"), role="tries things"))
    runtime.team.put_task("Mend the build")
    runtime.team.share("branch", "main")
    runtime.team.mail(["reviewer"], "Look at a.py")
    runtime.team.act("pause", "reviewer")
    runtime.team.delegate("delegate", ["coder"], "mend it")
    listener.until(te.DelegationFinished)
    before = until_view(runtime, listener, lambda v: len(v.rows) == 4 and v.mail and v.tasks)
    runtime.close()
    runtime, listener = stage.opened("crew")
    view = until_view(runtime, listener, lambda v: len(v.rows) == 4)
    assert (view.tasks, view.mail, view.shared) == (before.tasks, before.mail, before.shared)
    assert [d.brought for d in view.delegations] == ["It is done."]
    reviewer, tester = view.row("reviewer"), view.row("tester")
    assert reviewer is not None
    assert tester is not None
    assert (reviewer.paused, reviewer.unread, tester.role) == (True, 1, "tries things")
    assert words(asked(runtime.team.attach, "coder")) == ["mend it", "It is done."]


def test_an_agent_goes_on_from_its_conversation(stage: Stage) -> None:
    """The model is sent what was said in the former program."""
    stage.team("crew", {"coder": [{"text": "first answer"}]})
    runtime, listener = stage.opened("crew")
    runtime.team.delegate("delegate", ["coder"], "one")
    listener.until(te.DelegationFinished)
    runtime.close()
    stage.team("crew", {"coder": [{"text": "second answer"}]})
    runtime, listener = stage.opened("crew")
    runtime.team.delegate("delegate", ["coder"], "two")
    listener.until(te.DelegationFinished, text="second answer")
    assert words(asked(runtime.team.attach, "coder")) == [
        "one",
        "first answer",
        "two",
        "second answer",
    ]


def test_a_busy_team_stops_with_the_program_and_keeps_what_arrived(stage: Stage) -> None:
    """Nobody waits for an agent that waits for its model; its half answer is kept."""
    stage.team("crew", {"coder": [HANGS]})
    runtime, listener = stage.opened("crew")
    runtime.team.delegate("delegate", ["coder"], "go")
    until_view(runtime, listener, lambda v: (v.row("coder") or v.rows[0]).tail == "half")
    runtime.close()
    assert not runtime.stuck
    runtime, listener = stage.opened("crew")
    view = until_view(runtime, listener, lambda v: len(v.delegations) == 1)
    assert [d.status for d in view.delegations] == ["cancelled"]
    assert words(asked(runtime.team.attach, "coder")) == ["go", "half"]


def test_a_row_shows_what_its_agent_was(stage: Stage) -> None:
    """Turns, tokens, cost, restarts and last words come back, and go on from there."""
    usage, price = {"input": 1000, "output": 200}, {"input": 1.0, "output": 5.0}
    info = {"price": price, "context_window": 10_000}

    def play(*replies: str) -> None:
        made = [{"text": text, "usage": usage} for text in replies]
        script = stage.script("coder", *made, **info)
        stage.write("crew", f'[[members]]\nname = "coder"\nmodel = "{script}"')

    play("one\nThe last line.")
    runtime, listener = stage.opened("crew")
    runtime.team.delegate("delegate", ["coder"], "mend it")
    listener.until(te.DelegationFinished)
    runtime.team.act("kill", "coder")
    until_view(runtime, listener, lambda v: coder(v).restarts and coder(v).view.usage_known)
    before = coder(runtime.team.view())
    assert (before.view.usage.total, before.view.cost) == (1200, 0.002)
    runtime.close()

    play("two")
    runtime, listener = stage.opened("crew")
    view = until_view(runtime, listener, lambda v: coder(v).view.usage_known)
    row = coder(view)
    assert (row.turns, row.restarts, row.cause) == (1, 1, before.cause)
    assert (row.tail, row.activity) == ("one\nThe last line.", "The last line.")
    assert (row.prompt, row.last_ms > 0) == ("mend it", True)
    assert (row.view.usage, row.view.cost) == (before.view.usage, before.view.cost)
    assert row.view.context_share == 0.12
    assert (view.cost, view.turns) == (before.view.cost, 1)
    figures = [e.event for e in asked(runtime.team.attach, "coder")]
    assert [e.usage for e in figures if isinstance(e, ev.UsageUpdated)] == [before.view.usage]
    runtime.team.delegate("delegate", ["coder"], "again")
    listener.until(te.DelegationFinished, text="two")
    row = coder(until_view(runtime, listener, lambda v: coder(v).turns == 2))
    assert (row.view.usage.total, row.view.cost) == (2400, 0.004)
    runtime.team.act("restart", "coder")
    row = coder(until_view(runtime, listener, lambda v: coder(v).restarts == 2))
    assert row.view.cost == 0.004


def test_what_agents_took_that_left_counts_in_the_teams_sum(stage: Stage) -> None:
    """One that was removed is no row any more, and its money was spent all the same."""
    usage, price = {"input": 1000, "output": 200}, {"input": 1.0, "output": 5.0}
    script = stage.script("tester", {"text": "tried", "usage": usage}, price=price)
    stage.team("crew", {"coder": []})
    runtime, listener = stage.opened("crew")
    runtime.team.add(NewMember("tester", model=script))
    until_view(runtime, listener, lambda v: v.row("tester") is not None)
    runtime.team.delegate("delegate", ["tester"], "try")
    listener.until(te.DelegationFinished)
    runtime.team.act("remove", "tester")
    until_view(runtime, listener, lambda v: v.row("tester") is None)
    runtime.close()
    runtime, listener = stage.opened("crew")
    view = until_view(runtime, listener, lambda v: v.turns)
    assert ([r.name for r in view.rows], view.turns) == (["agent", "coder"], 1)
    assert view.cost == 0.002


def test_the_timeline_has_what_agents_did_that_left(stage: Stage) -> None:
    """Of former programs, too, and of those that were made for one task."""
    stage.team("crew", {"coder": []})
    runtime, listener = stage.opened("crew")
    runtime.team.add(NewMember("tester", model=stage.script("tester", {"text": "tried"})))
    until_view(runtime, listener, lambda v: v.row("tester") is not None)
    runtime.team.delegate("spawn", ["tester"], "try")
    listener.until(te.DelegationFinished, text="tried")
    runtime.team.act("remove", "tester")
    until_view(runtime, listener, lambda v: len(v.rows) == 2)
    runtime.close()
    runtime, _ = stage.opened("crew")
    spans = asked(runtime.team.timeline)
    assert [(s.agent, s.kind) for s in spans] == [("tester-1", "run"), ("tester-1", "turn")]


def test_one_program_has_a_team_at_a_time(stage: Stage) -> None:
    """The second is told in words, and can open it when the first has closed it."""
    stage.team("crew", {"coder": []})
    first, heard_first = stage.opened("crew")
    second, heard = stage.runtime()
    second.team.open("crew")
    assert "open in another program" in heard.until(ev.Notice, level="warning").text
    assert second.team.view().file == ""
    first.team.close()
    until_view(first, heard_first, lambda v: v.file == "")
    second.team.follow("a test", wanted=True)
    second.team.open("crew")
    until_view(second, heard, lambda v: len(v.rows) == 2)


def test_another_team_takes_the_place_of_the_one_that_is_open(stage: Stage) -> None:
    """The rows of the first go, and come back with it."""
    stage.team("crew", {"coder": []})
    stage.team("others", {"writer": []})
    runtime, listener = stage.opened("crew")
    runtime.team.open("others")
    view = until_view(runtime, listener, lambda v: v.name == "others" and len(v.rows) == 2)
    assert [row.name for row in view.rows] == ["agent", "writer"]
    runtime.team.open("crew")
    view = until_view(runtime, listener, lambda v: v.name == "crew" and len(v.rows) == 2)
    assert [row.name for row in view.rows] == ["agent", "coder"]


def test_with_no_session_nothing_is_kept(stage: Stage) -> None:
    """`--no-session` is for teams, too."""
    stage.team("crew", {"coder": [{"text": "x"}]})
    runtime, listener = stage.opened("crew", stored=False)
    runtime.team.delegate("delegate", ["coder"], "one")
    listener.until(te.DelegationFinished, status="completed")
    runtime.close()
    runtime, listener = stage.opened("crew")
    assert runtime.team.view().delegations == ()
    assert [f.kept_ms is None for f in asked(runtime.team.files)] == [False]


def test_what_was_spent_in_a_former_program_counts(stage: Stage) -> None:
    """A limit is asked about before the request that would pass it; denied, nothing is sent."""
    usage = {"input": 9000, "output": 500}
    stage.team("crew", {"coder": [{"text": "dear", "usage": usage}]}, head="budget_tokens = 10000")
    runtime, listener = stage.opened("crew")
    runtime.team.delegate("delegate", ["coder"], "one")
    listener.until(te.DelegationFinished, status="completed")
    runtime.close()
    stage.team("crew", {"coder": [{"text": "never said"}]}, head="budget_tokens = 10000")
    runtime, listener = stage.opened("crew")
    runtime.team.delegate("delegate", ["coder"], "two")
    question = listener.until(ev.ApprovalRequested, tool="budget")
    assert "9,500 tokens of 10,000 tokens" in question.headline
    runtime.answer_approval(question.id, "deny", None)
    assert listener.until(te.DelegationFinished).status == "refused"
    assert "never said" not in words(asked(runtime.team.attach, "coder"))


def test_an_agent_that_is_killed_is_started_anew_with_its_conversation(stage: Stage) -> None:
    """From the store; the others notice nothing."""
    stage.team("crew", {"coder": [{"text": "an answer"}], "reviewer": [{"text": "still here"}]})
    runtime, listener = stage.opened("crew")
    runtime.team.delegate("delegate", ["coder"], "one")
    listener.until(te.DelegationFinished)
    runtime.team.act("kill", "coder")
    assert listener.until(ev.AgentRestarted).restarts == 1
    until_view(runtime, listener, lambda v: (v.row("coder") or v.rows[0]).restarts == 1)
    runtime.team.delegate("broadcast", [], "again")
    listener.until(te.DelegationFinished, to="reviewer", text="still here")
    listener.until(te.DelegationFinished, to="coder", text="an answer")
    assert words(asked(runtime.team.attach, "coder")) == ["one", "an answer", "again", "an answer"]


def test_a_program_that_ends_while_agents_run_commands_leaves_none_running(stage: Stage) -> None:
    """What they were at is closed, and the commands end with them."""
    runs = {"tool_calls": [{"name": "bash", "arguments": {"command": "sleep 600"}}]}
    names = [f"a{n}" for n in range(4)]
    stage.team("crew", {name: [runs] for name in names})
    runtime, listener = stage.opened("crew")
    runtime.set_approval_mode("all")
    runtime.team.delegate("broadcast", [], "go")
    until_view(
        runtime, listener, lambda v: [r.view.state for r in v.rows[1:]] == ["tool"] * len(names)
    )
    runtime.close()
    assert not runtime.stuck
    runtime, listener = stage.opened("crew")
    view = until_view(runtime, listener, lambda v: len(v.delegations) == len(names))
    assert {d.status for d in view.delegations} == {"cancelled"}


def test_the_list_of_sessions_shows_those_that_people_held(stage: Stage) -> None:
    """A team's conversations are found by searching, under the name of who said it."""
    stage.team("crew", {"coder": [{"text": "The zebra crosses."}]})
    runtime, listener = stage.opened("crew", {"text": "mine"})
    runtime.submit("hello there")
    listener.until(ev.RunFinished, text="mine")
    runtime.team.delegate("delegate", ["coder"], "one")
    listener.until(te.DelegationFinished)
    rows = asked(runtime.library.list)
    assert [row.title for row in rows] == ["hello there"]
    (hit,) = asked(runtime.library.search, "zebra")
    assert hit.title == "coder of team crew"


def test_what_agents_spend_counts_against_the_limit_of_the_session(stage: Stage) -> None:
    """Having others do it is no way round a limit that the person set."""
    write_private(locate().config_file, "[budget]\nsession_tokens = 10000\n")
    usage = {"input": 9000, "output": 500}
    stage.team("crew", {"coder": [{"text": "dear", "usage": usage}]})
    runtime, listener = stage.opened("crew", {"text": "never said"}, environment=dict(os.environ))
    runtime.team.delegate("delegate", ["coder"], "one")
    listener.until(te.DelegationFinished, status="completed")
    runtime.submit("and you?")
    question = listener.until(ev.ApprovalRequested, tool="budget")
    assert "9,500 tokens of 10,000 tokens" in question.headline
    runtime.answer_approval(question.id, "deny", None)
    assert listener.until(ev.RunFinished).status == "halted"
