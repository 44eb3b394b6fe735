"""Hostile settings, themes, histories and arguments: on the screen and on the command line."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.program.conftest import ALLOY
from tests.program.hostile import assert_harmless, needs_corpus, payloads
from tests.program.hostile_server import answer, serving
from tests.support.terminal import Terminal

pytestmark = [pytest.mark.corpus, needs_corpus]

WORDS = " ".join(p.text for p in payloads() if len(p.data) < 60)


def toml(text: str) -> str:
    """A basic string of TOML, which must not hold some characters as they are."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def write_settings(**more: str) -> None:
    """Every setting that takes any text, and what only the screen finds to be none."""
    folder = Path(os.environ["ALLOY_HOME"]) / "config"
    (folder / "themes").mkdir(parents=True)
    words = toml(WORDS)
    lines = [
        *(f"{name} = {value}" for name, value in more.items()),
        f"theme = {words}",
        f"status = ['state', {words}]",
        f"system_prompt = {words}",
        f"[keys]\nhelp = {words}\n{words} = 'f9'",
        f"[services.mine]\nlabel = {words}\nwire = 'openai-chat'\nbase_url = 'http://127.0.0.1:9'",
        f"[models.{toml(f'mine/{WORDS}')}]\nlabel = {words}\ncontext_window = 9000",
        f"[approvals.tools]\n{words} = 'ask'",
    ]
    (folder / "config.toml").write_text("\n".join(lines))
    theme = f"name = {words}\nbase = {words}\n[colours]\n{words} = {words}\nlive = {words}\n"
    (folder / "themes" / "one.toml").write_text(theme)
    second = theme.replace(f"name = {words}\nbase = {words}", "name = 'two'")
    (folder / "themes" / "two.toml").write_text(second)
    (folder / "themes" / f"{payloads()[0].file_name}.toml").write_text("no theme")


@pytest.mark.parametrize(
    "words",
    [
        ("config",),
        ("config", "get"),
        ("config", "get", "keys"),
        ("config", "get", "system_prompt"),
        ("config", "set", "theme", WORDS.replace("\0", "")),
        ("doctor",),
        ("doctor", "--json"),
        ("models",),
        ("models", "--json"),
        ("run", "-p", "hello"),
    ],
    ids=lambda words: " ".join(words)[:24],
)
def test_settings_on_the_command_line(project: Path, words: tuple[str, ...]) -> None:
    write_settings()
    with Terminal([ALLOY, *words], cwd=project, columns=200) as terminal:
        terminal.wait_exit()
        assert_harmless(terminal)


def test_settings_and_themes_on_the_screen(project: Path, scripted: Callable[..., str]) -> None:
    """What is wrong with them is told; help, settings, the picker and the palette show them."""
    write_settings(model=toml(scripted([{"text": "END-OF-ANSWER"}])))
    with Terminal([ALLOY], cwd=project, columns=120, rows=40) as terminal:
        terminal.wait_for("there is no theme")
        for command in ("/help", "/settings", "/theme x", "/theme two", "/model"):
            terminal.type(f"{command}\r")
            terminal.drain()
            terminal.type("\x1b[6~\x1b[B\x1b[B")
            terminal.drain()
            terminal.escape()
            terminal.drain()
            terminal.escape()
            terminal.drain()
        terminal.type("/model mine/\t")
        terminal.drain()
        terminal.type("\x15\x10QZ")
        terminal.drain()
        terminal.escape()
        terminal.drain()
        terminal.type("\x03\x03\x11")
        terminal.wait_exit()
        assert_harmless(terminal)


def test_a_history_of_prompts_that_others_wrote(
    project: Path, scripted: Callable[..., str], open_program: Callable[..., Terminal]
) -> None:
    """Walked, searched, taken and sent again; labels that stand for pastes as well."""
    folder = Path(os.environ["ALLOY_HOME"]) / "data"
    folder.mkdir(parents=True)
    entries: list[dict[str, Any]] = [
        {"text": f"old {p.text}", "folder": str(project), "at_ms": 1} for p in payloads()
    ]
    folds = {f"[{WORDS}]": {"text": WORDS, "image": WORDS}}
    entries.append({"text": f"last [{WORDS}]", "folder": WORDS, "folds": folds})
    lines = [json.dumps(entry) for entry in entries]
    (folder / "prompt-history.jsonl").write_text("\n".join(["\x1b]0;P\x07", *lines, ""]))
    with open_program(scripted([{"text": "END-OF-ANSWER"}])) as terminal:
        terminal.wait_for("scripted")
        for _ in range(12):
            terminal.type("\x1b[A")
            terminal.pump(0.02)
        terminal.drain()
        terminal.wait_for("old QZ")
        terminal.type("\r")
        terminal.wait_for("END-OF-ANSWER")
        terminal.type("\x12last")
        terminal.drain()
        terminal.type("\r")
        terminal.wait_for("last [")
        terminal.type("\x1bp")
        terminal.drain()
        terminal.type("\x11")
        terminal.wait_exit()
        assert_harmless(terminal)


def test_the_name_of_the_model_that_answers(project: Path) -> None:
    """In the bars, the tooltip, the first look; it is not offered, for it cannot be typed."""
    name = f"m {WORDS}"
    listing = json.dumps({"models": [{"name": name, "model": name}]}).encode()
    with serving(answer(b"200 OK", listing)) as address:
        environment = {"ALLOY_OLLAMA_BASE_URL": address}
        with Terminal([ALLOY], cwd=project, environment=environment) as terminal:
            terminal.wait_for("Ollama runs")
            terminal.mouse(35, *terminal.find("ollama/m"))
            terminal.type("/model oll")
            terminal.drain()
            terminal.type("\x15hello\r")
            terminal.wait_for("hello")
            terminal.drain()
            terminal.type("\x11")
            terminal.wait_exit()
            assert_harmless(terminal)


@pytest.mark.parametrize(
    "words",
    [
        ("--no-such",),
        ("run", "--model"),
        ("config", "get"),
        ("config", "set-key", "--remove"),
        ("sessions", "show"),
        ("sessions", "search"),
        ("sessions", "import"),
        ("sessions", "export", "--format"),
        ("team", "run"),
        ("doctor",),
    ],
    ids=lambda words: " ".join(words)[:24],
)
def test_arguments_that_are_wrong(project: Path, words: tuple[str, ...]) -> None:
    argument = words[-1] + WORDS if words[-1].startswith("--no") else WORDS
    argv = [ALLOY, *words[:-1], argument] if argument != WORDS else [ALLOY, *words, WORDS]
    with Terminal([a.replace("\0", "") for a in argv], cwd=project, columns=200) as terminal:
        terminal.wait_exit()
        assert_harmless(terminal)
