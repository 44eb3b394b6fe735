"""A command that the user types for themselves: their shell, their whole environment.

The same machinery and the same bounds as the `bash` tool, but for the time:
who typed it ends it. Nothing is withheld from it, for it is the user's own act.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from alloy_tui.domain.tool import ToolContext, ToolReply
from alloy_tui.tools.bash import run_to_reply, shell
from alloy_tui.tools.process import Command
from alloy_tui.tools.threads import Stop, in_thread

_LONGEST_S = 7 * 24 * 3600.0


async def run_own(command: str, context: ToolContext) -> ToolReply:
    """Run `command` in the user's shell; cancelling ends it and brings what was printed.

    Raises ToolError if it cannot be started.
    """
    return await in_thread(partial(_run, command, context), at_once=True)


def _run(script: str, context: ToolContext, stop: Stop) -> ToolReply:
    environment = {**context.environment, "TERM": "dumb"}
    command = Command(
        argv=(*_own_shell(environment), script),
        cwd=context.cwd,
        environment=environment,
        timeout_s=_LONGEST_S,
    )
    return run_to_reply(command, context, stop)


def _own_shell(environment: Mapping[str, str]) -> tuple[str, str]:
    own = environment.get("SHELL", "")
    if own and Path(own).is_absolute() and Path(own).is_file() and os.access(own, os.X_OK):
        return own, "-c"
    return shell(environment)
