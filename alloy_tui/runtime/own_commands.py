"""The user's own commands: run beside the agent, shown like its tools, told to the model.

Owns their course on the engine's loop. To every fold a command is a tool call
outside all turns (turn 0), with an id of its own as the request. Requests wait
while a command runs whose output the model is to know.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, Protocol

from alloy_tui.agent.agent import Agent
from alloy_tui.agent.equipment import SpillFolder
from alloy_tui.domain.errors import AlloyError
from alloy_tui.domain.events import EngineEvent, OutputStream, ToolFinished, ToolOutput, ToolStarted
from alloy_tui.domain.messages import ResultContent, TextBlock
from alloy_tui.domain.tool import ToolContext, ToolReply
from alloy_tui.runtime.port import OWN_COMMAND, PRIVATE_COMMAND

_STATEMENT = "[The user ran a command of their own. It is for you to know, not a request.]"


class Session(Protocol):
    """The session on screen, as far as commands have to do with it: what `sessions.Sessions` is."""

    def following(self) -> AbstractAsyncContextManager[None]:
        """Within it, what changes files is taken for the session's work."""
        ...

    def ran(self, words: str, details: dict[str, Any]) -> None:
        """The model is about to be told of a command in these words."""
        ...


class OwnCommands:
    """All methods belong to the engine's loop."""

    def __init__(
        self,
        *,
        publish: Callable[[str, EngineEvent], object],
        agent: Callable[[], Agent | None],
        cwd: Callable[[], str],
        sessions: Session,
    ) -> None:
        self._publish = publish
        self._agent = agent
        self._cwd = cwd
        self._session = sessions
        self._spill = SpillFolder()
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def start(self, command_id: str, command: str, *, private: bool) -> None:
        """Run `command` in the background; `private` keeps it from the model."""
        agent = None if private else self._agent()
        release = agent.hold() if agent is not None else lambda: None
        task = asyncio.create_task(self._run(command_id, command, private), name="own command")
        self._tasks[command_id] = task

        def over(done: asyncio.Task[None]) -> None:
            self._tasks.pop(command_id, None)
            release()
            if not done.cancelled():
                done.exception()

        task.add_done_callback(over)

    def stop(self, command_id: str) -> None:
        """End it and all that it started; what it printed is kept."""
        task = self._tasks.get(command_id)
        if task is not None:
            task.cancel()

    async def close(self) -> None:
        """End all of them."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._spill.remove()

    async def _run(self, command_id: str, command: str, private: bool) -> None:
        from alloy_tui.tools.own_command import run_own

        name = PRIVATE_COMMAND if private else OWN_COMMAND
        arguments: dict[str, Any] = {"command": command, "private": private}
        headline = command.strip().replace("\n", " ⏎ ")
        started_s = time.monotonic()
        self._publish(command_id, ToolStarted(command_id, name, arguments, headline))
        try:
            async with self._session.following():
                reply = await run_own(command, self._context(command_id))
        except AlloyError as error:
            reply = ToolReply.of(error.message, is_error=True)
        except OSError as error:
            reply = ToolReply.of(f"The command cannot be started: {error}.", is_error=True)
        details = {**(reply.details or {}), "private": private}
        duration_ms = round((time.monotonic() - started_s) * 1000)
        agent = None if private else self._agent()
        if agent is not None:
            words = in_words(command, reply.content)
            told = {"command": command, "is_error": reply.is_error, "duration_ms": duration_ms}
            self._session.ran(words, {**details, **told})
            agent.add_context(words)
        self._publish(
            command_id,
            ToolFinished(
                command_id,
                name,
                reply.is_error,
                reply.content,
                duration_ms=duration_ms,
                details=details,
            ),
        )

    def _context(self, command_id: str) -> ToolContext:
        loop = asyncio.get_running_loop()

        def progress(text: str, stream: OutputStream) -> None:
            with contextlib.suppress(RuntimeError):  # the loop has ended before the thread
                loop.call_soon_threadsafe(
                    self._publish, command_id, ToolOutput(command_id, text, stream)
                )

        return ToolContext(
            cwd=Path(self._cwd()),
            agent="user",
            call_id=command_id,
            memory={},
            spill_dir=self._spill.path(),
            environment=dict(os.environ),
            progress=progress,
        )


def in_words(command: str, content: Sequence[ResultContent]) -> str:
    """What the model is told of `command`."""
    text = "\n".join(part.text for part in content if isinstance(part, TextBlock))
    return f"{_head(command)}{text}"


def output_of(command: str, words: str) -> str:
    """What `command` printed, of the words that the model was told."""
    return words.removeprefix(_head(command))


def _head(command: str) -> str:
    return f"{_STATEMENT}\n$ {command.strip()}\n"
