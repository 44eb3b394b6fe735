"""What can be added to a transcript: one frozen value per kind of block.

Text may be untrusted; the transcript sanitises it. Owns shapes only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

BlockId: TypeAlias = int
ToolState: TypeAlias = Literal[
    "writing", "ready", "waiting", "running", "done", "error", "denied", "cancelled"
]
Level: TypeAlias = Literal["info", "warning", "error"]


@dataclass(frozen=True, slots=True)
class UserBlock:
    """Words of a person; `note` stands at the right of the label (time, branch)."""

    text: str
    note: str = ""
    speaker: str = "you"


@dataclass(frozen=True, slots=True)
class AgentBlock:
    """Markdown of a model; grows by `append_text` until `finish`.

    With `incomplete` it is over already: "" whole, else why it is not.
    """

    text: str = ""
    speaker: str = "alloy"
    incomplete: str | None = None


@dataclass(frozen=True, slots=True)
class ThinkingBlock:
    """Reasoning, folded to one line; grows until `finish`, or is over with a duration."""

    text: str = ""
    speaker: str = "alloy"
    duration_ms: int | None = None
    incomplete: str = ""


@dataclass(frozen=True, slots=True)
class ToolBlock:
    """A tool call. `headline` is what it works on, `summary` what came of it ("+2 −1").

    `diff` is a unified diff; `result` what the tool answered.
    """

    name: str
    headline: str = ""
    state: ToolState = "writing"
    summary: str = ""
    result: str | None = None
    diff: str | None = None
    duration_ms: int = 0
    speaker: str = "alloy"


@dataclass(frozen=True, slots=True)
class NoticeBlock:
    """Words of the program."""

    text: str
    level: Level = "info"


@dataclass(frozen=True, slots=True)
class MarkerBlock:
    """A line across the conversation: compaction, branch, change of model."""

    text: str


@dataclass(frozen=True, slots=True)
class ImageBlock:
    """An image that somebody sent. `data` may be its first bytes alone; `weight` is all of them.

    Shown as a labelled line with its kind and size.
    """

    name: str
    media_type: str
    data: bytes
    weight: int | None = None
    speaker: str = "you"


BlockSpec: TypeAlias = (
    UserBlock | AgentBlock | ThinkingBlock | ToolBlock | NoticeBlock | MarkerBlock | ImageBlock
)
