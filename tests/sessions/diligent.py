"""A program that writes a session and says what was acknowledged; made to be killed.

`python -m tests.sessions.diligent` reads commands from its standard input, one
a line: a folder, a session, a count of messages and a limit on file sizes in
bytes (0 = none). For each it forks a child, so that a life costs no start of
Python. The child prints `born PID`, then `ack ID TEXT` or `fail KIND` for every
message, then `done`; the parent prints `gone` when the child is no more.
"""

from __future__ import annotations

import os
import random
import resource
import sys
from pathlib import Path

import msgspec

from alloy_tui.domain.errors import StoreError
from alloy_tui.domain.messages import ChatMessage, TextBlock, user
from alloy_tui.sessions import moves
from alloy_tui.sessions.ids import Stamps
from alloy_tui.sessions.nodes import Answer, Entry, KnownNode, Opened, UserMessage, entry_of
from alloy_tui.sessions.sqlite import SqliteStore
from alloy_tui.sessions.tree import SessionTree


def tell(*words: object) -> None:
    """One line, out of the process when this returns."""
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


class Life:
    """One owner of the session, from its claim on."""

    def __init__(self, folder: Path, session: str) -> None:
        self.store, self.session, self.stamps = SqliteStore(folder), session, Stamps()
        stamp = self.stamps()
        opened = entry_of(Opened("diligent"), id=stamp.id, parent=None, at_ms=stamp.at_ms)
        try:
            self.token = self.store.create(session, [opened]).result()
        except StoreError as error:
            if error.kind != "conflict":
                raise
            claim = self.store.claim(session).result()
            assert claim.token is not None, "the last owner is dead"
            self.token = claim.token
        self.tree: SessionTree = self.store.tree(session)
        self.rng = random.Random(stamp.id)

    def live(self, count: int) -> None:
        """Say `count` messages, each when the one before is safe, and move about."""
        for number in range(count):
            name = f"{os.getpid()}.{number}"
            if number % 2:
                answer = self.follow(_answer(f"answer {name}"))
                for length in (3, 6):
                    part = msgspec.structs.replace(answer, node=_answer(f"answer {name}"[:length]))
                    self.store.put_partial(self.session, part, self.token)
                self.keep(answer)
            else:
                filling = "word " * self.rng.choice((1, 50, 2000))
                self.keep(self.follow(UserMessage(user(f"ask {name} {filling}"))))
            if number % 7 == 6:
                to = self.rng.choice(self.tree.path(self.tree.leaf))
                self.keep(moves.branch(self.tree, to, self.stamps()))

    def follow(self, node: KnownNode) -> Entry:
        """An entry after the leaf."""
        return moves.follow(self.tree, node, self.stamps())

    def keep(self, entry: Entry) -> None:
        """Store and tell."""
        try:
            self.store.append(self.session, [entry], self.token).result()
        except StoreError as error:
            tell("fail", error.kind, error.message)
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
            return
        self.tree = self.tree.add(entry)
        tell("ack", entry.id)


def _answer(text: str) -> Answer:
    return Answer(ChatMessage("assistant", (TextBlock(text),), "s/m"), "s/m")


def child(folder: str, session: str, count: str, limit: str) -> None:
    """One life."""
    life = Life(Path(folder), session)
    if int(limit):
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), resource.RLIM_INFINITY))
    life.live(int(count))
    life.store.close()
    tell("done")


def main() -> None:
    """Children on command, one after the other."""
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            tell("born", os.getpid())
            code = 1
            try:
                child(*line.split())
                code = 0
            except BaseException as error:
                tell("crash", repr(error))
            finally:
                os._exit(code)
        os.waitpid(pid, 0)
        tell("gone")


if __name__ == "__main__":
    main()
