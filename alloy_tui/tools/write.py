"""The `write` tool: a whole file, new or in place of one that the agent has read."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from alloy_tui.domain.errors import ToolError
from alloy_tui.domain.tool import Access, ToolContext, ToolReply
from alloy_tui.tools.base import CoreTool
from alloy_tui.tools.diffs import unified
from alloy_tui.tools.files import open_regular, stat_regular, write_atomically
from alloy_tui.tools.marks import ReadMarks, mark_of
from alloy_tui.tools.paths import Workspace, shown
from alloy_tui.tools.threads import Stop, in_thread

_LARGEST_COMPARED = 4 << 20  # bytes of an old file that a diff is worth


class WriteArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `write` takes."""

    file_path: Annotated[str, Meta(description="Absolute, or relative to the working folder")]
    content: Annotated[str, Meta(description="The whole new content")]


class WriteTool(CoreTool[WriteArguments]):
    """Create or replace a file, atomically, never over something unseen."""

    name = "write"
    description = (
        "Create a file, folders included, or replace all of an existing one, "
        "which must have been read first. For a change to part of a file use edit."
    )
    arguments = WriteArguments

    def __init__(self, workspace: Workspace | None = None) -> None:
        super().__init__()
        self._workspace = workspace or Workspace()

    def access(self, prepared: WriteArguments) -> Access:
        """An edit inside the working folder; anything elsewhere."""
        return self._workspace.access(prepared.file_path)

    def lock_keys(self, prepared: WriteArguments, context: ToolContext) -> tuple[str, ...]:
        """The file that is really written."""
        return self._workspace.lock_keys(prepared.file_path, context.cwd)

    def headline(self, prepared: WriteArguments) -> str:
        """The path and how much."""
        return f"{shown(prepared.file_path)} ({len(prepared.content):,} characters)"

    def rule(self, prepared: WriteArguments) -> str:
        """The working folder, or a path outside it."""
        return self._workspace.rule(prepared.file_path)

    async def run(self, prepared: WriteArguments, context: ToolContext) -> ToolReply:
        """Write in a thread; a cancel that comes too late leaves the whole new file."""
        return await in_thread(partial(self._write, prepared, context))

    def _write(self, prepared: WriteArguments, context: ToolContext, stop: Stop) -> ToolReply:
        path = self._workspace.target(prepared.file_path, context.cwd, self.access(prepared))
        try:
            data = prepared.content.encode()
        except UnicodeEncodeError as error:
            raise ToolError(
                f"content holds half of a surrogate pair at character {error.start + 1}; "
                "no UTF-8 file can. Send the character itself."
            ) from None
        reads = ReadMarks(context.memory)
        status = stat_regular(path)
        old = b""
        if status is not None:
            if not reads.seen(path):
                raise ToolError(f"{shown(path)} exists and was not read yet: read it first.")
            if not reads.is_current(path, status):
                raise ToolError(f"{shown(path)} has changed since it was read: read it again.")
            old = _content(path) if status.st_size <= _LARGEST_COMPARED else b""
        if stop.is_set():
            raise ToolError("Cancelled before anything was written.")
        if status is None:
            _make_parents(path)
        write_atomically(path, data, status)
        written = stat_regular(path)
        if written is not None:
            reads.record(path, mark_of(written, data))
        lines = prepared.content.count("\n") + (not prepared.content.endswith("\n") and data != b"")
        diff = unified(old.decode("utf-8", "replace"), prepared.content, path.name)
        verb = "Created" if status is None else "Replaced"
        return ToolReply.of(
            f"{verb} {shown(path)}: {_lines(lines)}, {len(data):,} bytes.",
            path=str(path),
            created=status is None,
            lines=lines,
            bytes=len(data),
            diff=diff.text,
            added=diff.added,
            removed=diff.removed,
            line=diff.line,
        )


def _lines(count: int) -> str:
    return f"{count:,} line{'' if count == 1 else 's'}"


def _content(path: Path) -> bytes:
    with open_regular(path) as file:
        return file.read(_LARGEST_COMPARED)


def _make_parents(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        words = error.strerror or error
        raise ToolError(f"Cannot create the folder {shown(path.parent)}: {words}.") from None
