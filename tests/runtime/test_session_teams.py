"""A session's own team: it stays with its session, and comes back with it."""

from __future__ import annotations

from alloy_tui.domain import events as ev
from alloy_tui.domain import team_events as te
from alloy_tui.runtime.runtime import Runtime
from alloy_tui.runtime.team_port import TeamView
from tests.runtime.team_stage import (
    Reply,
    Stage,
    asked,
    begun,
    logs,
    looking,
    names,
    until_view,
    with_coder,
    words,
)

HANGS: Reply = {"text": "half a word", "chunk": 4, "chunk_delay_ms": 600_000}
SPAWNS: Reply = {"tool_calls": [{"name": "delegate", "arguments": {"tasks": ["look at a.py"]}}]}


def test_it_comes_back_with_its_session(stage: Stage) -> None:
    """Agents that joined by hand, what they said and took, board, mail and shared context."""
    runtime, listener = stage.runtime({"text": "hi"})
    looking(runtime)
    session = begun(runtime, listener)
    with_coder(stage, runtime, listener, {"text": "It is done."})
    runtime.team.put_task("Mend the build")
    runtime.team.share("branch", "main")
    runtime.team.delegate("delegate", ["coder"], "mend it")
    listener.until(te.DelegationFinished)
    runtime.team.act("pause", "coder")
    runtime.team.mail(["coder"], "Look at a.py")
    before = until_view(runtime, listener, lambda v: v.mail and v.tasks and v.turns)
    runtime.close()

    runtime, listener = stage.runtime(session=session)
    looking(runtime)
    view = until_view(runtime, listener, lambda v: v.row("coder"))
    assert (view.tasks, view.mail, view.shared) == (before.tasks, before.mail, before.shared)
    assert (view.name, view.file, [d.brought for d in view.delegations]) == (
        "",
        "",
        ["It is done."],
    )
    row = view.row("coder")
    assert row is not None
    assert (row.paused, row.unread, row.role, row.turns) == (True, 1, "writes code", 1)
    assert (row.tail, view.cost) == ("It is done.", 0.002)
    assert words(runtime, "coder") == ["mend it", "It is done."]
    runtime.team.act("resume", "coder")
    runtime.team.delegate("delegate", ["coder"], "again")
    listener.until(te.DelegationFinished)
    assert words(runtime, "coder") == ["mend it", "It is done.", "again", "It is done."]


def test_it_may_be_there_before_the_first_message(stage: Stage) -> None:
    """What is put up in a fresh program begins its session, which the message then goes on with."""
    runtime, listener = stage.runtime({"text": "hi"})
    looking(runtime)
    runtime.team.put_task("Mend the build")
    until_view(runtime, listener, lambda v: v.tasks)
    session = begun(runtime, listener)
    runtime.close()
    assert logs() == [session]
    runtime, listener = stage.runtime(session="latest")
    looking(runtime)
    view = until_view(runtime, listener, lambda v: v.tasks)
    assert [task.title for task in view.tasks] == ["Mend the build"]
    assert runtime.tree.state.title == "hello there"


def test_a_session_whose_team_is_all_it_has_is_gone_on_with(stage: Stage) -> None:
    """Nothing was ever said to its own agent."""
    runtime, listener = stage.runtime()
    looking(runtime)
    with_coder(stage, runtime, listener)
    runtime.close()
    runtime, listener = stage.runtime({"text": "hi"}, session="latest")
    looking(runtime)
    until_view(runtime, listener, lambda v: v.row("coder"))
    begun(runtime, listener)


def test_without_one_nothing_is_kept(stage: Stage) -> None:
    """Nor for agents that are made for one piece of work, nor by somebody who only looks."""
    runtime, listener = stage.runtime(SPAWNS, {"text": "all done"})
    looking(runtime)
    runtime.submit("have it looked at")
    listener.until(te.DelegationFinished)
    runtime.close()
    assert logs() == []


def test_nothing_is_read_or_begun_until_somebody_looks(stage: Stage) -> None:
    """A program that goes on with such a session begins as any other does."""
    runtime, listener = stage.runtime({"text": "hi"})
    looking(runtime)
    with_coder(stage, runtime, listener)
    session = begun(runtime, listener)
    runtime.close()
    runtime, listener = stage.runtime({"text": "hi"}, session=session)
    begun(runtime, listener)
    assert names(runtime.team.view()) == ["agent"]
    looking(runtime)
    until_view(runtime, listener, lambda v: v.row("coder"))


def test_another_session_does_not_see_it(stage: Stage) -> None:
    """A new one, a fork; on the way back it is there again, and only there."""
    runtime, listener = stage.runtime({"text": "hi"}, {"text": "hi"})
    looking(runtime)
    session = begun(runtime, listener)
    with_coder(stage, runtime, listener, {"text": "It is done."})
    runtime.team.put_task("Mend the build")
    runtime.team.delegate("delegate", ["coder"], "mend it")
    listener.until(te.DelegationFinished)
    until_view(runtime, listener, lambda v: v.tasks and v.delegations and v.turns > 1)

    runtime.library.new()
    view = until_view(runtime, listener, lambda v: not v.row("coder"))
    assert (view.tasks, view.delegations, view.mail) == ((), (), ())
    assert "coder" not in {span.agent for span in asked(runtime.team.timeline)}
    runtime.team.put_task("Of another session")
    view = until_view(runtime, listener, lambda v: v.tasks)
    assert [task.title for task in view.tasks] == ["Of another session"]
    other = begun(runtime, listener, "something else")
    assert sorted(logs()) == sorted([session, other])

    runtime.library.open(session)
    view = until_view(runtime, listener, lambda v: v.row("coder"))
    assert [task.title for task in view.tasks] == ["Mend the build"]
    assert words(runtime, "coder") == ["mend it", "It is done."]
    runtime.library.fork()
    view = until_view(runtime, listener, lambda v: not v.row("coder"))
    assert view.tasks == ()
    looking(runtime)
    assert sorted(logs()) == sorted([session, other])


def test_an_agent_at_work_stops_with_its_session(stage: Stage) -> None:
    """As the main agent does; what had come is kept, and the work is said to be cancelled."""
    runtime, listener = stage.runtime({"text": "hi"})
    looking(runtime)
    session = begun(runtime, listener)
    with_coder(stage, runtime, listener, HANGS)
    runtime.team.delegate("delegate", ["coder"], "go")
    until_view(runtime, listener, lambda v: (v.row("coder") or v.rows[0]).tail == "half")
    runtime.library.new()
    until_view(runtime, listener, lambda v: not v.row("coder"))
    runtime.library.open(session)
    view = until_view(runtime, listener, lambda v: v.row("coder"))
    assert [d.status for d in view.delegations] == ["cancelled"]
    assert words(runtime, "coder") == ["go", "half"]


def test_a_team_from_a_file_takes_its_place_and_gives_it_back(stage: Stage) -> None:
    """It goes on beside any session; closed, the session's own is there again."""
    stage.team("crew", {"reviewer": []})
    runtime, listener = stage.runtime({"text": "hi"})
    looking(runtime)
    begun(runtime, listener)
    with_coder(stage, runtime, listener)
    runtime.team.open("crew")
    until_view(runtime, listener, lambda v: names(v) == ["agent", "reviewer"])
    runtime.team.close()
    until_view(runtime, listener, lambda v: names(v) == ["agent", "coder"])
    runtime.team.open("crew")
    until_view(runtime, listener, lambda v: names(v) == ["agent", "reviewer"])
    runtime.library.new()
    listener.until(ev.SessionOpened)
    assert names(asked_view(runtime)) == ["agent", "reviewer"]


def asked_view(runtime: Runtime) -> TeamView:
    """The view, once all that was asked for is done."""
    asked(runtime.team.files)
    return runtime.team.view()
