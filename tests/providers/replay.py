"""Support: the shared replay server, and corpus cases played through a real agent."""

from __future__ import annotations

import importlib.util
import json
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import anyio
import pytest

from alloy_tui.agent.agent import Agent
from alloy_tui.domain.access import ServiceAccess, Timeouts
from alloy_tui.domain.errors import RETRYABLE_KINDS
from alloy_tui.domain.events import Envelope, TextDelta, ToolCallReady, ToolStarted, TurnFinished
from alloy_tui.domain.secret import Secret

CORPORA = Path(__file__).resolve().parents[2].parent / "shared" / "corpora"
CANARY = Path("/tmp/relsec_PWNED")
KEY = "sk-corpus-0123456789abcdef"


def cases(name: str) -> list[Any]:
    """The cases of a corpus as pytest parameters; one skipped parameter when it is absent."""
    path = CORPORA / name
    if not path.is_file():
        return [pytest.param(None, marks=pytest.mark.skip(reason=f"no corpus at {path}"))]
    return [pytest.param(c, id=c["id"]) for c in json.loads(path.read_text())["cases"]]


def play_all(name: str | Path, service: str) -> dict[str, dict[str, Any]]:
    """The outcome of every case of a corpus (or of a file of cases) by its id, side by side."""
    path = CORPORA / name
    if not path.is_file():
        return {}
    outcomes: dict[str, dict[str, Any]] = {}
    slots = anyio.CapacityLimiter(12)

    async def one(case: dict[str, Any], base: str) -> None:
        async with slots:
            outcomes[case["id"]] = await play(case, base, service)

    async def every() -> None:
        with replay_server(path) as base:
            async with anyio.create_task_group() as tasks:
                for case in json.loads(path.read_text())["cases"]:
                    tasks.start_soon(one, case, base)

    anyio.run(every)
    return outcomes


def judge() -> ModuleType:
    """The corpora's own judge."""
    spec = importlib.util.spec_from_file_location("judge_sse", CORPORA / "judge_sse.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def replay_server(*files: Path) -> Generator[str]:
    """The replay server of these files as a child; yields its base URL."""
    port = free_port()
    command = [
        sys.executable,
        str(CORPORA / "replay_sse.py"),
        "--port",
        str(port),
        *map(str, files),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        try:
            assert child.stdout is not None
            assert "cases on" in child.stdout.readline()
            yield f"http://127.0.0.1:{port}"
        finally:
            child.terminate()
            child.wait(10)


def requests_seen(base: str, case_id: str) -> list[dict[str, Any]]:
    """What the server was asked for one case."""
    with urllib.request.urlopen(f"{base}/__log", timeout=10) as reply:
        return [e for e in json.loads(reply.read()) if e["case"] == case_id]


async def play(case: dict[str, Any], base: str, service: str) -> dict[str, Any]:
    """Ask through a real agent with real tools in a scratch folder; nothing needs approval.

    What is judged is the first turn; a second one shows that tool results can be sent.
    """
    patience = float(case["expect"].get("client_timeout_s") or 60)
    access = ServiceAccess(
        base_url=f"{base}/{case['id']}",
        api_key=Secret(KEY),
        timeouts=Timeouts(connect_s=5, chunk_s=patience, content_s=patience),
    )
    events: list[Envelope] = []
    seen: dict[str, Any] = {"crashed": False, "err": None}
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        agent = Agent(
            f"{service}/m",
            system_prompt="You are a test.",
            approval_mode="all",
            max_turns=2,
            cwd=scratch,
            access=lambda _: access,
        )
        agent.hub.subscribe(events.append)
        async with agent:
            result = await agent.chat("go")
    first = [e.event for e in events if e.turn == 1]
    seen["elapsed"] = time.monotonic() - started
    seen["text"] = "".join(e.text for e in first if isinstance(e, TextDelta))
    seen["error"] = result.status not in ("completed", "max_turns")
    if result.error is not None:
        seen["err"], seen["raised"] = result.error.message, result.error
        seen["crashed"] = result.error.kind == "internal"
    whole = [e for e in first if isinstance(e, TurnFinished) and e.incomplete is None]
    ready = [e for e in first if isinstance(e, ToolCallReady)]
    seen["tools"] = [{"name": e.name, "args": e.arguments} for e in ready] if whole else []
    seen["tools_executed"] = any(isinstance(e.event, ToolStarted) for e in events)
    seen["turn"] = whole[-1] if whole else None
    asked = [e for e in requests_seen(base, case["id"]) if not e["target"].endswith("/api/show")]
    seen["requests"] = [e["t"] for e in asked]
    return seen


def verdict(case: dict[str, Any], outcome: dict[str, Any]) -> None:
    """Fail the test if the outcome of a case is not the one that is due."""
    expect = case["expect"]
    assert not outcome["crashed"], outcome["err"]
    assert judge().judge(case, outcome) == []
    error = outcome.get("raised")
    if error is not None:
        assert KEY not in f"{error.message}{error.hint}{error.code}"
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
