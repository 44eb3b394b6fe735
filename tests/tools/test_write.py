"""Writing: whole files, atomically, never over something unseen."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from alloy_tui.domain.errors import ToolError
from alloy_tui.domain.messages import TextBlock
from alloy_tui.domain.tool import ToolReply
from alloy_tui.tools.read import ReadTool
from alloy_tui.tools.write import WriteTool

pytestmark = pytest.mark.anyio
READ, WRITE = ReadTool(), WriteTool()


def text(reply: ToolReply) -> str:
    block = reply.content[0]
    assert isinstance(block, TextBlock)
    return block.text


def files_below(folder: Path) -> set[str]:
    return {str(p.relative_to(folder)) for p in folder.rglob("*") if not p.is_dir()}


async def test_a_new_file_is_made_with_its_folders(call, workspace):
    """The reply counts lines and bytes; the diff is for views."""
    reply = await call(WRITE, file_path="a/b/c.txt", content="é\ntwo\n")
    assert (workspace / "a/b/c.txt").read_bytes() == "é\ntwo\n".encode()
    assert text(reply) == f"Created {workspace}/a/b/c.txt: 2 lines, 7 bytes."
    assert reply.details["diff"] == "--- a/c.txt\n+++ b/c.txt\n@@ -0,0 +1,2 @@\n+é\n+two"
    assert reply.details["created"]


async def test_line_breaks_are_written_as_sent(call, workspace):
    """No translation in either direction."""
    await call(WRITE, file_path="a.txt", content="one\r\ntwo\rthree\n")
    assert (workspace / "a.txt").read_bytes() == b"one\r\ntwo\rthree\n"


async def test_an_existing_file_must_have_been_read(call, workspace):
    """Nothing is lost that the model did not know of."""
    (workspace / "a.txt").write_text("precious")
    with pytest.raises(ToolError, match="was not read yet: read it first"):
        await call(WRITE, file_path="a.txt", content="new")
    assert (workspace / "a.txt").read_text() == "precious"
    await call(READ, file_path="a.txt")
    reply = await call(WRITE, file_path="a.txt", content="new")
    assert (workspace / "a.txt").read_text() == "new"
    assert text(reply).startswith("Replaced ")
    assert (reply.details["added"], reply.details["removed"]) == (1, 1)


async def test_a_file_changed_since_it_was_read_is_not_overwritten(call, workspace):
    """Even when the change kept size and time."""
    path = workspace / "a.txt"
    path.write_text("aaaa")
    await call(READ, file_path="a.txt")
    before = path.stat()
    path.write_text("bbbb")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(ToolError, match="has changed since it was read: read it again"):
        await call(WRITE, file_path="a.txt", content="new")
    assert path.read_text() == "bbbb"


async def test_a_mere_touch_is_no_change(call, workspace):
    """Content decides, so that a checkout of the same bytes disturbs nobody."""
    path = workspace / "a.txt"
    path.write_text("same")
    await call(READ, file_path="a.txt")
    os.utime(path, ns=(1, 1))
    await call(WRITE, file_path="a.txt", content="new")
    assert path.read_text() == "new"


async def test_what_one_wrote_oneself_counts_as_read(call, workspace):
    """A second write needs no read in between."""
    await call(WRITE, file_path="a.txt", content="one")
    await call(WRITE, file_path="a.txt", content="two")
    assert (workspace / "a.txt").read_text() == "two"


async def test_the_mode_of_a_replaced_file_stays(call, workspace):
    """A script stays executable."""
    path = workspace / "run.sh"
    path.write_text("#!/bin/sh\n")
    path.chmod(0o754)
    await call(READ, file_path="run.sh")
    await call(WRITE, file_path="run.sh", content="#!/bin/sh\necho\n")
    assert stat.S_IMODE(path.stat().st_mode) == 0o754


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600)])
async def test_a_new_file_has_the_mode_that_the_umask_leaves(call, workspace, umask, mode):
    """As any other program would make it."""
    before = os.umask(umask)
    try:
        await call(WRITE, file_path="a.txt", content="x")
    finally:
        os.umask(before)
    assert stat.S_IMODE((workspace / "a.txt").stat().st_mode) == mode


async def test_a_symlink_stays_and_its_target_changes(call, workspace):
    """The link may be what other programs look at."""
    (workspace / "real.txt").write_text("old")
    (workspace / "link.txt").symlink_to("real.txt")
    await call(READ, file_path="link.txt")
    await call(WRITE, file_path="link.txt", content="new")
    assert (workspace / "link.txt").is_symlink()
    assert (workspace / "real.txt").read_text() == "new"


async def test_a_dangling_symlink_leads_to_a_new_file(call, workspace):
    """Where it points."""
    (workspace / "link.txt").symlink_to("later/real.txt")
    await call(WRITE, file_path="link.txt", content="new")
    assert (workspace / "link.txt").is_symlink()
    assert (workspace / "later/real.txt").read_text() == "new"


async def test_the_other_name_of_a_hard_link_keeps_the_old_content(call, workspace, tmp_path):
    """Replacing by rename touches one name only."""
    (tmp_path / "outside.txt").write_text("old")
    (workspace / "in.txt").hardlink_to(tmp_path / "outside.txt")
    await call(READ, file_path="in.txt")
    await call(WRITE, file_path="in.txt", content="new")
    assert (tmp_path / "outside.txt").read_text() == "old"


async def test_no_temporary_file_stays(call, workspace):
    """Neither after success nor after failure."""
    await call(WRITE, file_path="a.txt", content="x")
    with pytest.raises(ToolError):
        await call(WRITE, file_path="n" * 300, content="x")
    assert files_below(workspace) == {"a.txt"}


async def test_folders_and_special_files_are_not_written_over(call, workspace):
    """The error names what is there."""
    (workspace / "sub").mkdir()
    os.mkfifo(workspace / "pipe")
    with pytest.raises(ToolError, match="is a folder"):
        await call(WRITE, file_path="sub", content="x")
    with pytest.raises(ToolError, match="is a named pipe"):
        await call(WRITE, file_path="pipe", content="x")


async def test_a_parent_that_cannot_be_made_is_named(call, workspace):
    """A file stands where a folder should be."""
    (workspace / "file").touch()
    with pytest.raises(ToolError, match="Cannot create the folder"):
        await call(WRITE, file_path="file/sub/a.txt", content="x")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everything")
async def test_a_read_only_file_stays_as_it_is(call, workspace):
    """A rename would get round the permission; we do not."""
    path = workspace / "a.txt"
    path.write_text("old")
    path.chmod(0o444)
    await call(READ, file_path="a.txt")
    with pytest.raises(ToolError, match="read-only"):
        await call(WRITE, file_path="a.txt", content="new")


async def test_text_that_no_file_can_hold_is_refused(call, workspace):
    """Half a surrogate pair comes from cut JSON escapes."""
    with pytest.raises(ToolError, match="surrogate pair at character 3"):
        await call(WRITE, file_path="a.txt", content="ab\ud83d")
    assert not files_below(workspace)


async def test_a_path_that_no_file_can_have_is_refused(call, workspace):
    """NUL would cut the name in C."""
    for path in ("", "a\0b", "\udfff"):
        with pytest.raises(ToolError, match="path"):
            await call(WRITE, file_path=path, content="x")
    assert not files_below(workspace)


async def test_an_empty_file_can_be_written(call, workspace):
    """Nothing is something."""
    reply = await call(WRITE, file_path="a.txt", content="")
    assert (workspace / "a.txt").read_bytes() == b""
    assert "0 lines, 0 bytes" in text(reply)


def test_the_lock_is_the_file_that_is_really_written(context, workspace):
    """Two names of one file exclude each other."""
    (workspace / "real.txt").touch()
    (workspace / "link.txt").symlink_to("real.txt")
    direct = WRITE.prepare({"file_path": "real.txt", "content": ""})
    linked = WRITE.prepare({"file_path": "./link.txt", "content": ""})
    assert WRITE.lock_keys(direct, context) == WRITE.lock_keys(linked, context)
    assert WRITE.lock_keys(direct, context) == (str(workspace / "real.txt"),)
    assert WRITE.lock_keys(WRITE.prepare({"file_path": "\0", "content": ""}), context) == ()
