"""One scripted session on the real engine, pictured at its turning points.

Thinking, two parallel reads, an approval, a denial, a cancelled run, a retry
with its countdown, a model switch: real runtime, real tools, real approvals;
only the model is a script, and the clocks stand still.
"""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from textual.pilot import Pilot

from alloy_tui.domain.events import Envelope
from alloy_tui.runtime.mailbox import EventMailbox
from alloy_tui.runtime.plan import Plan
from alloy_tui.runtime.runtime import Runtime
from alloy_tui.settings.loader import load_settings
from alloy_tui.settings.paths import locate
from alloy_tui.ui.app import AlloyApp
from alloy_tui.ui.clock import Clock
from tests.support.stage import screen_text

NOW_MS = 1_800_000_000_000

FIRST: dict[str, Any] = {
    "context_window": 200_000,
    "price": {"input": 3.0, "output": 15.0},
    "replies": [
        {
            "thinking": "Both files will tell; I can read them at once.",
            "text": "I'll read **both** files.",
            "tool_calls": [
                {"name": "read", "arguments": {"file_path": "cart.py"}},
                {"name": "read", "arguments": {"file_path": "notes.txt"}},
                {"name": "bash", "arguments": {"command": "git push --force"}},
            ],
            "usage": {"input": 1200, "output": 90},
        },
        {
            "text": "Understood, no push.\n\n"
            "```python\ndef total(prices):\n    return sum(prices)\n```",
            "usage": {"input": 1500, "output": 40},
        },
        {"text": "A long story that goes on and on", "chunk": 22, "chunk_delay_ms": 60_000},
        {"error": {"kind": "overloaded", "status": 529, "retry_after_s": 30}},
    ],
}
SECOND: dict[str, Any] = {"replies": [{"text": "I am the second model."}]}


class StillMailbox(EventMailbox):
    """A mailbox on whose far side no time passes, so that pictures of it repeat."""

    def put(self, envelope: Envelope) -> None:
        """Deliver, with every measured time replaced."""
        event = envelope.event
        if hasattr(event, "duration_ms"):
            event = msgspec.structs.replace(event, duration_ms=40)
        super().put(msgspec.structs.replace(envelope, at_ms=NOW_MS, event=event))


class Session:
    """The app on the real engine, and a person at its keys."""

    def __init__(self, project: Path) -> None:
        paths = locate()
        plan = Plan(load_settings(paths=paths), paths, str(project), "scripted/first.json")
        self.runtime = Runtime(plan, mailbox=StillMailbox())
        self.monotonic_s = 100.0
        clock = Clock(wall_ms=lambda: NOW_MS, monotonic_s=lambda: self.monotonic_s)
        self.app = AlloyApp(self.runtime, clock=clock, theme_word="dark")

    async def until(self, pilot: Pilot[Any], text: str) -> None:
        """Wait until `text` is on the screen; the limit only bounds a failing test."""
        end = time.monotonic() + 60
        while text not in screen_text(self.app):
            assert time.monotonic() < end, f"never came: {text}\n{screen_text(self.app)}"
            await pilot.pause(0.02)

    async def say(self, pilot: Pilot[Any], text: str) -> None:
        """Type and send."""
        self.monotonic_s += 5
        await pilot.press(*("space" if c == " " else c for c in text), "enter")

    async def answer(self, pilot: Pilot[Any], key: str) -> None:
        """Answer the approval once it is armed."""
        self.monotonic_s += 5
        await pilot.press(key)


async def approval(session: Session, pilot: Pilot[Any]) -> None:
    await session.until(pilot, "scripted/first.json")
    await session.say(pilot, "why does it round")
    await session.until(pilot, "wants to run")


async def denial(session: Session, pilot: Pilot[Any]) -> None:
    await approval(session, pilot)
    await session.answer(pilot, "alt+e")
    await session.say(pilot, "never push")
    await session.until(pilot, "return sum(prices)")
    await session.until(pilot, "done")


async def cancelled(session: Session, pilot: Pilot[Any]) -> None:
    await denial(session, pilot)
    await session.say(pilot, "tell me more")
    await session.until(pilot, "A long story that goes")
    await pilot.press("escape")
    await session.until(pilot, "incomplete")


async def retry(session: Session, pilot: Pilot[Any]) -> None:
    await cancelled(session, pilot)
    await session.say(pilot, "in short")
    await session.until(pilot, "again in 30 s")


async def model_switch(session: Session, pilot: Pilot[Any]) -> None:
    await retry(session, pilot)
    await pilot.press("escape")
    await session.until(pilot, "stopped by you")
    await session.say(pilot, "/model scripted/second.json")
    await session.until(pilot, "scripted/second.json")
    await session.say(pilot, "and you")
    await session.until(pilot, "I am the second model.")


@pytest.fixture
def project(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = own_home / "shop"
    folder.mkdir()
    (folder / "cart.py").write_text("def total(prices):\n    return round(sum(prices), 2)\n")
    (folder / "notes.txt").write_text("round once\n")
    (folder / "first.json").write_text(json.dumps(FIRST))
    (folder / "second.json").write_text(json.dumps(SECOND))
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize(
    "moment", [approval, denial, cancelled, retry, model_switch], ids=lambda m: m.__name__
)
def test_the_session_looks_as_it_did(
    moment: Callable[..., Any], project: Path, snap_compare: Callable[..., bool]
) -> None:
    """The picture of each turning point is the one that was approved."""
    session = Session(project)

    async def before(pilot: Pilot[Any]) -> None:
        await moment(session, pilot)
        await pilot.pause()

    assert snap_compare(session.app, terminal_size=(120, 36), run_before=before)


@asynccontextmanager
async def on_stage(project: Path) -> AsyncIterator[tuple[Session, Pilot[Any]]]:
    session = Session(project)
    async with session.app.run_test(size=(120, 36)) as pilot:
        yield session, pilot


@pytest.mark.anyio
async def test_the_session_goes_on_through_cancel_retry_and_switch(project: Path) -> None:
    """Two answers of the first model, one of the second, and every wreck between them mended."""
    async with on_stage(project) as (session, pilot):
        await model_switch(session, pilot)
        history = session.runtime.history()
    said = [(m.role, m.origin, m.incomplete) for m in history]
    assert said[-1] == ("assistant", "scripted/second.json", None)
    assert ("assistant", "scripted/first.json", "cancelled") in said
    results = [r for m in history for r in m.tool_results]
    assert [r.is_error for r in results] == [False, False, True]
    assert "never push" in results[-1].text
