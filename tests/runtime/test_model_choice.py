"""The order in which a model is chosen, and the words that explain it."""

from __future__ import annotations

import pytest

from alloy_tui.domain.access import ServiceAccess
from alloy_tui.domain.secret import Secret
from alloy_tui.runtime.model_choice import Circumstances, Running, choose, kind_of

pytestmark = pytest.mark.anyio

OLLAMA = Running("Ollama", ("ollama/qwen3:8b", "ollama/other"))
LLAMA = Running("llama-server", ("local/big",))
LOCAL = "local/smollm2-135m"


def circumstances(
    *,
    keys: tuple[str, ...] = (),
    urls: dict[str, str] | None = None,
    running: tuple[Running, ...] = (),
    looked: list[int] | None = None,
    **given,
) -> Circumstances:
    def access(service: str) -> ServiceAccess:
        key = Secret("CANARY") if service in keys else None
        return ServiceAccess(
            base_url=(urls or {}).get(service), api_key=key, key_source=key and f"the {service} key"
        )

    async def find() -> tuple[Running, ...]:
        if looked is not None:
            looked.append(1)
        return running

    defaults = {"asked": None, "configured": None, "last": None, "demo": False, "first_run": False}
    usable = ("anthropic", "openai")
    return Circumstances(
        **{"local_model": None, **defaults, **given}, usable=usable, access=access, running=find
    )


EVERYTHING = {
    "asked": "openai/asked",
    "configured": "openai/configured",
    "last": "openai/last",
    "keys": ("anthropic", "openai"),
    "running": (OLLAMA, LLAMA),
    "local_model": LOCAL,
}
# Taking away the nearest reason, one after the other, leads to the next.
ORDER = [
    ("asked", "openai/asked", "remote", "command line"),
    ("configured", "openai/configured", "remote", "config file"),
    ("last", "openai/last", "remote", "last time"),
    ("keys", "anthropic/", "remote", "the anthropic key"),
    ("running", "ollama/qwen3:8b", "local", "Ollama runs"),
    ("local_model", LOCAL, "local", "small model"),
    ("nothing", "demo/guide", "demo", "No key"),
]


@pytest.mark.parametrize("step", range(len(ORDER)))
async def test_the_nearest_reason_wins(step: int) -> None:
    """--model, config, last, keys, running server, local, demo."""
    gone = {name for name, *_ in ORDER[:step]}
    now = circumstances(**{k: v for k, v in EVERYTHING.items() if k not in gone})
    choice = await choose(now)
    _, model, kind, reason = ORDER[step]
    assert choice.model.startswith(model)
    assert choice.kind == kind
    assert reason in choice.reason
    assert "CANARY" not in repr(choice)


async def test_the_demo_flag_goes_before_everything() -> None:
    """--demo is what was asked for."""
    choice = await choose(circumstances(demo=True, **EVERYTHING))
    assert (choice.model, choice.kind) == ("demo/guide", "demo")


@pytest.mark.parametrize(
    ("last", "keys", "reachable"),
    [
        ("openai/x", ("openai",), True),
        ("openai/x", ("anthropic",), False),
        ("nowhere/x", (), False),
        ("ollama/x", (), True),
        (LOCAL, (), True),
        ("local/other", (), False),
        ("nonsense", (), False),
    ],
)
async def test_a_last_model_out_of_reach_is_passed_over(
    last: str, keys: tuple[str, ...], *, reachable: bool
) -> None:
    """A key that went away does not stop the start; what was found says so."""
    choice = await choose(circumstances(last=last, keys=keys, local_model=LOCAL))
    assert (choice.model == last) == reachable or last == LOCAL
    assert any("out of reach" in line for line in choice.found) != reachable


async def test_servers_are_looked_for_only_when_it_matters() -> None:
    """A decided start asks nobody; a first start shows what is there."""
    looked: list[int] = []
    await choose(circumstances(asked="openai/x", looked=looked))
    assert not looked
    choice = await choose(
        circumstances(asked="openai/x", first_run=True, looked=looked, running=(OLLAMA,))
    )
    assert looked
    assert choice.first_run
    assert any("Ollama: runs" in line for line in choice.found)


@pytest.mark.parametrize(
    ("model", "urls", "kind"),
    [
        ("scripted/x.json", {}, "scripted"),
        ("demo/guide", {}, "demo"),
        ("ollama/x", {}, "local"),
        ("ollama/x", {"ollama": "http://127.0.0.1:9"}, "local"),
        ("ollama/x", {"ollama": "http://gpu.example:9"}, "remote"),
        ("ollama/big:120b-cloud", {}, "remote"),
        ("compat/x", {"compat": "http://127.0.0.1:9"}, "remote"),
        ("anthropic/x", {}, "remote"),
    ],
)
def test_only_what_stays_here_is_called_local(model: str, urls: dict[str, str], kind: str) -> None:
    """A server that may pass text on is not promised to be local."""
    assert kind_of(model, lambda s: ServiceAccess(base_url=urls.get(s))) == kind


async def test_what_the_command_line_says_is_not_told_as_the_config_files_word() -> None:
    """The settings hold the nearest word, which on a first run may be that of a flag."""
    now = circumstances(asked="openai/asked", configured="openai/asked", first_run=True)
    choice = await choose(now)
    assert "command line: openai/asked" in choice.found
    assert not any("config file" in words for words in choice.found)
