"""A PostgreSQL server: connections to it, a pool of those that read, and its errors in words.

Owns the address with its password, which no message ever holds, what is set on
every connection, and how a server that went away is waited for. Must not know
a table but through `postgres_schema` and the claims that a lost connection held.
"""

from __future__ import annotations

import random
import secrets
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

import psycopg
from psycopg import conninfo, sql

from alloy_tui.domain.errors import StoreError, StoreErrorKind
from alloy_tui.domain.secret import Secret
from alloy_tui.sessions.postgres_schema import OPEN, Connection

_T = TypeVar("_T")

PATIENCE_S = 15.0
"""How long a server that went away is waited for, in seconds, before that is said."""
# What the address may set otherwise. A host that vanished is noticed within a minute.
_DEFAULTS: dict[str, Any] = {
    "application_name": "alloy",
    "connect_timeout": 10,
    "keepalives_idle": 20,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 50_000,
}
_SET = (
    "SET synchronous_commit = on",  # an acknowledgement means that the disk has it
    "SET client_encoding = 'UTF8'",
    "SET client_min_messages = warning",
    "SET idle_in_transaction_session_timeout = 0",
    "SET statement_timeout = 0",
    "SET lock_timeout = '60s'",
    "SET tcp_keepalives_idle = 20",
    "SET tcp_keepalives_interval = 10",
    "SET tcp_keepalives_count = 3",
)
# SQLSTATE: asking again will help.
_AGAIN = {"40001", "40P01"}
# SQLSTATE, by its beginning, from the special to the general.
_KINDS: tuple[tuple[str, StoreErrorKind, str], ...] = (
    ("53100", "full", "has no room left on its disk"),
    ("53200", "io", "has no memory left"),
    ("53", "busy", "has too many connections"),
    ("55P03", "busy", "did not come to it, because another program held what was needed"),
    ("28", "access", "does not let this user in"),
    ("3D", "access", "has no such database"),
    ("42501", "access", "does not allow this user to do that"),
    ("25006", "access", "takes no writes; it is a copy of another server"),
    ("XX001", "damaged", "found a part of its data damaged"),
    ("XX002", "damaged", "found an index of its data damaged"),
    ("58", "io", "could not use its disk"),
    ("23505", "conflict", "has something else by that name already"),
    ("22", "conflict", "cannot keep such a text"),
)


class Server:
    """The database behind one address, and one schema in it."""

    def __init__(self, address: Secret, schema: str = "alloy") -> None:
        """Connects to nothing yet. Raises StoreError when the address cannot be one."""
        try:
            given: dict[str, Any] = {**conninfo.conninfo_to_dict(address.reveal())}
            self._info = Secret(conninfo.make_conninfo("", **{**_DEFAULTS, **given}))
        except psycopg.Error:
            # The words of the error may hold the password.
            raise StoreError(
                "The address of the database server cannot be read.",
                kind="access",
                hint='Write it as "postgresql://user@host/database".',
            ) from None
        host, base = given.get("host") or "this machine", given.get("dbname") or "default"
        self.name = f"The database {base} on {host}"
        self.schema = schema
        self._secrets = (Secret(str(given.get("password") or "")), address)

    def connect(self) -> Connection:
        """A connection whose transactions are begun by hand. Raises psycopg.Error."""
        connection: Connection = psycopg.connect(self._info.reveal(), autocommit=True)
        try:
            for statement in _SET:
                connection.execute(statement)
            path = sql.SQL("SET search_path TO {}").format(sql.Identifier(self.schema))
            connection.execute(path)
        except BaseException:
            connection.close()
            raise
        return connection

    def explain(self, error: BaseException, *, done: str = "nothing was stored") -> StoreError:
        """The error as a `StoreError`, without the password."""
        if isinstance(error, StoreError):
            return error
        made = self._explained(error, done)
        made.__cause__ = error
        return made

    def _explained(self, error: BaseException, done: str) -> StoreError:
        if is_away(error):
            return StoreError(
                f"{self.name} cannot be reached; {done}: {self._redacted(error)}",
                kind="io",
                hint="Look whether the server runs and its address in the settings is right.",
            )
        if isinstance(error, UnicodeError):
            return StoreError(f"{self.name} cannot keep such a name; {done}.", kind="conflict")
        state = (error.sqlstate or "") if isinstance(error, psycopg.Error) else ""
        for beginning, kind, words in _KINDS:
            if state.startswith(beginning):
                return StoreError(f"{self.name} {words}; {done}.", kind=kind)
        return StoreError(f"{self.name} failed; {done}: {self._redacted(error)}", kind="io")

    def _redacted(self, error: BaseException) -> str:
        text = str(error).strip() or type(error).__name__
        for secret in self._secrets:
            text = secret.redact(text)
        return " ".join(text.split())[:500]


def is_away(error: BaseException) -> bool:
    """Whether there is no connection to the server, or no longer one."""
    if not isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return False
    state = error.sqlstate
    return state is None or state.startswith("08") or state in ("57P01", "57P02", "57P03")


class Pen:
    """The server as a `writer.Medium`: one connection, and what its loss means.

    Its connection holds an advisory lock, its `life`: who cannot look at our
    process, being on another machine, sees by it that we live.
    """

    errors: tuple[type[Exception], ...] = (psycopg.Error, UnicodeError)

    def __init__(self, server: Server) -> None:
        self._server = server
        self.life = 0
        self._transaction = ""
        self._away_since: float | None = None

    def connect(self) -> Connection:
        """See `Medium.connect`; what the last connection claimed is claimed by this one."""
        connection = self._server.connect()
        try:
            life = secrets.randbits(62) + 1
            connection.execute("SELECT pg_advisory_lock_shared(%s)", (OPEN,))
            connection.execute("SELECT pg_advisory_lock(%s)", (life,))
            if self.life:
                connection.execute("UPDATE owners SET life = %s WHERE life = %s", (life, self.life))
        except BaseException:
            connection.close()
            raise
        self.life = life
        return connection

    def is_broken(self, connection: Connection) -> bool:
        """See `Medium.is_broken`."""
        return connection.closed or connection.broken

    def begin(self, connection: Connection) -> None:
        """See `Medium.begin`."""
        connection.execute("BEGIN")
        (number,) = connection.execute("SELECT pg_current_xact_id()::text").fetchone() or ("",)
        self._transaction = str(number)
        self._away_since = None

    def commit(self, connection: Connection) -> None:
        """See `Medium.commit`; if the answer is lost, the server is asked what became of it."""
        connection.execute("NOTIFY alloy_stored")
        try:
            cursor = connection.execute("COMMIT")
        except psycopg.Error as error:
            if not is_away(error) or not self._became_of(self._transaction):
                raise
            return
        if cursor.statusmessage != "COMMIT":
            raise psycopg.DatabaseError("the transaction was undone")

    def rollback(self, connection: Connection) -> None:
        """See `Medium.rollback`."""
        with suppress(psycopg.Error):
            connection.execute("ROLLBACK")

    def run(self, connection: Connection, statement: str) -> None:
        """See `Medium.run`."""
        connection.execute(statement.encode())

    def close(self, connection: Connection) -> None:
        """See `Medium.close`."""
        with suppress(psycopg.Error):
            connection.close()

    def patiently(self, work: Callable[[], _T]) -> _T:
        """See `Medium.patiently`."""
        while True:
            try:
                return work()
            except psycopg.Error as error:
                if not (is_away(error) and self._may_come_back()) and error.sqlstate not in _AGAIN:
                    raise
            time.sleep(random.uniform(0.01, 0.1))  # noqa: S311 -- spreads rivals, hides nothing

    def explain(self, error: BaseException) -> StoreError:
        """See `Medium.explain`."""
        return self._server.explain(error)

    def _may_come_back(self) -> bool:
        """Whether a server that is away is still waited for."""
        now = time.monotonic()
        if self._away_since is None:
            self._away_since = now
        return now - self._away_since < PATIENCE_S

    def _became_of(self, transaction: str) -> bool:
        """Whether a transaction was committed whose connection was lost at that moment."""
        while True:
            try:
                with self._server.connect() as asking:
                    row = asking.execute(
                        "SELECT pg_xact_status(%s::xid8)", (transaction,)
                    ).fetchone()
            except psycopg.Error as error:
                if not is_away(error) or not self._may_come_back():
                    raise StoreError(
                        f"{self._server.name} went away in the moment of storing;"
                        " the last messages may or may not be there.",
                        kind="io",
                        hint="Open the session again when the server is back.",
                    ) from error
            else:
                if row is None or row[0] != "in progress":
                    return row is not None and row[0] == "committed"
            time.sleep(0.05)


class Readers:
    """Connections for reading, made as they are needed and used again."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._lock = threading.Lock()
        self._idle: list[Connection] = []
        self._closed = False

    @contextmanager
    def snapshot(self) -> Generator[Connection]:
        """A connection in a read transaction: all that is read belongs to one moment.

        Raises StoreError in place of the server's errors, also for the block's own.
        """
        try:
            connection = self._begun()
        except (psycopg.Error, OSError) as error:
            raise self._server.explain(error, done="nothing was read") from error
        try:
            yield connection
        except (psycopg.Error, UnicodeError) as error:
            raise self._server.explain(error, done="nothing was read") from error
        finally:
            self._give(connection)

    def close(self) -> None:
        """Close those that are idle now and the others when they come back."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _begun(self) -> Connection:
        begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
        while (connection := self._take()) is not None:
            try:
                connection.execute(begin)
            except psycopg.Error:
                connection.close()  # it was lost while it lay idle
            else:
                return connection
        connection = self._server.connect()
        connection.execute(begin)
        return connection

    def _take(self) -> Connection | None:
        with self._lock:
            if self._closed:
                raise StoreError("The store of sessions was closed.", kind="closed")
            return self._idle.pop() if self._idle else None

    def _give(self, connection: Connection) -> None:
        with suppress(psycopg.Error):
            connection.execute("ROLLBACK")
            with self._lock:
                if not self._closed and len(self._idle) < 4:
                    self._idle.append(connection)
                    return
        connection.close()
