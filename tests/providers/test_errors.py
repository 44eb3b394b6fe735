"""What services say went wrong becomes the right kind of error, whatever the shape."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alloy_tui.domain.errors import ProviderError
from alloy_tui.domain.secret import Secret
from alloy_tui.providers import errors


def error(status: int, body: Any) -> ProviderError:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return errors.from_body("Service", status, raw)


def openai(**fields: Any) -> dict[str, Any]:
    return {"error": {"message": "x", **fields}}


def anthropic(kind: str, message: str = "x", **more: Any) -> dict[str, Any]:
    return {"type": "error", "error": {"type": kind, "message": message, **more}}


SPENT = anthropic("rate_limit_error", details={"error_code": "enforced_spend_limit_reached"})
TOO_LONG = anthropic("invalid_request_error", "prompt is too long: 2 tokens > 1 maximum")
POOR = anthropic("invalid_request_error", "Your credit balance is too low")
LLAMA_FULL = openai(code=400, type="exceed_context_size_error")
LLAMA_LOADS = openai(code=503, type="unavailable_error")
FASTAPI = {"detail": [{"loc": ["body", "x"], "msg": "extra", "type": "y"}]}


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (429, openai(type="tokens", code="rate_limit_exceeded"), "rate_limited"),
        (429, openai(code="insufficient_quota"), "quota"),
        (429, SPENT, "quota"),
        (429, openai(message="Please reduce the length of the messages"), "rate_limited"),
        (400, openai(code="context_length_exceeded"), "context_overflow"),
        (400, TOO_LONG, "context_overflow"),
        (400, LLAMA_FULL, "context_overflow"),
        (413, anthropic("request_too_large"), "context_overflow"),
        (400, POOR, "quota"),
        (400, openai(code="content_filter"), "refused"),
        (400, {"error": "bad thing"}, "invalid_request"),
        (401, openai(type="server_error"), "auth"),
        (401, {"detail": "Unauthorized"}, "auth"),
        (402, openai(message="Insufficient Balance"), "quota"),
        (403, {}, "auth"),
        (404, openai(type="server_error"), "not_found"),
        (408, b"", "timeout"),
        (409, b"", "server_error"),
        (418, b"", "invalid_request"),
        (422, FASTAPI, "invalid_request"),
        (500, anthropic("api_error"), "server_error"),
        (500, anthropic("overloaded_error"), "overloaded"),
        (502, b"<html><body>Bad Gateway</body></html>", "server_error"),
        (503, LLAMA_LOADS, "overloaded"),
        (504, b"", "timeout"),
        (529, b"", "overloaded"),
        (599, [openai(code=429)], "server_error"),
    ],
)
def test_kind_of_a_refusal(status: int, body: Any, kind: str) -> None:
    """Specific codes first, then the status."""
    assert error(status, body).kind == kind


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ({"type": "overloaded_error", "message": "x"}, "overloaded"),
        ({"type": "rate_limit_error", "message": "x"}, "rate_limited"),
        ({"type": "server_error", "code": None}, "server_error"),
        ({"type": "invalid_request_error", "message": "x"}, "invalid_request"),
        ({"code": 502, "message": "x", "metadata": {"raw": "upstream down"}}, "server_error"),
        ({"code": 429, "message": "x"}, "rate_limited"),
        ({"status": "RESOURCE_EXHAUSTED", "message": "x"}, "rate_limited"),
        ({"message": "x"}, "unknown"),
        ("boom", "unknown"),
        (None, "unknown"),
    ],
)
def test_kind_of_an_error_inside_a_stream(value: Any, kind: str) -> None:
    """Without a status the type or code decides; a number as code is a status."""
    assert errors.from_stream("Service", value).kind == kind


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"error": {"message": "slow down"}}, "slow down"),
        ({"error": "slow down"}, "slow down"),
        ({"message": "slow down"}, "slow down"),
        ({"detail": "slow down"}, "slow down"),
        ({"detail": [{"loc": ["body", "x"], "msg": "slow down"}]}, "body.x: slow down"),
        ([{"error": {"message": "slow down"}}], "slow down"),
        ({"error": {"message": "bad", "metadata": {"raw": "slow down"}}}, "bad (slow down)"),
        (b"slow down", "slow down"),
        (b"<html><style>x{}</style><h1>slow</h1> down</html>", "slow down"),
        (b'{"error": {"message": "slow down', "slow down"),
    ],
)
def test_the_service_own_words_are_kept(body: Any, words: str) -> None:
    """Whatever the shape, the sentence inside reaches the person."""
    assert words in error(500, body).message
    assert "status 500" in error(500, body).message


def test_a_shown_error_is_short_encodable_and_without_the_key() -> None:
    """The key goes before the cut, so that no part of it can stay."""
    key = Secret("sk-0123456789")
    raw = ProviderError("x" * 3990 + "sk-0123456789" + "y" * 9000 + "\ud83d", code="sk-0123456789")
    shown = errors.fit_to_show(raw, key)
    assert len(shown.message) <= errors.MESSAGE_LIMIT
    assert "sk-0" not in shown.message + (shown.code or "") + str(shown)
    shown.message.encode()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["error", "message", "code", "type", "detail", "metadata", "details", "x"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.integers(300, 600), JSON | st.binary(max_size=200))
def test_no_body_breaks_the_classification(status: int, body: Any) -> None:
    """Any bytes and any JSON become an error with a kind and words."""
    made = error(status, body)
    assert made.kind
    assert made.message.startswith("Service")
