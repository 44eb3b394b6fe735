"""`import alloy_tui`: every name is there, and five lines do something."""

from __future__ import annotations

import ast
import json
import os
import re
import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import alloy_tui

README = Path(__file__).resolve().parents[2] / "README.md"
EXAMPLES = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
_MODEL = re.compile(r'"anthropic/[\w.-]+"')


@pytest.mark.parametrize("name", alloy_tui.__all__)
def test_every_public_name_is_there(name: str) -> None:
    """What `__all__` promises can be had, and is listed by dir()."""
    assert getattr(alloy_tui, name) is not None
    assert name in dir(alloy_tui)


def test_types_and_names_agree() -> None:
    """What a type checker sees is what is exported, in order."""
    tree = ast.parse(Path(alloy_tui.__file__).read_text())
    seen = {"__version__"}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("alloy_tui"):
            seen |= {alias.name for alias in node.names}
    assert seen == set(alloy_tui.__all__)
    assert alloy_tui.__all__ == sorted(alloy_tui.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    """The lazy door behaves like any module."""
    with pytest.raises(AttributeError, match="nothing_such"):
        _ = alloy_tui.nothing_such  # pyright: ignore[reportAttributeAccessIssue] -- on purpose


def test_five_lines_ask_a_model() -> None:
    """The README's first example, on a script."""
    from alloy_tui import ScriptedProvider, run_sync
    from alloy_tui.providers.script import Reply

    result = run_sync("hi", model=ScriptedProvider([Reply(text="Hello.")]))
    assert (result.ok, result.text) == (True, "Hello.")


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_every_example_of_the_readme_runs(number: int, tmp_path: Path) -> None:
    """Word for word but for the model, which is a script that uses the example's tool if any."""
    code, made = _MODEL.subn("MODEL", EXAMPLES[number])
    assert made == 1
    if "@tool\n" in code:
        pytest.skip("the example's tool asks for an approval and nobody answers")
    replies: list[dict[str, object]] = [{"text": "Take one along."}]
    if "def weather" in code:
        replies.insert(0, {"tool_calls": [{"name": "weather", "arguments": {"city": "Oslo"}}]})
        replies[1]["expect"] = "rain"
    script = tmp_path / "script.json"
    script.write_text(json.dumps({"replies": replies}))
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", f"MODEL = {f'scripted/{script}'!r}\n{code}"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert "Take one along." in done.stdout


def test_a_run_that_nobody_can_approve_ends() -> None:
    """`run_sync` keeps its agent to itself, so a call that would ask is denied with words."""
    from alloy_tui import ScriptedProvider, run_sync
    from alloy_tui.providers.scripted import call, say

    model = ScriptedProvider([call("bash", command="true"), say("Then not.")])
    result = run_sync("hi", model)
    assert (result.ok, result.text) == (True, "Then not.")
    assert "Nobody is here" in result.messages[2].tool_results[0].text


_ANSWER = (
    b'data: {"choices":[{"delta":{"content":"hi"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
)


class _Service(BaseHTTPRequestHandler):
    """Answers every request alike, and would keep its connections open."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("content-length", str(len(_ANSWER)))
        self.end_headers()
        self.wfile.write(_ANSWER)

    def log_request(self, *_: object) -> None:
        pass


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_run_sync_leaves_no_socket_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections are kept between requests, and closed with the agent."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Service) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        monkeypatch.setenv("ALLOY_COMPAT_BASE_URL", f"http://127.0.0.1:{server.server_port}/v1")
        try:
            for _ in range(2):
                assert alloy_tui.run_sync("hi", "compat/m").text == "hi"
                assert not _clients_of(server.server_port)
        finally:
            server.shutdown()
            serving.join()


def _clients_of(port: int) -> list[str]:
    """Sockets of this process that are connected to the local `port`."""
    found: list[str] = []
    for number in [entry.name for entry in Path("/proc/self/fd").iterdir()]:
        try:
            # A duplicate, so that looking closes nothing.
            with socket.socket(fileno=os.dup(int(number))) as looked_at:
                if looked_at.getpeername()[1:2] == (port,):
                    found.append(number)
        except OSError:
            continue
    return found
