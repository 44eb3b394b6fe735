"""`alloy run` on a real llama-server, in the formats that it speaks: shapes, never words."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from alloy_tui.domain import events as ev
from alloy_tui.domain.usage import TokenUsage
from alloy_tui.runtime.engine_thread import EngineThread
from alloy_tui.runtime.local_server import Endpoint, LocalServer, find_installed
from alloy_tui.settings import editing, locate
from tests.cli.support import alloy, envelopes

pytestmark = [
    pytest.mark.realmodel,
    pytest.mark.skipif(find_installed() is None, reason="the extra local is missing"),
]


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Endpoint]:
    """One server for the module, on a thread of its own."""
    engine, server = EngineThread("real-model"), LocalServer()
    engine.start()
    try:
        yield engine.submit(server.start()).result(90)
    finally:
        stopped = threading.Event()

        async def stop() -> None:
            await server.stop()
            stopped.set()

        engine.submit(stop())
        assert stopped.wait(10)
        engine.stop(5)


@pytest.mark.parametrize(
    ("service", "prefix"),
    [
        ("compat", "ALLOY_COMPAT"),
        ("compat-responses", "ALLOY_COMPAT_RESPONSES"),
        ("compat-anthropic", "ALLOY_COMPAT_ANTHROPIC"),
    ],
)
def test_a_real_answer_streams_and_folds_right(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, service: str, prefix: str
) -> None:
    """Deltas join to the text of the run, usage adds up, the stop is told."""
    monkeypatch.setenv(f"{prefix}_BASE_URL", endpoint.base_url)
    monkeypatch.setenv(f"{prefix}_API_KEY", endpoint.api_key.reveal())
    editing.set_value(locate(), "max_output", "16")
    # What so small a model writes is not always a call that its server can read: once is enough.
    editing.set_value(locate(), "retry.max_attempts", "1")
    done = alloy(
        "run", "--json", "--approve", "none", "--max-turns", "1",
        # The model reads its prompt slowly: a short one, and the formats share its beginning.
        "--system", "Be brief.", "--model", f"{service}/{endpoint.model}", "-p", "Say hello.",
        timeout=240,
    )  # fmt: skip
    assert done.returncode in {0, 1, 3, 4}, done.stderr
    stream = envelopes(done.stdout)
    end = stream[-1].event
    assert isinstance(end, ev.RunFinished)
    assert end.error is None or end.error.kind in {"output_limit", "server_error"}, end.error
    texts: dict[int, str] = {}
    usages: list[TokenUsage] = []
    for each in stream:
        if isinstance(each.event, ev.TextDelta):
            texts[each.turn] = texts.get(each.turn, "") + each.event.text
        elif isinstance(each.event, ev.TurnFinished):
            usages.append(each.event.usage)
    assert end.text == next((t for t in reversed(texts.values()) if t), "")
    assert end.usage == sum(usages[1:], start=usages[0])
    if end.error is None or end.error.kind == "output_limit":
        assert end.usage.total
        assert sum(isinstance(e.event, ev.TextDelta | ev.ToolArgumentsDelta) for e in stream) >= 1


def test_without_a_key_the_local_model_answers() -> None:
    """An empty machine: the server is started, answers, and is gone afterwards."""
    editing.set_value(locate(), "max_output", "8")
    done = alloy("run", "--json", "-p", "Say hello.", timeout=240)
    stream = envelopes(done.stdout)
    assert isinstance(stream[0].event, ev.AgentStarted)
    assert stream[0].event.model == "local/smollm2-135m"
    assert isinstance(stream[-1].event, ev.RunFinished)
    assert done.returncode in {0, 1, 3}, done.stderr
