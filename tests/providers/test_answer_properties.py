"""Whatever the network or a broken server does to an answer, no lie and no crash comes out."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alloy_tui.domain.errors import ProviderError
from alloy_tui.domain.provider import Completion
from tests.providers.answers import Outcome, call_delta, chat, claude, read, text_block, tool_block

THINKING = (
    {"type": "thinking", "thinking": ""},
    [
        {"type": "thinking_delta", "thinking": "hm"},
        {"type": "signature_delta", "signature": "c2ln"},
    ],
)
GOOD: dict[str, tuple[str, bytes]] = {
    "chat text": (
        "compat",
        chat({"content": "Hel"}, {"content": "lo 🦊 w\u2028"}, prompt_tokens=3),
    ),
    "chat tools": (
        "compat",
        chat(
            {"reasoning_content": "hm"},
            {"content": "Hi"},
            call_delta(index=0, id="a", name="read", arguments='{"p":'),
            call_delta(index=1, id="b", name="bash", arguments='{"command":"ls"}'),
            call_delta(index=0, arguments='"x"}'),
            finish="tool_calls",
            prompt_tokens=3,
            completion_tokens=4,
        ),
    ),
    "chat document": (
        "compat",
        json.dumps(
            {"choices": [{"message": {"content": "Hi 🦊"}, "finish_reason": "stop"}], "usage": {}},
            ensure_ascii=False,
        ).encode(),
    ),
    "claude text": ("anthropic", claude(THINKING, text_block("Hel", "lo 🦊 w\u2028"))),
    "claude tools": (
        "anthropic",
        claude(
            text_block("Hi"),
            tool_block("a", "read", '{"p":', '"x"}'),
            tool_block("b", "bash", '{"command":"ls"}'),
            stop="tool_use",
        ),
    ),
}
EACH = pytest.mark.parametrize(("service", "body"), GOOD.values(), ids=GOOD)


@EACH
@given(draw=st.data())
@settings(max_examples=150, deadline=None)
def test_any_chunking_gives_the_same_answer(service: str, body: bytes, draw: st.DataObject) -> None:
    """Where the network cuts the bytes makes no difference."""
    cuts = sorted(draw.draw(st.lists(st.integers(0, len(body)), max_size=12)))
    chunks = [body[a:b] for a, b in zip([0, *cuts], [*cuts, len(body)], strict=True)]
    assert read(service, *chunks).parts == read(service, body).parts
    assert read(service, body).completion


@EACH
def test_no_beginning_of_an_answer_passes_as_whole(service: str, body: bytes) -> None:
    """Cut after any byte, an answer is an error, or complete but for its last formality."""
    whole = read(service, body)
    for end in range(len(body)):
        out = read(service, body[:end])
        _sound(out)
        if out.error is None:
            # Only the closing words may be missing: usage, [DONE], a blank line.
            assert out.message == whole.message
        else:
            assert whole.text.startswith(out.text)


@EACH
def test_mutated_answers_never_crash_or_contradict_themselves(service: str, body: bytes) -> None:
    """Flipped bytes, lost, doubled and swapped events: parts and a Completion, or a typed error."""
    rng = random.Random(20261122)
    for _ in range(600):
        _sound(read(service, *_rechunk(rng, _mutate(rng, body))))


def _mutate(rng: random.Random, body: bytes) -> bytes:
    events = body.split(b"\n\n")
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(events))
        match rng.randrange(6):
            case 0:
                events.pop(at)
            case 1:
                events.insert(rng.randrange(len(events) + 1), events[at])
            case 2:
                other = rng.randrange(len(events))
                events[at], events[other] = events[other], events[at]
            case 3:
                raw = bytearray(events[at])
                for _ in range(rng.randint(1, 4)):
                    if raw:
                        raw[rng.randrange(len(raw))] = rng.randrange(256)
                events[at] = bytes(raw)
            case 4:
                words = [b"null", b"1", b'""', b"[]", b"{}", b"true", b"-1e999", b'"\\ud83d"']
                parts = events[at].split(b":")
                parts[rng.randrange(len(parts))] = rng.choice(words)
                events[at] = b":".join(parts)
            case _:
                events[at] = events[at][: rng.randrange(len(events[at]) + 1)]
        events = events or [b""]
    return b"\n\n".join(events)


def _rechunk(rng: random.Random, body: bytes) -> list[bytes]:
    cuts = sorted(rng.randrange(len(body) + 1) for _ in range(rng.randrange(6)))
    return [body[a:b] for a, b in zip([0, *cuts], [*cuts, len(body)], strict=True)]


def _sound(out: Outcome) -> None:
    """One Completion at the end or a typed error; shown text is kept text; all of it encodes."""
    ends = [p for p in out.parts if isinstance(p, Completion)]
    assert len(ends) == (0 if out.error else 1)
    out.text.encode()
    out.thinking.encode()
    if out.error is not None:
        assert isinstance(out.error, ProviderError)
        return
    message = out.message
    assert message.text == out.text
    ids = [c.id for c in message.tool_calls]
    assert len(ids) == len(set(ids))
    json.dumps([c.arguments for c in message.tool_calls], ensure_ascii=False).encode()
