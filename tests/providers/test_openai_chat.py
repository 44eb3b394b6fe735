"""Chat Completions answers become parts and one Completion, or a typed error."""

from __future__ import annotations

import json
from typing import Any

import pytest

from alloy_tui.domain.messages import TextBlock, ThinkingBlock, ToolCallBlock, assistant
from alloy_tui.domain.provider import ArgumentsPart, CallPart
from alloy_tui.domain.stops import Stop
from alloy_tui.domain.usage import TokenUsage
from tests.providers.answers import call_delta, chat, read, sse


def calls(*deltas: dict[str, Any], **more: Any) -> list[tuple[str, str, Any]]:
    made = read("compat", chat(*deltas, finish="tool_calls", **more)).message.tool_calls
    return [(c.id, c.name, c.arguments if c.invalid is None else c.invalid) for c in made]


def test_text_and_usage() -> None:
    """Deltas join to the text; cached tokens are taken out of the fresh ones."""
    stream = chat(
        {"role": "assistant", "content": ""},
        {"content": "Hel"},
        {"content": "lo"},
        prompt_tokens=100,
        completion_tokens=7,
        prompt_tokens_details={"cached_tokens": 80, "cache_write_tokens": 5},
        completion_tokens_details={"reasoning_tokens": 3},
        cost=0.25,
    )
    out = read("compat", stream)
    assert out.text == "Hello"
    assert out.message == assistant("Hello", origin="compat/m")
    assert out.completion.stop == Stop("end_turn", "stop")
    assert out.completion.usage == TokenUsage(15, 80, 5, 7, 3)
    assert out.completion.reported_cost == 0.25


@pytest.mark.parametrize(
    ("usage", "due"),
    [
        ({}, TokenUsage()),
        ({"prompt_tokens": None, "completion_tokens": "4"}, TokenUsage()),
        ({"prompt_tokens": 5, "completion_tokens": -1}, TokenUsage(input=5)),
        ({"prompt_tokens": 9, "prompt_cache_hit_tokens": 4}, TokenUsage(input=5, cache_read=4)),
        ({"prompt_tokens": 1, "prompt_tokens_details": {"cached_tokens": 4}}, TokenUsage(None, 4)),
    ],
)
def test_doubtful_usage_is_unknown(usage: dict[str, Any], due: TokenUsage) -> None:
    """What the service did not say sanely is None, never 0."""
    stream = sse(
        [
            {"choices": [{"index": 0, "delta": {"content": "x"}, "finish_reason": "stop"}]},
            {"choices": [], "usage": usage},
        ]
    )
    assert read("compat", stream).completion.usage == due


def test_the_last_usage_wins() -> None:
    """Usage on every chunk is cumulative."""
    stream = sse(
        [
            {"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 1}},
            {
                "choices": [{"index": 0, "delta": {"content": "x"}, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 2, "completion_tokens": 2},
            },
            "[DONE]",
        ]
    )
    assert read("compat", stream).completion.usage == TokenUsage(input=2, output=2)
    groq: Any = {"choices": [], "x_groq": {"usage": {"prompt_tokens": 3, "completion_tokens": 3}}}
    stream = sse([{"choices": [{"delta": {"content": "x"}, "finish_reason": "stop"}]}, groq])
    assert read("groq", stream).completion.usage == TokenUsage(input=3, output=3)


def test_whole_answer_gives_the_same_message_as_a_stream() -> None:
    """A plain request and a streamed one end in the same Completion."""
    streamed = read(
        "compat",
        chat(
            {"reasoning_content": "hm"},
            {"content": "Hi"},
            call_delta(index=0, id="a", name="read", arguments='{"p":1}'),
            finish="tool_calls",
            prompt_tokens=1,
            completion_tokens=2,
        ),
    )
    call = {"id": "a", "type": "function", "function": {"name": "read", "arguments": '{"p":1}'}}
    message = {"content": "Hi", "reasoning_content": "hm", "tool_calls": [call]}
    document = {
        "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 2},
    }
    whole = read("compat", json.dumps(document).encode())
    assert whole.completion == streamed.completion
    assert whole.text == "Hi"
    assert whole.thinking == "hm"


@pytest.mark.parametrize(
    ("finish", "reason"),
    [("length", "max_tokens"), ("content_filter", "content_filter"), ("eos", "unknown")],
)
def test_stop_reasons(finish: str, reason: str) -> None:
    """Known reasons are mapped, unknown ones kept raw."""
    stop = read("compat", chat({"content": "x"}, finish=finish)).completion.stop
    assert stop == Stop(reason, finish)  # pyright: ignore[reportArgumentType] (test data)


def test_refusal_is_text_and_a_reason() -> None:
    """A refusal is shown, and told apart."""
    out = read("openai", chat({"refusal": "I will "}, {"refusal": "not."}))
    assert out.text == "I will not."
    assert out.completion.stop == Stop("refusal", "stop", "I will not.")


def test_finish_without_done_is_whole() -> None:
    """Not every server ends with [DONE]; a finish reason and a clean end are enough."""
    assert read("compat", chat({"content": "x"}, done=False)).message == assistant(
        "x", origin="compat/m"
    )


@pytest.mark.parametrize("done", [True, False])
def test_no_finish_reason_is_a_cut(done: bool) -> None:
    """[DONE] alone proves nothing."""
    out = read("compat", chat({"content": "x"}, finish=None, done=done))
    assert (out.text, out.kind) == ("x", "stream_cut")
    assert out.error is not None
    assert not out.error.retryable


def test_an_empty_answer_may_be_asked_for_again() -> None:
    """With nothing shown a cut is retryable."""
    out = read("compat", b"")
    assert out.kind == "stream_cut"
    assert out.error is not None
    assert out.error.retryable


def test_what_follows_done_is_ignored() -> None:
    """The answer ends where it ends."""
    assert read("compat", chat({"content": "a"}) + chat({"content": "LATE"})).text == "a"


def test_calls_in_every_spelling() -> None:
    """Fragments, whole calls, repeated names, missing or equal indices: the same two calls."""
    one, two = '{"p":1}', '{"p":2}'
    due = [("a", "read", {"p": 1}), ("b", "read", {"p": 2})]
    head = [call_delta(index=i, id=x, name="read", arguments="") for i, x in enumerate("ab")]
    tail = [call_delta(index=1, arguments=two), call_delta(index=0, arguments=one)]
    assert calls(*head, *tail) == due
    repeated = [
        call_delta(index=i, id=x, name="read", arguments=piece)
        for i, x, whole in ((0, "a", one), (1, "b", two))
        for piece in (whole[:3], whole[3:])
    ]
    assert calls(*repeated) == due
    for labels in ({"index": 0}, {}):
        same = [
            call_delta(id=x, name="read", arguments=w, **labels)
            for x, w in (("a", one), ("b", two))
        ]
        assert calls(*same) == due
    objects = [
        call_delta(index=i, id=x, name="read", arguments=w)
        for i, x, w in ((0, "a", {"p": 1}), (1, "b", {"p": 2}))
    ]
    assert calls(*objects) == due


def test_calls_without_ids_get_some() -> None:
    """Two whole calls with neither id nor index are two calls."""
    deltas = [call_delta(name="read", arguments=a) for a in ('{"p":1}', '{"p":2}')]
    assert calls(*deltas) == [("call_1", "read", {"p": 1}), ("call_2", "read", {"p": 2})]


def test_ids_are_unique_in_the_answer_and_the_history() -> None:
    """Servers that number each answer anew must not make two calls of one name."""
    history = [assistant(ToolCallBlock("a", "read", {}))]
    stream = chat(
        call_delta(index=0, id="a", name="read", arguments="{}"),
        call_delta(index=1, id="a", name="read", arguments="{}"),
        finish="tool_calls",
    )
    out = read("compat", stream, history=history)
    assert [c.id for c in out.message.tool_calls] == ["a-2", "a-3"]
    assert [p.id for p in out.parts if isinstance(p, CallPart)] == ["a-2", "a-3"]


def test_late_name_holds_the_arguments_back() -> None:
    """A call is announced once it has a name, with what came before."""
    stream = chat(
        call_delta(index=0, id="a", arguments='{"p"'),
        call_delta(index=0, name="read", arguments=":1}"),
        finish="tool_calls",
    )
    parts = read("compat", stream).parts[:-1]
    assert parts == [CallPart("a", "read"), ArgumentsPart("a", '{"p"'), ArgumentsPart("a", ":1}")]


@pytest.mark.parametrize("raw", ["[1]", "{command: ls", '{"a":1}{"b":2}', '{"a": NaN}', '{"a"'])
def test_arguments_that_are_no_object_are_kept_raw(raw: str) -> None:
    """Such a call is marked, so that nothing runs it."""
    assert calls(call_delta(index=0, id="a", name="bash", arguments=raw)) == [("a", "bash", raw)]


def test_empty_arguments_are_an_empty_object_unless_the_answer_was_cut_there() -> None:
    """No arguments at the output limit may be lost arguments."""
    delta = call_delta(index=0, id="a", name="bash", arguments="")
    assert calls(delta) == [("a", "bash", {})]
    (block,) = read("compat", chat(delta, finish="length")).message.tool_calls
    assert block.invalid


@pytest.mark.parametrize(
    "deltas",
    [
        [{}],
        [{"function_call": {"name": "read", "arguments": "{}"}}],
        [call_delta(index=0, id="a", arguments="{}")],
    ],
)
def test_a_promised_call_that_did_not_come_is_malformed(deltas: list[dict[str, Any]]) -> None:
    """No call, the retired form, or a call without a name: nothing that could be run."""
    assert read("compat", chat(*deltas, finish="tool_calls")).kind == "malformed"


def test_stop_with_calls_keeps_the_calls() -> None:
    """Some servers say "stop" after tool calls; content decides."""
    out = read("compat", chat(call_delta(index=0, id="a", name="x", arguments="{}")))
    assert [c.name for c in out.message.tool_calls] == ["x"]


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ({"error": {"message": "boom", "type": "server_error"}}, "server_error"),
        ({"error": "boom"}, "unknown"),
        ({"error": {"code": 429}, "choices": [{"finish_reason": "error"}]}, "rate_limited"),
        ({"choices": [{"index": 0, "finish_reason": "error"}]}, "server_error"),
        ({"x_groq": {"error": "boom"}}, "unknown"),
        ({"object": "error", "message": "x", "type": "invalid_request_error"}, "invalid_request"),
        ("{oops", "malformed"),
        ("null", "malformed"),
        ("[" * 100_000, "malformed"),
    ],
)
def test_an_error_in_the_stream_ends_it(event: Any, kind: str) -> None:
    """What came before stands, what follows is not part of the answer."""
    stream = sse([{"choices": [{"index": 0, "delta": {"content": "Hi"}}]}, event])
    out = read("compat", stream + chat({"content": "LATE"}))
    assert (out.text, out.kind) == ("Hi", kind)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'{"error":{"message":"x","type":"rate_limit_error"}}', "rate_limited"),
        (b"<html><body>502 Bad Gateway</body></html>", "malformed"),
        (b'{"choices":[]}', "stream_cut"),
        (b'{"choices":[{"message":{"content":"Hi"}}]}', "stream_cut"),
        (b'{"choices":[{"message":{"con', "malformed"),
        (b"[]", "malformed"),
        (b"Bad gateway", "stream_cut"),
        (b"\n\n\n", "stream_cut"),
    ],
)
def test_a_body_that_is_no_answer_is_an_error(body: bytes, kind: str) -> None:
    """A 200 proves nothing."""
    assert read("compat", body).kind == kind


def test_the_web_page_of_a_proxy_is_quoted() -> None:
    """The person learns that something stands in the way."""
    error = read("compat", b"\n<html><body>502 Bad Gateway</body></html>").error
    assert error is not None
    assert "502 Bad Gateway" in error.message


@pytest.mark.parametrize("last", ['{"choices":[{"delta":{},"finish_reason":"stop"}]}', "[DONE]"])
def test_the_last_event_may_lack_its_blank_line(last: str) -> None:
    """A complete object cannot be the beginning of a longer one."""
    stream = chat({"content": "x"}, finish="stop" if last == "[DONE]" else None, done=False)
    assert read("compat", stream + b"data: " + last.encode()).message.text == "x"


def test_an_event_cut_by_the_end_is_a_cut_answer() -> None:
    """Half an event at the end is no fault of the format."""
    stream = chat({"content": "x"}, finish=None, done=False)
    assert read("compat", stream + b'data: {"choices":[{"del').kind == "stream_cut"


def test_reasoning_in_all_fields() -> None:
    """Reasoning is not answer text, and details are merged for the way back."""
    details = [
        {"type": "reasoning.text", "text": "a", "index": 0},
        {"type": "reasoning.text", "text": "b", "signature": "s", "index": 0},
        {"type": "reasoning.encrypted", "data": "zz", "index": 1},
    ]
    deltas = [{"reasoning": d.get("text"), "reasoning_details": [d]} for d in details]
    out = read("openrouter", chat(*deltas, {"content": "x"}))
    merged = [
        {"type": "reasoning.text", "text": "ab", "signature": "s", "index": 0},
        {"type": "reasoning.encrypted", "data": "zz", "index": 1},
    ]
    assert out.message.blocks == (
        ThinkingBlock("ab", {"field": "reasoning", "reasoning_details": merged}),
        TextBlock("x"),
    )
    out = read("deepseek", chat({"reasoning_content": "hm", "reasoning": "hm"}, {"content": "x"}))
    assert out.thinking == "hm"
    assert out.message.blocks[0] == ThinkingBlock("hm", {"field": "reasoning_content"})


def test_content_as_a_list_of_parts() -> None:
    """Some services send parts, thinking among them."""
    thought = {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}
    out = read("compat", chat({"content": [thought, {"type": "text", "text": "x"}, 5]}))
    assert (out.thinking, out.text) == ("hm", "x")


@pytest.mark.parametrize("pieces", [["A\ud83e", "\udd8aB"], ["A🦊B"], ["A\ud83e\udd8aB"]])
def test_surrogates_split_over_deltas_are_joined(pieces: list[str]) -> None:
    """An emoji escaped in two deltas is one emoji."""
    events = [json.dumps({"choices": [{"index": 0, "delta": {"content": p}}]}) for p in pieces]
    finish = '{"choices":[{"index":0,"finish_reason":"stop"}]}'
    out = read("compat", sse([*events, finish]))
    assert out.text == out.message.text == "A🦊B"


def test_a_lone_surrogate_becomes_a_replacement_character() -> None:
    """What is stored can always be encoded."""
    events = ['{"choices":[{"index":0,"delta":{"content":"A\\ud83d"},"finish_reason":"stop"}]}']
    out = read("compat", sse(events))
    assert out.text == out.message.text == "A\ufffd"
