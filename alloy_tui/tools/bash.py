"""The `bash` tool: one shell command, bounded in time, output and consequences.

Owns how a command's end is told to the model. A call owns what it starts: when
the command is over, timed out or cancelled, no process of it stays.
"""

# ruff: noqa: ARG002 - the Tool protocol gives a method more than each tool needs

from __future__ import annotations

import codecs
import shutil
import signal
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from alloy_tui.domain.errors import ToolError
from alloy_tui.domain.tool import Access, ToolContext, ToolReply
from alloy_tui.tools.base import CoreTool
from alloy_tui.tools.environment import scrubbed
from alloy_tui.tools.output import HeadTail, Spill, TerminalText
from alloy_tui.tools.paths import shown
from alloy_tui.tools.process import Command, Ending, run
from alloy_tui.tools.threads import Stop, in_thread

_HEAD = 8_000  # characters
_TAIL = 20_000
_SPILL = 64_000_000
_LIVE_PIECE = 8_000
_MARGIN_S = 1.0  # of the request's deadline, left for telling what happened
_FALLBACK_PATH = "/usr/local/bin:/usr/bin:/bin"


class BashArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `bash` takes."""

    command: Annotated[str, Meta(description="Run by bash -c in the working folder")]
    timeout: Annotated[float, Meta(gt=0, le=600, description="Seconds after which it is ended")] = (
        120
    )


class BashTool(CoreTool[BashArguments]):
    """Run a command in a session of its own, without secrets and without a terminal."""

    name = "bash"
    description = (
        "Run a shell command; stdout and stderr come back together with the exit code. "
        "No input, no terminal. Every call is a new shell, and background processes end "
        "with it. Long output is cut in the middle and kept whole in a file."
    )
    arguments = BashArguments

    def prepare(self, arguments: dict[str, Any]) -> BashArguments:
        """Like every tool, and the command must be one."""
        prepared = super().prepare(arguments)
        if not prepared.command.strip():
            raise ToolError("bash: command is empty.")
        if "\0" in prepared.command:
            raise ToolError("bash: command holds a NUL character, which no shell can take.")
        try:
            prepared.command.encode()
        except UnicodeEncodeError:
            raise ToolError(
                "bash: command holds half of a surrogate pair; send the character itself."
            ) from None
        return prepared

    def access(self, prepared: BashArguments) -> Access:
        """Anything."""
        return "execute"

    def headline(self, prepared: BashArguments) -> str:
        """The command, its line breaks shown."""
        return prepared.command.strip().replace("\n", " ⏎ ")

    def rule(self, prepared: BashArguments) -> str:
        """Exactly this command."""
        return prepared.command

    async def run(self, prepared: BashArguments, context: ToolContext) -> ToolReply:
        """Run it; cancelling ends every process of it, then brings what was printed."""
        return await in_thread(partial(self._run, prepared, context), at_once=True)

    def _run(self, prepared: BashArguments, context: ToolContext, stop: Stop) -> ToolReply:
        environment = scrubbed(context.environment)
        command = Command(
            argv=(*shell(environment), prepared.command),
            cwd=context.cwd,
            environment=environment,
            timeout_s=_patience_s(prepared.timeout, context.deadline),
        )
        return run_to_reply(command, context, stop)


def run_to_reply(command: Command, context: ToolContext, stop: Stop) -> ToolReply:
    """Run `command` with its output live, and tell its end as every command's end is told.

    Blocks. Raises ToolError if it cannot be started.
    """
    if not command.cwd.is_dir():
        raise ToolError(f"The working folder {shown(command.cwd)} does not exist any more.")
    spill = Spill(context.spill_dir, f"bash-{context.call_id}", _SPILL)
    clean, kept, live = TerminalText(), HeadTail(_HEAD, _TAIL, spill), _Live(context)

    def take(piece: bytes) -> None:
        live.feed(piece)
        kept.feed(clean.feed(piece))

    try:
        ending = run(command, stop, take, live.flush)
        kept.feed(clean.close())
    finally:
        live.close()
        spill.close()
    return _reply(kept, spill, ending, command.timeout_s)


class _Live:
    """Output on its way to a screen: at most a piece for every beat, the latest."""

    def __init__(self, context: ToolContext) -> None:
        self._progress = context.progress
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._pending = ""
        self._skipped = 0

    def feed(self, piece: bytes) -> None:
        self._pending += self._decoder.decode(piece)
        if len(self._pending) > 2 * _LIVE_PIECE:
            self._skipped += len(self._pending) - _LIVE_PIECE
            self._pending = self._pending[-_LIVE_PIECE:]

    def flush(self) -> None:
        if self._skipped:
            self._progress(f"[… {self._skipped:,} characters not shown live …]\n", "note")
        if self._pending:
            self._progress(self._pending, "stdout")
        self._pending, self._skipped = "", 0

    def close(self) -> None:
        self._pending += self._decoder.decode(b"", final=True)
        self.flush()


def shell(environment: Mapping[str, str]) -> tuple[str, str]:
    """Bash, or else sh, and the option before a script. Raises ToolError if there is neither."""
    path = environment.get("PATH", _FALLBACK_PATH)
    for name in ("bash", "sh"):
        # A relative entry of PATH would be looked up in whatever folder this
        # process is in.
        found = shutil.which(name, path=path) or shutil.which(name, path=_FALLBACK_PATH)
        if found is not None:
            return str(Path(found).absolute()), "-c"
    raise ToolError("There is neither bash nor sh on this machine.")


def _patience_s(asked_s: float, deadline: float | None) -> float:
    """What was asked for, or what the request leaves of it."""
    if deadline is None:
        return asked_s
    return max(0.1, min(asked_s, deadline - time.monotonic() - _MARGIN_S))


def _reply(kept: HeadTail, spill: Spill, ending: Ending, timeout_s: float) -> ToolReply:
    text = kept.text().rstrip("\n")
    lines = [text] if text else ["(no output)"]
    if ending.timed_out:
        lines.append(
            f"timed out after {timeout_s:g} s: the command and all it had started were ended. "
            "If it needs longer, set timeout (up to 600); if it waits for input, give it that; "
            "if it serves, use it within the same command."
        )
    elif ending.stopped:
        lines.append("cancelled: the command and all it had started were ended.")
    elif ending.exit_code is None:
        lines.append("exit code: unknown (the command's supervisor was ended)")
    else:
        if ending.left_over:
            lines.append(f"note: {_processes(ending.left_over)} still running; ended.")
        lines.append(f"exit code: {ending.exit_code}{_signal_words(ending.exit_code)}")
    details: dict[str, Any] = {
        "exit_code": ending.exit_code,
        "duration_ms": round(ending.duration_s * 1000),
        "timed_out": ending.timed_out,
        "cancelled": ending.stopped,
        "truncated": kept.truncated,
        "characters": kept.characters,
        "spill_path": str(spill.path) if spill.path is not None else None,
    }
    return ToolReply.of("\n".join(lines), is_error=ending.exit_code != 0, **details)


def _processes(count: int) -> str:
    return "1 background process was" if count == 1 else f"{count} background processes were"


def _signal_words(code: int) -> str:
    if code in {126, 127}:
        return " (cannot be executed)" if code == 126 else " (command not found)"
    if code <= 128 or code > 128 + 64:
        return ""
    try:
        return f" (ended by {signal.Signals(code - 128).name})"
    except ValueError:
        return ""
