"""What the agents of a team share, as values: tasks, mail, facts, leases.

Owns the shapes; times are epoch milliseconds. Texts are as they were written.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

TaskState: TypeAlias = Literal["pending", "claimed", "blocked", "done"]


class TeamTask(msgspec.Struct, frozen=True, omit_defaults=True):
    """An entry of the task board.

    `needs` are the ids of tasks that must be done first; "blocked" is what a
    task is while one of them is not, or while `note` says why it cannot go on.
    """

    id: str
    title: str
    state: TaskState = "pending"
    owner: str = ""
    needs: tuple[str, ...] = ()
    detail: str = ""
    note: str = ""
    result: str = ""
    at_ms: int = 0


class Mail(msgspec.Struct, frozen=True):
    """A message; `read_by` are those of `to` that were shown it."""

    id: str
    sender: str
    to: tuple[str, ...]
    text: str
    at_ms: int
    read_by: tuple[str, ...] = ()


class Shared(msgspec.Struct, frozen=True):
    """A key's value; `version` rises by one with each write, `by` wrote it last."""

    key: str
    value: str
    version: int
    by: str
    at_ms: int


class Lease(msgspec.Struct, frozen=True):
    """A file that `holder` alone may write for now."""

    path: str
    holder: str
    since_ms: int


class Collision(msgspec.Struct, frozen=True):
    """A write that was refused, for the dashboard's badge."""

    path: str
    agent: str
    holder: str
    at_ms: int
