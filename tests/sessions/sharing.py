"""A store on a server as several programs share it, and as it looks from outside."""

from __future__ import annotations

from alloy_tui.sessions.postgres import PostgresStore
from alloy_tui.sessions.postgres_server import Server
from tests.support.postgres import PostgresServer


class Shared:
    """One schema of the server, opened again and again, and looked into past every store."""

    def __init__(self, server: PostgresServer) -> None:
        self.server, self.schema = server, server.schema()
        self.opened: list[PostgresStore] = []

    def store(self) -> PostgresStore:
        """One more program, as far as the server can tell."""
        self.opened.append(PostgresStore(self.server.url, schema=self.schema))
        return self.opened[-1]

    def do(self, statement: str) -> list[tuple[object, ...]]:
        """One statement from outside."""
        with Server(self.server.url, self.schema).connect() as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []


def elsewhere(shared: Shared) -> None:
    """Let every owner seem to be on another machine."""
    shared.do("UPDATE owners SET boot = 'of another machine'")
