"""Stores that are broken on purpose, in ways that disks, crashes and people break them.

`python -m tests.sessions.damaging 1000` damages that many stores and prints what was lost.
"""

from __future__ import annotations

import random
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from alloy_tui.domain.errors import StoreError
from alloy_tui.domain.messages import ChatMessage, ImageBlock, TextBlock, ToolResultBlock, user
from alloy_tui.sessions import moves
from alloy_tui.sessions.nodes import Answer, Entry, KnownNode, Lost, ToolResult, UserMessage
from alloy_tui.sessions.salvage import LOST, Report, salvage
from alloy_tui.sessions.sqlite import FILE, SqliteStore
from alloy_tui.sessions.words import words_of
from tests.sessions.conftest import Talk

PAGE = 4096
HARMS = (
    "flip a bit",
    "flip many bytes",
    "zero a page",
    "zero a page start",
    "garbage page",
    "swap two pages",
    "truncate",
    "truncate to nothing",
    "header",
    "torn log",
    "flipped log",
    "log gone",
    "stale log",
    "index file gone",
    "both files",
)


@dataclass
class Original:
    """A sound store, closed or as a crash leaves it, and what is in it."""

    folder: Path
    stale_log: bytes
    entries: dict[str, dict[str, Entry]]


def make_original(folder: Path) -> Original:
    """Five sessions; the later ones are in the log alone."""
    rng = random.Random(1)
    store = SqliteStore(folder / "live")
    stale = b""
    entries: dict[str, dict[str, Entry]] = {}
    for number in range(5):
        talk = Talk.begin(store, f"session{number}", title=f"title {number}")
        (opened,) = talk.store.read(talk.session, talk.tree.ids())
        kept = entries[talk.session] = {opened.id: opened}
        for count in range(40):
            entry = talk.put(_said(rng, f"{number}.{count}"))
            kept[entry.id] = entry
            if count % 9 == 8:
                to = rng.choice(talk.tree.path(talk.tree.leaf))
                move = talk.keep(moves.branch(talk.tree, to, talk.stamps()))
                kept[move.id] = move
        if number == 0:
            stale = (folder / "live" / f"{FILE}-wal").read_bytes()
        if number == 2:
            store.search("anything")
            store.close()  # what was said so far goes from the log into the file
            store = SqliteStore(folder / "live")
    shutil.copytree(folder / "live", folder / "original")
    store.close()
    return Original(folder / "original", stale, entries)


def _said(rng: random.Random, name: str) -> KnownNode:
    filling = " ".join(f"{rng.random():.6f}" for _ in range(rng.choice((3, 20, 900))))
    kind = rng.randrange(4)
    if kind == 0:
        return UserMessage(user(f"ask {name} {filling}", ImageBlock("image/png", name.encode())))
    if kind == 1:
        result = ToolResultBlock(name, (TextBlock(f"result {name} {filling}"),))
        return ToolResult(result, "read")
    said = (TextBlock(f"answer {name} {filling}"),)
    return Answer(ChatMessage("assistant", said, "s/m"), "s/m")


def harm(original: Original, target: Path, kind: str, rng: random.Random) -> None:
    """A copy of the store at `target`, with one thing wrong."""
    shutil.copytree(original.folder, target)
    main, log = target / FILE, target / f"{FILE}-wal"
    (target / f"{FILE}-shm").unlink(missing_ok=True)
    if kind == "both files":
        harm_bytes(main, "zero a page", rng)
        harm_bytes(log, "flip many bytes", rng)
    elif kind in ("torn log", "flipped log"):
        harm_bytes(log, "truncate" if kind == "torn log" else "flip many bytes", rng)
    elif kind == "log gone":
        log.unlink()
    elif kind == "stale log":
        log.write_bytes(original.stale_log)
    elif kind == "index file gone":
        for path in target.glob("search.db*"):
            path.unlink()
    else:
        harm_bytes(main, kind, rng)


def harm_bytes(path: Path, kind: str, rng: random.Random) -> None:
    """One thing wrong with the bytes of a file."""
    data = bytearray(path.read_bytes())
    page = rng.randrange(max(1, len(data) // PAGE)) * PAGE
    if kind == "flip a bit":
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    elif kind == "flip many bytes":
        start = rng.randrange(len(data))
        for place in range(start, min(start + 60, len(data))):
            data[place] ^= rng.randrange(256)
    elif kind == "zero a page":
        data[page : page + PAGE] = bytes(PAGE)
    elif kind == "zero a page start":
        data[page : page + 64] = bytes(64)
    elif kind == "garbage page":
        data[page : page + PAGE] = rng.randbytes(PAGE)
    elif kind == "swap two pages":
        other = rng.randrange(len(data) // PAGE) * PAGE
        one = data[page : page + PAGE]
        data[page : page + PAGE], data[other : other + PAGE] = data[other : other + PAGE], one
    elif kind == "truncate":
        del data[rng.randrange(len(data)) :]
    elif kind == "truncate to nothing":
        del data[rng.choice((0, 50, 512)) :]
    elif kind == "header":
        data[0:100] = rng.randbytes(100)
    path.write_bytes(data)


@dataclass
class Outcome:
    """How a damaged store fared: sessions hit, entries that could not be read before and after."""

    opened: bool
    hit: set[str]
    unread: int
    lost: int
    report: Report


def suffer(original: Original, target: Path, kind: str, rng: random.Random) -> Outcome:
    """Damage, read, repair, read again, write. Nothing but a StoreError may come of any of it."""
    harm(original, target, kind, rng)
    opened, hit, unread = True, set[str](), 0
    try:
        store = SqliteStore(target)
    except StoreError as error:
        if error.kind not in ("damaged", "io", "access"):
            raise
        opened = False
    else:
        try:
            hit, unread = _read_all(store, original)
        finally:
            store.close()
    report = salvage(target / FILE)
    store = SqliteStore(target)
    try:
        _, lost = _read_all(store, original)
        for info in store.sessions():
            store.search(info.title)
        talk = Talk.begin(store, f"after{rng.random()}")
        last = talk.ask("still alive")
        for name in original.entries:
            _go_on(store, name)
    finally:
        store.close()
    store = SqliteStore(target)
    try:
        assert store.read(talk.session, [last.id]) == (last,)
    finally:
        store.close()
    return Outcome(opened, hit, unread, lost, report)


def _go_on(store: SqliteStore, session: str) -> None:
    """A repaired session takes new messages, if anything is left of it."""
    if session not in {i.id for i in store.sessions()}:
        return
    token = store.claim(session).result().token
    assert token is not None
    talk = Talk(store, session, token, store.tree(session))
    last = talk.ask("going on")
    assert talk.tree.leaf == store.tree(session).leaf == last.id


def _read_all(store: SqliteStore, original: Original) -> tuple[set[str], int]:
    """Which sessions miss something, and how many entries; what is there must be true."""
    hit: set[str] = set()
    missing = 0
    store.sessions()
    store.spent()
    for name, entries in original.entries.items():
        try:
            tree = store.tree(name)
            found = {e.id: e for e in store.read(name, tree.ids())}
        except StoreError:
            found = {}
        for id_, entry in entries.items():
            kept = found.get(id_)
            if kept is None or isinstance(kept.node, Lost) or kept.node.kind == LOST:
                missing += 1
                hit.add(name)
            elif kept != entry:
                # Only the blobs of it may be gone, and then it says so.
                assert kept.parent == entry.parent
                assert "is lost.]" in words_of(kept.node), (kept, entry)
                hit.add(name)
    return hit, missing


def damage_many(folder: Path, count: int) -> tuple[int, int, int]:
    """How many stores did not open before their repair; entries unread before and after it."""
    unopened = unread = lost = 0
    original = make_original(folder)
    for number in range(count):
        rng = random.Random(number)
        target = folder / "target"
        outcome = suffer(original, target, HARMS[number % len(HARMS)], rng)
        unopened += not outcome.opened
        unread, lost = unread + outcome.unread, lost + outcome.lost
        shutil.rmtree(target)
    return unopened, unread, lost


def main() -> None:
    """As many damages as the command line says."""
    count = int(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        unopened, unread, lost = damage_many(Path(folder), count)
    print(f"{count} damages: {unopened} stores did not open before their repair, all did after;")
    print(f"{unread} entries could not be read before, {lost} after")


if __name__ == "__main__":
    main()
