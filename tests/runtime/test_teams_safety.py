"""What a team may do: no more than the person allows; and how the main agent has others work."""

from __future__ import annotations

import asyncio
import selectors
import subprocess
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from alloy_tui.agent.hub import Hub
from alloy_tui.agent.permissions import ApprovalMode
from alloy_tui.domain import events as ev
from alloy_tui.domain import team_events as te
from alloy_tui.runtime.mailbox import EventMailbox
from alloy_tui.runtime.member_modes import capped, is_outside
from alloy_tui.runtime.team_telling import TeamTelling
from alloy_tui.runtime.watching import Watching
from alloy_tui.settings import locate
from tests.runtime.team_stage import Stage, until_view

ORDER: tuple[ApprovalMode, ...] = ("none", "ask", "edits", "all")
RUNS = {"tool_calls": [{"name": "bash", "arguments": {"command": "touch made"}}]}


@given(st.sampled_from((None, *ORDER)), st.sampled_from(ORDER), st.booleans())
def test_no_file_allows_more_than_the_person(
    wanted: ApprovalMode | None, own: ApprovalMode, outside: bool
) -> None:
    mode = capped(wanted, own, outside=outside)
    assert ORDER.index(mode) <= ORDER.index(own)
    assert wanted is None or ORDER.index(mode) <= ORDER.index(wanted)
    assert not (outside and mode == "edits")


def test_a_teams_file_cannot_have_things_run_unasked(stage: Stage) -> None:
    """It says “all”, the person said nothing of the kind: the call is asked about."""
    stage.team("crew", {"coder": [RUNS, {"text": "done"}]}, head='approval_mode = "all"')
    runtime, listener = stage.opened("crew")
    told = listener.until(ev.Notice, level="warning").text
    assert "coder works with the approval mode “ask” instead of “all”" in told
    runtime.team.delegate("delegate", ["coder"], "go")
    question = listener.until(ev.ApprovalRequested, tool="bash")
    assert not (stage.folder / "made").exists()
    runtime.answer_approval(question.id, "deny")
    listener.until(te.DelegationFinished)


def test_who_allows_more_or_less_allows_it_to_all_agents(stage: Stage) -> None:
    """The agents follow the conversation's own, up to what their file says, and down again."""
    stage.team("crew", {"coder": [RUNS, {"text": "did"}, RUNS, {"text": "could not"}]})
    runtime, listener = stage.opened("crew")
    runtime.set_approval_mode("all")
    runtime.team.delegate("delegate", ["coder"], "go")
    listener.until(te.DelegationFinished, text="did")
    assert (stage.folder / "made").exists()
    runtime.set_approval_mode("none")
    runtime.team.delegate("delegate", ["coder"], "again")
    listener.until(te.DelegationFinished, text="could not")
    assert "ApprovalRequested" not in listener.texts()


def test_an_agent_outside_of_the_project_changes_nothing_there_unasked(stage: Stage) -> None:
    """Its own folder is no workspace that the person has trusted."""
    (stage.folder.parent / "elsewhere").mkdir()
    write = {"tool_calls": [{"name": "write", "arguments": {"file_path": "x", "content": "y"}}]}
    model = stage.script("coder", write, {"text": "done"})
    stage.write("crew", f'[[members]]\nname = "coder"\nmodel = "{model}"\ncwd = "../elsewhere"')
    runtime, listener = stage.runtime()
    runtime.set_approval_mode("edits")
    runtime.team.follow("a test", wanted=True)
    runtime.team.open("crew")
    assert "outside of the project" in listener.until(ev.Notice, level="warning").text
    runtime.team.delegate("delegate", ["coder"], "go")
    question = listener.until(ev.ApprovalRequested, tool="write")
    runtime.answer_approval(question.id, "deny")
    listener.until(te.DelegationFinished)
    assert not (stage.folder.parent / "elsewhere" / "x").exists()


def test_a_link_out_of_the_project_is_outside(tmp_path: Path) -> None:
    project, other = tmp_path / "project", tmp_path / "other"
    for folder in (project / "inside", other):
        folder.mkdir(parents=True)
    (project / "link").symlink_to(other)
    outside = {cwd: is_outside(str(project), cwd) for cwd in ("", "inside", "link", "..", "/")}
    assert outside == {"": False, "inside": False, "link": True, "..": True, "/": True}


def test_an_agent_with_a_worktree_leaves_the_users_files_alone(stage: Stage) -> None:
    """It works on a branch of its own, in a folder of the program's."""
    git = ("git", "-c", "user.email=a@b.example", "-c", "user.name=a", "-C", str(stage.folder))
    write = {"tool_calls": [{"name": "write", "arguments": {"file_path": "new", "content": "y"}}]}
    model = stage.script("coder", write, {"text": "done"})
    text = f'[[members]]\nname = "coder"\nworktree = true\nmodel = "{model}"'
    stage.write("crew", text)
    for arguments in (("init", "-q"), ("add", "-A"), ("commit", "-qm", "all")):
        subprocess.run((*git, *arguments), check=True, capture_output=True, timeout=60)
    runtime, listener = stage.opened("crew")
    runtime.set_approval_mode("edits")
    runtime.team.delegate("delegate", ["coder"], "go")
    listener.until(te.DelegationFinished, status="completed")
    assert not (stage.folder / "new").exists()
    (made,) = (locate().data / "worktrees").glob("*/crew/coder/new")
    assert made.read_text() == "y"
    row = runtime.team.view().row("coder")
    assert row is not None
    assert row.worktree == str(made.parent)  # so that a person can go there


def test_the_main_agent_has_others_work_and_gets_one_result(stage: Stage) -> None:
    """Those are made for it, seen while they are at it, and gone after; also without a screen."""
    tasks = {"tasks": ["count the files", "count the lines"]}
    # Whoever is made plays the same script: at the second level there is no such tool any more.
    script = ({"tool_calls": [{"name": "delegate", "arguments": tasks}]}, {"text": "42"})
    runtime, listener = stage.runtime(*script, interactive=False)
    runtime.submit("count")
    listener.until(ev.RunFinished, text="42")
    results = [
        e.event
        for e in listener.seen
        if e.agent == "agent" and isinstance(e.event, ev.ToolFinished)
    ]
    assert [r.name for r in results] == ["delegate"]
    assert results[0].details == {"agents": 2, "failed": 0}
    (block,) = results[0].content
    assert getattr(block, "text", "").count("42") == 2
    runtime.team.follow("a test", wanted=True)
    view = until_view(runtime, listener, lambda v: len(v.rows) == 1 and v.delegations)
    kinds = {d.kind for d in view.delegations if d.by == "agent"}
    assert kinds == {"spawn"}


def test_cancelling_the_main_agent_cancels_those_it_made(stage: Stage) -> None:
    """Nobody works on for a result that nobody waits for."""
    call = {"tool_calls": [{"name": "delegate", "arguments": {"tasks": ["a", "b"]}}]}
    runtime, listener = stage.runtime(call, {"text": "wait", "delay_ms": 600_000})
    runtime.team.follow("a test", wanted=True)
    request = runtime.submit("go")
    until_view(runtime, listener, lambda v: len(v.rows) == 7)
    runtime.cancel(request)
    assert listener.until(ev.RunFinished, status="cancelled").status == "cancelled"
    view = until_view(runtime, listener, lambda v: len(v.rows) == 1)
    assert {d.status for d in view.delegations} == {"cancelled"}


class VirtualTime(asyncio.SelectorEventLoop):
    """A loop in which waiting takes no time."""

    def __init__(self) -> None:
        self.now_s = 0.0
        loop = self

        class Selector(selectors.SelectSelector):
            def select(
                self, timeout: float | None = None
            ) -> list[tuple[selectors.SelectorKey, int]]:
                loop.now_s += max(0.0, timeout or 0.0)
                return super().select(0)

        super().__init__(Selector())

    def time(self) -> float:
        return self.now_s


def test_a_hundred_agents_that_nobody_looks_at_are_told_of_four_times_a_second() -> None:
    """However much they say; and not at all while nobody follows."""
    told: list[int] = []
    words: list[str] = []

    async def flood(telling: TeamTelling, hub: Hub, seconds: int) -> None:
        for _ in range(seconds * 10):
            for number in range(100):
                hub.publish(f"a{number}", "r", 1, ev.TextDelta("word "))
            await asyncio.sleep(0.1)

    async def scenario() -> None:
        hub, mailbox = Hub(), EventMailbox()
        watching = Watching(mailbox)
        hub.subscribe(watching.put)
        telling = TeamTelling(hub, watching, lambda: None)
        for number in range(100):
            watching.hide(f"a{number}")
            telling.roster.know(f"a{number}")
        await flood(telling, hub, 2)
        assert not mailbox.drain()
        telling.follow("a test", wanted=True)
        await flood(telling, hub, 10)
        telling.stop()
        for envelope in mailbox.drain(1_000_000):
            told.append(isinstance(envelope.event, te.TeamChanged))
            words.append(envelope.agent)

    loop = VirtualTime()
    try:
        loop.run_until_complete(scenario())
    finally:
        loop.close()
    assert all(told)
    assert 10 <= len(told) <= 4 * 10 + 2
    assert set(words) == {"team"}
