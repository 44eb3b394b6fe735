"""What a screen may ask about the conversation on screen as a tree: `TreePort`.

Owns the contract only. Every method may be called from any thread and returns
at once. Answers go to `then`, from another thread; troubles come as `notice`
events, and `then` is told None.

What follows in the event stream: `session_opened` whenever another conversation
is on screen, `leaf_moved` whenever the conversation stands elsewhere in its tree
(both mean: take the items anew), `session_saved` with the nodes that are on
disk, `checkpoint_made` when a label changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from alloy_tui.runtime.branch_values import (
    ComparisonView,
    FileChoice,
    GraftWhat,
    Racer,
    RewindPreview,
    RewindScope,
)
from alloy_tui.runtime.path_values import PathPage, SessionState, TreeView


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
