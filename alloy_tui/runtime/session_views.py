"""What of a session is shown: nodes of a tree, items of a path, sides of a comparison.

Pure but for the reading that is handed in; may take a while and belongs in a
worker thread. Owns how entries become the values of `path_values` and `branch_values`.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence

import msgspec

from alloy_tui.domain.messages import TextBlock, ToolResultBlock
from alloy_tui.runtime.branch_values import BranchSide, ComparedRow, ComparisonView
from alloy_tui.runtime.own_commands import output_of
from alloy_tui.runtime.path_values import (
    NodeKind,
    PathItem,
    PathPage,
    SessionState,
    TreeNode,
    TreeView,
)
from alloy_tui.runtime.port import OWN_COMMAND
from alloy_tui.sessions.compare import Row, Totals, compare
from alloy_tui.sessions.live import LiveSession
from alloy_tui.sessions.nodes import (
    Answer,
    Checkpoint,
    Compaction,
    EffortSwitch,
    Entry,
    Graft,
    Lost,
    ModelSwitch,
    Note,
    ToolResult,
    Unknown,
    UserMessage,
)
from alloy_tui.sessions.tree import SessionTree
from alloy_tui.sessions.view import Read
from alloy_tui.sessions.words import words_of

_TITLE_CHARS = 200
_CHUNK = 1000
_NEAR = 2_000
_QUIET = frozenset({"model", "effort"})
"""What stands on a path and says nothing."""
_KINDS: dict[str, NodeKind] = {
    "user": "user",
    "answer": "answer",
    "tool_result": "tool_result",
    "model": "model",
    "effort": "effort",
    "compaction": "compaction",
    "graft": "graft",
}


class TreeReader:
    """A session's whole tree; reads every node once. May be used by any thread."""

    def __init__(self, live: LiveSession) -> None:
        self.live = live
        self._lock = threading.Lock()
        self._seen = 0
        self._nodes: dict[str, TreeNode] = {}
        self._notes: dict[str, str] = {}
        self._files: set[str] = set()

    def view(self, state: SessionState) -> TreeView:
        """The tree as of now. Raises StoreError."""
        with self._lock:
            tree = self.live.stored
            ids = tree.ids()
            for start in range(self._seen, len(ids), _CHUNK):
                for entry in self.live.read(ids[start : start + _CHUNK]):
                    self._take(entry)
                self._seen = min(len(ids), start + _CHUNK)
            hidden = _hidden(tree)
            nodes = tuple(self._now(node, tree, hidden) for node in self._nodes.values())
        return TreeView(state, nodes)

    def _take(self, entry: Entry) -> None:
        node, above = entry.node, entry.parent
        if not entry.mark:
            self._nodes[entry.id] = tree_node(entry)
        elif isinstance(node, Note) and above is not None:
            self._notes[above] = node.text
        elif isinstance(node, Checkpoint) and node.manifest and above is not None:
            self._files.add(above)

    def _now(self, node: TreeNode, tree: SessionTree, hidden: frozenset[str]) -> TreeNode:
        label, note = tree.labels.get(node.id, ""), self._notes.get(node.id, "")
        files, gone = node.id in self._files, node.id in hidden
        if (label, note, files, gone) == (node.label, node.note, node.files, node.hidden):
            return node
        now = msgspec.structs.replace(node, label=label, note=note, files=files, hidden=gone)
        self._nodes[node.id] = now
        return now


def _hidden(tree: SessionTree) -> frozenset[str]:
    """All that was pruned, with all below it."""
    if not tree.hidden:
        return frozenset()
    found: set[str] = set()
    for node in tree.ids():
        if node in tree.hidden or tree.parent(node) in found:
            found.add(node)
    return frozenset(found)


def tree_node(entry: Entry) -> TreeNode:
    """A placed entry as it stands in the tree, without labels and notes."""
    node = entry.node
    kind = _kind(entry)
    made = TreeNode(
        id=entry.id,
        parent=entry.parent,
        kind=kind,
        title=_one_line(words_of(node)),
        at_ms=entry.at_ms,
        broken=kind == "lost",
    )
    match node:
        case UserMessage(message=message):
            if (command := node.command) is not None:
                made = msgspec.structs.replace(made, title=_one_line(f"! {command}"))
            return msgspec.structs.replace(made, synthetic=message.synthetic)
        case Answer():
            return msgspec.structs.replace(
                made,
                model=node.model,
                cost=node.cost,
                tokens=node.usage.total,
                duration_ms=node.duration_ms,
                broken=node.message.incomplete is not None,
            )
        case ToolResult():
            title = f"{node.name}: {made.title}" if made.title else node.name
            return msgspec.structs.replace(
                made, title=title, duration_ms=node.duration_ms, broken=node.result.is_error
            )
        case ModelSwitch():
            return msgspec.structs.replace(made, model=node.to_model)
        case Graft():
            return msgspec.structs.replace(
                _billed(made, node), title=f"{node.brings} of another branch"
            )
        case Compaction():
            return _billed(made, node)
        case _:
            return made


def _billed(made: TreeNode, node: Graft | Compaction) -> TreeNode:
    """What a model took to write it, if one did."""
    tokens = None if node.usage is None else node.usage.total
    return msgspec.structs.replace(made, model=node.model or "", cost=node.cost, tokens=tokens)


def _one_line(text: str) -> str:
    return " ".join(text[: 3 * _TITLE_CHARS].split())[:_TITLE_CHARS]


def _kind(entry: Entry) -> NodeKind:
    if isinstance(entry.node, Lost):
        return "lost"
    if isinstance(entry.node, Unknown):
        return "unknown"
    return _KINDS.get(entry.node.kind, "unknown")


def page(
    session: str,
    tree: SessionTree,
    read: Read,
    *,
    before: str | None,
    limit: int,
    growing: Sequence[Entry] = (),
) -> PathPage:
    """The last `limit` nodes of the path to the leaf, or the last before the node `before`.

    Reads those alone. `growing` are answers that are not whole yet; the one
    that follows the leaf is shown. Raises StoreError.
    """
    path = tree.path(tree.leaf)
    end = len(path)
    if before is not None:
        end = path.index(before) if before in path else 0
    start = max(0, end - max(1, limit))
    items = [path_item(entry, tree) for entry in read(path[start:end])]
    if before is None:
        items += [
            msgspec.structs.replace(path_item(entry, tree), growing=True)
            for entry in growing
            if entry.parent == tree.leaf and not entry.aside
        ]
    return PathPage(session, tree.leaf, tuple(items), start)


def path_item(entry: Entry, tree: SessionTree | None = None) -> PathItem:
    """An entry with all that is shown of it."""
    node = entry.node
    item = PathItem(entry.id, _kind(entry), entry.at_ms)
    match node:
        case UserMessage(message=message):
            beside = () if tree is None else siblings(tree, entry.id)
            item = msgspec.structs.replace(item, message=message, siblings=beside)
            return _own_command(item, node)
        case Answer():
            return msgspec.structs.replace(
                item,
                message=node.message,
                model=node.model,
                duration_ms=node.duration_ms,
                usage=node.usage,
                cost=node.cost,
            )
        case ToolResult():
            return msgspec.structs.replace(
                item,
                result=node.result,
                name=node.name,
                details=node.details,
                duration_ms=node.duration_ms,
                started=node.started,
            )
        case ModelSwitch():
            words = f"{node.from_model} → {node.to_model}"
            return msgspec.structs.replace(item, model=node.to_model, words=words)
        case EffortSwitch():
            return msgspec.structs.replace(item, words=words_of(node))
        case Compaction():
            words = f"Shortened from {node.tokens_before:,} to {node.tokens_after:,} tokens."
            return msgspec.structs.replace(
                item, messages=node.messages, model=node.model or "", words=words
            )
        case Graft():
            words = f"Brought from another branch: {node.brings}."
            return msgspec.structs.replace(item, messages=node.messages, words=words)
        case Lost():
            return msgspec.structs.replace(
                item, words=f"What stood here ({node.kind}) can no longer be read."
            )
        case _:
            words = "Written by a newer version of Alloy; this one cannot show it."
            return msgspec.structs.replace(item, words=words)


def _own_command(item: PathItem, node: UserMessage) -> PathItem:
    """A message that tells of a command of the user's own, as the call that it was."""
    command, details = node.command, node.details or {}
    if command is None:
        return item
    duration_ms = details.get("duration_ms")
    text = TextBlock(output_of(command, node.message.text))
    return msgspec.structs.replace(
        item,
        name=OWN_COMMAND,
        details=details,
        duration_ms=duration_ms if isinstance(duration_ms, int) else 0,
        result=ToolResultBlock(item.id, (text,), details.get("is_error") is True),
    )


def branch_place(tree: SessionTree, node: str | None) -> tuple[int, int] | None:
    """Which of how many branches the path to `node` takes where it parts last, from 1.

    Looks `_NEAR` nodes up at most; None where it does not part there.
    """
    said: str | None = None
    for _ in range(_NEAR):
        if node is None:
            return None
        kind, above = tree.kind(node), tree.parent(node)
        if kind == "user":
            said = node
        elif kind not in _QUIET:
            said = None
        if said is not None and tree.parts(above):
            beside = siblings(tree, said)
            if beside:
                return beside.index(said) + 1, len(beside)
        node = above
    return None


def siblings(tree: SessionTree, node: str) -> tuple[str, ...]:
    """The user messages that were said where `node` was, oldest first; () if it is the only one.

    Whether a switch of models stands before one makes it no other place.
    """
    if node not in tree:
        return ()
    above = tree.parent(node)
    while above is not None and tree.kind(above) in _QUIET:
        above = tree.parent(above)
    found: list[str] = []
    waiting = [above]
    while waiting:
        for child in tree.children(waiting.pop()):
            if tree.kind(child) == "user":
                found.append(child)
            elif tree.kind(child) in _QUIET:
                waiting.append(child)
    found.sort(key=tree.place)
    return tuple(found) if len(found) > 1 else ()


def comparison(
    tree: SessionTree, read: Read, left: str, right: str, titles: Mapping[str, str] | None = None
) -> ComparisonView:
    """Two branches side by side; files are added by whoever keeps them. Raises SessionError."""
    made = compare(tree, read, left, right)
    shared = tree.path(made.ancestor)
    common = sum(tree.kind(n) in {"user", "answer"} for n in shared)
    rows = tuple(
        ComparedRow(
            None if row.left is None else path_item(row.left),
            None if row.right is None else path_item(row.right),
            row.same,
        )
        for row in made.rows
    )
    names = titles or {}
    return ComparisonView(
        made.ancestor,
        common,
        _side(left, made.left, names.get(left) or _first_words(made.rows, 0)),
        _side(right, made.right, names.get(right) or _first_words(made.rows, 1)),
        rows,
    )


def _side(node: str, sums: Totals, title: str) -> BranchSide:
    return BranchSide(
        node=node,
        title=title,
        messages=sums.messages,
        tool_calls=sums.tool_calls,
        tool_errors=sums.tool_errors,
        tokens=None if sums.usage is None else sums.usage.total,
        cost=sums.cost,
        duration_ms=sums.duration_ms,
        models=sums.models,
    )


def _first_words(rows: Sequence[Row], side: int) -> str:
    """The first thing a person said on a side, as its title."""
    entries = (row.right if side else row.left for row in rows)
    said = (e for e in entries if e is not None and isinstance(e.node, UserMessage))
    first = next(said, None)
    return "" if first is None else tree_node(first).title
