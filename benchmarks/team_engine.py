"""What a team costs: a turn, an idle agent, a hundred agents at work, opening a long log.

    python -m benchmarks team_engine [--agents 100] [--seconds 5]

The engine alone, without a screen. The model is one of this file that says the
same few words, at once or after 5 ms; journals keep nothing. CPU is that of the
process, so that other work of the machine does not count.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import itertools
import tempfile
import time
import tracemalloc
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

from alloy_tui.domain import team_events as te
from alloy_tui.domain.messages import Block, ChatMessage, TextBlock, ToolCallBlock
from alloy_tui.domain.models import ModelInfo, ModelRef
from alloy_tui.domain.provider import Completion, CompletionRequest, StreamPart, TextPart
from alloy_tui.domain.stops import Stop
from alloy_tui.domain.usage import TokenUsage
from alloy_tui.runtime.team_log import LogBook
from alloy_tui.sessions.ids import Stamps
from alloy_tui.sessions.nodes import Opened
from alloy_tui.sessions.sqlite import SqliteStore
from alloy_tui.team.log import Record, Restored
from alloy_tui.team.team import Team
from alloy_tui.tools.decorator import tool
from benchmarks.keeping import keep

TURNS = 10
"""Of a request with tools: nine calls, then an answer."""
_USAGE = TokenUsage(input=100, output=20)


class Fake:
    """A model that calls the tool `look` until a request has had its turns, then answers."""

    def __init__(self, delay_s: float, turns: int) -> None:
        self.info = ModelInfo(ModelRef("fake", "m"))
        self.turns = 0
        self._delay_s = delay_s
        self._a_request = turns

    @property
    def ref(self) -> ModelRef:
        """Its name."""
        return self.info.ref

    async def stream(self, request: CompletionRequest) -> AsyncGenerator[StreamPart, None]:
        """Ten deltas and the answer, or a call."""
        if self._delay_s:
            await asyncio.sleep(self._delay_s)
        self.turns += 1
        said = 1 + sum(m.role == "assistant" for m in request.messages)
        for _ in range(10):
            yield TextPart("words ")
        blocks: list[Block] = [TextBlock("words " * 10)]
        last = said % self._a_request == 0
        if not last:
            blocks.append(ToolCallBlock(f"c{said}", "look", {"at": "it"}))
        message = ChatMessage("assistant", tuple(blocks))
        yield Completion(message, Stop("end_turn" if last else "tool_use"), _USAGE)

    async def aclose(self) -> None:
        """Nothing to close."""


@tool(access="read")
async def look(at: str) -> str:
    """Look at something."""
    return f"{at} is there"


def _team(agents: int, model: Fake, **options: object) -> Team:
    options.setdefault("tools", [look])
    members = {f"agent{n}": {"system_prompt": "Be brief.", **options} for n in range(agents)}
    return Team(members, model=model, max_agents=max(128, agents))


def _forget(team: Team, name: str) -> None:
    """Let the conversation begin anew, so that every request is as long as the first."""
    agent = team.get(name)
    assert agent is not None
    agent.load(())


async def cpu_of_a_turn(rounds: int = 100) -> float:
    """CPU milliseconds of a turn, of runs of ten turns with calls."""
    model = Fake(0.0, TURNS)
    async with _team(1, model) as team:
        await team.delegate("agent0", "go")
        before, turns = time.process_time(), model.turns
        for _ in range(rounds):
            _forget(team, "agent0")
            await team.delegate("agent0", "go")
        return (time.process_time() - before) / (model.turns - turns) * 1000


async def memory_of_an_agent(agents: int) -> tuple[float, float]:
    """Kilobytes of an idle agent with the usual tools: fresh, and after a request of one turn."""
    model = Fake(0.0, 1)
    async with _team(1, model, tools=None) as warm:
        await warm.broadcast("go")
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    team = _team(agents, model, tools=None)
    await team.start()
    gc.collect()
    fresh = tracemalloc.get_traced_memory()[0] - before
    await team.broadcast("go")
    gc.collect()
    used = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    await team.stop()
    return fresh / agents / 1000, used / agents / 1000


async def throughput(agents: int, seconds: float, turns: int) -> tuple[float, float]:
    """Turns a second on a model that takes 5 ms, and turns a second of CPU."""
    model = Fake(0.005, turns)
    async with _team(agents, model) as team:
        names, until = team.agents, time.monotonic() + seconds

        async def work(name: str) -> None:
            while time.monotonic() < until:
                await team.delegate(name, "go", timeout_s=None)
                _forget(team, name)

        began, cpu = time.monotonic(), time.process_time()
        await asyncio.gather(*map(work, names))
        wall, cpu = time.monotonic() - began, time.process_time() - cpu
        return model.turns / wall, model.turns / cpu


def cpu_of_opening(records: int) -> float:
    """Milliseconds to open the log of a team that did so much, written as it happened."""
    with tempfile.TemporaryDirectory() as folder:
        store = SqliteStore(Path(folder))
        book = LogBook.begin(store, Opened("crew", agent="team"), Stamps(), "log")
        history = _history(records)
        while taken := list(itertools.islice(history, 50)):
            book.keep(taken).result()
            if book.kept(taken):
                book.put_together()
        _released(book)
        gc.collect()
        began = time.process_time()
        book = LogBook.open(store, "log", Stamps())
        Restored().fold(book.records)
        took = time.process_time() - began
        _released(book)
        store.close()
        return took * 1000


def _history(records: int) -> Iterator[Record]:
    """Eight agents that are given work, write to one another and share what they find."""
    for n in range(8):
        yield Record("team", 1, te.MemberAdded(f"a{n}", {"name": f"a{n}"}, session=f"s{n}"))
    for n in range((records - 8) // 5):
        who, other = f"a{n % 8}", f"a{(n + 1) % 8}"
        yield Record("user", n, te.DelegationStarted(f"d{n}", who, "do this " * 15))
        yield Record("user", n, te.DelegationFinished(f"d{n}", who, "completed", "words " * 80))
        yield Record(who, n, te.MailSent(f"m{n + 1}", (other,), "look at it " * 8))
        yield Record(other, n, te.MailRead((f"m{n + 1}",)))
        yield Record(who, n, te.SharedChanged(f"key {n % 20}", "a value", n // 20 + 1))


def _released(book: LogBook) -> None:
    future = book.close()
    assert future is not None, "it was ours"
    future.result()


def main() -> None:
    """Print the table and keep it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks team_engine")
    parser.add_argument("--agents", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=5)
    given = parser.parse_args()
    turn_ms = asyncio.run(cpu_of_a_turn())
    fresh, used = asyncio.run(memory_of_an_agent(given.agents))
    rows = [
        ("CPU of a turn with a tool call, one agent", f"{turn_ms:.2f} ms", "≤ 2 ms"),
        ("memory of an idle agent, fresh", f"{fresh:.0f} kB", "≤ 100 kB"),
        ("memory of an idle agent, after a request", f"{used:.0f} kB", "≤ 100 kB"),
    ]
    for turns in (1, TURNS):
        wall, cpu = asyncio.run(throughput(given.agents, given.seconds, turns))
        what = f"{given.agents} agents on a 5 ms model, {turns} turn{'s' * (turns > 1)} a request"
        rows.append((what, f"{wall:.0f} turns/s ({cpu:.0f} a second of CPU)", "≥ 500 turns/s"))
    for records in (1_000, 100_000):
        what = f"CPU of opening a team that has done {records:,} things"
        rows.append((what, f"{cpu_of_opening(records):.0f} ms", "≤ 500 ms"))
    lines = ["| what | measured | wanted |", "|---|---|---|"]
    lines += [f"| {what} | {got} | {wanted} |" for what, got, wanted in rows]
    words = "\n".join(lines)
    print(words)
    keep("team_engine", words)


if __name__ == "__main__":
    main()
