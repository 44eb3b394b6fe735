"""Hostile text of the model and of tools never reaches the terminal armed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.program.hostile import assert_harmless, needs_corpus, payloads
from tests.support.terminal import Terminal

pytestmark = [pytest.mark.corpus, needs_corpus]


def finish(terminal: Terminal) -> None:
    """Look at everything once, leave, and play the record to two emulators."""
    terminal.type("\x0f")  # the tool pane
    for tab in "12345":
        terminal.type(f"\x1b{tab}")
        terminal.drain()
    for _ in range(6):
        terminal.type("\x1b[5~")
        terminal.drain()
    terminal.resize(90, 40)
    terminal.drain()
    terminal.escape()
    terminal.drain()
    terminal.escape()
    terminal.drain()
    terminal.type("/quit\r")
    terminal.wait_exit()
    assert_harmless(terminal)


def call(name: str, **arguments: Any) -> dict[str, Any]:
    return {"tool_calls": [{"name": name, "arguments": arguments}]}


@pytest.mark.parametrize("chunk", [7, 100_000])
def test_the_models_words_and_thoughts(
    open_program: Callable[..., Terminal], scripted: Callable[..., str], chunk: int
) -> None:
    """Cut into deltas inside sequences, or whole; thoughts unfolded too."""
    everything = "\n\n".join(p.text for p in payloads())
    reply = {"text": f"{everything}\n\nEND-OF-TEXT", "thinking": everything, "chunk": chunk}
    with open_program(scripted([reply])) as terminal:
        terminal.wait_for("scripted")
        terminal.type("go\r")
        terminal.wait_for("END-OF-TEXT", 60)
        terminal.type("\x1b[1;5H\x1b[5~" + "\x1b[5~" * 40)  # up to the thoughts
        terminal.wait_for("thought")
        terminal.click("thought")
        finish(terminal)


def test_output_of_commands_and_files(
    open_program: Callable[..., Terminal], scripted: Callable[..., str], project: Path
) -> None:
    """Standard output, standard error and what was read, as the bytes they are."""
    (project / "hostile.txt").write_bytes(b"\n".join(p.data for p in payloads()))
    printing = "cat hostile.txt; ls -1; cat hostile.txt >&2; printf '\\033]0;PWNED\\007' > /dev/tty"
    calls = [
        call("read", file_path="hostile.txt"),
        call("bash", command=printing),
        call("bash", command="cat hostile.txt; exit 3"),
        {"text": "END-OF-TOOLS"},
    ]
    for number, payload in enumerate(payloads()):
        (project / f"{number}-{payload.file_name}").write_text("x")
    with open_program(scripted(calls), "--approve", "all") as terminal:
        terminal.wait_for("scripted")
        terminal.type("go\r")
        terminal.wait_for("END-OF-TOOLS", 60)
        finish(terminal)
        assert b"PWNED\x07" not in terminal.record, "a command reached the terminal itself"


def test_calls_that_the_model_makes_up(
    open_program: Callable[..., Terminal], scripted: Callable[..., str], project: Path
) -> None:
    """Names and arguments of calls, known and unknown ones, in cards, approvals and the pane."""
    everything = "\n".join(p.text for p in payloads() if len(p.data) < 300)
    (project / "file.txt").write_text(f"before\n{everything}\nafter\n")
    calls = [
        call("read", file_path=everything[:3000]),
        call("to\x1b[31mol\x1b]52;c;QUJD\x07", **{"a\x1b[2J": everything}),
        {"tool_calls": [{"name": everything[:200], "raw": everything}]},
        call("read", file_path="file.txt"),
        call("edit", file_path="file.txt", old_string="before", new_string=everything),
        call("write", file_path="new\x1b]0;PWNED\x07.txt", content=everything),
        {"text": "END-OF-CALLS"},
    ]
    with open_program(scripted(calls), "--approve", "all") as terminal:
        terminal.wait_for("scripted")
        terminal.type("go\r")
        terminal.wait_for("END-OF-CALLS", 60)
        finish(terminal)


def test_what_an_approval_shows(
    open_program: Callable[..., Terminal], scripted: Callable[..., str], project: Path
) -> None:
    """Commands and edits that ask first are spelled out, whatever they hold."""
    everything = "\n".join(p.text for p in payloads() if len(p.data) < 300 and 0 not in p.data)
    (project / "file.txt").write_text("before\nafter\n")
    calls = [
        call("read", file_path="file.txt"),
        call("bash", command=f"echo {everything}"),
        call("edit", file_path="file.txt", old_string="before", new_string=everything),
        call("write", file_path="x\x1b[8m\u202ey.txt", content=everything),
        {"text": "END-OF-QUESTIONS"},
    ]
    with open_program(scripted(calls)) as terminal:
        terminal.wait_for("scripted")
        terminal.type("go\r")
        for denials in (1, 2, 3):
            terminal.wait_for("once")
            for _ in range(4):
                terminal.type("\x1b[6~")
                terminal.drain()
            terminal.wait_until(lambda n=denials: denied(terminal, n), f"denial {denials}")
        terminal.wait_for("END-OF-QUESTIONS")
        finish(terminal)


def denied(terminal: Terminal, times: int) -> bool:
    """Press the key that denies, which counts once the question has been seen for a moment."""
    if terminal.text().count("The user denied this call.") < times:
        terminal.type("\x1bn")
        terminal.drain()
    return terminal.text().count("The user denied this call.") >= times


def test_an_approval_shows_what_would_hide(
    open_program: Callable[..., Terminal], scripted: Callable[..., str]
) -> None:
    command = "echo \u202egnp.exe \x1b[8mrm -rf x\x1b[0m"
    with open_program(scripted([call("bash", command=command), {"text": "ok"}])) as terminal:
        terminal.wait_for("scripted")
        terminal.type("go\r")
        terminal.wait_for("\\x1b[8mrm -rf x")
        assert b"\x1b[8mrm" not in terminal.record
        assert "\u202e".encode() not in terminal.record
