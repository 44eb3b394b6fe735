"""The five faces of a tool call as lines: output, arguments, diff, raw, timing. Pure.

Owns what each tab of the tool pane says; the pane owns which one is on show.
All text that it returns has been sanitised.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence

import msgspec

from alloy_tui.domain.sanitise import clean, clean_line
from alloy_tui.ui.lines import Line, LineItem
from alloy_tui.ui.tool_view import ToolRecord, argument_lines, change_of
from alloy_tui.ui.wording import duration

_SHARE = re.compile(r"(?<![\d.])(\d{1,3})(?:\.\d+)?\s?%")
_RAW_CHARS = 200_000


def output_lines(record: ToolRecord) -> list[Line]:
    """What it printed and what became of it, each thing once."""
    lines: list[Line] = []
    if record.dropped:
        lines.append(("muted", f"… {record.dropped:,} characters before this"))
    output = record.output.rstrip("\n")
    if output:
        lines.extend(("plain", line) for line in output.split("\n"))
    result = record.result
    if result is None:
        return lines or [("muted", "Nothing printed yet.")]
    kind = "error" if record.state in {"error", "denied"} else "plain"
    whole = (record.details or {}).get("truncated") is False
    if not output or whole or _flat(output) in _flat(result):
        # The result has all of it, and how it ended too.
        return [(kind, line) for line in result.rstrip("\n").split("\n")]
    given = result.rstrip("\n").split("\n")
    lines.append(("muted", ""))
    lines.append((kind if kind == "error" else "muted", given[-1]))
    lines.append(("muted", f"The model was given {len(given):,} lines of its own: Raw has them."))
    return lines


def _flat(text: str) -> str:
    return " ".join(text.split())


def argument_face(record: ToolRecord) -> list[Line]:
    """The arguments by name, or their raw text where they are none."""
    if record.raw_arguments:
        raw = clean_line(record.raw_arguments, limit=4000)
        return [("error", "The arguments are no JSON object:"), ("plain", raw)]
    return list(argument_lines(record.arguments))


def diff_face(record: ToolRecord) -> list[LineItem]:
    """The change it made or would make."""
    change = change_of(record.arguments, record.details)
    return [("muted", "This call changes no file.") if change is None else change]


def raw_lines(record: ToolRecord) -> list[Line]:
    """The call as data: what the model wrote, what it was given, what views were told."""
    lines: list[Line] = [("heading", "Call")]
    called = f"{clean_line(record.name, limit=1000)}  {clean_line(record.id, limit=1000)}"
    lines.append(("plain", called))
    arguments = record.raw_arguments or _json(record.arguments)
    lines.extend(("plain", row) for row in clean(arguments[:_RAW_CHARS]).split("\n"))
    lines.extend([("plain", ""), ("heading", "Result, as the model was given it")])
    if record.result is None:
        lines.append(("muted", "none yet"))
    else:
        lines.extend(("plain", row) for row in record.result[:_RAW_CHARS].split("\n"))
    if record.details:
        lines.extend([("plain", ""), ("heading", "Details, for views only")])
        lines.extend(("plain", row) for row in clean(_json(record.details)).split("\n"))
    return lines


def _json(value: object) -> str:
    try:
        return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
    except (TypeError, ValueError, msgspec.MsgspecError):
        return str(value)


def timing_lines(record: ToolRecord, now_ms: int) -> list[Line]:
    """When it was written, asked for, begun and over, how long each took, how much it printed."""
    end_ms = record.ended_ms or now_ms
    rows: list[tuple[str, str]] = []
    if record.written_ms:
        rows.append(("written by the model", _clock(record.written_ms)))
    if record.asked_ms:
        until_ms = record.started_ms or record.ended_ms or now_ms
        rows.append(("waited for you", duration(until_ms - record.asked_ms)))
    if record.started_ms:
        rows.append(("begun", _clock(record.started_ms)))
        going_on = "" if record.ended_ms else ", and goes on"
        took_ms = record.duration_ms if record.ended_ms else end_ms - record.started_ms
        rows.append(("took", f"{duration(took_ms)}{going_on}"))
    elif record.ended_ms:
        rows.append(("begun", "never"))
    if record.ended_ms:
        rows.append(("over", _clock(record.ended_ms)))
    printed = record.size + record.dropped
    if printed:
        rows.append(("printed", f"{printed:,} characters"))
        took_s = max(1, end_ms - record.started_ms) / 1000
        rows.append(("", f"{printed / took_s:,.0f} characters a second"))
    details = record.details or {}
    for key, words in (("exit_code", "exit code"), ("characters", "characters in all")):
        value = details.get(key)
        if isinstance(value, int):
            rows.append((words, f"{value:,}"))
    if not rows:
        return [("muted", "Nothing to time yet.")]
    return [("plain", f"{name:<22}{value}") for name, value in rows]


def _clock(at_ms: int) -> str:
    local = time.localtime(at_ms / 1000)
    return f"{time.strftime('%H:%M:%S', local)}.{at_ms % 1000:03}"


def progress_of(record: ToolRecord) -> str:
    """`38 %` when the newest line that was printed ends in a share of a hundred, else ""."""
    if record.state != "running":
        return ""
    tail = record.output[-400:].rstrip().rsplit("\n", 1)[-1]
    shares = [int(m[1]) for m in _SHARE.finditer(tail)]
    return f"{shares[-1]} %" if shares and shares[-1] <= 100 else ""


def faces(now_ms: int) -> tuple[tuple[str, Callable[[ToolRecord], Sequence[LineItem]]], ...]:
    """The tabs in order, each with what it shows at that moment."""
    return (
        ("Output", output_lines),
        ("Args", argument_face),
        ("Diff", diff_face),
        ("Raw", raw_lines),
        ("Timing", lambda record: timing_lines(record, now_ms)),
    )


TABS = tuple(name for name, _ in faces(0))
