"""A conversation is spelled by each format's rules, and with the same bytes every time."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alloy_tui.domain.messages import (
    Block,
    ChatMessage,
    DocumentBlock,
    ImageBlock,
    TextBlock,
    ThinkingBlock,
    ToolCallBlock,
    ToolResultBlock,
    assistant,
    tool_results,
    user,
)
from alloy_tui.domain.models import ModelInfo, ModelRef
from alloy_tui.domain.provider import CompletionRequest
from alloy_tui.domain.tool import ToolSpec
from alloy_tui.domain.transcript import repair
from alloy_tui.providers.services import find_service

READ = ToolSpec("read", "Reads.", {"type": "object", "properties": {"p": {"type": "string"}}})
PNG = ImageBlock("image/png", b"\x89PNG")
CALL = ToolCallBlock("c1", "read", {"p": "x"})
SERVICES = [
    "anthropic",
    "compat-anthropic",
    "openai",
    "deepseek",
    "openrouter",
    "mistral",
    "compat",
]


def encode(
    service: str, *messages: ChatMessage, max_limit: int | None = None, **more: Any
) -> bytes:
    # OpenAI's older models are the ones that are still spoken to in this format.
    model = "gpt-4.1" if service == "openai" else "m"
    info = ModelInfo(ModelRef(service, model), max_output=max_limit)
    return (
        find_service(service)
        .wire_for(model)
        .encode(CompletionRequest("Be good.", messages, **more), info)
    )


def body(service: str, *messages: ChatMessage, **more: Any) -> Any:
    return json.loads(encode(service, *messages, **more))


def spelled(service: str, *messages: ChatMessage, **more: Any) -> Any:
    made = body(service, *messages, **more)["messages"]
    return [m for m in made if m["role"] != "system"]


def test_chat_request_head() -> None:
    """Model, streaming with usage, tools and the system prompt."""
    made = body("compat", user("Hi"), tools=(READ,), max_output=9, effort="low")
    assert made == {
        "model": "m",
        "max_tokens": 9,
        "reasoning_effort": "low",
        "stream": True,
        "stream_options": {"include_usage": True},
        "tools": [
            {
                "type": "function",
                "function": {
                    "name": "read",
                    "description": "Reads.",
                    "parameters": READ.input_schema,
                },
            }
        ],
        "messages": [
            {"role": "system", "content": "Be good."},
            {"role": "user", "content": "Hi"},
        ],
    }


def test_chat_request_without_stream_or_tools() -> None:
    """What a service would refuse without tools or a stream is left out."""
    made = body("compat", user("Hi"), stream=False, tool_choice="any")
    assert sorted(made) == ["messages", "model"]
    assert body("compat", user("Hi"), tools=(READ,), tool_choice="any")["tool_choice"] == "required"


def test_quirks_of_services() -> None:
    """The differences between services are data."""
    made = body("openai", user("Hi"), max_output=9, conversation="k")
    assert (made["max_completion_tokens"], made["prompt_cache_key"]) == (9, "k")
    assert body("deepseek", user("Hi"), effort="medium")["reasoning_effort"] == "high"
    assert "prompt_cache_key" not in body("compat", user("Hi"), conversation="k")


def test_extra_fields_of_the_user_go_out_but_never_replace_the_conversation() -> None:
    """`extra` is for parameters of a service that we have no name for."""
    made = body("compat", user("Hi"), extra={"top_k": 5, "messages": []})
    assert made["top_k"] == 5
    assert made["messages"][-1]["content"] == "Hi"


def test_anthropic_request_head() -> None:
    """System and the last tool carry a cache breakpoint, the messages an automatic one."""
    made = body("anthropic", user("Hi"), tools=(READ, READ), tool_choice="any")
    cache = {"type": "ephemeral"}
    tool = {"name": "read", "description": "Reads.", "input_schema": READ.input_schema}
    assert made == {
        "model": "m",
        "max_tokens": 8192,
        "stream": True,
        "cache_control": cache,
        "tools": [tool, {**tool, "cache_control": cache}],
        "tool_choice": {"type": "any"},
        "system": [{"type": "text", "text": "Be good.", "cache_control": cache}],
        "messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}],
    }
    assert b"cache_control" not in encode("compat-anthropic", user("Hi"), tools=(READ,))


def test_anthropic_output_limit() -> None:
    """The request's own limit, else the model's, else a moderate one."""
    assert body("anthropic", user("Hi"), max_limit=64_000)["max_tokens"] == 64_000
    assert body("anthropic", user("Hi"), max_limit=64_000, max_output=9)["max_tokens"] == 9


@pytest.mark.parametrize(
    ("model", "effort", "due"),
    [
        ("claude-haiku-4-5", None, (None, None)),
        ("claude-haiku-4-5", "none", ("disabled", None)),
        ("claude-sonnet-4-6", None, (None, None)),
        ("claude-sonnet-4-6", "high", ("adaptive", "high")),
        ("claude-sonnet-5-5", None, ("adaptive", None)),
        ("claude-sonnet-5-5", "minimal", ("adaptive", "low")),
        ("claude-opus-5-5", "none", (None, None)),
    ],
)
def test_thinking_follows_the_model(model: str, effort: Any, due: Any) -> None:
    """Models get the thinking setting that they take, and a summary where words are hidden."""
    info = ModelInfo(ModelRef("anthropic", model))
    request = CompletionRequest("", (user("Hi"),), effort=effort)
    made = json.loads(find_service("anthropic").wire_for("m").encode(request, info))
    thinking = made.get("thinking", {}).get("type")
    assert (thinking, made.get("output_config", {}).get("effort")) == due


def test_tool_turn_in_both_formats() -> None:
    """Calls, results in one place before any text, errors marked."""
    turn = (
        user("Go"),
        assistant("I read.", CALL, ToolCallBlock("c2", "read", {})),
        ChatMessage(
            "user",
            (
                ToolResultBlock("c1", (TextBlock("one"),)),
                ToolResultBlock("c2", (TextBlock("no such file"),), is_error=True),
                TextBlock("And now?"),
            ),
        ),
    )
    assert spelled("anthropic", *turn)[1:] == [
        {
            "role": "assistant",
            "content": [
                {"type": "text", "text": "I read."},
                {"type": "tool_use", "id": "c1", "name": "read", "input": {"p": "x"}},
                {"type": "tool_use", "id": "c2", "name": "read", "input": {}},
            ],
        },
        {
            "role": "user",
            "content": [
                {
                    "type": "tool_result",
                    "tool_use_id": "c1",
                    "content": [{"type": "text", "text": "one"}],
                },
                {
                    "type": "tool_result",
                    "tool_use_id": "c2",
                    "content": [{"type": "text", "text": "no such file"}],
                    "is_error": True,
                },
                {"type": "text", "text": "And now?"},
            ],
        },
    ]
    function = {"type": "function", "function": {"name": "read", "arguments": '{"p":"x"}'}}
    empty = {"type": "function", "function": {"name": "read", "arguments": "{}"}}
    assert spelled("compat", *turn)[1:] == [
        {
            "role": "assistant",
            "content": "I read.",
            "tool_calls": [{"id": "c1", **function}, {"id": "c2", **empty}],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "one"},
        {"role": "tool", "tool_call_id": "c2", "content": "Error: no such file"},
        {"role": "user", "content": "And now?"},
    ]


def test_broken_calls_go_back_as_empty_objects() -> None:
    """No service parses what was no JSON object."""
    broken = assistant(ToolCallBlock("c1", "bash", {}, invalid="{oops"))
    turn = (user("Go"), broken, tool_results(ToolResultBlock("c1", ())))
    assert spelled("anthropic", *turn)[1]["content"][0]["input"] == {}
    assert spelled("compat", *turn)[1]["tool_calls"][0]["function"]["arguments"] == "{}"
    assert spelled("compat", *turn)[2]["content"] == "(no output)"
    assert spelled("anthropic", *turn)[2]["content"][0]["content"] == "(no output)"


def test_images_travel_where_the_format_has_room() -> None:
    """Chat Completions has no images in tool results: they follow in a user message."""
    turn = (user("Go", PNG), assistant(CALL), tool_results(ToolResultBlock("c1", (PNG,))))
    url = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw=="}}
    chat = spelled("compat", *turn)
    assert chat[0]["content"] == [url, {"type": "text", "text": "Go"}]
    assert chat[2]["content"] == "(no output)"
    assert chat[3]["role"] == "user"
    assert chat[3]["content"][1:] == [url]
    source = {"type": "base64", "media_type": "image/png", "data": "iVBORw=="}
    image = {"type": "image", "source": source}
    claude = spelled("anthropic", *turn)
    assert claude[0]["content"][0] == image
    assert claude[2]["content"][0]["content"] == [image]


def test_documents_as_well_as_they_can_be() -> None:
    """PDF where it is taken, text as text, else a note that says what is missing."""
    pdf = DocumentBlock("application/pdf", b"%PDF", "a.pdf")
    text = DocumentBlock("text/markdown", b"# T", "b.md")
    other = DocumentBlock("application/zip", b"PK", "c.zip")
    claude = spelled("anthropic", user("Go", pdf, text, other))[0]["content"]
    assert [c["type"] for c in claude] == ["document", "document", "text", "text"]
    assert claude[1]["source"] == {"type": "text", "media_type": "text/plain", "data": "# T"}
    openai = spelled("openai", user("Go", pdf))[0]["content"]
    assert openai[0]["file"]["file_data"].startswith("data:application/pdf;base64,")
    compat = spelled("compat", user("Go", pdf, text))[0]["content"]
    assert "a.pdf" in compat
    assert "# T" in compat


SIGNED = ThinkingBlock("hm", {"signature": "s"})
REDACTED = ThinkingBlock("", {"redacted": "AA"})


def test_anthropic_thinking_goes_back_unchanged_to_its_own_model_only() -> None:
    """Signed and redacted thinking stay first; unsigned and foreign thinking is dropped."""
    own = assistant(SIGNED, REDACTED, ThinkingBlock("cut"), "Hi", origin="anthropic/m")
    assert spelled("anthropic", user("Go"), own, user("On"))[1]["content"] == [
        {"type": "thinking", "thinking": "hm", "signature": "s"},
        {"type": "redacted_thinking", "data": "AA"},
        {"type": "text", "text": "Hi"},
    ]
    for origin in (None, "anthropic/other", "openai/m"):
        foreign = assistant(SIGNED, REDACTED, "Hi", origin=origin)
        made = spelled("anthropic", user("Go"), foreign, user("On"))[1]["content"]
        assert made == [{"type": "text", "text": "Hi"}]


@pytest.mark.parametrize("service", SERVICES)
def test_no_message_is_empty_or_blank(service: str) -> None:
    """A message whose whole content is dropped keeps a word in its place."""
    turn = (user("Go"), assistant(SIGNED, "  \n", origin="x/y"), user("On"))
    made = spelled(service, *turn)[1]["content"]
    assert "(no text)" in (made if isinstance(made, str) else made[0]["text"])


def test_chat_reasoning_goes_back_where_tools_were_called() -> None:
    """In the field it came in, to its own model; DeepSeek wants the field in any case."""
    details = [{"type": "reasoning.text", "text": "hm", "index": 0}]
    result = tool_results(ToolResultBlock("c1", ()))

    def turn(service: str, opaque: dict[str, Any], origin: str | None = None) -> Any:
        said = assistant(ThinkingBlock("hm", opaque), CALL, origin=origin or f"{service}/m")
        return spelled(service, user("Go"), said, result)[1]

    assert turn("compat", {"field": "reasoning_content"})["reasoning_content"] == "hm"
    assert turn("deepseek", {"field": "reasoning_content"})["reasoning_content"] == "hm"
    assert turn("deepseek", {"field": "reasoning_content"}, "x/y")["reasoning_content"] == ""
    made = turn("openrouter", {"field": "reasoning", "reasoning_details": details})
    assert made["reasoning_details"] == details
    assert "reasoning" not in made
    assert "reasoning_content" not in turn("compat", {"field": "reasoning_content"}, "x/y")
    plain = assistant(
        ThinkingBlock("hm", {"field": "reasoning_content"}), "Hi", origin="deepseek/m"
    )
    assert "reasoning_content" not in spelled("deepseek", user("Go"), plain, user("On"))[1]


def test_ids_and_names_are_mended_the_same_way_in_call_and_result() -> None:
    """An id that a service would refuse is replaced by one that depends on it alone."""
    odd = "functions.bash:0 " + "x" * 80
    turn = (
        user("Go"),
        assistant(ToolCallBlock(odd, "rm -rf/ü", {})),
        tool_results(ToolResultBlock(odd, ())),
    )
    claude = spelled("anthropic", *turn)
    call = claude[1]["content"][0]
    assert call["id"] == claude[2]["content"][0]["tool_use_id"]
    assert call["id"].startswith("call_")
    assert call["name"] == "rm_-rf__"
    openai = spelled("openai", *turn)
    assert openai[1]["tool_calls"][0]["id"] == openai[2]["tool_call_id"]
    assert len(openai[2]["tool_call_id"]) <= 40
    kimi = assistant(ToolCallBlock("functions.bash:0", "bash", {}))
    kept = spelled(
        "compat", user("Go"), kimi, tool_results(ToolResultBlock("functions.bash:0", ()))
    )
    assert kept[2]["tool_call_id"] == "functions.bash:0"


@pytest.mark.parametrize("service", SERVICES)
def test_text_that_cannot_be_encoded_does_not_stop_a_request(service: str) -> None:
    """A lone surrogate from a file name or a command line becomes a replacement character."""
    assert "\ufffd".encode() in encode(service, user("a\ud83d"))


BLOCKS: st.SearchStrategy[Block] = st.one_of(
    st.builds(TextBlock, st.text(max_size=5)),
    st.just(PNG),
    st.builds(ToolCallBlock, st.sampled_from("abc"), st.just("read"), st.just({"p": 1})),
    st.builds(ToolResultBlock, st.sampled_from("abc"), st.just((TextBlock("r"),)), st.booleans()),
    st.sampled_from([SIGNED, REDACTED]),
)
MESSAGES = st.lists(
    st.builds(
        ChatMessage,
        st.sampled_from(["user", "assistant"]),
        st.lists(BLOCKS, min_size=1, max_size=4).map(tuple),
        st.sampled_from([None, "anthropic/m", "compat/m"]),
    ),
    min_size=1,
    max_size=8,
)


@given(MESSAGES, st.sampled_from(SERVICES))
@settings(max_examples=200, deadline=None)
def test_a_longer_conversation_begins_with_the_same_bytes(
    messages: list[ChatMessage], service: str
) -> None:
    """Each request is the one before, with more at its end: prompt caches hit."""
    history = repair(messages)
    before = encode(service, *history, tools=(READ,)).removesuffix(b"]}")
    copied = msgspec.json.decode(msgspec.json.encode(history), type=tuple[ChatMessage, ...])
    longer = encode(service, *copied, user("More"), tools=(READ,))
    assert longer.startswith(before)


@given(MESSAGES, st.sampled_from(SERVICES))
@settings(max_examples=200, deadline=None)
def test_every_call_has_its_result_on_the_wire(messages: list[ChatMessage], service: str) -> None:
    """Whatever the history, calls and results pair up and no content is empty."""
    made = spelled(service, *repair([*messages, user("End")]))
    calls: list[str] = []
    results: list[str] = []
    for message in made:
        content: Any = message["content"]
        assert content or message.get("tool_calls")
        blocks: Any = () if isinstance(content, str) else content or ()
        calls += [c["id"] for c in message.get("tool_calls", ())]
        if message["role"] == "tool":
            results.append(message["tool_call_id"])
        calls += [c["id"] for c in blocks if c["type"] == "tool_use"]
        results += [c["tool_use_id"] for c in blocks if c["type"] == "tool_result"]
    assert calls == results
