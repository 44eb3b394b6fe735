"""`alloy team` and `alloy agents`: what is printed where, what is kept, and the exit codes."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from alloy_tui.domain import events as ev
from alloy_tui.domain import team_events as te
from alloy_tui.runtime.plan import Plan
from alloy_tui.runtime.posting import posting_folder
from alloy_tui.runtime.runtime import Runtime
from alloy_tui.settings import load_settings, locate
from tests.cli.support import alloy, envelopes, model, start
from tests.runtime.team_stage import until_view
from tests.support.listening import Listener

T = TypeVar("T")
HANGS = {"text": "wait", "delay_ms": 600_000}
RUNS = {"tool_calls": [{"name": "bash", "arguments": {"command": "touch made"}}]}


class Project:
    """A folder with teams."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / ".alloy" / "teams").mkdir(parents=True)

    def team(self, head: str = "", **agents: list[dict[str, Any]]) -> None:
        """The team “crew”, each agent with the replies of its model."""
        lines = [head]
        for name, replies in agents.items():
            script = self.folder.parent / f"{name}.json"
            script.write_text(json.dumps({"replies": replies}))
            lines += ["[[members]]", f'name = "{name}"', f'model = "scripted/{script}"']
        (self.folder / ".alloy" / "teams" / "crew.toml").write_text("\n".join(lines))


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    made = Project(tmp_path / "project")
    monkeypatch.chdir(made.folder)
    return made


def until(look: Callable[[], T], meets: Callable[[T], object]) -> T:
    """What another program tells, as soon as it `meets` what is wanted."""
    for _ in range(60):
        if meets(seen := look()):
            return seen
    raise AssertionError("it never came to that")


def team_run(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """`alloy team run crew`."""
    return alloy(
        "team", "run", "crew", "-p", "do it", "--model", model("hello"), *arguments, **options
    )


def test_the_first_agent_is_asked_and_its_answer_is_on_stdout(project: Project) -> None:
    """What happens on the way is on standard error, with the name of who does it."""
    project.team(coder=[{"text": "Done \x1b[31mit."}], reviewer=[{"text": "never"}])
    done = team_run()
    assert (done.returncode, done.stdout) == (0, "Done it.\n")
    assert "user → coder: do it" in done.stderr
    assert "coder: " in done.stderr


def test_work_goes_to_one_to_all_or_from_one_to_the_next(project: Project) -> None:
    """--to, --broadcast and --handoff; the last answer of a pipeline is the answer."""
    project.team(coder=[{"text": "a patch"}], reviewer=[{"text": "seen"}])
    assert team_run("--to", "reviewer").stdout == "seen\n"
    assert team_run("--broadcast").stdout == "## coder\na patch\n\n## reviewer\nseen\n"
    project.team(coder=[{"text": "a patch"}], reviewer=[{"expect": "a patch", "text": "good"}])
    done = team_run("--handoff", "coder,reviewer", "--json")
    assert done.returncode == 0
    ended = [e.event for e in envelopes(done.stdout) if isinstance(e.event, te.DelegationFinished)]
    assert [(e.to, e.text) for e in ended] == [("coder", "a patch"), ("reviewer", "good")]


def test_a_handoff_that_breaks_is_one_result_with_its_parts_marked(project: Project) -> None:
    """At which step, on standard error; no answer, but what each step brought; exit 1."""
    fails = {"text": "I begin", "error": {"kind": "auth", "message": "The key is wrong."}}
    project.team(finder=[{"text": "found"}], coder=[fails], reviewer=[{"text": "never"}])
    done = team_run("--handoff", "finder,coder,reviewer")
    assert done.returncode == 1, done.stderr
    assert done.stdout == "## finder (1 of 3)\nfound\n\n## coder (2 of 3, partial)\nI begin\n"
    assert "user → coder (2 of 3): do it" in done.stderr
    assert "The handoff broke at step 2 of 3: coder failed: The key is wrong" in done.stderr
    assert "What finder brought is kept." in done.stderr


def test_json_has_every_word_of_every_agent(project: Project) -> None:
    """Nobody is hidden where there is no screen; the lines are those of `alloy run --json`."""
    project.team(coder=[{"text": "one two", "chunk": 3}], reviewer=[{"text": "three"}])
    stream = envelopes(team_run("--broadcast", "--json").stdout)
    said: dict[str, str] = {}
    for each in stream:
        if isinstance(each.event, ev.TextDelta):
            said[each.agent] = said.get(each.agent, "") + each.event.text
    assert said == {"coder": "one two", "reviewer": "three"}
    assert [e.seq for e in stream] == sorted({e.seq for e in stream})


@pytest.mark.parametrize(
    ("head", "replies", "flags", "code", "words"),
    [
        ("", [{"error": {"kind": "auth", "message": "The key is wrong."}}], [], 1, "key is wrong"),
        ("strategie = 1", [], [], 2, "strategie"),
        ("", [], ["--to", "nobody"], 2, "nobody"),
        ("", [RUNS, {"text": "could not"}], [], 3, "1 tool call was denied"),
        ("", [RUNS, {"text": "did"}], ["--approve", "all"], 0, ""),
        ("budget_tokens = 10", [{"text": "never sent"}], [], 3, "budget"),
        ("", [HANGS], ["--timeout", "0.3"], 5, "0.3 s"),
    ],
)
def test_each_ending_has_its_exit_code(
    project: Project,
    head: str,
    replies: list[dict[str, Any]],
    flags: list[str],
    code: int,
    words: str,
) -> None:
    """The codes are those of `alloy run`."""
    project.team(head, coder=replies)
    done = team_run(*flags)
    assert done.returncode == code, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert (project.folder / "made").exists() == (flags == ["--approve", "all"])


TRICKLES = {"text": "half a word", "chunk": 4, "chunk_delay_ms": 600_000}
READS = {"tool_calls": [{"name": "bash", "arguments": {"command": "true"}}]}


def test_when_the_time_is_up_what_was_brought_is_printed_and_marked(project: Project) -> None:
    """Whole answers as they are, what had begun as partial; in JSON by the status."""
    project.team(coder=[{"text": "a patch"}], reviewer=[TRICKLES])
    done = team_run("--broadcast", "--timeout", "3")
    assert done.returncode == 5, done.stderr
    assert done.stdout == "## coder\na patch\n\n## reviewer (partial)\nhalf\n"
    done = team_run("--handoff", "coder,reviewer", "--timeout", "3", "--json")
    assert done.returncode == 5, done.stderr
    ended = [e.event for e in envelopes(done.stdout) if isinstance(e.event, te.DelegationFinished)]
    assert [(e.to, e.status, e.text) for e in ended if e.status != "cancelled"] == [
        ("coder", "completed", "a patch"),
        ("reviewer", "timed_out", "half"),
    ]


def test_what_others_had_done_for_one_that_did_not_come_to_its_end_is_printed(
    project: Project,
) -> None:
    """It was brought, though who had it done never answered."""
    gives = {"tasks": ["find it"], "agent": "finder"}
    boss = {"text": "I ask.", "tool_calls": [{"name": "delegate", "arguments": gives}]}
    project.team(boss=[boss, TRICKLES], finder=[{"text": "found"}])
    done = team_run("--timeout", "3")
    assert done.returncode == 5, done.stderr
    assert done.stdout == "## boss (partial)\nhalf\n\n## finder for boss\nfound\n"


def test_a_used_up_budget_keeps_what_was_said_before_it(project: Project) -> None:
    """Nobody can be asked for more: exit 3, and the words are marked."""
    begins = {**READS, "text": "I begin.", "usage": {"input": 19_000, "output": 500}}
    project.team("budget_tokens = 20000", coder=[begins, {"text": "never said"}])
    done = team_run("--approve", "all")
    assert done.returncode == 3, done.stderr
    assert done.stdout == "## coder (partial)\nI begin.\n"
    assert "budget" in done.stderr


def test_work_for_an_agent_that_is_paused_is_refused(
    project: Project, running: tuple[Runtime, Listener]
) -> None:
    """It would wait for ever: there is nobody to resume it."""
    runtime, listener = running
    project.team(coder=[{"text": "never"}])
    runtime.team.follow("a test", wanted=True)
    runtime.team.open("crew")
    runtime.team.act("pause", "coder")
    until_view(runtime, listener, lambda view: any(row.paused for row in view.rows))
    runtime.close()
    done = team_run()
    assert done.returncode == 1, done.stderr
    assert "coder is paused. Resume it" in done.stderr


def test_a_mistake_on_the_command_line_is_one_line_and_exit_2(project: Project) -> None:
    """Two ways at once, no name, no prompt, no team."""
    project.team(coder=[])
    for arguments in (
        ["run", "crew", "-p", "x", "--to", "a", "--broadcast"],
        ["run", "crew", "-p", "x", "--handoff", "a,,b"],
        ["run", "crew"],
        ["status", "never-used"],
        [],
    ):
        done = alloy("team", *arguments)
        assert done.returncode == 2
        assert len(done.stderr.splitlines()) == 1


def test_list_and_status_tell_what_there_is_and_what_was_done(project: Project) -> None:
    """From files and from the stored log; a broken file says why."""
    price = {"input": 1.0, "output": 5.0}
    project.team(coder=[{"text": "Done.", "usage": {"input": 1000, "output": 200}}])
    script = project.folder.parent / "coder.json"
    script.write_text(json.dumps({**json.loads(script.read_text()), "price": price}))
    (project.folder / ".alloy" / "teams" / "odd.toml").write_text("members = 3")
    assert team_run().returncode == 0
    listed = json.loads(alloy("team", "list", "--json").stdout)
    assert [(t["name"], bool(t["trouble"])) for t in listed] == [("crew", False), ("odd", True)]
    (kept,) = json.loads(alloy("team", "status", "--json").stdout)
    assert (kept["name"], kept["tokens"], kept["open_in"]) == ("crew", 1200, None)
    assert kept["cost"] == pytest.approx(0.002)
    assert [(m["name"], m["requests"]) for m in kept["members"]] == [("coder", 1)]
    plain = alloy("team", "status", "crew").stdout
    assert "1,200 tokens" in plain
    assert "coder" in plain


def test_sessions_of_teams_are_listed_where_they_are_asked_for(project: Project) -> None:
    """They crowd out nobody's own, and a search still finds them and says whose they are."""
    project.team(coder=[{"text": "The zebra crosses."}])
    assert alloy("run", "-p", "mine", "--model", model("hello")).returncode == 0
    assert team_run().returncode == 0
    mine = json.loads(alloy("sessions", "list", "--json").stdout)
    assert [s["agent"] for s in mine] == ["agent"]
    every = json.loads(alloy("sessions", "list", "--all", "--json").stdout)
    assert {s["agent"] for s in every} == {"agent", "team", "crew/coder"}
    assert mine[0]["id"] in alloy("sessions", "show", "latest", "--json").stdout
    assert "coder of team crew" in alloy("sessions", "search", "zebra").stdout
    again = alloy("run", "-p", "go on", "--session", "latest", "--model", model("hello"))
    assert again.returncode == 0
    assert len(json.loads(alloy("sessions", "list", "--json").stdout)) == 1


def test_a_killed_team_comes_back_and_says_what_broke_off(project: Project) -> None:
    """The log has what was under way; the next program closes it and keeps the rest."""
    project.team(coder=[{"text": "kept words"}], reviewer=[HANGS])
    child = start(
        "team", "run", "crew", "-p", "x", "--handoff", "coder,reviewer", "--model", model("hello")
    )
    try:
        kept = until(
            lambda: json.loads(alloy("team", "status", "--json").stdout),
            lambda teams: teams and [w["to"] for w in teams[0]["work"]] == ["reviewer"],
        )
        assert kept[0]["open_in"] == child.pid
    finally:
        child.kill()
        child.communicate()
    (kept,) = json.loads(alloy("team", "status", "--json").stdout)
    assert kept["open_in"] is None
    assert [w["to"] for w in kept["work"]] == ["reviewer"]
    project.team(coder=[{"text": "again"}], reviewer=[])
    stream = envelopes(team_run("--json").stdout)
    ended = [e.event for e in stream if isinstance(e.event, te.DelegationFinished)]
    assert [(e.to, e.status) for e in ended] == [("reviewer", "cancelled"), ("coder", "completed")]
    assert "kept words" in alloy("sessions", "search", "kept words").stdout


@pytest.fixture
def running(project: Project) -> Iterator[tuple[Runtime, Listener]]:
    """A program whose agent wants to run something as soon as it is asked."""
    script = project.folder.parent / "main.json"
    script.write_text(json.dumps({"replies": [RUNS, {"text": "done"}]}))
    plan = Plan(load_settings(), locate(), str(project.folder), asked_model=f"scripted/{script}")
    runtime = Runtime(plan)
    listener = Listener(runtime)
    runtime.start()
    try:
        yield runtime, listener
    finally:
        runtime.close()


@pytest.fixture
def waiting(project: Project, running: tuple[Runtime, Listener]) -> tuple[Runtime, Listener, str]:
    """A program one of whose agents waits for a person, and the question's id."""
    runtime, listener = running
    project.team(coder=[RUNS, {"text": "done"}])
    runtime.team.open("crew")
    runtime.team.delegate("delegate", ["coder"], "go")
    return runtime, listener, listener.until(ev.ApprovalRequested).id


def test_agents_of_running_programs_are_told_of_and_one_that_waits_is_exit_3(
    waiting: tuple[Runtime, Listener, str],
) -> None:
    """A status bar can ask; when the program has ended nothing is left of it."""
    runtime, listener, question = waiting
    told = until(lambda: alloy("agents", "--json"), lambda done: done.returncode == 3)
    (posted,) = json.loads(told.stdout)
    assert posted["team"] == "crew"
    states = {a["name"]: (a["group"], bool(a["waiting"])) for a in posted["agents"]}
    assert states["coder"] == ("needs_you", True)
    assert "needs you: bash: touch made" in alloy("agents").stdout
    (file,) = posting_folder(locate()).glob("*")
    assert file.stat().st_mode & 0o777 == 0o600
    runtime.answer_approval(question, "once")
    listener.until(te.DelegationFinished)
    runtime.close()
    assert list(posting_folder(locate()).glob("*")) == []
    done = alloy("agents")
    assert (done.returncode, done.stdout) == (0, "No program is running.\n")


def test_a_program_without_a_team_is_listed_with_its_one_agent(
    project: Project, running: tuple[Runtime, Listener]
) -> None:
    """What answers, what it does, where it is kept; and exit 3 while it waits for a person."""
    runtime, listener = running
    told = until(lambda: alloy("agents", "--json"), lambda done: done.stdout != "[]\n")
    (agent,) = json.loads(told.stdout)[0]["agents"]
    assert (told.returncode, agent["name"], agent["session"]) == (0, "agent", "")
    until(lambda: alloy("agents", "--json"), lambda done: '"group": "idle"' in done.stdout)
    assert re.search(r"agent +ready ", alloy("agents").stdout), "as the dashboard calls it"
    runtime.submit("go")
    question = listener.until(ev.ApprovalRequested).id
    told = until(lambda: alloy("agents", "--json"), lambda done: done.returncode == 3)
    (posted,) = json.loads(told.stdout)
    (agent,) = posted["agents"]
    assert (posted["team"], posted["cwd"]) == ("", str(project.folder))
    assert (agent["state"], agent["model"]) == ("waiting_approval", runtime.model)
    assert agent["waiting"] == ["bash: touch made"]
    assert agent["session"] == runtime.tree.state.id
    words = alloy("agents").stdout
    assert agent["session"][:16] in words
    assert "scripted/" in words
    runtime.answer_approval(question, "once")
    listener.until(ev.RunFinished)
    until(lambda: alloy("agents"), lambda done: done.returncode == 0)


def test_a_program_that_was_killed_has_no_agents(project: Project) -> None:
    """What it left behind counts for nothing."""
    project.team(coder=[HANGS])
    child = start("team", "run", "crew", "-p", "x", "--model", model("hello"))
    try:
        until(lambda: json.loads(alloy("agents", "--json").stdout), bool)
        assert list(posting_folder(locate()).glob("*.json"))
    finally:
        child.send_signal(signal.SIGKILL)
        child.communicate()
    assert alloy("agents", "--json").stdout == "[]\n"


def test_an_interrupted_team_prints_what_it_brought(project: Project) -> None:
    """Ctrl+C is no reason to lose it."""
    project.team(coder=[{"text": "a patch"}], reviewer=[TRICKLES])
    child = start(
        "team", "run", "crew", "-p", "x", "--handoff", "coder,reviewer", "--model", model("hello")
    )
    until(
        lambda: alloy("agents", "--json").stdout,
        lambda told: '"state": "streaming"' in told and '"activity": "2 of 2: half"' in told,
    )
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=60)
    assert child.returncode == 130, err
    assert out == "## coder (1 of 2)\na patch\n\n## reviewer (2 of 2, partial)\nhalf\n"


def test_an_interrupted_team_ends_with_the_signals_code(project: Project) -> None:
    """Within its limit, and what was under way is closed."""
    project.team(coder=[TRICKLES])
    child = start("team", "run", "crew", "-p", "x", "--json", "--model", model("hello"))
    assert child.stdout is not None
    for line in child.stdout:
        if json.loads(line)["event"]["type"] == "text_delta":
            break
    child.send_signal(signal.SIGTERM)
    rest, _ = child.communicate(timeout=60)
    assert child.returncode == 143
    (ended,) = [e.event for e in envelopes(rest) if isinstance(e.event, te.DelegationFinished)]
    assert (ended.status, ended.text) == ("cancelled", "half")
    (kept,) = json.loads(alloy("team", "status", "--json").stdout)
    assert kept["work"] == []
