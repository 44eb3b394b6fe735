"""A session written for the user: in which form, where it goes, and that it gets there whole.

Owns the choice of the form, the file's name and the one step in which it appears,
for the running program and for the command line alike. The forms are
`sessions.exporting`'s. Blocks; belongs in a worker thread.
"""

from __future__ import annotations

import errno
import os
import re
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import BinaryIO

from alloy_tui.domain.errors import SessionError
from alloy_tui.runtime.library_port import ExportFormat
from alloy_tui.sessions.ids import wall_clock_ms
from alloy_tui.sessions.nodes import Entry
from alloy_tui.sessions.store import SessionInfo, SessionStore

_SUFFIXES: dict[ExportFormat, str] = {"markdown": ".md", "json": ".json", "html": ".html"}
_CHUNK = 500
_NAME_CHARS = 40
_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK}
"""What file systems say that know no links."""


def export(store: SessionStore, session: str, form: ExportFormat, path: str, folder: Path) -> str:
    """Write the session to `path`, from `folder`, "" = a new file there; returns the whole path.

    A file that is there is not replaced. Raises SessionError.
    """
    info = store.session(session)
    target = folder / Path(path).expanduser() if path else _new_name(info, form, folder)
    if target.exists():
        raise SessionError(f"{target} is there already.", hint="Name another file.")
    whole(target, lambda out: write(store, info, form, out))
    return str(target)


def whole(target: Path, fill: Callable[[BinaryIO], None], *, replace: bool = False) -> int:
    """Write a file in one step, or none at all; its size. Only its owner can read it.

    Only with `replace` one that is there goes. Raises SessionError, and what `fill` raises.
    """
    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.name[:100]}.", dir=target.parent)
        try:
            with os.fdopen(handle, "wb") as out:
                fill(out)
                size = out.tell()
                out.flush()
                os.fsync(out.fileno())
            if replace:
                Path(name).replace(target)
            else:
                _put(name, target)
        finally:
            Path(name).unlink(missing_ok=True)  # gone where it was renamed
    except OSError as error:
        raise SessionError(f"{target} cannot be written: {error.strerror}.") from error
    return size


def _put(name: str, target: Path) -> None:
    try:
        os.link(name, target)  # unlike a rename, this replaces nothing
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        Path(name).rename(target)


def _new_name(info: SessionInfo, form: ExportFormat, folder: Path) -> Path:
    words = re.sub(r"[^\w-]+", "-", (info.title or info.preview)[:_NAME_CHARS]).strip("-")
    stem = f"{words or 'session'}-{info.id[-6:]}"
    names = (f"{stem}{extra}{_SUFFIXES[form]}" for extra in ("", *(f"-{n}" for n in range(2, 100))))
    return next((folder / n for n in names if not (folder / n).exists()), folder / f"{info.id}.out")


def write(
    store: SessionStore,
    info: SessionInfo,
    form: ExportFormat,
    out: BinaryIO,
    *,
    end: str | None = None,
    files: bool = False,
) -> None:
    """Write the session to `out`: as JSON or a page all of it, as Markdown one path.

    The path is the one to `end`, None = where the conversation stands; `files`
    adds to JSON what the checkpoints know of the workspace. Raises StoreError, OSError.
    """
    if form == "json":
        from alloy_tui.sessions.exporting import document

        document.write(store, info.id, out, exported_ms=wall_clock_ms(), files=files)
        return
    tree = store.tree(info.id)
    if form == "markdown":
        from alloy_tui.sessions.exporting.markdown import conversation

        entries = _read(store, info.id, tree.path(end or tree.leaf))
        out.writelines(_bytes(conversation(info, entries.values(), tree.labels)))
    else:
        from alloy_tui.sessions.exporting.page import page

        placed = [node for node in tree.ids() if not tree.is_mark(node)]
        out.writelines(_bytes(page(info, tree, _read(store, info.id, placed))))


def _bytes(pieces: Iterable[str]) -> Iterable[bytes]:
    return (piece.encode("utf-8", "replace") for piece in pieces)


def _read(
    store: SessionStore, session: str, nodes: list[str] | tuple[str, ...]
) -> dict[str, Entry]:
    return {
        entry.id: entry
        for start in range(0, len(nodes), _CHUNK)
        for entry in store.read(session, nodes[start : start + _CHUNK])
    }
