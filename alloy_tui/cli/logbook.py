"""The log file: where defects and warnings go, so that no screen and no pipe gets them.

Owns one file in the logs folder, private, bounded, made only when there is
something to write. Must not fail: a log that cannot be written is given up.
"""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Generator
from pathlib import Path
from typing import TextIO

from alloy_tui.settings.paths import private_folder

_NAME = "alloy.log"
_LARGEST = 1_000_000
_FORMAT = "%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s"


class LogFile(logging.Handler):
    """Appends to `folder`/alloy.log; one over 1 MB is moved to alloy.log.1 when it is opened."""

    def __init__(self, folder: Path) -> None:
        super().__init__(logging.WARNING)
        self.setFormatter(logging.Formatter(_FORMAT))
        self._folder = folder
        self._file: TextIO | None = None
        self._broken = False

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record; the lock of `logging` is held."""
        if self._broken:
            return
        try:
            self._file = self._file or self._opened()
            self._file.write(_readable(self.format(record)) + "\n")
            self._file.flush()
        except Exception:  # noqa: BLE001 -- there is nowhere left to tell of it
            self._broken = True

    def close(self) -> None:
        """Close the file."""
        with contextlib.suppress(OSError):
            if self._file is not None:
                self._file.close()
        self._file = None
        super().close()

    def _opened(self) -> TextIO:
        path = private_folder(self._folder) / _NAME
        with contextlib.suppress(OSError):
            if path.stat().st_size > _LARGEST:
                path.replace(path.with_name(_NAME + ".1"))
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        return os.fdopen(handle, "a", encoding="utf-8", errors="replace")


def _readable(text: str) -> str:
    """`text` as a terminal may show it, whatever of a server's or a model's words is in it."""
    from alloy_tui.domain.sanitise import clean  # a log that stays empty needs none

    return clean(text)


@contextlib.contextmanager
def logging_to(folder: Path) -> Generator[None]:
    """Within it, whatever anybody logs from warnings on goes into the file in `folder`."""
    handler, root = LogFile(folder), logging.getLogger()
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)
        handler.close()
