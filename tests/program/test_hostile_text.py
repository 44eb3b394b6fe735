"""Hostile text, in through every door that is built, never reaches the terminal armed."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.terminal import Terminal

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpora" / "terminal_escapes.json"

pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(not CORPUS.exists(), reason="the shared corpora are not beside the project"),
]
# A megabyte without a space belongs to the unit tests; here it would only slow the emulator.
_LONGEST = 20_000


def payloads() -> list[tuple[str, str, list[bytes]]]:
    """Id, hostile text and forbidden bytes of every case that fits a screen."""
    out: list[tuple[str, str, list[bytes]]] = []
    for case in json.loads(CORPUS.read_text())["cases"]:
        text = base64.b64decode(case["payload_b64"]).decode("utf-8", "replace")
        forbidden = [base64.b64decode(b) for b in case["must_not_reach_terminal_b64"]]
        if len(text) <= _LONGEST:
            out.append((case["id"], text, forbidden))
    return out


def leaks(record: bytes) -> list[str]:
    """The cases of which a forbidden byte string is in the record."""
    return [name for name, _, forbidden in payloads() if any(b in record for b in forbidden)]


def replies_with(make: Callable[[str], dict[str, Any]]) -> list[dict[str, Any]]:
    return [make(text) for _, text, _ in payloads()]


def test_the_models_words_and_thoughts_are_disarmed(
    open_program: Callable[..., Terminal], scripted: Callable[..., str]
) -> None:
    everything = "\n\n".join(text for _, text, _ in payloads())
    reply = {"text": f"{everything}\n\nEND-OF-TEXT", "thinking": everything, "chunk": 7}
    with open_program(scripted([reply])) as terminal:
        terminal.wait_for("scripted")
        terminal.type("go\r")
        terminal.wait_for("END-OF-TEXT", 60)
        terminal.type("/quit\r")
        terminal.wait_exit()
        assert leaks(terminal.record) == []


def test_tool_output_file_names_and_arguments_are_disarmed(
    open_program: Callable[..., Terminal], scripted: Callable[..., str], project: Path
) -> None:
    """A file full of it is read and printed; calls carry it; a file has it for a name."""
    everything = "\n".join(text for _, text, _ in payloads())
    (project / "hostile.txt").write_text(everything, encoding="utf-8")
    (project / "name\x1b]0;PWNED\x07\x1b[2J.txt").write_text("x")
    calls = [
        {"tool_calls": [{"name": "read", "arguments": {"file_path": "hostile.txt"}}]},
        {
            "tool_calls": [
                {
                    "name": "bash",
                    "arguments": {"command": "cat hostile.txt; ls -1; cat hostile.txt >&2"},
                }
            ]
        },
        {"tool_calls": [{"name": "read", "arguments": {"file_path": everything[:3000]}}]},
        {
            "tool_calls": [
                {
                    "name": "to\x1b[31mol\x1b]52;c;QUJD\x07",
                    "arguments": {"a\x1b[2J": everything[:3000]},
                }
            ]
        },
        {"text": "END-OF-TOOLS"},
    ]
    with open_program(scripted(calls), "--approve", "all") as terminal:
        terminal.wait_for("scripted")
        terminal.type("go\r")
        terminal.wait_for("END-OF-TOOLS", 60)
        terminal.type("/quit\r")
        terminal.wait_exit()
        assert leaks(terminal.record) == []
        assert b"PWNED\x07" not in terminal.record


def test_an_approval_shows_what_would_hide(
    open_program: Callable[..., Terminal], scripted: Callable[..., str]
) -> None:
    command = "echo \u202egnp.exe \x1b[8mrm -rf x\x1b[0m"
    calls = [{"tool_calls": [{"name": "bash", "arguments": {"command": command}}]}, {"text": "ok"}]
    with open_program(scripted(calls)) as terminal:
        terminal.wait_for("scripted")
        terminal.type("go\r")
        terminal.wait_for("\\x1b[8mrm -rf x")
        assert b"\x1b[8mrm" not in terminal.record
        assert "\u202e".encode() not in terminal.record


def test_a_servers_error_words_are_disarmed(
    open_program: Callable[..., Terminal], scripted: Callable[..., str]
) -> None:
    words = "".join(text for _, text, _ in payloads())[:6000]
    reply = {"error": {"kind": "invalid_request", "message": f"REFUSED {words}"}}
    with open_program(scripted([reply])) as terminal:
        terminal.wait_for("scripted")
        terminal.type("go\r")
        terminal.wait_for("REFUSED")
        terminal.type("/quit\r")
        terminal.wait_exit()
        assert leaks(terminal.record) == []
