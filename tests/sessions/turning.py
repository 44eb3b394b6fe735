"""Small programs on one store that say what was acknowledged; made to be killed at any call.

`python -m tests.sessions.turning WHAT FOLDER COUNT`, with WHAT one of

    turns     so many turns of a conversation: streamed answers, tools, blobs, branches
    visit     open the store and close it again
    migrate   open it with a schema one version later than ours
    repair    repair it

Lines on standard output: `born PID`, `session ID`, `ack ID`, `blob ADDRESS`,
`fail KIND WORDS` for what was refused in words, at last `done`.
"""

from __future__ import annotations

import itertools
import os
import sqlite3
import sys
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path

import msgspec

from alloy_tui.domain.errors import StoreError
from alloy_tui.domain.messages import (
    ChatMessage,
    TextBlock,
    ToolCallBlock,
    ToolResultBlock,
    user,
)
from alloy_tui.sessions import moves, schema
from alloy_tui.sessions.live import LiveSession
from alloy_tui.sessions.nodes import Answer, KnownNode, Opened, ToolResult, UserMessage
from alloy_tui.sessions.salvage import salvage
from alloy_tui.sessions.sqlite import FILE, SqliteStore
from alloy_tui.sessions.store import SessionStore


def tell(*words: object) -> None:
    """One line, out of the process when this returns."""
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


class Conversation:
    """A live session that tells what became of everything it said."""

    def __init__(self, store: SessionStore) -> None:
        clock = itertools.count(1.0, 2.0)  # so that every growth of an answer is stored
        known = store.sessions()
        if known:
            self.live = LiveSession.open(store, known[0].id, monotonic_s=lambda: next(clock))
            assert self.live.writable, "the last owner is dead"
        else:
            opened = Opened("turning")
            self.live = LiveSession.begin(store, opened, monotonic_s=lambda: next(clock))
        tell("session", self.live.id)
        self.store = store

    def turn(self, number: int) -> None:
        """A question, an answer that grows and calls a tool, its result, an answer; a branch."""
        name = f"{os.getpid()}.{number}"
        self._say(UserMessage(user(f"ask {name}" + " at length" * (600 if number % 6 == 5 else 0))))
        call = ToolCallBlock(f"c{number}", "read", {"path": name})
        whole = moves.follow(self.live.tree, _answer(f"looking {name}", call), self.live.stamps())
        part = msgspec.structs.replace(whole, node=_answer(f"look {name}"))
        if (growth := self.live.grow(part)) is not None:
            _settled("", growth)
        _settled(whole.id, self.live.do([whole]))
        self._say(ToolResult(ToolResultBlock(call.id, (TextBlock(f"found {name}"),)), "read"))
        self._say(_answer(f"done {name}"))
        if number % 5 == 4 and self.live.tree.leaf is not None:
            manifest = self.store.put_blob(f"files of {name}\n".encode() * 100)
            if manifest.exception() is None:
                tell("blob", manifest.result())
            self.store.search(f"ask {name} ")  # the index follows, on this thread
            back = self.live.tree.path(self.live.tree.leaf)[-3:][0]
            move = moves.branch(self.live.tree, back, self.live.stamps())
            _settled(move.id, self.live.do([move]))

    def _say(self, node: KnownNode) -> None:
        entry, stored = self.live.say(node)
        _settled(entry.id, stored)


def _settled(name: str, stored: Future[None]) -> None:
    error = stored.exception()
    if isinstance(error, StoreError):
        tell("fail", error.kind, error.message)
    elif error is not None:
        raise error
    elif name:
        tell("ack", name)


def _answer(text: str, *calls: ToolCallBlock) -> Answer:
    return Answer(ChatMessage("assistant", (TextBlock(text), *calls), "s/m"), "s/m")


def _rebuild(connection: sqlite3.Connection) -> None:
    """A step as a later version may take it: a table made anew, with all that is in it."""
    connection.execute("ALTER TABLE sessions ADD COLUMN colour TEXT")
    connection.execute("CREATE TABLE fresh AS SELECT * FROM ledger")
    connection.execute("DROP TABLE ledger")
    connection.execute("ALTER TABLE fresh RENAME TO ledger")
    connection.execute("CREATE INDEX ledger_by_session ON ledger (session)")
    connection.execute("UPDATE sessions SET colour = 'green'")


@contextmanager
def later_version() -> Iterator[None]:
    """Within the block this process is of a version whose schema is one step ahead."""
    ours = schema.STEPS
    schema.STEPS = (*ours, _rebuild)
    try:
        yield
    finally:
        schema.STEPS = ours


def turns(folder: Path, count: int) -> None:
    """So many turns, then an orderly end."""
    store = SqliteStore(folder)
    conversation = Conversation(store)
    for number in range(count):
        conversation.turn(number)
    store.close()


def main() -> None:
    """What the command line says."""
    what, folder, count = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    tell("born", os.getpid())
    try:
        if what == "turns":
            turns(folder, count)
        elif what == "visit":
            SqliteStore(folder).close()
        elif what == "migrate":
            with later_version():
                SqliteStore(folder).close()
        elif what == "repair":
            salvage(folder / FILE)
    except StoreError as error:
        tell("fail", error.kind, error.message)
    tell("done")


if __name__ == "__main__":
    main()
