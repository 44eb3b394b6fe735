"""Sessions whose every word is hostile, as a file that `alloy sessions import` takes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.program.hostile import Payload

_AT_MS = 1_790_000_000_000


def session_file(payload: Payload, number: int, folder: Path) -> Path:
    """Title, folder, model, agent, messages, thoughts, calls, labels and notes say it all."""
    words = payload.text
    path = folder / f"{number}.json"
    entries: list[dict[str, Any]] = []

    def put(node: dict[str, Any], parent: str | None, *, mark: bool = False) -> str:
        made = f"06h0{number:04}{len(entries):04}aaaa"
        entries.append(
            {
                "v": 1,
                "id": made,
                "parent": parent,
                "at_ms": _AT_MS + len(entries),
                "node": node,
                "agent": words,
                "mark": mark,
            }
        )
        return made

    def said(role: str, *blocks: dict[str, Any], **more: Any) -> dict[str, Any]:
        return {"role": role, "blocks": list(blocks), **more}

    text = {"type": "text", "text": words}
    opened = {"type": "opened", "cwd": words, "agent": words, "model": words, "title": words}
    put(opened, None, mark=True)
    first = put({"type": "user", "message": said("user", text)}, None)
    for answer in ("one", "two"):
        blocks = [
            {"type": "text", "text": f"{answer} {words}"},
            {"type": "thinking", "text": words},
        ]
        message = said("assistant", *blocks, origin=words, incomplete=words)
        node = {"type": "answer", "message": message, "model": words, "stop_reason": words}
        last = put(node, first)
        put({"type": "checkpoint", "label": words}, last, mark=True)
        put({"type": "note", "text": words}, last, mark=True)
        put({"type": "user", "message": said("user", text)}, last)
    whole = {
        "format": "alloy-session",
        "version": 1,
        "session": f"06h0{number:04}0000zzzz",
        "title": words,
        "exported_ms": _AT_MS,
        "entries": entries,
        "blobs": {},
    }
    path.write_text(json.dumps(whole))
    return path
