"""Races: one prompt to several models, each in a branch of its own beside the others.

Owns the agents of a race and their branches. Each racer has the conversation as
it stood, and reads but changes nothing: what it wrote would be in the others'
way. The leaf stays where it is until somebody picks an answer.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import msgspec

from alloy_tui.agent.agent import Agent
from alloy_tui.agent.journal import Journal
from alloy_tui.domain.errors import AlloyError, SessionError, StoreError, UnknownRequestError
from alloy_tui.domain.messages import ChatMessage
from alloy_tui.domain.results import RunResult
from alloy_tui.runtime.branch_values import Racer
from alloy_tui.runtime.conversing import Conversing
from alloy_tui.runtime.questions import tell
from alloy_tui.runtime.recording import Recorder
from alloy_tui.runtime.session_desk import SessionDesk
from alloy_tui.sessions.ids import Stamps
from alloy_tui.sessions.live import LiveSession
from alloy_tui.sessions.nodes import Entry, ModelSwitch

_MOST = 8
Then = Callable[[tuple[Racer, ...] | None], object]


class MakeRacer(Protocol):
    """Makes an agent that reads but changes nothing; `heard` tells whether its events are.

    Raises AlloyError.
    """

    def __call__(
        self, model: str, *, name: str, journal: Journal, heard: bool = True
    ) -> Awaitable[Agent]:
        """The agent, not started yet."""
        ...


class Races:
    """All methods belong to the engine's loop; one race at a time."""

    def __init__(
        self,
        desk: SessionDesk,
        conversing: Conversing,
        make: MakeRacer,
        current: Callable[[], str],
    ) -> None:
        """`current` is the model that answers where the conversation stands."""
        self._desk = desk
        self._conversing = conversing
        self._current = current
        self._make = make
        self._race: _Race | None = None
        self._task: asyncio.Task[None] | None = None

    async def begin(self, text: str, models: Sequence[str], then: Then) -> None:
        """Ask `models` the same; `then` is told whenever one begins or ends.

        Raises SessionError, and `then` is told None, when that cannot be.
        """
        try:
            await self._begin(text, tuple(dict.fromkeys(models)), then)
        except BaseException:
            tell(then, None)
            raise

    def cancel(self) -> None:
        """End all racers; what has arrived of their answers is kept."""
        if self._race is not None:
            self._race.cancel()

    async def close(self) -> None:
        """The same, and wait for it."""
        self.cancel()
        if self._task is not None:
            await asyncio.wait({self._task})

    async def _begin(self, text: str, models: Sequence[str], then: Then) -> None:
        if not text.strip():
            raise SessionError("There is nothing to ask.", hint="/race MODEL MODEL … PROMPT")
        if not 2 <= len(models) <= _MOST:
            raise SessionError(f"A race is between 2 and {_MOST} different models.")
        if self._race is not None:
            raise SessionError("A race is under way.", hint="Wait for it, or cancel it with Esc.")
        await self._conversing.quiet()
        await self._conversing.ready()
        live = self._desk.live
        if live is None:
            live = await self._desk.begin()
        leaf = live.stored.leaf
        messages = await asyncio.to_thread(live.view, leaf)
        race = self._race = _Race(_Track(self._desk, live, self._current()), leaf, messages, then)
        self._task = asyncio.create_task(self._run(race, text, models), name="a race")

    async def _run(self, race: _Race, text: str, models: Sequence[str]) -> None:
        try:
            await race.run(text, models, self._make, self._desk.stamps)
        finally:
            self._race = self._task = None


class _Race:
    def __init__(
        self,
        track: _Track,
        leaf: str | None,
        messages: tuple[ChatMessage, ...],
        then: Then,
    ) -> None:
        self._track = track
        self._leaf = leaf
        self._messages = messages
        self._then = then
        self._racers: list[Racer] = []
        self._agents: list[Agent] = []
        self._cancelled = False

    async def run(self, text: str, models: Sequence[str], make: MakeRacer, stamps: Stamps) -> None:
        """From the start to the last one's end."""
        self._racers = [Racer(f"race-{n}: {model}", model) for n, model in enumerate(models, 1)]
        self._tell()
        await asyncio.gather(
            *(self._one(place, text, make, stamps) for place in range(len(models)))
        )

    def cancel(self) -> None:
        """End all."""
        self._cancelled = True
        for agent in self._agents:
            with contextlib.suppress(UnknownRequestError):
                agent.cancel_request()

    async def _one(self, place: int, text: str, make: MakeRacer, stamps: Stamps) -> None:
        racer = self._racers[place]
        journal = _Lane(self._track, racer, stamps, self._leaf)
        failed, agent = "", None
        try:
            agent = await make(racer.model, name=racer.agent, journal=journal)
            agent.load(self._messages)
            self._agents.append(agent)
            failed = "cancelled" if self._cancelled else _why(await agent.chat(text))
        except AlloyError as error:
            failed = error.message
        finally:
            if agent is not None:
                await agent.stop()
        with contextlib.suppress(StoreError):
            await journal.durable()
        node = journal.tip if journal.tip != self._leaf else None
        self._racers[place] = msgspec.structs.replace(racer, node=node, over=True, failed=failed)
        self._tell()

    def _tell(self) -> None:
        tell(self._then, tuple(self._racers))


class _Track:
    """The session of a race, whatever is on screen later."""

    def __init__(self, desk: SessionDesk, live: LiveSession, model: str) -> None:
        self.model = model
        """The model that answers where the race began."""
        self._desk = desk
        self._live = live

    @property
    def live(self) -> LiveSession | None:
        """Always the one that the race began in."""
        return self._live

    async def begin(self, entries: Sequence[Entry]) -> None:
        """Never needed: the session is there."""
        raise StoreError(f"{len(entries)} messages of a race have no session.", kind="unknown")

    def saved(self, entries: Sequence[Entry]) -> None:
        """Tell it while that session is on screen."""
        if self._desk.live is self._live:
            self._desk.saved(entries)


class _Lane(Recorder):
    """The journal of a racer: behind its prompt stands the model that it is."""

    def __init__(self, track: _Track, racer: Racer, stamps: Stamps, leaf: str | None) -> None:
        super().__init__(track, agent=racer.agent, stamps=stamps, branch=(leaf,))
        self._switch = ModelSwitch(track.model, racer.model)
        self._named = track.model == racer.model

    def said(self, message: ChatMessage) -> None:
        """See `Journal.said`."""
        super().said(message)
        if not self._named:
            self._named = True
            self.tell(self._switch)


def _why(result: RunResult) -> str:
    if result.ok:
        return ""
    return result.error.message if result.error is not None else result.status
