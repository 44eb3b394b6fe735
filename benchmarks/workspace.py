"""What it costs to have a project's files come along.

    python -m benchmarks.workspace                    50,000 files, about a minute
    python -m benchmarks.workspace --files 5000

The first figures are of the thread beside the engine. What counts for a person
is the last table: how much later a turn's request leaves and its commands
start, and how late the engine's loop is while that thread is at work. The clock
counts whatever else the machine does; of the processor the loop's own thread is
counted, which nothing beside it can make longer. The table is kept.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from alloy_tui.cli.skeleton import SWITCH_INTERVAL_S
from alloy_tui.runtime.file_keeping import FileKeeper
from alloy_tui.sessions.sqlite import SqliteStore
from alloy_tui.workspace.restoring import preview, restore
from alloy_tui.workspace.tracker import Tracker
from benchmarks.keeping import keep

_TURNS = 30
_Cost = tuple[float, float]
"""Milliseconds of the clock and of this thread's processor."""


def lay_out(folder: Path, files: int) -> None:
    """A project of so many files of 1 to 20 kB, ten to a folder, with rules of what to ignore."""
    rng = random.Random(1)
    text = "".join(rng.choices("abcdefghij \n", k=20_000)).encode()
    folder.mkdir()
    (folder / ".gitignore").write_text("*.log\n*.o\n/dist/\n.env\n*.tmp\n!keep.log\n")
    for number in range(files):
        inside = folder / f"package{number // 1000}" / f"part{number // 10 % 100}"
        if number % 10 == 0:
            inside.mkdir(parents=True)
        size = rng.randint(1_000, 20_000) if number % 20 else 20_000
        (inside / f"module{number % 10}.py").write_bytes(b"%d\n" % number + text[:size])


def timed(name: str, work: Callable[[], object]) -> None:
    """Say how long `work` takes, on the clock and on the processor."""
    cpu, start = time.process_time(), time.perf_counter()
    work()
    took, burnt = time.perf_counter() - start, time.process_time() - cpu
    print(f"{name:<44}{took * 1000:9.1f} ms{burnt * 1000:9.1f} ms of processor")


def changed(folder: Path, number: int) -> None:
    """What a command does: three files written in place, one made, one moved."""
    part = folder / "package0" / f"part{number}"
    for name in ("module1.py", "module2.py", "module3.py"):
        (part / name).write_bytes(b"changed %d\n" % number)
    (part / "made.py").write_bytes(b"new\n")
    (part / "module4.py").rename(part / "moved.py")


def beside(folder: Path, aside: Path) -> None:
    """The thread's own work."""
    store = SqliteStore(aside / "sessions")
    tracker = Tracker(folder, store, reserve_in=aside)
    timed("first look at everything", tracker.look)
    timed("all files into reserve", lambda: tracker.fill(lambda: True))
    files, size = tracker.reserved
    room = ", which is all there is room for" if tracker.crowded else ""
    print(f"{'':<4}in reserve: {files:,} files, {size >> 20:,} MB{room}")
    timed("look again, nothing changed", tracker.look)
    addresses: list[str] = []
    for number in range(3):
        call = tracker.begin(sweeping=True)
        changed(folder, number)
        timed("after a command that changed 6 paths", lambda call=call: tracker.end(call))
        timed("the manifest, on disk", lambda: addresses.append(tracker.save() or ""))
    timed("preview of going back", lambda: preview(tracker, addresses[0]))
    plan = preview(tracker, addresses[0])
    timed(
        f"going back, {len(plan.changes)} paths",
        lambda: restore(tracker, plan, {}, aside / "plans"),
    )
    tracker.close()
    store.close()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    print(f"{'':<4}memory of the whole process at most: {peak:,} MB")


async def turns(folder: Path, aside: Path) -> str:
    """What a turn waits for, and how late the loop is meanwhile; as Markdown."""
    store = SqliteStore(aside / "sessions-2")
    keeper = FileKeeper(folder, lambda: store, private=aside / "private")
    start = time.perf_counter()
    async with keeper.around(sweeping=True):
        first_ms = (time.perf_counter() - start) * 1000
    await keeper.manifest()
    request: list[_Cost] = []
    command: list[_Cost] = []
    edit: list[_Cost] = []
    late: list[float] = []
    ticking = asyncio.create_task(_tick(late))
    for number in range(10, 10 + _TURNS):
        start = _now()
        keeper.before_turn()
        request.append(_since(start))
        await asyncio.sleep(0.3)  # the model thinks
        command.append(await _around(keeper, (), lambda n=number: changed(folder, n)))
        path = folder / "package1" / f"part{number}" / "module5.py"
        await asyncio.sleep(0.3)
        edit.append(await _around(keeper, (str(path),), lambda path=path: path.write_text("x")))
    ticking.cancel()
    await keeper.manifest()
    keeper.close()
    store.close()
    print(f"the first command of a session, at once, waits {first_ms:.0f} ms")
    whole = [
        (sum(clock for clock, _ in each), sum(cpu for _, cpu in each))
        for each in zip(request, command, edit, strict=True)
    ]
    rows = (
        ("before the request", request),
        ("around a command", command),
        ("around an edit", edit),
        ("a whole turn", whole),
    )
    lines = ["| on the request path, ms | median | 95 % | worst | processor: median | worst |"]
    lines.append("|---|--:|--:|--:|--:|--:|")
    for name, costs in rows:
        clock, cpu = (sorted(each) for each in zip(*costs, strict=True))
        lines.append(f"| {name} | {_spread(clock)} | {median(cpu):.2f} | {cpu[-1]:.2f} |")
    lines.append(f"| the loop is late (tick 2 ms) | {_spread(sorted(late))} | | |")
    return "\n".join(lines)


def _spread(values: list[float]) -> str:
    high = values[int(len(values) * 0.95)]
    return f"{median(values):.2f} | {high:.2f} | {values[-1]:.2f}"


def _now() -> _Cost:
    return time.perf_counter() * 1000, time.thread_time() * 1000


def _since(start: _Cost) -> _Cost:
    clock, cpu = _now()
    return clock - start[0], cpu - start[1]


async def _around(keeper: FileKeeper, paths: tuple[str, ...], work: Callable[[], object]) -> _Cost:
    start = _now()
    async with keeper.around(paths, sweeping=not paths):
        before = _since(start)
        work()
        start = _now()
    after = _since(start)
    return before[0] + after[0], before[1] + after[1]


async def _tick(late: list[float]) -> None:
    while True:
        start = time.perf_counter()
        await asyncio.sleep(0.002)
        late.append((time.perf_counter() - start - 0.002) * 1000)


def main() -> None:
    parser = argparse.ArgumentParser(description="What it costs to have files come along.")
    parser.add_argument("--files", type=int, default=50_000)
    files = parser.parse_args().files
    sys.setswitchinterval(SWITCH_INTERVAL_S)  # as the program has it
    with tempfile.TemporaryDirectory(dir=os.environ.get("ALLOY_BENCH_DIR")) as made:
        top = Path(made)
        lay_out(top / "project", files)
        print(f"{files:,} files")
        beside(top / "project", top)
        table = asyncio.run(turns(top / "project", top))
        print(f"\n{table}")
        if files >= 50_000:
            keep("workspace", table)


if __name__ == "__main__":
    main()
