"""Following what commands, tools and other people change."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from alloy_tui.workspace.states import ABSENT, File, Folder, Link, Special, Tracked, Unkept
from alloy_tui.workspace.tracker import Limits, Tracker
from tests.workspace.conftest import Blobs, Desk


def known(desk: Desk, path: str) -> Tracked:
    return desk.tracker.manifest[path]


def had(desk: Desk, path: str) -> bytes | None:
    """What stood at `path` before the session touched it."""
    origin = known(desk, path).origin
    assert isinstance(origin, File)
    return desk.blobs.blob(origin.address)


def test_what_a_command_overwrites_in_place_is_kept(desk: Desk) -> None:
    desk.write("a.txt", "old")
    desk.start().shell(lambda: desk.write("a.txt", "new"))
    assert had(desk, "a.txt") == b"old"
    assert known(desk, "a.txt").state != known(desk, "a.txt").origin


def test_what_a_command_leaves_alone_is_not_touched_and_not_stored(desk: Desk) -> None:
    desk.write("a.txt", "old")
    assert desk.start().shell(lambda: desk.read("a.txt")) is None
    assert desk.blobs.puts == 0


def test_a_change_that_keeps_the_size_within_the_same_tick_is_seen(desk: Desk) -> None:
    desk.write("a.txt", "old")
    desk.start()
    for text in ("one", "two", "six"):
        desk.shell(lambda text=text: desk.write("a.txt", text))
        state = known(desk, "a.txt").state
        assert isinstance(state, File)
        assert desk.blobs.blob(state.address) == text.encode()


def test_removed_files_come_with_their_content(desk: Desk) -> None:
    desk.write("in/side/a.txt", "old")
    desk.start().shell(desk.clear)
    assert known(desk, "in/side/a.txt").state == ABSENT
    assert had(desk, "in/side/a.txt") == b"old"
    assert isinstance(known(desk, "in/side").origin, Folder)


def test_new_files_folders_links_and_rights_are_seen(desk: Desk) -> None:
    desk.write("a.txt", "a")
    desk.start()

    def work() -> None:
        desk.write("new/deep/b.txt", "b")
        (desk.root / "new/empty").mkdir()
        (desk.root / "link").symlink_to("new/deep")
        (desk.root / "a.txt").chmod(0o755)

    desk.shell(work)
    assert known(desk, "new/deep/b.txt").origin == ABSENT
    assert isinstance(known(desk, "new/empty").state, Folder)
    assert known(desk, "link").state == Link(b"new/deep")
    rights = known(desk, "a.txt")
    assert isinstance(rights.state, File)
    assert isinstance(rights.origin, File)
    assert (rights.state.mode, rights.state.address) == (0o755, rights.origin.address)


def test_a_moved_folder_is_gone_here_and_new_there(desk: Desk) -> None:
    desk.write("old/a.txt", "a")
    desk.start().shell(lambda: (desk.root / "old").rename(desk.root / "new"))
    assert known(desk, "old/a.txt").state == ABSENT
    assert known(desk, "new/a.txt").origin == ABSENT


def test_a_folder_in_place_of_a_file_and_the_other_way_round(desk: Desk) -> None:
    desk.write("file", "f")
    desk.write("folder/a.txt", "a")
    desk.start()

    def work() -> None:
        (desk.root / "file").unlink()
        desk.write("file/b.txt", "b")
        (desk.root / "folder/a.txt").unlink()
        (desk.root / "folder").rmdir()
        desk.write("folder", "now a file")

    desk.shell(work)
    assert isinstance(known(desk, "file").state, Folder)
    assert had(desk, "file") == b"f"
    assert isinstance(known(desk, "folder").state, File)
    assert known(desk, "folder/a.txt").state == ABSENT


def test_what_someone_else_changes_between_calls_is_not_the_sessions(desk: Desk) -> None:
    desk.write("theirs.txt", "1")
    desk.write("ours.txt", "1")
    desk.start()
    desk.shell(lambda: desk.write("ours.txt", "2"))
    desk.write("theirs.txt", "3")
    desk.write("ours.txt", "3")
    desk.tracker.look()
    assert "theirs.txt" not in desk.tracker.manifest
    assert known(desk, "ours.txt").others == 1
    assert known(desk, "ours.txt").ours != known(desk, "ours.txt").state


def test_who_takes_a_change_back_has_changed_nothing(desk: Desk) -> None:
    desk.start().shell(lambda: desk.write("a.txt", "2"))
    for text in ("3", "4", "2"):
        desk.write("a.txt", text)
        desk.tracker.look()
    assert (known(desk, "a.txt").others, known(desk, "a.txt").base) == (0, None)


def test_a_tool_tells_which_file_it_changes_even_an_ignored_one(desk: Desk) -> None:
    desk.write(".gitignore", ".env\n")
    desk.write(".env", "KEY=1")
    desk.start()
    desk.tool(".env", lambda: desk.write(".env", "KEY=2"))
    assert had(desk, ".env") == b"KEY=1"
    desk.shell(lambda: desk.write(".env", "KEY=3"))
    state = known(desk, ".env").state
    assert isinstance(state, File)
    assert desk.blobs.blob(state.address) == b"KEY=3"


def test_folders_that_a_tool_makes_on_its_way_are_followed(desk: Desk) -> None:
    desk.start().tool("x/y/z.txt", lambda: desk.write("x/y/z.txt", "z"))
    assert [known(desk, path).origin for path in ("x", "x/y", "x/y/z.txt")] == [ABSENT] * 3


def test_an_edit_over_a_change_by_someone_else_counts_that_change(desk: Desk) -> None:
    desk.start().tool("a.txt", lambda: desk.write("a.txt", "ours"))
    desk.write("a.txt", "theirs")
    desk.tool("a.txt", lambda: desk.write("a.txt", "ours again"))
    assert (known(desk, "a.txt").others, known(desk, "a.txt").base) == (1, None)


def test_ignored_and_machine_made_files_are_left_out(desk: Desk) -> None:
    desk.write(".gitignore", "*.log\n/out/\n!keep.log\n")
    desk.write("sub/.gitignore", "*.tmp\n")
    desk.start()

    def work() -> None:
        for path in ("a.log", "out/x", "sub/b.tmp", "node_modules/m/i.js", ".git/index"):
            desk.write(path, "x")
        desk.write("cache/CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc55")
        desk.write("cache/huge", "x")
        for path in ("keep.log", "b.tmp", "sub/out/x"):
            desk.write(path, "x")

    desk.shell(work)
    files = {p for p, t in desk.tracker.manifest.items() if isinstance(t.state, File)}
    assert files == {"keep.log", "b.tmp", "sub/out/x"}


def test_new_rules_are_no_removal(desk: Desk) -> None:
    desk.write("a.log", "x")
    desk.start()
    desk.shell(lambda: desk.write(".gitignore", "*.log\n"))
    assert set(desk.tracker.manifest) == {".gitignore"}
    desk.shell(lambda: desk.write(".gitignore", "\n"))
    assert all(
        tracked.origin != ABSENT or path == ".gitignore"
        for path, tracked in desk.tracker.manifest.items()
    )


def test_a_file_in_place_of_an_ignored_folder_is_seen(desk: Desk) -> None:
    desk.write(".gitignore", "out/\n")
    desk.write("out/x", "x")
    desk.start()

    def work() -> None:
        (desk.root / "out/x").unlink()
        (desk.root / "out").rmdir()
        desk.write("out", "a file")

    desk.shell(work)
    assert isinstance(known(desk, "out").state, File)


def test_rules_of_the_enclosing_repository_hold(tmp_path: Path, blobs: Blobs) -> None:
    (tmp_path / ".git/info").mkdir(parents=True)
    (tmp_path / ".git/info/exclude").write_text("*.excluded\n")
    (tmp_path / ".gitignore").write_text("/project/only-here\n")
    desk = Desk(tmp_path, blobs).start()

    def work() -> None:
        for path in ("a.excluded", "only-here", "sub/only-here"):
            desk.write(path, "x")

    desk.shell(work)
    assert set(desk.tracker.manifest) == {"sub", "sub/only-here"}
    desk.close()


@pytest.mark.parametrize("where", ["home", "above", "top"])
def test_neither_home_nor_what_holds_it_is_scanned(
    where: str, own_home: Path, tmp_path: Path, blobs: Blobs
) -> None:
    folder = {"home": own_home, "above": own_home.parent, "top": Path("/")}[where]
    tracker = Tracker(folder, blobs, reserve_in=tmp_path)
    assert tracker.unscanned is not None
    call = tracker.begin(sweeping=True)
    (own_home / "by-command").write_text("x")
    tracker.end(call)
    assert not tracker.manifest
    named = own_home.resolve() / "by-tool"
    call = tracker.begin([str(named)], sweeping=False)
    named.write_text("x")
    tracker.end(call)
    assert list(tracker.manifest) == [named.relative_to(folder.resolve()).as_posix()]
    tracker.close()


def test_what_is_not_to_be_kept_is_named_with_its_reason(tmp_path: Path, blobs: Blobs) -> None:
    desk = Desk(tmp_path, blobs, Limits(largest=10, call_files=2))
    desk.write("large", "x" * 11)
    desk.start()
    desk.shell(lambda: desk.write("large", "y" * 12))
    large = known(desk, "large")
    assert isinstance(large.origin, Unkept)
    assert (large.origin.why, large.origin.size) == ("large", 11)

    def many() -> None:
        for number in range(5):
            desk.write(f"new{number}", "x")

    desk.shell(many)
    states = [known(desk, f"new{number}").state for number in range(5)]
    assert sum(isinstance(state, File) for state in states) == 2
    assert all(known(desk, f"new{number}").origin == ABSENT for number in range(5))
    desk.tracker.look()
    assert all(known(desk, f"new{number}").others == 0 for number in range(5))
    desk.close()


def test_a_file_that_was_never_seen_before_is_not_taken_for_new(desk: Desk) -> None:
    """The command began before anything could be looked at."""
    desk.write("a.txt", "old")
    desk.shell(lambda: desk.write("a.txt", "new"))
    origin = known(desk, "a.txt").origin
    assert isinstance(origin, Unkept)
    assert origin.why == "missed"


def test_a_scan_that_meets_its_limit_claims_nothing_about_the_rest(
    tmp_path: Path, blobs: Blobs
) -> None:
    for number in range(20):
        (tmp_path / f"project/d{number}").mkdir(parents=True)
        (tmp_path / f"project/d{number}/f").write_text("x")
    desk = Desk(tmp_path, blobs, Limits(entries=25)).start()
    assert not desk.tracker.complete
    desk.shell(lambda: None)
    assert not desk.tracker.manifest
    desk.close()


def test_pipes_and_sockets_are_named_and_never_opened(desk: Desk, tmp_path: Path) -> None:
    desk.start()
    server = socket.socket(socket.AF_UNIX)

    def work() -> None:
        os.mkfifo(desk.root / "pipe")
        os.chdir(desk.root)  # a socket's path is short
        server.bind("sock")

    here = Path.cwd()
    try:
        desk.shell(work)
    finally:
        os.chdir(here)
        server.close()
    assert known(desk, "pipe").state == Special("a named pipe")
    assert known(desk, "sock").state == Special("a socket")


def test_names_that_are_no_utf8_and_links_in_circles(desk: Desk) -> None:
    desk.start()

    def work() -> None:
        (desk.root / os.fsdecode(b"\xff\xfe")).write_bytes(b"x")
        (desk.root / "loop").symlink_to(".")
        (desk.root / "self").symlink_to("self")

    address = desk.shell(work)
    assert address is not None
    assert set(desk.tracker.load(address)) == {"\udcff\udcfe", "loop", "self"}


def test_a_resumed_session_sees_what_changed_while_it_was_away(
    tmp_path: Path, blobs: Blobs
) -> None:
    desk = Desk(tmp_path, blobs).start()
    address = desk.shell(lambda: desk.write("a.txt", "ours"))
    desk.close()
    desk.write("a.txt", "theirs")
    again = Desk(tmp_path, blobs)
    again.tracker.resume(address)
    again.start()
    assert (known(again, "a.txt").others, again.tracker.manifest.keys()) == (1, {"a.txt"})
    again.close()
