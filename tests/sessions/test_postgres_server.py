"""A database server that restarts, stays away, loses answers, is too old or says no."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator

import psycopg
import pytest

from alloy_tui.domain.errors import StoreError
from alloy_tui.domain.secret import Secret
from alloy_tui.sessions import postgres_schema
from alloy_tui.sessions.postgres import PostgresStore
from alloy_tui.sessions.postgres_schema import Connection
from alloy_tui.sessions.postgres_server import Pen, Server
from tests.sessions.conftest import Talk
from tests.sessions.sharing import Shared
from tests.support.postgres import PostgresServer, running_server


@pytest.fixture
def own_server() -> Iterator[PostgresServer]:
    """A server that a test may end."""
    with running_server() as server:
        if server is None:
            pytest.skip("no PostgreSQL server is installed (Debian: apt install postgresql)")
        yield server


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT, signal.SIGKILL])
def test_a_restart_of_the_server_between_two_messages_is_outlived(
    own_server: PostgresServer, how: int
) -> None:
    store = PostgresStore(own_server.url)
    talk = Talk.begin(store)
    first, version = talk.ask("before"), store.version()
    own_server.end(how)
    with pytest.raises(StoreError, match="cannot be reached"):
        store.tree(talk.session)
    own_server.start()
    second = talk.ask("after")
    assert talk.read(first.id, second.id) == (first, second)
    assert store.version() != version
    assert store.claim(talk.session).result().token is None
    store.close()


def test_a_server_that_stays_away_is_told_and_nothing_was_stored(
    own_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alloy_tui.sessions.postgres_server.PATIENCE_S", 0.2)
    store = PostgresStore(own_server.url)
    talk = Talk.begin(store)
    own_server.end()
    with pytest.raises(StoreError, match="nothing was stored") as caught:
        talk.ask("into the void")
    assert caught.value.kind == "io"
    assert caught.value.hint
    own_server.start()
    talk.ask("heard")
    assert len(store.tree(talk.session)) == 2
    own_server.end()
    store.close()


class Cut(Pen):
    """A connection that breaks in the moment of storing, before or after the server did it."""

    def __init__(self, server: Server, *, after: bool) -> None:
        super().__init__(server)
        self.after, self.cuts = after, 1

    def commit(self, connection: Connection) -> None:
        """Break it once."""
        if self.cuts:
            self.cuts -= 1
            pid = connection.info.backend_pid
            if self.after:
                connection.execute("COMMIT")
            with self._server.connect() as other:
                other.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))
        super().commit(connection)


@pytest.mark.parametrize("after", [True, False])
def test_when_the_answer_to_a_commit_is_lost_the_server_is_asked(
    shared: Shared, after: bool
) -> None:
    """Stored once, whichever way the connection broke."""
    store = shared.store()
    talk = Talk.begin(store)
    store._writer._medium = cut = Cut(store._pen._server, after=after)
    assert store._writer._connection is not None
    store._writer._connection.close()
    entry = talk.ask("once")
    assert cut.cuts == 0
    assert store.tree(talk.session).ids() == talk.tree.ids()
    assert talk.read(entry.id) == (entry,)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:hunter2@127.0.0.1:1/nothing",
        "postgresq://me:hunter2@127.0.0.1:1/nothing",
        "postgresql://me:hunter2@[::1/nothing",
        "host=127.0.0.1 port=1 user=me password=hunter2",
        "host=127.0.0.1 port=one password=hunter2",
        "password=hunter2 hunter2",
    ],
)
def test_no_message_holds_the_password(url: str) -> None:
    with pytest.raises(StoreError) as caught:
        PostgresStore(Secret(url))
    assert caught.value.kind in ("io", "access")
    shown = f"{caught.value.message} {caught.value.hint}"
    assert "hunter2" not in shown


def test_a_wrong_database_and_a_lacking_right_are_told_in_words(postgres: PostgresServer) -> None:
    url = postgres.url.reveal()
    with pytest.raises(StoreError) as caught:
        PostgresStore(Secret(url.replace("/postgres?", "/nothing?")))
    assert caught.value.kind in ("access", "io")
    assert "nothing" in caught.value.message
    with Server(postgres.url).connect() as connection:
        connection.execute("CREATE ROLE poor LOGIN")
    with pytest.raises(StoreError, match="does not allow") as caught:
        PostgresStore(Secret(url.replace("alloy@", "poor@")), schema=postgres.schema())
    assert caught.value.kind == "access"


def test_an_older_store_is_brought_up_to_date_once(shared: Shared) -> None:
    talk = Talk.begin(shared.store())
    talk.ask("before")

    def widen(connection: Connection) -> None:
        connection.execute("ALTER TABLE sessions ADD COLUMN colour TEXT")

    steps = (*postgres_schema.STEPS, widen)
    for _ in range(2):
        with Server(shared.server.url, shared.schema).connect() as connection:
            postgres_schema.migrate(connection, shared.schema, steps)
    assert shared.do("SELECT number FROM version") == [(2,)]
    assert shared.do("SELECT colour FROM sessions") == [(None,)]
    with pytest.raises(StoreError, match="newer version"):
        shared.store()


def test_a_migration_that_fails_changes_nothing(shared: Shared) -> None:
    Talk.begin(shared.store()).ask("before")

    def half(connection: Connection) -> None:
        connection.execute("DELETE FROM entries")
        connection.execute("SELECT 1 / 0")

    steps = (*postgres_schema.STEPS, half)
    with (
        Server(shared.server.url, shared.schema).connect() as connection,
        pytest.raises(psycopg.errors.DivisionByZero),
    ):
        postgres_schema.migrate(connection, shared.schema, steps)
    assert shared.do("SELECT count(*) FROM entries") == [(2,)]
    assert shared.do("SELECT number FROM version") == [(1,)]


def test_programs_that_make_the_tables_at_once_make_them_once(postgres: PostgresServer) -> None:
    schema = postgres.schema()
    made: list[PostgresStore] = []
    threads = [
        threading.Thread(target=lambda: made.append(PostgresStore(postgres.url, schema=schema)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for store in made:
        store.close()
    assert len(made) == 4


def test_a_server_that_is_too_old_is_told_by_its_number(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alloy_tui.sessions.postgres._OLDEST", 990_000)
    with pytest.raises(StoreError, match="is of PostgreSQL") as caught:
        PostgresStore(postgres.url, schema=postgres.schema())
    assert "99 or later" in str(caught.value.hint)
