"""What a tool is to the engine.

Owns the specification a model sees, the context a call runs in, and the
`Tool` protocol. Knows no concrete tool.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias

import msgspec

from alloy_tui.domain.events import OutputStream
from alloy_tui.domain.messages import ResultContent, TextBlock

Access: TypeAlias = Literal["read", "edit", "execute"]
"""What a call may do: look only, change files of the workspace, or anything."""


class ToolSpec(msgspec.Struct, frozen=True):
    """A tool as the model is told of it. `input_schema` is a JSON Schema object."""

    name: str
    description: str
    input_schema: dict[str, Any]


class ToolReply(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a tool call brought. `details` is for views only (diff, exit code, paths)."""

    content: tuple[ResultContent, ...]
    is_error: bool = False
    details: dict[str, Any] | None = None

    @classmethod
    def of(cls, text: str, *, is_error: bool = False, **details: Any) -> ToolReply:
        """A reply of one text."""
        return cls((TextBlock(text),), is_error, details or None)


class ToolContext(msgspec.Struct, frozen=True):
    """Where and for whom a call runs.

    `cwd` is absolute. `memory` is the agent's own: it lives as long as the
    agent and is shared by its tools (read marks, scratchpad). `spill_dir` is
    where output too long for the model is kept whole. `progress` may be called
    from any thread and never blocks or raises. `deadline` is monotonic seconds
    by which the call must be over, or None.
    """

    cwd: Path
    agent: str
    call_id: str
    memory: dict[str, Any]
    spill_dir: Path
    environment: Mapping[str, str]
    progress: Callable[[str, OutputStream], None]
    deadline: float | None = None


class Tool(Protocol):
    """Something a model may call.

    `prepare` validates raw arguments and raises ToolError, in words for the
    model, when they are unusable. `access` and `lock_keys` take what `prepare`
    returned: calls of access "read" run in parallel, the others alone, and
    calls that share a lock key (an absolute path, say) never overlap, across
    all agents of a process. `run` may raise ToolError; any other exception
    becomes an error result as well. Cancelling `run` stops its work, children
    included, before it returns. `headline` is one line for people; `rule` is the
    pattern that "always allow" would remember for this call.
    """

    @property
    def spec(self) -> ToolSpec:
        """What the model is told."""
        ...

    def prepare(self, arguments: dict[str, Any]) -> Any:
        """Check the arguments and turn them into the tool's own type."""
        ...

    def access(self, prepared: Any) -> Access:
        """What this call may do."""
        ...

    def lock_keys(self, prepared: Any, context: ToolContext) -> tuple[str, ...]:
        """What this call must hold alone."""
        ...

    def headline(self, prepared: Any) -> str:
        """One line that says what the call does."""
        ...

    def rule(self, prepared: Any) -> str:
        """What an approval beyond this once is remembered for."""
        ...

    async def run(self, prepared: Any, context: ToolContext) -> ToolReply:
        """Do the work."""
        ...
