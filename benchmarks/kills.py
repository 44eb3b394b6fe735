"""The real program killed with SIGKILL at random moments, and what its store holds afterwards.

    python -m benchmarks kills                 1,000 kills, about an hour
    python -m benchmarks kills --kills 50      fewer
    python -m benchmarks kills --kills 0 --going-back 100    only while files go back
    python -m benchmarks kills --seed 7        the same moments again, as far as a clock allows

Three of four lives are `alloy run`, in new, old and branched sessions; the fourth is
the full screen in a terminal, killed while it starts, is typed into, streams or runs
a tool. What a request held that reached the model server counts as acknowledged. The
first message that is lost, twice or unreadable ends it with an error. Then the program
is killed while it goes back in a conversation and its files, and as it finishes that at
the next start: every file has to be wholly of one state or the other, and all states
reachable. What was done in full is kept, and told in benchmarks/results/kills.md.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks.keeping import RESULTS, keep
from tests.sessions.real_program import Toll, kill_program
from tests.sessions.real_program_files import FilesToll, kill_going_back

KEPT = RESULTS / "kills.json"
BATCH = 25


Rows = dict[str, int | str]


def told(tolls: list[Toll]) -> Rows:
    """The outcome of kills while it talks."""
    lost = sorted(age for toll in tolls for age in toll.lost_s)
    rows: Rows = {
        "kills": sum(t.kills for t in tolls),
        "lives that ended before their kill": sum(t.ended for t in tolls),
        "messages acknowledged": sum(t.acknowledged for t in tolls),
        "lost": 0,
        "twice": 0,
        "sessions": sum(t.sessions for t in tolls),
        "sessions that did not open": 0,
        "answers cut and kept as interrupted": sum(t.cut_answers for t in tolls),
    }
    if lost:
        ages = f"{median(lost):.2f} / {lost[int(len(lost) * 0.95)]:.2f} / {lost[-1]:.2f} s"
        rows["what a cut answer lost, in time: median / 95 % / most"] = ages
    return rows


def told_of_files(toll: FilesToll) -> Rows:
    """The outcome of kills while it goes back."""
    return {
        "kills while going back": toll.kills,
        "before a file was touched": toll.untouched,
        "in the middle: finished at the next start": toll.caught_up,
        "kills of that next start": toll.again,
        "after the last file": toll.done,
        "while the conversation alone went back": toll.moved,
        "folders between two states, states that nothing leads to": 0,
    }


def table(*parts: Rows) -> str:
    """All that was found as Markdown."""
    rows = {name: value for part in parts for name, value in part.items()}
    return "| | |\n|---|---|\n" + "".join(f"| {name} | {value} |\n" for name, value in rows.items())


def keep_part(name: str, rows: Rows) -> None:
    """Keep what a part found, and the table of the newest of both."""
    kept: dict[str, Rows] = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    kept[name] = rows
    RESULTS.mkdir(exist_ok=True)
    KEPT.write_text(json.dumps(kept, indent=1))
    keep("kills", table(*(kept.get(part, {}) for part in ("talking", "files"))))


def main() -> None:
    """Kill, check, and print the tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=1_000)
    parser.add_argument("--longest", type=float, default=4.0, help="seconds of the longest life")
    parser.add_argument("--going-back", type=int, default=100)
    parser.add_argument("--seed", type=int, default=None)
    asked = parser.parse_args()
    rng = random.Random(asked.seed)
    tolls: list[Toll] = []
    start = time.monotonic()
    while (done := sum(t.kills for t in tolls)) < asked.kills:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            lives = min(BATCH, asked.kills - done)
            tolls.append(kill_program(Path(folder), lives, rng, longest_s=asked.longest))
        print(f"{sum(t.kills for t in tolls)} kills, {time.monotonic() - start:.0f} s", flush=True)
    if tolls:
        print(table(told(tolls)), flush=True)
    if asked.kills >= parser.get_default("kills"):
        keep_part("talking", told(tolls))
    if asked.going_back:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            found = told_of_files(kill_going_back(Path(folder), asked.going_back, rng))
        print(table(found))
        if asked.going_back >= parser.get_default("going_back"):
            keep_part("files", found)


if __name__ == "__main__":
    main()
