"""Hostile text of services: errors, reasons, model names, over a real socket."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.program.conftest import ALLOY
from tests.program.hostile import assert_harmless, needs_corpus, payloads
from tests.program.hostile_server import answer, serving
from tests.support.terminal import Terminal

pytestmark = [pytest.mark.corpus, needs_corpus]


def error_bodies() -> list[bytes]:
    """Refusals that carry all of the corpus, in every place that is shown."""
    short = [p for p in payloads() if len(p.data) < 300]
    words = "\n".join(p.text for p in short)
    shapes = [
        {"error": {"message": words, "type": words, "code": words}},
        {"error": words},
        {"detail": [{"msg": p.text} for p in short]},
        {"message": words, "request_id": words},
    ]
    # A status line and a header end at a line's end.
    line = b" ".join(p.data for p in short if not set(p.data) & set(b"\r\n\0"))
    out = [
        answer(b"400 " + line, json.dumps(shape, ensure_ascii=False).encode()) for shape in shapes
    ]
    out.append(answer(b"403 No", words.encode(), b"text/plain"))
    out.append(answer(b"404 No", b"<html>" + words.encode(), b"text/html"))
    out.append(answer(b"401 No", words.encode(), b"application/json", b"X-Request-Id: " + line))
    text = {"choices": [{"index": 0, "delta": {"content": words}}], "model": words, "id": words}
    events = [text, {"error": {"message": words, "code": words}}]
    stream = b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in events)
    out.append(answer(b"200 OK", stream, b"text/event-stream"))
    refused = {"index": 0, "delta": {"refusal": words}, "finish_reason": words}
    body = b"data: " + json.dumps({"choices": [refused]}).encode() + b"\n\ndata: [DONE]\n\n"
    out.append(answer(b"200 OK", body, b"text/event-stream"))
    return out


def test_errors_of_a_service(project: Path) -> None:
    """Whatever a server calls its refusal, the words of it are words."""
    bodies = error_bodies()
    with serving(*bodies) as address:
        environment = {"ALLOY_COMPAT_BASE_URL": f"{address}/v1"}
        argv = [ALLOY, "--model", "compat/evil"]
        with Terminal(argv, cwd=project, environment=environment) as terminal:
            terminal.wait_for("compat/evil")
            for number in range(len(bodies)):
                terminal.type(f"prompt {number}\r")
                terminal.wait_for(f"prompt {number}")
                terminal.wait_for("failed")
                terminal.type("\x1b[5~\x1b[6~")
                terminal.drain()
            terminal.type("/usage\r")
            terminal.wait_for("So far")
            terminal.escape()
            terminal.wait_gone("So far")
            terminal.type("/quit\r")
            terminal.wait_exit()
            assert_harmless(terminal)


def test_errors_on_the_command_line(project: Path) -> None:
    """`alloy run` in a terminal prints the same words as harmlessly."""
    for body in error_bodies():
        with serving(body) as address:
            environment = {"ALLOY_COMPAT_BASE_URL": f"{address}/v1"}
            argv = [ALLOY, "run", "--model", "compat/evil", "-p", "hello"]
            with Terminal(argv, cwd=project, environment=environment) as terminal:
                assert terminal.wait_exit() != 0
                assert_harmless(terminal)


@pytest.mark.parametrize(
    "words", [(), ("models",), ("doctor",)], ids=["screen", "models", "doctor"]
)
def test_names_of_models(project: Path, words: tuple[str, ...]) -> None:
    """A server's list of models is shown where models are: first screen, picker, commands."""
    names = [p.text for p in payloads() if len(p.data) < 300]
    listing = json.dumps({"models": [{"name": name, "model": name} for name in names]}).encode()
    with serving(answer(b"200 OK", listing)) as address:
        environment = {"ALLOY_OLLAMA_BASE_URL": address}
        with Terminal([ALLOY, *words], cwd=project, environment=environment) as terminal:
            if words:
                terminal.wait_exit()
            else:
                terminal.wait_for("Ollama")
                terminal.type("/model\r")
                terminal.drain()
                terminal.type("QZ\x1b[B\x1b[B")
                terminal.drain()
                terminal.escape()
                terminal.drain()
                terminal.type("/quit\r")
                terminal.wait_exit()
            assert "QZ" in terminal.record.decode(errors="replace")
            assert_harmless(terminal)


def test_text_of_the_model_on_the_command_line(project: Path, scripted: Callable[..., str]) -> None:
    """`alloy run` whose output is a terminal disarms text, thoughts and tool output."""
    everything = "\n".join(p.text for p in payloads())
    (project / "hostile.txt").write_bytes(b"\n".join(p.data for p in payloads()))
    calls = [
        {"tool_calls": [{"name": "bash", "arguments": {"command": "cat hostile.txt"}}]},
        {"text": everything, "thinking": everything, "chunk": 5},
    ]
    argv = [sys.executable, "-m", "alloy_tui", "run", "--model", scripted(calls)]
    with Terminal([*argv, "--approve", "all", "-p", "go"], cwd=project) as terminal:
        assert terminal.wait_exit(60) == 0
        assert_harmless(terminal)
