"""What importing pulls in: start-up is sacred."""

from __future__ import annotations

import json
import subprocess
import sys

_HEAVY = ("textual", "httpx", "rich", "pygments", "markdown_it", "msgspec", "asyncio", "tomlkit")


def imported_by(code: str) -> set[str]:
    """The modules that a fresh interpreter has loaded after `code`."""
    script = f"{code}\nimport sys, json\nprint(json.dumps(sorted(sys.modules)))"
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=True, text=True, timeout=60
    )
    return set(json.loads(run.stdout.splitlines()[-1]))


def new_with(code: str) -> set[str]:
    """The modules that `code` loads and a fresh interpreter does not."""
    return imported_by(code) - imported_by("pass")


def test_importing_the_package_pulls_in_nothing_heavy() -> None:
    assert not imported_by("import alloy_tui") & set(_HEAVY)


def test_the_engine_pulls_in_neither_screen_nor_http() -> None:
    loaded = imported_by("from alloy_tui import Agent")
    assert not loaded & {"textual", "rich", "httpx", "pygments", "markdown_it"}


def test_the_version_is_told_without_loading_the_program() -> None:
    code = "from alloy_tui.cli import main\ntry: main(['--version'])\nexcept SystemExit: pass"
    assert not imported_by(code) & {"textual", "httpx", "rich", "asyncio"}
    assert new_with(code) == {"__future__", "alloy_tui", "alloy_tui.cli"}


def test_the_first_bytes_on_the_screen_wait_for_next_to_nothing() -> None:
    """What paints the skeleton and takes keys loads little that is not written in C."""
    own = {"alloy_tui", "alloy_tui.cli", "alloy_tui.cli.skeleton", "alloy_tui.cli.hints"}
    code = "import alloy_tui.cli.skeleton"
    assert not new_with(code) - own - {"__future__", "_thread", "gc", "select", "termios"}


def test_the_screen_modules_load_neither_http_nor_markdown_nor_lexers() -> None:
    loaded = imported_by("import alloy_tui.ui.app, alloy_tui.runtime.runtime")
    assert not loaded & {"httpx", "markdown_it", "alloy_tui.agent.agent"}
    assert not [m for m in loaded if m.startswith("pygments.lexers.")]


def test_the_http_library_comes_without_its_command_line() -> None:
    code = "from alloy_tui.providers import transport\ntransport.prepare()\nimport httpx._main"
    loaded = imported_by(code.partition("\nimport httpx")[0])
    assert "httpx" in loaded
    assert not loaded & {"httpx._main", "click", "rich", "pygments"}
    assert "httpx._main" in imported_by(code)  # whoever wants it gets it


def test_the_first_screen_waits_for_no_parser() -> None:
    """Neither that of the commands, nor of settings, nor of Markdown; they come when needed."""
    loaded = imported_by(
        "import alloy_tui.cli.entry, alloy_tui.cli.fullscreen, alloy_tui.cli.screen_choices\n"
        "import alloy_tui.ui.app"
    )
    parsers = {"argparse", "tomllib", "tomlkit", "alloy_tui.ui.markdown.stream"}
    assert not loaded & (parsers | {"sqlite3", "alloy_tui.runtime.engine", "jinja2"})
