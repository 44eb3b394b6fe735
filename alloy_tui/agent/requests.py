"""Requests that wait: three lanes, one order, every id once.

Owns the queue as a plain data structure. Must not know of tasks or events.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Sequence
from typing import TypeAlias

import anyio
import msgspec

from alloy_tui.domain.errors import (
    ConfigError,
    DuplicateRequestError,
    QueueFullError,
    UnknownRequestError,
)
from alloy_tui.domain.events import Lane
from alloy_tui.domain.messages import Block, ChatMessage, TextBlock
from alloy_tui.domain.results import RunResult

Prompt: TypeAlias = str | Sequence[Block]

KEPT_RESULTS = 256
"""How many finished requests can still be asked for."""

_ORDER: tuple[Lane, ...] = ("steer", "prompt", "follow_up")


class Request:
    """One message of a user on its way; `done` gets the result exactly once."""

    def __init__(
        self, request_id: str, prompt: Prompt, lane: Lane, timeout_s: float | None
    ) -> None:
        self.id = request_id
        self.blocks: tuple[Block, ...] = (
            (TextBlock(prompt),) if isinstance(prompt, str) else tuple(prompt)
        )
        self.lane: Lane = lane
        self.timeout_s = timeout_s
        self.scope = anyio.CancelScope()
        self.done: asyncio.Future[RunResult] = asyncio.get_running_loop().create_future()
        self.steers: list[Request] = []

    @property
    def text(self) -> str:
        """The words of the prompt."""
        return self.message.text

    @property
    def empty(self) -> bool:
        """Whether there is nothing in it but white space."""
        return all(isinstance(b, TextBlock) and not b.text.strip() for b in self.blocks)

    @property
    def message(self) -> ChatMessage:
        """The prompt as the conversation holds it."""
        return ChatMessage("user", self.blocks)


class Waiting(msgspec.Struct, frozen=True):
    """A request that waits, as a value; `position` counts from 1 in its lane."""

    request_id: str
    lane: Lane
    text: str
    position: int


class RequestQueue:
    """First come, first served within a lane; steering before prompts before follow-ups."""

    def __init__(self, max_pending: int) -> None:
        if max_pending < 0:
            raise ConfigError("max_pending cannot be negative.")
        self.max_pending = max_pending
        self._lanes: dict[Lane, deque[Request]] = {lane: deque() for lane in _ORDER}
        self._ids: set[str] = set()
        self._live: dict[str, Request] = {}
        self._results: OrderedDict[str, RunResult] = OrderedDict()

    def __len__(self) -> int:
        return sum(len(lane) for lane in self._lanes.values())

    def admit(self, request: Request, *, busy: bool) -> int:
        """Put `request` at its lane's end and return its position there, from 1.

        Raises DuplicateRequestError for an id used before and QueueFullError
        when `busy` and `max_pending` requests wait already.
        """
        if request.id in self._ids:
            raise DuplicateRequestError(
                f"A request with the id {request.id} was made before.",
                hint="Use a new id, or none.",
            )
        if busy and len(self) >= self.max_pending:
            raise QueueFullError(
                f"The queue is full: {len(self)} of {self.max_pending} requests wait.",
                hint="Wait for one to finish, or cancel one.",
            )
        self._ids.add(request.id)
        self._live[request.id] = request
        lane = self._lanes[request.lane]
        lane.append(request)
        return len(lane)

    def take(self) -> Request | None:
        """The next request to run, out of the queue; None when nothing waits."""
        for lane in _ORDER:
            if self._lanes[lane]:
                return self._lanes[lane].popleft()
        return None

    def take_steers(self) -> list[Request]:
        """All steering messages, out of the queue."""
        steers = list(self._lanes["steer"])
        self._lanes["steer"].clear()
        return steers

    def remove(self, request_id: str) -> Request:
        """Take a waiting request out. Raises UnknownRequestError if it does not wait."""
        for lane in self._lanes.values():
            for request in lane:
                if request.id == request_id:
                    lane.remove(request)
                    return request
        raise UnknownRequestError(
            f"No request with the id {request_id} is waiting.",
            hint="It may have started or finished already.",
        )

    def move(self, request_id: str, lane: Lane, position: int) -> tuple[Request, int]:
        """Put a waiting request at `position` of `lane`, from 1, or as near as there is one.

        Returns it with the place it got. Raises UnknownRequestError.
        """
        request = self.remove(request_id)
        others = self._lanes[lane]
        place = max(1, min(position, len(others) + 1))
        others.insert(place - 1, request)
        request.lane = lane
        return request, place

    def finish(self, request: Request, result: RunResult) -> bool:
        """Record the outcome; False if there was one already."""
        if self._live.pop(request.id, None) is None:
            return False
        self._results[request.id] = result
        while len(self._results) > KEPT_RESULTS:
            self._results.popitem(last=False)
        if not request.done.done():
            request.done.set_result(result)
        return True

    def outcome(self, request_id: str) -> RunResult | Request:
        """The result if there is one, else the request. Raises UnknownRequestError."""
        if request_id in self._results:
            return self._results[request_id]
        if request_id in self._live:
            return self._live[request_id]
        raise UnknownRequestError(f"No request with the id {request_id} is known.")

    def waiting(self) -> list[Waiting]:
        """What waits, in the order in which it would run."""
        return [
            Waiting(request.id, lane, request.text, position)
            for lane in _ORDER
            for position, request in enumerate(self._lanes[lane], start=1)
        ]
