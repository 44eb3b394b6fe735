"""Stored sessions for tests of views: nodes and items as the runtime tells of them."""

from __future__ import annotations

from typing import Any

from alloy_tui.domain import messages as msg
from alloy_tui.runtime.path_values import PathItem, TreeNode
from tests.support.feed import START_MS

SONNET = "anthropic/claude-sonnet-5"


def said(node: str, text: str, *, siblings: tuple[str, ...] = (), at: int = 0) -> PathItem:
    """A message of the user; `at` ms after the start."""
    return PathItem(node, "user", START_MS + at, message=msg.user(text), siblings=siblings)


def answered(node: str, *blocks: msg.Block | str, at: int = 0, **more: Any) -> PathItem:
    """An answer."""
    incomplete = more.pop("incomplete", None)
    message = msg.ChatMessage("assistant", msg.assistant(*blocks).blocks, SONNET, incomplete)
    return PathItem(node, "answer", START_MS + at, message=message, model=SONNET, **more)


def called(call_id: str, name: str, **arguments: Any) -> msg.ToolCallBlock:
    """A tool call in an answer."""
    return msg.ToolCallBlock(call_id, name, arguments)


def brought(
    node: str, call_id: str, name: str, text: str, *, is_error: bool = False, **more: Any
) -> PathItem:
    """What a call brought."""
    result = msg.ToolResultBlock(call_id, (msg.TextBlock(text),), is_error)
    return PathItem(node, "tool_result", START_MS, result=result, name=name, **more)


def conversation(turns: int, prefix: str = "") -> list[PathItem]:
    """Questions and answers `q0`, `a0` and so on."""
    items: list[PathItem] = []
    for number in range(turns):
        items.append(said(f"{prefix}q{number}", f"question {number}"))
        items.append(answered(f"{prefix}a{number}", f"answer {number}, in **short**"))
    return items


def node(name: str, parent: str | None, title: str, kind: Any = "user", **more: Any) -> TreeNode:
    """A node of a tree."""
    return TreeNode(name, parent, kind, title, START_MS, **more)


def shop_tree() -> list[TreeNode]:
    """The tree of the design's sketch: three ways to go on, one of them gone further."""
    return [
        node("1", None, "why does checkout round twice?"),
        node("2", "1", "The inner round is applied first.", "answer", cost=0.02, duration_ms=4000),
        node("3", "2", "fix inner round", label="works"),
        node("4", "3", "Done.", "answer", cost=0.10, duration_ms=64_000, files=True),
        node("5", "4", "also check refunds"),
        node("6", "5", "They go the same way.", "answer", cost=0.04, duration_ms=9000),
        node("7", "2", "use Decimal"),
        node("8", "7", "Switching the money type.", "answer", cost=0.31, duration_ms=192_000),
        node("9", "2", "use integer cents", note="the bank does it so"),
        node("10", "9", "Cents it is.", "answer", cost=0.07, duration_ms=12_000),
    ]
