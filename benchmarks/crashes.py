"""What sessions survive: kills at random and at every call, a failing disk, damage, company.

    python -m benchmarks crashes                        all of it, about half an hour
    python -m benchmarks crashes --only calls faults    some of it
    python -m benchmarks crashes --only calls --scenes 1 3    two of the five stores that it has
    python -m benchmarks crashes --only calls --every 4 --first 2    a quarter of the calls

Every part stops with an error at the first thing that is lost, twice or unreadable. What
was done in full is kept, row by row, and all of it makes the table in
benchmarks/results/crashes.md. Linux; `calls` and `faults` need strace.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.keeping import RESULTS, keep
from tests.sessions import injecting
from tests.sessions.damaging import damage_many
from tests.sessions.injecting import ERRORS, FAULTS, NoTracingError, Scene
from tests.sessions.killing import kill_lives, side_by_side

KEPT = RESULTS / "crashes.json"
Row = tuple[str, str]


def lives(folder: Path, asked: argparse.Namespace) -> list[Row]:
    """Writers killed at random moments of opening, streaming, storing and moving."""
    acked = kill_lives(folder, asked.kills, random.Random())
    told = f"{acked} messages acknowledged, 0 lost, 0 twice; every store opened"
    return [(f"{asked.kills} kills of a writing program at random moments", told)]


def migrations(folder: Path, asked: argparse.Namespace) -> list[Row]:
    """A later version killed while it brings the store up to date."""
    scene = injecting.large_older_store(folder / "older", 2_000)
    unfinished = injecting.kill_migrations(scene, folder, asked.migrations, random.Random())
    told = f"{unfinished} before the end; all opened afterwards, nothing lost, every copy whole"
    return [(f"{asked.migrations} kills of a migration at random moments", told)]


def calls(folder: Path, asked: argparse.Namespace) -> list[Row]:
    """A kill at every write, sync, rename and removal, one run each."""
    rows: list[Row] = []
    made = injecting.scenes(folder / "scenes", 20)
    for scene in (made[number - 1] for number in asked.scenes):
        struck: dict[str, int] = {}
        acked = 0
        for call in scene.calls:
            at = itertools.count(asked.first, asked.every)
            found = list(injecting.kills(scene, folder, call, at))
            struck[call.partition(",")[0]] = len(found)
            acked += sum(found)
        each = ", ".join(f"{n} × {call}" for call, n in struck.items() if n)
        told = f"{each}: {acked} messages acknowledged, 0 lost, 0 twice; every store opened"
        rows.append((f"{scene.name}: killed at each call", told))
        print(f"  … {scene.name}: {each}", flush=True)
    return rows


def faults(folder: Path, _: argparse.Namespace) -> list[Row]:
    """Calls that fail, once or for good."""
    made: dict[str, Scene] = {
        s.what: s for s in injecting.scenes(folder / "scenes", 20) if s.template is not None
    }
    count = acked = refused = 0
    for (what, call, nth), error in itertools.product(FAULTS, ERRORS):
        told = injecting.fault(made[what], folder, call, nth, error)
        count += told.struck
        acked += len(told.acks)
        refused += len(told.fails)
    words = f"{acked} messages acknowledged and all there, {refused} refused in words"
    return [(f"{count} injections of {' and '.join(ERRORS)}", words)]


def company(folder: Path, asked: argparse.Namespace) -> list[Row]:
    """Two programs on one store."""
    told = side_by_side(folder, asked.messages)
    acked, fails = (sum(len(getattr(t, n)) for t in told.values()) for n in ("acks", "fails"))
    words = f"{acked} entries acknowledged, 0 lost, {fails} refused (“database is locked” and all)"
    return [(f"two programs × {asked.messages} messages on one store", words)]


def damages(folder: Path, asked: argparse.Namespace) -> list[Row]:
    """Stores broken on purpose, read, repaired and written again."""
    unopened, unread, lost = damage_many(folder, asked.damages)
    told = (
        f"0 crashes; {unopened} did not open before the repair, all did after;"
        f" {unread} entries unreadable before, {lost} after"
    )
    return [(f"{asked.damages} random damages", told)]


def walk(folder: Path, asked: argparse.Namespace) -> list[Row]:
    """The model test: a store beside a plain tree."""
    from benchmarks.sessions import walk_along

    walk_along(folder, asked.steps)
    return [(f"{asked.steps} random operations, reopened every 50", "0 differences")]


PARTS: dict[str, Callable[[Path, argparse.Namespace], list[Row]]] = {
    "lives": lives,
    "migrations": migrations,
    "calls": calls,
    "faults": faults,
    "company": company,
    "damages": damages,
    "walk": walk,
}


def in_full(asked: argparse.Namespace, usual: argparse.Namespace) -> bool:
    """Whether no part is smaller than it `usual`ly is."""
    least = ("kills", "migrations", "messages", "damages", "steps")
    whole = asked.every == asked.first == 1
    return whole and all(getattr(asked, name) >= getattr(usual, name) for name in least)


def keep_part(name: str, rows: list[Row]) -> None:
    """Keep what a part found, and the table of the newest of all that was found."""
    kept: dict[str, dict[str, str]] = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    kept[name] = {**kept.get(name, {}), **dict(rows)}
    RESULTS.mkdir(exist_ok=True)
    KEPT.write_text(json.dumps(kept, indent=1, ensure_ascii=False))
    found = (row for part in PARTS for row in kept.get(part, {}).items())
    lines = "".join(f"| {what} | {outcome} |\n" for what, outcome in found)
    keep("crashes", f"| what | outcome |\n|---|---|\n{lines}")


def main() -> None:
    """Run the parts and print what they find."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--kills", type=int, default=1_000)
    parser.add_argument("--migrations", type=int, default=200)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--first", type=int, default=1, help="where --every begins to count")
    parser.add_argument("--scenes", type=int, nargs="+", choices=range(1, 6), default=range(1, 6))
    parser.add_argument("--messages", type=int, default=1_000)
    parser.add_argument("--damages", type=int, default=200)
    parser.add_argument("--steps", type=int, default=10_000)
    asked, usual = parser.parse_args(), parser.parse_args([])
    for name in asked.only:
        start = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            try:
                found = PARTS[name](Path(folder), asked)
            except NoTracingError as reason:
                print(f"{name}: not run: {reason}", flush=True)
                continue
        for what, outcome in found:
            print(f"{what}: {outcome}", flush=True)
        print(f"  ({name}: {time.monotonic() - start:.0f} s)", flush=True)
        if in_full(asked, usual):
            keep_part(name, found)


if __name__ == "__main__":
    main()
