"""What runs in this program, in a small file where other programs find it.

Owns the file: replaced as a whole at most once a second, readable by its owner
alone, gone with the program. One that a killed program left behind counts for
nothing. Belongs to the engine's loop; the disk is touched in threads.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Callable
from pathlib import Path

import msgspec

from alloy_tui.domain.errors import ConfigError
from alloy_tui.runtime.team_port import AgentRow, TeamView
from alloy_tui.sessions.ids import wall_clock_ms
from alloy_tui.sessions.owners import Process, myself
from alloy_tui.settings.paths import Paths, private_folder

EVERY_S = 1.0
_log = logging.getLogger(__name__)


class PostedAgent(msgspec.Struct, frozen=True):
    """One agent, at a glance; `waiting` are the questions to a person, in a line each.

    `cost` is in US dollars, None = unknown. `session` is the id of where its
    conversation is kept, "" = nowhere; `worktree` a path, "" = it has none.
    """

    name: str
    state: str
    group: str
    activity: str = ""
    parent: str = ""
    role: str = ""
    model: str = ""
    turns: int = 0
    tokens: int | None = None
    cost: float | None = None
    restarts: int = 0
    paused: bool = False
    last_ms: int = 0
    waiting: tuple[str, ...] = ()
    session: str = ""
    worktree: str = ""


class Posted(msgspec.Struct, frozen=True):
    """A program and its agents at `at_ms`; `team` is "" when no team file is open."""

    process: Process
    cwd: str
    at_ms: int
    team: str = ""
    agents: tuple[PostedAgent, ...] = ()


class Posting:
    """`seen` says what there is to tell."""

    def __init__(
        self, folder: Path, seen: Callable[[], TeamView], cwd: Callable[[], str] = os.getcwd
    ) -> None:
        self._folder = folder
        self._seen = seen
        self._cwd = cwd
        self._file: Path | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._writing: asyncio.Task[None] | None = None
        self._told_s = float("-inf")
        self._closed = False

    def changed(self) -> None:
        """Something that others could want to know; called for every event."""
        if self._timer is None and not self._closed:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(max(loop.time(), self._told_s + EVERY_S), self._begin)

    async def close(self) -> None:
        """Tell no more, and take the file away."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        if self._writing is not None:
            await asyncio.wait({self._writing})
        if self._file is not None:
            await asyncio.to_thread(self._file.unlink, missing_ok=True)

    def _begin(self) -> None:
        loop = asyncio.get_running_loop()
        self._told_s, self._timer = loop.time(), None
        if self._writing is None and not self._closed:
            self._writing = loop.create_task(self._write(), name="posting")
        elif not self._closed:
            self._timer = loop.call_later(EVERY_S, self._begin)  # the disk is slow

    async def _write(self) -> None:
        view = self._seen()
        try:
            await asyncio.to_thread(self._replace, view)
        except (OSError, ConfigError) as error:
            _log.info("What runs cannot be told to other programs: %s", error)
        finally:
            self._writing = None

    def _replace(self, view: TeamView) -> None:
        process = myself()
        path = self._folder / f"{process.pid}.json"
        posted = Posted(process, self._cwd(), wall_clock_ms(), view.name, _agents(view))
        private_folder(self._folder)
        growing = path.with_suffix(".tmp")
        self._file = path
        with open(growing, "wb", opener=_private) as file:
            file.write(msgspec.json.encode(posted))
        growing.replace(path)


def posting_folder(paths: Paths) -> Path:
    """Where programs of this user post; it need not exist."""
    return paths.cache / "running"


def running_programs(folder: Path) -> tuple[Posted, ...]:
    """The programs of this user that run now, by process; those that died are not."""
    found: list[Posted] = []
    with contextlib.suppress(OSError):
        for path in sorted(folder.glob("*.json")):
            with contextlib.suppress(OSError, msgspec.DecodeError):
                posted = msgspec.json.decode(path.read_bytes(), type=Posted)
                if posted.process.alive():
                    found.append(posted)
                else:
                    path.unlink(missing_ok=True)
    return tuple(sorted(found, key=lambda posted: posted.process.pid))


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0), 0o600)


def _agents(view: TeamView) -> tuple[PostedAgent, ...]:
    return tuple(_agent(row) for row in view.rows)


def _agent(row: AgentRow) -> PostedAgent:
    view = row.view
    return PostedAgent(
        name=row.name,
        state=view.state,
        group=row.group,
        activity=row.activity,
        parent=row.parent,
        role=row.role,
        model=view.model,
        turns=row.turns,
        tokens=view.usage.total if view.usage_known else None,
        cost=view.cost if view.usage_known else None,
        restarts=row.restarts,
        paused=row.paused,
        last_ms=row.last_ms,
        waiting=tuple(
            f"{asked.request.tool}: {asked.request.headline}" for asked in view.approvals
        ),
        session=row.session,
        worktree=row.worktree,
    )
