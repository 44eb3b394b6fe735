"""Small differences between models and servers that a request or an answer must mind."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from alloy_tui.domain.messages import ThinkingBlock, assistant, user
from alloy_tui.domain.models import Capabilities, ModelInfo, ModelRef
from alloy_tui.domain.provider import CompletionRequest
from alloy_tui.providers.aws import Signer
from alloy_tui.providers.services import find_service
from tests.providers.answers import read
from tests.providers.conversations import READ, REASONING
from tests.providers.streams import FORMATS, Said, aws, event
from tests.providers.streams import READ as CALL


def body_of(service: str, model: str, *messages: Any, **more: Any) -> Any:
    info = ModelInfo(ModelRef(service, model), **more.pop("info", {}))
    request = CompletionRequest("Be good.", messages or (user("Hi"),), (READ,), **more)
    return json.loads(find_service(service).wire_for(model).encode(request, info))


@pytest.mark.parametrize(
    ("model", "due"),
    [
        ("anthropic.claude-sonnet-4-5-20250929-v1:0", 3),
        ("us-gov.anthropic.claude-3-7-sonnet-20250219-v1:0", 3),
        ("arn:aws:bedrock:us-east-1:1:inference-profile/us.anthropic.claude-opus-5", 3),
        ("anthropic.claude-3-haiku-20240307-v1:0", 0),
        ("anthropic.claude-v2:1", 0),
        ("us.amazon.nova-pro-v1:0", 0),
        ("meta.llama3-3-70b-instruct-v1:0", 0),
    ],
)
def test_bedrock_marks_for_the_cache_only_where_they_are_taken(model: str, due: int) -> None:
    """Tools, system prompt and the last message of a Claude; others refuse the request for it."""
    assert json.dumps(body_of("bedrock", model)).count("cachePoint") == due


def test_hidden_thinking_in_pieces_is_one_value_again() -> None:
    """Each piece is base64 by itself, with its own padding."""
    pieces = [base64.b64encode(p).decode() for p in (b"one", b"and two", b"x")]
    frames = [
        aws("contentBlockDelta", {"delta": {"reasoningContent": {"redactedContent": p}}})
        for p in pieces
    ]
    ends = [aws("messageStop", {"stopReason": "end_turn"}), aws("metadata", {})]
    (block,) = read("bedrock", *frames, *ends).message.blocks
    assert isinstance(block, ThinkingBlock)
    assert base64.b64decode((block.opaque or {})["redacted"]) == b"oneand twox"


def test_ollama_is_told_to_think_only_what_can() -> None:
    """A model that cannot refuses the request for the word."""
    can = {"capabilities": Capabilities(thinking="effort")}
    cannot = {"capabilities": Capabilities(thinking="none")}
    assert body_of("ollama", "m", effort="high", info=can)["think"] is True
    assert body_of("ollama", "m", effort="high")["think"] is True
    assert "think" not in body_of("ollama", "m", effort="high", info=cannot)


def test_reasoning_that_led_to_nothing_stays_behind() -> None:
    """The service refuses it without the item after it; a limit had cut that off."""
    thought = ThinkingBlock("hm", {"item": REASONING})
    cut = assistant(thought, origin="openai/m")
    assert "rs_1" not in json.dumps(body_of("openai", "m", user("Go"), cut, user("On")))
    whole = assistant(thought, "So.", origin="openai/m")
    assert "rs_1" in json.dumps(body_of("openai", "m", user("Go"), whole, user("On")))


def test_items_counted_from_another_number_do_not_come_twice() -> None:
    """The list at the end names them by their ids; where servers count from one, places differ."""
    frames = FORMATS["openai-responses"].stream(Said(("Words.",), ("Hm",), (CALL,)))
    moved = [
        f.replace(b'"output_index": %d' % n, b'"output_index": %d' % (n + 1))
        for f in frames
        for n in range(3)
        if b'"output_index": %d' % n in f or (n == 0 and b'"output_index"' not in f)
    ]
    out = read("compat-responses", *moved)
    assert out.message == read("compat-responses", *frames).message


def test_what_an_item_holds_beyond_its_pieces_is_shown() -> None:
    """Pieces that stop early are completed, those that differ are no answer."""
    frames = FORMATS["openai-responses"].stream(Said(("One ", "two ", "three.")))
    without = [f for f in frames if b'"delta": "three."' not in f]
    assert read("compat-responses", *without).text == "One two three."
    hole = [f for f in frames if b'"delta": "two "' not in f]
    assert read("compat-responses", *hole).kind == "malformed"


def test_arguments_spelled_anew_are_the_same_arguments() -> None:
    """Some servers write the whole with other blanks than the pieces."""
    frames = FORMATS["openai-responses"].stream(Said((), (), (CALL,)))
    spaced = [
        f.replace(b'{\\"path\\": \\"a.txt\\"}', b'{ \\"path\\":\\"a.txt\\" }') for f in frames
    ]
    assert spaced != frames
    assert read("compat-responses", *spaced).message.tool_calls[0].arguments == {"path": "a.txt"}


@pytest.mark.parametrize(
    ("url", "region"),
    [
        ("https://bedrock-runtime.eu-west-3.amazonaws.com", "eu-west-3"),
        ("https://bedrock-runtime-fips.us-east-1.amazonaws.com", "us-east-1"),
        ("https://vpce-1.bedrock-runtime.ap-south-1.vpce.amazonaws.com", "ap-south-1"),
        ("http://127.0.0.1:9000", "sa-east-1"),
    ],
)
async def test_the_region_is_the_one_in_the_address(
    url: str, region: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also of endpoints in private networks; others are signed for the user's own region."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKID")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_REGION", "sa-east-1")
    made = await Signer(url).headers("POST", f"{url}/model/m/converse", {}, b"{}")
    assert f"/{region}/bedrock/" in made["authorization"]


def test_mistral_gets_its_signature_back() -> None:
    """It closes the thinking, in a part of its own."""
    part = {"type": "thinking", "thinking": [{"type": "text", "text": "Hm"}]}
    parts = [part, {"type": "thinking", "thinking": [], "signature": "c2ln"}]
    deltas: list[dict[str, Any]] = [{"content": parts}, {"content": "So."}]
    made = [event({"choices": [{"delta": d, "finish_reason": None}]}) for d in deltas]
    made.append(event({"choices": [{"delta": {}, "finish_reason": "stop"}]}))
    message = read("mistral", *made).message
    said = body_of("mistral", "m", user("Go"), message, user("On"))["messages"][2]
    assert said["content"][0] == {**part, "signature": "c2ln"}
