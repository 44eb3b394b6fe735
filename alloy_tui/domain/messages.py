"""Chat messages and their blocks, neutral towards every wire format.

A conversation is a tuple of `ChatMessage`. There are two roles; the system
prompt travels beside the messages. All results of one assistant message's tool
calls sit in the one user message that follows it, first, in call order.
Owns the data only; how a service spells it is `providers.wire`'s business.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import msgspec

Role: TypeAlias = Literal["user", "assistant"]


class TextBlock(msgspec.Struct, frozen=True, tag="text", omit_defaults=True):
    """Plain text; Markdown when the model wrote it.

    `opaque` is what the originating service needs back beside the words (a
    signature, an item's id and phase); it means nothing to any other service.
    """

    text: str
    opaque: dict[str, Any] | None = None


class ThinkingBlock(msgspec.Struct, frozen=True, tag="thinking", omit_defaults=True):
    """Reasoning of the model.

    `text` may be empty while `opaque` is not: services send signed thinking
    whose words they keep. `opaque` is what the originating service needs back
    byte for byte (signature, redacted data, reasoning details); it means
    nothing to any other service.
    """

    text: str
    opaque: dict[str, Any] | None = None


class ToolCallBlock(msgspec.Struct, frozen=True, tag="tool_call", omit_defaults=True):
    """The model asks for a tool.

    `invalid` holds the raw argument text when it was no JSON object; such a
    call never runs and is answered with an error result, and `arguments` is {}.
    """

    id: str
    name: str
    arguments: dict[str, Any]
    invalid: str | None = None
    opaque: dict[str, Any] | None = None


class ImageBlock(msgspec.Struct, frozen=True, tag="image"):
    """An image; `media_type` such as "image/png", `data` its bytes."""

    media_type: str
    data: bytes


class DocumentBlock(msgspec.Struct, frozen=True, tag="document"):
    """A document such as a PDF; `name` is shown to the model."""

    media_type: str
    data: bytes
    name: str = "document"


ResultContent: TypeAlias = TextBlock | ImageBlock


class ToolResultBlock(msgspec.Struct, frozen=True, tag="tool_result", omit_defaults=True):
    """What a tool call brought; exactly one per call."""

    call_id: str
    content: tuple[ResultContent, ...]
    is_error: bool = False

    @property
    def text(self) -> str:
        """The text parts, joined by newlines."""
        return "\n".join(b.text for b in self.content if isinstance(b, TextBlock))


Block: TypeAlias = (
    TextBlock | ThinkingBlock | ToolCallBlock | ToolResultBlock | ImageBlock | DocumentBlock
)


class ChatMessage(msgspec.Struct, frozen=True, omit_defaults=True):
    """One message of a conversation.

    `origin` names the model that wrote an assistant message ("service/model");
    thinking is replayed only to the same origin. `incomplete` says why an
    assistant message is not whole ("cancelled", "stream_cut", "output_limit",
    …) and is None for a whole one. `synthetic` marks words that the harness
    put in, not a person or a model.
    """

    role: Role
    blocks: tuple[Block, ...]
    origin: str | None = None
    incomplete: str | None = None
    synthetic: bool = False

    @property
    def text(self) -> str:
        """All text blocks joined; thinking and tool blocks are left out."""
        return "".join(b.text for b in self.blocks if isinstance(b, TextBlock))

    @property
    def tool_calls(self) -> tuple[ToolCallBlock, ...]:
        """The tool calls in model order."""
        return tuple(b for b in self.blocks if isinstance(b, ToolCallBlock))

    @property
    def tool_results(self) -> tuple[ToolResultBlock, ...]:
        """The tool results in call order."""
        return tuple(b for b in self.blocks if isinstance(b, ToolResultBlock))


def user(text: str, *attachments: ImageBlock | DocumentBlock) -> ChatMessage:
    """A user message of one text and any attachments."""
    return ChatMessage(role="user", blocks=(*attachments, TextBlock(text)))


def assistant(*blocks: Block | str, origin: str | None = None) -> ChatMessage:
    """An assistant message; strings become text blocks."""
    made = tuple(TextBlock(b) if isinstance(b, str) else b for b in blocks)
    return ChatMessage(role="assistant", blocks=made, origin=origin)


def tool_results(*results: ToolResultBlock) -> ChatMessage:
    """The user message that answers one assistant message's calls."""
    return ChatMessage(role="user", blocks=results)
