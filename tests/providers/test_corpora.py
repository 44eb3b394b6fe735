"""The shared corpora of damaged and odd answers, through real provider code over a real socket."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from alloy_tui.domain.errors import RETRYABLE_KINDS
from tests.providers import replay

pytestmark = pytest.mark.corpus

CANARY = Path("/tmp/relsec_PWNED")
OPENAI, ANTHROPIC = "sse_openai_chat.json", "sse_anthropic.json"
GEMINI = "sse_gemini.json"


@pytest.fixture(scope="session")
def openai_outcomes() -> dict[str, dict[str, Any]]:
    return replay.play_all(OPENAI, "compat")


@pytest.fixture(scope="session")
def anthropic_outcomes() -> dict[str, dict[str, Any]]:
    return replay.play_all(ANTHROPIC, "anthropic")


@pytest.fixture(scope="session")
def gemini_outcomes() -> dict[str, dict[str, Any]]:
    return replay.play_all(GEMINI, "gemini")


@pytest.mark.parametrize("case", replay.cases(OPENAI))
def test_openai_chat_case(case: dict[str, Any], openai_outcomes: dict[str, Any]) -> None:
    """What survives of the answer, and what is reported, is what the corpus says is due."""
    _judge(case, openai_outcomes[case["id"]])


@pytest.mark.parametrize("case", replay.cases(ANTHROPIC))
def test_anthropic_case(case: dict[str, Any], anthropic_outcomes: dict[str, Any]) -> None:
    """What survives of the answer, and what is reported, is what the corpus says is due."""
    _judge(case, anthropic_outcomes[case["id"]])


@pytest.mark.parametrize("case", replay.cases(GEMINI))
def test_gemini_case(case: dict[str, Any], gemini_outcomes: dict[str, Any]) -> None:
    """What survives of the answer, and what is reported, is what the corpus says is due."""
    _judge(case, gemini_outcomes[case["id"]])


def _judge(case: dict[str, Any], outcome: dict[str, Any]) -> None:
    expect = case["expect"]
    assert not outcome["crashed"], outcome["err"]
    assert replay.judge().judge(case, outcome) == []
    error = outcome.get("raised")
    if error is not None:
        assert replay.KEY not in f"{error.message}{error.hint}{error.code}"
        assert len(error.message) <= expect.get("message_max_chars", 4000)
    if "error_class" in expect:
        assert error is not None
        retryable = error.kind in RETRYABLE_KINDS
        word = {"retryable": retryable, "fatal": not retryable}
        assert word.get(expect["error_class"], error.kind == expect["error_class"])
    if expect.get("usage") == "unknown":
        assert not outcome["turn"].usage.known
    notice = {"truncated": "max_tokens", "content_filter": "content_filter", "refusal": "refusal"}
    if "notice" in expect:
        reason = notice.get(expect["notice"], expect["notice"])
        # A run that ends so is told apart from a completed one, in its turn or its error.
        said = f"{outcome['turn']} {error.code}" if error is not None else f"{outcome['turn']}"
        assert reason in said or outcome["error"] or reason == "empty"
    assert not CANARY.exists()
