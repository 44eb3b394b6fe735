"""What the screen keeps of each tool call, and the lines that show it.

Owns the record of a call as its events tell it, and its three faces: output,
arguments, diff. All text in the lines has been sanitised. Knows no widget.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypeAlias

import msgspec

from alloy_tui.domain import events as ev
from alloy_tui.domain.messages import TextBlock
from alloy_tui.domain.sanitise import Cleaner, clean, clean_line
from alloy_tui.runtime.port import OWN_COMMAND, PRIVATE_COMMAND
from alloy_tui.ui.lines import Change

CallState: TypeAlias = Literal[
    "writing", "ready", "waiting", "running", "done", "error", "denied", "cancelled"
]
DiffKind: TypeAlias = Literal["plain", "muted", "add", "remove", "hunk"]
KEPT_CHARS = 2_000_000
"""Live output kept of one call; the tool keeps the whole in a file."""
_DIFF_LIMIT = 60_000


class ToolRecord(msgspec.Struct):
    """One call. `output` is what it printed so far, `result` what the model got; both sanitised.

    The `…_ms` are the envelopes' times, 0 while that has not happened.
    """

    id: str
    name: str
    headline: str = ""
    arguments: dict[str, Any] = msgspec.field(default_factory=dict[str, Any])
    raw_arguments: str = ""
    state: CallState = "writing"
    result: str | None = None
    details: dict[str, Any] | None = None
    duration_ms: int = 0
    written_ms: int = 0
    asked_ms: int = 0
    started_ms: int = 0
    ended_ms: int = 0
    dropped: int = 0
    size: int = 0
    _pieces: list[str] = msgspec.field(default_factory=list[str])
    _cleaner: Cleaner = msgspec.field(default_factory=Cleaner)

    @property
    def output(self) -> str:
        """What it printed so far, joined."""
        if len(self._pieces) > 1:
            self._pieces = ["".join(self._pieces)]
        return self._pieces[0] if self._pieces else ""

    def take_output(self, text: str) -> str:
        """Add live output; returns what can be shown of it now."""
        shown = self._cleaner.feed(text)
        if shown:
            self._pieces.append(shown)
            self.size += len(shown)
            if self.size > 2 * KEPT_CHARS:
                whole = self.output
                self.dropped += len(whole) - KEPT_CHARS
                self._pieces, self.size = [whole[-KEPT_CHARS:]], KEPT_CHARS
        return shown

    def take(self, event: ev.EngineEvent, at_ms: int) -> None:
        """Fold one of the call's events in."""
        match event:
            case ev.ToolCallReady():
                self.arguments = event.arguments
                self.raw_arguments = event.invalid or ""
                self.state, self.written_ms = "ready", at_ms
            case ev.ToolStarted():
                self.arguments = event.arguments
                self.headline = clean_line(event.headline, limit=300)
                self.state, self.started_ms = "running", at_ms
            case ev.ApprovalRequested():
                self.arguments = event.arguments
                self.headline = clean_line(event.headline, limit=300)
                self.state, self.asked_ms = "waiting", at_ms
            case ev.ToolFinished():
                self.result = clean(
                    "\n".join(
                        part.text if isinstance(part, TextBlock) else f"[{part.media_type}]"
                        for part in event.content
                    )
                )
                self.details, self.duration_ms = event.details, event.duration_ms
                self.ended_ms = at_ms
                self.state = self._end(event)
            case _:
                pass

    def _end(self, event: ev.ToolFinished) -> CallState:
        if not event.is_error:
            return "done"
        if self.name in {OWN_COMMAND, PRIVATE_COMMAND} and (event.details or {}).get("cancelled"):
            return "cancelled"
        why = event.details or {}
        if not event.started and ("denied" in why or "skipped" in why):
            return "denied" if why.get("denied") else "cancelled"
        if not event.started and self.state in {"denied", "ready", "waiting"}:
            # It never ran: a person said no, or the run ended before its turn came.
            return "denied" if self.state == "denied" else "cancelled"
        return "error"

    @property
    def spill_path(self) -> str | None:
        """The file that has all of its output, if that was too long for the model."""
        path = (self.details or {}).get("spill_path")
        return path if isinstance(path, str) and path else None

    def title(self) -> str:
        """What the call works on, in one line: the tool's words, or those of its arguments."""
        return self.headline or headline_of(self.name, self.arguments)


CallKey: TypeAlias = tuple[str | None, int, str]
"""Request, turn and call id: services use the same call ids again in later turns."""


class ToolRecords:
    """The calls of the conversation in the order they were begun."""

    def __init__(self) -> None:
        self._records: dict[CallKey, ToolRecord] = {}

    def __len__(self) -> int:
        return len(self._records)

    def key(self, envelope: ev.Envelope, call_id: str) -> CallKey:
        """The key of a call that `envelope` speaks of."""
        return (envelope.request_id, envelope.turn, call_id)

    def get(self, key: CallKey) -> ToolRecord | None:
        """The call, if it is known."""
        return self._records.get(key)

    def open(self, key: CallKey, name: str) -> ToolRecord:
        """The call, begun now if it was not known."""
        record = self._records.get(key)
        if record is None:
            record = self._records[key] = ToolRecord(key[2], name)
        return record

    def beside(self, key: CallKey | None, by: int) -> CallKey | None:
        """The key `by` places further on; from None, the newest; None when there are no calls."""
        keys = list(self._records)
        if not keys:
            return None
        if key not in self._records:
            return keys[-1]
        return keys[max(0, min(len(keys) - 1, keys.index(key) + by))]

    def keep(self, key: CallKey, record: ToolRecord) -> None:
        """A call that was over before it came here, the newest."""
        self._records[key] = record

    def keep_first(self, records: Mapping[CallKey, ToolRecord]) -> None:
        """Calls from before all others."""
        self._records = {**records, **self._records}

    def drop(self, key: CallKey) -> None:
        """Forget one."""
        self._records.pop(key, None)

    def clear(self) -> None:
        """Forget all."""
        self._records.clear()


def headline_of(name: str, arguments: Mapping[str, Any]) -> str:
    """A line for a call whose tool gave none, or none yet; of the usual tools, what they give."""
    for key in ("command", "path", "file_path", "query", "pattern", "url"):
        value = arguments.get(key)
        if isinstance(value, str) and value:
            shown = value.strip().replace("\n", " ⏎ ")
            return clean_line(shown, limit=300) + _part_of(name, arguments)
    return clean_line(name, limit=40) if not arguments else ""


def _part_of(name: str, arguments: Mapping[str, Any]) -> str:
    content, offset = arguments.get("content"), arguments.get("offset")
    if name == "write" and isinstance(content, str):
        return f" ({len(content):,} characters)"
    if name == "read" and isinstance(offset, int) and offset > 1:
        return f" from line {offset}"
    return " (every occurrence)" if name == "edit" and arguments.get("replace_all") is True else ""


def argument_lines(arguments: Mapping[str, Any]) -> list[tuple[DiffKind, str]]:
    """Each argument by name; long and many-lined texts as they are, the rest as JSON."""
    lines: list[tuple[DiffKind, str]] = []
    for key, value in arguments.items():
        name = clean_line(str(key), limit=80)
        text = value if isinstance(value, str) else _json(value)
        rows = clean(text).split("\n")
        if len(rows) == 1:
            lines.append(("plain", f"{name}: {rows[0]}"))
            continue
        lines.append(("muted", f"{name}:"))
        lines.extend(("plain", f"  {row}") for row in rows)
    return lines or [("muted", "no arguments")]


def _json(value: object) -> str:
    try:
        return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
    except (TypeError, ValueError, msgspec.MsgspecError):
        return str(value)


def diff_lines(
    arguments: Mapping[str, Any], details: Mapping[str, Any] | None
) -> list[tuple[DiffKind, str]]:
    """The change a call made or would make, as lines of a unified diff; empty if it changes none.

    The tool's own diff (`details["diff"]`) is taken first; else the arguments
    of an edit or a write are compared.
    """
    made = (details or {}).get("diff")
    if isinstance(made, str) and made:
        return [(_diff_kind(line), line) for line in clean(made).rstrip("\n").split("\n")]
    lines: list[tuple[DiffKind, str]] = []
    for old, new in _replacements(arguments):
        lines.extend(_unified(old, new))
    return lines


def change_of(arguments: Mapping[str, Any], details: Mapping[str, Any] | None) -> Change | None:
    """What `diff_lines` tells, to be drawn as one; None where nothing is changed."""
    lines = diff_lines(arguments, details)
    if not lines:
        return None
    named = (arguments.get(key) for key in ("path", "file_path"))
    path = next((clean_line(name) for name in named if isinstance(name, str) and name), "")
    made = (details or {}).get("diff")
    # What is written from the first line on has its numbers too.
    known = bool(isinstance(made, str) and made) or lines[0][1].startswith("@@ -0,0 +1")
    return Change("\n".join(line for _, line in lines), path, numbered=known)


def _replacements(arguments: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    edits = arguments.get("edits")
    for edit in (*_maps(edits), arguments):
        for old_key, new_key in (
            ("old_string", "new_string"),
            ("old_text", "new_text"),
            ("old", "new"),
        ):
            old, new = edit.get(old_key), edit.get(new_key)
            if isinstance(old, str) and isinstance(new, str):
                yield old, new
                break
    content = arguments.get("content")
    if isinstance(content, str) and ("path" in arguments or "file_path" in arguments):
        yield "", content


def _maps(value: object) -> list[Mapping[str, Any]]:
    if not isinstance(value, list):
        return []
    items: list[object] = value  # pyright: ignore[reportUnknownVariableType] - checked one by one
    return [item for item in items if isinstance(item, dict)]  # pyright: ignore[reportUnknownVariableType] - JSON objects have string keys


def _unified(old: str, new: str) -> list[tuple[DiffKind, str]]:
    old, new = clean(old), clean(new)
    before, after = old.split("\n") if old else [], new.split("\n") if new else []
    if before and after and before[-1] == after[-1] == "":
        del before[-1], after[-1]  # both end with a line break: that is no line of its own
    if len(old) + len(new) > _DIFF_LIMIT:
        # Comparing is quadratic at worst; a large change is shown whole instead.
        head = f"@@ -1,{len(before)} +1,{len(after)} @@"
        rows = [head, *(f"-{row}" for row in before), *(f"+{row}" for row in after)]
    else:
        import difflib

        rows = list(difflib.unified_diff(before, after, lineterm="", n=3))[2:]
    return [(_diff_kind(row), row) for row in rows]


def _diff_kind(line: str) -> DiffKind:
    if line.startswith(("+++", "---")):
        return "muted"
    if line.startswith("@@"):
        return "hunk"
    if line.startswith("+"):
        return "add"
    return "remove" if line.startswith("-") else "plain"
