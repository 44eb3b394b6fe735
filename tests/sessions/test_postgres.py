"""What only a store on a server can get wrong: other machines, restarts, lost connections."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator

import psycopg
import pytest

from alloy_tui.domain.errors import StoreError
from alloy_tui.domain.messages import user
from alloy_tui.domain.secret import Secret
from alloy_tui.sessions import moves, postgres_schema
from alloy_tui.sessions.nodes import Lost, UserMessage
from alloy_tui.sessions.postgres import PostgresStore
from alloy_tui.sessions.postgres_schema import Connection
from alloy_tui.sessions.postgres_server import Pen, Server
from alloy_tui.sessions.words import words_of
from tests.sessions.conftest import Talk, answer
from tests.sessions.killing import ROOT
from tests.sessions.walking import Walk
from tests.support.postgres import PostgresServer, running_server


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


@pytest.fixture
def shared(postgres: PostgresServer) -> Iterator[Shared]:
    """A fresh schema; all its stores are closed at the end."""
    made = Shared(postgres)
    yield made
    for store in made.opened:
        store.close()


@pytest.fixture
def own_server() -> Iterator[PostgresServer]:
    """A server that a test may end."""
    with running_server() as server:
        if server is None:
            pytest.skip("no PostgreSQL server is installed (Debian: apt install postgresql)")
        yield server


def elsewhere(shared: Shared) -> None:
    """Let every owner seem to be on another machine."""
    shared.do("UPDATE owners SET boot = 'of another machine'")


def test_it_agrees_with_a_plain_tree_however_often_it_is_reopened(shared: Shared) -> None:
    store = shared.store()
    walk = Walk(random.Random(5), store)
    for number in range(300):
        walk.step()
        if number % 50 == 49:
            store.close()
            store = shared.store()
            walk.reopen(store)
            walk.check()


def test_a_second_opener_sees_new_messages_and_gets_the_session_when_the_first_is_gone(
    shared: Shared,
) -> None:
    first, second = shared.store(), shared.store()
    talk = Talk.begin(first)
    assert second.claim(talk.session).result().token is None
    seen, version = second.tree(talk.session), second.version()
    entry = talk.ask("two")
    assert second.version() != version
    assert second.since(talk.session, len(seen)) == (entry,)
    first.close()
    assert second.claim(talk.session).result().token


def test_a_session_of_a_dead_program_is_taken_over(shared: Shared) -> None:
    store = shared.store()
    talk = Talk.begin(store)
    shared.do("UPDATE owners SET started = '1'")
    assert store.claim(talk.session).result().token not in (None, talk.token)
    with pytest.raises(StoreError, match="Another program writes"):
        talk.ask("the old owner finds out")


def test_a_program_on_another_machine_is_known_to_live_by_its_lock(shared: Shared) -> None:
    first, second = shared.store(), shared.store()
    talk = Talk.begin(first)
    elsewhere(shared)
    assert second.claim(talk.session).result().token is None
    assert first.claim(talk.session).result().token is None
    # What is left of a program that was killed there: a row without a lock.
    shared.do("UPDATE owners SET life = 5")
    assert second.claim(talk.session).result().token


_OWNER = """
import sys
from alloy_tui.domain.secret import Secret
from alloy_tui.sessions.postgres import PostgresStore
from tests.sessions.conftest import Talk, answer
from alloy_tui.sessions import moves
store = PostgresStore(Secret(sys.argv[1]), schema=sys.argv[2])
talk = Talk.begin(store, "s")
talk.ask("kept")
part = moves.follow(talk.tree, answer("half an"), talk.stamps())
store.put_partial("s", part, talk.token).result()
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("remote", [False, True])
def test_the_session_of_a_killed_program_is_taken_over_with_what_it_had_said(
    shared: Shared, remote: bool
) -> None:
    """Looked at as from the same machine, and as from another."""
    store = shared.store()
    with subprocess.Popen(
        [sys.executable, "-c", _OWNER, shared.server.url.reveal(), shared.schema],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == b"ready\n"
        if remote:
            elsewhere(shared)
        claim = store.claim("s").result()
        assert claim.token is None
        assert claim.owner is not None
        assert claim.owner.pid == owner.pid
        owner.kill()
        owner.wait()
        while any(row != (0,) for row in shared.do(_LOCKS_OF_THE_DEAD)):
            pass  # the server has yet to read that the connection is gone
        assert store.claim("s").result().token
    tree = store.tree("s")
    said = store.read("s", tree.path(tree.leaf))
    assert [words_of(e.node) for e in said] == ["kept", "half an"]


# Connections that hold the lock of some owner, but for the store that asks.
_LOCKS_OF_THE_DEAD = """
SELECT count(*) FROM pg_locks l JOIN owners o
ON ((l.classid::bigint << 32) | l.objid::bigint) = o.life AND l.locktype = 'advisory'
"""


def test_an_owner_whose_connection_was_cut_goes_on_and_is_still_known_to_live(
    shared: Shared,
) -> None:
    first, second = shared.store(), shared.store()
    talk = Talk.begin(first)
    shared.do(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        " AND application_name = 'alloy'"
    )
    entry = talk.ask("still here")
    elsewhere(shared)
    assert second.claim(talk.session).result().token is None
    assert second.read(talk.session, [entry.id]) == (entry,)


def test_two_programs_that_create_and_claim_at_once_leave_one_owner(shared: Shared) -> None:
    stores = [shared.store() for _ in range(4)]
    stamps = Talk.begin(stores[0]).stamps
    outcomes: list[str] = []

    def begin(store: PostgresStore) -> None:
        try:
            Talk.begin(store, "the one")
            outcomes.append("made")
        except StoreError as error:
            outcomes.append(error.kind)

    threads = [threading.Thread(target=begin, args=(s,)) for s in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["conflict"] * 3 + ["made"]
    assert stamps


def test_two_programs_write_side_by_side_and_nothing_is_lost(shared: Shared) -> None:
    """Both keep the same long text, so both want the same blob, while a third purges."""
    stores = [shared.store() for _ in range(3)]
    talks = [Talk.begin(store) for store in stores[:2]]
    text = "shared words " * 700

    def write(talk: Talk) -> None:
        for number in range(60):
            talk.ask(f"{number} short")
            talk.put(UserMessage(user(text)))

    def purge() -> None:
        for _ in range(30):
            short_lived = Talk.begin(stores[2])
            short_lived.ask(text)
            stores[2].purge(short_lived.session).result()

    threads = [threading.Thread(target=write, args=(t,)) for t in talks]
    threads.append(threading.Thread(target=purge))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for talk in talks:
        assert stores[2].tree(talk.session).ids() == talk.tree.ids()
        whole = stores[2].read(talk.session, talk.tree.of_kind("user"))
        assert {words_of(e.node) for e in whole[1::2]} == {text}
        assert len(whole) == 120


def test_one_bad_append_of_a_group_spoils_no_other(shared: Shared) -> None:
    store = shared.store()
    talk = Talk.begin(store)
    entries = [moves.follow(talk.tree, answer(str(n)), talk.stamps()) for n in range(9)]
    futures = []
    for number, entry in enumerate(entries):
        kept = entry if number != 4 else entry.__class__("z", "nowhere", 0, entry.node)
        futures.append(store.append(talk.session, [kept], talk.token))
    assert [n for n, f in enumerate(futures) if f.exception(timeout=30) is not None] == [4]
    assert len(store.tree(talk.session)) == 9


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


def test_an_entry_whose_content_was_changed_hides_no_other(shared: Shared) -> None:
    store = shared.store()
    talk = Talk.begin(store)
    first, second = talk.ask("one"), talk.ask("two")
    shared.do(f"UPDATE entries SET body = 'garbage' WHERE id = '{first.id}'")
    lost, kept = store.read(talk.session, [first.id, second.id])
    assert isinstance(lost.node, Lost)
    assert (lost.id, lost.parent, lost.node.kind) == (first.id, first.parent, "user")
    assert kept == second
    assert store.tree(talk.session).leaf == second.id


@pytest.mark.parametrize(
    "text",
    [
        "word " * 400 + "the zebra crosses",  # more places of a word than the index keeps
        " ".join(f"w{n}" for n in range(20_000)) + " the zebra crosses",  # more than it counts
        " ".join(f"ä{n}{'x' * 30}" for n in range(26_000)) + " the zebra crosses",  # more words
        "y" * 5_000 + " the zebra crosses",  # a word longer than it takes
    ],
    ids=["often", "many", "beyond", "long"],
)
def test_texts_beyond_the_limits_of_the_index_are_found_by_words_and_phrases(
    shared: Shared, text: str
) -> None:
    store = shared.store()
    talk = Talk.begin(store)
    entry = talk.ask(text)
    talk.ask("the crossing of a zebra")

    def find(query: str) -> list[str]:
        return [hit.node for hit in store.search(query)]

    assert find('"zebra crosses" ') == [entry.id]
    assert find('"crosses zebra" ') == []
    assert find("crosses ") == [entry.id]
    assert set(find("zebra ")) == {entry.id, talk.tree.leaf}
    assert find("zebra okapi ") == []


def test_names_that_the_server_cannot_keep_are_refused_in_words(shared: Shared) -> None:
    store = shared.store()
    for name in ("a\x00b", "\ud800"):
        with pytest.raises(StoreError):
            store.tree(name)
        with pytest.raises(StoreError):
            Talk.begin(store, name)
    assert store.sessions() == ()
    Talk.begin(store, "a good name").ask("and all goes on")
