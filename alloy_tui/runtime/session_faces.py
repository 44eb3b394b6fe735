"""`TreePort` and `LibraryPort` as a screen sees them, made with the runtime and before its engine.

Owns handing questions and verbs on to the engine's loop, in order. Light: whoever
draws the first frame imports this.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from alloy_tui.runtime.branch_values import (
    ComparisonView,
    FileChoice,
    GraftWhat,
    Racer,
    RewindPreview,
    RewindScope,
)
from alloy_tui.runtime.library_port import ExportFormat, FoundMessage, SessionRow
from alloy_tui.runtime.path_values import PathPage, SessionState, TreeView

if TYPE_CHECKING:
    from alloy_tui.runtime.engine import Engine

_T = TypeVar("_T")


class _Face:
    """What both have: verbs in order, and questions answered when their answer is there."""

    def __init__(self, give: Callable[[Callable[[Engine], Callable[[], object]]], object]) -> None:
        self._give = give

    def _do(self, verb: Callable[[Engine], object]) -> None:
        self._give(lambda engine: lambda: verb(engine))

    def _ask(
        self, then: Callable[[_T | None], object], question: Callable[[Engine], Awaitable[_T]]
    ) -> None:
        self._give(lambda engine: lambda: engine.questions.ask(question(engine), then))


class TreeFace(_Face):
    """Fills `TreePort`; every method may be called from any thread."""

    def __init__(
        self,
        give: Callable[[Callable[[Engine], Callable[[], object]]], object],
        look: Callable[[Callable[[Engine], Callable[[], object]]], object],
        engine: Callable[[], Engine | None],
    ) -> None:
        super().__init__(give)
        self._look = look
        self._engine = engine

    @property
    def state(self) -> SessionState:
        """As of now."""
        engine = self._engine()
        return SessionState() if engine is None else engine.sessions.desk.state

    def view(self, then: Callable[[TreeView | None], object]) -> None:
        """See `TreePort.view`."""
        self._ask(then, lambda engine: engine.sessions.tree.view())

    def items(
        self, then: Callable[[PathPage | None], object], *, before: str | None = None, limit: int
    ) -> None:
        """See `TreePort.items`."""
        # Not behind the choice of a model: a stored conversation can be read without one.
        self._look(
            lambda engine: (
                lambda: engine.questions.ask(engine.sessions.tree.items(before, limit), then)
            )
        )

    def preview(self, node: str, then: Callable[[RewindPreview | None], object]) -> None:
        """See `TreePort.preview`."""
        self._ask(then, lambda engine: engine.sessions.tree.preview(node))

    def rewind(
        self,
        node: str,
        scope: RewindScope = "conversation",
        choices: Mapping[str, FileChoice] | None = None,
    ) -> None:
        """See `TreePort.rewind`."""
        taken: dict[str, FileChoice] = dict(choices or {})
        self._do(lambda engine: engine.sessions.tree.rewind(node, scope, taken))

    def branch(self, node: str | None) -> None:
        """See `TreePort.branch`."""
        self._do(lambda engine: engine.sessions.tree.branch(node))

    def switch(self, node: str) -> None:
        """See `TreePort.switch`."""
        self._do(lambda engine: engine.sessions.tree.switch(node))

    def preview_redo(self, then: Callable[[RewindPreview | None], object]) -> None:
        """See `TreePort.preview_redo`."""
        self._ask(then, lambda engine: engine.sessions.tree.preview_redo())

    def redo(
        self,
        scope: RewindScope = "conversation",
        choices: Mapping[str, FileChoice] | None = None,
    ) -> None:
        """See `TreePort.redo`."""
        taken: dict[str, FileChoice] = dict(choices or {})
        self._do(lambda engine: engine.sessions.tree.redo(scope, taken))

    def label(self, node: str | None, label: str) -> None:
        """See `TreePort.label`."""
        self._do(lambda engine: engine.sessions.tree.label(node, label))

    def note(self, node: str, text: str) -> None:
        """See `TreePort.note`."""
        self._do(lambda engine: engine.sessions.tree.note(node, text))

    def prune(self, node: str, *, hidden: bool) -> None:
        """See `TreePort.prune`."""
        self._do(lambda engine: engine.sessions.tree.prune(node, hidden=hidden))

    def compare(
        self, left: str, right: str, then: Callable[[ComparisonView | None], object]
    ) -> None:
        """See `TreePort.compare`."""
        self._ask(then, lambda engine: engine.sessions.tree.compare(left, right))

    def graft(self, node: str, what: GraftWhat) -> None:
        """See `TreePort.graft`."""
        self._give(lambda engine: lambda: engine.aside(engine.sessions.grafts.bring(node, what)))

    def race(
        self, text: str, models: Sequence[str], then: Callable[[tuple[Racer, ...] | None], object]
    ) -> None:
        """See `TreePort.race`."""
        asked = tuple(models)
        self._do(lambda engine: engine.sessions.races.begin(text, asked, then))


class LibraryFace(_Face):
    """Fills `LibraryPort`; every method may be called from any thread."""

    def make_ready(self) -> None:
        """See `LibraryPort.make_ready`."""
        self._do(lambda engine: engine.sessions.make_ready(typing=True))

    def list(
        self,
        then: Callable[[tuple[SessionRow, ...] | None], object],
        *,
        everywhere: bool = False,
        deleted: bool = False,
    ) -> None:
        """See `LibraryPort.list`."""
        self._ask(then, lambda engine: engine.sessions.library.list(everywhere, deleted))

    def search(
        self,
        query: str,
        then: Callable[[tuple[FoundMessage, ...] | None], object],
        *,
        everywhere: bool = True,
        limit: int = 100,
    ) -> None:
        """See `LibraryPort.search`."""
        self._do(lambda engine: engine.sessions.library.search(query, then, everywhere, limit))

    def peek(self, session: str, then: Callable[[PathPage | None], object]) -> None:
        """See `LibraryPort.peek`."""
        self._ask(then, lambda engine: engine.sessions.library.peek(session))

    def open(self, session: str, node: str | None = None) -> None:
        """See `LibraryPort.open`."""
        self._do(lambda engine: engine.sessions.library.open(session, node))

    def new(self) -> None:
        """See `LibraryPort.new`."""
        self._do(lambda engine: engine.sessions.library.new())

    def fork(self, node: str | None = None) -> None:
        """See `LibraryPort.fork`."""
        self._do(lambda engine: engine.sessions.library.fork(node))

    def rename(self, session: str, title: str) -> None:
        """See `LibraryPort.rename`."""
        self._do(lambda engine: engine.sessions.library.rename(session, title))

    def delete(self, session: str) -> None:
        """See `LibraryPort.delete`."""
        self._do(lambda engine: engine.sessions.library.delete(session))

    def restore(self, session: str) -> None:
        """See `LibraryPort.restore`."""
        self._do(lambda engine: engine.sessions.library.restore(session))

    def export(self, form: ExportFormat, path: str, then: Callable[[str | None], object]) -> None:
        """See `LibraryPort.export`."""
        self._ask(then, lambda engine: engine.sessions.library.export(form, path))
