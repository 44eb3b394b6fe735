"""What a person calls a model, on the command line, in the file and in the program."""

from __future__ import annotations

import pytest

from alloy_tui.domain.access import AccessLookup, ServiceAccess
from alloy_tui.domain.errors import ConfigError
from alloy_tui.domain.secret import Secret
from alloy_tui.runtime.model_choice import Circumstances, Running, choose, default_model
from alloy_tui.runtime.model_sources import ModelSources

pytestmark = pytest.mark.anyio


def access(*services: str) -> AccessLookup:
    held = ServiceAccess(api_key=Secret("k"))
    return lambda name: held if name in services else ServiceAccess()


def now(asked: str | None = None, *, last: str | None = None, **more) -> Circumstances:
    async def running() -> list[Running]:
        return [Running("Ollama", ("ollama/llama9:8b",))]

    given = {
        "configured": None,
        "demo": False,
        "first_run": False,
        "usable": ("anthropic", "openai"),
        "access": access("openai"),
        "local_model": None,
    }
    return Circumstances(asked=asked, last=last, running=running, **(given | more))


@pytest.mark.parametrize(
    ("asked", "model"),
    [
        ("gpt", "openai/gpt-6.1-sol"),
        ("gpt-5.4-mini", "openai/gpt-5.4-mini"),
        ("llama9:8b", "ollama/llama9:8b"),
        ("openai/whatever", "openai/whatever"),
    ],
)
async def test_short_names_lead_to_models_at_the_start(asked: str, model: str) -> None:
    """Aliases, bare names, and what only a server on this machine knows."""
    assert (await choose(now(asked))).model == model
    assert (await choose(now(configured=asked))).model == model


async def test_a_name_that_leads_nowhere_is_refused() -> None:
    """With the key that is missing, or with near names."""
    with pytest.raises(ConfigError, match="no key"):
        await choose(now("sonnet"))
    with pytest.raises(ConfigError) as caught:
        await choose(now("gpt-5.4-minni"))
    assert "openai/gpt-5.4-mini" in str(caught.value.hint)


async def test_the_last_model_of_a_service_of_ones_own_is_within_reach() -> None:
    """It has an address; one that is gone from the file has none."""
    ours = ServiceAccess(base_url="http://127.0.0.1:1", wire="openai-chat")

    def lookup(name: str) -> ServiceAccess:
        return ours if name == "ours" else ServiceAccess()

    assert (await choose(now(last="ours/m", access=lookup))).model == "ours/m"
    assert (await choose(now(last="gone/m", access=lookup))).model == "ollama/llama9:8b"


async def test_models_are_named_in_the_program_as_at_the_start() -> None:
    """The picker's own names are known too."""
    sources = ModelSources(access("openai"))
    assert sources.resolve("gpt-mini") == "openai/gpt-6-luna"
    assert sources.resolve("scripted/a b.json") == "scripted/a b.json"
    await sources.stop()


async def test_a_key_alone_leads_to_the_first_model_of_its_service() -> None:
    """Every service with a list of its own has one."""
    assert default_model("groq") == "groq/openai/gpt-oss-120b"
    assert default_model("azure") is None
