"""What can be added to a transcript: one frozen value per kind of block.

Text may be untrusted; the transcript sanitises it. Owns shapes only.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

BlockId: TypeAlias = int
ToolState: TypeAlias = Literal[
    "writing", "ready", "waiting", "running", "done", "error", "denied", "cancelled"
]
Level: TypeAlias = Literal["info", "warning", "error"]


class UserBlock(msgspec.Struct, frozen=True):
    """Words of a person; `note` stands at the right of the label (time, branch)."""

    text: str
    note: str = ""
    speaker: str = "you"


class AgentBlock(msgspec.Struct, frozen=True):
    """Markdown of a model; grows by `append_text` until `finish`.

    With `incomplete` it is over already: "" whole, else why it is not.
    """

    text: str = ""
    speaker: str = "alloy"
    incomplete: str | None = None


class ThinkingBlock(msgspec.Struct, frozen=True):
    """Reasoning, folded to one line; grows until `finish`, or is over with a duration."""

    text: str = ""
    speaker: str = "alloy"
    duration_ms: int | None = None
    incomplete: str = ""


class ToolBlock(msgspec.Struct, frozen=True):
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


class NoticeBlock(msgspec.Struct, frozen=True):
    """Words of the program."""

    text: str
    level: Level = "info"


class MarkerBlock(msgspec.Struct, frozen=True):
    """A line across the conversation: compaction, branch, change of model."""

    text: str


class ImageBlock(msgspec.Struct, frozen=True):
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
