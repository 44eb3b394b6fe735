"""The rules of a conversation, and that any wreck can be mended without losing words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alloy_tui.domain.errors import TranscriptError
from alloy_tui.domain.messages import (
    ChatMessage,
    TextBlock,
    ThinkingBlock,
    ToolCallBlock,
    ToolResultBlock,
    assistant,
    tool_results,
    user,
)
from alloy_tui.domain.transcript import NOT_RUN, check, repair

_ids = st.sampled_from(["1", "2", "3"])
_blocks = st.one_of(
    st.builds(TextBlock, st.sampled_from(["", " ", "hello", "world"])),
    st.builds(ThinkingBlock, st.just("hm"), st.none() | st.just({"signature": "s"})),
    st.builds(ToolCallBlock, _ids, st.just("read"), st.just({})),
    st.builds(lambda i: ToolResultBlock(i, (TextBlock("ok"),)), _ids),
)


def _message(role: str, blocks: list) -> ChatMessage:
    wrong = ToolCallBlock if role == "user" else ToolResultBlock
    return ChatMessage(role, tuple(b for b in blocks if not isinstance(b, wrong)))


_messages = st.lists(
    st.builds(_message, st.sampled_from(["user", "assistant"]), st.lists(_blocks, max_size=4)),
    max_size=8,
)


@given(_messages)
def test_any_wreck_becomes_a_valid_request(wreck: list[ChatMessage]) -> None:
    mended = (*repair(wreck), user("go on"))
    check(repair(mended))


@given(_messages)
def test_mending_twice_is_mending_once(wreck: list[ChatMessage]) -> None:
    once = repair(wreck)
    assert repair(once) == once


@given(_messages)
def test_mending_keeps_every_word_of_people_and_models(wreck: list[ChatMessage]) -> None:
    said = [b.text for m in wreck for b in m.blocks if isinstance(b, TextBlock) and b.text.strip()]
    kept = [b.text for m in repair(wreck) for b in m.blocks if isinstance(b, TextBlock)]
    remaining = iter(kept)
    assert all(word in remaining for word in said)


def test_a_valid_history_comes_back_equal() -> None:
    history = (
        user("hi"),
        assistant("looking", ToolCallBlock("1", "read", {}), ToolCallBlock("2", "read", {})),
        tool_results(
            ToolResultBlock("1", (TextBlock("a"),)), ToolResultBlock("2", (TextBlock("b"),))
        ),
        assistant("done"),
    )
    assert repair(history) == history


def test_an_unanswered_call_is_answered_as_not_run() -> None:
    mended = repair([user("hi"), assistant(ToolCallBlock("1", "bash", {}))])
    (result,) = mended[-1].tool_results
    assert result.is_error
    assert result.text == NOT_RUN


def test_results_are_put_into_call_order_before_anything_else() -> None:
    calls = assistant(ToolCallBlock("1", "read", {}), ToolCallBlock("2", "read", {}))
    late = ChatMessage(
        "user",
        (
            TextBlock("also"),
            ToolResultBlock("2", (TextBlock("b"),)),
            ToolResultBlock("1", (TextBlock("a"),)),
        ),
    )
    mended = repair([user("hi"), calls, late])
    check(mended)
    assert [r.text for r in mended[-1].tool_results] == ["a", "b"]
    assert mended[-1].text == "also"


def test_a_call_id_used_twice_is_made_unique_with_its_result() -> None:
    call = ToolCallBlock("1", "read", {})
    answer = tool_results(ToolResultBlock("1", (TextBlock("ok"),)))
    mended = repair([user("hi"), assistant(call), answer, assistant(call), answer])
    check(mended)
    assert [r.text for m in mended for r in m.tool_results] == ["ok", "ok"]


@pytest.mark.parametrize(
    ("messages", "words"),
    [
        ([], "empty"),
        ([assistant("hi")], "does not start"),
        ([user("a"), assistant("b")], "does not end"),
        ([user("a"), user(" ")], "is empty"),
        ([user("a"), assistant(ToolCallBlock("1", "r", {})), user("b")], "answers the calls"),
        ([user("a"), tool_results(ToolResultBlock("9", (TextBlock("x"),)))], "answers the calls"),
    ],
)
def test_check_names_the_broken_rule(messages: list[ChatMessage], words: str) -> None:
    with pytest.raises(TranscriptError, match=words):
        check(messages)
