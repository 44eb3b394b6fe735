"""Anthropic Messages answers become parts and one Completion, or a typed error."""

from __future__ import annotations

import json
from typing import Any

import pytest

from alloy_tui.domain.messages import TextBlock, ThinkingBlock, ToolCallBlock, assistant
from alloy_tui.domain.provider import ArgumentsPart, CallPart
from alloy_tui.domain.stops import Stop
from alloy_tui.domain.usage import TokenUsage
from tests.providers.answers import claude, read, sse, text_block, tool_block

THINKING = (
    {"type": "thinking", "thinking": "", "signature": ""},
    [
        {"type": "thinking_delta", "thinking": "hm"},
        {"type": "signature_delta", "signature": "c2ln+/="},
    ],
)
TEXT_START = {"type": "content_block_start", "index": 0, "content_block": {"type": "text"}}
STOP = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}}


def test_every_block_in_order() -> None:
    """Thinking with its signature, redacted thinking, text and parallel calls."""
    stream = claude(
        THINKING,
        ({"type": "redacted_thinking", "data": "AAAA"}, []),
        text_block("Hel", "lo"),
        tool_block("t1", "read", '{"p":', "1}"),
        tool_block("t2", "noargs", ""),
        stop="tool_use",
    )
    out = read("anthropic", stream)
    assert (out.thinking, out.text) == ("hm", "Hello")
    assert out.message == assistant(
        ThinkingBlock("hm", {"signature": "c2ln+/="}),
        ThinkingBlock("", {"redacted": "AAAA"}),
        TextBlock("Hello"),
        ToolCallBlock("t1", "read", {"p": 1}),
        ToolCallBlock("t2", "noargs", {}),
        origin="anthropic/m",
    )
    assert out.completion.stop == Stop("tool_use", "tool_use")
    assert out.completion.usage == TokenUsage(input=5, output=4)
    assert [p for p in out.parts if isinstance(p, (CallPart, ArgumentsPart))] == [
        CallPart("t1", "read"),
        ArgumentsPart("t1", '{"p":'),
        ArgumentsPart("t1", "1}"),
        CallPart("t2", "noargs"),
    ]


def test_hidden_thinking_is_kept_for_the_way_back() -> None:
    """A signature without words is still a block."""
    hidden = ({"type": "thinking", "thinking": ""}, [{"type": "signature_delta", "signature": "s"}])
    message = read("anthropic", claude(hidden, text_block("x"))).message
    assert message.blocks[0] == ThinkingBlock("", {"signature": "s"})


def test_whole_answer_gives_the_same_message_as_a_stream() -> None:
    """A plain request and a streamed one end in the same Completion."""
    document = {
        "type": "message",
        "role": "assistant",
        "content": [
            {"type": "thinking", "thinking": "hm", "signature": "c2ln+/="},
            {"type": "text", "text": "Hi"},
            {"type": "tool_use", "id": "t1", "name": "read", "input": {"p": 1}},
        ],
        "stop_reason": "tool_use",
        "usage": {"input_tokens": 5, "output_tokens": 4},
    }
    whole = read("anthropic", json.dumps(document).encode())
    streamed = claude(
        THINKING, text_block("Hi"), tool_block("t1", "read", '{"p":1}'), stop="tool_use"
    )
    assert whole.completion == read("anthropic", streamed).completion
    assert (whole.thinking, whole.text) == ("hm", "Hi")


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("stop_sequence", "stop_sequence"),
        ("max_tokens", "max_tokens"),
        ("model_context_window_exceeded", "context_overflow"),
        ("refusal", "refusal"),
        ("pause_turn", "pause"),
        ("brand_new", "unknown"),
    ],
)
def test_stop_reasons(word: str, reason: str) -> None:
    """Known reasons are mapped, unknown ones kept raw."""
    stop = read("anthropic", claude(text_block("x"), stop=word)).completion.stop
    assert stop == Stop(reason, word)  # pyright: ignore[reportArgumentType] (test data)


def test_refusal_is_explained() -> None:
    """The service's explanation reaches the stop reason."""
    details = {"category": "cyber", "explanation": "no"}
    delta = {"stop_reason": "refusal", "stop_details": details}
    stream = sse([{"type": "message_delta", "delta": delta}, {"type": "message_stop"}])
    assert read("anthropic", stream).completion.stop == Stop("refusal", "refusal", "cyber: no")


@pytest.mark.parametrize("lost", ["message_stop", "message_delta", "both"])
def test_a_stream_without_its_end_is_a_cut(lost: str) -> None:
    """Both the stop reason and the terminal event are due."""
    body = claude(text_block("Hi"))
    events = [e for e in body.split(b"\n\n") if e]
    kept = [
        e
        for e in events
        if not (lost == "both" and (b"message_stop" in e or b"message_delta" in e))
        and f'"type": "{lost}"'.encode() not in e
    ]
    out = read("anthropic", b"\n\n".join(kept) + b"\n\n")
    assert (out.text, out.kind) == ("Hi", "stream_cut")


def test_a_call_that_was_never_closed_is_a_cut() -> None:
    """A terminal event does not heal a lost end of a tool call."""
    body = claude(tool_block("t1", "bash", '{"a":1}'), stop="tool_use")
    kept = [e for e in body.split(b"\n\n") if b"content_block_stop" not in e]
    assert read("anthropic", b"\n\n".join(kept)).kind == "stream_cut"


@pytest.mark.parametrize("pieces", [["[1]"], ["{command: ls"], ['{"a"']])
def test_arguments_that_are_no_object_are_kept_raw(pieces: list[str]) -> None:
    """Such a call is marked, so that nothing runs it."""
    stream = claude(tool_block("t1", "bash", *pieces), stop="tool_use")
    (call,) = read("anthropic", stream).message.tool_calls
    assert (call.invalid, call.arguments) == ("".join(pieces), {})


def test_no_arguments_at_the_output_limit_are_lost_ones() -> None:
    """The call is marked instead of run with nothing."""
    stream = claude(text_block("x"), tool_block("t1", "bash"), stop="max_tokens")
    assert read("anthropic", stream).message.tool_calls[0].invalid


def test_input_in_the_start_of_the_block() -> None:
    """Some servers send the whole input at once."""
    start = {"type": "tool_use", "id": "t", "name": "read", "input": {"p": "x"}}
    out = read("anthropic", claude((start, []), stop="tool_use"))
    assert out.message.tool_calls == (ToolCallBlock("t", "read", {"p": "x"}),)
    assert ArgumentsPart("t", '{"p":"x"}') in out.parts


def test_ids_are_unique_in_the_answer_and_the_history() -> None:
    """Two calls never share an id, and none is empty."""
    history = [assistant(ToolCallBlock("t", "read", {}))]
    stream = claude(tool_block("t", "a", "{}"), tool_block("", "b", "{}"), stop="tool_use")
    out = read("anthropic", stream, history=history)
    assert [c.id for c in out.message.tool_calls] == ["t-2", "call_1"]


def test_a_bare_error_object_keeps_its_words() -> None:
    """llama.cpp names the event an error and sends the object without a wrapper."""
    fault = b'event: error\ndata: {"code":500,"message":"no parse","type":"server_error"}\n\n'
    out = read("compat-anthropic", fault)
    assert out.kind == "server_error"
    assert "no parse" in str(out.error)


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ({"type": "error", "error": {"type": "overloaded_error", "message": "x"}}, "overloaded"),
        ({"type": "error", "error": {"type": "rate_limit_error", "message": "x"}}, "rate_limited"),
        ({"type": "error", "error": {"type": "invalid_request_error"}}, "invalid_request"),
        ({"type": "error"}, "unknown"),
        ({"error": "boom"}, "unknown"),
        ("{oops", "malformed"),
        ("null", "malformed"),
        ({"type": "message_start", "message": {}}, "malformed"),
        (TEXT_START, "malformed"),
    ],
)
def test_an_error_in_the_stream_ends_it(event: Any, kind: str) -> None:
    """What came before stands, what follows is not part of the answer."""
    hello = {
        "type": "content_block_delta",
        "index": 0,
        "delta": {"type": "text_delta", "text": "Hi"},
    }
    out = read("anthropic", sse([TEXT_START, hello, event, hello]))
    assert (out.text, out.kind) == ("Hi", kind)


def test_strange_events_are_skipped() -> None:
    """Pings, unknown events, unknown blocks and unknown deltas say nothing."""
    odd: list[dict[str, Any]] = [
        {"type": "ping"},
        {"type": "brand_new", "x": 1},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "brand_new"}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "brand_new", "x": 1}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "citations_delta"}},
        {"type": "content_block_stop", "index": 0},
        {"type": "content_block_stop", "index": 9},
        {"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": "x"}},
        {"type": "content_block_stop", "index": 1},
        STOP,
        {"type": "message_stop"},
    ]
    assert read("anthropic", sse(odd)).message == assistant("x", origin="anthropic/m")


def test_the_type_in_the_data_counts() -> None:
    """Wrong or missing event lines do not matter."""
    body = claude(text_block("x")).replace(b"event: ", b"event: not_")
    assert read("anthropic", body).message.text == "x"


def test_text_without_a_start_is_still_text() -> None:
    """A lost block start does not lose words."""
    delta = {
        "type": "content_block_delta",
        "index": 7,
        "delta": {"type": "text_delta", "text": "x"},
    }
    out = read("anthropic", sse([delta, STOP, {"type": "message_stop"}]))
    assert out.text == out.message.text == "x"


def test_mixed_up_text_blocks_are_malformed() -> None:
    """The shown text must join to the kept text."""
    events: list[dict[str, Any]] = [
        {"type": "content_block_start", "index": i, "content_block": {"type": "text"}}
        for i in (0, 1)
    ]
    events += [
        {"type": "content_block_delta", "index": i, "delta": {"type": "text_delta", "text": "x"}}
        for i in (1, 0)
    ]
    assert read("anthropic", sse(events)).kind == "malformed"


@pytest.mark.parametrize(
    ("end", "due"),
    [
        (None, TokenUsage(input=5)),
        ({"output_tokens": "4", "input_tokens": None}, TokenUsage(input=5)),
        ({"output_tokens": 9, "input_tokens": 6}, TokenUsage(input=6, output=9)),
        (
            {
                "output_tokens": 9,
                "cache_read_input_tokens": 3,
                "cache_creation_input_tokens": 2,
                "output_tokens_details": {"thinking_tokens": 8},
            },
            TokenUsage(5, 3, 2, 9, 8),
        ),
    ],
)
def test_usage_is_cumulative_and_the_last_word_counts(end: Any, due: TokenUsage) -> None:
    """The placeholder at the start is never taken for the output count."""
    events = [
        {"type": "message_start", "message": {"usage": {"input_tokens": 5, "output_tokens": 1}}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": "x"}},
        {**STOP, "usage": end},
        {"type": "message_stop"},
    ]
    assert read("anthropic", sse(events)).completion.usage == due
