"""What a screen may ask about all sessions there are: `LibraryPort` and the values it speaks in.

Owns the contract only. Every method may be called from any thread and returns
at once. Answers go to `then`, from another thread; troubles come as `notice`
events, and `then` is told None. Who shows a text sanitises it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Protocol, TypeAlias

import msgspec

from alloy_tui.runtime.path_values import PathPage

ExportFormat: TypeAlias = Literal["markdown", "json", "html"]


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
