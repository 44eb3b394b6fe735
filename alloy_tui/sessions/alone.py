"""Being the only program that has a store open.

Owns the lock that no other program can open beside, and the count of stores
that this process itself has open (its own locks would not stop it).
"""

from __future__ import annotations

import fcntl
import threading
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from alloy_tui.domain.errors import StoreError

# The bytes of which SQLite locks one while a connection has the file open.
_FIRST, _SIZE = 0x40000002, 510

_lock = threading.Lock()
_open: Counter[Path] = Counter()


def opened(path: Path) -> bool:
    """Count a store as open in this process; whether it is the first one there."""
    with _lock:
        _open[path] += 1
        return _open[path] == 1


def closed(path: Path) -> None:
    """Count it no more."""
    with _lock:
        _open[path] -= 1


@contextmanager
def alone(path: Path) -> Generator[BinaryIO]:
    """The file at `path`, locked so that no other program has it open or can begin to use it.

    The file must not be opened a second time inside: closing that would unlock
    it. Raises StoreError "busy" when another program has it open, OSError.
    """
    with path.open("r+b") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, _SIZE, _FIRST)
        except (BlockingIOError, PermissionError) as error:
            raise StoreError(
                f"{path} is in use; it can be repaired only while no program has it open.",
                kind="busy",
                hint="Close every other Alloy and try again.",
            ) from error
        yield file
