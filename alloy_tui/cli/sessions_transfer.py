"""`alloy sessions export` and `import`: sessions to files and back.

Owns what the options mean and what is said. Files are written by `session_files`;
what is imported is `sessions.importing`'s.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, cast

from alloy_tui.cli import exits, sessions_finding
from alloy_tui.cli.ending import complain
from alloy_tui.cli.sessions_words import cut, plural, print_json
from alloy_tui.cli.streams import remark
from alloy_tui.domain.errors import AlloyError, ConfigError, SessionError
from alloy_tui.runtime import session_files
from alloy_tui.runtime.library_port import ExportFormat
from alloy_tui.sessions.importing.loading import bring_in as load
from alloy_tui.sessions.importing.report import LABELS, Imported
from alloy_tui.sessions.store import SessionStore

_BY_SUFFIX = {".md": "markdown", ".markdown": "markdown", ".json": "json", ".html": "html"}
_BY_SUFFIX[".htm"] = "html"


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
    given = arguments.node
    end = None if given is None else sessions_finding.node(store.tree(info.id), given)
    wanted = cast("ExportFormat", form)

    def write(out: BinaryIO) -> None:
        session_files.write(store, info, wanted, out, end=end, files=arguments.files)

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


def _whole(path: Path, fill: Callable[[BinaryIO], None], *, force: bool) -> int:
    """Write a file in one step; its size."""
    if path.exists() and not force:
        raise ConfigError(f"{path} is there already.", hint="--force replaces it.")
    try:
        return session_files.whole(path, fill, replace=force)
    except SessionError as error:
        raise ConfigError(error.message, hint=error.hint) from error


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
