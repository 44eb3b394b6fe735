"""The store of sessions for `alloy doctor`: is it sound, and if not, mend it.

Owns the words; the looking is `sessions.health`'s, the mending `sessions.salvage`'s.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Literal

import msgspec

from alloy_tui.cli.sessions_words import plural
from alloy_tui.domain.errors import AlloyError, ConfigError, StoreError
from alloy_tui.runtime.file_garbage import drop_unneeded
from alloy_tui.runtime.session_folder import has_store, index_file, store_file
from alloy_tui.sessions import health
from alloy_tui.sessions.salvage import Report, salvage
from alloy_tui.sessions.shrinking import shrink
from alloy_tui.settings.paths import Paths

_WORTH_A_WORD = 100_000

State = Literal["ok", "note", "problem"]


class Said(msgspec.Struct, frozen=True):
    """One sentence about the store."""

    state: State
    text: str


def examine(paths: Paths) -> list[Said]:
    """How the store is; changes nothing."""
    path = store_file(paths)
    if not path.exists():
        with suppress(ConfigError):  # the settings are looked at elsewhere
            if has_store(paths):
                return [Said("ok", "kept on a PostgreSQL server, as the settings say")]
        return [Said("note", f"no sessions yet; they will be in {path}")]
    found = health.examine(path)
    if found.problem is not None:
        return [Said("problem", f"{found.problem} `alloy doctor --repair` saves what is readable")]
    held = f"{plural(found.sessions, 'session')}, {plural(found.entries, 'entry')}"
    held = held.replace("entrys", "entries")
    said = [Said("ok", f"{path}: {held}, {_size(found.size)}")]
    if found.unreadable:
        words = f"{found.unreadable:,} of them cannot be read"
        said = [Said("problem", f"{path}: {held}; {words}; try `alloy doctor --repair`")]
    if found.set_aside:
        words = "a copy of the store was kept when its log was found broken"
        said.append(Said("note", f"{words}: {found.set_aside[-1]}; --repair looks into it too"))
    return said


def repair(paths: Paths) -> list[Said]:
    """Mend the store if it needs that, after keeping a copy; let go of what it holds in vain."""
    path = store_file(paths)
    if not path.exists():
        with suppress(ConfigError):
            if has_store(paths):
                return [Said("note", "the server of the sessions repairs itself"), *tidy(paths)]
        return [Said("note", "there is no store of sessions here to repair")]
    if health.examine(path).sound:
        tidied = tidy(paths)
        changed = "no session" if tidied else "nothing"
        return [Said("ok", f"the store of sessions is sound; {changed} was changed"), *tidied]
    try:
        report = salvage(path)
    except StoreError as error:
        return [Said("problem", f"{error.message} {error.hint or ''}".strip())]
    said = [Said("ok" if report.whole else "note", text) for text in _told(report)]
    return [*said, *tidy(paths)]


def tidy(paths: Paths) -> list[Said]:
    """Let go of former states of files that no checkpoint leads to; give disk space back.

    Nothing is said where there are none, nor while another program has the store
    open: that one does it in its time.
    """
    try:
        found = drop_unneeded(paths)
    except AlloyError as error:
        if isinstance(error, StoreError) and error.kind == "busy":
            return []
        words = "former states of files that no checkpoint needs were not looked for"
        return [Said("note", f"{words}: {error.message}")]
    said: list[Said] = []
    if found.blobs:
        words = f"{found.blobs:,} former states of files that no checkpoint needs were let go"
        said.append(Said("ok", f"{words} ({_size(found.size)})"))
    with suppress(AlloyError):  # the space is used again in any case
        given = shrink(store_file(paths), index_file(paths))
        if given >= _WORTH_A_WORD:
            said.append(Said("ok", f"{_size(given)} of disk space were given back"))
    return said


def _told(report: Report) -> list[str]:
    saved = f"saved {plural(report.sessions, 'session')}, {report.entries:,} of their entries"
    told = [f"the damaged files were kept: {', '.join(map(str, report.copies))}", saved]
    if report.lost:
        told.append(f"{report.lost:,} entries are known to be lost; their places were kept")
    if report.adopted:
        told.append(f"{report.adopted:,} entries lost what they followed and hang elsewhere now")
    if report.lost_blobs:
        told.append(f"{report.lost_blobs:,} long texts or attachments are lost but their beginning")
    return told


def _size(size: int) -> str:
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:,.0f} {unit}"
        size //= 1000
    return f"{size:,} GB"
