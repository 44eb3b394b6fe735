"""Where a path leads, and what changing it may do."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alloy_tui.domain.errors import ToolError
from alloy_tui.tools.core import core_tools
from alloy_tui.tools.paths import Workspace, is_inside, is_obeyed, resolve, shown
from alloy_tui.tools.read import ReadTool
from alloy_tui.tools.write import WriteTool

NAME = st.text(st.sampled_from("abc.-"), min_size=1, max_size=4).filter(
    lambda name: name not in {".", ".."}
)


def test_a_shared_prefix_is_not_inside():
    """`/x/project-evil` is not in `/x/project`."""
    root = PurePosixPath("/x/project")
    assert is_inside(root, root)
    assert is_inside(root / "a", root)
    assert not is_inside(PurePosixPath("/x/project-evil/a"), root)
    assert not is_inside(PurePosixPath("/x"), root)


@given(st.lists(NAME, max_size=4), st.lists(NAME, max_size=4))
def test_inside_is_a_matter_of_components(root, below):
    """Joined below is always inside; the reverse only if nothing was joined."""
    top = PurePosixPath("/", *root)
    assert is_inside(top.joinpath(*below), top)
    assert is_inside(top, top.joinpath(*below)) == (not below)


def test_resolving_follows_links_and_home(workspace, tmp_path, own_home):
    """Relative, absolute, dots, `~`, links in the middle, names that are not there yet."""
    (tmp_path / "outside").mkdir()
    (workspace / "door").symlink_to(tmp_path / "outside")
    assert resolve("a/./../b", workspace) == workspace / "b"
    assert resolve(f"{workspace}/new/file", tmp_path) == workspace / "new/file"
    assert resolve("~/x", workspace) == own_home / "x"
    assert resolve("door/x", workspace) == tmp_path / "outside/x"
    assert resolve("door/../x", workspace) == tmp_path / "x"
    assert resolve("~nobody-of-that-name/x", workspace).name == "x"


@pytest.mark.parametrize("bad", ["", "a\0b", "\ud800"])
def test_what_can_be_no_path_is_refused_in_words(bad, workspace):
    """Instead of a ValueError from below."""
    with pytest.raises(ToolError, match="path"):
        resolve(bad, workspace)


def test_changes_outside_the_folder_count_as_execute(workspace, tmp_path):
    """So that the mode which lets edits pass still asks."""
    (workspace / "door").symlink_to(tmp_path)
    (workspace / "in").symlink_to("a.txt")
    access = Workspace(workspace).access
    assert access("a.txt") == access("new/deep/a.txt") == access("in") == "edit"
    assert access(f"{workspace}/a.txt") == "edit"
    outside = ["../a.txt", "/etc/passwd", "~/.ssh/id", "door/a.txt", f"{workspace}-evil/a"]
    assert [access(path) for path in outside] == ["execute"] * 5


@pytest.mark.parametrize(
    "path",
    [".git/hooks/pre-commit", "sub/.GIT/config", ".vscode/tasks.json", ".bashrc", ".alloy/x.toml"],
)
def test_files_that_other_programs_obey_count_as_execute(path, workspace):
    """Writing one is as good as running it, also when it does not exist yet."""
    assert Workspace(workspace).access(path) == "execute"
    assert Workspace(workspace).rule(path) == str(workspace / path)
    assert is_obeyed(workspace / path, workspace)


def test_a_workspace_below_such_a_folder_is_not_all_obeyed(tmp_path):
    """What counts is the path inside the workspace."""
    root = tmp_path / ".vscode" / "extension"
    root.mkdir(parents=True)
    assert Workspace(root).access("a.ts") == "edit"


def test_always_remembers_the_folder_or_the_one_path(workspace):
    """Never more than what was shown."""
    assert Workspace(workspace).rule("a.txt") == f"{workspace}/**"
    assert Workspace(workspace).rule("/etc/hosts") == "/etc/hosts"


def test_a_workspace_reached_by_a_link_is_the_folder_itself(workspace, tmp_path):
    """Both names of it are inside."""
    (tmp_path / "link").symlink_to(workspace)
    linked = Workspace(tmp_path / "link")
    assert linked.access("a.txt") == linked.access(f"{workspace}/a.txt") == "edit"
    assert linked.access(f"{tmp_path}/link/a.txt") == "edit"


@pytest.mark.anyio
async def test_tools_made_for_another_folder_do_not_write_out_of_this_one(call, tmp_path):
    """They were let through as an edit of theirs, which is outside ours."""
    other = tmp_path / "other"
    other.mkdir()
    write = WriteTool(Workspace(other))
    assert write.access(write.prepare({"file_path": f"{other}/a", "content": "x"})) == "edit"
    with pytest.raises(ToolError, match="outside the working folder"):
        await call(write, file_path=f"{other}/a", content="x")
    assert not list(other.iterdir())


@pytest.mark.anyio
async def test_a_guard_sees_every_resolved_path_and_may_refuse(call, workspace):
    """The seam of the permission engine."""
    asked: list[tuple[Path, str]] = []

    def guard(path: Path, access: str) -> None:
        asked.append((path, access))
        if path.name == "secret":
            raise ToolError("not that one")

    read, write, edit, *_ = core_tools(workspace, guard=guard)
    (workspace / "link").symlink_to("secret")
    (workspace / "secret").write_text("s")
    for tool, arguments in [
        (read, {}),
        (write, {"content": "x"}),
        (edit, {"old_string": "s", "new_string": "x"}),
    ]:
        with pytest.raises(ToolError, match="not that one"):
            await call(tool, file_path="link", **arguments)
    secret = workspace / "secret"
    assert asked == [(secret, "read"), (secret, "edit"), (secret, "edit")]
    assert secret.read_text() == "s"


def test_paths_in_messages_cannot_mislead():
    """Control characters are spelt out, spaces at the ends seen, length bounded."""
    assert shown("a b.txt") == "a b.txt"
    assert shown("a\n\x1b[31m") == r"'a\n\x1b[31m'"
    assert shown(" a") == "' a'"
    assert len(shown("x" * 5_000)) < 300


def test_the_core_tools_are_always_the_same_five():
    """In one order, so that a provider's cache of the prompt holds."""
    names = [tool.spec.name for tool in core_tools()]
    assert names == ["read", "write", "edit", "bash", "scratchpad"]
    assert [t.spec for t in core_tools()] == [t.spec for t in core_tools()]
    assert all(len(t.spec.description) < 260 for t in core_tools())
    read = ReadTool()
    assert read.access(read.prepare({"file_path": "/x"})) == "read"
    assert read.headline(read.prepare({"file_path": "a", "offset": 3})) == "a from line 3"
