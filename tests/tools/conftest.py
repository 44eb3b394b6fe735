"""A call's context in a scratch folder, and what it reported on the way."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from alloy_tui.domain.tool import Tool, ToolContext, ToolReply


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "ws"
    folder.mkdir()
    return folder


@pytest.fixture
def progress() -> list[tuple[str, str]]:
    """What a tool reported while it worked: (text, stream)."""
    return []


@pytest.fixture
def context(workspace: Path, tmp_path: Path, progress: list[tuple[str, str]]) -> ToolContext:
    return ToolContext(
        cwd=workspace,
        agent="tester",
        call_id="call-1",
        memory={},
        spill_dir=tmp_path / "spill",
        environment=dict(os.environ),
        progress=lambda text, stream: progress.append((text, stream)),
    )


@pytest.fixture
def call(context: ToolContext) -> Callable[..., Any]:
    """Prepare arguments and run the tool, as the engine does."""

    async def do(tool: Tool, **arguments: Any) -> ToolReply:
        return await tool.run(tool.prepare(arguments), context)

    return do
