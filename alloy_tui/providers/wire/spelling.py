"""What several formats say alike: tools as functions, and words where there is no room.

Owns these few sentences and shapes, so that every format uses the same ones.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from alloy_tui.domain.messages import DocumentBlock, ToolResultBlock
from alloy_tui.domain.tool import ToolSpec

NO_TEXT: Final = "(no text)"
"""Stands for a message whose whole content another model's format had: none may be empty."""

NO_OUTPUT: Final = "(no output)"
"""Stands for an empty tool result."""


def result_text(result: ToolResultBlock) -> str:
    """A tool result as text alone, for formats without an error flag."""
    text = result.text if result.text.strip() else NO_OUTPUT
    return f"Error: {text}" if result.is_error and not text.startswith("Error") else text


def unreadable(document: DocumentBlock) -> str:
    """Says that a document was left out, so that the model does not invent its content."""
    return (
        f"[The document “{document.name}” ({document.media_type}, {len(document.data)} bytes)"
        " was attached, but this service takes no such documents; its content is not shown.]"
    )


def functions(tools: Iterable[ToolSpec]) -> list[dict[str, Any]]:
    """Tools as Chat Completions declares them, which others have taken over."""
    return [
        {
            "type": "function",
            "function": {
                "name": tool.name,
                "description": tool.description,
                "parameters": tool.input_schema,
            },
        }
        for tool in tools
    ]
