"""What is imported when: a start costs only what it shows."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {"textual", "rich", "httpx", "msgspec", "pygments", "markdown_it", "anyio", "asyncio"}


def imported(code: str) -> set[str]:
    """The top-level modules that are loaded after `code`."""
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print('\\n', *sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    return {name.partition(".")[0] for name in done.stdout.rpartition("\n ")[2].split()}


@pytest.mark.parametrize(
    "code",
    [
        "import alloy_tui",
        "from alloy_tui.cli import main; main(['--version'])",
        "from alloy_tui.cli import main; main(['--help'])",
        "from alloy_tui.cli import main; main(['nonsense'])",
    ],
)
def test_the_cheapest_uses_import_nothing_heavy(code: str) -> None:
    """The package, the version, the help and a mistake."""
    assert not imported(code) & HEAVY


def test_a_runtime_brings_neither_agents_nor_http() -> None:
    """What the first frame needs of the engine is light; the rest comes on its thread."""
    code = (
        "from alloy_tui.runtime.runtime import Runtime\n"
        "from alloy_tui.runtime.plan import Plan\n"
        "from alloy_tui.settings import load_settings, locate\n"
        "Runtime(Plan(load_settings({}), locate(), '/'))\n"
        "import sys\n"
        "late = ('alloy_tui.agent.', 'alloy_tui.tools.')\n"
        "assert not [m for m in sys.modules if m.startswith(late)]"
    )
    assert not imported(code) & {"textual", "rich", "httpx", "anyio", "tomlkit", "pygments"}


def test_the_engine_as_a_library_does_not_import_the_screen() -> None:
    """Agents in another program bring no Textual."""
    assert "textual" not in imported("from alloy_tui import Agent, run, tool, ScriptedProvider")
