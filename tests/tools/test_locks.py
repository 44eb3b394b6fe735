"""Locks by path: exclusive, fair, free of deadlock, and gone when unused."""

from __future__ import annotations

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alloy_tui.tools.locks import SHARED_LOCKS, PathLocks

pytestmark = pytest.mark.anyio


async def test_one_key_is_held_by_one_at_a_time():
    """The second enters when the first has left."""
    locks = PathLocks()
    order: list[str] = []
    inside, leave = anyio.Event(), anyio.Event()

    async def first():
        async with locks.hold(["/a"]):
            inside.set()
            await leave.wait()
            order.append("first leaves")

    async def second():
        await inside.wait()
        leave.set()
        async with locks.hold(["/a"]):
            order.append("second enters")

    async with anyio.create_task_group() as group:
        group.start_soon(first)
        group.start_soon(second)
    assert order == ["first leaves", "second enters"]
    assert locks.held() == ()


async def test_different_keys_do_not_wait_for_each_other():
    """Nor does a call without keys."""
    locks = PathLocks()
    async with locks.hold(["/a", "/c"]):
        with anyio.fail_after(60):
            async with locks.hold(["/b"]), locks.hold([]):
                assert locks.held() == ("/a", "/b", "/c")


async def test_opposite_orders_do_not_block_each_other():
    """Keys are taken in one order, whatever order is asked for; doubles count once."""
    locks = PathLocks()

    async def both(keys: list[str]):
        for _ in range(50):
            async with locks.hold(keys):
                await anyio.lowlevel.checkpoint()

    with anyio.fail_after(60):
        async with anyio.create_task_group() as group:
            group.start_soon(both, ["/a", "/b", "/a"])
            group.start_soon(both, ["/b", "/a"])


async def test_a_cancelled_wait_leaves_nothing_behind():
    """The next in the queue gets the key."""
    locks = PathLocks()
    async with locks.hold(["/b"]):
        with anyio.move_on_after(0) as scope:
            async with locks.hold(["/a", "/b"]):
                pytest.fail("entered a held lock")
        assert scope.cancelled_caught
        assert locks.held() == ("/b",)
    with anyio.fail_after(60):
        async with locks.hold(["/a", "/b"]):
            pass


async def test_an_exception_inside_frees_the_keys():
    """A failing tool blocks nobody."""
    with pytest.raises(ValueError, match="inside"):
        async with SHARED_LOCKS.hold(["/x"]):
            raise ValueError("inside")
    assert SHARED_LOCKS.held() == ()


def test_one_object_serves_loop_after_loop():
    """A library user calls `anyio.run` more than once."""

    async def once() -> tuple[str, ...]:
        async with SHARED_LOCKS.hold(["/x"]):
            return SHARED_LOCKS.held()

    assert anyio.run(once) == ("/x",)
    assert anyio.run(once) == ("/x",)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(st.sampled_from("abcd"), max_size=4), max_size=12))
def test_no_two_holders_of_a_key_ever_overlap(calls):
    """For any set of calls, and all of them come to an end."""

    async def run_all() -> int:
        locks = PathLocks()
        holders = dict.fromkeys("abcd", 0)
        done = 0

        async def one(keys: list[str]):
            nonlocal done
            async with locks.hold(keys):
                for key in set(keys):
                    holders[key] += 1
                await anyio.lowlevel.checkpoint()
                assert all(holders[key] == 1 for key in set(keys))
                for key in set(keys):
                    holders[key] -= 1
            done += 1

        with anyio.fail_after(60):
            async with anyio.create_task_group() as group:
                for keys in calls:
                    group.start_soon(one, keys)
        assert locks.held() == ()
        return done

    assert anyio.run(run_all) == len(calls)
