"""A `TreePort` and a `LibraryPort` that record what is asked and answer from values a test sets.

Answers come at once, on the caller's thread; they run nothing by themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from alloy_tui.runtime.branch_values import (
    ComparisonView,
    FileChoice,
    GraftWhat,
    Racer,
    RewindPreview,
    RewindScope,
)
from alloy_tui.runtime.library_port import ExportFormat, FoundMessage, SessionRow
from alloy_tui.runtime.path_values import PathItem, PathPage, SessionState, TreeNode, TreeView


class FakeTree:
    """`path` is what is on screen, `nodes` the tree, `previews` by node, `comparison` by pair."""

    def __init__(self, ask: Callable[..., None]) -> None:
        self._ask = ask
        self.state = SessionState()
        self.nodes: Sequence[TreeNode] = ()
        self.path: Sequence[PathItem] = ()
        self.held: list[Callable[[PathPage | None], object]] | None = None
        """Set to a list to have questions for items wait there."""
        self.previews: dict[str, RewindPreview] = {}
        self.comparison: ComparisonView | None = None
        self.tell_race: Callable[[tuple[Racer, ...] | None], object] | None = None

    def view(self, then: Callable[[TreeView | None], object]) -> None:
        self._ask("view")
        then(TreeView(self.state, tuple(self.nodes)))

    def items(
        self, then: Callable[[PathPage | None], object], *, before: str | None = None, limit: int
    ) -> None:
        self._ask("items", before)
        if self.held is not None:
            self.held.append(then)
            return
        end = len(self.path)
        if before is not None:
            end = next((n for n, item in enumerate(self.path) if item.id == before), 0)
        start = max(0, end - limit)
        then(PathPage(self.state.id, self.state.leaf, tuple(self.path[start:end]), start))

    def preview(self, node: str, then: Callable[[RewindPreview | None], object]) -> None:
        self._ask("preview", node)
        then(self.previews.get(node))

    def rewind(
        self,
        node: str,
        scope: RewindScope = "conversation",
        choices: Mapping[str, FileChoice] | None = None,
    ) -> None:
        self._ask("rewind", node, scope, dict(choices or {}))

    def branch(self, node: str | None) -> None:
        self._ask("branch", node)

    def switch(self, node: str) -> None:
        self._ask("switch", node)

    def preview_redo(self, then: Callable[[RewindPreview | None], object]) -> None:
        then(self.previews.get("redo", RewindPreview("", "", 0, again=True)))

    def redo(
        self,
        scope: RewindScope = "conversation",
        choices: Mapping[str, FileChoice] | None = None,
    ) -> None:
        self._ask("redo", scope, dict(choices or {}))

    def label(self, node: str | None, label: str) -> None:
        self._ask("label", node, label)

    def note(self, node: str, text: str) -> None:
        self._ask("note", node, text)

    def prune(self, node: str, *, hidden: bool) -> None:
        self._ask("prune", node, hidden)

    def compare(
        self, left: str, right: str, then: Callable[[ComparisonView | None], object]
    ) -> None:
        self._ask("compare", left, right)
        then(self.comparison)

    def graft(self, node: str, what: GraftWhat) -> None:
        self._ask("graft", node, what)

    def race(
        self, text: str, models: Sequence[str], then: Callable[[tuple[Racer, ...] | None], object]
    ) -> None:
        self._ask("race", text, tuple(models))
        self.tell_race = then


class FakeLibrary:
    """`rows` are the sessions, `found` what any search finds, `peeks` the previews by session."""

    def __init__(self, ask: Callable[..., None]) -> None:
        self._ask = ask
        self.rows: Sequence[SessionRow] = ()
        self.found: Sequence[FoundMessage] = ()
        self.peeks: dict[str, PathPage] = {}
        self.made_ready = 0

    def make_ready(self) -> None:
        self.made_ready += 1

    def list(
        self,
        then: Callable[[tuple[SessionRow, ...] | None], object],
        *,
        everywhere: bool = False,
        deleted: bool = False,
    ) -> None:
        self._ask("list", everywhere, deleted)
        then(tuple(row for row in self.rows if (row.deleted_ms is not None) == deleted))

    def search(
        self,
        query: str,
        then: Callable[[tuple[FoundMessage, ...] | None], object],
        *,
        everywhere: bool = True,
        limit: int = 100,
    ) -> None:
        self._ask("search", query, everywhere)
        then(tuple(self.found)[:limit])

    def peek(self, session: str, then: Callable[[PathPage | None], object]) -> None:
        self._ask("peek", session)
        then(self.peeks.get(session))

    def open(self, session: str, node: str | None = None) -> None:
        self._ask("open", session, node)

    def new(self) -> None:
        self._ask("new")

    def fork(self, node: str | None = None) -> None:
        self._ask("fork", node)

    def rename(self, session: str, title: str) -> None:
        self._ask("rename", session, title)

    def delete(self, session: str) -> None:
        self._ask("delete", session)

    def restore(self, session: str) -> None:
        self._ask("restore", session)

    def export(self, form: ExportFormat, path: str, then: Callable[[str | None], object]) -> None:
        self._ask("export", form, path)
        then(path or "conversation.md")
