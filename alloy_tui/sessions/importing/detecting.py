"""Whose file it is, by what stands in its first lines.

Owns the signs of each format. A file's name tells nothing.
"""

from __future__ import annotations

import json
from itertools import islice
from typing import BinaryIO

from alloy_tui.sessions.exporting.document import FORMAT
from alloy_tui.sessions.importing.records import Record, Records, epoch_ms, mapping, string
from alloy_tui.sessions.importing.report import Found, NotImportableError, Source

_LOOKED_AT = 200
_OURS = 4096


def detect(file: BinaryIO) -> Found:
    """What the file at its beginning says of itself; reads on from there.

    Raises NotImportableError when it is of no known kind.
    """
    start = file.tell()
    head = file.read(_OURS)
    file.seek(start)
    if _is_ours(head):
        return Found("alloy", "")
    source: Source | None = None
    name = cwd = ""
    at_ms: int | None = None
    for record in islice(Records(file), _LOOKED_AT):
        source = source or _sign(record)
        about = mapping(record.get("payload")) or record
        name = name or _name(source, about)
        cwd = cwd or string(about.get("cwd"))
        if at_ms is None:
            at_ms = epoch_ms(record.get("timestamp"))
        if source and name and cwd and at_ms is not None:
            break
    file.seek(start)
    if source is None:
        raise NotImportableError(
            "It is no session of Alloy, Claude Code, Codex or pi.",
            hint="Those are files of JSON (Alloy) or JSON lines (the others).",
        )
    return Found(source, name, cwd, at_ms or 0)


def _is_ours(head: bytes) -> bool:
    text = head.decode("utf-8", "replace").lstrip("\ufeff \r\n\t")
    key, name = json.dumps("format"), json.dumps(FORMAT)
    return text.startswith("{") and (f"{key}:{name}" in text or f"{key}: {name}" in text)


def _sign(record: Record) -> Source | None:
    kind = record.get("type")
    if kind == "session" and "id" in record:
        return "pi"
    if isinstance(record.get("payload"), dict) and isinstance(kind, str):
        return "codex"
    if kind is None and "id" in record and ("instructions" in record or "git" in record):
        return "codex"
    if kind in ("message", "reasoning") and "content" in record and "role" in record:
        return "codex"
    if kind in ("user", "assistant") and isinstance(record.get("message"), dict):
        return "claude-code"
    if "sessionId" in record or "leafUuid" in record or "parentUuid" in record:
        return "claude-code"
    return None


def _name(source: Source | None, about: Record) -> str:
    if source == "claude-code":
        parts = (string(about.get("sessionId")), string(about.get("agentId")))
        return ":".join(filter(None, parts))
    return string(about.get("id")) if source else ""
