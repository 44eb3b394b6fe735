"""When a growing answer is stored: often enough that a kill loses less than a second of it."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from concurrent.futures import Future

from hypothesis import given
from hypothesis import strategies as st

from alloy_tui.domain.errors import StoreError
from alloy_tui.domain.messages import ChatMessage, assistant
from alloy_tui.runtime.growth import GROWTH_S, WITHIN_S, Growth
from alloy_tui.sessions.ids import Stamp


class Clock:
    """A loop whose time passes when it is told to."""

    def __init__(self) -> None:
        self._now_s = 0.0
        self._due: list[tuple[float, int, Handle]] = []
        self._count = itertools.count()

    def time(self) -> float:
        return self._now_s

    def call_at(self, when: float, callback: Callable[[], object]) -> Handle:
        handle = Handle(callback)
        heapq.heappush(self._due, (when, next(self._count), handle))
        return handle

    def call_soon_threadsafe(self, callback: Callable[[], object]) -> Handle:
        return self.call_at(self._now_s, callback)

    def until(self, when: float) -> None:
        while self._due and self._due[0][0] <= when:
            due_s, _, handle = heapq.heappop(self._due)
            self._now_s = max(self._now_s, due_s)
            handle.run()
        self._now_s = when


class Handle:
    def __init__(self, callback: Callable[[], object]) -> None:
        self._callback: Callable[[], object] | None = callback

    def cancel(self) -> None:
        self._callback = None

    def run(self) -> None:
        if self._callback is not None:
            self._callback()


class Answer:
    """Tokens as they come, and a disk that takes its time."""

    def __init__(self, *waits_s: float) -> None:
        self.clock = Clock()
        self.tokens: list[float] = []
        self.safe: dict[int, float] = {}  # when each was on disk
        self.kept = 0
        self.refuse = False
        self._waits_s = itertools.cycle(waits_s or (0.001,))
        self.growth = Growth(Stamp("a", 0), "s/m", self.so_far, self.keep, self.clock)

    def so_far(self) -> ChatMessage | None:
        return assistant("x" * len(self.tokens)) if self.tokens else None

    def keep(self, growth: Growth, message: ChatMessage) -> Future[None] | None:
        assert growth is self.growth
        if self.refuse:
            return None
        stored: Future[None] = Future()
        self.kept += 1
        count = len(message.text)

        def done() -> None:
            for number in range(count):
                self.safe.setdefault(number, self.clock.time())
            stored.set_result(None)

        self.clock.call_at(self.clock.time() + next(self._waits_s), done)
        return stored

    def token(self) -> None:
        self.tokens.append(self.clock.time())

    @property
    def oldest_s(self) -> float:
        """How old a token was at most when it was on disk, or is that is not."""
        now_s = self.clock.time()
        return max(self.safe.get(n, now_s) - at_s for n, at_s in enumerate(self.tokens))


@given(
    st.lists(st.floats(0.001, 3), min_size=1, max_size=60),
    st.lists(st.floats(0.001, 0.42), min_size=1, max_size=5),
)
def test_no_token_is_a_second_old_before_it_is_on_disk(
    gaps_s: list[float], waits_s: list[float]
) -> None:
    """However they come, and though the disk takes a part of that."""
    answer = Answer(*waits_s)
    for gap_s in gaps_s:
        answer.clock.until(answer.clock.time() + gap_s)
        answer.token()
        assert answer.oldest_s < 1
    answer.clock.until(answer.clock.time() + 1)
    assert len(answer.safe) == len(answer.tokens)
    assert answer.oldest_s <= WITHIN_S + 0.03


def test_a_quick_disk_is_written_to_twice_a_second_and_not_at_all_when_nothing_comes() -> None:
    answer = Answer()
    for step in range(1, 201):
        answer.clock.until(step / 20)
        answer.token()
    assert answer.kept == 10 / GROWTH_S
    answer.clock.until(11)
    kept = answer.kept
    answer.clock.until(60)
    assert answer.kept == kept


def test_what_could_not_be_stored_at_once_is_tried_again_soon_though_no_more_comes() -> None:
    answer = Answer()
    answer.token()
    answer.refuse = True
    answer.clock.until(GROWTH_S + 0.05)
    answer.refuse = False
    answer.clock.until(WITHIN_S)
    assert answer.safe
    assert answer.growth.grown


def test_what_the_store_refused_is_handed_on_again() -> None:
    handed: list[Future[None]] = []
    clock = Clock()

    def keep(growth: Growth, message: ChatMessage) -> Future[None]:
        del growth, message
        handed.append(Future())
        return handed[-1]

    growth = Growth(Stamp("a", 0), "s/m", lambda: assistant("x"), keep, clock)
    clock.until(GROWTH_S)
    handed[0].set_exception(StoreError("The disk is full.", kind="full"))
    clock.until(3 * GROWTH_S)
    assert len(handed) == 2
    growth.stop()
    handed[1].set_result(None)
    clock.until(60)
    assert len(handed) == 2
