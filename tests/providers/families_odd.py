"""Support: what is special to three formats when their answers are damaged, with what is due."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from tests.providers.streams import aws, event, line

PIECES = ("Hello", " wörld", " 🦊", " done.")
TEXT = "".join(PIECES)
HALF = "Hello wörld"
LOST: dict[str, Any] = {"error": "required", "text_mode": "prefix_ok"}
FULL_OR_ERROR: dict[str, Any] = {"error": "either", "text_mode": "full_or_error"}
PREFIX: dict[str, Any] = {"error": "either", "text_mode": "prefix_or_full"}


class Odd(msgspec.Struct):
    """What differs between the formats.

    `wrap` makes a frame of a payload as bytes. `fault` is an error inside a
    stream, `wrong` one that no second try mends. `swaps` are frames in the
    place of the good stream's third delta, with what is then due. `ends` are
    closing frames in place of the good ones, with what is then due.
    """

    wrap: Callable[[bytes], bytes]
    fault: bytes
    wrong: bytes
    unknown: bytes
    whole: dict[str, Any]
    refusal: Callable[[int, str], dict[str, Any]]
    swaps: list[tuple[str, list[bytes], dict[str, Any]]]
    ends: list[tuple[str, list[bytes], dict[str, Any]]]
    closing: int = 1
    """Frames from the stop reason on."""


def _delta(index: Any, delta: Any) -> bytes:
    kind = "response.output_text.delta"
    return event({"type": kind, "output_index": index, "item_id": "msg_1", "delta": delta}, kind)


def _responses() -> Odd:
    def shell(status: str, **more: Any) -> bytes:
        kind = f"response.{status}"
        return event({"type": kind, "response": {"status": status, "output": [], **more}}, kind)

    def error(code: str) -> bytes:
        return event({"type": "error", "code": code, "message": "No.", "param": None}, "error")

    item: dict[str, Any] = {"type": "message", "id": "msg_1", "role": "assistant", "content": []}
    again = {"type": "response.output_item.added", "output_index": 0, "item": item}
    part = {"type": "output_text", "text": TEXT, "annotations": []}
    limit = {"incomplete_details": {"reason": "max_output_tokens"}}
    filtered = {"incomplete_details": {"reason": "content_filter"}}
    failed = {"error": {"code": "server_error", "message": "It broke."}}
    return Odd(
        event_of,
        error("rate_limit_exceeded"),
        error("invalid_argument"),
        event({"type": "response.something.new", "delta": 3}, "response.something.new"),
        {"object": "response", "status": "completed", "output": [{**item, "content": [part]}]},
        lambda status, words: {"error": {"message": words, "type": "x", "code": None}},
        [
            ("a delta that is a number", [_delta(0, 7)], FULL_OR_ERROR),
            ("a delta that is null", [_delta(0, None)], FULL_OR_ERROR),
            ("a delta at an index that never began", [_delta(5, " 🦊")], FULL_OR_ERROR),
            ("a delta without an index", [_delta(None, " 🦊")], {}),
            ("an item that begins twice", [event(again), _delta(0, " 🦊")], FULL_OR_ERROR),
            ("a delta that was lost", [], FULL_OR_ERROR),
            (
                "a delta that came twice",
                [_delta(0, " 🦊")] * 2,
                {**FULL_OR_ERROR, "error": "required", "text_mode": "any"},
            ),
        ],
        [
            ("it failed", [shell("failed", **failed)], LOST),
            (
                "its output limit",
                [shell("incomplete", **limit)],
                {"error": "either", "notice": "truncated"},
            ),
            (
                "a filter",
                [shell("incomplete", **filtered)],
                {"error": "either", "notice": "content_filter"},
            ),
            ("no usage", [shell("completed")], {"usage": "unknown"}),
            ("[DONE] after it", [shell("completed"), event("[DONE]")], {}),
            ("[DONE] instead of it", [event("[DONE]")], LOST),
            ("twice", [shell("completed")] * 2, {}),
        ],
    )


def _ollama() -> Odd:
    def say(message: Any, **more: Any) -> bytes:
        return line({"model": "m", "message": message, "done": False, **more})

    def end(**more: Any) -> bytes:
        return say({"role": "assistant", "content": ""}, **{"done": True, **more})

    return Odd(
        lambda payload: payload + b"\n",
        line({"error": "the runner was stopped"}),
        line({"error": {"message": "No.", "code": "invalid_argument"}}),
        line({"model": "m", "progress": 3}),
        {"model": "m", "message": {"content": TEXT}, "done": True, "done_reason": "stop"},
        lambda status, words: {"error": words},
        [
            ("content that is a number", [say({"content": 7})], LOST),
            ("content that is null", [say({"content": None}), say({"content": " 🦊"})], {}),
            ("a message that is null", [say(None), say({"content": " 🦊"})], {}),
            ("no role", [say({"content": " 🦊"})], {}),
            ("an empty line", [b"\n \n", say({"content": " 🦊"})], {}),
            ("thinking beside content", [say({"thinking": "hm", "content": " 🦊"})], {}),
        ],
        [
            (
                "its output limit",
                [end(done_reason="length")],
                {"error": "either", "notice": "truncated"},
            ),
            ("no usage", [end(done_reason="stop")], {"usage": "unknown"}),
            ("no reason", [end(eval_count=2, prompt_eval_count=3)], {}),
            ("an unknown reason", [end(done_reason="why")], {}),
            (
                "counts that are none",
                [end(eval_count="3", prompt_eval_count=-1)],
                {"usage": "unknown"},
            ),
            ("twice", [end(done_reason="stop")] * 2, {}),
            ("done that is no truth value", [end(done="yes")], FULL_OR_ERROR),
        ],
    )


def _bedrock() -> Odd:
    def say(delta: Any, index: Any = 0) -> bytes:
        return aws("contentBlockDelta", {"delta": delta, "contentBlockIndex": index})

    def stop(reason: str | None) -> bytes:
        return aws("messageStop", {"stopReason": reason})

    good = aws("metadata", {"usage": {"inputTokens": 3, "outputTokens": 2}})
    fox = say({"text": " 🦊"})
    start = aws("contentBlockStart", {"start": {}, "contentBlockIndex": 0})
    message = {"role": "assistant", "content": [{"text": TEXT}]}
    broken = bytearray(fox)
    broken[-1] ^= 1
    head = bytearray(fox)
    head[8] ^= 1
    return Odd(
        lambda payload: aws("contentBlockDelta", payload),
        aws("throttlingException", {"message": "Too many requests."}, "exception"),
        aws("validationException", {"message": "No."}, "exception"),
        aws("somethingNew", {"p": "abc"}),
        {"output": {"message": message}, "stopReason": "end_turn", "usage": {}},
        lambda status, words: {"message": words},
        [
            ("a delta that is a number", [say({"text": 7})], LOST),
            ("a delta that is null", [say(None), fox], {}),
            ("a delta of reasoning that is empty", [say({"reasoningContent": {}}, 3), fox], {}),
            ("a delta without an index", [say({"text": " 🦊"}, None)], {}),
            ("a delta after its block ended", [aws("contentBlockStop", {}), fox], FULL_OR_ERROR),
            ("a block that begins twice", [start, fox], FULL_OR_ERROR),
            ("a message that begins twice", [aws("messageStart", {}), fox], FULL_OR_ERROR),
            ("a wrong checksum", [bytes(broken)], LOST),
            ("a wrong checksum of its lengths", [bytes(head)], LOST),
            ("an event without a payload", [aws("ping", b""), fox], {}),
            ("a citation", [say({"citation": {"title": "t"}}), fox], {}),
            ("an error message", [aws("InternalFailure", b"", "error")], {**LOST, "text": HALF}),
        ],
        [
            (
                "its output limit",
                [stop("max_tokens"), good],
                {"error": "either", "notice": "truncated"},
            ),
            (
                "a guardrail",
                [stop("guardrail_intervened"), good],
                {"error": "either", "notice": "content_filter"},
            ),
            ("no reason", [stop(None), good], LOST),
            ("an unknown reason", [stop("why"), good], {}),
            ("usage before the reason", [good, stop("end_turn")], {}),
            ("no usage", [stop("end_turn"), aws("metadata", {})], {"usage": "unknown"}),
            ("nothing after the reason", [stop("end_turn")], {"usage": "unknown"}),
            ("a tool that was not called", [stop("tool_use"), good], LOST),
        ],
        closing=2,
    )


def event_of(payload: bytes) -> bytes:
    """A server-sent event of any bytes."""
    return b"data: " + payload + b"\n\n"


ODD: dict[str, Callable[[], Odd]] = {
    "openai-responses": _responses,
    "ollama-chat": _ollama,
    "bedrock-converse": _bedrock,
}
