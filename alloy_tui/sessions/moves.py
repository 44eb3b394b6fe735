"""What can be done to a session, as entries: each verb gives what must be stored.

Pure: a verb looks at a tree and answers with the entries that do it; the caller
stores them and adds them to the tree. Nothing here deletes: to rewind is to move
the leaf, to prune is to hide, and each is undone by another entry.
"""

from __future__ import annotations

from alloy_tui.domain.errors import SessionError
from alloy_tui.sessions.ids import Stamp
from alloy_tui.sessions.nodes import (
    Checkpoint,
    Entry,
    KnownNode,
    LeafMove,
    MoveReason,
    Note,
    Prune,
    Renamed,
    entry_of,
)
from alloy_tui.sessions.tree import SessionTree


def follow(tree: SessionTree, node: KnownNode, stamp: Stamp, *, agent: str = "") -> Entry:
    """`node` after the leaf; adding it moves the leaf there."""
    return entry_of(node, id=stamp.id, parent=tree.leaf, at_ms=stamp.at_ms, agent=agent)


def beside(
    tree: SessionTree, parent: str | None, node: KnownNode, stamp: Stamp, *, agent: str = ""
) -> Entry:
    """`node` after `parent`, while the leaf stays where it is: for branches that run abreast."""
    if parent is not None:
        _placed(tree, parent)
    return entry_of(node, id=stamp.id, parent=parent, at_ms=stamp.at_ms, agent=agent, aside=True)


def rewind(tree: SessionTree, to: str | None, stamp: Stamp, *, files: str | None = None) -> Entry:
    """Go back to `to`, None = before the first message. What comes after it stays in the tree.

    `files` is the manifest that held before, if files went back as well. Raises
    SessionError when `to` is not on the current path.
    """
    if not tree.is_ancestor(to, tree.leaf):
        raise SessionError(
            "That message is on another branch.", hint="Switch to that branch instead."
        )
    return _move(tree, to, "rewind", stamp, files)


def branch(tree: SessionTree, from_: str | None, stamp: Stamp) -> Entry:
    """Let the next message follow `from_`, wherever in the tree that is. O(1)."""
    return _move(tree, from_, "branch", stamp)


def switch(tree: SessionTree, node: str, stamp: Stamp) -> Entry:
    """Go to the end of the branch that `node` is on."""
    return _move(tree, tree.tip(node), "switch", stamp)


def redo(tree: SessionTree, stamp: Stamp) -> Entry:
    """Take back the last move of the leaf. Raises SessionError when there is none.

    Moves can be taken back one after another until a new message is added;
    after that `branch` and `switch` still lead everywhere.
    """
    if not tree.undone:
        raise SessionError("There is no move to take back.")
    return _move(tree, tree.undone[-1], "redo", stamp)


def checkpoint(
    tree: SessionTree,
    node: str,
    stamp: Stamp,
    *,
    label: str | None = None,
    manifest: str | None = None,
) -> Entry:
    """Label `node` ("" takes the label away), or tell which files belong to it."""
    _placed(tree, node)
    mark = Checkpoint(label=label, manifest=manifest)
    return entry_of(mark, id=stamp.id, parent=node, at_ms=stamp.at_ms)


def files_now(manifest: str, stamp: Stamp) -> Entry:
    """Which files hold from now on, whatever node the conversation stands at."""
    return entry_of(Checkpoint(manifest=manifest), id=stamp.id, parent=None, at_ms=stamp.at_ms)


def checkpoints(tree: SessionTree) -> tuple[str, ...]:
    """The nodes one would go back to, oldest first: user messages, and all that have a label."""
    asked = frozenset(tree.of_kind("user"))
    return tuple(i for i in tree.ids() if i in asked or i in tree.labels)


def note(tree: SessionTree, node: str, text: str, stamp: Stamp) -> Entry:
    """Words of a person about `node`."""
    _placed(tree, node)
    return entry_of(Note(text), id=stamp.id, parent=node, at_ms=stamp.at_ms)


def prune(tree: SessionTree, node: str, first: Stamp, then: Stamp) -> tuple[Entry, ...]:
    """Hide `node` and all below it. If the leaf is there, it moves to the parent first."""
    _placed(tree, node)
    hide = entry_of(Prune(), id=then.id, parent=node, at_ms=then.at_ms)
    if not tree.is_ancestor(node, tree.leaf):
        return (hide,)
    return (_move(tree, tree.parent(node), "rewind", first), hide)


def unprune(tree: SessionTree, node: str, stamp: Stamp) -> Entry:
    """Show `node` again."""
    _placed(tree, node)
    return entry_of(Prune(hidden=False), id=stamp.id, parent=node, at_ms=stamp.at_ms)


def rename(title: str, stamp: Stamp) -> Entry:
    """A new title for the session."""
    return entry_of(Renamed(title), id=stamp.id, parent=None, at_ms=stamp.at_ms)


def _move(
    tree: SessionTree,
    to: str | None,
    reason: MoveReason,
    stamp: Stamp,
    files: str | None = None,
) -> Entry:
    if to is not None:
        _placed(tree, to)
    move = LeafMove(tree.leaf, reason, files)
    return entry_of(move, id=stamp.id, parent=to, at_ms=stamp.at_ms)


def _placed(tree: SessionTree, node: str) -> None:
    if tree.is_mark(node):
        raise SessionError("A mark has no place in the conversation.")
