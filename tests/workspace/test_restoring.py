"""Going back: plan, preview, choices, and what is told afterwards."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from alloy_tui.domain.errors import WorkspaceError
from alloy_tui.workspace import planning
from alloy_tui.workspace.states import Folder
from alloy_tui.workspace.tracker import Limits
from tests.workspace.conftest import Blobs, Desk


def failures(report: object) -> dict[str, str]:
    return dict(getattr(report, "failed", ()))


def test_going_back_and_forth_brings_every_tree_back(desk: Desk) -> None:
    desk.write("a.txt", "a\n")
    desk.write("run", "#!/bin/sh\n")
    desk.start()
    trees, addresses = list[object](), list[str | None]()

    def first() -> None:
        desk.write("a.txt", "a\nb\n")
        desk.write("new/deep/c.txt", "c")
        (desk.root / "run").chmod(0o700)
        (desk.root / "link").symlink_to("a.txt")

    def second() -> None:
        (desk.root / "a.txt").unlink()
        desk.write("a.txt/inside", "folder now")
        (desk.root / "link").unlink()
        (desk.root / "new/deep/c.txt").rename(desk.root / "C.TXT")
        (desk.root / "new/deep").rmdir()
        (desk.root / "new").chmod(0o750)

    for work in (first, second):
        addresses.append(desk.shell(work))
        trees.append(desk.tree())
    for number in (0, 1, 0, 1):
        report = desk.go(addresses[number])
        assert not report.failed
        assert desk.tree() == trees[number]


def test_a_path_touched_only_later_goes_back_to_what_was_there_before(desk: Desk) -> None:
    desk.write("b.txt", "old")
    desk.start()
    address = desk.shell(lambda: desk.write("a.txt", "1"))
    desk.shell(lambda: (desk.write("b.txt", "new"), desk.write("c.txt", "new")))
    desk.go(address)
    assert desk.read("b.txt") == "old"
    assert not (desk.root / "c.txt").exists()


def test_what_was_there_before_can_be_gone_back_to(desk: Desk) -> None:
    desk.start()
    address = desk.shell(lambda: desk.write("a.txt", "1"))
    desk.shell(lambda: desk.write("a.txt", "2"))
    before = desk.go(address).before
    assert desk.read("a.txt") == "1"
    desk.go(before)
    assert desk.read("a.txt") == "2"


def test_a_preview_counts_lines_and_shows_the_difference(desk: Desk) -> None:
    desk.start()
    address = desk.shell(lambda: desk.write("a.txt", "one\ntwo\nthree\n"))
    desk.shell(lambda: (desk.write("a.txt", "one\n2\nthree\n"), desk.write("b", b"\0")))
    plan = desk.plan(address)
    text, binary = plan.changes
    assert (text.path, text.verb, text.added, text.removed) == ("a.txt", "replace", 1, 1)
    assert planning.difference(text, desk.blobs.blob).splitlines()[2:4] == ["-2", "+two"]
    assert (binary.verb, binary.added) == ("delete", None)
    assert not plan.conflicts


def test_a_change_by_someone_else_stays_unless_it_is_chosen(desk: Desk) -> None:
    desk.start()
    address = desk.shell(lambda: desk.write("a.txt", "1\n"))
    desk.shell(lambda: desk.write("a.txt", "2\n"))
    desk.write("a.txt", "3\n")
    (change,) = desk.plan(address).conflicts
    assert change.conflict == "someone else has changed it since"
    report = desk.go(address)
    assert (report.kept, desk.read("a.txt")) == (("a.txt",), "3\n")
    desk.go(address, a_txt="overwrite")
    assert desk.read("a.txt") == "1\n"
    desk.go(report.before, a_txt="overwrite")
    assert desk.read("a.txt") == "3\n"


def test_a_merge_takes_back_the_sessions_lines_and_leaves_the_others(desk: Desk) -> None:
    desk.start()
    lines = [f"line {number}\n" for number in range(9)]
    address = desk.shell(lambda: desk.write("a.txt", "".join(lines)))
    lines[1] = "by the session\n"
    desk.shell(lambda: desk.write("a.txt", "".join(lines)))
    lines[7] = "by someone else\n"
    desk.write("a.txt", "".join(lines))
    (change,) = desk.plan(address).conflicts
    assert change.choices == ("keep", "overwrite", "merge")
    assert change.merged is not None
    assert change.merged.conflicts == 0
    desk.go(address, a_txt="merge")
    lines[1] = "line 1\n"
    assert desk.read("a.txt") == "".join(lines)


def test_binary_files_are_not_merged(desk: Desk) -> None:
    desk.start()
    address = desk.shell(lambda: desk.write("a", b"\0one"))
    desk.shell(lambda: desk.write("a", b"\0two"))
    desk.write("a", b"\0six")
    (change,) = desk.plan(address).conflicts
    assert change.choices == ("keep", "overwrite")
    with pytest.raises(WorkspaceError, match="a cannot be restored by merge"):
        desk.go(address, a="merge")


def test_what_changed_after_the_preview_stays(desk: Desk) -> None:
    from alloy_tui.workspace.restoring import restore

    desk.start()
    address = desk.shell(lambda: desk.write("a.txt", "1"))
    desk.shell(lambda: (desk.write("a.txt", "2"), desk.write("b.txt", "2")))
    plan = desk.plan(address)
    desk.write("a.txt", "3")
    report = restore(desk.tracker, plan, {}, desk.journals)
    assert "changed since the preview" in failures(report)["a.txt"]
    assert (report.restored, desk.read("a.txt")) == (("b.txt",), "3")


def test_nothing_is_written_through_a_link_that_leads_out(desk: Desk) -> None:
    outside = desk.aside / "outside"
    outside.mkdir()
    (outside / "a.txt").write_text("precious")
    desk.start()
    address = desk.shell(lambda: desk.write("in/a.txt", "1"))
    desk.shell(lambda: desk.write("in/a.txt", "2"))
    plan = desk.plan(address)
    (desk.root / "in/a.txt").unlink()
    (desk.root / "in").rmdir()
    (desk.root / "in").symlink_to(outside)
    from alloy_tui.workspace.restoring import restore

    report = restore(desk.tracker, plan, {"in/a.txt": "overwrite"}, desk.journals)
    assert failures(report).keys() == {"in/a.txt"}
    assert list(outside.iterdir()) == [outside / "a.txt"]
    assert (outside / "a.txt").read_text() == "precious"


def test_a_hard_link_from_outside_is_not_written_through(desk: Desk) -> None:
    outside = desk.aside / "outside.txt"
    desk.start()
    address = desk.shell(lambda: desk.write("a.txt", "1"))
    desk.shell(lambda: desk.write("a.txt", "2"))
    outside.hardlink_to(desk.root / "a.txt")
    report = desk.go(address)
    assert (desk.read("a.txt"), outside.read_text()) == ("1", "2")
    assert report.notes == ("a.txt had other names (hard links); those stay as they are.",)


def test_what_cannot_be_put_back_is_said(tmp_path: Path, blobs: Blobs) -> None:
    desk = Desk(tmp_path, blobs, Limits(largest=10))
    desk.write("large", "x" * 11)
    desk.start()
    os.mkfifo(desk.root / "pipe")
    address = desk.shell(lambda: desk.write("a", "1"))

    def work() -> None:
        desk.write("large", "small")
        desk.write("a", "2")
        (desk.root / "pipe").unlink()
        desk.write("pipe", "no pipe")

    desk.shell(work)
    report = desk.go(address)
    assert failures(report) == {
        "large": "what stood there cannot be put back: it is too large to be kept",
        "pipe": "a named pipe stood there, and that is not made anew",
    }
    assert (report.restored, desk.read("large")) == (("a",), "small")
    desk.close()


def test_a_file_that_could_not_be_brought_back_is_not_removed_unasked(
    tmp_path: Path, blobs: Blobs
) -> None:
    desk = Desk(tmp_path, blobs, Limits(largest=10)).start()
    address = desk.shell(lambda: desk.write("a", "1"))
    desk.shell(lambda: desk.write("large", "x" * 11))
    assert desk.go(address).kept == ("large",)
    assert desk.go(address, large="overwrite").restored == ("large",)
    assert not (desk.root / "large").exists()
    desk.close()


def test_a_folder_with_more_in_it_stays(desk: Desk) -> None:
    desk.start()
    address = desk.shell(lambda: desk.write("a", "1"))
    desk.shell(lambda: desk.write("made/b", "2"))
    desk.write("made/theirs", "3")
    report = desk.go(address)
    assert failures(report) == {"made": "the folder stays, for there is more in it"}
    assert list((desk.root / "made").iterdir()) == [desk.root / "made/theirs"]


def test_lost_content_leaves_the_file_as_it_is(desk: Desk) -> None:
    desk.start()
    address = desk.shell(lambda: desk.write("a", "1"))
    desk.shell((desk.root / "a").unlink)
    for key in [key for key, data in desk.blobs.data.items() if data == b"1"]:
        del desk.blobs.data[key]
    assert "content is lost" in failures(desk.go(address))["a"]


def test_a_folder_that_was_closed_is_opened_for_the_work(desk: Desk) -> None:
    desk.start()

    def work() -> None:
        desk.write("locked/a", "1")
        (desk.root / "locked").chmod(0o500)

    address = desk.shell(work)

    def undo() -> None:
        (desk.root / "locked").chmod(0o700)
        (desk.root / "locked/a").unlink()
        (desk.root / "locked").rmdir()

    tree = desk.tree()
    desk.shell(undo)
    assert not desk.go(address).failed
    assert desk.tree() == tree
    locked = desk.tracker.manifest["locked"].state
    assert isinstance(locked, Folder)
    assert locked.mode == 0o500


def test_the_files_of_another_session_conflict_where_they_differ(
    tmp_path: Path, blobs: Blobs
) -> None:
    desk = Desk(tmp_path, blobs).start()
    address = desk.shell(lambda: (desk.write("a", "1"), desk.write("b", "1")))
    desk.close()
    desk.write("a", "2")
    other = Desk(tmp_path, blobs).start()
    plan = other.plan(address)
    assert [change.path for change in plan.changes] == ["a"]
    assert plan.conflicts == plan.changes
    other.close()
