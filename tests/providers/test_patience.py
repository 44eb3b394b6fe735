"""One timer for many waits: who is cancelled, when, and by whom."""

from __future__ import annotations

import asyncio

import pytest

from alloy_tui.providers.patience import Patience

pytestmark = pytest.mark.anyio

SOON_S = 0.02
NEVER_S = 60.0


async def wait_with(patience: Patience, seconds: float = NEVER_S) -> str:
    """Wait once; "waited", or "expired" if the patience was over first."""
    patience.begin()
    try:
        await asyncio.sleep(seconds)
    except asyncio.CancelledError:
        if not patience.expired():
            raise
        return "expired"
    finally:
        patience.end()
    return "waited"


async def test_a_wait_that_is_too_long_ends_and_the_task_goes_on() -> None:
    patience = Patience(SOON_S)
    assert await wait_with(patience) == "expired"
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0
    await asyncio.sleep(0)


async def test_waits_add_up_while_what_is_waited_for_does_not_come() -> None:
    """Each wait is far within the limit; together they pass it."""
    patience = Patience(50 * SOON_S)
    outcomes = [await wait_with(patience, 5 * SOON_S)]
    while outcomes[-1] == "waited":
        outcomes.append(await wait_with(patience, 5 * SOON_S))
    assert len(outcomes) > 1
    patience.close()


async def test_time_between_waits_does_not_count() -> None:
    patience = Patience(20 * SOON_S)
    assert await wait_with(patience, 0) == "waited"
    await asyncio.sleep(21 * SOON_S)
    assert await wait_with(patience, 0) == "waited"
    patience.close()


async def test_a_cancel_from_elsewhere_is_passed_on() -> None:
    patience = Patience(NEVER_S)
    task = asyncio.ensure_future(wait_with(patience))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    patience.close()


async def test_a_cancel_from_elsewhere_at_the_same_moment_wins() -> None:
    patience = Patience(SOON_S)
    task = asyncio.ensure_future(wait_with(patience))
    await asyncio.sleep(0)
    asyncio.get_running_loop().call_later(SOON_S, task.cancel)
    await asyncio.wait({task})
    assert task.cancelled() or task.result() == "expired"
    patience.close()


async def test_a_closed_one_leaves_no_timer() -> None:
    patience = Patience(SOON_S)
    assert await wait_with(patience, 0) == "waited"
    patience.close()
    await asyncio.sleep(2 * SOON_S)
    task = asyncio.current_task()
    assert task is not None
    assert not task.cancelling()
