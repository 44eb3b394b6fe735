"""Keys are entered without being shown, and services asked for what they have."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from alloy_tui.settings import locate
from tests.cli.support import alloy
from tests.providers.replay import free_port
from tests.providers.tiny_server import respond, tiny_server

SECRET = "sk-CANARY-1234567890"


def test_a_key_is_kept_from_a_pipe_and_never_shown() -> None:
    """Its place is told, by `config` and by `doctor`; its text by nobody."""
    kept = alloy("config", "set-key", "openai", input=f"{SECRET}\n")
    assert kept.returncode == 0, kept.stderr
    file = locate().key_file
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert SECRET in file.read_text()
    shown = [alloy(*words) for words in (("config",), ("config", "get"), ("models", "--json"))]
    assert str(file) in shown[0].stdout
    assert all(SECRET not in r.stdout + r.stderr for r in (kept, *shown))
    assert alloy("config", "set-key", "openai", "--remove").returncode == 0
    assert alloy("config", "set-key", "openai", "--remove").returncode == 1
    assert SECRET not in file.read_text()


@pytest.mark.parametrize(
    ("service", "text"), [("nonesuch", SECRET), ("openai", ""), ("openai", "CANARY two words")]
)
def test_what_cannot_be_kept_is_refused(service: str, text: str) -> None:
    """No such service, no key, or something else that was pasted."""
    refused = alloy("config", "set-key", service, input=f"{text}\n")
    assert refused.returncode == 2
    assert "CANARY" not in refused.stdout + refused.stderr
    assert not locate().key_file.exists()


def findings(service: str) -> str:
    done = alloy("doctor", "--online", "--json")
    found = [f for f in json.loads(done.stdout) if f["section"] == "services"]
    (one,) = [f for f in found if f["text"].startswith(f"{service}:")]
    return f"{one['state']} {one['text']}"


def configure(text: str) -> Path:
    file = locate().config_file
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (200, {"data": [{"id": "a"}, {"id": "b"}]}, ["ok", "lists 2 models"]),
        (401, {"error": {"message": f"bad key {SECRET}"}}, ["problem", "key"]),
        (402, {"error": {"message": "Insufficient credit"}}, ["problem", "redit"]),
    ],
)
async def test_the_doctor_asks_each_service(status: int, body: object, words: list[str]) -> None:
    """What it says is told in words, without the key."""
    import anyio.to_thread

    async with tiny_server(respond(status, json.dumps(body).encode())) as server:
        configure(f'[services.openai]\napi_key = "{SECRET}"\nbase_url = "{server.url}/v1"\n')
        said = await anyio.to_thread.run_sync(findings, "openai")
    assert all(word in said for word in words), said
    assert SECRET not in said
    assert b"GET /v1/models" in server.requests[0]


def test_the_doctor_tells_of_a_service_that_is_not_there() -> None:
    """Nobody listens, or an address is missing."""
    configure(f'[services.ours]\nbase_url = "http://127.0.0.1:{free_port()}"\n')
    assert findings("ours").startswith("problem")
    configure('[services.antropic]\napi_key = "k"\n')
    assert "no such service" in findings("antropic")
    configure('[services.azure]\napi_key = "k"\n')
    assert "AZURE_OPENAI_ENDPOINT" in findings("azure")


def test_models_of_ones_own_are_listed_with_their_price() -> None:
    """What the file says of a model is shown as if it were known."""
    configure(
        '[services.ours]\nbase_url = "http://127.0.0.1:9"\n'
        '[models."ours/m"]\ncontext_window = 64000\ninput_price = 1\noutput_price = 2\n'
    )
    rows = json.loads(alloy("models", "--json").stdout)
    (row,) = [r for r in rows if r["model"] == "ours/m"]
    assert (row["context_window"], row["output_price"]) == (64000, 2)
    assert row.get("needs") is None
