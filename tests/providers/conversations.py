"""Support: conversations of all shapes, some of them begun by other models."""

from __future__ import annotations

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
)
from alloy_tui.domain.tool import ToolSpec

READ = ToolSpec("read", "Reads.", {"type": "object", "properties": {"p": {"type": "string"}}})
PNG = ImageBlock("image/png", b"\x89PNG")
REASONING = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "e"}

# What each format keeps beside a block, as its decoder leaves it there.
_THOUGHTS = st.sampled_from(
    [
        ThinkingBlock("hm"),
        ThinkingBlock("hm", {"signature": "c2ln"}),
        ThinkingBlock("", {"redacted": "AA"}),
        ThinkingBlock("hm", {"item": REASONING}),
        ThinkingBlock("hm", {"item": {"type": "reasoning", "id": "rs_2", "summary": []}}),
        ThinkingBlock("hm", {"field": "reasoning_content"}),
        ThinkingBlock("hm", {"field": "thinking"}),
        ThinkingBlock("hm", {"parts": True}),
        ThinkingBlock("hm", {"parts": True, "signature": "c2ln"}),
    ]
)
_TEXTS = st.builds(
    TextBlock,
    st.text(max_size=5),
    st.sampled_from(
        [None, None, {"id": "msg_1", "phase": "commentary"}, {"signature": "c2ln"}],
    ),
)
_CALLS = st.builds(
    ToolCallBlock,
    st.sampled_from(["a", "b", "functions.x:0", "z" * 70, "toolu_01"]),
    st.sampled_from(["read", "odd name"]),
    st.just({"p": "x"}),
    st.sampled_from([None, None, '{"p": "cut']),
    st.sampled_from([None, {"item_id": "fc_1"}, {"signature": "c2ln"}]),
)
_RESULTS = st.builds(
    ToolResultBlock,
    st.sampled_from(["a", "b", "functions.x:0", "z" * 70, "toolu_01"]),
    st.sampled_from([(), (TextBlock("r"),), (TextBlock(" "), PNG)]),
    st.booleans(),
)
_ASKED: st.SearchStrategy[Block] = st.one_of(
    st.builds(TextBlock, st.text(max_size=5)),
    _RESULTS,
    st.sampled_from(
        [
            PNG,
            DocumentBlock("application/pdf", b"%PDF", "a/b.pdf"),
            DocumentBlock("text/plain", b"t"),
        ]
    ),
)
ORIGINS = [
    None,
    "anthropic/m",
    "openai/m",
    "gemini/m",
    "ollama/m",
    "bedrock/m",
    "mistral/m",
    "compat/m",
]


def _message(role: str, blocks: list[Block], origin: str | None) -> ChatMessage:
    return ChatMessage("user" if role == "user" else "assistant", tuple(blocks), origin)


MESSAGES = st.lists(
    st.one_of(
        st.builds(_message, st.just("user"), st.lists(_ASKED, min_size=1, max_size=4), st.none()),
        st.builds(
            _message,
            st.just("assistant"),
            st.lists(st.one_of(_TEXTS, _THOUGHTS, _CALLS), min_size=1, max_size=4),
            st.sampled_from(ORIGINS),
        ),
    ),
    min_size=1,
    max_size=8,
)
"""Any conversation, with a model switch at any point; to be mended by `repair` first."""
