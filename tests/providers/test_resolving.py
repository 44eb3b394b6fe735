"""What a person calls a model leads to it, or to words that help."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alloy_tui.domain.access import ServiceAccess
from alloy_tui.domain.errors import ConfigError
from alloy_tui.domain.models import ModelRef
from alloy_tui.domain.secret import Secret
from alloy_tui.providers.catalogue import catalogue, find
from alloy_tui.providers.registry import create, resolve
from alloy_tui.providers.resolving import like, missing, near_names


@pytest.fixture(autouse=True)
def nobody_at_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)


def keys(*services: str) -> Callable[[str], ServiceAccess]:
    held = ServiceAccess(api_key=Secret("k"))
    return lambda name: held if name in services else ServiceAccess()


def refusal(text: str, access: Callable[[str], ServiceAccess], known: tuple[str, ...] = ()) -> str:
    with pytest.raises(ConfigError) as caught:
        resolve(text, access, known)
    return f"{caught.value.message} | {caught.value.hint}"


@pytest.mark.parametrize(
    ("text", "services", "due"),
    [
        ("sonnet", ["anthropic", "openrouter"], "anthropic/claude-sonnet-5-5"),
        ("sonnet", ["openrouter"], "openrouter/anthropic/claude-sonnet-5.5"),
        ("Sonnet", ["bedrock"], "bedrock/global.anthropic.claude-sonnet-5-5"),
        ("gemini-flash", ["gemini"], "gemini/gemini-3.8-flash"),
        ("gemini flash", ["gemini"], "gemini/gemini-3.8-flash"),
        ("gpt-mini", ["openai"], "openai/gpt-6-luna"),
        ("grok", ["xai", "openai"], "xai/grok-4.7"),
        ("mistral", ["openrouter", "mistral"], "mistral/mistral-large-4"),
        # Newer elsewhere goes before nearer.
        ("kimi", ["bedrock", "openrouter"], "openrouter/moonshotai/kimi-k3.1-pro"),
        ("openrouter/opus", ["openrouter"], "openrouter/anthropic/claude-opus-5.5"),
        ("claude-sonnet-5", ["anthropic", "openrouter"], "anthropic/claude-sonnet-5"),
        ("claude-sonnet-5", ["openrouter"], "openrouter/anthropic/claude-sonnet-5"),
        ("claude-sonnet-5-20260801", ["anthropic"], "anthropic/claude-sonnet-5-20260801"),
        ("claude-opus-5-5", ["bedrock"], "bedrock/global.anthropic.claude-opus-5-5"),
        ("gpt-oss-20b", ["groq"], "groq/openai/gpt-oss-20b"),
        ("deepseek-flash", ["deepseek"], "deepseek/deepseek-flash"),
        ("moonshotai/kimi-k3", ["openrouter"], "openrouter/moonshotai/kimi-k3"),
        ("anthropic/claude-tomorrow", ["anthropic"], "anthropic/claude-tomorrow"),
        ("anthropic/claude-tomorrow", [], "anthropic/claude-tomorrow"),
        ("scripted/a b.json", [], "scripted/a b.json"),
        ("compat/org/model:7b/x", [], "compat/org/model:7b/x"),
    ],
)
def test_names_lead_to_models(text: str, services: list[str], due: str) -> None:
    """Aliases to the newest within reach, bare names to their service, full names to themselves."""
    assert str(resolve(text, keys(*services))) == due


def test_a_model_that_a_service_lists_is_found_by_its_bare_name() -> None:
    """Ollama's models are in no file of ours."""
    here = ServiceAccess(base_url="http://127.0.0.1:11434")
    assert resolve("llama9:8b", lambda _: here, ("ollama/llama9:8b",)) == ModelRef(
        "ollama", "llama9:8b"
    )


@pytest.mark.parametrize(
    ("text", "services", "words"),
    [
        ("sonnet", [], ["Anthropic", "OpenRouter", "ANTHROPIC_API_KEY", "OPENROUTER_API_KEY"]),
        ("claude-opus-5", ["openai"], ["Anthropic", "ANTHROPIC_API_KEY"]),
        ("gpt-oss-20b", ["groq", "openrouter"], ["Several", "groq/openai", "openrouter/openai"]),
        ("claude-sonet-5", ["anthropic"], ["no model", "anthropic/claude-sonnet-5"]),
        ("sonet", ["anthropic"], ["Did you mean sonnet"]),
        ("anthopic/claude-sonnet-5", [], ["no service", "anthropic/claude-sonnet-5"]),
        ("mine/x", [], ["[services.mine]"]),
        ("zzzzqqq", ["openai"], ["no model", "service/model"]),
        ("", [], ["no model name"]),
        ("openai/", [], ["no model"]),
        ("/x", [], ["no model"]),
    ],
)
def test_what_leads_nowhere_is_said_with_what_to_do(
    text: str, services: list[str], words: list[str]
) -> None:
    """Near names, the keys that are missing, or the choice to make."""
    said = refusal(text, keys(*services))
    assert all(word in said for word in words), said


@given(st.text(max_size=30), st.sets(st.sampled_from(sorted(catalogue().models)), max_size=3))
def test_any_text_leads_to_a_model_or_to_words(text: str, services: set[str]) -> None:
    """Nothing else comes out, whatever was typed."""
    try:
        ref = resolve(text, keys(*services))
    except ConfigError as error:
        ref, hint = None, error.hint
    else:
        hint = None
    assert hint or (ref and ref.service and ref.model)


def test_every_model_of_the_file_is_found_by_its_full_name() -> None:
    """A full name means itself."""
    for service, entries in catalogue().models.items():
        for entry in entries:
            ref = ModelRef(service, entry.id)
            assert resolve(str(ref), keys(service)) == ref
            assert find(service, entry.id) == entry


def test_what_a_service_lacks_is_named() -> None:
    """Nothing for one that can be reached; a key, an address or credentials otherwise."""
    assert missing("openai", ServiceAccess(api_key=Secret("k"))) is None
    assert missing("gemini", ServiceAccess()) == "GEMINI_API_KEY or GOOGLE_API_KEY"
    key = ServiceAccess(api_key=Secret("k"))
    assert missing("azure", key) == "AZURE_OPENAI_ENDPOINT"
    assert missing("compat", ServiceAccess()) == "ALLOY_COMPAT_BASE_URL"
    assert "AWS_BEARER_TOKEN_BEDROCK" in (missing("bedrock", ServiceAccess()) or "")


def test_credentials_of_aws_are_a_way_to_reach_bedrock(monkeypatch: pytest.MonkeyPatch) -> None:
    """An access key, or a profile where it can be read."""
    monkeypatch.setenv("AWS_PROFILE", "work")
    assert missing("bedrock", ServiceAccess()) is None
    monkeypatch.delenv("AWS_PROFILE")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    assert missing("bedrock", ServiceAccess()) is None


def test_near_names_are_those_of_services_within_reach() -> None:
    """Whoever has a key for one service is not offered another's models."""
    near = near_names("claude-opus-55", keys("openrouter"))
    assert near[0] == "openrouter/anthropic/claude-opus-5.5"
    assert all(name.startswith("openrouter/") or "/" not in name for name in near)
    assert like(ModelRef("openai", "gpt-6.1-sool"))[0] == "openai/gpt-6.1-sol"


def test_a_service_of_the_users_own_is_spoken_to_as_they_say() -> None:
    """Its format, its address, its label and its headers; nothing of it is shown."""
    access = ServiceAccess(
        base_url="https://models.example/api",
        api_key=Secret("sk-own"),
        wire="anthropic-messages",
        headers={"X-Team": Secret("blue-canary")},
        label="Our models",
    )
    provider = create("ours/m-1", lambda name: access if name == "ours" else ServiceAccess())
    assert str(provider.ref) == "ours/m-1"
    assert "blue-canary" not in repr(provider) + repr(access)
