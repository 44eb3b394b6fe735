"""The dashboard with a hundred agents that do something all the time: CPU, and keys meanwhile.

    python -m benchmarks dashboard [--agents 100] [--events 10] [--seconds 10]

The program's own dashboard in a terminal. The agents' events go through the
engine's own parts (hub, roster, gate, mailbox) on a thread that stands in for
the engine: each agent says something, calls a tool, gets its result, `events`
times a second. CPU is the whole process, the stand-in included. A key moves the
cursor; it is timed from its writing to the bytes that move it.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import select
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median, quantiles

from alloy_tui.domain import events as ev
from alloy_tui.domain.events import EngineEvent, Envelope
from alloy_tui.domain.usage import TokenUsage
from alloy_tui.runtime.mailbox import EventMailbox
from benchmarks.idle import cpu_s
from benchmarks.keeping import keep
from tests.support.fake_port import FakePort
from tests.support.fake_team import FakeTeam
from tests.support.terminal import Terminal

KEYS = 100
_ROOT = Path(__file__).resolve().parents[1]
_STEP_S = 0.01
_PATIENCE_S = 5


def _course(agent: int) -> list[EngineEvent]:
    """What an agent does, over and over: a turn that reads a file, in ten events."""
    call, path = f"c{agent}", f"src/part_{agent}.py"
    usage = TokenUsage(1_000 + agent, output=50)
    said = [ev.TextDelta(f"Looking at part {agent} of the program, line by line. ")] * 3
    return [
        ev.TurnStarted("scripted/tour"),
        *said,
        ev.ToolCallStarted(call, "read"),
        ev.ToolCallReady(call, "read", {"file_path": path}),
        ev.TurnFinished("tool_use", usage, cost=0.001),
        ev.ToolStarted(call, "read", {"file_path": path}, path),
        ev.ToolFinished(call, "read", is_error=False, content=(), duration_ms=3),
        ev.UsageUpdated(usage, {}, 0.001, 1_000, 200_000),
    ]


class Crowd(FakePort):
    """A port whose team is told of by the engine's own parts."""

    def __init__(self, agents: int, events: float) -> None:
        super().__init__()
        self._mailbox = EventMailbox()
        self._agents = agents
        self._events = events
        self._crowd = _CrowdTeam()

    @property
    def team(self) -> FakeTeam:
        """The dashboard's view."""
        return self._crowd

    def start(self) -> None:
        """Let them work."""
        threading.Thread(target=lambda: asyncio.run(self._work()), daemon=True).start()

    async def _work(self) -> None:
        from alloy_tui.agent.hub import Hub
        from alloy_tui.runtime.team_telling import TeamTelling
        from alloy_tui.runtime.watching import Watching

        hub, gate = Hub(), Watching(self._mailbox)
        hub.subscribe(gate.put)
        telling = TeamTelling(hub, gate, lambda: None)
        hub.publish("agent", None, 0, ev.AgentStarted("scripted/tour"))
        names = [f"agent-{number:03}" for number in range(self._agents)]
        for name in names:
            telling.roster.know(name, role="reads a part of the program")
            gate.hide(name)
            hub.publish(name, None, 0, ev.AgentStarted("scripted/tour"))
            hub.publish(name, "r1", 0, ev.RunStarted("scripted/tour", "read your part"))
        self._crowd.telling = telling
        telling.follow("benchmark", wanted=True)
        courses = [_course(number) for number in range(self._agents)]
        done, since = 0, time.monotonic()
        total = self._agents * self._events
        while True:
            due = int((time.monotonic() - since) * total)
            for number in range(done, due):
                turn, agent = divmod(number, self._agents)
                event = courses[agent][turn % len(courses[agent])]
                hub.publish(names[agent], "r1", 1 + turn // 10, event)
            done = due
            await asyncio.sleep(_STEP_S)

    def on_ring(self, ring: Callable[[], None] | None) -> None:
        """Who is told that something waits."""
        self._mailbox.on_ring(ring)

    def drain(self, max_chars: int = 4096) -> Sequence[Envelope]:
        """What came through the gate."""
        return self._mailbox.drain(max_chars)


class _CrowdTeam(FakeTeam):
    def __init__(self) -> None:
        super().__init__(lambda *_: None)
        self.telling: object | None = None

    def view(self):
        from alloy_tui.runtime.team_port import TeamView
        from alloy_tui.runtime.team_telling import TeamTelling

        return self.telling.view if isinstance(self.telling, TeamTelling) else TeamView()


def _show(agents: int, events: float) -> None:
    from alloy_tui.ui.app import AlloyApp

    AlloyApp(Crowd(agents, events)).run()


def drain(master: int, seconds: float) -> int:
    """Read what is written for so long; how many bytes there were."""
    end, written = time.monotonic() + seconds, 0
    while (left := end - time.monotonic()) > 0:
        if select.select([master], [], [], min(0.2, left))[0]:
            written += len(os.read(master, 65536))
    return written


def _measure(agents: int, events: float, seconds: float) -> tuple[float, list[float], float]:
    """Share of a core, milliseconds of each key, bytes a second."""
    argv = [sys.executable, "-m", "benchmarks.dashboard", "--show"]
    argv += ["--agents", str(agents), "--events", str(events)]
    with Terminal(argv, cwd=_ROOT, columns=120, rows=40, answers=("sync",)) as terminal:
        terminal.wait_for("❯")
        os.write(terminal.master, b"\x04")  # Ctrl+D
        terminal.wait_for("agent-005")
        pid = terminal.process.pid
        terminal.wait_until(lambda: cursor_ground(terminal) is not None, "the cursor")
        ground = cursor_ground(terminal)
        assert ground is not None
        drain(terminal.master, 2.0)
        before, begun = cpu_s(pid), time.monotonic()
        written = drain(terminal.master, seconds)
        share = (cpu_s(pid) - before) / (time.monotonic() - begun)
        return share, cursor_keys(terminal, ground), written / seconds


def cursor_ground(terminal: Terminal) -> bytes | None:
    """The cursor's ground under the first agent's name, as the terminal is told it."""
    rows = terminal.lines()
    first = next((y for y, line in enumerate(rows) if "agent-000" in line), None)
    if first is None:
        return None
    column = rows[first].index("agent-000")
    mine, others = (terminal.screen.buffer[first + down][column].bg for down in (0, 1))
    if mine == others or len(mine) != len("rrggbb"):
        return None
    return b";".join(b"%d" % int(mine[at : at + 2], 16) for at in (0, 2, 4))


def cursor_keys(terminal: Terminal, ground: bytes) -> list[float]:
    """Milliseconds of each of `KEYS` moves down and up from agent-000, where the cursor is.

    The name that the cursor comes to is written on its ground, `ground` being "r;g;b".
    """
    times: list[float] = []
    at = 0
    for number in range(KEYS):
        down = number % 20 < 10
        at += 1 if down else -1
        wanted = re.compile(rb"48;2;" + ground + b"m *agent-%03d" % at)
        begun, came = time.perf_counter(), b""
        os.write(terminal.master, b"\x1b[B" if down else b"\x1b[A")
        while not wanted.search(came):
            late = time.perf_counter() - begun > _PATIENCE_S
            if late or not select.select([terminal.master], [], [], _PATIENCE_S)[0]:
                raise SystemExit("a key did not show")
            came += os.read(terminal.master, 65536)
        times.append((time.perf_counter() - begun) * 1000)
        drain(terminal.master, 0.05)
    return times


def main() -> None:
    """Print the line and keep it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks dashboard")
    parser.add_argument("--agents", type=int, default=100)
    parser.add_argument("--events", type=float, default=10)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--show", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.show:
        _show(given.agents, given.events)
        return
    share, keys, rate = _measure(given.agents, given.events, given.seconds)
    words = (
        f"{given.agents} agents at {given.events:g} events/s each on the dashboard: "
        f"{share:.1%} of a core, {rate / 1000:.0f} kB/s written; a key meanwhile "
        f"{median(keys):.1f} ms, p99 {quantiles(keys, n=100)[98]:.1f} ms"
    )
    print(words)
    keep("dashboard", words)


if __name__ == "__main__":
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    main()
