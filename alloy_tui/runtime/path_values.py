"""A session as a screen sees it: where it stands, its tree, and the path with all that is shown.

Owns the values alone; who brings them is `session_port`'s to say. Who shows a
text sanitises it.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import msgspec

from alloy_tui.domain.messages import ChatMessage, ToolResultBlock
from alloy_tui.domain.usage import TokenUsage

NodeKind: TypeAlias = Literal[
    "user", "answer", "tool_result", "model", "effort", "compaction", "graft", "lost", "unknown"
]


class SessionState(msgspec.Struct, frozen=True):
    """The session on screen, at a glance.

    `id` is "" before there is one (it begins with the first message). `owner`
    is the pid of the program that writes it when we only read. `moves_back` is
    how often `redo` can be done; `branch` says which of how many branches this is
    where the path parted last, None where it never did. `usage` and `cost` are
    all that the session has ever taken, `life` and `life_cost` what it took since the
    program's start; known when the program ends.
    """

    id: str = ""
    title: str = ""
    leaf: str | None = None
    writable: bool = True
    owner: int | None = None
    moves_back: int = 0
    branch: tuple[int, int] | None = None
    usage: TokenUsage | None = None
    cost: float | None = None
    life: TokenUsage | None = None
    life_cost: float | None = None


class TreeNode(msgspec.Struct, frozen=True):
    """A node of the tree. `title` is the beginning of what was said, on one line, at most 200.

    `cost` is in US dollars and `tokens` all of the node's request, None =
    unknown or none. `broken` is an answer that is not whole, a failed result, or
    content that is lost. `files` says that the workspace's files are kept at it,
    `synthetic` that the harness said it in a user's place.
    """

    id: str
    parent: str | None
    kind: NodeKind
    title: str
    at_ms: int
    model: str = ""
    label: str = ""
    note: str = ""
    cost: float | None = None
    tokens: int | None = None
    duration_ms: int = 0
    hidden: bool = False
    broken: bool = False
    files: bool = False
    synthetic: bool = False


class TreeView(msgspec.Struct, frozen=True):
    """A session's whole tree as of now; `nodes` stand in log order, parents before children."""

    state: SessionState
    nodes: tuple[TreeNode, ...]


class PathItem(msgspec.Struct, frozen=True):
    """A node of the path on screen, with all that is shown of it.

    `message` is there for user messages and answers (and `messages` for
    compactions and grafts), `result` for tool results and, with `name`
    `OWN_COMMAND`, for messages that tell of a command of the user's; `siblings` are the user
    messages that stand where this one stands, itself included, oldest first
    (only for user messages that have any). `growing` is an answer that another
    program is writing now. `usage` and `cost` (US dollars) are an answer's.
    """

    id: str
    kind: NodeKind
    at_ms: int
    message: ChatMessage | None = None
    messages: tuple[ChatMessage, ...] = ()
    result: ToolResultBlock | None = None
    name: str = ""
    details: dict[str, Any] | None = None
    model: str = ""
    words: str = ""
    duration_ms: int = 0
    started: bool = True
    siblings: tuple[str, ...] = ()
    growing: bool = False
    usage: TokenUsage | None = None
    cost: float | None = None


class PathPage(msgspec.Struct, frozen=True):
    """A stretch of the path on screen, oldest first; `before` more nodes stand ahead of it."""

    session: str
    leaf: str | None
    items: tuple[PathItem, ...]
    before: int
