"""The driver takes signals in turn."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator

import pytest

from alloy_tui.ui.terminal import base
from alloy_tui.ui.terminal.driver import TerminalDriver

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """The process's signal handlers are afterwards what they were."""
    kept = {n: signal.getsignal(n) for n in (signal.SIGWINCH, signal.SIGTSTP, signal.SIGCONT)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


async def test_the_last_size_is_told_last_though_a_signal_interrupts_another() -> None:
    """The window changes again while its size is being looked at: the newer size comes after."""
    window = [80]
    told: list[int] = []
    both = asyncio.Event()

    def look(*_: object) -> None:
        seen = window[0]
        if seen == 80:
            window[0] = 100
            signal.raise_signal(signal.SIGWINCH)
        told.append(seen)
        if len(told) == 2:
            both.set()

    signal.signal(signal.SIGWINCH, look)
    driver = TerminalDriver(base.TerminalApp())
    driver._look_at_sizes_in_turn()
    signal.raise_signal(signal.SIGWINCH)
    await both.wait()
    assert told == [80, 100]
