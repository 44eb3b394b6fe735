"""A defect of ours ends the program in words, and the terminal is the shell's again."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.program.modes import assert_left_clean
from tests.support.terminal import Terminal

# What a defect would be: a handler that raises. `secret` must not get anywhere.
BREAKERS = {
    "a command": """
        from alloy_tui.ui import app
        def fail(self, *a, **k):
            secret = "LOCAL-" + "VARIABLE"
            raise ZeroDivisionError("on purpose")
        app.AlloyApp.open_page = fail
    """,
    "a key": """
        from alloy_tui.ui.screens import workbench
        def fail(self, *a, **k):
            raise ZeroDivisionError("on purpose")
        workbench.Workbench.action_toggle_output = fail
    """,
    "painting": """
        from alloy_tui.ui.widgets import prompt
        real = prompt.Prompt.render_line
        def fail(self, *a, **k):
            if self.text == "boom":
                raise ZeroDivisionError("on purpose [/b] \\x1b]0;PWNED\\x07")
            return real(self, *a, **k)
        prompt.Prompt.render_line = fail
    """,
}
KEYS = {"a command": "/help\r", "a key": "\x0f", "painting": "boom"}


def wrapped(breaker: str) -> str:
    lines = [line.removeprefix(" " * 8) for line in breaker.strip("\n").splitlines()]
    return "\n".join([*lines, "from alloy_tui.cli import main", "import sys", "sys.exit(main())"])


@pytest.mark.parametrize("where", BREAKERS)
def test_a_handler_that_raises(
    where: str, project: Path, own_home: Path, scripted: Callable[..., str]
) -> None:
    """One line of words, exit code 1, a clean terminal; the traceback is in a private file."""
    argv = [sys.executable, "-c", wrapped(BREAKERS[where]), "--model", scripted([{"text": "x"}])]
    with Terminal(argv, cwd=project) as terminal:
        terminal.wait_for("scripted")
        terminal.type(KEYS[where])
        assert terminal.wait_exit() == 1
        assert_left_clean(terminal)
        said = terminal.record.rpartition(b"\x1b[?1049l")[2].decode()
    assert "This is a defect of Alloy: ZeroDivisionError: on purpose" in said
    assert "Traceback" not in terminal.record.decode(errors="replace")
    assert "LOCAL-VARIABLE" not in said
    assert "PWNED\x07" not in said
    file = own_home / "alloy" / "logs" / "last-crash.txt"
    assert str(file) in said.replace("\r\n", "")
    assert "ZeroDivisionError" in file.read_text()
    assert file.stat().st_mode & 0o077 == 0


def test_a_user_s_broken_theme_is_told_and_left_out(
    project: Path,
    own_home: Path,
    open_program: Callable[..., Terminal],
    scripted: Callable[..., str],
) -> None:
    """A theme in the settings that cannot be used does not keep the program from opening."""
    config = own_home / "alloy" / "config"
    config.mkdir(parents=True)
    broken = {"primary": "no colour \u001b]0;PWNED\u0007", "background": "#zzz"}
    lines = [f"{name} = {json.dumps(value)}" for name, value in broken.items()]
    (config / "config.toml").write_text(
        'theme = "mine"\n[themes.mine]\n' + "\n".join(lines) + "\n", encoding="utf-8"
    )
    with open_program(scripted([{"text": "Hello."}])) as terminal:
        terminal.wait_until(
            lambda: "scripted" in terminal.text() or terminal.process.poll() is not None,
            "the program to open, or to say why not",
        )
        if terminal.process.poll() is None:
            terminal.type("/quit\r")
        terminal.wait_exit()
        assert b"PWNED\x07" not in terminal.record
        assert b"Traceback" not in terminal.record
        assert terminal.modes_restored()
