"""Files that come along: the agent's calls followed, kept at turns, and put back."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from alloy_tui.agent.agent import Agent
from alloy_tui.domain.errors import StoreError, WorkspaceError
from alloy_tui.domain.events import OutputStream
from alloy_tui.domain.tool import ToolContext, ToolReply
from alloy_tui.runtime.file_keeping import FileKeeper, FileKeeping
from alloy_tui.sessions.memory import MemoryStore
from alloy_tui.tools.core import core_tools

pytestmark = pytest.mark.anyio


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


@pytest.fixture
async def keeper(project: Path, tmp_path: Path) -> AsyncIterator[FileKeeper]:
    store = MemoryStore()
    made = FileKeeper(project, lambda: store, private=tmp_path / "private")
    yield made
    made.close()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def call(
    keeper: FileKeeper,
    project: Path,
    name: str,
    *,
    progress: Callable[[str, OutputStream], None] = lambda text, stream: None,
    **arguments: Any,
) -> ToolReply:
    """One call of a core tool, as an agent makes it."""
    tools = {tool.spec.name: tool for tool in keeper.wrap(core_tools(project))}
    context = ToolContext(
        cwd=project,
        agent="main",
        call_id="1",
        memory={},
        spill_dir=project.parent,
        environment=dict(os.environ),
        progress=progress,
    )
    tool = tools[name]
    return await tool.run(tool.prepare(arguments), context)


async def test_what_tools_write_and_commands_change_can_be_taken_back(
    keeper: FileKeeper, project: Path
) -> None:
    (project / "old.txt").write_text("old\n")
    await call(keeper, project, "write", file_path="new.txt", content="one\n")
    first = await keeper.manifest()
    assert first is not None
    await call(keeper, project, "bash", command="echo two > new.txt; rm old.txt; mkdir d")
    second = await keeper.manifest()
    plan = await keeper.plan_restore(first)
    assert [(c.path, c.verb) for c in plan.changes] == [
        ("d", "delete"),
        ("new.txt", "replace"),
        ("old.txt", "create"),
    ]
    report = await keeper.apply(plan)
    assert report.restored == ("d", "new.txt", "old.txt")
    assert (project / "new.txt").read_text() == "one\n"
    assert (project / "old.txt").read_text() == "old\n"
    assert second is not None
    await keeper.apply(await keeper.plan_restore(second))
    assert names(project) == ["d", "new.txt"]


async def test_nothing_touched_means_no_manifest(keeper: FileKeeper, project: Path) -> None:
    (project / "a").write_text("x")
    await call(keeper, project, "read", file_path="a")
    await call(keeper, project, "bash", command="cat a")
    assert await keeper.manifest(anew=True) is None


async def test_a_call_that_is_cancelled_is_followed_to_its_end(
    keeper: FileKeeper, project: Path
) -> None:
    loop, started = asyncio.get_running_loop(), asyncio.Event()
    command = "echo new > made.txt; echo started; sleep 60"

    def heard(*_: object) -> None:
        loop.call_soon_threadsafe(started.set)

    task = asyncio.create_task(call(keeper, project, "bash", progress=heard, command=command))
    await started.wait()
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    address = await keeper.manifest()
    assert address is not None
    assert set(await keeper.files_at(address)) == {"made.txt"}


async def test_a_session_goes_on_where_another_run_of_the_program_ended(
    project: Path, tmp_path: Path
) -> None:
    store = MemoryStore()
    first = FileKeeper(project, lambda: store, private=tmp_path / "private")
    await call(first, project, "write", file_path="a.txt", content="1")
    address = await first.manifest()
    await call(first, project, "bash", command="printf 2 > a.txt")
    last = await first.manifest()
    first.close()
    again = FileKeeper(project, lambda: store, private=tmp_path / "private")
    assert await again.resume(last) == ()
    assert address is not None
    plan = await again.plan_restore(address)
    assert not plan.conflicts
    await again.apply(plan)
    assert (project / "a.txt").read_text() == "1"
    again.close()


async def test_the_programs_own_folder_in_the_workspace_is_left_out(project: Path) -> None:
    store = MemoryStore()
    keeper = FileKeeper(project, lambda: store, private=project / ".alloy-home")
    await call(keeper, project, "bash", command="echo x > .alloy-home/mine; echo x > yours")
    address = await keeper.manifest()
    assert address is not None
    assert set(await keeper.files_at(address)) == {"yours"}
    keeper.close()


async def test_a_folder_that_is_not_scanned_says_so_and_its_tools_are_followed(
    own_home: Path, tmp_path: Path
) -> None:
    store = MemoryStore()
    keeper = FileKeeper(own_home, lambda: store, private=tmp_path / "private")
    await call(keeper, own_home, "bash", command="echo x > by-command")
    await call(keeper, own_home, "write", file_path="by-tool", content="x")
    address = await keeper.manifest()
    assert address is not None
    assert set(await keeper.files_at(address)) == {"by-tool"}
    (words,) = await keeper.coverage()
    assert "this is your home folder" in words
    keeper.close()


async def test_a_folder_that_is_gone_is_told_once_and_stops_no_call(tmp_path: Path) -> None:
    told: list[str] = []
    keeper = FileKeeper(
        tmp_path / "gone", MemoryStore, private=tmp_path / "private", tell=told.append
    )
    for _ in range(2):
        await call(keeper, tmp_path, "bash", command="true")
    with pytest.raises(WorkspaceError, match="cannot be followed"):
        await keeper.manifest()
    assert len(told) == 1
    keeper.close()


class FullStore(MemoryStore):
    """A store on a disk that is full."""

    full = True

    def put_blob(self, data: bytes) -> Future[str]:
        if not self.full:
            return super().put_blob(data)
        refused: Future[str] = Future()
        refused.set_exception(StoreError("The disk is full.", kind="full"))
        return refused


async def test_what_could_not_be_stored_is_not_said_to_be_and_is_tried_again(
    project: Path, tmp_path: Path
) -> None:
    store = FullStore()
    keeper = FileKeeper(project, lambda: store, private=tmp_path / "private")
    await call(keeper, project, "write", file_path="a.txt", content="1")
    with pytest.raises(StoreError):
        await keeper.manifest()
    store.full = False
    await call(keeper, project, "bash", command="printf 2 > a.txt")
    address = await keeper.manifest()
    assert address is not None
    assert store.blob(address) is not None
    keeper.close()


async def test_an_agents_turns_are_followed(
    keeper: FileKeeper, project: Path, tmp_path: Path
) -> None:
    script = tmp_path / "script.json"
    script.write_text(
        '{"replies": [{"tool_calls": [{"name": "bash", "arguments":'
        ' {"command": "echo x > made"}}]}, {"text": "done"}]}'
    )
    agent = Agent(
        f"scripted/{script}",
        tools=keeper.wrap(core_tools(project)),
        middleware=(FileKeeping(keeper),),
        approval_mode="all",
        cwd=project,
    )
    await agent.start()
    await agent.result(agent.send_message("go"))
    await agent.stop()
    address = await keeper.manifest()
    assert address is not None
    assert set(await keeper.files_at(address)) == {"made"}
