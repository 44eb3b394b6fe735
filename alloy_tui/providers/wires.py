"""The six wire formats as values: how each is written, read, cut and addressed.

Owns what a row of the table of services says when it names a format. Must not
know any service, nor how a request travels.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeAlias

import msgspec

from alloy_tui.domain.access import WireName
from alloy_tui.domain.models import ModelInfo
from alloy_tui.domain.provider import CompletionRequest
from alloy_tui.providers.wire import (
    anthropic_request,
    bedrock_request,
    gemini_request,
    ollama_request,
    openai_chat_request,
    responses_request,
)
from alloy_tui.providers.wire.answer import Decoder, Frames
from alloy_tui.providers.wire.anthropic_messages import AnthropicDecoder
from alloy_tui.providers.wire.anthropic_request import MessagesQuirks
from alloy_tui.providers.wire.bedrock import BedrockDecoder
from alloy_tui.providers.wire.calls import CallIds
from alloy_tui.providers.wire.gemini import GeminiDecoder
from alloy_tui.providers.wire.ollama import OllamaDecoder
from alloy_tui.providers.wire.openai_chat import OpenAIChatDecoder
from alloy_tui.providers.wire.openai_chat_request import ChatQuirks
from alloy_tui.providers.wire.responses import ResponsesDecoder
from alloy_tui.providers.wire.responses_request import ResponsesQuirks

Encode: TypeAlias = Callable[[CompletionRequest, ModelInfo], bytes]
MakeDecoder: TypeAlias = Callable[[str, str, CallIds], Decoder]
Path: TypeAlias = str | Callable[[CompletionRequest, str], str]


class Wire(msgspec.Struct, frozen=True):
    """A wire format with a service's quirks already in it.

    `path` follows the version part of the address, which is `version` unless
    the address has one; it may depend on the request and the model's name.
    """

    name: WireName
    encode: Encode
    decoder: MakeDecoder
    path: Path
    version: str = "v1"
    frames: Frames = "events"

    def path_of(self, request: CompletionRequest, model: str) -> str:
        """The path for one request."""
        return self.path if isinstance(self.path, str) else self.path(request, model)


_PLAIN_CHAT = ChatQuirks()
_PLAIN_MESSAGES = MessagesQuirks()
_PLAIN_RESPONSES = ResponsesQuirks()


def chat(quirks: ChatQuirks = _PLAIN_CHAT) -> Wire:
    """Chat Completions, as a service with these quirks speaks it."""
    encode = partial(openai_chat_request.encode_request, quirks=quirks)
    return Wire("openai-chat", encode, OpenAIChatDecoder, "/chat/completions")


def messages(quirks: MessagesQuirks = _PLAIN_MESSAGES) -> Wire:
    """Anthropic Messages, as a service with these quirks speaks it."""
    encode = partial(anthropic_request.encode_request, quirks=quirks)
    return Wire("anthropic-messages", encode, AnthropicDecoder, "/messages")


def responses(quirks: ResponsesQuirks = _PLAIN_RESPONSES) -> Wire:
    """Responses, as a service with these quirks speaks it."""
    encode = partial(responses_request.encode_request, quirks=quirks)
    return Wire("openai-responses", encode, ResponsesDecoder, "/responses")


GEMINI = Wire(
    "gemini", gemini_request.encode_request, GeminiDecoder, gemini_request.path, version="v1beta"
)
OLLAMA = Wire(
    "ollama-chat",
    ollama_request.encode_request,
    OllamaDecoder,
    "/api/chat",
    version="",
    frames="lines",
)
BEDROCK = Wire(
    "bedrock-converse",
    bedrock_request.encode_request,
    BedrockDecoder,
    bedrock_request.path,
    version="",
    frames="aws",
)
PLAIN: dict[WireName, Wire] = {
    wire.name: wire for wire in (chat(), responses(), messages(), GEMINI, OLLAMA, BEDROCK)
}
"""Every format without quirks, for services that users add themselves."""
