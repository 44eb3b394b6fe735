"""The local model outlives its server: started anew, told, and not without end."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import Self

import pytest

from alloy_tui.agent.agent import Agent
from alloy_tui.domain.access import ServiceAccess, Timeouts
from alloy_tui.domain.errors import ProviderError
from alloy_tui.domain.events import TextDelta
from alloy_tui.domain.messages import ChatMessage, TextBlock
from alloy_tui.domain.models import ModelRef
from alloy_tui.domain.provider import Completion, CompletionRequest, Provider
from alloy_tui.providers import registry
from alloy_tui.providers.catalogue import model_info
from alloy_tui.runtime.local_model import MOST_RESTARTS, WITHIN_S, LocalModel, LocalSupervisor
from alloy_tui.runtime.local_server import Endpoint, Installed, LocalServer, find_installed

pytestmark = pytest.mark.anyio

# A stand-in for the server's module: healthy; an answer is two words, and the
# process is killed between them as long as the file "die" has lines.
_STANDIN = """
import http.server, json, os, pathlib, signal, threading, types
DIE = pathlib.Path(__file__).with_name("die")
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-type", "text/event-stream"); self.end_headers()
        self.say({"index": 0, "delta": {"content": "Hello "}, "finish_reason": None})
        left = DIE.read_text().split() if DIE.exists() else []
        if left:
            DIE.write_text(" ".join(left[1:]))
            if left[0] == "hang":
                threading.Event().wait()
            os.kill(os.getpid(), signal.SIGKILL)
        self.say({"index": 0, "delta": {"content": "there."}, "finish_reason": "stop"})
        self.wfile.write(b"data: [DONE]\\n\\n")
    def say(self, choice):
        chunk = {"id": "1", "object": "chat.completion.chunk", "choices": [choice]}
        self.wfile.write(b"data: " + json.dumps(chunk).encode() + b"\\n\\n"); self.wfile.flush()
    def log_message(self, *a): pass
class CommonParams(types.SimpleNamespace):
    def __init__(self):
        super().__init__(**{n: types.SimpleNamespace() for n in ('model', 'cpuparams', 'sampling')})
class Server:
    def __init__(self, params):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.listening_address = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
"""


LOCAL = ModelRef("local", "smollm2-135m")


def at(endpoint: Endpoint, silence_s: float = 60.0) -> Provider:
    patience = Timeouts(10.0, silence_s, silence_s)
    access = ServiceAccess(endpoint.base_url, endpoint.api_key, timeouts=patience)
    return registry.create(LOCAL, lambda _: access)


class Local:
    """A local model over stand-in servers, of which `deaths` are killed in mid-answer."""

    def __init__(self, folder: Path, deaths: int = 0) -> None:
        (folder / "xllamacpp.py").write_text(_STANDIN)
        (folder / "die").write_text(" x" * deaths)
        installed = Installed(folder, folder / "model.gguf")
        self.told: list[str] = []
        self.now_s = 1000.0
        self.servers: list[LocalServer] = []
        self.supervisor = LocalSupervisor(
            self.told.append,
            server=lambda: self.servers.append(LocalServer(installed)) or self.servers[-1],
            now_s=lambda: self.now_s,
        )
        self.model = LocalModel(model_info(LOCAL), self.supervisor, at)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.model.aclose()
        await self.supervisor.stop()


async def ask(model: LocalModel) -> str:
    request = CompletionRequest("", (ChatMessage("user", (TextBlock("hi"),)),), max_output=4)
    last = [part async for part in model.stream(request)][-1]
    assert isinstance(last, Completion)
    return last.message.text


async def test_a_server_killed_in_mid_answer_is_started_anew_and_the_answer_comes_whole(
    tmp_path: Path,
) -> None:
    """The run completes with the whole answer, and the user is told what happened."""
    async with Local(tmp_path, deaths=1) as local:
        agent = Agent(local.model, tools=(), system_prompt="", approval_mode="none")
        try:
            result = await agent.chat("hi", timeout_s=60)
        finally:
            await agent.stop()
        assert (result.status, result.text) == ("completed", "Hello there.")
        (words,) = local.told
        assert "SIGKILL" in words
        assert "started anew" in words


async def test_a_server_killed_between_answers_is_back_for_the_next(tmp_path: Path) -> None:
    """Whoever asks next is answered by a new process, on its own port and key."""
    async with Local(tmp_path) as local:
        assert await ask(local.model) == "Hello there."
        before, pid = local.supervisor.endpoint, local.servers[0].pid
        assert pid
        os.killpg(pid, signal.SIGKILL)
        await local.servers[0].end()
        assert await ask(local.model) == "Hello there."
        assert isinstance(local.supervisor.endpoint, Endpoint)
        assert local.supervisor.endpoint != before


async def test_a_server_that_keeps_dying_is_not_started_without_end(tmp_path: Path) -> None:
    """After so many starts within a minute the error says what to do; later it may start again."""
    async with Local(tmp_path, deaths=MOST_RESTARTS + 1) as local:
        for _ in range(MOST_RESTARTS + 1):
            with pytest.raises(ProviderError, match="broke off"):
                await ask(local.model)
            await local.servers[-1].end()
        with pytest.raises(ProviderError, match="times within a minute") as caught:
            await ask(local.model)
        assert not caught.value.retryable
        assert "/model" in str(caught.value.hint)
        assert len(local.servers) == MOST_RESTARTS + 1
        local.now_s += WITHIN_S
        assert await ask(local.model) == "Hello there."


async def test_a_server_that_says_nothing_any_more_is_replaced(tmp_path: Path) -> None:
    """The request fails when patience is over; the next one has a new server."""
    async with Local(tmp_path) as local:
        (tmp_path / "die").write_text("hang")
        impatient = LocalModel(local.model.info, local.supervisor, lambda end: at(end, 0.5))
        with pytest.raises(ProviderError, match=r"silent|without saying") as caught:
            await ask(impatient)
        assert caught.value.kind == "timeout"
        assert await ask(local.model) == "Hello there."
        await impatient.aclose()
        assert len(local.servers) == 2
        assert "fell silent" in local.told[0]


async def test_two_who_ask_at_once_share_one_new_server(tmp_path: Path) -> None:
    """Agents beside each other do not each start a server of their own."""
    async with Local(tmp_path) as local:
        assert await asyncio.gather(ask(local.model), ask(local.model)) == ["Hello there."] * 2
        assert len(local.servers) == 1


@pytest.mark.realmodel
@pytest.mark.skipif(find_installed() is None, reason="the extra local is missing")
async def test_the_real_server_comes_back_too() -> None:
    """The same with llama.cpp: killed while it answers, and the run completes."""
    told: list[str] = []
    servers: list[LocalServer] = []
    supervisor = LocalSupervisor(
        told.append, server=lambda: servers.append(LocalServer()) or servers[-1]
    )
    model = LocalModel(model_info(LOCAL), supervisor, at)
    agent = Agent(model, tools=(), system_prompt="Count.", approval_mode="none", max_output=60)
    try:
        killed = False
        async for envelope in agent.stream("Count from 1 to 50.", timeout_s=120):
            if isinstance(envelope.event, TextDelta) and not killed:
                pid = servers[0].pid
                assert pid
                os.killpg(pid, signal.SIGKILL)
                killed = True
        assert killed
        assert len(told) == 1
        assert agent.messages[-1].text
    finally:
        await agent.stop()
        await model.aclose()
        await supervisor.stop()
