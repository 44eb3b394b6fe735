"""The real program killed with SIGKILL at random moments, and what its store holds afterwards.

    python -m benchmarks kills                 1,000 kills, about an hour
    python -m benchmarks kills --kills 50      fewer
    python -m benchmarks kills --seed 7        the same moments again, as far as a clock allows

Three of four lives are `alloy run`, in new, old and branched sessions; the fourth is
the full screen in a terminal, killed while it starts, is typed into, streams or runs
a tool. What a request held that reached the model server counts as acknowledged. The
first message that is lost, twice or unreadable ends it with an error. The table goes
to benchmarks/results/kills.md when all were done.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from pathlib import Path
from statistics import median

from tests.sessions.real_program import Toll, kill_program

RESULTS = Path(__file__).parent / "results" / "kills.md"
BATCH = 25


def table(tolls: list[Toll]) -> str:
    """The outcome as Markdown."""
    lost = sorted(age for toll in tolls for age in toll.lost_s)
    rows = {
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
    return "| | |\n|---|---|\n" + "".join(f"| {name} | {value} |\n" for name, value in rows.items())


def main() -> None:
    """Kill, check, and print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=1_000)
    parser.add_argument("--longest", type=float, default=4.0, help="seconds of the longest life")
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
    found = table(tolls)
    print(found)
    if asked.kills >= 1_000:
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(found)


if __name__ == "__main__":
    main()
