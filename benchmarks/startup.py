"""How long the program takes to start, as a user feels it, in a real terminal.

Rows: the bare interpreter, `alloy --version`, importing the library, the first
screen, the first typed key on the screen. Medians of several runs; CPU
seconds and peak memory are the whole process's.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from tests.support.terminal import Terminal

RUNS = 7
ALLOY = str(Path(sys.executable).with_name("alloy"))


def _timed(argv: list[str]) -> tuple[float, float]:
    """Wall and CPU milliseconds of one run."""
    before, since = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(argv, check=True, capture_output=True)
    wall, after = time.perf_counter() - since, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall * 1000, cpu * 1000


def _first_screen() -> tuple[float, float, float, float]:
    """Milliseconds to the first screen and to an echoed key, CPU milliseconds, peak MB."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder, "s.json")
        script.write_text(json.dumps({"replies": [{"text": "hi"}]}))
        since = time.perf_counter()
        with Terminal(
            [ALLOY, "--model", f"scripted/{script}"],
            cwd=Path(folder),
            columns=120,
            rows=40,
            environment={"ALLOY_HOME": str(Path(folder, "home"))},
        ) as terminal:
            terminal.type("Q7Z")
            terminal.wait_for("scripted")
            screen = time.perf_counter() - since
            terminal.wait_for("Q7Z")
            key = time.perf_counter() - since
            pid = terminal.process.pid
            status = Path(f"/proc/{pid}/status").read_text()
            peak = int(status.partition("VmHWM:")[2].split()[0]) / 1024
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            cpu = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return screen * 1000, key * 1000, cpu * 1000, peak


def main() -> None:
    """Print the table."""
    rows: list[tuple[str, Callable[[], list[str]]]] = [
        ("python -c pass", lambda: [sys.executable, "-c", "pass"]),
        ("alloy --version", lambda: [ALLOY, "--version"]),
        ("import alloy_tui", lambda: [sys.executable, "-c", "import alloy_tui"]),
        ("import Agent", lambda: [sys.executable, "-c", "from alloy_tui import Agent"]),
    ]
    print(f"{'':24}{'wall ms':>10}{'CPU ms':>10}{'peak MB':>10}")
    for name, argv in rows:
        runs = [_timed(argv()) for _ in range(RUNS)]
        wall, cpu = (median(r[i] for r in runs) for i in (0, 1))
        print(f"{name:24}{wall:10.0f}{cpu:10.0f}")
    opened = [_first_screen() for _ in range(RUNS)]
    screen, key, cpu, peak = (median(r[i] for r in opened) for i in range(4))
    print(f"{'first screen':24}{screen:10.0f}{cpu:10.0f}{peak:10.0f}")
    print(f"{'first key echoed':24}{key:10.0f}")


if __name__ == "__main__":
    main()
