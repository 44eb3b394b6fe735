"""What a session is made of: the kinds of nodes, and the entry that places one in the tree.

Placed nodes (messages, tool results, model switches, compactions, grafts) form
the tree. Marks (moves of the leaf, labels, notes, prunings, titles) belong to
the node that is their parent and never stand on a path. Owns the data; its
spelling is `codec`'s, its meaning for a tree `tree`'s.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal, TypeAlias

import msgspec

from alloy_tui.domain.messages import ChatMessage, ToolResultBlock
from alloy_tui.domain.usage import TokenUsage

MoveReason: TypeAlias = Literal["rewind", "branch", "switch", "redo"]
GraftKind: TypeAlias = Literal["answer", "summary", "files"]


class Node(msgspec.Struct, frozen=True, tag_field="type", omit_defaults=True):
    """Base of all nodes; `MARK` is true for those that never stand on a path."""

    MARK: ClassVar[bool] = False

    @property
    def kind(self) -> str:
        """The node's name in the store, the tag of its type."""
        return str(self.__struct_config__.tag)


class UserMessage(Node, frozen=True, tag="user"):
    """What a person, or the harness in a person's place, said. Each one is a checkpoint.

    `details` is for views, not for the model: of a command that the user ran,
    `command`, `is_error`, `duration_ms` and what the tool told besides.
    """

    message: ChatMessage
    details: dict[str, Any] | None = None

    @property
    def command(self) -> str | None:
        """The command of the user's own that it tells the model of, None if it tells of none."""
        command = (self.details or {}).get("command")
        return command if self.message.synthetic and isinstance(command, str) else None


class Answer(Node, frozen=True, tag="answer"):
    """What a model said; `message.incomplete` says why a cut answer is not whole.

    `cost` is in US dollars, None = unknown; `duration_ms` from request to end.
    """

    message: ChatMessage
    model: str
    usage: TokenUsage = TokenUsage()
    cost: float | None = None
    stop_reason: str | None = None
    duration_ms: int = 0


class ToolResult(Node, frozen=True, tag="tool_result"):
    """What one tool call brought; stored as each call completes, in any order.

    `details` is for views (diff, paths, exit code), not for the model.
    `started` is false for a call that never ran.
    """

    result: ToolResultBlock
    name: str
    started: bool = True
    duration_ms: int = 0
    details: dict[str, Any] | None = None


class ModelSwitch(Node, frozen=True, tag="model"):
    """The model that answers from here on."""

    from_model: str
    to_model: str


class EffortSwitch(Node, frozen=True, tag="effort"):
    """How hard the model thinks from here on; "" = as it does by itself."""

    from_effort: str
    to_effort: str


class Compaction(Node, frozen=True, tag="compaction"):
    """What the model is shown from here on in place of all that came before.

    `messages` first, then the path from `kept_from` on, if it names a node.
    `tokens_before` and `tokens_after` measure the view; `usage` and `cost` are
    of the request that wrote the summary, if a model did.
    """

    messages: tuple[ChatMessage, ...]
    tokens_before: int
    tokens_after: int
    kept_from: str | None = None
    model: str | None = None
    usage: TokenUsage | None = None
    cost: float | None = None


class Graft(Node, frozen=True, tag="graft"):
    """Something brought here from another branch; `messages` is what the model is shown of it.

    `model`, `usage` and `cost` are of the request that wrote it, if a model did.
    """

    from_session: str
    from_node: str
    brings: GraftKind
    messages: tuple[ChatMessage, ...] = ()
    model: str | None = None
    usage: TokenUsage | None = None
    cost: float | None = None


Billed: TypeAlias = Answer | Compaction | Graft
"""What may have come from a request to a model, and so may have cost something."""


class Opened(Node, frozen=True, tag="opened"):
    """The first entry of every session: what it is, so that nothing else need survive.

    `model` is the one that answers until the first `ModelSwitch`, "" = not known;
    `effort` how hard it thinks until the first `EffortSwitch`, None = not known.
    """

    MARK: ClassVar[bool] = True

    title: str = ""
    cwd: str = ""
    agent: str = ""
    from_session: str | None = None
    from_node: str | None = None
    model: str = ""
    effort: str | None = None


class Renamed(Node, frozen=True, tag="renamed"):
    """A new title for the session."""

    MARK: ClassVar[bool] = True

    title: str


class LeafMove(Node, frozen=True, tag="leaf"):
    """The leaf moved to this mark's parent; None = before the first message.

    Where files went along (or alone: then it moved to where it was), `files` is
    the address of the manifest that held before, for whoever takes the move back.
    """

    MARK: ClassVar[bool] = True

    from_node: str | None
    reason: MoveReason
    files: str | None = None


class Checkpoint(Node, frozen=True, tag="checkpoint"):
    """A label for, and the files at, the node that is its parent.

    The latest label counts; "" takes it away, None leaves it. `manifest` is the
    address of the blob that lists the files. Without a parent it tells which
    files hold now, after others were put back; no node is theirs.
    """

    MARK: ClassVar[bool] = True

    label: str | None = None
    manifest: str | None = None


class Note(Node, frozen=True, tag="note"):
    """Words of a person about a node; models are not shown them."""

    MARK: ClassVar[bool] = True

    text: str


class Prune(Node, frozen=True, tag="prune"):
    """The parent and all below it are hidden from view, or shown again; nothing is deleted."""

    MARK: ClassVar[bool] = True

    hidden: bool = True


class TeamRecord(Node, frozen=True, tag="team"):
    """Something that happened in a team, as its event was spelled; models are not shown it.

    `by` is who did it. Records belong to no message and have no parent.
    """

    MARK: ClassVar[bool] = True

    by: str
    event: dict[str, Any]


KnownNode: TypeAlias = (
    UserMessage
    | Answer
    | ToolResult
    | ModelSwitch
    | EffortSwitch
    | Compaction
    | Graft
    | Opened
    | Renamed
    | LeafMove
    | Checkpoint
    | Note
    | Prune
    | TeamRecord
)


SPOKEN = ("user", "answer")
"""The kinds of nodes that count as messages."""


class Unknown(msgspec.Struct, frozen=True):
    """A node of a kind that this version does not know: kept as it is, and skipped."""

    kind: str
    raw: bytes


class Lost(msgspec.Struct, frozen=True):
    """A node whose content can no longer be read; its place in the tree is known."""

    kind: str


def is_prompt(node: object) -> bool:
    """Whether a person said it, not the harness in a person's place."""
    return isinstance(node, UserMessage) and not node.message.synthetic


def manifest_of(node: object) -> str | None:
    """The address of the list of files that a node names, if it names one."""
    if isinstance(node, Checkpoint):
        return node.manifest or None
    return (node.files or None) if isinstance(node, LeafMove) else None


AnyNode: TypeAlias = KnownNode | Unknown | Lost


class Entry(msgspec.Struct, frozen=True):
    """A node with its place: the one thing that is stored, and never changed.

    `at_ms` is epoch milliseconds. An `aside` entry grows the tree without
    taking the leaf along (a branch that runs beside the current one).
    """

    id: str
    parent: str | None
    at_ms: int
    node: AnyNode
    agent: str = ""
    aside: bool = False
    mark: bool = False


def entry_of(
    node: KnownNode,
    *,
    id: str,  # noqa: A002 -- the field's name
    parent: str | None,
    at_ms: int,
    agent: str = "",
    aside: bool = False,
) -> Entry:
    """An entry for `node`; whether it is a mark follows from its type."""
    return Entry(id, parent, at_ms, node, agent, aside, node.MARK)
