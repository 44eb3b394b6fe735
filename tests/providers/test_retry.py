"""Retries wait as long as the service asks, else ever longer, and not for ever."""

from __future__ import annotations

import email.utils

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alloy_tui.domain.errors import ProviderError
from alloy_tui.providers.retry import RetryPolicy
from alloy_tui.providers.retry_hints import retry_after_s, should_retry


def failed(kind: str = "overloaded", **more: object) -> ProviderError:
    return ProviderError("x", kind=kind, **more)  # pyright: ignore[reportArgumentType] (test data)


def test_backoff_doubles_up_to_the_cap() -> None:
    """Without jitter the waits are 0.5, 1, 2, 4, 8, 8 seconds."""
    policy = RetryPolicy(max_attempts=9)
    waits = [policy.delay_s(n, failed(), lambda: 0.0) for n in range(1, 7)]
    assert waits == [0.5, 1, 2, 4, 8, 8]


@given(st.integers(1, 10_000), st.floats(0, 1, exclude_max=True))
def test_jitter_takes_at_most_a_quarter(attempt: int, drawn: float) -> None:
    """A wait is between three quarters and the whole of its step."""
    policy = RetryPolicy(max_attempts=100_000)
    whole = policy.delay_s(attempt, failed(), lambda: 0.0)
    wait = policy.delay_s(attempt, failed(), lambda: drawn)
    assert whole is not None
    assert wait is not None
    assert 0.75 * whole <= wait <= whole <= 8


def test_the_last_attempt_is_the_last() -> None:
    """max_attempts counts the first request; 1 turns retries off."""
    assert RetryPolicy(max_attempts=3).delay_s(3, failed(), lambda: 0.0) is None
    assert RetryPolicy(max_attempts=1).delay_s(1, failed(), lambda: 0.0) is None


@pytest.mark.parametrize("kind", ["auth", "quota", "invalid_request", "stream_cut", "malformed"])
def test_what_cannot_get_better_is_not_retried(kind: str) -> None:
    """Only passing troubles are worth a second request."""
    assert RetryPolicy().delay_s(1, failed(kind), lambda: 0.0) is None


def test_the_service_word_on_retrying_counts_more_than_the_kind() -> None:
    """x-should-retry overrides both ways."""
    assert RetryPolicy().delay_s(1, failed(should_retry=False), lambda: 0.0) is None
    assert RetryPolicy().delay_s(1, failed("auth", should_retry=True), lambda: 0.0) == 0.5


def test_retry_after_is_honoured_exactly_and_bounded() -> None:
    """What the service asks for is what it gets, unless that would keep a person waiting."""
    policy = RetryPolicy()
    assert policy.delay_s(1, failed(retry_after_s=7.5), lambda: 0.9) == 7.5
    assert policy.delay_s(1, failed(retry_after_s=120.0), lambda: 0.9) == 120
    assert policy.delay_s(1, failed(retry_after_s=86_400.0), lambda: 0.9) is None


def test_a_timeout_is_tried_twice_only() -> None:
    """Each timeout has cost the whole patience already."""
    assert RetryPolicy().delay_s(1, failed("timeout"), lambda: 0.0) == 0.5
    assert RetryPolicy().delay_s(2, failed("timeout"), lambda: 0.0) is None


NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("headers", "due"),
    [
        ({}, None),
        ({"retry-after-ms": "700"}, 0.7),
        ({"retry-after-ms": "700", "retry-after": "9"}, 0.7),
        ({"retry-after-ms": "x", "retry-after": "1.5"}, 1.5),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "-5, banana"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": email.utils.formatdate(NOW + 30, usegmt=True)}, 30.0),
        ({"retry-after": email.utils.formatdate(NOW - 30, usegmt=True)}, None),
        ({"retry-after": "Fri, 99 Foo 2026"}, None),
    ],
)
def test_retry_after_headers(headers: dict[str, str], due: float | None) -> None:
    """Milliseconds, seconds and dates are understood, garbage is as good as absent."""
    assert retry_after_s(headers, NOW) == due


@pytest.mark.parametrize(("value", "due"), [("true", True), ("FALSE", False), ("maybe", None)])
def test_should_retry_header(value: str, due: bool | None) -> None:
    """Only true and false mean something."""
    assert should_retry({"x-should-retry": value}) is due
