"""A program that is killed while it restores: the next one brings it to its end."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from alloy_tui.workspace.journal import left_behind
from alloy_tui.workspace.restoring import catch_up, restore
from tests.workspace.conftest import Blobs, Desk, Tree

_CALLS = ("replace", "rename", "link", "unlink", "mkdir", "rmdir", "fsync", "fchmod", "symlink")


def before(desk: Desk) -> None:
    desk.write("changed", "one\n")
    desk.write("removed/deep/file", "two\n")
    desk.write("swapped", "a file\n")
    (desk.root / "link").symlink_to("changed")
    (desk.root / "run").write_text("#!")
    (desk.root / "run").chmod(0o755)


def after(desk: Desk) -> None:
    desk.write("changed", "1\n")
    (desk.root / "removed/deep/file").unlink()
    (desk.root / "removed/deep").rmdir()
    (desk.root / "swapped").unlink()
    desk.write("swapped/new", "now a folder\n")
    (desk.root / "link").unlink()
    (desk.root / "link").symlink_to("removed")
    (desk.root / "run").chmod(0o644)
    desk.write("made/new", "x")


def dying_at(step: int, work: Callable[[], Any]) -> bool:
    """Do `work` in a process that is killed at its `step`-th change; whether it came to its end."""
    child = os.fork()
    if child == 0:
        count = 0
        for name in _CALLS:
            real = getattr(os, name)

            def counted(*args: Any, real: Callable[..., Any] = real, **named: Any) -> Any:
                nonlocal count
                count += 1
                if count == step:
                    os.kill(os.getpid(), signal.SIGKILL)
                return real(*args, **named)

            setattr(os, name, counted)
        try:
            work()
        except BaseException:
            os._exit(3)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert not os.WIFEXITED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFEXITED(status)


def restarted(tmp: Path, blobs: Blobs, address: str | None, target: Tree, was: Tree) -> None:
    """What the next start of the program finds and does."""
    desk = Desk(tmp, blobs)
    desk.tracker.resume(address)
    reports = catch_up(desk.tracker, desk.journals)
    assert desk.tree() in ((target,) if reports else (was, target))  # or wholly done, or not begun
    assert all(not report.failed for report in reports)
    assert not catch_up(desk.tracker, desk.journals)
    assert not list(desk.journals.glob("*.restore"))
    desk.start()
    assert all(not tracked.others for tracked in desk.tracker.manifest.values()) or not reports
    desk.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_every_step_can_be_the_last(tmp_path: Path) -> None:
    step, ended, caught_up = 0, False, 0
    while not ended:
        step += 1
        folder = tmp_path / str(step)
        folder.mkdir()
        blobs = Blobs()
        desk = Desk(folder, blobs).start()
        address = desk.shell(lambda desk=desk: before(desk))
        target = desk.tree()
        now = desk.shell(lambda desk=desk: after(desk))
        plan, was = desk.plan(address), desk.tree()
        ended = dying_at(step, lambda d=desk, p=plan: restore(d.tracker, p, {}, d.journals))
        desk.close()
        caught_up += bool(list(desk.journals.glob("*.restore")))
        restarted(folder, blobs, now, target, target if ended else was)
    assert caught_up > 20


def test_a_restoring_that_is_under_way_is_left_to_its_program(desk: Desk) -> None:
    from alloy_tui.workspace import journal

    held = journal.begin(desk.journals, journal.planned(desk.root, "b", "t", ()))
    assert left_behind(desk.journals, desk.root) == []
    held.close()
    assert left_behind(desk.journals, desk.aside) == []
    (found,) = left_behind(desk.journals, desk.root)
    found.done()
    assert list(desk.journals.iterdir()) == []


def test_what_someone_did_since_the_kill_stays(desk: Desk, tmp_path: Path) -> None:
    desk.start()
    address = desk.shell(lambda: before(desk))
    desk.shell(lambda: after(desk))
    plan = desk.plan(address)
    # Some steps on: after the plan is written down, before the first file is whole.
    assert not dying_at(8, lambda: restore(desk.tracker, plan, {}, desk.journals))
    desk.write("changed", "by hand\n")
    (report,) = catch_up(desk.tracker, desk.journals)
    assert "changed" in dict(report.failed)
    assert desk.read("changed") == "by hand\n"
    assert report.before is not None


def test_a_journal_that_cannot_be_written_leaves_the_files_alone(desk: Desk) -> None:
    from alloy_tui.domain.errors import WorkspaceError

    desk.start()
    address = desk.shell(lambda: desk.write("a", "1"))
    desk.shell(lambda: desk.write("a", "2"))
    desk.journals.write_text("in the way")
    with pytest.raises(WorkspaceError, match="Nothing was restored"):
        desk.go(address)
    assert desk.read("a") == "2"
