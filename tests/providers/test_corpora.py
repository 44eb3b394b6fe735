"""The shared corpora of damaged and odd answers, through real provider code over a real socket."""

from __future__ import annotations

from typing import Any

import pytest

from tests.providers import replay

pytestmark = pytest.mark.corpus

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
    replay.verdict(case, openai_outcomes[case["id"]])


@pytest.mark.parametrize("case", replay.cases(ANTHROPIC))
def test_anthropic_case(case: dict[str, Any], anthropic_outcomes: dict[str, Any]) -> None:
    """What survives of the answer, and what is reported, is what the corpus says is due."""
    replay.verdict(case, anthropic_outcomes[case["id"]])


@pytest.mark.parametrize("case", replay.cases(GEMINI))
def test_gemini_case(case: dict[str, Any], gemini_outcomes: dict[str, Any]) -> None:
    """What survives of the answer, and what is reported, is what the corpus says is due."""
    replay.verdict(case, gemini_outcomes[case["id"]])
