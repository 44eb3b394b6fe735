"""Guards that hold for every test: an own home, no key from outside, nothing left running.

They hold in each of the processes that tests are shared out to: every one has
a home for each of its tests and looks at its own threads and children alone.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes says nothing on a machine that does other things as well.
_UNHURRIED: Any = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("searching", **_UNHURRIED)
# The same examples each time: what is submitted is judged by what it changed, not by chance.
settings.register_profile("steady", derandomize=True, **_UNHURRIED)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "searching"))

_KEYS = ("ANTHROPIC_", "OPENAI_", "GEMINI_", "OPENROUTER_", "XAI_", "DEEPSEEK_", "MISTRAL_")
_KEYS += ("GROQ_", "AZURE_", "AWS_", "ALLOY_", "OLLAMA_")
_DESKTOP = ("TMUX", "DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME")


@pytest.fixture
def anyio_backend() -> str:
    """The engine runs on asyncio."""
    return "asyncio"


@pytest.fixture(autouse=True)
def own_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Every test has its own ALLOY_HOME and HOME and sees neither key nor clipboard here."""
    for name in list(os.environ):
        if name.startswith(_KEYS) or name in _DESKTOP:
            monkeypatch.delenv(name)
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("ALLOY_HOME", str(home / "alloy"))
    monkeypatch.setenv("TEXTUAL_ANIMATIONS", "none")
    return home


def _children() -> set[int]:
    path = Path(f"/proc/{os.getpid()}/task")
    if not path.is_dir():
        return set()
    found: set[int] = set()
    for task in path.iterdir():
        try:
            found.update(int(pid) for pid in (task / "children").read_text().split())
        except OSError:
            continue
    return found


@pytest.fixture(autouse=True)
def nothing_left_running() -> Iterator[None]:
    """A test that leaves a thread of ours or a child process behind fails."""
    threads = set(threading.enumerate())
    children = _children()
    yield
    left = [
        t.name for t in threading.enumerate() if t not in threads and t.name.startswith("alloy")
    ]
    for thread in threading.enumerate():
        if thread not in threads and thread.name.startswith("alloy"):
            thread.join(20)  # bounds a failing test alone
    left = [t for t in left if any(t == live.name for live in threading.enumerate())]
    assert not left, f"threads left running: {left}"
    orphans = {
        pid
        for pid in _children() - children
        if Path(f"/proc/{pid}/status").exists()
        and "zombie" not in Path(f"/proc/{pid}/status").read_text()
    }
    assert not orphans, f"child processes left running: {orphans}"


@pytest.hookimpl(wrapper=True)
def pytest_report_to_serializable() -> Generator[None, Any, Any]:
    """Half a surrogate pair in what a test logged or printed would end the process it ran in.

    From one process to the other a report goes as UTF-8, which has no such thing.
    """
    return _encodable((yield))


def _encodable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {_encodable(key): _encodable(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_encodable(each) for each in value)
    return value
