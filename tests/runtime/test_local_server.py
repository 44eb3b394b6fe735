"""The local model's server: found, started, never left behind."""

from __future__ import annotations

import asyncio
import json
import os
import select
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from alloy_tui.domain.errors import ProviderError
from alloy_tui.runtime.local_server import Installed, LocalServer, find_installed

pytestmark = pytest.mark.anyio
real = pytest.mark.realmodel
needs_server = pytest.mark.skipif(find_installed() is None, reason="the extra local is missing")

# A stand-in for the server's module: says "loading" once, then serves its health.
_STANDIN = """
import http.server, os, threading, types
class Handler(http.server.BaseHTTPRequestHandler):
    asked = 0
    def do_GET(self):
        Handler.asked += 1
        self.send_response(503 if Handler.asked == 1 else 200); self.end_headers()
        self.wfile.write((Handler.key + " " + " ".join(os.environ)).encode())
    def log_message(self, *a): pass
class CommonParams(types.SimpleNamespace):
    def __init__(self):
        super().__init__(**{n: types.SimpleNamespace() for n in ('model', 'cpuparams', 'sampling')})
class Server:
    def __init__(self, params):
        assert params.hostnames == ["127.0.0.1"] and "im_start" in params.chat_template
        Handler.key = params.api_keys[0]
        print("noise", flush=True)
        server = http.server.HTTPServer(("127.0.0.1", params.port), Handler)
        self.listening_address = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
"""


def fake(tmp_path: Path, module: str) -> Installed:
    (tmp_path / "xllamacpp.py").write_text(module)
    return Installed(tmp_path, tmp_path / "model.gguf")


def command_line(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text()


def gone(pid: int) -> bool:
    try:
        return "Z" in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return True


async def test_a_server_is_started_asked_for_its_health_and_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Start returns once /health says 200; the child gets the server's key and no other."""
    monkeypatch.setenv("ANTHROPIC_API_KEY", "CANARY")
    server = LocalServer(fake(tmp_path, _STANDIN))
    endpoint = await server.start(timeout_s=20)
    pid = server.pid
    assert pid
    said = await asyncio.to_thread(
        lambda: urllib.request.urlopen(endpoint.base_url + "/health").read().decode()
    )
    assert said.startswith(endpoint.api_key.reveal())
    assert "ANTHROPIC" not in said
    assert endpoint.api_key.reveal() not in command_line(pid)
    await server.stop()
    await server.stop()
    assert gone(pid)


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("print('bad model', flush=True); raise SystemExit(3)", "code 3.*bad model"),
        ("import os; os.kill(os.getpid(), 4)", "cannot run on this processor"),
    ],
)
async def test_a_server_that_dies_says_why(tmp_path: Path, script: str, words: str) -> None:
    """The reason is in the error, in words."""
    server = LocalServer(fake(tmp_path, script))
    with pytest.raises(ProviderError, match=words):
        await server.start(timeout_s=20)


async def test_a_server_that_says_nothing_is_given_up(tmp_path: Path) -> None:
    """The start has a limit, and leaves no process."""
    server = LocalServer(fake(tmp_path, "import signal; signal.pause()"))
    with pytest.raises(ProviderError, match="did not answer"):
        await server.start(timeout_s=0.3)


async def test_cancelling_the_start_leaves_nothing(tmp_path: Path) -> None:
    """A start that is cancelled ends its process."""
    server = LocalServer(fake(tmp_path, "import signal; signal.pause()"))
    starting = asyncio.ensure_future(server.start())
    async with asyncio.timeout(10):
        while (pid := server.pid) is None:  # noqa: ASYNC110 -- the process has no event to wait for
            await asyncio.sleep(0)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert gone(pid)


async def test_without_the_packages_the_error_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing installed is no crash."""
    monkeypatch.setattr(sys, "path", [])
    sys.path_importer_cache.clear()
    assert find_installed() is None
    with pytest.raises(ProviderError, match="not installed"):
        await LocalServer().start()


_HOLDER = """
import asyncio, sys, threading
from pathlib import Path
from alloy_tui.runtime.engine_thread import EngineThread
from alloy_tui.runtime.local_server import Installed, LocalServer
folder = Path(sys.argv[1])
installed = Installed(folder, folder / "m") if sys.argv[1] else None
engine, server = EngineThread(), LocalServer(installed)
engine.start()
engine.submit(server.start()).result(60)
print(server.pid, flush=True)
threading.Event().wait()
"""


def dies_with_its_parent(folder: str) -> None:
    holder = subprocess.Popen([sys.executable, "-c", _HOLDER, folder], stdout=subprocess.PIPE)
    try:
        assert holder.stdout
        child = int(holder.stdout.readline())
        watch = os.pidfd_open(child)
        holder.send_signal(signal.SIGKILL)
        ended, _, _ = select.select([watch], [], [], 10)
        os.close(watch)
        assert ended
    finally:
        holder.kill()
        holder.wait()
        holder.stdout.close()


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent-death signal is Linux's")
def test_kill_9_of_the_program_ends_the_server(tmp_path: Path) -> None:
    """However the program dies, its server does not outlive it."""
    fake(tmp_path, _STANDIN)
    dies_with_its_parent(str(tmp_path))


@real
@needs_server
async def test_the_real_server_answers_on_both_wire_formats_and_wants_its_key() -> None:
    """Chat completions and messages answer; a wrong key does not get in."""

    def ask(path: str, key: str) -> dict:
        body = {"model": "x", "max_tokens": 4, "messages": [{"role": "user", "content": "Hi"}]}
        request = urllib.request.Request(
            endpoint.base_url + path,
            data=json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as reply:
            return json.load(reply)

    server = LocalServer()
    endpoint = await server.start()
    try:
        key = endpoint.api_key.reveal()
        chat = await asyncio.to_thread(ask, "/v1/chat/completions", key)
        assert chat["choices"][0]["message"]["role"] == "assistant"
        assert (await asyncio.to_thread(ask, "/v1/messages", key))["type"] == "message"
        with pytest.raises(urllib.error.HTTPError, match="401"):
            await asyncio.to_thread(ask, "/v1/chat/completions", "wrong")
    finally:
        await server.stop()


@real
@needs_server
def test_kill_9_of_the_program_ends_the_real_server() -> None:
    """The same with the real server."""
    dies_with_its_parent("")
