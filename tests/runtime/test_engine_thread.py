"""The engine thread ends in time, whatever runs on it."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import CancelledError

import pytest

from alloy_tui.runtime.engine_thread import EngineThread


@pytest.fixture
def engine() -> Iterator[EngineThread]:
    made = EngineThread()
    yield made
    made.stop(2)
    gc.collect()


async def answer() -> int:
    return 42


def test_work_runs_on_the_thread_by_its_name(engine: EngineThread) -> None:
    """A coroutine's result comes back through a future."""

    async def where() -> str:
        return threading.current_thread().name

    engine.start()
    assert engine.submit(where()).result(60) == "alloy-engine"


def test_what_came_before_the_start_runs_in_order(engine: EngineThread) -> None:
    """Calls wait for the loop."""
    seen: list[int] = []
    done = threading.Event()
    for n in range(5):
        engine.call(seen.append, n)
    engine.call(done.set)
    engine.start()
    assert done.wait(60)
    assert seen == [0, 1, 2, 3, 4]


def test_an_error_reaches_the_caller(engine: EngineThread) -> None:
    """What a task raises is raised by its future."""

    async def fail() -> None:
        raise ValueError("no")

    engine.start()
    with pytest.raises(ValueError, match="no"):
        engine.submit(fail()).result(60)


def test_stopping_cancels_what_runs(engine: EngineThread) -> None:
    """A waiting task sees its cancellation, and its future's waiters learn of it."""
    cancelled, entered = threading.Event(), threading.Event()

    async def wait() -> None:
        entered.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    engine.start()
    future = engine.submit(wait())
    assert entered.wait(60)
    assert engine.stop(60)
    assert cancelled.is_set()
    with pytest.raises((CancelledError, asyncio.CancelledError)):
        future.result(0)


def test_a_task_that_swallows_cancellation_is_abandoned(engine: EngineThread) -> None:
    """The thread ends although a task refuses for ever."""
    entered, cancels = threading.Event(), []

    async def refuse() -> None:
        entered.set()
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                cancels.append(1)

    engine.start()
    engine.submit(refuse())
    assert entered.wait(60)
    assert engine.stop(2)
    assert not engine.alive
    assert len(cancels) > 1


def test_a_blocked_loop_does_not_hold_the_caller(engine: EngineThread) -> None:
    """Stop comes back, saying that the thread did not end; the thread is a daemon."""
    gate, entered = threading.Event(), threading.Event()

    async def block() -> None:
        entered.set()
        gate.wait()

    engine.start()
    engine.submit(block())
    assert entered.wait(60)
    try:
        assert not engine.stop(0.2)
        assert engine.alive
    finally:
        gate.set()


def test_a_goodbye_that_hangs_is_cut_short(engine: EngineThread) -> None:
    """The rest is still cancelled in time."""
    engine.start()
    assert engine.submit(answer()).result(60) == 42
    assert engine.stop(2, first=lambda: asyncio.Event().wait())


def test_a_goodbye_that_fails_does_not_stop_the_stopping(engine: EngineThread) -> None:
    """An error while stopping is logged, no more."""

    async def fail() -> None:
        raise RuntimeError("no")

    engine.start()
    assert engine.stop(5, first=fail)


def test_stopping_twice_and_before_starting_is_harmless(engine: EngineThread) -> None:
    """Every order of calls is allowed."""
    assert engine.stop(1)
    engine.start()
    assert engine.stop(1)
    assert not engine.alive
    assert engine.submit(answer()).cancelled()


def test_process_groups_left_behind_are_killed(engine: EngineThread) -> None:
    """A tool's child that nobody ended does not outlive the engine; others' children do."""
    other = subprocess.Popen(["sleep", "60"], start_new_session=True)
    started: list[subprocess.Popen[bytes]] = []
    running = threading.Event()

    def start() -> None:
        started.append(subprocess.Popen(["sh", "-c", "sleep 60 & wait"], start_new_session=True))

    try:
        engine.start()
        engine.call(start)
        engine.call(running.set)
        assert running.wait(60)
        engine.stop(5)
        assert started[0].wait(60) is not None
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()
