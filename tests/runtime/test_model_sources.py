"""Models by name: scripts that are not played to their end, fallbacks that start what they need."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from alloy_tui.domain.errors import ConfigError
from alloy_tui.domain.messages import ChatMessage, TextBlock
from alloy_tui.domain.provider import Completion, CompletionRequest, Provider, StreamPart
from alloy_tui.runtime.local_model import LocalModel
from alloy_tui.runtime.local_server import find_installed
from alloy_tui.runtime.model_sources import ModelSources
from alloy_tui.settings import load_settings

pytestmark = pytest.mark.anyio

LOCAL = "local/smollm2-135m"


def a_script(folder: Path, *texts: str) -> str:
    path = folder / "script.json"
    path.write_text(json.dumps({"replies": [{"text": text} for text in texts]}))
    return f"scripted/{path}"


async def ask(provider: Provider | str, text: str = "hi") -> list[StreamPart]:
    assert not isinstance(provider, str)
    request = CompletionRequest("", (ChatMessage("user", (TextBlock(text),)),), max_output=4)
    return [part async for part in provider.stream(request)]


async def test_a_script_complains_until_its_last_reply_was_taken(tmp_path: Path) -> None:
    """The complaint names the script and counts; a script that was consumed says nothing."""
    sources = ModelSources(load_settings({}).access)
    script = await sources.model(a_script(tmp_path, "one", "two"))
    await ask(script)
    (words,) = sources.complaints()
    assert "script.json" in words
    assert "replies left: 1, requests that came: 1" in words
    await ask(script)
    assert sources.complaints() == ()


async def test_a_fallbacks_script_may_stay_untouched(tmp_path: Path) -> None:
    """Not being needed is what a fallback hopes for."""
    sources = ModelSources(load_settings({}).access)
    assert len(sources.fallbacks([a_script(tmp_path, "one")])) == 1
    assert sources.complaints() == ()


async def test_a_fallback_that_cannot_be_had_is_called_one() -> None:
    """Whoever reads the error knows that not the model but its fallback is meant."""
    sources = ModelSources(load_settings({}).access)
    with pytest.raises(ConfigError, match="The fallback openai/gpt-5 cannot be used") as caught:
        sources.fallbacks(["openai/gpt-5"])
    assert "OPENAI_API_KEY" in str(caught.value.hint)


async def test_a_local_fallback_with_an_address_is_an_ordinary_service() -> None:
    """A server that somebody else runs is not started again."""
    access = load_settings({"ALLOY_LOCAL_BASE_URL": "http://127.0.0.1:9/v1"}).access
    (fallback,) = ModelSources(access).fallbacks([LOCAL])
    assert not isinstance(fallback, LocalModel)


@pytest.mark.realmodel
@pytest.mark.skipif(find_installed() is None, reason="the extra local is missing")
async def test_the_local_model_starts_when_its_turn_as_a_fallback_comes() -> None:
    """It is started by the first request, answers, and ends with the engine."""
    sources = ModelSources(load_settings({}).access)
    (fallback,) = sources.fallbacks([LOCAL])
    assert sources.access("local").base_url is None
    try:
        last = (await ask(fallback, "Say hello."))[-1]
        assert isinstance(last, Completion)
        assert sources.access("local").base_url
    finally:
        await sources.stop()
