"""Kills a writing program again and again, and checks that nothing it acknowledged is lost.

`python -m tests.sessions.killing 1000` runs that many lives and prints the sum.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from alloy_tui.sessions.sqlite import SqliteStore
from alloy_tui.sessions.words import words_of

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Told:
    """What one life said."""

    acks: list[str] = field(default_factory=list)
    fails: list[str] = field(default_factory=list)
    crashes: list[str] = field(default_factory=list)
    done: bool = False


class Nursery:
    """The program that bears writers."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def life(
        self,
        folder: Path,
        session: str,
        *,
        count: int = 10_000,
        limit: int = 0,
        kill_after_s: float | None = None,
    ) -> Told:
        """One life, ended by a kill after that many seconds, or by itself."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{folder} {session} {count} {limit}\n")
        self._process.stdin.flush()
        told, timer = Told(), None
        for line in self._process.stdout:
            what, _, rest = line.rstrip("\n").partition(" ")
            if what == "born" and kill_after_s is not None:
                timer = threading.Timer(kill_after_s, os.kill, (int(rest), signal.SIGKILL))
                timer.start()
            elif what == "ack":
                told.acks.append(rest)
            elif what == "fail":
                told.fails.append(rest)
            elif what == "crash":
                told.crashes.append(rest)
            elif what == "done":
                told.done = True
            elif what == "gone":
                break
        if timer is not None:
            timer.join()
        return told


@contextmanager
def nursery() -> Iterator[Nursery]:
    """A nursery that ends with the block."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.sessions.diligent"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        yield Nursery(process)


def check(folder: Path, session: str, acked: set[str]) -> None:
    """Everything acknowledged is there, once, and the session can be written."""
    store = SqliteStore(folder)
    try:
        assert store.kept is None, "a kill was taken for damage"
        if not acked and not store.sessions():
            return
        tree = store.tree(session)
        assert acked <= set(tree.ids()), f"lost: {acked - set(tree.ids())}"
        entries = store.read(session, tree.ids())
        said = [w for e in entries if (w := words_of(e.node)) and not e.mark]
        assert len(said) == len(set(said)), "a message is there twice"
        claim = store.claim(session).result()
        assert claim.token is not None, "the dead still own the session"
        assert store.partials(session) == ()
    finally:
        store.close()


def kill_lives(folder: Path, lives: int, rng: random.Random) -> int:
    """Kill that many writers, checking after each; returns how many messages were acknowledged."""
    acked: set[str] = set()
    total = 0
    with nursery() as made:
        for number in range(lives):
            # A new store now and then, so that its making is interrupted as well.
            generation = folder / str(number // 10)
            if number % 10 == 0:
                acked = set()
            told = made.life(generation, "s", kill_after_s=rng.uniform(0.001, 0.12))
            assert not told.crashes, told.crashes
            acked.update(told.acks)
            total += len(told.acks)
            check(generation, "s", acked)
    return total


def side_by_side(folder: Path, count: int) -> dict[str, Told]:
    """Two programs that each write so many messages to one store; what each session's said."""
    SqliteStore(folder).close()
    told: dict[str, Told] = {}

    def run(session: str) -> None:
        with nursery() as made:
            told[session] = made.life(folder, session, count=count)

    threads = [threading.Thread(target=run, args=(s,)) for s in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for session, life in told.items():
        assert life.done, life.crashes
        check(folder, session, set(life.acks))
    return told


def main() -> None:
    """As many lives as the command line says."""
    lives = int(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        total = kill_lives(Path(folder), lives, random.Random())
    print(f"{lives} kills, {total} messages acknowledged, 0 lost, 0 twice, 0 sessions that fail")


if __name__ == "__main__":
    main()
