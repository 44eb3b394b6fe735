"""What of a session's own team is kept, for whom, and what becomes of it when programs end."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable

from alloy_tui.domain import events as ev
from alloy_tui.domain import team_events as te
from alloy_tui.runtime.session_folder import has_store, open_store
from alloy_tui.runtime.team_port import NewMember
from alloy_tui.runtime.team_reading import KeptTeam, kept_teams
from alloy_tui.settings import locate
from alloy_tui.settings.paths import write_private
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
)

HANGS: Reply = {"text": "half a word", "chunk": 4, "chunk_delay_ms": 600_000}
SPAWNS: Reply = {"tool_calls": [{"name": "delegate", "arguments": {"tasks": ["look at a.py"]}}]}


def test_an_agent_that_cannot_be_made_now_does_not_keep_the_others_away(stage: Stage) -> None:
    """It is left out and said so; it comes back when it can be."""
    runtime, listener = stage.runtime({"text": "hi"})
    looking(runtime)
    session = begun(runtime, listener)
    with_coder(stage, runtime, listener)
    runtime.team.add(NewMember("tester", model=stage.script("tester")))
    until_view(runtime, listener, lambda v: v.row("tester"))
    runtime.close()

    gone = stage.folder.parent / "tester.json"
    script = gone.read_text()
    gone.unlink()
    runtime, listener = stage.runtime(session=session)
    looking(runtime)
    view = until_view(runtime, listener, lambda v: v.row("coder"))
    assert names(view) == ["agent", "coder"]
    assert "tester could not come back" in listener.until(ev.Notice, level="warning").text
    runtime.close()

    gone.write_text(script)
    runtime, listener = stage.runtime(session=session)
    looking(runtime)
    until_view(runtime, listener, lambda v: names(v) == ["agent", "coder", "tester"])


def test_who_is_made_for_one_piece_of_work_begins_from_nothing(stage: Stage) -> None:
    """Though another was called the same in a former program."""
    main = [SPAWNS, {"text": "looked"}, {"text": "all done"}]
    runtime, listener = stage.runtime(*main)
    looking(runtime)
    runtime.team.put_task("Mend the build")
    until_view(runtime, listener, lambda v: v.tasks)
    runtime.submit("have it looked at")
    first = listener.until(te.MemberAdded).name
    listener.until(te.DelegationFinished, to=first)
    runtime.close()
    runtime, listener = stage.runtime(*main, session="latest")
    runtime.submit("have it looked at")
    added = listener.until(te.MemberAdded)
    assert added.name == first
    listener.until(te.DelegationFinished, to=first)
    runtime.close()
    store = open_store(locate())
    try:
        sessions = [i for i in store.sessions() if i.agent == f"session/{first}"]
        assert len(sessions) == 2
    finally:
        store.close()


def test_another_program_that_reads_the_session_along_leaves_its_team_alone(stage: Stage) -> None:
    """It is told in words who has it, and gets it when the first has closed it."""
    first, heard_first = stage.runtime({"text": "hi"})
    looking(first)
    session = begun(first, heard_first)
    with_coder(stage, first, heard_first)
    first.team.put_task("Mend the build")
    until_view(first, heard_first, lambda v: v.tasks)
    asked(first.team.files)
    second, heard = stage.runtime({"text": "hi"}, session=session)
    looking(second)
    heard.until(ev.Notice, level="warning", text=TOLD)
    first.close()
    looking(second)
    until_view(second, heard, lambda v: v.row("coder"))


TOLD = "The team of this session is open in another program. Close it there."


CHILD = """
import sys
from pathlib import Path
from alloy_tui.runtime.plan import Plan
from alloy_tui.runtime.runtime import Runtime
from alloy_tui.runtime.team_port import NewMember
from alloy_tui.settings import load_settings, locate

main, coder = sys.argv[1:]
runtime = Runtime(Plan(load_settings({}), locate(), str(Path.cwd()), asked_model=main))
runtime.start()
runtime.team.put_task("Mend the build")
runtime.team.add(NewMember("coder", model=coder))
sys.stdin.readline()
runtime.team.delegate("delegate", ["coder"], "go")
sys.stdin.readline()
"""


def test_it_comes_back_after_its_program_was_killed(stage: Stage) -> None:
    """What was under way is closed, and the rest is there."""
    models = (stage.script("main", {"text": "hi"}), stage.script("coder", HANGS))
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, *models], cwd=stage.folder, stdin=subprocess.PIPE, text=True
    )
    try:
        until_kept(stage, lambda team: team.members)
        assert child.stdin is not None
        child.stdin.write("go on\n")
        child.stdin.flush()
        until_kept(stage, lambda team: team.work)
    finally:
        child.kill()
        child.communicate()
    runtime, listener = stage.runtime({"text": "hi"}, session="latest")
    looking(runtime)
    view = until_view(runtime, listener, lambda v: v.row("coder") and v.delegations)
    assert [task.title for task in view.tasks] == ["Mend the build"]
    assert [(d.to, d.text, d.status) for d in view.delegations] == [("coder", "go", "cancelled")]


def until_kept(stage: Stage, meets: Callable[[KeptTeam], object]) -> None:
    """Another program has stored what `meets` what is wanted."""
    ends_s = time.monotonic() + 60
    while time.monotonic() < ends_s:
        if has_store(locate()):
            store = open_store(locate())
            try:
                if any(meets(team) for team in kept_teams(store, str(stage.folder))):
                    return
            finally:
                store.close()
    raise AssertionError("it never came to that")


def test_what_it_spent_counts_before_it_has_come_back(stage: Stage) -> None:
    """Nobody gets round a limit of the session by starting the program anew."""
    runtime, listener = stage.runtime()
    looking(runtime)
    with_coder(stage, runtime, listener, {"text": "dear", "usage": {"input": 9000, "output": 500}})
    runtime.team.delegate("delegate", ["coder"], "one")
    listener.until(te.DelegationFinished, status="completed")
    runtime.close()
    write_private(locate().config_file, "[budget]\nsession_tokens = 10000\n")
    given = {"session": "latest", "environment": dict(os.environ)}
    runtime, listener = stage.runtime({"text": "never said"}, **given)
    runtime.submit("and you?")
    question = listener.until(ev.ApprovalRequested, tool="budget")
    assert "9,500 tokens of 10,000 tokens" in question.headline
    runtime.answer_approval(question.id, "deny", None)
    assert listener.until(ev.RunFinished).status == "halted"


def test_with_no_session_nothing_is_kept(stage: Stage) -> None:
    """`--no-session` is for it, too."""
    runtime, listener = stage.runtime(stored=False)
    looking(runtime)
    runtime.team.put_task("Mend the build")
    until_view(runtime, listener, lambda v: v.tasks)
    runtime.close()
    assert logs() == []


def test_its_log_is_told_of_under_the_name_of_its_session(stage: Stage) -> None:
    """And never taken for that of a team with a file of the same name."""
    runtime, listener = stage.runtime({"text": "hi"})
    looking(runtime)
    begun(runtime, listener)
    with_coder(stage, runtime, listener)
    runtime.close()
    stage.team("session", {"writer": []})
    runtime, listener = stage.opened("session")
    assert names(runtime.team.view()) == ["agent", "writer"]
    runtime.close()
    store = open_store(locate())
    try:
        teams = kept_teams(store, str(stage.folder))
        assert {t.name: [m.name for m in t.members] for t in teams} == {
            "session": ["writer"],
            "session hello there": ["coder"],
        }
    finally:
        store.close()
