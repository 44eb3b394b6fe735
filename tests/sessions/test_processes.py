"""Real programs on one store: killed, side by side, and with a disk that fails."""

from __future__ import annotations

import random
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from alloy_tui.sessions.sqlite import SqliteStore
from tests.sessions.killing import ROOT, Told, check, kill_lives, nursery, side_by_side

needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")


def test_no_acknowledged_message_is_lost_to_a_kill(folder: Path) -> None:
    """40 kills at random moments: opening, streaming, storing, moving."""
    assert kill_lives(folder, 40, random.Random(4)) > 40


def test_two_programs_write_a_thousand_messages_each(folder: Path) -> None:
    """None is lost, and no program hears of a lock."""
    for life in side_by_side(folder, 1000).values():
        assert life.fails == []
        assert len(life.acks) > 1000


@pytest.mark.parametrize("seed", range(0, 24, 2))
def test_a_full_disk_is_told_and_outlived(folder: Path, seed: int) -> None:
    """A limit on the size of files stands for the disk; it falls once the program was told."""
    SqliteStore(folder).close()
    with nursery() as made:
        first = made.life(folder, "s", count=3)
        limit = (folder / "sessions.db").stat().st_size + 1000 * seed
        told = made.life(folder, "s", count=60, limit=limit)
    assert told.done, told.crashes
    assert told.fails, "the limit was never reached"
    assert all(fail.startswith(("full ", "io ")) for fail in told.fails), told.fails
    assert "nothing was stored" in told.fails[0]
    assert len(told.acks) > 20
    check(folder, "s", {*first.acks, *told.acks})


@needs_strace
@pytest.mark.parametrize("nth", [2, 4, 7, 11])
@pytest.mark.parametrize("error", ["EIO", "ENOSPC"])
@pytest.mark.parametrize("call", ["pwrite64", "fdatasync"])
def test_a_failing_disk_is_told_and_outlived(
    folder: Path, tmp_path: Path, call: str, error: str, nth: int
) -> None:
    """One call of the kernel fails; what was acknowledged before and after is there."""
    SqliteStore(folder).close()
    when = nth * (20 if call == "pwrite64" else 4)
    options = ["-e", f"inject={call}:error={error}:when={when}", "-e", f"trace={call}"]
    told = traced(folder, tmp_path, count=60, options=options)
    assert "(INJECTED)" in (tmp_path / "trace").read_text()
    assert told.done, told.crashes
    assert all(fail.startswith(("full ", "io ")) for fail in told.fails), told.fails
    check(folder, "s", set(told.acks))


@needs_strace
def test_every_acknowledgement_comes_after_its_sync(folder: Path, tmp_path: Path) -> None:
    """As the kernel saw it, 100 of 100: log written, log synced, then the word."""
    told = traced(
        folder, tmp_path, count=100, options=["-y", "-e", "trace=pwrite64,fdatasync,write"]
    )
    assert len(told.acks) >= 100
    acks, synced, written = 0, False, False
    for line in (tmp_path / "trace").read_text().splitlines():
        if "-wal>" in line and "pwrite64(" in line:
            written, synced = True, False
        elif re.search(r"fdatasync\(.*-wal>\)\s+= 0|fdatasync resumed>\)\s+= 0", line):
            synced = True
        elif "write(1" in line and '"ack ' in line:
            assert written, f"acknowledged without a write: {line}"
            assert synced, f"acknowledged before the sync: {line}"
            acks, written = acks + 1, False
    assert acks == len(told.acks)


def traced(folder: Path, tmp_path: Path, *, count: int, options: list[str]) -> Told:
    """One life under strace."""
    run = subprocess.run(
        [
            *("strace", "-f", "--seccomp-bpf", "-o", str(tmp_path / "trace"), *options),
            *(sys.executable, "-m", "tests.sessions.diligent"),
        ],
        cwd=ROOT,
        input=f"{folder} s {count} 0\n",
        capture_output=True,
        check=False,
        text=True,
        timeout=120,
    )
    if "PTRACE" in run.stderr or "Operation not permitted" in run.stderr:
        pytest.skip("this system does not let strace trace")
    told = Told()
    for line in run.stdout.splitlines():
        what, _, rest = line.partition(" ")
        if what in ("ack", "fail", "crash"):
            {"ack": told.acks, "fail": told.fails, "crash": told.crashes}[what].append(rest)
        told.done = told.done or what == "done"
    return told
