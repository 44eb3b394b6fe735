"""Four agents that write at once, one of them on the screen: CPU, and keys typed meanwhile.

    python -m benchmarks four_agents [--seconds 10] [--rate 200]

The program's own screen in a terminal, fed through its mailbox by a thread that
stands in for the engine: each agent says `rate` tokens a second. What the
others say is folded into their views, as a dashboard needs it. CPU is the whole
process, the stand-in included; a key is timed from its writing to the bytes
that show it.
"""

from __future__ import annotations

import argparse
import itertools
import os
import random
import select
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median, quantiles

from alloy_tui.domain import events as ev
from alloy_tui.domain.events import Envelope
from alloy_tui.runtime.mailbox import EventMailbox
from benchmarks.idle import cpu_s
from benchmarks.keeping import keep
from tests.support.fake_port import FakePort
from tests.support.feed import Feed
from tests.support.terminal import Terminal

AGENTS = 4
_LETTERS = "QXZWVYU"  # neither in the text nor in an escape sequence
_STEP_S = 0.005
_ROOT = Path(__file__).resolve().parents[1]
_TEXT = (
    "### a heading\n\nthe inner `round` is applied **before** the sum, so that a total of many "
    "small parts is off by one now and then; see [the docs](https://example.org/sum).\n\n"
    "- first point with some words in it\n- second point\n\n"
    "```python\ndef total(rows):\n    return round(sum(rows), 2)\n```\n\n"
)


class Team(FakePort):
    """A port whose mailbox holds what four agents say; the screen is given the first one's."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        from alloy_tui.runtime.agent_view import AgentView

        self._mailbox = EventMailbox()
        self._rate = rate
        self._feeds = [Feed(f"agent {number}") for number in range(AGENTS)]
        self._views = {feed.agent: AgentView() for feed in self._feeds}

    def start(self) -> None:
        """Let them speak."""
        threading.Thread(target=self._speak, daemon=True).start()

    def _speak(self) -> None:
        for feed in self._feeds:
            begun = (ev.AgentStarted("scripted/tour"), ev.RunStarted("scripted/tour", "go"))
            for envelope in feed(*begun, ev.TurnStarted("scripted/tour")):
                self._mailbox.put(envelope)
        texts = [itertools.cycle(_TEXT.split(" ")) for _ in self._feeds]
        said, since = 0, time.monotonic()
        while True:
            due = int((time.monotonic() - since) * self._rate)
            for feed, text in zip(self._feeds, texts, strict=True):
                for word in itertools.islice(text, due - said):
                    self._mailbox.put(feed.wrap(ev.TextDelta(f"{word} ")))
            said = due
            time.sleep(_STEP_S)

    def on_ring(self, ring: Callable[[], None] | None) -> None:
        """Who is told that something waits."""
        self._mailbox.on_ring(ring)

    def drain(self, max_chars: int = 4096) -> Sequence[Envelope]:
        """What the visible agent said; the others' views are kept up."""
        from alloy_tui.runtime.projection import fold

        drained = self._mailbox.drain(max_chars)
        for envelope in drained:
            self._views[envelope.agent] = fold(self._views[envelope.agent], envelope)
        return [envelope for envelope in drained if envelope.agent == self._feeds[0].agent]


def _show(rate: float) -> None:
    from alloy_tui.ui.app import AlloyApp

    AlloyApp(Team(rate)).run()


def _key_ms(master: int, letter: str) -> float:
    """Milliseconds until the terminal is sent `letter` after its key."""
    begun = time.perf_counter()
    os.write(master, letter.encode())
    while select.select([master], [], [], 5)[0]:
        if letter.encode() in os.read(master, 65536):
            return (time.perf_counter() - begun) * 1000
    raise SystemExit("a key did not show")


def _measure(rate: float, seconds: float) -> tuple[float, list[float], int]:
    """Share of a core, milliseconds of each key, bytes written a second."""
    argv = [sys.executable, "-m", "benchmarks.four_agents", "--show", "--rate", str(rate)]
    keys: list[float] = []
    dice = random.Random(7)
    with Terminal(argv, cwd=_ROOT, columns=120, rows=40, answers=("sync",)) as terminal:
        terminal.wait_for("heading")
        master, pid = terminal.master, terminal.process.pid
        shares: list[float] = []
        written = 0
        # First without keys, then with them: a key costs, too.
        end, before, begun = time.monotonic() + seconds, cpu_s(pid), time.monotonic()
        while time.monotonic() < end:
            if select.select([master], [], [], 0.2)[0]:
                written += len(os.read(master, 65536))
        shares.append((cpu_s(pid) - before) / (time.monotonic() - begun))
        for letter in itertools.islice(itertools.cycle(_LETTERS), 100):
            keys.append(_key_ms(master, letter))
            pause = time.monotonic() + dice.uniform(0.03, 0.08)
            while (left := pause - time.monotonic()) > 0:
                if select.select([master], [], [], left)[0]:
                    os.read(master, 65536)
        return shares[0], keys, round(written / seconds)


def main() -> None:
    """Print the line and keep it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks four_agents")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rate", type=float, default=200)
    parser.add_argument("--show", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.show:
        _show(given.rate)
        return
    share, keys, written = _measure(given.rate, given.seconds)
    words = (
        f"{AGENTS} agents at {given.rate:g} tokens/s each, one visible: {share:.1%} of a core, "
        f"{written / 1000:.0f} kB/s written; a key meanwhile {median(keys):.1f} ms, "
        f"p99 {quantiles(keys, n=100)[98]:.1f} ms"
    )
    print(words)
    keep("four_agents", words)


if __name__ == "__main__":
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    main()
