"""What the real program sends: little at first, and then the same beginning again and again."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.program.conftest import ALLOY
from tests.support.terminal import Terminal

MOST_BYTES = 6000
"""Of a session's first request, system prompt and tools together."""
TURNS = 20


class Service:
    """A service of the Messages format that keeps what it is asked."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                service.bodies.append(self.rfile.read(int(self.headers["content-length"])))
                body = _answer(len(service.bodies))
                self.send_response(200)
                self.send_header("content-type", "text/event-stream")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 -- its name there
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.environment = {
            "ALLOY_ANTHROPIC_BASE_URL": f"http://127.0.0.1:{self._server.server_port}",
            "ANTHROPIC_API_KEY": "sk-test-0123456789abcdef",
        }

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _answer(number: int) -> bytes:
    """Words; every third time a call first, so that results are part of the conversation."""
    usage = {"input_tokens": 10, "output_tokens": 5}
    start = {"type": "message_start", "message": {"usage": usage, "content": []}}
    call = {"type": "tool_use", "id": f"toolu_{number}", "name": "read", "input": {}}
    said: list[dict[str, Any]]
    if number % 3 == 1:
        path = json.dumps({"file_path": "notes.txt"})
        said = [
            {"type": "content_block_start", "index": 0, "content_block": call},
            {"type": "content_block_delta", "index": 0,
             "delta": {"type": "input_json_delta", "partial_json": path}},
        ]  # fmt: skip
    else:
        text = {"type": "text_delta", "text": f"This was answer {number}."}
        said = [
            {"type": "content_block_start", "index": 0, "content_block": {"type": "text"}},
            {"type": "content_block_delta", "index": 0, "delta": text},
        ]
    stop = "tool_use" if number % 3 == 1 else "end_turn"
    events = [
        start,
        *said,
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": stop}, "usage": usage},
        {"type": "message_stop"},
    ]
    return "".join(f"data: {json.dumps(event)}\n\n" for event in events).encode()


@pytest.fixture
def service() -> Iterator[Service]:
    made = Service()
    yield made
    made.close()


def own_part(body: bytes) -> int:
    """Bytes of the system prompt and the tools."""
    said = json.loads(body)
    return len(json.dumps({key: said[key] for key in ("system", "tools")}).encode())


def test_the_first_request_of_alloy_run_is_small(project: Path, service: Service) -> None:
    """With every tool, by default settings."""
    done = subprocess.run(
        [ALLOY, "run", "-p", "Hello", "--model", "anthropic/claude-sonnet-5"],
        cwd=project,
        env={**os.environ, **service.environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert len(service.bodies[0]) < MOST_BYTES
    assert own_part(service.bodies[0]) < MOST_BYTES
    assert json.loads(service.bodies[0])["tools"]


def test_a_session_of_the_whole_program_begins_small_and_keeps_its_beginning(
    open_program: Callable[..., Terminal], service: Service
) -> None:
    """Over 20 requests at least 99 % of each is what was sent before, byte for byte."""
    with open_program("anthropic/claude-sonnet-5", environment=service.environment) as terminal:
        terminal.wait_for("claude-sonnet-5")
        said = 0
        while len(service.bodies) < TURNS:
            said += 1
            before = len(service.bodies)
            terminal.type(f"Question number {said}, and what about it?\r")
            answered = f"answer {before + 2 if before % 3 == 0 else before + 1}."
            terminal.wait_for(answered)
            terminal.wait_for("done")
        terminal.type("/quit\r")
        assert terminal.wait_exit() == 0
    first = service.bodies[0]
    assert len(first) < MOST_BYTES
    assert json.loads(first)["tools"]
    for before, after in zip(service.bodies, service.bodies[1:], strict=False):
        pairs = enumerate(zip(before, after, strict=False))
        same = next((at for at, (one, other) in pairs if one != other), len(before))
        assert same >= 0.99 * len(before), (same, len(before))
