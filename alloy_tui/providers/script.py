"""The format of a script: replies as data, from a file or built in code.

A script file is one JSON object:

    {
      "context_window": 8000,                  optional, as are all fields below
      "price": {"input": 1.0, "output": 5.0},  dollars per million tokens
      "replies": [ … ]                         one per request, in order
    }

A reply holds any of these; nothing else is allowed:

    "expect": "fix the test"      the last user message or tool result must contain this
    "delay_ms": 500               silence before the first part
    "thinking": "Let me see …"
    "text": "I will read it."
    "tool_calls": [               run in parallel as far as the tools allow
      {"name": "read", "arguments": {"file_path": "a.py"}, "id": "one"},
      {"name": "bash", "raw": "{broken"}        raw argument text instead
    ]
    "chunk": 8                    characters per delta, 24 if absent
    "chunk_delay_ms": 30          silence between two deltas
    "cut": true                   the stream ends after the text without its end event;
                                  a number ends it after so many characters of it
    "error": {                    the request fails, after the text if there is any
      "kind": "rate_limited",     a kind of domain.errors; only this one is required
      "message": "…", "status": 429, "code": "…", "retry_after_s": 2.0
    }
    "stop": "max_tokens"          a reason of domain.stops; default: by content
    "stop_detail": "…"
    "usage": {"input": 120, "output": 30, "cache_read": 100}     unknown if absent

Owns reading and checking. Knows nothing of playing a script.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import msgspec

from alloy_tui.domain.errors import ConfigError, ErrorKind
from alloy_tui.domain.stops import StopReason
from alloy_tui.domain.usage import Price, TokenUsage

Milliseconds = Annotated[int, msgspec.Meta(ge=0)]
Positive = Annotated[int, msgspec.Meta(gt=0)]
Seconds = Annotated[float, msgspec.Meta(ge=0)]

DEFAULT_CHUNK = 24


class ScriptedCall(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A tool call; `raw` is argument text that need not be JSON, instead of `arguments`."""

    name: Annotated[str, msgspec.Meta(min_length=1)]
    arguments: dict[str, Any] = {}
    id: str | None = None
    raw: str | None = None


class ScriptedError(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a request fails."""

    kind: ErrorKind
    message: str | None = None
    status: int | None = None
    code: str | None = None
    retry_after_s: Seconds | None = None


class Reply(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One answer; the fields are explained at the top of this module."""

    text: str = ""
    thinking: str = ""
    tool_calls: tuple[ScriptedCall, ...] = ()
    expect: str | None = None
    delay_ms: Milliseconds = 0
    chunk: Positive = DEFAULT_CHUNK
    chunk_delay_ms: Milliseconds = 0
    cut: bool | Milliseconds = False
    error: ScriptedError | None = None
    stop: StopReason | None = None
    stop_detail: str | None = None
    usage: TokenUsage | None = None


class Script(msgspec.Struct, frozen=True):
    """A whole script."""

    replies: tuple[Reply, ...]
    context_window: int | None = None
    price: Price = Price()


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    replies: tuple[msgspec.Raw, ...]
    context_window: Positive | None = None
    price: Price = Price()


def load_script(path: Path) -> Script:
    """Read and check a script file. Raises ConfigError naming file and entry."""
    try:
        data = path.expanduser().read_bytes()
    except OSError as error:
        raise ConfigError(
            f"The script {path} cannot be read: {error.strerror or error}.",
            hint="Write scripted/ and then the path of a JSON file.",
        ) from None
    return parse_script(data, str(path))


def parse_script(data: bytes, where: str) -> Script:
    """Check a script's bytes; `where` names them in errors. Raises ConfigError."""
    try:
        file = msgspec.json.decode(data, type=_File)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise ConfigError(f"The script {where} is wrong: {_plain(error)}.") from None
    return Script(
        tuple(_reply(raw, where, number) for number, raw in enumerate(file.replies, 1)),
        file.context_window,
        file.price,
    )


def _reply(raw: msgspec.Raw, where: str, number: int) -> Reply:
    try:
        reply = msgspec.json.decode(raw, type=Reply)
        check_reply(reply)
    except (msgspec.MsgspecError, UnicodeError, ValueError, RecursionError) as error:
        raise ConfigError(
            f"Reply {number} of the script {where} is wrong: {_plain(error)}."
        ) from None
    return reply


def check_reply(reply: Reply) -> None:
    """Raise ValueError for a reply whose fields contradict one another."""
    if reply == Reply(expect=reply.expect, delay_ms=reply.delay_ms):
        raise ValueError("it has neither text, thinking, tool_calls, error nor cut")
    if reply.error is not None and reply.cut is not False:
        raise ValueError("it has both an error and a cut")
    if reply.cut is not False and (reply.stop or reply.usage):
        raise ValueError("a cut answer has neither a stop reason nor usage")
    if type(reply.cut) is int and reply.cut > len(reply.text):
        raise ValueError("it is to be cut after its end")
    if any(c.raw is not None and c.arguments for c in reply.tool_calls):
        raise ValueError("a tool call has both arguments and raw")
    ids = [c.id for c in reply.tool_calls if c.id is not None]
    if len(set(ids)) != len(ids):
        raise ValueError("two tool calls have the same id")


def _plain(error: Exception) -> str:
    return str(error).rstrip(".").replace(" - at `$.", ", at `").replace(" - at `$`", "")
