"""What a screen may ask about sessions: two protocols and the values they speak in.

`TreePort` is the conversation on screen as a tree, `LibraryPort` all sessions
there are. Owns the contract only. Every method may be called from any thread
and returns at once. Answers go to `then`, from another thread; troubles come as
`notice` events, and `then` is told None.

What follows in the event stream: `session_opened` whenever another conversation
is on screen, `leaf_moved` whenever the conversation stands elsewhere in its tree
(both mean: take the items anew), `session_saved` with the nodes that are on
disk, `checkpoint_made` when a label changed. Who shows a text sanitises it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Protocol, TypeAlias

import msgspec

from alloy_tui.domain.messages import ChatMessage, ToolResultBlock
from alloy_tui.domain.usage import TokenUsage

NodeKind: TypeAlias = Literal[
    "user", "answer", "tool_result", "model", "effort", "compaction", "graft", "lost", "unknown"
]
RewindScope: TypeAlias = Literal["conversation", "files", "both"]
FileChoice: TypeAlias = Literal["keep", "overwrite", "merge"]
FileFate: TypeAlias = Literal["added", "changed", "removed", "mode", "same"]
GraftWhat: TypeAlias = Literal["answer", "summary", "files"]
ExportFormat: TypeAlias = Literal["markdown", "json", "html"]


class SessionState(msgspec.Struct, frozen=True):
    """The session on screen, at a glance.

    `id` is "" before there is one (it begins with the first message). `owner`
    is the pid of the program that writes it when we only read. `moves_back` is
    how often `redo` can be done; `branch` says which of how many branches this is
    where the path parted last, None where it never did. `usage` and `cost` are
    all that the session has ever taken, known when the program ends.
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


class FileChange(msgspec.Struct, frozen=True):
    """What a rewind would do to a file.

    `plus` and `minus` count lines, None = no text; `what` it is, if no file.
    `conflict`: somebody else changed it since; `choices` are then what can be
    done, the careful one first, and `clashes` in how many places a merge would
    leave both sides, marked. `why_not` says, in words, why the file cannot be
    brought back.
    """

    path: str
    fate: FileFate
    plus: int | None = None
    minus: int | None = None
    conflict: bool = False
    choices: tuple[FileChoice, ...] = ()
    why_not: str = ""
    what: Literal["", "folder", "link"] = ""
    clashes: int = 0


class RewindPreview(msgspec.Struct, frozen=True):
    """What going back to `node` would leave behind.

    `prompt` is the text of the user message at it, to be edited and sent again;
    `messages` counts those that leave the path. `files` is empty when none
    changed or none are kept; `problems` are words about what is not known.
    `again` tells that of a `redo`: `messages` come back to the path, `node` is
    "" before the first one, and `scope` is what the move that is taken back had.
    """

    node: str
    prompt: str
    messages: int
    files: tuple[FileChange, ...] = ()
    problems: tuple[str, ...] = ()
    again: bool = False
    scope: RewindScope = "conversation"


class BranchSide(msgspec.Struct, frozen=True):
    """One side of a comparison: what it took since the branches parted. None = unknown."""

    node: str
    title: str
    messages: int
    tool_calls: int
    tool_errors: int
    tokens: int | None
    cost: float | None
    duration_ms: int
    models: tuple[str, ...]
    files: int = 0
    plus: int = 0
    minus: int = 0


class ComparedRow(msgspec.Struct, frozen=True):
    """Two messages that belong beside each other, or one with nothing beside it."""

    left: PathItem | None
    right: PathItem | None
    same: bool


class ComparedFile(msgspec.Struct, frozen=True):
    """A file that differs between the two sides; a text is None where there is none to show."""

    path: str
    left: str | None
    right: str | None
    words: str = ""


class ComparisonView(msgspec.Struct, frozen=True):
    """Two branches side by side; `common` counts the messages that both begin with."""

    ancestor: str | None
    common: int
    left: BranchSide
    right: BranchSide
    rows: tuple[ComparedRow, ...]
    files: tuple[ComparedFile, ...] = ()


class SessionRow(msgspec.Struct, frozen=True):
    """A session in a list. `owner` is the pid of the living program that writes it."""

    id: str
    title: str
    preview: str
    cwd: str
    created_ms: int
    updated_ms: int
    messages: int
    owner: int | None = None
    deleted_ms: int | None = None
    from_session: str | None = None


class FoundMessage(msgspec.Struct, frozen=True):
    """A message that a search found; `marks` are spans of `snippet` that matched."""

    session: str
    title: str
    cwd: str
    node: str
    kind: str
    at_ms: int
    snippet: str
    marks: tuple[tuple[int, int], ...] = ()


class Racer(msgspec.Struct, frozen=True):
    """One branch of a race: the events of `agent` are its own; `node` is its answer when over."""

    agent: str
    model: str
    node: str | None = None
    over: bool = False
    failed: str = ""


class TreePort(Protocol):
    """The conversation on screen as a tree."""

    @property
    def state(self) -> SessionState:
        """As of now."""
        ...

    def view(self, then: Callable[[TreeView | None], object]) -> None:
        """The whole tree."""
        ...

    def items(
        self, then: Callable[[PathPage | None], object], *, before: str | None = None, limit: int
    ) -> None:
        """The last `limit` nodes of the path, or the last before the node `before`."""
        ...

    def preview(self, node: str, then: Callable[[RewindPreview | None], object]) -> None:
        """What `rewind` to just before `node` (a user message) or to it (any other) would do."""
        ...

    def rewind(
        self,
        node: str,
        scope: RewindScope = "conversation",
        choices: Mapping[str, FileChoice] | None = None,
    ) -> None:
        """Go back to before a user message, or to any other node of the path.

        `choices` say what to do with files in conflict, by path; the others are kept.
        """
        ...

    def branch(self, node: str | None) -> None:
        """Let the next message follow `node`, wherever it is; None = beside the first one."""
        ...

    def switch(self, node: str) -> None:
        """Go to the end of the branch that `node` is on."""
        ...

    def preview_redo(self, then: Callable[[RewindPreview | None], object]) -> None:
        """What `redo` would do; its files are listed only if files went back, too."""
        ...

    def redo(
        self,
        scope: RewindScope = "conversation",
        choices: Mapping[str, FileChoice] | None = None,
    ) -> None:
        """Take the last move of the leaf back; with files, those that held before it.

        For "files" alone the conversation stays, and that can be taken back in turn.
        """
        ...

    def label(self, node: str | None, label: str) -> None:
        """Label a node, None = where we stand; "" takes the label away."""
        ...

    def note(self, node: str, text: str) -> None:
        """Words of the user about a node."""
        ...

    def prune(self, node: str, *, hidden: bool) -> None:
        """Hide a node and all below it, or show it again."""
        ...

    def compare(
        self, left: str, right: str, then: Callable[[ComparisonView | None], object]
    ) -> None:
        """Two branches of this session, from where they part."""
        ...

    def graft(self, node: str, what: GraftWhat) -> None:
        """Bring something of the branch that ends at `node` to where we stand."""
        ...

    def race(
        self, text: str, models: Sequence[str], then: Callable[[tuple[Racer, ...] | None], object]
    ) -> None:
        """Ask several models the same, each in a branch of its own beside the others.

        `then` is told whenever one of them begins or ends; the leaf stays where
        it is until `switch` picks one. `RuntimePort.cancel` ends them all.
        """
        ...


class LibraryPort(Protocol):
    """All sessions there are."""

    def make_ready(self) -> None:
        """Somebody begins to type: what a first message needs is made ready meanwhile."""
        ...

    def list(
        self,
        then: Callable[[tuple[SessionRow, ...] | None], object],
        *,
        everywhere: bool = False,
        deleted: bool = False,
    ) -> None:
        """Sessions of this folder or of all, the latest used first; or those in the bin."""
        ...

    def search(
        self,
        query: str,
        then: Callable[[tuple[FoundMessage, ...] | None], object],
        *,
        everywhere: bool = True,
        limit: int = 100,
    ) -> None:
        """Messages that hold all words of `query`; a newer question replaces this."""
        ...

    def peek(self, session: str, then: Callable[[PathPage | None], object]) -> None:
        """The end of a session's conversation, for a preview."""
        ...

    def open(self, session: str, node: str | None = None) -> None:
        """Go on with a session; at the end of the branch of `node`, if one is named.

        One that another program writes is opened to read only, and follows it.
        """
        ...

    def new(self) -> None:
        """Begin a new session; it is stored with its first message."""
        ...

    def fork(self, node: str | None = None) -> None:
        """Go on in a new session that begins with the path to `node`, None = where we stand."""
        ...

    def rename(self, session: str, title: str) -> None:
        """Another title; "" = the first message again."""
        ...

    def delete(self, session: str) -> None:
        """Into the bin."""
        ...

    def restore(self, session: str) -> None:
        """Out of the bin again."""
        ...

    def export(self, form: ExportFormat, path: str, then: Callable[[str | None], object]) -> None:
        """Write the session on screen to `path` ("" = a new file in the folder); tells where."""
        ...
