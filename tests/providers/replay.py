"""Support: the shared replay server, and one corpus case played through real provider code."""

from __future__ import annotations

import importlib.util
import json
import random
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import anyio
import pytest

from alloy_tui.domain.access import ServiceAccess, Timeouts
from alloy_tui.domain.errors import ProviderError
from alloy_tui.domain.messages import user
from alloy_tui.domain.provider import Completion, CompletionRequest, TextPart
from alloy_tui.domain.secret import Secret
from alloy_tui.domain.tool import ToolSpec
from alloy_tui.providers import registry
from alloy_tui.providers.retry import RetryPolicy

CORPORA = Path(__file__).resolve().parents[2].parent / "shared" / "corpora"
OFFERED = ("bash", "read", "noargs")
KEY = "sk-corpus-0123456789abcdef"


def cases(name: str) -> list[Any]:
    """The cases of a corpus as pytest parameters; one skipped parameter when it is absent."""
    path = CORPORA / name
    if not path.is_file():
        return [pytest.param(None, marks=pytest.mark.skip(reason=f"no corpus at {path}"))]
    return [pytest.param(c, id=c["id"]) for c in json.loads(path.read_text())["cases"]]


def play_all(name: str, service: str) -> dict[str, dict[str, Any]]:
    """The outcome of every case of a corpus by its id; they run side by side."""
    path = CORPORA / name
    if not path.is_file():
        return {}
    outcomes: dict[str, dict[str, Any]] = {}
    slots = anyio.CapacityLimiter(12)

    async def one(case: dict[str, Any], base: str) -> None:
        async with slots:
            outcomes[case["id"]] = await play(case, base, service)

    async def every() -> None:
        with replay_server() as base:
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
def replay_server() -> Generator[str]:
    """The replay server as a child; yields its base URL."""
    port = free_port()
    command = [sys.executable, str(CORPORA / "replay_sse.py"), "--port", str(port)]
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
    """Ask as an engine would: retry before visible output only."""
    patience = float(case["expect"].get("client_timeout_s") or case.get("client_timeout_s") or 60)
    access = ServiceAccess(
        base_url=f"{base}/{case['id']}",
        api_key=Secret(KEY),
        timeouts=Timeouts(connect_s=5, chunk_s=patience, content_s=patience),
    )
    provider = registry.create(f"{service}/m", lambda _: access)
    request = CompletionRequest(
        system="You are a test.",
        messages=(user("go"),),
        tools=tuple(ToolSpec(n, n, {"type": "object", "properties": {}}) for n in OFFERED),
    )
    seen: dict[str, Any] = {"text": "", "error": False, "tools": [], "crashed": False}
    draw, policy, attempt = random.Random(1).random, RetryPolicy(), 0
    started = time.monotonic()
    try:
        while True:
            attempt += 1
            try:
                await _once(provider, request, seen)
                break
            except ProviderError as error:
                wait = None if seen["parts"] else policy.delay_s(attempt, error, draw)
                if wait is None:
                    seen |= {"error": True, "err": error.message, "kind": error.kind}
                    seen["raised"] = error
                    break
                await anyio.sleep(wait)
    except Exception as error:
        seen |= {"crashed": True, "error": True, "err": repr(error)}
    finally:
        await provider.aclose()
    seen["elapsed"] = time.monotonic() - started
    seen["tools_executed"] = any(
        c.invalid is None and c.name in OFFERED for c in seen.get("calls", ())
    )
    seen["requests"] = [e["t"] for e in requests_seen(base, case["id"])]
    return seen


async def _once(provider: Any, request: CompletionRequest, seen: dict[str, Any]) -> None:
    seen["parts"] = 0
    async for part in provider.stream(request):
        if isinstance(part, Completion):
            calls = part.message.tool_calls
            seen["completion"] = part
            seen["calls"] = calls
            seen["tools"] = [{"name": c.name, "args": c.arguments} for c in calls]
            assert part.message.text == seen["text"], "deltas do not join to the text"
        else:
            seen["parts"] += 1
            if isinstance(part, TextPart):
                seen["text"] += part.text
