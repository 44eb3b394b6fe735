"""`alloy run` on scripted models: what is printed where, and the exit code."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
from pathlib import Path

import pytest

from alloy_tui.domain import events as ev
from alloy_tui.domain.usage import ZERO
from tests.cli.support import ALLOY, alloy, envelopes, kinds, model, start


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "a.txt").write_text("hello\n")
    monkeypatch.chdir(folder)
    return folder


def test_the_answer_is_on_stdout_and_the_rest_on_stderr(project: Path) -> None:
    """A pipe gets the answer alone."""
    done = alloy("run", "-p", "hi", "--model", model("reads"))
    assert done.returncode == 0
    assert done.stdout == "I read first.\n\nIt says hello.\n"
    assert "a.txt" in done.stderr
    assert "38 tokens in, 11 out" in done.stderr


def test_the_prompt_may_come_from_stdin(project: Path) -> None:
    """`-p -` and `-` read it; both at once is a mistake."""
    for arguments in (["-p", "-"], ["-"]):
        done = alloy("run", *arguments, "--json", "--model", model("hello"), input="from a pipe\n")
        (begun,) = [e.event for e in envelopes(done.stdout) if isinstance(e.event, ev.RunStarted)]
        assert begun.prompt.strip() == "from a pipe"
    assert alloy("run", "-", "-p", "x", "--model", model("hello")).returncode == 2


def test_json_is_one_envelope_a_line_and_folds_right(project: Path) -> None:
    """Deltas join to the final text, usage adds up, seq rises, nothing else is printed."""
    done = alloy("run", "-p", "hi", "--json", "--model", model("reads"))
    assert done.returncode == 0
    stream = envelopes(done.stdout)
    by_turn: dict[int, str] = {}
    usage = ZERO
    for each in stream:
        if isinstance(each.event, ev.TextDelta):
            by_turn[each.turn] = by_turn.get(each.turn, "") + each.event.text
        elif isinstance(each.event, ev.TurnFinished):
            usage += each.event.usage
    last = stream[-1].event
    assert isinstance(last, ev.RunFinished)
    assert by_turn == {1: "I read first.", 2: last.text}
    assert last.usage == usage
    assert last.text == "It says hello."
    sequence = [e.seq for e in stream]
    assert sequence == sorted(set(sequence))
    assert kinds(done.stdout)[:2] == ["agent_started", "run_started"]
    arguments = "".join(e.event.text for e in stream if isinstance(e.event, ev.ToolArgumentsDelta))
    (ready,) = [e.event for e in stream if isinstance(e.event, ev.ToolCallReady)]
    assert '"a.txt"' in arguments
    assert ready.arguments == {"file_path": "a.txt"}


@pytest.mark.parametrize(
    ("name", "flags", "code", "words"),
    [
        ("hello", [], 0, ""),
        ("auth", [], 1, "The key is wrong."),
        ("cut", [], 1, ""),
        ("runs", [], 3, "1 tool call was denied"),
        ("runs", ["--approve", "none"], 3, "1 tool call was denied"),
        ("runs", ["--approve", "edits"], 3, "1 tool call was denied"),
        ("runs", ["--approve", "all"], 0, ""),
        ("loops", ["--max-turns", "2"], 4, "2 turns"),
        ("waits", ["--timeout", "0.3"], 5, "time was up"),
    ],
)
@pytest.mark.parametrize("json", [[], ["--json"]])
def test_each_ending_has_its_exit_code(
    project: Path, name: str, flags: list[str], code: int, words: str, json: list[str]
) -> None:
    """Scripts tell the endings apart, with and without --json."""
    done = alloy("run", "-p", "go", "--model", model(name), *flags, *json)
    assert done.returncode == code, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert (project / "made").exists() == (name == "runs" and code == 0)


def test_a_cut_answer_is_shown_and_called_cut(project: Path) -> None:
    """What arrived is printed; the ending is an error."""
    done = alloy("run", "-p", "go", "--model", model("cut"))
    assert done.stdout == "Half an ans\n"
    assert len(done.stderr.splitlines()) >= 2


def test_a_retry_is_told_with_its_wait(project: Path) -> None:
    """The countdown is a plain line on stderr; the answer is whole."""
    done = alloy("run", "-p", "go", "--model", model("busy"))
    assert (done.returncode, done.stdout) == (0, "Better now.\n")
    assert "Trying again in" in done.stderr
    assert "attempt 2 of 4" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run"], "no prompt"),
        (["run", "-p", "  "], "empty"),
        (["run", "-p", "x", "--model", "nope"], "service/model"),
        (["run", "-p", "x", "--model", "nope/x"], "no service named"),
        (["run", "-p", "x", "--model", "anthropic/claude-sonnet-5-5"], "ANTHROPIC_API_KEY"),
        (["run", "-p", "x", "--model", "scripted/none.json"], "none.json"),
        (["run", "-p", "x", "--cwd", "/no/such/folder"], "/no/such/folder"),
        (["run", "-p", "x", "--approve", "maybe"], "--approve"),
        (["run", "-p", "x", "--timeout", "soon"], "soon"),
        (["run", "-p", "x", "--max-turns", "-1"], "-1"),
        (["run", "-p", "x", "--colour"], "--colour"),
        (["nonsense"], "nonsense"),
        (["--approve"], "--approve"),
        (["config", "nonsense"], "ACTION"),
        (["config", "set", "nonsense", "1"], "no setting `nonsense`"),
        (["config", "get", "nonsense"], "no setting `nonsense`"),
        (["run", "-p", "x", "--model", "compat/m"], "ALLOY_COMPAT_BASE_URL"),
        ([], "terminal"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_2(
    project: Path, arguments: list[str], words: str
) -> None:
    """Nothing on stdout, one line on stderr, no traceback."""
    done = alloy(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert words in done.stderr


def test_flags_before_the_command_count(project: Path) -> None:
    """`alloy --model X run` is `alloy run --model X`."""
    assert alloy("--model", model("hello"), "run", "-p", "x").stdout == "Hello, **world**.\n"


@pytest.mark.parametrize("json", [[], ["--json"]])
def test_hostile_text_reaches_no_terminal_and_no_file(project: Path, json: list[str]) -> None:
    """No escape, C1 or direction character leaves, in a pipe or not; JSON keeps the text whole."""
    command = ["run", "-p", "x", "--model", model("hostile"), *json]
    done = alloy(*command)
    for text in (done.stdout, done.stderr):
        assert not {c for c in text if c != "\n" and (ord(c) < 32 or 127 <= ord(c) < 160)}
        assert "\u202e" not in text
    if json:
        last = envelopes(done.stdout)[-1].event
        assert last.text == "red \x1b[31malert\x1b]0;owned\x07 \u202eevil \u009b2J end"
    main, other = pty.openpty()
    with subprocess.Popen([*ALLOY, *command], stdin=other, stdout=other, stderr=other):
        os.close(other)
        seen = b""
        try:
            while data := os.read(main, 65_536):
                seen += data
        except OSError:
            pass  # the other end is closed
    os.close(main)
    assert b"\x1b" not in seen
    assert b"alert" in seen


def test_sigint_cancels_and_keeps_what_arrived(project: Path) -> None:
    """130, the partial answer, and the words of a cancelled run."""
    child = start("run", "-p", "x", "--model", model("waits"))
    assert child.stdout
    assert child.stdout.read(11) == "First words"
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=20)
    assert child.returncode == 130
    assert out == "\n"
    assert "Cancelled; what had arrived is kept." in err
    assert "played to its end" not in err
    assert "Traceback" not in err


def test_sigint_ends_a_json_run_with_its_last_envelope(project: Path) -> None:
    """The stream is complete: run_finished, cancelled."""
    child = start("run", "-p", "x", "--json", "--model", model("waits"))
    assert child.stdout
    lines: list[str] = []
    while "text_delta" not in "".join(lines):
        lines.append(child.stdout.readline())
    child.send_signal(signal.SIGINT)
    out, _ = child.communicate(timeout=20)
    last = envelopes("".join(lines) + out)[-1].event
    assert isinstance(last, ev.RunFinished)
    assert (child.returncode, last.status, last.text) == (130, "cancelled", "First words")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_other_signals_end_it_too(project: Path, number: signal.Signals, code: int) -> None:
    """The code names the signal."""
    child = start("run", "-p", "x", "--model", model("waits"))
    assert child.stdout
    child.stdout.read(5)
    child.send_signal(number)
    child.communicate(timeout=20)
    assert child.returncode == code


def test_a_reader_that_leaves_is_no_drama(project: Path) -> None:
    """A closed pipe ends the run quietly."""
    child = start("run", "-p", "x", "--model", model("long"))
    assert child.stdout
    child.stdout.readline()
    child.stdout.close()
    assert child.stderr
    said = child.stderr.read()
    child.stderr.close()
    assert child.wait(20) == 141
    assert "Traceback" not in said
    assert "Broken" not in said


@pytest.mark.parametrize("json", [[], ["--json"]])
def test_a_script_that_was_not_played_to_its_end_is_complained_of(
    project: Path, tmp_path: Path, json: list[str]
) -> None:
    """The answer stands; a line on standard error says what was left."""
    script = tmp_path / "two.json"
    script.write_text('{"replies": [{"text": "one"}, {"text": "two"}]}')
    done = alloy("run", "-p", "x", "--model", f"scripted/{script}", *json)
    assert done.returncode == 0
    assert "replies left: 1, requests that came: 1" in done.stderr.splitlines()[-1]
    assert "played to its end" not in alloy("run", "-p", "x", "--model", model("hello")).stderr
