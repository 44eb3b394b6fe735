"""Images: in questions, in tool results, and in the answers of the formats that have them."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from alloy_tui.domain.messages import (
    ChatMessage,
    DocumentBlock,
    ImageBlock,
    TextBlock,
    ToolCallBlock,
    ToolResultBlock,
    user,
)
from alloy_tui.domain.models import Capabilities, ModelInfo, ModelRef
from alloy_tui.domain.provider import Completion, CompletionRequest
from alloy_tui.providers.services import find_service
from alloy_tui.providers.wire.answer import AnswerReader
from alloy_tui.providers.wire.calls import CallIds
from tests.providers.answers import read
from tests.providers.streams import aws, event

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(60))
CODED = base64.b64encode(PNG).decode()
PDF = b"%PDF-1.7 and so on"
SHOWN = (TextBlock("Here:"), ImageBlock("image/png", PNG))


def gemini(kind: str, data: str) -> Any:
    parts = [{"text": "Here:"}, {"inlineData": {"mimeType": kind, "data": data}}]
    return {"candidates": [{"content": {"parts": parts}, "finishReason": "STOP"}]}


def openrouter(part: str, url: str) -> Any:
    said = {"content": "Here:", "images": [{"type": "image_url", "image_url": {"url": url}}]}
    return {"choices": [{"index": 0, part: said, "finish_reason": "stop"}]}


BEDROCK = [
    aws("messageStart", {"role": "assistant"}),
    aws("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "Here:"}}),
    aws("contentBlockStop", {"contentBlockIndex": 0}),
    aws("contentBlockStart", {"contentBlockIndex": 1, "start": {"image": {"format": "png"}}}),
    # Each piece is base64 by itself, with its own padding.
    *(
        aws(
            "contentBlockDelta",
            {
                "contentBlockIndex": 1,
                "delta": {"image": {"source": {"bytes": base64.b64encode(piece).decode()}}},
            },
        )
        for piece in (PNG[:10], PNG[10:])
    ),
    aws("contentBlockStop", {"contentBlockIndex": 1}),
    aws("messageStop", {"stopReason": "end_turn"}),
    aws("metadata", {"usage": {"inputTokens": 1, "outputTokens": 2}}),
]
STREAMED = {
    "gemini": [event(gemini("image/png", CODED))],
    # This service uses the other alphabet of base64, too.
    "gemini, other alphabet": [
        event(gemini("image/png", CODED.translate(str.maketrans("+/", "-_"))))
    ],
    "bedrock": BEDROCK,
    "openrouter": [event(openrouter("delta", f"data:image/png;base64,{CODED}"))],
}
WHOLE = {
    "gemini": gemini("image/png", CODED),
    "bedrock": {
        "output": {
            "message": {
                "content": [
                    {"text": "Here:"},
                    {"image": {"format": "png", "source": {"bytes": CODED}}},
                ]
            }
        },
        "stopReason": "end_turn",
        "usage": {"inputTokens": 1, "outputTokens": 2},
    },
    "openrouter": openrouter("message", f"data:image/png;base64,{CODED}"),
}


@pytest.mark.parametrize("case", STREAMED)
def test_an_image_in_a_streamed_answer_is_kept_byte_for_byte(case: str) -> None:
    """At its place beside the words."""
    assert read(case.partition(",")[0], *STREAMED[case]).message.blocks == SHOWN


@pytest.mark.parametrize("service", WHOLE)
def test_an_image_in_a_whole_answer_is_the_same(service: str) -> None:
    wire = find_service(service).wire_for("m")
    reader = AnswerReader(wire.decoder("S", "s/m", CallIds()), "S", wire.frames)
    parts = [*reader.feed(json.dumps(WHOLE[service]).encode()), *reader.close()]
    assert isinstance(parts[-1], Completion)
    assert parts[-1].message.blocks == SHOWN


@pytest.mark.parametrize(
    ("service", "frames"),
    [
        ("gemini", [event(gemini("image/png", "no base64!"))]),
        ("openrouter", [event(openrouter("delta", "data:image/png;base64,no base64!"))]),
    ],
)
def test_what_is_no_image_is_an_error(service: str, frames: list[bytes]) -> None:
    """And no half of one."""
    error = read(service, *frames).error
    assert error is not None
    assert (error.kind, "not one" in error.message) == ("malformed", True)


def test_an_image_that_lies_elsewhere_is_not_fetched() -> None:
    """A model must not make this program open addresses."""
    (block,) = read("openrouter", event(openrouter("delta", "https://x.test/a.png"))).message.blocks
    assert block == TextBlock("Here:")


ASKED = (
    ChatMessage("user", (TextBlock("Look."), ImageBlock("image/png", PNG))),
    ChatMessage("assistant", (ToolCallBlock("call_12345", "read", {}),)),
    ChatMessage(
        "user",
        (ToolResultBlock("call_12345", (TextBlock("a picture"), ImageBlock("image/png", PNG))),),
    ),
)


@pytest.mark.parametrize(
    "service",
    ["anthropic", "openai", "openrouter", "mistral", "groq", "gemini", "ollama", "bedrock"],
)
def test_images_of_questions_and_of_tools_reach_every_format(service: str) -> None:
    """In the result where the format has it there, beside it where not."""
    info = ModelInfo(ModelRef(service, "m"), capabilities=Capabilities(vision=True))
    body = find_service(service).wire_for("m").encode(CompletionRequest("", ASKED), info)
    assert body.decode().count(CODED) == 2


@pytest.mark.parametrize("service", ["anthropic", "openai", "gemini", "bedrock"])
def test_documents_go_along_where_the_format_has_them(service: str) -> None:
    """As they are, with their name."""
    asked = ChatMessage(
        "user", (TextBlock("Read."), DocumentBlock("application/pdf", PDF, "a.pdf"))
    )
    info = ModelInfo(ModelRef(service, "m"), capabilities=Capabilities(documents=True))
    body = find_service(service).wire_for("m").encode(CompletionRequest("", (asked,)), info)
    assert base64.b64encode(PDF).decode() in body.decode()


@pytest.mark.parametrize("service", ["anthropic", "openai", "openrouter", "ollama", "bedrock"])
def test_an_answer_of_nothing_but_an_image_does_not_break_the_next_request(service: str) -> None:
    """Another model is not shown it, and the conversation stays valid there."""
    history = (user("Draw."), ChatMessage("assistant", SHOWN[1:], origin="gemini/m"), user("More."))
    info = ModelInfo(ModelRef(service, "m"))
    body = json.loads(
        find_service(service).wire_for("m").encode(CompletionRequest("", history), info)
    )
    said = body.get("messages") or body["input"]
    for message in said:
        assert message["content"] not in ("", [], None)
