"""Plain mode: the conversation as lines, by pipe and by terminal."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path

import pytest

from alloy_tui.cli.plain.typed import Line, TypedLines
from tests.cli.support import ALLOY, alloy, model
from tests.support.terminal import Terminal

_ESCAPE = re.compile(r"\x1b")


def plain(script: str, typed: str, tmp_path: Path) -> tuple[int, list[str]]:
    done = alloy("--plain", "--model", model(script), input=typed, cwd=tmp_path)
    assert done.stderr == ""
    assert not _ESCAPE.search(done.stdout)
    return done.returncode, done.stdout.splitlines()


def test_a_message_is_answered_and_the_end_of_the_input_leaves(tmp_path: Path) -> None:
    code, lines = plain("hello", "hi\n", tmp_path)
    assert code == 0
    assert "Alloy: Hello, **world**." in lines
    assert any(line.startswith("Done in ") and "5 tokens in" in line for line in lines)
    assert lines[-1] == "Goodbye."


def test_a_question_shows_what_would_run_and_its_answer_runs_it(tmp_path: Path) -> None:
    _, lines = plain("runs", "do it\ny\n", tmp_path)
    at = next(n for n, line in enumerate(lines) if "bash wants to run" in line)
    assert lines[at + 1] == "    touch made"
    assert (tmp_path / "made").exists()


@pytest.mark.parametrize("answer", ["n\n", "e\nnot in here\n", "maybe\nn\n", ""])
def test_whatever_is_no_yes_runs_nothing(tmp_path: Path, answer: str) -> None:
    code, lines = plain("runs", f"do it\n{answer}", tmp_path)
    assert code == 0
    assert not (tmp_path / "made").exists()
    assert any("did not run" in line for line in lines)
    if "maybe" in answer:
        assert any("Please answer with y, s, a, n or e." in line for line in lines)
    if "not in here" in answer:
        assert any("says: not in here" in line for line in lines)


def test_a_question_about_money_names_the_limits(tmp_path: Path) -> None:
    """And nothing of it reads $0.00 that is not nothing."""
    assert alloy("config", "set", "budget.session_usd", "0.00001").returncode == 0
    script = tmp_path / "priced.json"
    reply = {"text": "Hello.", "usage": {"input": 1, "output": 1}}
    about = {"price": {"input": 10.0, "output": 10.0}}
    script.write_text(json.dumps({"replies": [reply, reply], **about}))
    done = alloy("--plain", "--model", f"scripted/{script}", input="hi\ns\n", cwd=tmp_path)
    text = done.stdout
    assert "The next request would go beyond the budget." in text
    choices = re.search(r"y send this one, s raise the limit to (\$[0-9.]+), n stop here", text)
    assert choices
    assert float(choices[1][1:]) > 0.00001
    assert f"The limit is {choices[1]} until the program ends." in text
    assert "Alloy: Hello." in text


def test_messages_of_a_file_are_taken_one_after_the_other(tmp_path: Path) -> None:
    code, lines = plain("hello", "hi\n/history\n", tmp_path)
    assert code == 0
    said = lines.index("Alloy: Hello, **world**.")
    assert lines.index("You: hi") < said
    assert lines[said:].count("You: hi") == 1


def test_commands_answer_in_lines_and_unknown_ones_are_said_so(tmp_path: Path) -> None:
    _, lines = plain("hello", "/help\n/theme light\n/nope\n/approve edits\n/quit\n", tmp_path)
    text = "\n".join(lines)
    assert "/retry" in text
    assert "/theme belongs to the full screen" in text
    assert "/nope is no command" in text
    assert "Approvals: let edits through" in text


def test_a_cut_answer_says_that_it_is_not_whole(tmp_path: Path) -> None:
    _, lines = plain("cut", "hi\n", tmp_path)
    assert "Alloy: Half an ans" in lines
    assert any(line.startswith("This answer is incomplete") for line in lines)


def test_a_failure_says_what_to_do(tmp_path: Path) -> None:
    code, lines = plain("auth", "hi\n", tmp_path)
    assert code == 0
    assert any("The key is wrong." in line and "/retry" in line for line in lines)


def test_hostile_text_reaches_no_terminal(tmp_path: Path) -> None:
    _, lines = plain("hostile", "hi\n", tmp_path)
    text = "\n".join(lines)
    assert "evil" in text
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", text)


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_ctrl_c_stops_a_run_and_twice_leaves(tmp_path: Path) -> None:
    argv = [*ALLOY, "--plain", "--model", model("waits")]
    with Terminal(argv, cwd=tmp_path) as terminal:
        terminal.wait_for("You:")
        terminal.type("hi\n")
        terminal.wait_for("First words")
        terminal.type("\x03")
        terminal.wait_for("Stopped. What arrived is kept.")
        terminal.type("\x03")
        terminal.wait_for("Ctrl+C again leaves.")
        terminal.type("\x03")
        assert terminal.wait_exit() == 130
        assert terminal.modes_restored()
        assert b"\x1b" not in terminal.record


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_a_dumb_terminal_gets_plain_mode_with_a_word_why(tmp_path: Path) -> None:
    argv = [*ALLOY, "--model", model("hello")]
    with Terminal(argv, cwd=tmp_path, environment={"TERM": "dumb"}) as terminal:
        terminal.wait_for("takes only lines of text")
        terminal.wait_for("You:")
        terminal.type("/quit\n")
        assert terminal.wait_exit() == 0
        assert b"\x1b" not in terminal.record


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_what_was_typed_before_a_question_is_no_answer_to_it_but_steers(tmp_path: Path) -> None:
    argv = [*ALLOY, "--plain", "--model", model("runs")]
    with Terminal(argv, cwd=tmp_path, columns=200) as terminal:
        terminal.wait_for("You:")
        terminal.type("do it\ny\n")
        terminal.wait_for("Your answer:")
        assert not (tmp_path / "made").exists()
        terminal.type("n\n")
        terminal.wait_for("did not run")
        terminal.wait_for("Done in")
        terminal.type("/history\n")
        terminal.wait_until(lambda: terminal.text().count("as far as I may") == 2, "the history")
        told = terminal.text().partition("Done in")[2]
        order = ["You: do it", "Alloy called bash", "You: y", "Alloy: Done as far"]
        assert sorted(order, key=told.index) == order
        terminal.type("/quit\n")
        assert terminal.wait_exit() == 0
        assert not (tmp_path / "made").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_a_question_is_asked_once_and_no_word_that_begins_like_yes_is_one(tmp_path: Path) -> None:
    argv = [*ALLOY, "--plain", "--model", model("runs")]
    with Terminal(argv, cwd=tmp_path, columns=200) as terminal:
        terminal.wait_for("You:")
        terminal.type("do it\n")
        terminal.wait_for("Your answer:")
        terminal.type("you had better not\n")
        terminal.wait_for("Please answer with")
        terminal.wait_until(lambda: terminal.text().count("Your answer:") == 2, "asked again")
        terminal.type("no\n")
        terminal.wait_for("Done in")
        assert terminal.record.count(b"Your answer:") == 2
        assert not (tmp_path / "made").exists()
        terminal.type("/quit\n")
        terminal.wait_exit()


def test_a_line_that_nobody_has_read_yet_was_typed_before_the_mark() -> None:
    theirs, ours = os.pipe()
    typed = TypedLines(theirs, lambda: None)
    os.write(ours, b"one\ntwo\nthr")
    assert typed.mark() == 2  # the reading thread has not even begun
    os.write(ours, b"ee")
    os.close(ours)
    assert typed.mark() == 3
    taken: list[Line | None] = []
    while not typed.over:
        taken.append(typed.first)
        typed.take()
    assert taken == [Line(0, "one"), Line(1, "two"), Line(2, "three")]
    os.close(theirs)
