"""Services, models and keys that a user adds: read, checked, never shown, never a project's."""

from __future__ import annotations

import os
import stat
import sys
import types
from pathlib import Path

import pytest

from alloy_tui.domain.errors import ConfigError
from alloy_tui.domain.models import ModelFacts
from alloy_tui.domain.secret import Secret
from alloy_tui.domain.usage import Price
from alloy_tui.settings import Paths, Settings, editing, load_settings, locate
from alloy_tui.settings.key_store import forget_key, store_key, stored_keys
from alloy_tui.settings.services import given_address

OWN = """
[services.ours]
base_url = "https://models.example/v1"
wire = "anthropic-messages"
key_variable = "OUR_KEY"
label = "Our models"
headers = { X-Team = "CANARY-blue" }

[models."ours/m.1"]
context_window = 65536
input_price = 0.5
output_price = 2

[budget]
session_usd = 1
day_tokens = 5_000_000
"""


@pytest.fixture
def paths() -> Paths:
    return locate()


def load(paths: Paths, text: str = "", env: dict[str, str] | None = None) -> Settings:
    paths.config.mkdir(parents=True, exist_ok=True)
    paths.config_file.write_text(text)
    return load_settings(env or {}, paths=paths)


def test_a_service_of_ones_own_is_read_whole(paths: Paths) -> None:
    """Address, format, key, headers, and what is said of its models."""
    settings = load(paths, OWN, {"OUR_KEY": "CANARY-key"})
    access = settings.access("ours")
    assert (access.base_url, access.wire) == ("https://models.example/v1", "anthropic-messages")
    assert access.api_key == Secret("CANARY-key")
    assert (access.key_source, access.label) == ("environment variable OUR_KEY", "Our models")
    assert access.headers == {"X-Team": Secret("CANARY-blue")}
    assert access.models == {"m.1": ModelFacts(65536, None, Price(0.5, 2))}
    assert (settings.budget.session_usd, settings.budget.day_tokens) == (1, 5_000_000)
    assert settings.budget.day_usd is None
    assert "CANARY" not in repr(settings)
    assert "CANARY" not in editing.get_all(paths)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[services.a]\nwire = 'openai'", ["line 2", "services.a.wire", "openai-chat"]),
        ("[services.a]\nkey_variable = 'sk-CANARY'", ["key_variable", "MY_SERVER_KEY"]),
        ("[services.A_b]\nbase_url = 'http://h'", ["cannot be named", "small letters"]),
        ("[services.demo]\nbase_url = 'http://h'", ["cannot be named"]),
        ('[services.a.headers]\nX = "CANARY\\nx"', ["header “X”", "line breaks"]),
        ("[services.a.headers]\n'X: y' = 'CANARY'", ["header “X: y”"]),
        ("[models.gpt]\nmax_output = 5", ["gpt", "service/model"]),
        ("[models.'a/b']\ninput_price = -1", ["input_price", "million tokens"]),
        ("[models.'a/b']\nprize = 1", ["models.a/b.prize"]),
        ("[budget]\nsession_usd = 'much'", ["budget.session_usd", "US dollars"]),
    ],
)
def test_what_cannot_be_is_refused_in_words(paths: Paths, text: str, words: list[str]) -> None:
    """The place and what to write; what may be a key is not quoted."""
    with pytest.raises(ConfigError) as caught:
        load(paths, text)
    said = f"{caught.value.message} | {caught.value.hint}"
    assert all(word in said for word in words), said
    assert "CANARY" not in said


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("0.0.0.0", "http://127.0.0.1:11434"),
        ("box", "http://box:11434"),
        ("box:9", "http://box:9"),
        ("http://box:9/", "http://box:9"),
        ("https://box/ollama", "https://box:443/ollama"),
        (":5", "http://127.0.0.1:5"),
        ("[::1]:7", "http://[::1]:7"),
        ("[::1]", "http://[::1]:11434"),
    ],
)
def test_ollamas_own_variable_is_understood_as_ollama_does(text: str, address: str) -> None:
    """Scheme and port may be missing; everywhere means here."""
    assert given_address("ollama", {"OLLAMA_HOST": text}) == (address, "OLLAMA_HOST")


def test_our_variable_goes_before_the_conventional_one(paths: Paths) -> None:
    """Azure's endpoint and Ollama's host are read, unless we are told otherwise."""
    env = {
        "AZURE_OPENAI_ENDPOINT": "https://r.openai.azure.com/",
        "OLLAMA_HOST": "box",
        "ALLOY_OLLAMA_BASE_URL": "http://other:1",
    }
    settings = load(paths, env=env)
    assert settings.access("azure").base_url == "https://r.openai.azure.com/"
    assert settings.access("ollama").base_url == "http://other:1"
    with pytest.raises(ConfigError, match="AZURE_OPENAI_ENDPOINT"):
        load(paths, env={"AZURE_OPENAI_ENDPOINT": "r.openai.azure.com"})


def test_a_project_sets_neither_address_nor_headers(
    paths: Paths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key goes only where the user's own file or environment says."""
    monkeypatch.chdir(tmp_path)
    for name in ("config.toml", "alloy.toml", ".alloy/config.toml", ".env"):
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text('[services.openai]\nbase_url = "https://thief.example"\n')
    access = load(paths, env={"OPENAI_API_KEY": "k"}).access("openai")
    assert (access.base_url, access.headers) == (None, {})


def test_an_entered_key_is_private_and_found_again(paths: Paths) -> None:
    """0600 whatever the mask says; file and environment go before it; it can be forgotten."""
    before = os.umask(0)
    try:
        source = store_key(paths, "openai", Secret("CANARY-1"))
    finally:
        os.umask(before)
    assert stat.S_IMODE(paths.key_file.stat().st_mode) == 0o600
    assert str(paths.key_file) in source
    access = load(paths).access("openai")
    assert (access.api_key, access.key_source) == (Secret("CANARY-1"), source)
    assert "CANARY" not in repr(stored_keys(paths))
    nearer = load(paths, env={"OPENAI_API_KEY": "k"}).access("openai")
    assert nearer.api_key == Secret("k")
    assert forget_key(paths, "openai")
    assert not forget_key(paths, "openai")
    assert load(paths).access("openai").api_key is None


def test_a_key_file_that_others_can_read_is_closed(paths: Paths) -> None:
    """A copy from a backup may have lost its mode."""
    store_key(paths, "xai", Secret("k"))
    paths.key_file.chmod(0o644)
    assert stored_keys(paths)["xai"].key == Secret("k")
    assert stat.S_IMODE(paths.key_file.stat().st_mode) == 0o600


def test_what_is_no_key_and_no_key_file_is_refused(paths: Paths) -> None:
    """Without being quoted."""
    for text in ("", "CANARY with spaces", "CANARY\n"):
        with pytest.raises(ConfigError) as caught:
            store_key(paths, "openai", Secret(text))
        assert "CANARY" not in str(caught.value)
    paths.config.mkdir(parents=True, exist_ok=True)
    paths.key_file.write_text("CANARY{")
    with pytest.raises(ConfigError) as caught:
        load_settings({}, paths=paths)
    assert "damaged" in caught.value.message
    assert "CANARY" not in caught.value.message


def test_the_systems_keyring_is_used_where_there_is_one(
    paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file then only says that it has the key, which is fetched when it is needed."""
    kept: dict[tuple[str, str], str] = {}
    asked: list[str] = []

    def get(service: str, name: str) -> str | None:
        asked.append(name)
        return kept.get((service, name))

    keyring = types.ModuleType("keyring")
    keyring.__spec__ = types.SimpleNamespace(name="keyring")  # type: ignore[assignment]  # found by find_spec
    keyring.get_keyring = lambda: types.SimpleNamespace(priority=5)  # type: ignore[attr-defined]  # a stand-in
    keyring.set_password = lambda s, n, p: kept.update({(s, n): p})  # type: ignore[attr-defined]  # a stand-in
    keyring.get_password = get  # type: ignore[attr-defined]  # a stand-in
    keyring.delete_password = lambda s, n: kept.pop((s, n))  # type: ignore[attr-defined]  # a stand-in
    monkeypatch.setitem(sys.modules, "keyring", keyring)
    assert store_key(paths, "groq", Secret("CANARY")) == "the system keyring"
    assert "CANARY" not in paths.key_file.read_text()
    asked.clear()
    key = load(paths).access("groq").api_key
    assert key
    assert asked == []
    assert key.reveal() == "CANARY"
    assert key.redact("a CANARY") == "a [redacted]"
    assert forget_key(paths, "groq")
    assert kept == {}
