"""Letting go of content that no checkpoint of any session leads to any more.

Owns the question of what is still needed. Blocks; belongs in a worker thread.
"""

from __future__ import annotations

from collections.abc import Iterator

from alloy_tui.sessions.nodes import manifest_of
from alloy_tui.sessions.store import SessionStore
from alloy_tui.workspace.manifest import needed

_ALL = 1_000_000_000


def manifests(store: SessionStore) -> Iterator[str]:
    """The manifests at the checkpoints of all sessions, the bin included. Raises StoreError."""
    for deleted in (False, True):
        for info in store.sessions(deleted=deleted, limit=_ALL):
            marks = store.tree(info.id).of_kind("checkpoint", "leaf")
            for entry in store.read(info.id, marks):
                if (manifest := manifest_of(entry.node)) is not None:
                    yield manifest


def drop_unneeded(store: SessionStore) -> int:
    """Erase what no checkpoint needs; how many pieces of content that was.

    Only while no session is written to, by this program or another: what was
    kept for a checkpoint that is still to be made looks unneeded. Raises
    StoreError, and WorkspaceError when a later version of the program has
    listed files, for nobody can tell then what is needed.
    """
    kept = store.kept_blobs.addresses()
    gone = kept - needed(manifests(store), store.blob)
    if gone:
        store.kept_blobs.drop(gone).result()
    return len(gone)
