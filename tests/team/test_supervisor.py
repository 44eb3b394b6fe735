"""Supervision as it runs: order, strategies, limits, giving up, nesting."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alloy_tui.domain.errors import TeamError
from alloy_tui.domain.events import Notice
from alloy_tui.domain.team_events import SupervisorGaveUp
from alloy_tui.team.restarts import Exit
from alloy_tui.team.supervisor import ChildSpec, Supervisor

pytestmark = pytest.mark.anyio


class Puppet:
    """A child that ends when it is told to; `log` has what all of a nursery did, in order."""

    def __init__(self, name, log, wake, stuck=False):
        self.name, self.log, self.wake, self.stuck = name, log, wake, stuck
        self.ended = asyncio.get_running_loop().create_future()

    async def wait(self):
        return await asyncio.shield(self.ended)

    def end(self, kind="crashed", cause="it broke"):
        self.ended.set_result(Exit(kind, cause))

    async def stop(self, grace_s, cause=""):
        if self.stuck:
            await asyncio.Event().wait()
        if not self.ended.done():
            self.ended.set_result(Exit("normal"))
        self.log.append(f"-{self.name}")
        self.wake()


class Nursery:
    """Children by name, the newest of each; `begun` is set anew with every start."""

    def __init__(self):
        self.log, self.events, self.children, self.begins = [], [], {}, []
        self.waiting = []
        self.failing = set()
        self.stuck = set()

    def spec(self, name, restart="permanent", shutdown_s=1.0):
        async def start(begin):
            if name in self.failing:
                raise RuntimeError("no room")
            self.log.append(f"+{name}")
            self.begins.append((name, begin))
            self.children[name] = Puppet(name, self.log, self._wake, name in self.stuck)
            self._wake()
            return self.children[name]

        return ChildSpec(name, start, restart, shutdown_s)

    def supervisor(self, **options):
        return Supervisor("crew", publish=self._published, gone=self._gone, **options)

    def _published(self, by, event):
        self.events.append(event)
        self._wake()

    def _gone(self, name):
        self.log.append(f"x{name}")
        self._wake()

    def _wake(self):
        for waiting in self.waiting:
            waiting.set()

    async def until(self, condition):
        """Wait until `condition` holds; looked at after everything that happens."""
        changed = asyncio.Event()
        self.waiting.append(changed)
        async with asyncio.timeout(10):
            while not condition():
                await changed.wait()
                changed.clear()
        self.waiting.remove(changed)


async def started(names="abc", kinds=None, **options):
    nursery = Nursery()
    supervisor = nursery.supervisor(**options)
    kinds = kinds or {}
    await supervisor.start([nursery.spec(n, kinds.get(n, "permanent")) for n in names])
    nursery.log.clear()
    return nursery, supervisor


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [
        ("one_for_one", ["-b", "+b"]),
        ("one_for_all", ["-b", "-c", "-a", "+a", "+b", "+c"]),
        ("rest_for_one", ["-b", "-c", "+b", "+c"]),
    ],
)
async def test_a_crash_is_answered_as_the_strategy_says(strategy, expected):
    nursery, supervisor = await started(strategy=strategy)
    nursery.children["b"].end()
    await nursery.until(lambda: len(nursery.log) >= len(expected))
    assert nursery.log == expected
    await supervisor.stop()


async def test_a_restart_is_told_why_and_how_often():
    nursery, supervisor = await started("a")
    for count in (1, 2):
        nursery.children["a"].end(cause=f"cause {count}")
        await nursery.until(lambda count=count: len(nursery.begins) == count + 1)
    assert [(b.cause, b.restarts) for _, b in nursery.begins] == [
        ("", 0),
        ("cause 1", 1),
        ("cause 2", 2),
    ]
    await supervisor.stop()


async def test_a_transient_child_that_ended_well_stays_ended_and_keeps_its_place():
    nursery, supervisor = await started("ab", {"a": "transient"})
    nursery.children["a"].end("normal")
    await nursery.until(lambda: nursery.log == ["-a"])
    assert supervisor.child("a") is None
    await supervisor.restart("a", "wanted again")
    assert supervisor.child("a") is nursery.children["a"]
    await supervisor.stop()


async def test_a_temporary_child_that_crashed_is_gone_and_said_to_be():
    nursery, supervisor = await started("ab", {"a": "temporary"})
    nursery.children["a"].end()
    await nursery.until(lambda: "xa" in nursery.log)
    with pytest.raises(KeyError):
        supervisor.child("a")
    assert supervisor.child("b") is not None
    await supervisor.stop()


@pytest.mark.parametrize("strategy", ["one_for_all", "rest_for_one", "one_for_one"])
async def test_children_stop_in_reverse_order(strategy):
    nursery, supervisor = await started(strategy=strategy)
    await supervisor.stop()
    assert nursery.log == ["-c", "-b", "-a"]
    assert (await supervisor.wait()).kind == "normal"


async def test_a_child_that_does_not_stop_is_left_to_itself_and_said_so():
    nursery = Nursery()
    nursery.stuck = {"b"}
    supervisor = nursery.supervisor()
    await supervisor.start([nursery.spec(n, shutdown_s=0.01) for n in "abc"])
    nursery.log.clear()
    await supervisor.stop()
    assert sorted(nursery.log) == ["-a", "-c"]
    words = [e.text for e in nursery.events if isinstance(e, Notice)]
    assert words == ["b did not stop within 0.01 s; it is left to itself."]


async def test_one_crash_too_many_ends_everything_below():
    nursery, supervisor = await started(max_restarts=2, monotonic_s=lambda: 0.0)
    for count in range(3):
        expected = 3 + count
        await nursery.until(lambda expected=expected: len(nursery.begins) == expected)
        nursery.children["a"].end(cause="it broke again")
    ended = await supervisor.wait()
    assert ended.kind == "gave_up"
    assert "it broke again" in ended.cause
    assert nursery.log[-2:] == ["-c", "-b"]
    (told,) = [e for e in nursery.events if isinstance(e, SupervisorGaveUp)]
    assert (told.supervisor, told.restarts) == ("crew", 2)


async def test_a_child_that_cannot_start_again_counts_as_crashes_until_it_gives_up():
    nursery, supervisor = await started("ab", max_restarts=3, monotonic_s=lambda: 0.0)
    nursery.failing = {"a"}
    nursery.children["a"].end()
    ended = await supervisor.wait()
    assert "no room" in ended.cause
    assert len([e for e in nursery.events if isinstance(e, Notice)]) == 3
    assert "-b" in nursery.log


async def test_a_start_that_fails_stops_what_had_begun():
    nursery = Nursery()
    nursery.failing = {"c"}
    supervisor = nursery.supervisor()
    with pytest.raises(TeamError, match="c could not be started") as caught:
        await supervisor.start([nursery.spec(n) for n in "abc"])
    assert (caught.value.kind, caught.value.agent) == ("failed", "c")
    assert nursery.log == ["+a", "+b", "-b", "-a"]


async def test_a_name_is_given_once():
    nursery, supervisor = await started("a")
    with pytest.raises(TeamError) as caught:
        await supervisor.add(nursery.spec("a"))
    assert caught.value.kind == "agent_exists"
    await supervisor.remove("a")
    await supervisor.add(nursery.spec("a"))
    await supervisor.stop()


def nested(inner, restart="permanent"):
    async def start(begin):
        await inner.start(cause=begin.cause)
        return inner

    return ChildSpec(inner.name, start, restart, 5.0)


async def test_a_supervisor_that_gave_up_is_restarted_by_the_one_above():
    nursery = Nursery()
    top = nursery.supervisor(monotonic_s=lambda: 0.0)
    inner = Supervisor("inner", max_restarts=0, publish=nursery._published, monotonic_s=lambda: 0.0)
    await inner.start([nursery.spec(n) for n in "ab"])
    await inner.stop()
    await top.start([nursery.spec("x"), nested(inner)])
    nursery.begins.clear()
    nursery.children["a"].end(cause="it broke")
    await nursery.until(lambda: len(nursery.begins) == 2)
    assert [name for name, _ in nursery.begins] == ["a", "b"]
    assert all("gave up" in begin.cause for _, begin in nursery.begins)
    assert top.running
    await top.stop()


KINDS = st.sampled_from(["permanent", "transient", "temporary"])


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["one_for_one", "one_for_all", "rest_for_one"]),
    st.lists(KINDS, min_size=1, max_size=5),
    st.lists(
        st.lists(
            st.tuples(st.integers(0, 4), st.sampled_from(["crashed", "normal", "killed"])),
            min_size=1,
            max_size=3,
        ),
        max_size=8,
    ),
    st.integers(0, 4),
)
async def test_whatever_crashes_when_all_that_should_run_do_or_all_have_ended(
    strategy, kinds, rounds, most
):
    names = [f"a{i}" for i in range(len(kinds))]
    nursery, supervisor = await started(
        names,
        dict(zip(names, kinds, strict=True)),
        strategy=strategy,
        max_restarts=most,
        monotonic_s=lambda: 0.0,
    )
    killed = 0
    for crashes in rounds:
        for index, kind in crashes:
            child = nursery.children.get(f"a{index}")
            if child is not None and not child.ended.done():
                child.end(kind)
                killed += kind == "killed"
        for _ in range(60):
            await asyncio.sleep(0)  # a turn of the loop: nothing here waits for time
        if not supervisor.running:
            break
    restarts = sum(b.restarts > 0 for _, b in nursery.begins)
    alive = {n for n, c in nursery.children.items() if not c.ended.done()}
    if supervisor.running:
        for name, kind in zip(names, kinds, strict=True):
            if kind == "permanent":
                assert name in alive
        # Nothing runs that the supervisor does not know, and nothing twice.
        begun, stopped = len(nursery.begins), sum(e.startswith("-") for e in nursery.log)
        assert len(alive) <= begun - stopped
        if strategy == "one_for_one":
            assert restarts <= most + killed  # what somebody ended does not count
        await supervisor.stop()
    else:
        assert (await supervisor.wait()).kind == "gave_up"
    assert all(c.ended.done() for c in nursery.children.values())
