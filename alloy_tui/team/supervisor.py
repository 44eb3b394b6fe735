"""Keeps children running: starts them in order, anew when they end, and stops them in reverse.

Owns the tasks that wait for children, the limits of starting and stopping, and
the giving up. What follows from an end is `restarts.plan`'s to say. Must not know
what a child is; a supervisor is one itself, so that they nest.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Protocol, TypeAlias

import msgspec

from alloy_tui.domain.errors import AlloyError, TeamError
from alloy_tui.domain.events import EngineEvent, Notice
from alloy_tui.domain.team_events import SupervisorGaveUp
from alloy_tui.team.restarts import Exit, Intensity, Place, RestartKind, Strategy, due, plan

_log = logging.getLogger(__name__)

START_S = 30.0
"""How long a child may take to start."""
_MARGIN_S = 0.5

Publish: TypeAlias = Callable[[str, EngineEvent], object]
"""By whom, and what."""


class Child(Protocol):
    """Something that runs until it ends or is stopped."""

    async def wait(self) -> Exit:
        """Wait for its end."""
        ...

    async def stop(self, grace_s: float, cause: str = "") -> None:
        """End it, in `grace_s` seconds at most; also gives back what an ended one holds."""
        ...


class Begin(msgspec.Struct, frozen=True):
    """Why a child starts: for the first time, or anew after `cause`."""

    cause: str = ""
    restarts: int = 0


class ChildSpec(msgspec.Struct, frozen=True):
    """A child to be; `start` raises when it cannot be started."""

    name: str
    start: Callable[[Begin], Awaitable[Child]]
    restart: RestartKind = "permanent"
    shutdown_s: float = 2.0


class _Slot:
    """A child's place, whoever fills it."""

    __slots__ = ("answering", "begun", "child", "restarts", "spec", "watcher")

    def __init__(self, spec: ChildSpec) -> None:
        self.spec = spec
        self.child: Child | None = None
        self.watcher: asyncio.Task[None] | None = None
        self.answering: asyncio.Task[None] | None = None
        self.begun = False
        self.restarts = 0


class Supervisor:
    """Children under one strategy.

    More than `max_restarts` restarts within `period_s` seconds end all of them
    and the supervisor itself, as "gave_up"; what somebody does to a child by name
    never counts. `gone` is told the name of each temporary child that left for good,
    `down` of one that was ended by hand and cannot be started again: its place stays,
    empty. Starting again after an end is allowed.
    """

    def __init__(
        self,
        name: str,
        *,
        strategy: Strategy = "one_for_one",
        max_restarts: int = 5,
        period_s: float = 60.0,
        publish: Publish,
        gone: Callable[[str], object] = lambda _: None,
        down: Callable[[str, TeamError], object] = lambda _name, _why: None,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self.strategy: Strategy = strategy
        self._intensity = Intensity(max_restarts, period_s)
        self._publish = publish
        self._gone = gone
        self._down = down
        self._now_s = monotonic_s
        self._slots: dict[str, _Slot] = {}
        self._lock = asyncio.Lock()
        self._over: asyncio.Future[Exit] | None = None
        self._closing = False
        self._answering: set[asyncio.Task[None]] = set()
        self._putting_away: set[asyncio.Task[None]] = set()

    @property
    def running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._over is not None and not self._over.done() and not self._closing

    def __contains__(self, name: str) -> bool:
        return name in self._slots

    def child(self, name: str) -> Child | None:
        """The child of that name, None while there is none. Raises KeyError for an unknown name."""
        return self._slots[name].child

    async def start(self, children: Iterable[ChildSpec] = (), *, cause: str = "") -> None:
        """Start what it has and then `children`, all or none.

        `cause` is why it starts anew. Raises TeamError "failed" that names who could not.
        """
        self._over = asyncio.get_running_loop().create_future()
        self._closing = False
        fresh = {spec.name: _Slot(spec) for spec in children}
        self._slots |= fresh
        try:
            for slot in tuple(self._slots.values()):
                await self._begin(slot, cause)
        except BaseException:
            await self.stop()
            for name in fresh:
                self._slots.pop(name, None)
            raise

    async def add(self, spec: ChildSpec) -> Child:
        """Start one more. Raises TeamError: "agent_exists", "failed", "stopped"."""
        if spec.name in self._slots:
            raise TeamError(f"There is a {spec.name} already.", kind="agent_exists")
        if not self.running:
            raise TeamError(f"{self.name} is over.", kind="stopped")
        slot = self._slots[spec.name] = _Slot(spec)
        try:
            return await self._begin(slot, "")
        except BaseException:
            self._slots.pop(spec.name, None)
            raise

    async def remove(self, name: str, cause: str = "") -> None:
        """Stop a child for good, within its limit. Raises KeyError."""
        await self._halt(self._slots.pop(name), cause)

    def revise(self, name: str, restart: RestartKind, shutdown_s: float) -> None:
        """Treat a child otherwise from its next end on. Raises KeyError."""
        slot = self._slots[name]
        if isinstance(slot.child, Supervisor) and name in slot.child:
            # It stands for that one alone, and leaves with it.
            slot.child.revise(name, restart, shutdown_s)
            restart = "temporary" if restart == "temporary" else "transient"
            shutdown_s = slot.spec.shutdown_s
        slot.spec = msgspec.structs.replace(slot.spec, restart=restart, shutdown_s=shutdown_s)

    async def restart(self, name: str, cause: str) -> None:
        """Stop a child and start it anew because somebody wants it; it does not count.

        Raises KeyError, and TeamError "failed" when it cannot be started again:
        its place stays, empty.
        """
        slot = self._slots[name]
        async with self._lock:
            while (answering := slot.answering) is not None and not answering.done():
                await asyncio.wait({answering})  # it has just ended: two must not fill its place
            if self._slots.get(name) is not slot:
                raise TeamError(f"{name} has left.", kind="stopped", agent=name)
            await self._halt(slot, cause)
            await self._begin(slot, cause)

    async def wait(self) -> Exit:
        """Wait until it was stopped or gave up."""
        assert self._over is not None, "start it first"
        return await asyncio.shield(self._over)

    async def stop(self, grace_s: float = 60.0, cause: str = "") -> None:
        """Stop all children in reverse order, each within its limit and `grace_s` in all.

        Where the strategy says that they do not depend on one another, none waits
        for the one before.
        """
        await self._stop_all(grace_s, cause)
        if self._over is not None and not self._over.done():
            self._over.set_result(Exit("normal", cause))

    async def _stop_all(self, grace_s: float, cause: str) -> None:
        self._closing = True  # nobody is started from here on
        by_s = self._now_s() + grace_s
        for task in self._answering - {asyncio.current_task()}:
            task.cancel()
        slots = list(reversed(self._slots.values()))
        if self.strategy == "one_for_one":
            if slots:
                halts = {asyncio.create_task(self._halt(s, cause, by_s)) for s in slots}
                await asyncio.wait(halts)
            return
        for slot in slots:
            await self._halt(slot, cause, by_s)

    async def _begin(self, slot: _Slot, cause: str) -> Child:
        """Fill a place. Raises TeamError "failed"."""
        spec = slot.spec
        restarts = slot.restarts + slot.begun
        try:
            async with asyncio.timeout(START_S):
                child = await spec.start(Begin(cause if slot.begun else "", restarts))
        except TimeoutError:
            raise self._unstarted(spec.name, f"it took longer than {START_S:g} s") from None
        except TeamError:
            raise
        except AlloyError as error:
            raise self._unstarted(spec.name, error.message, error.hint) from error
        except Exception as error:
            _log.exception("%s could not be started", spec.name)
            raise self._unstarted(spec.name, repr(error)) from error
        slot.child, slot.restarts, slot.begun = child, restarts, True
        if not self.running or self._slots.get(spec.name) is not slot:
            await self._halt(slot, "It is not wanted any more.")
            raise TeamError(f"{spec.name} was removed meanwhile.", kind="stopped", agent=spec.name)
        slot.watcher = asyncio.create_task(self._watch(slot, child), name=f"watch {spec.name}")
        return child

    def _unstarted(self, name: str, why: str, hint: str | None = None) -> TeamError:
        words = f"{name} could not be started: {why.rstrip('.')}."
        return TeamError(words, kind="failed", agent=name, hint=hint)

    async def _watch(self, slot: _Slot, child: Child) -> None:
        try:
            ended = await child.wait()
        except Exception as error:  # noqa: BLE001  # a child that cannot be waited for has ended
            ended = Exit("crashed", f"{type(error).__name__}: {error}")
        if slot.watcher is not None:
            slot.answering = slot.watcher
            self._answering.add(slot.watcher)
            slot.watcher.add_done_callback(self._answering.discard)
        if self.strategy == "one_for_one":
            await self._answer(slot, ended)
            return
        async with self._lock:
            await self._answer(slot, ended)

    async def _answer(self, slot: _Slot, ended: Exit) -> None:
        """Do what the strategy says about an end."""
        name = slot.spec.name
        await self._halt(slot, ended.cause)
        if self._slots.get(name) is not slot:
            return
        made = plan(self.strategy, self._places(), name, ended)
        counts = due(slot.spec.restart, ended) and not ended.wanted
        if counts and not self._intensity.bear(self._now_s()):
            await self._give_up(f"{name}: {ended.cause or ended.kind}")
            return
        for each in made.stop:
            if (other := self._slots.get(each)) is not None:
                await self._halt(other, f"Stopped because {name} ended: {ended.cause}")
        for each in made.gone:
            self._slots.pop(each, None)
            self._gone(each)
        await self._revive(made.start, ended.cause or ended.kind, again=not ended.wanted)

    async def _revive(self, names: Sequence[str], cause: str, *, again: bool) -> None:
        """Fill places; `again` tries until it was too often, else one that fails stays empty."""
        for name in names:
            while (slot := self._slots.get(name)) is not None and slot.child is None:
                try:
                    await self._begin(slot, cause)
                except TeamError as error:
                    if not self.running or error.kind == "stopped":
                        return
                    self._publish(name, Notice("error", error.message))
                    if not again:
                        self._down(name, error)
                        break
                    cause = error.message
                    if not self._intensity.bear(self._now_s()):
                        await self._give_up(cause)
                        return

    async def _give_up(self, cause: str) -> None:
        most, period_s = self._intensity.most, self._intensity.period_s
        self._publish(self.name, SupervisorGaveUp(self.name, cause, most))
        words = f"{self.name} gave up after {most} restarts within {period_s:g} s: {cause}"
        await self._stop_all(60.0, words)
        if self._over is not None and not self._over.done():
            self._over.set_result(Exit("gave_up", words))

    def _places(self) -> list[Place]:
        return [
            Place(name, slot.spec.restart, slot.child is not None)
            for name, slot in self._slots.items()
        ]

    async def _halt(self, slot: _Slot, cause: str, by_s: float | None = None) -> None:
        """Empty a place within its child's limit; one that does not stop is left to itself."""
        limit_s = slot.spec.shutdown_s
        if by_s is not None:
            limit_s = max(0.0, min(limit_s, by_s - self._now_s()))
        watcher, slot.watcher = slot.watcher, None
        if watcher is not None and watcher is not asyncio.current_task():
            watcher.cancel()
            await asyncio.wait({watcher}, timeout=limit_s + _MARGIN_S)
        child, slot.child = slot.child, None
        if child is None:
            return
        stopping = asyncio.create_task(_stop(child, limit_s, cause, slot.spec.name))
        self._putting_away.add(stopping)
        stopping.add_done_callback(self._putting_away.discard)
        done, _ = await asyncio.wait({stopping}, timeout=limit_s + _MARGIN_S)
        if not done:
            stopping.cancel()
            words = f"{slot.spec.name} did not stop within {limit_s:g} s; it is left to itself."
            self._publish(slot.spec.name, Notice("warning", words))


async def _stop(child: Child, grace_s: float, cause: str, name: str) -> None:
    try:
        await child.stop(grace_s, cause)
    except Exception:  # noqa: BLE001  # it is gone either way
        _log.exception("%s failed while it was stopped", name)
