"""Stores to test, and the small things that every test of them needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from alloy_tui.domain.messages import ChatMessage, TextBlock, user
from alloy_tui.domain.usage import TokenUsage
from alloy_tui.sessions import moves
from alloy_tui.sessions.ids import Stamps
from alloy_tui.sessions.memory import MemoryStore
from alloy_tui.sessions.nodes import Answer, Entry, KnownNode, Opened, UserMessage, entry_of
from alloy_tui.sessions.postgres import PostgresStore
from alloy_tui.sessions.sqlite import SqliteStore
from alloy_tui.sessions.store import SessionStore
from alloy_tui.sessions.tree import SessionTree
from tests.sessions.sharing import Shared
from tests.support.postgres import PostgresServer, postgres, postgres_if_any

__all__ = ["postgres", "postgres_if_any"]

MakeStore = Callable[[], SessionStore]


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def store(
    request: pytest.FixtureRequest, tmp_path: Path, postgres_if_any: PostgresServer | None
) -> Iterator[SessionStore]:
    """Every implementation in turn."""
    if request.param == "memory":
        made: SessionStore = MemoryStore()
    elif request.param == "sqlite":
        made = SqliteStore(tmp_path / "sessions")
    else:
        server: PostgresServer = request.getfixturevalue("postgres")
        made = PostgresStore(server.url, schema=server.schema())
    yield made
    made.close()


@pytest.fixture(params=["sqlite", "postgres"])
def programs(
    request: pytest.FixtureRequest, tmp_path: Path, postgres_if_any: PostgresServer | None
) -> Iterator[MakeStore]:
    """One store of every kind that lasts, opened anew by every call, as by another program."""
    if request.param == "sqlite":

        def make() -> SessionStore:
            return SqliteStore(tmp_path / "sessions")
    else:
        server: PostgresServer = request.getfixturevalue("postgres")
        schema = server.schema()

        def make() -> SessionStore:
            return PostgresStore(server.url, schema=schema)

    opened: list[SessionStore] = []

    def open_one() -> SessionStore:
        opened.append(make())
        return opened[-1]

    yield open_one
    for each in opened:
        each.close()


@pytest.fixture
def shared(postgres: PostgresServer) -> Iterator[Shared]:
    """A fresh schema on the server; all its stores are closed at the end."""
    made = Shared(postgres)
    yield made
    for store in made.opened:
        store.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a store on disk goes."""
    return tmp_path / "sessions"


@dataclass
class Talk:
    """One session with its tree at hand."""

    store: SessionStore
    session: str
    token: str
    tree: SessionTree
    stamps: Stamps = field(default_factory=Stamps)

    @classmethod
    def begin(cls, store: SessionStore, session: str = "", **opened: str) -> Talk:
        """A new session."""
        stamps = Stamps()
        stamp = stamps()
        name = session or stamps().id
        first = entry_of(Opened(**opened), id=stamp.id, parent=None, at_ms=stamp.at_ms)
        token = store.create(name, [first]).result()
        return cls(store, name, token, SessionTree().add(first), stamps)

    def keep(self, *entries: Entry) -> Entry:
        """Store entries and add them; returns the last."""
        self.store.append(self.session, entries, self.token).result()
        for entry in entries:
            self.tree = self.tree.add(entry)
        return entries[-1]

    def put(self, node: KnownNode, agent: str = "") -> Entry:
        """A node after the leaf."""
        return self.keep(moves.follow(self.tree, node, self.stamps(), agent=agent))

    def ask(self, text: str) -> Entry:
        """A user's message."""
        return self.put(UserMessage(user(text)))

    def answer(self, text: str, cost: float | None = 0.5, model: str = "s/m") -> Entry:
        """A model's whole answer."""
        return self.put(answer(text, cost, model))

    def read(self, *nodes: str) -> tuple[Entry, ...]:
        """Entries from the store."""
        return self.store.read(self.session, nodes)


def answer(
    text: str, cost: float | None = 0.5, model: str = "s/m", incomplete: str | None = None
) -> Answer:
    """A model's answer."""
    message = ChatMessage("assistant", (TextBlock(text),), model, incomplete)
    return Answer(message, model, TokenUsage(input=10, output=5), cost, "stop", 700)
