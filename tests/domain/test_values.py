"""Messages, model names, secrets, results: what they say of themselves."""

from __future__ import annotations

import pickle

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alloy_tui.domain.errors import ConfigError, ErrorKind, ProviderError
from alloy_tui.domain.events import ErrorInfo
from alloy_tui.domain.messages import (
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
from alloy_tui.domain.models import ModelRef
from alloy_tui.domain.results import RunResult
from alloy_tui.domain.secret import Secret
from alloy_tui.domain.usage import ZERO

PICTURE = ImageBlock("image/png", b"\x89PNG")
words = st.text(max_size=20)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)
objects = st.dictionaries(words, json_values, max_size=3)
blocks = st.one_of(
    st.builds(TextBlock, words),
    st.builds(ThinkingBlock, words, st.none() | objects),
    st.builds(ToolCallBlock, words, words, objects, st.none() | words, st.none() | objects),
    st.builds(ImageBlock, words, st.binary(max_size=20)),
    st.builds(DocumentBlock, words, st.binary(max_size=20), words),
    st.builds(ToolResultBlock, words, st.tuples(st.builds(TextBlock, words)), st.booleans()),
)
messages = st.builds(
    ChatMessage,
    st.sampled_from(["user", "assistant"]),
    st.lists(blocks, max_size=4).map(tuple),
    st.none() | words,
    st.none() | words,
    st.booleans(),
)


@given(messages)
def test_a_message_survives_json(message: ChatMessage) -> None:
    """Every block, opaque data and bytes included, comes back equal."""
    data = msgspec.json.encode(message)
    assert msgspec.json.decode(data, type=ChatMessage) == message


def test_the_text_of_a_message_is_its_text_blocks() -> None:
    """Media, thinking and calls have no part in it; without text it is empty, never None."""
    mixed = assistant(ThinkingBlock("hm"), "a", ToolCallBlock("1", "x", {}), "b")
    assert mixed.text == "ab"
    assert [call.id for call in mixed.tool_calls] == ["1"]
    assert user("What is it?", PICTURE).blocks == (PICTURE, TextBlock("What is it?"))
    assert ChatMessage("user", (PICTURE,)).text == ""
    assert ChatMessage("user", ()).text == ""
    result = ToolResultBlock("1", (TextBlock("a"), PICTURE, TextBlock("b")))
    assert result.text == "a\nb"
    assert tool_results(result).tool_results == (result,)


@given(words.filter(lambda t: t.strip() and "/" not in t), words.filter(str.strip))
def test_a_model_name_reads_back(service: str, model: str) -> None:
    """The model's part may hold slashes."""
    ref = ModelRef.parse(f"{service}/{model}")
    assert ModelRef.parse(str(ref)) == ref
    assert str(ref) == f"{service}/{model}".strip()


@pytest.mark.parametrize("text", ["", "gpt", "/gpt", "openai/", "/", " "])
def test_half_a_model_name_is_refused(text: str) -> None:
    """The error shows how one is written."""
    with pytest.raises(ConfigError) as caught:
        ModelRef.parse(text)
    assert "service/model" in str(caught.value.hint)


def test_a_secret_shows_itself_nowhere() -> None:
    """Not printed, not formatted, not in a container, not pickled, not encoded."""
    secret = Secret("sk-CANARY")
    shown = f"{secret} {secret!r} {[secret]} { ({'k': secret}) }"
    assert "CANARY" not in shown
    assert secret.redact("key sk-CANARY!") == "key [redacted]!"
    for dump in (pickle.dumps, msgspec.json.encode):
        with pytest.raises(TypeError):
            dump(secret)
    assert secret == Secret("sk-CANARY")
    assert not Secret("")


@pytest.mark.parametrize(
    ("kind", "said", "retryable"),
    [
        ("rate_limited", None, True),
        ("auth", None, False),
        ("auth", True, True),
        ("overloaded", False, False),
        ("stream_cut", None, False),
    ],
)
def test_the_services_word_on_retrying_counts_more_than_the_kind(
    kind: ErrorKind, said: bool | None, retryable: bool
) -> None:
    """A header may overrule what the kind suggests."""
    assert ProviderError("x", kind=kind, should_retry=said).retryable is retryable


def test_a_result_survives_json_and_says_whether_it_is_good() -> None:
    """Only a completed run is; everything else has its own word."""
    made = RunResult("r", "completed", "Hi.", (user("x"), assistant("Hi.")), ZERO, 1)
    assert msgspec.json.decode(msgspec.json.encode(made), type=RunResult) == made
    assert made.ok
    failed = msgspec.structs.replace(made, status="error", error=ErrorInfo("auth", "No."))
    assert not failed.ok
