"""Hostile text of the agents of a team never reaches the terminal armed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.program.hostile import assert_harmless, needs_corpus, payloads
from tests.support.terminal import Terminal

pytestmark = [pytest.mark.corpus, needs_corpus]
TABS = "23456"


def toml(text: str) -> str:
    """A basic string of TOML."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def everything() -> str:
    """Every case that goes into an argument."""
    return "\n".join(p.text for p in payloads() if len(p.data) < 300 and 0 not in p.data)


def talk(text: str) -> list[dict[str, Any]]:
    """A letter, a task, a fact, words, and at last a question."""
    calls = [
        {"name": "message", "arguments": {"to": ["all"], "text": text}},
        {"name": "task", "arguments": {"action": "add", "text": text, "detail": text}},
        {"name": "context", "arguments": {"key": text[:200], "value": text}},
    ]
    asks = {"name": "bash", "arguments": {"command": f"echo {text}"}}
    return [{"text": text, "tool_calls": calls}, {"text": text, "tool_calls": [asks]}]


@pytest.mark.parametrize(("columns", "rows"), [(120, 36), (60, 15)])
def test_what_agents_write_to_each_other(
    open_program: Callable[..., Terminal],
    scripted: Callable[..., str],
    project: Path,
    columns: int,
    rows: int,
) -> None:
    """On every tab, in the peek, attached, in the question beside the prompt."""
    text = everything()
    (project / "one.json").write_text(json.dumps({"replies": talk(text)}))
    teams = project / ".alloy" / "teams"
    teams.mkdir(parents=True)
    member = f'name = "one"\nmodel = "scripted/one.json"\nrole = {toml(text)}\n'
    (teams / "crew.toml").write_text(f"shared = {{ a = {toml(text)} }}\n[[members]]\n{member}")
    (teams / f"{payloads()[0].file_name}.toml").write_text(f"[[members]]\n{member}")
    with open_program(scripted([]), columns=columns, rows=rows) as terminal:
        terminal.wait_for("scripted")
        terminal.type("/team crew\r")
        terminal.wait_for("· one")
        terminal.type("b")
        terminal.wait_for("Broadcast to one")
        terminal.type(f"\x1b[200~{text[:400]}\x1b[201~\r")
        terminal.wait_for("needs you 1")
        for tab in TABS:
            terminal.type(tab)
            terminal.drain()
            terminal.type("  \x1b[1;2B\x1b[B")
            terminal.drain()
        terminal.type("1")
        terminal.wait_for("! one")
        assert "needs you 1" in terminal.lines()[0]
        terminal.type("o")
        terminal.wait_for("Open a team")
        terminal.escape()
        terminal.wait_gone("Open a team")
        terminal.type("\x1b[F\r")
        terminal.wait_for("Esc back")
        terminal.wait_for("To one")
        terminal.type("\x1b[5~\x1b[5~")
        terminal.drain()
        terminal.escape()
        terminal.wait_gone("To one")
        terminal.escape()
        terminal.wait_for("wants to run")
        terminal.type("/quit\r")
        terminal.wait_exit()
        assert_harmless(terminal)
