"""Kills and faults at chosen calls to the kernel, by strace, and what must hold afterwards.

A `Scene` is a store in some state and a program of `turning` that works on it.
`attack` runs it once on a copy and strikes at one call; `check` then opens the
store as the next program would. strace counts calls per thread, so the n-th
call is struck in whichever thread comes to it first; the scenes are chosen so
that the threads take turns in being first.
"""

from __future__ import annotations

import itertools
import random
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from alloy_tui.domain.messages import user
from alloy_tui.sessions.connecting import connect
from alloy_tui.sessions.live import LiveSession
from alloy_tui.sessions.nodes import Opened, UserMessage
from alloy_tui.sessions.salvage import salvage
from alloy_tui.sessions.sqlite import FILE, SqliteStore
from alloy_tui.sessions.words import words_of
from tests.sessions.turning import later_version

ROOT = Path(__file__).resolve().parents[2]
WRITES = ("pwrite64", "write,copy_file_range,sendfile", "ftruncate")
SYNCS = ("fdatasync", "fsync")
NAMES = ("rename,renameat,renameat2", "unlink,unlinkat")
CALLS = (*WRITES, *SYNCS, *NAMES)
# What fails in turn: (what of a scene, call, which one); "+" is from there on, until the end.
FAULTS = (
    *(("turns", "pwrite64", nth) for nth in ("2", "9", "60", "333", "800", "150+")),
    *(("turns", "fdatasync", nth) for nth in ("1", "3", "30", "77", "20+")),
    *(("migrate", "pwrite64", nth) for nth in ("1", "20", "50")),
    *(("migrate", call, "1") for call in ("fdatasync", "fsync")),
    *(("repair", "pwrite64", nth) for nth in ("1", "33")),
    *(("repair", call, "1") for call in ("fdatasync", "fsync", NAMES[0])),
)
ERRORS = ("EIO", "ENOSPC")
_PAGE = 4096


class NoTracingError(Exception):
    """This system does not let strace trace, or has none."""


@dataclass
class Told:
    """What one run said, and whether it was killed before its end."""

    session: str = ""
    acks: list[str] = field(default_factory=list)
    blobs: list[str] = field(default_factory=list)
    fails: list[str] = field(default_factory=list)
    done: bool = False
    struck: bool = False
    complaints: str = ""


@dataclass(frozen=True)
class Scene:
    """`what` of `turning` on a copy of `template` (None: on nothing)."""

    name: str
    what: str
    count: int = 0
    template: Path | None = None
    later: bool = False
    calls: tuple[str, ...] = CALLS
    before: frozenset[str] = frozenset()
    """The entries that were there before and must be there after."""


def attack(scene: Scene, folder: Path, call: str, nth: str, deed: str) -> Told:
    """Run the scene in `folder`, which must not exist, and strike; raises `NoTracingError`.

    `deed` is what strace injects, such as `signal=KILL` or `error=EIO`.
    """
    if scene.template is not None:
        shutil.copytree(scene.template, folder)
    return traced(scene, folder, ["-e", f"inject={call}:{deed}:when={nth}"], call)


def traced(scene: Scene, folder: Path, options: list[str], calls: str) -> Told:
    """Run the scene under strace; its quick way (`--seccomp-bpf`) would deliver no signals."""
    if shutil.which("strace") is None:
        raise NoTracingError("strace is not installed")
    trace = folder.with_name(f"{folder.name}.trace")
    ours = [sys.executable, "-m", "tests.sessions.turning"]
    run = subprocess.run(
        [
            *("strace", "-f", "-o", str(trace), "-e", f"trace={calls}"),
            *(*options, *ours, scene.what, str(folder), str(scene.count)),
        ],
        cwd=ROOT,
        capture_output=True,
        check=False,
        text=True,
        timeout=120,
    )
    if "PTRACE" in run.stderr or "Operation not permitted" in run.stderr:
        raise NoTracingError("this system does not let strace trace")
    told = Told(complaints=run.stderr)
    for line in run.stdout.splitlines():
        what, _, rest = line.partition(" ")
        if what == "session":
            told.session = rest
        elif what in ("ack", "blob", "fail"):
            {"ack": told.acks, "blob": told.blobs, "fail": told.fails}[what].append(rest)
        told.done = told.done or what == "done"
    seen = trace.read_text(errors="replace")
    told.struck = "killed by SIGKILL" in seen or "(INJECTED)" in seen
    return told


def check(scene: Scene, folder: Path, told: Told) -> None:
    """All that was acknowledged is there, once, and the store goes on. Raises AssertionError."""
    if not (folder / FILE).exists():
        assert not told.acks
        assert scene.template is None, "the store is gone"
        return
    with ExitStack() as stack:
        if scene.later:
            stack.enter_context(later_version())
        if scene.what == "repair":
            salvage(folder / FILE)
        store = SqliteStore(folder)
        stack.callback(store.close)
        assert store.kept is None, "a kill was taken for damage"
        wanted = {*told.acks, *scene.before}
        for info in store.sessions():
            tree = store.tree(info.id)
            said = [words_of(e.node) for e in store.read(info.id, tree.ids()) if not e.mark]
            assert len(said) == len(set(said)), "a message is there twice"
            wanted -= set(tree.ids())
            live = LiveSession.open(store, info.id)
            assert live.writable, "the dead still own the session"
            assert store.partials(info.id) == ()
            live.say(UserMessage(user(f"and on {secrets.token_hex(4)}")))[1].result()
        assert not wanted, f"lost: {wanted}"
        assert not [b for b in told.blobs if store.blob(b) is None], "a blob is lost"
    for copy in folder.glob("sessions.v*.db"):
        with closing(connect(copy)) as connection:
            found = connection.execute("SELECT count(*) FROM entries").fetchone()[0]
            assert found == len(scene.before), "the copy before the migration is not whole"


def scenes(folder: Path, turns: int) -> list[Scene]:
    """What is attacked: every way in which a store is written."""
    folder.mkdir(parents=True, exist_ok=True)

    def made(name: str, change: Callable[[Path], Any]) -> Path:
        path = folder / name
        if (folder / "closed").exists():
            shutil.copytree(folder / "closed", path)
        change(path)
        return path

    def say(path: Path, count: int) -> set[str]:
        command = [sys.executable, "-m", "tests.sessions.turning", "turns", str(path), str(count)]
        out = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
        assert "\nfail" not in out
        return _ids(path)

    closed = made("closed", lambda path: say(path, 12))
    before = frozenset(_ids(closed))
    # As a program leaves it that was killed: the last turns are in the log only.
    dead = made("dead", lambda _: None)
    killed = ["-e", "inject=fdatasync:signal=KILL:when=20"]
    told = traced(Scene("", "turns", 4), dead, killed, "fdatasync")
    broken = made("broken", _zero_a_page)
    shutil.copytree(broken, folder / "mended")
    salvage(folder / "mended" / FILE)
    saved = frozenset(_ids(folder / "mended"))
    return [
        Scene("a first conversation", "turns", turns),
        Scene("a conversation goes on", "turns", turns, closed, before=before),
        Scene("opened after a kill", "visit", 0, dead, before=before | set(told.acks)),
        Scene("a later version opens it", "migrate", 0, closed, later=True, before=before),
        Scene("a repair", "repair", 0, broken, before=saved),
    ]


def _zero_a_page(folder: Path) -> None:
    path = folder / FILE
    data = bytearray(path.read_bytes())
    place = len(data) // _PAGE // 2 * _PAGE
    data[place : place + _PAGE] = bytes(_PAGE)
    path.write_bytes(data)


def _ids(folder: Path) -> set[str]:
    store = SqliteStore(folder)
    try:
        return {id_ for info in store.sessions() for id_ in store.tree(info.id).ids()}
    finally:
        store.close()


def large_older_store(folder: Path, nodes: int) -> Scene:
    """A store so large that a migration takes a while."""
    store = SqliteStore(folder)
    live = LiveSession.begin(store, Opened("large"))
    futures = [live.say(UserMessage(user(f"number {n} " + "x" * 300)))[1] for n in range(nodes)]
    for future in futures:
        future.result()
    store.close()
    return Scene("migration", "migrate", 0, folder, later=True, before=frozenset(_ids(folder)))


def kill_migrations(scene: Scene, scratch: Path, lives: int, rng: random.Random) -> int:
    """Kill migrations at random moments and check each time; returns how many were not done."""
    longest, unfinished = 0.0, 0
    for number in range(lives + 1):
        folder = scratch / "target"
        assert scene.template is not None
        shutil.copytree(scene.template, folder)
        with subprocess.Popen(
            [sys.executable, "-m", "tests.sessions.turning", "migrate", str(folder), "0"],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None
            process.stdout.readline()
            start = time.monotonic()
            if number:  # the first one shows how long it takes
                time.sleep(rng.uniform(0, longest))
                process.kill()
            done = "done" in process.stdout.read()
        longest = longest or time.monotonic() - start
        unfinished += not done
        check(scene, folder, Told())
        shutil.rmtree(folder)
    return unfinished


def kills(scene: Scene, scratch: Path, call: str, at: Iterable[int] | None = None) -> Iterator[int]:
    """Kill at each of these calls, or those numbered so; yields what was acknowledged."""
    for nth in itertools.count(1) if at is None else at:
        folder = scratch / f"{scene.what}-{call.partition(',')[0]}-{nth}"
        told = attack(scene, folder, call, str(nth), "signal=KILL")
        if not told.struck:
            assert told.done, told.complaints
            shutil.rmtree(folder, ignore_errors=True)
            return
        try:
            check(scene, folder, told)
        except Exception as error:
            raise AssertionError(f"{scene.name}, {call} number {nth}: {error!r}") from error
        shutil.rmtree(folder, ignore_errors=True)
        yield len(told.acks)


def fault(scene: Scene, scratch: Path, call: str, nth: str, error: str) -> Told:
    """Let calls fail, and check that nothing was acknowledged that is not there."""
    folder = scratch / f"{scene.what}-{call.partition(',')[0]}-{nth.rstrip('+')}-{error}"
    told = attack(scene, folder, call, nth, f"error={error}")
    assert told.done, told.complaints
    assert "Traceback" not in told.complaints, told.complaints
    assert all(fail.startswith(("full ", "io ")) for fail in told.fails), told.fails
    try:
        check(scene, folder, told)
    except Exception as wrong:
        raise AssertionError(f"{scene.name}, {call} number {nth} {error}: {wrong!r}") from wrong
    shutil.rmtree(folder, ignore_errors=True)
    return told
