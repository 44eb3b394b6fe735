"""What can stand at a path, and what a session knows of it.

Owns the vocabulary of manifests and plans. Paths are relative to the workspace,
`/` between parts, bytes that are no UTF-8 as surrogate escapes.
"""

from __future__ import annotations

import hashlib
import os
import stat
from concurrent.futures import Future
from typing import Literal, NamedTuple, Protocol, TypeAlias

import msgspec

FILE_MODE = 0o777
FOLDER_MODE = 0o3777
"""The bits that are kept. Set-user-id is not: who restores must not hand out rights."""

Why: TypeAlias = Literal["large", "unreadable", "changing", "many", "missed"]
_WHY: dict[Why, str] = {
    "large": "it is too large to be kept",
    "unreadable": "it could not be read",
    "changing": "it kept changing while it was read",
    "many": "one command changed more than is kept of one",
    "missed": "a command changed it before it could be kept",
}


# Tens of thousands are kept: the collector, which stops all threads, need not look at them.
class Stamp(msgspec.Struct, frozen=True, gc=False):
    """What tells, without reading it, that a file is no longer the same."""

    mode: int
    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int

    @classmethod
    def of(cls, status: os.stat_result) -> Stamp:
        """The stamp of what `status` is of."""
        return cls(
            status.st_mode, status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino
        )


class _State(msgspec.Struct, frozen=True, array_like=True, tag_field="kind"):
    """Base of all states."""


class Absent(_State, frozen=True, tag="absent"):
    """Nothing."""


class File(_State, frozen=True, tag="file"):
    """A regular file; `address` is that of its content, `size` in bytes."""

    address: str
    mode: int
    size: int


class Link(_State, frozen=True, tag="link"):
    """A symbolic link; `target` is what stands in it."""

    target: bytes


class Folder(_State, frozen=True, tag="folder"):
    """A folder; what is in it stands at other paths."""

    mode: int


class Unkept(_State, frozen=True, tag="unkept"):
    """A regular file whose content is not kept, and why."""

    mode: int
    size: int
    mtime_ns: int
    why: Why


class Special(_State, frozen=True, tag="special"):
    """A pipe, a socket or a device: never opened, never made, never removed."""

    what: str


State: TypeAlias = Absent | File | Link | Folder | Unkept | Special
ABSENT = Absent()


class Tracked(msgspec.Struct, frozen=True, array_like=True):
    """What is known of one path that the session touched.

    `state` is what stands there, as last seen. `origin` stood there before the
    session first touched it. `base` is what the session itself left there, when
    someone else has changed it since, else None. `others` counts such changes.
    """

    state: State
    origin: State
    base: State | None = None
    others: int = 0

    @property
    def ours(self) -> State:
        """What the session itself last left there."""
        return self.state if self.base is None else self.base

    def became(self, state: State) -> Tracked:
        """After the session changed it."""
        return Tracked(state, self.origin, None, self.others)

    def was_changed(self, state: State) -> Tracked:
        """After someone else changed it; who puts it back as it was has changed nothing."""
        if state == self.ours:
            return Tracked(state, self.origin, None, self.others - (self.base is not None))
        return Tracked(state, self.origin, self.ours, self.others + (self.base is None))


class Seen(NamedTuple):
    """What stands at a path now; `data` is the content of a `File`, else None."""

    state: State
    stamp: Stamp | None
    data: bytes | None = None


NOTHING = Seen(ABSENT, None)


class BlobStore(Protocol):
    """Where content is kept; an address is the content's SHA-256 in hexadecimal."""

    def put_blob(self, data: bytes) -> Future[str]:
        """Keep `data`; the future brings its address once it is safe."""
        ...

    def blob(self, address: str) -> bytes | None:
        """The content of that address, None when it is lost."""
        ...


def address_of(data: bytes) -> str:
    """The address at which a store keeps `data`."""
    return hashlib.sha256(data).hexdigest()


def kind_of(mode: int) -> str:
    """What a special file is called."""
    if stat.S_ISFIFO(mode):
        return "a named pipe"
    if stat.S_ISSOCK(mode):
        return "a socket"
    if stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
        return "a device"
    return "a special file"


def why_unkept(state: Unkept) -> str:
    """The reason in words that continue "is not kept: "."""
    return _WHY[state.why]


def in_words(state: State) -> str:
    """What a person would call it."""
    match state:
        case Absent():
            return "nothing"
        case File(size=size) | Unkept(size=size):
            return f"a file of {size:,} bytes"
        case Link(target=target):
            return f"a link to {os.fsdecode(target)}"
        case Folder():
            return "a folder"
        case Special(what=what):
            return what
