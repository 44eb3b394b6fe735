"""Work beside the loop: results, exceptions, and a stop that is waited for."""

from __future__ import annotations

import asyncio
import threading

import anyio
import anyio.lowlevel
import anyio.to_thread
import pytest

from alloy_tui.tools.threads import Stop, in_daemon_thread, in_thread

pytestmark = pytest.mark.anyio


async def test_a_result_and_an_exception_come_back_as_they_are():
    """Not wrapped into a group."""
    assert await in_thread(lambda _stop: 3) == 3

    def fails(_stop: Stop) -> None:
        raise KeyError("x")

    with pytest.raises(KeyError):
        await in_thread(fails)


@pytest.mark.parametrize("at_once", [False, True])
async def test_a_cancel_sets_the_stop_and_waits_for_the_end(at_once):
    """When `in_thread` returns, the work is over."""
    started, ended = threading.Event(), threading.Event()

    def work(stop: Stop) -> None:
        woken = threading.Event()
        stop.on_set(woken.set)
        started.set()
        assert woken.wait(10)
        assert stop.is_set()
        ended.set()

    async with anyio.create_task_group() as group:
        group.start_soon(lambda: in_thread(work, at_once=at_once))
        await anyio.to_thread.run_sync(started.wait, 10)
        group.cancel_scope.cancel()
    assert ended.is_set()


@pytest.mark.parametrize("fails", [False, True])
async def test_a_plain_task_cancel_waits_too_and_tells_what_was_done(fails):
    """Work that ends well after the stop has its result told; work that fails is cancelled."""
    started = threading.Event()

    def work(stop: Stop) -> str:
        woken = threading.Event()
        stop.on_set(woken.set)
        started.set()
        assert woken.wait(10)
        if fails:
            raise ValueError
        return "half of it"

    task = asyncio.create_task(in_thread(work))
    await anyio.to_thread.run_sync(started.wait, 10)
    task.cancel()
    await asyncio.wait({task})
    assert task.cancelled() == fails
    assert fails or task.result() == "half of it"


def test_a_stop_that_is_set_already_calls_at_once():
    """And one that was told to forget does not call."""
    calls: list[str] = []
    stop = Stop()
    stop.on_set(lambda: calls.append("forgotten"))
    stop.on_set(None)
    stop.set()
    stop.on_set(lambda: calls.append("late"))
    stop.set()
    assert calls == ["late"]


async def test_long_work_does_not_use_up_the_slots_of_short_work():
    """Forty commands at once leave the file tools usable."""
    release = threading.Event()
    with anyio.fail_after(20):
        async with anyio.create_task_group() as group:
            for _ in range(45):
                group.start_soon(lambda: in_thread(lambda _: release.wait(15), at_once=True))
            await anyio.lowlevel.checkpoint()
            assert await in_thread(lambda _stop: "short") == "short"
            release.set()


async def test_a_daemon_thread_keeps_the_context():
    """Context variables reach the function, as with any other call."""
    from contextvars import ContextVar

    variable: ContextVar[str] = ContextVar("variable", default="unset")
    variable.set("set")
    assert await in_daemon_thread(variable.get, "probe") == "set"


def test_a_daemon_thread_that_outlives_its_loop_disturbs_nobody():
    """Its result has nowhere to go, and that is all."""
    started, release = threading.Event(), threading.Event()
    threads: list[threading.Thread] = []

    def work() -> None:
        threads.append(threading.current_thread())
        started.set()
        release.wait(10)

    async def leave():
        async with anyio.create_task_group() as group:
            group.start_soon(in_daemon_thread, work, "probe")
            await anyio.to_thread.run_sync(started.wait, 10)
            group.cancel_scope.cancel()

    anyio.run(leave)
    release.set()
    threads[0].join(10)
    assert not threads[0].is_alive()
