"""How long a stored session takes to open in the real program, and what it holds then.

    python -m benchmarks opening [--runs 3]

Sessions of 10,000 and 100,000 messages are stored, and `alloy --resume ID` is
started in a terminal, beside `alloy` with none. Usable is when the last message
stands on the screen and a letter typed then is echoed. What counts is the
difference to a start without a session: that is what opening costs.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from alloy_tui.runtime.session_folder import open_store
from alloy_tui.sessions import moves
from alloy_tui.sessions.ids import Stamps
from alloy_tui.sessions.nodes import Entry, Opened, entry_of
from alloy_tui.sessions.tree import SessionTree
from alloy_tui.settings.paths import Paths, locate
from benchmarks.idle import cpu_s
from benchmarks.keeping import keep
from benchmarks.sessions import said, texts
from tests.support.terminal import Terminal

SIZES = (10_000, 100_000)
_BATCH = 2_000
_LAST = "the very last words of all"
_MODEL = '{"replies": []}'


def store_session(paths: Paths, count: int, folder: Path) -> str:
    """A session of `count` messages in one line; returns its id."""
    store, stamps, words = open_store(paths), Stamps(), texts(count)
    session, first = stamps(), stamps()
    opened = entry_of(Opened(cwd=str(folder)), id=first.id, parent=None, at_ms=first.at_ms)
    tree, batch = SessionTree().add(opened), list[Entry]()
    token = store.create(session.id, [opened]).result()
    for number in range(count):
        text = _LAST if number == count - 1 else next(words)
        entry = moves.follow(tree, said(number, text), stamps())
        tree = tree.add(entry)
        batch.append(entry)
        if len(batch) == _BATCH or number == count - 1:
            store.append(session.id, batch, token).result()
            batch = []
    store.release(token).result()
    store.close()
    return session.id


def rss_mb(pid: int) -> float:
    """Resident memory in MB."""
    with Path(f"/proc/{pid}/status").open() as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024


def start(arguments: list[str], shown: str, folder: Path, home: Path) -> tuple[float, float, float]:
    """Seconds until `shown` stands there and a key is echoed, CPU seconds and MB then."""
    environment = {"ALLOY_HOME": str(home)}
    argv = [sys.executable, "-m", "alloy_tui", *arguments]
    since = time.perf_counter()
    with Terminal(argv, cwd=folder, columns=120, rows=40, environment=environment) as terminal:
        terminal.wait_for(shown)
        terminal.type("q")
        terminal.wait_for("❯ q")
        taken = time.perf_counter() - since
        figures = taken, cpu_s(terminal.process.pid), rss_mb(terminal.process.pid)
        terminal.type("\x15/quit\r")
        terminal.wait_exit()
    return figures


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    asked = parser.parse_args()
    # Whoever measures a start wants its byte code to be there.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    rows = [
        "| messages | usable after s | of it for the session s | CPU s | MB |",
        "|---|---|---|---|---|",
    ]
    with tempfile.TemporaryDirectory() as scratch:
        home, folder = Path(scratch, "home"), Path(scratch, "project")
        home.mkdir()
        folder.mkdir()
        script = folder / "script.json"
        script.write_text(_MODEL)
        paths = locate({"ALLOY_HOME": str(home)})
        model = ["--model", f"scripted/{script}"]
        start(model, "scripted", folder, home)  # writes the byte code
        sessions = [(0, ""), *((n, store_session(paths, n, folder)) for n in SIZES)]
        found: dict[int, list[tuple[float, float, float]]] = {n: [] for n, _ in sessions}
        for _ in range(asked.runs):
            for count, session in sessions:
                resume = ["--resume", session] if session else []
                shown = _LAST if session else "scripted"
                found[count].append(start([*model, *resume], shown, folder, home))
    plain = median(f[0] for f in found[0])
    for count, figures in found.items():
        taken, cpu, memory = (median(column) for column in zip(*figures, strict=True))
        rows.append(f"| {count:,} | {taken:.2f} | {taken - plain:.2f} | {cpu:.2f} | {memory:.0f} |")
    words = "\n".join(rows)
    print(words)
    keep("opening", words)


if __name__ == "__main__":
    main()
