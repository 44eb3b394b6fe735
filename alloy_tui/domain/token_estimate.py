"""How many tokens a request has, by its characters: for when nobody has counted them.

Owns the figures. The tokenizers of most models are not public; what these give is
near for prose and code in Latin letters, and of the right size for others. Pure.
"""

from __future__ import annotations

from typing import Final

import msgspec

from alloy_tui.domain.messages import ChatMessage, DocumentBlock, ImageBlock, ToolResultBlock
from alloy_tui.domain.provider import CompletionRequest

CHARS_A_TOKEN: Final = 3.6
TOKENS_AN_IMAGE: Final = 1_600
TOKENS_A_PAGE_KB: Final = 30
_A_MESSAGE: Final = 4.0
_A_TOOL: Final = 8.0
# What a character beyond ASCII adds for each byte more that it has: about 1.5 characters a token
# in Chinese or Japanese, 2 in Cyrillic or Greek.
_A_BYTE_MORE: Final = 0.195


def estimate_tokens(request: CompletionRequest) -> int:
    """About as many tokens as the prompt of `request` has."""
    total = text_tokens(request.system)
    for tool in request.tools:
        total += _A_TOOL + len(msgspec.json.encode(tool)) / CHARS_A_TOKEN
    return round(total + sum(map(message_tokens, request.messages)))


def prompt_tokens(request: CompletionRequest, counted: int | None) -> float:
    """The same where the service has `counted` all up to the last answer, None = nothing yet."""
    if counted is None:
        return float(estimate_tokens(request))
    answered = [i for i, m in enumerate(request.messages) if m.role == "assistant"]
    since = answered[-1] + 1 if answered else 0
    return counted + sum(map(message_tokens, request.messages[since:]))


def message_tokens(message: ChatMessage) -> float:
    """About as many tokens as one message has."""
    return _A_MESSAGE + sum(map(_block_tokens, message.blocks))


def text_tokens(text: str) -> float:
    """About as many tokens as `text` has."""
    total = len(text) / CHARS_A_TOKEN
    if not text.isascii():
        total += (len(text.encode("utf-8", "surrogatepass")) - len(text)) * _A_BYTE_MORE
    return total


def _block_tokens(block: msgspec.Struct) -> float:
    match block:
        case ImageBlock():
            return TOKENS_AN_IMAGE
        case DocumentBlock(data=data):
            return len(data) / 1000 * TOKENS_A_PAGE_KB
        case ToolResultBlock(content=content):
            images = sum(isinstance(part, ImageBlock) for part in content)
            return text_tokens(block.text) + images * TOKENS_AN_IMAGE
        case _:
            text = getattr(block, "text", None)
            if isinstance(text, str):
                return text_tokens(text)
            arguments = getattr(block, "arguments", None)
            return len(msgspec.json.encode(arguments)) / CHARS_A_TOKEN if arguments else 0.0
