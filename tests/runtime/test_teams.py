"""Teams in the whole engine: opened from files, set to work, shown, and left as they were."""

from __future__ import annotations

from alloy_tui.domain import events as ev
from alloy_tui.domain import team_events as te
from alloy_tui.runtime.team_port import TeamView
from tests.runtime.team_stage import Stage, asked, said, until_view


def test_a_team_of_the_project_is_opened_and_shown(stage: Stage) -> None:
    """Its agents stand below the main one, which is there from the start."""
    stage.team("crew", {"coder": [], "reviewer": []}, head="budget_tokens = 9000")
    runtime, listener = stage.runtime()
    assert [(f.name, f.members) for f in asked(runtime.team.files)] == [
        ("crew", ("coder", "reviewer"))
    ]
    runtime.team.follow("a test", wanted=True)
    runtime.team.open("crew")
    view = until_view(runtime, listener, lambda view: len(view.rows) == 3)
    assert [row.name for row in view.rows] == ["agent", "coder", "reviewer"]
    assert (view.name, view.budget_tokens, view.supervision) == (
        "crew",
        9000,
        "one for one, at most 5 in 60 s",
    )
    assert view.rows[0].main


def test_work_is_delegated_broadcast_and_handed_on(stage: Stage) -> None:
    """Each comes back as a delegation with what it brought."""
    stage.team(
        "crew",
        {
            "coder": [{"text": "written"}, {"text": "both: c"}, {"text": "a patch"}],
            "reviewer": [{"text": "both: r"}, {"expect": "a patch", "text": "good"}],
        },
    )
    runtime, listener = stage.opened("crew")
    runtime.team.delegate("delegate", ["coder"], "write it")
    listener.until(te.DelegationFinished, to="coder", text="written")
    runtime.team.delegate("broadcast", [], "all of you")
    listener.until(te.DelegationFinished, text="both: c")
    listener.until(te.DelegationFinished, text="both: r")
    runtime.team.delegate("handoff", ["coder", "reviewer"], "mend it")
    listener.until(te.DelegationFinished, to="reviewer", text="good", status="completed")
    view = until_view(
        runtime, listener, lambda v: [d.brought for d in v.delegations][-1:] == ["good"]
    )
    assert [(d.kind, d.to, d.by) for d in view.delegations] == [
        ("delegate", "coder", "user"),
        ("broadcast", "coder", "user"),
        ("broadcast", "reviewer", "user"),
        ("handoff", "coder", "user"),
        ("handoff", "reviewer", "user"),
    ]
    coder = view.row("coder")
    assert coder is not None
    assert (coder.turns, coder.tail) == (3, "a patch")


def test_who_works_in_a_pipeline_says_at_which_step_and_where_it_broke(stage: Stage) -> None:
    """The row as long as it works, the delegations for good; one notice for all of it."""
    slow = {"text": "slow words", "chunk": 1, "chunk_delay_ms": 600_000}
    stage.team("crew", {"coder": [{"text": "a patch"}], "reviewer": [slow]})
    runtime, listener = stage.opened("crew")
    runtime.team.delegate("handoff", ["coder", "reviewer"], "mend it")

    def working(view: TeamView) -> bool:
        row = view.row("reviewer")
        return row is not None and row.view.state == "streaming"

    view = until_view(runtime, listener, working)
    row = view.row("reviewer")
    assert row is not None
    assert row.activity.startswith("2 of 2: ")
    assert row.prompt.startswith("mend it")
    assert [(d.place, d.status) for d in view.delegations] == [
        ("1 of 2", "completed"),
        ("2 of 2", None),
    ]
    runtime.team.act("cancel", "reviewer")
    notice = listener.until(ev.Notice)
    assert "The handoff broke at step 2 of 2: reviewer was cancelled" in notice.text
    view = until_view(runtime, listener, lambda v: v.delegations[-1].status == "cancelled")
    row = view.row("reviewer")
    assert row is not None
    assert not row.activity.startswith("2 of 2")


def test_words_of_agents_that_nobody_looks_at_do_not_come(stage: Stage) -> None:
    """Of a hidden agent the mailbox gets what a person must know, and no word it says."""
    stage.team("crew", {"coder": [{"text": "hidden words"}, {"text": "words on show"}]})
    runtime, listener = stage.opened("crew")
    runtime.team.delegate("delegate", ["coder"], "one")
    listener.until(te.DelegationFinished)
    assert said(listener, "coder") == ""
    past = asked(runtime.team.attach, "coder")
    assert (
        "".join(e.event.text for e in past if isinstance(e.event, ev.TextDelta)) == "hidden words"
    )
    listener.seen.clear()
    runtime.team.delegate("delegate", ["coder"], "two")
    listener.until(te.DelegationFinished)
    assert said(listener, "coder") == "words on show"
    runtime.team.detach("coder")


def test_who_looks_in_the_middle_of_an_answer_misses_nothing_and_sees_nothing_twice(
    stage: Stage,
) -> None:
    """What was said until then comes first, the rest as it is said."""
    text = "".join(f"w{n} " for n in range(400))
    reply = {"text": text, "chunk": 4, "chunk_delay_ms": 5}
    stage.team("crew", {"coder": [{"text": "long ago"}, reply]})
    runtime, listener = stage.opened("crew")
    runtime.team.delegate("delegate", ["coder"], "one")
    listener.until(te.DelegationFinished)
    runtime.team.delegate("delegate", ["coder"], "two")
    until_view(runtime, listener, lambda view: "w" in (view.row("coder") or view.rows[0]).tail)
    past = asked(runtime.team.attach, "coder")
    listener.until(ev.RunFinished)
    every = [*past, *(e for e in listener.seen if e.agent == "coder")]
    words = "".join(e.event.text for e in every if isinstance(e.event, ev.TextDelta))
    assert words == f"long ago{text}"
    prompts = [e.event.prompt for e in every if isinstance(e.event, ev.RunStarted)]
    assert prompts == ["one", "two"]
    ends = [e for e in every if isinstance(e.event, ev.RunFinished)]
    assert len(ends) == 2
    runtime.team.detach("coder")


def test_an_agent_at_work_is_steered(stage: Stage) -> None:
    """What a person says goes in at its next step; the work goes on to its one answer."""
    runs = {"tool_calls": [{"name": "bash", "arguments": {"command": "true"}}]}
    stage.team("crew", {"coder": [runs, {"expect": "and look at b", "text": "both are done"}]})
    runtime, listener = stage.opened("crew")
    runtime.team.attach("coder", lambda _: None)
    runtime.team.delegate("delegate", ["coder"], "look at a")
    question = listener.until(ev.ApprovalRequested)
    runtime.team.say("coder", "and look at b", "steer")
    until_view(runtime, listener, lambda v: any(row.view.queue for row in v.rows))
    runtime.answer_approval(question.id, "once", None)
    assert listener.until(ev.Steered).text == "and look at b"
    assert listener.until(te.DelegationFinished).text == "both are done"


def test_what_cannot_be_is_said_as_a_notice(stage: Stage) -> None:
    """No verb raises: an unknown agent, a team that is not there, a file that is no team."""
    stage.team("crew", {"coder": []})
    stage.write("odd", 'strategie = "x"')
    runtime, listener = stage.opened("crew")
    runtime.team.delegate("delegate", ["nobody"], "do it")
    assert "nobody" in listener.until(ev.Notice, level="warning").text
    for name, words in (("missing", "There is no team missing"), ("odd", "strategie")):
        listener.seen.clear()
        runtime.team.open(name)
        assert words in listener.until(ev.Notice, level="warning").text
    troubles = {f.name: f.trouble for f in asked(runtime.team.files)}
    assert "strategie" in troubles["odd"]
    assert troubles["crew"] == ""
