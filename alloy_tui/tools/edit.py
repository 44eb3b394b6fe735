"""The `edit` tool: exact text replaced in a file that the agent has read."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from alloy_tui.domain.errors import ToolError
from alloy_tui.domain.tool import Access, ToolContext, ToolReply
from alloy_tui.tools.base import CoreTool
from alloy_tui.tools.diffs import unified
from alloy_tui.tools.files import missing, open_regular, stat_regular, write_atomically
from alloy_tui.tools.kinds import binary_kind
from alloy_tui.tools.marks import ReadMarks, mark_of
from alloy_tui.tools.near_miss import explain
from alloy_tui.tools.paths import Workspace, shown
from alloy_tui.tools.replacing import BOM, Replaced, Text, plain
from alloy_tui.tools.threads import Stop, in_thread

_LARGEST = 32 << 20  # bytes
_LINES_NAMED = 10


class EditArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `edit` takes."""

    file_path: Annotated[str, Meta(description="Absolute, or relative to the working folder")]
    old_string: Annotated[str, Meta(description="Exact text, unique in the file")]
    new_string: Annotated[str, Meta(description="What takes its place")]
    replace_all: Annotated[bool, Meta(description="Replace every occurrence")] = False


class EditTool(CoreTool[EditArguments]):
    """Replace exact text; byte order mark, line endings and all other bytes stay."""

    name = "edit"
    description = (
        "Replace exact text in a file that was read. old_string must occur once "
        "(add lines around it) unless replace_all is true."
    )
    arguments = EditArguments

    def __init__(self, workspace: Workspace | None = None) -> None:
        super().__init__()
        self._workspace = workspace or Workspace()

    def prepare(self, arguments: dict[str, Any]) -> EditArguments:
        """Like every tool, and the strings must make sense together."""
        prepared = super().prepare(arguments)
        if not prepared.old_string.removeprefix(BOM):
            raise ToolError("edit: old_string is empty; send the text to replace, or use write.")
        if plain(prepared.old_string) == plain(prepared.new_string):
            raise ToolError("edit: old_string and new_string are the same; nothing would change.")
        for name, text in (
            ("old_string", prepared.old_string),
            ("new_string", prepared.new_string),
        ):
            try:
                text.encode()
            except UnicodeEncodeError:
                raise ToolError(
                    f"edit: {name} holds half of a surrogate pair; send the character itself."
                ) from None
        return prepared

    def access(self, prepared: EditArguments) -> Access:
        """An edit inside the working folder; anything elsewhere."""
        return self._workspace.access(prepared.file_path)

    def lock_keys(self, prepared: EditArguments, context: ToolContext) -> tuple[str, ...]:
        """The file that is really changed."""
        return self._workspace.lock_keys(prepared.file_path, context.cwd)

    def headline(self, prepared: EditArguments) -> str:
        """The path."""
        return f"{shown(prepared.file_path)}{' (every occurrence)' * prepared.replace_all}"

    def rule(self, prepared: EditArguments) -> str:
        """The working folder, or a path outside it."""
        return self._workspace.rule(prepared.file_path)

    async def run(self, prepared: EditArguments, context: ToolContext) -> ToolReply:
        """Edit in a thread; a cancel that comes too late leaves the whole edit."""
        return await in_thread(partial(self._edit, prepared, context))

    def _edit(self, prepared: EditArguments, context: ToolContext, stop: Stop) -> ToolReply:
        path = self._workspace.target(prepared.file_path, context.cwd, self.access(prepared))
        status = stat_regular(path)
        if status is None:
            raise missing(path)
        reads = ReadMarks(context.memory)
        if not reads.seen(path):
            raise ToolError(f"{shown(path)} was not read yet: read it first.")
        if not reads.is_current(path, status):
            raise ToolError(f"{shown(path)} has changed since it was read: read it again.")
        if status.st_size > _LARGEST:
            raise ToolError(
                f"{shown(path)} has {status.st_size:,} bytes, edit takes {_LARGEST:,}; use bash."
            )
        raw = _content(path)
        replaced = _replace(path, raw, prepared)
        data = replaced.text.encode("utf-8", "surrogateescape")
        if stop.is_set():
            raise ToolError("Cancelled before anything was changed.")
        write_atomically(path, data, status)
        written = stat_regular(path)
        if written is not None:
            reads.record(path, mark_of(written, data))
        diff = unified(_visible(raw), _visible(replaced.text), path.name)
        lines = list(replaced.lines)
        places = f"{len(lines):,} places, first" if len(lines) > 1 else "one place,"
        return ToolReply.of(
            f"Edited {shown(path)} in {places} at line {lines[0]:,} "
            f"(+{diff.added:,} −{diff.removed:,} lines).",
            path=str(path),
            replacements=len(lines),
            line=lines[0],
            diff=diff.text,
            added=diff.added,
            removed=diff.removed,
        )


def _content(path: Path) -> str:
    with open_regular(path) as file:
        data = file.read(_LARGEST + 1)
    kind = binary_kind(data[: 8 << 10])
    if kind is not None:
        raise ToolError(f"{shown(path)} is {kind}; edit takes UTF-8 text only.")
    # Bytes that are no UTF-8 come back as they were.
    return data.decode("utf-8", "surrogateescape")


def _replace(path: Path, raw: str, prepared: EditArguments) -> Replaced:
    text = Text(raw)
    places = text.find(prepared.old_string)
    if not places:
        why = explain(_visible(text.plain), plain(prepared.old_string))
        raise ToolError(f"old_string does not occur in {shown(path)}. {why}")
    if len(places) > 1 and not prepared.replace_all:
        named = ", ".join(str(text.line_of(p)) for p in places[:_LINES_NAMED])
        more = ", …" if len(places) > _LINES_NAMED else ""
        raise ToolError(
            f"old_string occurs {len(places):,} times in {shown(path)} (lines {named}{more}): "
            "add lines around it to make it unique, or set replace_all."
        )
    return text.replace(prepared.old_string, prepared.new_string, places)


def _visible(text: str) -> str:
    """Text for people and messages: bad bytes shown as what `read` shows."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
