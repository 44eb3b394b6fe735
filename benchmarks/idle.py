"""What the program costs while nothing happens: CPU seconds and bytes written in 20 s.

python -m benchmarks idle [--seconds 20]
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from pathlib import Path

from benchmarks.startup import ALLOY
from tests.support.terminal import Terminal


def cpu_s(pid: int) -> float:
    """CPU seconds of all threads of a process, to the microsecond."""
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9


def main() -> None:
    """Print the line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks idle")
    parser.add_argument("--seconds", type=float, default=20)
    seconds = parser.parse_args().seconds
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder, "s.json")
        script.write_text(json.dumps({"replies": [{"text": "word " * 500}]}))
        home = {"ALLOY_HOME": str(Path(folder, "home"))}
        argv = [ALLOY, "--model", f"scripted/{script}"]
        with Terminal(argv, cwd=Path(folder), columns=120, rows=40, environment=home) as terminal:
            terminal.wait_for("ready")
            terminal.type("hello\r")
            terminal.wait_for("done")
            settled = time.monotonic() + 3
            while time.monotonic() < settled:
                terminal.pump()
            before, written = cpu_s(terminal.process.pid), len(terminal.record)
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                terminal.pump(0.5)
            cpu = cpu_s(terminal.process.pid) - before
            written = len(terminal.record) - written
    print(f"{seconds:g} s idle after an answer: {cpu:.4f} CPU s, {written} bytes written")


if __name__ == "__main__":
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    main()
