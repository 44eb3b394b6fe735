"""What sessions cost: to keep a message, to open, to branch, to switch, to find.

    python -m benchmarks.sessions                 about a minute
    python -m benchmarks.sessions --messages 1000000    the search that the promise is about
    python -m benchmarks.sessions --walk 10000    random steps against a plain tree

Wall-clock times on a real disk, syncs included; medians unless said otherwise. The
cost against the size also goes to benchmarks/results/sessions.md and .svg.
"""

from __future__ import annotations

import argparse
import itertools
import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median

from alloy_tui.domain.messages import ChatMessage, TextBlock, user
from alloy_tui.domain.usage import TokenUsage
from alloy_tui.sessions import moves
from alloy_tui.sessions.ids import Stamps
from alloy_tui.sessions.nodes import Answer, Entry, KnownNode, Opened, UserMessage, entry_of
from alloy_tui.sessions.sqlite import SqliteStore
from alloy_tui.sessions.tree import SessionTree
from alloy_tui.sessions.view import view
from benchmarks.plot import lines
from tests.sessions.walking import Walk

SIZES = (1_000, 10_000, 100_000)
_BATCH = 2_000
RESULTS = Path(__file__).parent / "results"


def ms(work: Callable[[], object], times: int = 5) -> float:
    """Median milliseconds."""
    found: list[float] = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        found.append((time.perf_counter() - start) * 1000)
    return median(found)


def texts(seed: int) -> Iterator[str]:
    """Messages of words as unevenly frequent as those of a language."""
    rng = random.Random(seed)
    words = ["".join(rng.choices("etaoinshrdlu", k=rng.randint(2, 10))) for _ in range(50_000)]
    weights = list(itertools.accumulate(1 / (n + 1) for n in range(len(words))))
    pool = rng.choices(words, cum_weights=weights, k=1_000_000)
    while True:
        start, length = rng.randrange(len(pool) - 60), rng.randint(5, 40)
        yield " ".join(pool[start : start + length])


def said(number: int, text: str) -> KnownNode:
    """Questions and answers by turns."""
    if number % 2 == 0:
        return UserMessage(user(text))
    usage = TokenUsage(input=900, output=80)
    return Answer(ChatMessage("assistant", (TextBlock(text),), "s/m"), "s/m", usage, 0.01)


def begin(store: SqliteStore, stamps: Stamps, session: str) -> tuple[SessionTree, str]:
    """A new session."""
    stamp = stamps()
    opened = entry_of(Opened(session), id=stamp.id, parent=None, at_ms=stamp.at_ms)
    return SessionTree().add(opened), store.create(session, [opened]).result()


def fill(store: SqliteStore, session: str, count: int, words: Iterator[str]) -> str:
    """A session of so many nodes, with a branch every 50 of them; returns its token."""
    stamps, rng = Stamps(), random.Random(count)
    tree, token = begin(store, stamps, session)
    batch: list[Entry] = []
    while len(tree) < count:
        if len(tree) % 50 == 49 and tree.leaf is not None:
            back = tree.leaf
            for _ in range(rng.randrange(40)):
                back = tree.parent(back) or back
            entry = moves.branch(tree, back, stamps())
        else:
            entry = moves.follow(tree, said(len(tree), next(words)), stamps())
        tree = tree.add(entry)
        batch.append(entry)
        if len(batch) == _BATCH or len(tree) == count:
            store.append(session, batch, token).result()
            batch = []
    return token


def appending(folder: Path) -> None:
    """One message at a time, each waited for."""
    stamps, words = Stamps(), texts(1)
    store = SqliteStore(folder)
    tree, token = begin(store, stamps, "s")
    times: list[float] = []
    for number in range(1_000):
        entry = moves.follow(tree, said(number, next(words)), stamps())
        start = time.perf_counter()
        store.append("s", [entry], token).result()
        times.append((time.perf_counter() - start) * 1000)
        tree = tree.add(entry)
    store.close()
    times.sort()
    with (folder / "bare").open("wb", buffering=0) as file:

        def bare() -> None:
            file.write(bytes(4096))
            os.fdatasync(file.fileno())

        sync = ms(bare, 200)
    print(f"append, sync included   median {median(times):.2f} ms   95 % {times[950]:.2f} ms")
    print(f"a bare 4 kB write and sync on this disk      {sync:.2f} ms")


def growing(folder: Path) -> None:
    """The cost of everything against the size of the session."""
    words = texts(2)
    names = ("append", "open", "search", "switch", "branch", "path")
    table: list[tuple[int, tuple[float, ...]]] = []
    print(f"\n{'nodes':>9}" + "".join(f"{name:>9}" for name in names) + "   (ms)")
    for size in SIZES:
        store = SqliteStore(folder / str(size))
        fill(store, "s", size, words)
        store.close()
        visit = Visit(SqliteStore(folder / str(size)))
        visit.store.search("settle")  # let the index catch up: it shares the interpreter
        costs = (
            ms(visit.say, 200),
            ms(lambda: visit.store.tree("s")),  # noqa: B023 -- used at once
            ms(visit.search, 25),
            ms(visit.switch, 25),
            ms(visit.branch, 25),
            ms(lambda: visit.tree.path(visit.tree.leaf)),  # noqa: B023 -- likewise
        )
        table.append((size, costs))
        print(f"{size:9}" + "".join(f"{cost:9.2f}" for cost in costs))
        if size == SIZES[1]:
            tree, read = visit.tree, visit.store.read
            whole = ms(lambda: view(tree, lambda n: read("s", n), tree.leaf))  # noqa: B023 -- likewise
            print(f"{'':9}view of {len(tree.path(tree.leaf))} messages: {whole:.0f} ms")
        visit.store.close()
    report(names, table)


def report(names: Sequence[str], table: Sequence[tuple[int, tuple[float, ...]]]) -> None:
    """The table as Markdown and the plot as SVG, in benchmarks/results/."""
    rows = [f"| {size:,} | " + " | ".join(f"{c:.2f}" for c in costs) for size, costs in table]
    head = f"| nodes | {' ms | '.join(names)} ms |\n|{'---|' * (len(names) + 1)}\n"
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "sessions.md").write_text(head + "".join(f"{row} |\n" for row in rows))
    series = [
        (name, [(float(size), costs[n]) for size, costs in table])
        for n, name in enumerate(names[:4])
    ]
    plot = lines("What a session costs, by its size", "nodes in the session", "ms (median)", series)
    (RESULTS / "sessions.svg").write_text(plot)


class Visit:
    """A filled session and what a person does to it."""

    def __init__(self, store: SqliteStore) -> None:
        self.store = store
        self.token = store.claim("s").result().token or ""
        self.tree, self.stamps, self.rng = store.tree("s"), Stamps(), random.Random(3)
        self.users = self.tree.of_kind("user")
        self.texts, self.count = texts(5), 0

    def say(self) -> None:
        """One message after the leaf, on disk."""
        self.count += 1
        node = said(self.count, next(self.texts))
        self._keep(moves.follow(self.tree, node, self.stamps()))

    def search(self) -> None:
        """A word of some message, as rare or common as it happens to be."""
        self.store.search(f"{next(self.texts).split()[0]} ")

    def branch(self) -> None:
        """Let the next message follow an old one."""
        self._keep(moves.branch(self.tree, self.rng.choice(self.users), self.stamps()))

    def switch(self) -> None:
        """Go to a branch's end and read what a screen shows of it."""
        self._keep(moves.switch(self.tree, self.rng.choice(self.users), self.stamps()))
        self.store.read("s", self.tree.path(self.tree.leaf)[-100:])

    def _keep(self, entry: Entry) -> None:
        self.store.append("s", [entry], self.token).result()
        self.tree = self.tree.add(entry)


def finding(folder: Path, count: int) -> None:
    """Searches over many sessions of a thousand messages each."""
    words = texts(4)
    store = SqliteStore(folder)
    start = time.perf_counter()
    for number in range(max(1, count // 1_000)):
        fill(store, f"s{number}", min(count, 1_000), words)
    filled = time.perf_counter() - start
    store.search("settle")
    indexed = time.perf_counter() - start
    common = next(texts(4)).split()
    rare = [w for w in next(itertools.islice(texts(4), 99, None)).split() if len(w) > 7]
    print(f"\n{count} messages stored in {filled:.0f} s, indexed after {indexed:.0f} s")
    queries = {
        "a common word": f"{common[0]} ",
        "two common words": f"{common[0]} {common[1]} ",
        "a rare word": f"{rare[0]} ",
        "rare and common": f"{rare[0]} {common[0]} ",
        "unfinished, 3 letters": rare[0][:3],
        "unfinished, 5 letters": rare[0][:5],
        "words side by side": f'"{common[0]} {common[1]}"',
        "a word that is not there": "xylophone ",
        "in one session": f"{common[0]} ",
    }
    for name, query in queries.items():
        session = "s0" if name == "in one session" else None
        taken = ms(lambda: store.search(query, session=session), 7)  # noqa: B023 -- used at once
        hits = len(store.search(query, session=session))
        print(f"{name:26}{taken:7.1f} ms   {hits} shown")
    sizes = {p.name: p.stat().st_size / 1e6 for p in sorted(folder.glob("*.db"))}
    print("  ".join(f"{name} {size:.0f} MB" for name, size in sizes.items()))
    store.close()


def walk_along(folder: Path, steps: int) -> float:
    """Random steps on a store and on a plain tree, reopened every 50; returns the seconds."""
    store = SqliteStore(folder)
    walk = Walk(random.Random(steps), store)
    start = time.perf_counter()
    for number in range(steps):
        walk.step()
        if number % 50 == 49:
            store.close()
            store = SqliteStore(folder)
            walk.reopen(store)
            walk.check()
    store.close()
    return time.perf_counter() - start


def walking(folder: Path, steps: int) -> None:
    """The same, with a line about it."""
    taken = walk_along(folder, steps)
    print(f"{steps} random steps, reopened {steps // 50} times: 0 differences ({taken:.0f} s)")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--walk", type=int, default=0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if asked.walk:
            walking(folder / "walk", asked.walk)
            return
        appending(folder / "append")
        growing(folder / "grow")
        finding(folder / "find", asked.messages)


if __name__ == "__main__":
    main()
