"""The five tools that every agent has."""

from __future__ import annotations

from pathlib import Path

from alloy_tui.domain.tool import Tool
from alloy_tui.tools.bash import BashTool
from alloy_tui.tools.edit import EditTool
from alloy_tui.tools.paths import Guard, Workspace, allow_all
from alloy_tui.tools.read import ReadTool
from alloy_tui.tools.scratchpad import ScratchpadTool
from alloy_tui.tools.write import WriteTool


def core_tools(cwd: str | Path | None = None, *, guard: Guard = allow_all) -> tuple[Tool, ...]:
    """read, write, edit, bash, scratchpad, in this order and always the same.

    `cwd` is the folder in which changing a file counts as a mere edit; give
    the agent's own (None: the process's current folder). `guard` sees every
    resolved path before a file tool touches it and may raise ToolError.
    """
    workspace = Workspace(Path(cwd) if cwd is not None else None, guard)
    return (
        ReadTool(guard),
        WriteTool(workspace),
        EditTool(workspace),
        BashTool(),
        ScratchpadTool(),
    )
