"""Model names lead to the right service, address and headers, or to a sentence that helps."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from alloy_tui.domain.access import ServiceAccess
from alloy_tui.domain.errors import ConfigError, ProviderError
from alloy_tui.domain.models import ModelRef
from alloy_tui.domain.secret import Secret
from alloy_tui.domain.usage import Price, TokenUsage
from alloy_tui.providers.catalogue import known_models, model_info
from alloy_tui.providers.registry import create
from alloy_tui.providers.services import SERVICES, auth_headers, endpoint, find_service
from alloy_tui.settings.services import KEY_VARIABLES

KEY = Secret("sk-0123456789")


@pytest.mark.parametrize(
    ("base", "path", "due"),
    [
        ("https://api.openai.com/v1", "/chat/completions", "https://api.openai.com/v1/chat/completions"),
        ("https://api.anthropic.com", "/messages", "https://api.anthropic.com/v1/messages"),
        ("https://api.deepseek.com/", "/chat/completions", "https://api.deepseek.com/v1/chat/completions"),
        ("http://h:1/a/v1/", "/messages", "http://h:1/a/v1/messages"),
        ("http://h:1/a", "/messages", "http://h:1/a/v1/messages"),
        ("http://h/v1beta", "/models", "http://h/v1beta/models"),
        ("http://h/v1/chat/completions", "/chat/completions", "http://h/v1/chat/completions"),
        ("http://h/v1?x=1#y", "/models", "http://h/v1/models"),
        ("http://h/v10x-lab/", "/models", "http://h/v10x-lab/v1/models"),
    ],
)  # fmt: skip
def test_addresses_join_with_one_version_part(base: str, path: str, due: str) -> None:
    """It does not matter whether an address ends in /v1."""
    assert endpoint(base, path) == due


@pytest.mark.parametrize(
    ("model", "access", "words"),
    [
        ("gpt", ServiceAccess(), "for which there is no key"),
        ("nowhere/x", ServiceAccess(), "no service named “nowhere”"),
        ("anthropic/claude-sonnet-5", ServiceAccess(), "no key for Anthropic"),
        ("openai/x", ServiceAccess(api_key=Secret("")), "no key for OpenAI"),
        ("compat/x", ServiceAccess(), "no address of its own"),
        ("compat/x", ServiceAccess(base_url="ftp://h"), "not an http or https URL"),
        ("compat/x", ServiceAccess(base_url="http://h:99999"), "not an http or https URL"),
        ("compat-anthropic/x", ServiceAccess(base_url="localhost:80"), "not an http"),
    ],
)
def test_what_cannot_work_is_said_before_anything_is_sent(
    model: str, access: ServiceAccess, words: str
) -> None:
    """ConfigError with what to do."""
    with pytest.raises(ConfigError) as caught:
        create(model, lambda _: access)
    assert words in caught.value.message
    assert caught.value.hint


def test_missing_keys_and_addresses_name_their_variables() -> None:
    """The hint is something to type."""
    with pytest.raises(ConfigError) as caught:
        create("deepseek/x", lambda _: ServiceAccess())
    assert "DEEPSEEK_API_KEY" in str(caught.value.hint)
    with pytest.raises(ConfigError) as caught:
        create("compat-anthropic/x", lambda _: ServiceAccess())
    assert "ALLOY_COMPAT_ANTHROPIC_BASE_URL" in str(caught.value.hint)


def test_a_model_name_may_hold_slashes() -> None:
    """Only the first slash parts service and model."""
    provider = create(
        "compat/org/model:7b/x", lambda _: ServiceAccess(base_url="http://127.0.0.1:1/v1")
    )
    assert provider.ref == ModelRef("compat", "org/model:7b/x")


def test_keys_travel_in_the_header_of_the_service() -> None:
    """Bearer for most, x-api-key and a version for Anthropic, nothing without a key."""
    assert auth_headers(find_service("openai"), KEY) == {"authorization": "Bearer sk-0123456789"}
    headers = auth_headers(find_service("anthropic"), KEY)
    assert headers == {"anthropic-version": "2026-10-21", "x-api-key": "sk-0123456789"}
    assert auth_headers(find_service("compat"), None) == {}


@pytest.mark.parametrize("key", ["sk-1\n", "sk 1", "sk-ü", "\u200bsk"])
def test_an_impossible_key_is_refused_without_being_quoted(key: str) -> None:
    """A pasted line break must not end up in an error of the HTTP library."""
    with pytest.raises(ProviderError) as caught:
        auth_headers(find_service("openai"), Secret(key))
    assert caught.value.kind == "auth"
    assert key not in caught.value.message


def test_a_provider_does_not_show_its_key_or_password() -> None:
    """Neither repr nor attributes in plain sight hold a secret."""
    access = ServiceAccess(base_url="https://user:hunter2@h.example/v1", api_key=KEY)
    shown = repr(create("openai/x", lambda _: access))
    assert "hunter2" not in shown
    assert "sk-" not in shown


def test_both_tables_of_key_variables_agree() -> None:
    """Settings find the keys that services need."""
    for name, service in SERVICES.items():
        if service.key_needed:
            assert set(service.key_variables) <= set(KEY_VARIABLES[name])


def test_known_models() -> None:
    """Windows, limits and prices of the table; dated names are found, unknown ones unknown."""
    sonnet = model_info(ModelRef("anthropic", "claude-sonnet-5-5"))
    assert (sonnet.context_window, sonnet.max_output) == (1_000_000, 128_000)
    assert sonnet.price.cost(TokenUsage(1_000_000, output=1_000_000)) == 12
    assert model_info(ModelRef("anthropic", "claude-haiku-4-5-20251001")).max_output == 64_000
    unknown = model_info(ModelRef("compat", "claude-sonnet-5-5"))
    assert (unknown.context_window, unknown.price) == (None, Price())
    assert unknown.price.cost(TokenUsage(1, output=1)) is None
    assert known_models("anthropic")[0] == ModelRef("anthropic", "claude-sonnet-5-5")
    assert known_models("compat") == ()


def test_long_prompts_have_their_own_price() -> None:
    """Beyond the mark the whole request costs more."""
    price = model_info(ModelRef("openai", "gpt-6.1-sol")).price
    costs = [
        price.cost(TokenUsage(fresh, read, output=0)) or 0
        for fresh, read in ((100_000, 0), (172_000, 100_000), (172_001, 100_000))
    ]
    assert [f"{cost:.6f}" for cost in costs] == ["0.200000", "0.354000", "0.708004"]
    assert price.cost(TokenUsage()) is None


@pytest.mark.parametrize("module", ["registry", "scripted", "discovery", "services"])
def test_choosing_a_provider_imports_no_http_library(module: str) -> None:
    """The first frame does not wait for httpx."""
    code = f"import sys, alloy_tui.providers.{module}; print('httpx' in sys.modules)"
    done: Any = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "False"
