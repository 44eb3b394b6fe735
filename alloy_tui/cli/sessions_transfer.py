"""`alloy sessions export` and `import`: sessions to files and back.

Owns the files: what they are called, and that one is whole or not there at all.
The forms are `sessions.exporting`'s and `sessions.importing`'s.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

from alloy_tui.cli import exits, sessions_finding
from alloy_tui.cli.ending import complain
from alloy_tui.cli.sessions_words import cut, plural, print_json
from alloy_tui.cli.streams import remark
from alloy_tui.domain.errors import AlloyError, ConfigError
from alloy_tui.sessions.ids import wall_clock_ms
from alloy_tui.sessions.importing.loading import bring_in as load
from alloy_tui.sessions.importing.report import LABELS, Imported
from alloy_tui.sessions.nodes import Entry
from alloy_tui.sessions.store import SessionInfo, SessionStore

_BY_SUFFIX = {".md": "markdown", ".markdown": "markdown", ".json": "json", ".html": "html"}
_BY_SUFFIX[".htm"] = "html"
_CHUNK = 500


def export(store: SessionStore, arguments: argparse.Namespace) -> int:
    """Write a session to a file, or to standard output."""
    info = sessions_finding.session(store, arguments.session)
    given = arguments.output
    path = None if given in {None, "-"} else Path(given).expanduser()
    form = arguments.format or (_BY_SUFFIX.get(path.suffix.lower()) if path else None)
    # Without a file, --json can only mean what is written.
    form = form or ("json" if arguments.json and path is None else "markdown")
    if arguments.node is not None and form != "markdown":
        raise ConfigError("--node is for Markdown; the other forms hold the whole tree.")
    if arguments.files and form != "json":
        raise ConfigError("--files is for JSON.")
    write = _writer(store, info, form, arguments)
    if path is None:
        write(sys.stdout.buffer)
        sys.stdout.flush()
        return exits.COMPLETED
    size = _whole(path, write, force=arguments.force)
    if arguments.json:
        print_json({"session": info.id, "format": form, "file": str(path), "bytes": size})
    else:
        print(f"{path}: {cut(info.title or info.preview, 60) or info.id}, {size:,} bytes")
    return exits.COMPLETED


def _writer(
    store: SessionStore, info: SessionInfo, form: str, arguments: argparse.Namespace
) -> Callable[[BinaryIO], None]:
    def as_json(out: BinaryIO) -> None:
        from alloy_tui.sessions.exporting import document

        document.write(store, info.id, out, exported_ms=wall_clock_ms(), files=arguments.files)

    def as_markdown(out: BinaryIO) -> None:
        from alloy_tui.sessions.exporting.markdown import conversation

        tree = store.tree(info.id)
        given = arguments.node
        end = tree.leaf if given is None else sessions_finding.node(tree, given)
        entries = _read(store, info.id, tree.path(end))
        out.writelines(map(_bytes, conversation(info, entries.values(), tree.labels)))

    def as_page(out: BinaryIO) -> None:
        from alloy_tui.sessions.exporting.page import page

        tree = store.tree(info.id)
        placed = [n for n in tree.ids() if not tree.is_mark(n)]
        out.writelines(map(_bytes, page(info, tree, _read(store, info.id, placed))))

    return {"json": as_json, "markdown": as_markdown, "html": as_page}[form]


def _bytes(piece: str) -> bytes:
    return piece.encode("utf-8", "replace")


def _read(
    store: SessionStore, session: str, nodes: list[str] | tuple[str, ...]
) -> dict[str, Entry]:
    return {
        entry.id: entry
        for start in range(0, len(nodes), _CHUNK)
        for entry in store.read(session, nodes[start : start + _CHUNK])
    }


def _whole(path: Path, write: Callable[[BinaryIO], None], *, force: bool) -> int:
    """Write a file in one step; its size. Conversations are private, and so is the file."""
    if path.exists() and not force:
        raise ConfigError(f"{path} is there already.", hint="--force replaces it.")
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as out:
                write(out)
                size = out.tell()
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink()
            raise
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}.") from error
    return size


def bring_in(store: SessionStore, arguments: argparse.Namespace) -> int:
    """Import files one by one; 1 if one could not be."""
    reports: list[dict[str, object]] = []
    failed = False
    for name in arguments.files:
        try:
            done = _one(store, Path(name).expanduser(), again=arguments.again)
        except AlloyError as error:
            failed = True
            reports.append({"file": name, "error": error.message})
            complain(AlloyError(f"{name}: {error.message}", hint=error.hint))
            continue
        reports.append({"file": name, "report": done})
        if not arguments.json:
            _tell(store, name, done)
    if arguments.json:
        print_json(reports)
    return exits.FAILED if failed else exits.COMPLETED


def _one(store: SessionStore, path: Path, *, again: bool) -> Imported:
    try:
        with path.open("rb") as file:
            if not file.seekable():
                raise ConfigError("It is a pipe; save it to a file first.")
            with ExitStack() as opened:
                beside = [
                    (call, opened.enter_context(each.open("rb"))) for call, each in _beside(path)
                ]
                return load(store, file, again=again, beside=beside)
    except OSError as error:
        raise ConfigError(f"It cannot be read: {error.strerror}.") from error


def _beside(path: Path) -> Iterator[tuple[str, Path]]:
    """Claude Code keeps what subagents did in a folder beside, each with the call it is of."""
    for each in sorted((path.with_suffix("") / "subagents").glob("agent-*.jsonl")):
        try:
            about = json.loads(each.with_suffix(".meta.json").read_bytes())
        except (OSError, ValueError):
            about = None
        call = about.get("toolUseId") if isinstance(about, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] -- json.loads is untyped
        yield call if isinstance(call, str) else "", each


def _tell(store: SessionStore, name: str, done: Imported) -> None:
    if not done.new:
        remark(f"alloy: {cut(name, 200)} is here already as {done.session}; --again copies it.")
        return
    info = store.session(done.session)
    branches = plural(done.branches, "branch").replace("branchs", "branches")
    held = f"{done.entries:,} entries, {branches}"
    title = cut(info.title or info.preview, 60)
    print(f"{done.session}  {LABELS[done.source]}, {held}: {title}")
    if done.skipped:
        remark(f"  {plural(done.skipped, 'line')} could not be read and were left out.")
    if done.rehung:
        remark(f"  {done.rehung:,} entries lost what they followed and follow the one before them.")
