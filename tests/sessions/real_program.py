"""The real program, killed at random moments, beside a model server that knows what it was told.

A request that reaches the server is an acknowledgement: everything in it has to
be on disk by then. The server writes down the marks of what it read (`ask-…`,
`tool-…`, `answer-…`) and when it sent which word, so that after a kill the
store can be held against it.
"""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from alloy_tui.sessions.nodes import Answer, ToolResult, UserMessage
from alloy_tui.sessions.sqlite import FILE, SqliteStore
from alloy_tui.sessions.words import words_of
from tests.support.terminal import Terminal

_MARK = re.compile(r"\b(?:ask|tool|answer)-\d+\b")
_WORD = re.compile(r"\bw(\d+)-(\d+)\b")
_WORDS, _PAUSE_S = 160, 0.02


@dataclass
class Heard:
    """What the server was told and what it said, since the store is new."""

    marks: set[str] = field(default_factory=set)
    sent: dict[tuple[int, int], float] = field(default_factory=dict)
    """When a word of an answer was sent, by the answer's number and its own; monotonic seconds."""
    requests: int = 0
    tools: int = 0


class ModelServer(ThreadingHTTPServer):
    """Chat Completions on loopback: tool calls and slow answers by turns."""

    daemon_threads = True

    def __init__(self, model: type[Answering] | None = None) -> None:
        super().__init__(("127.0.0.1", 0), model or Answering)
        self.heard = Heard()
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        """What the settings call its base URL."""
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class Answering(BaseHTTPRequestHandler):
    """The model: calls a tool, or says many words slowly."""

    server: ModelServer

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base's name
        """Nothing."""

    def do_GET(self) -> None:
        """A list of models."""
        self._head("application/json")
        self.wfile.write(b'{"data": [{"id": "m"}]}')

    def do_POST(self) -> None:
        """An answer, or a call of a tool."""
        length = int(self.headers["Content-Length"])
        body = self.rfile.read(length)
        if len(body) < length:
            return  # it was killed while it asked: that is no acknowledgement
        server, heard = self.server, self.server.heard
        with server.lock:
            messages = json.loads(body)["messages"]
            heard.marks.update(mark for message in messages for mark in _said(message))
            heard.requests += 1
            number = heard.requests
        self._head("text/event-stream")
        try:
            self.answer(number, messages)
        except OSError:
            return  # it was killed

    def answer(self, number: int, messages: list[dict[str, Any]]) -> None:
        """The answer to the request of that number."""
        heard = self.server.heard
        if messages[-1]["role"] == "user" and number % 2 == 1:
            with self.server.lock:
                heard.tools += 1
                tool = heard.tools
            self.call("bash", command=f"sleep 0.{tool % 4}; echo tool-{tool}")
            return
        self._chunk({"content": f"answer-{number}"})
        for word in range(_WORDS):
            heard.sent[number, word] = time.monotonic()
            self._chunk({"content": f" w{number}-{word}"})
            time.sleep(_PAUSE_S)  # the pace of a model, not a wait for anything
        self._chunk({}, "stop")

    def call(self, name: str, **arguments: str) -> None:
        """A call of a tool, and nothing else."""
        function = {"name": name, "arguments": json.dumps(arguments)}
        call = {"index": 0, "id": f"c{self.server.heard.requests}", "type": "function"}
        self._chunk({"tool_calls": [{**call, "function": function}]})
        self._chunk({}, "tool_calls")

    def say(self, text: str) -> None:
        """An answer in one piece."""
        self._chunk({"content": text}, "stop")

    def _head(self, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Connection", "close")
        self.end_headers()

    def _chunk(self, delta: dict[str, Any], finish: str | None = None) -> None:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        self.wfile.write(f"data: {json.dumps({'id': 'x', 'choices': [choice]})}\n\n".encode())
        if finish:
            self.wfile.write(b"data: [DONE]\n\n")
        self.wfile.flush()


def _said(message: dict[str, Any]) -> list[str]:
    """The marks of what a message itself says: not of the calls in it, whose results may be cut."""
    kind = {"user": "ask", "tool": "tool", "assistant": "answer"}.get(message["role"], "none")
    text = json.dumps(message.get("content"))
    return [mark for mark in _MARK.findall(text) if mark.startswith(kind)]


@dataclass
class Toll:
    """What the kills found."""

    kills: int = 0
    ended: int = 0
    """Lives that came to their end before they could be killed."""
    acknowledged: int = 0
    sessions: int = 0
    cut_answers: int = 0
    lost_s: list[float] = field(default_factory=list)
    """For each answer that was cut: how old the oldest of its words was that are lost."""


class Killer:
    """Lives of the program on one store, each ended by a kill."""

    def __init__(self, server: ModelServer, folder: Path, rng: random.Random, toll: Toll) -> None:
        self.server, self.rng, self.toll = server, rng, toll
        self.home, self.work = folder / "home", folder / "work"
        self.store = self.home / "data" / "sessions"
        self.count = self._answered = 0  # the server may go on for a while to tell the dead
        self._cut: set[int] = set()
        server.heard = Heard()
        self.work.mkdir(parents=True)
        config = self.home / "config"
        config.mkdir(parents=True)
        (config / "config.toml").write_text('model = "compat/m"\n[approvals]\nmode = "all"\n')
        self.environment = {
            **os.environ,
            "ALLOY_HOME": str(self.home),
            "ALLOY_COMPAT_BASE_URL": server.url,
            "TEXTUAL_ANIMATIONS": "none",
        }

    def life(self, *, screen: bool, longest_s: float) -> None:
        """One life, and the check after it."""
        self.count += 1
        until = time.monotonic() + self.rng.uniform(0.1, longest_s)
        self._check(self._on_screen(until) if screen else self._headless(until))

    def _headless(self, until: float) -> float:
        """One life of `alloy run`; when it was killed, or ended."""
        arguments = ["run", "-p", f"ask-{self.count}", "--json", "--approve", "all"]
        if (self.store / FILE).exists() and self._sessions():
            arguments += self.rng.choice(([], ["--session", "latest"], self._branch()))
        with subprocess.Popen(
            [sys.executable, "-m", "alloy_tui", *arguments],
            cwd=self.work,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        ) as process:
            try:
                _, errors = process.communicate(timeout=max(0.01, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                killed_at = time.monotonic()
                os.killpg(process.pid, signal.SIGKILL)
                self.toll.kills += 1
                return killed_at
        assert process.returncode == 0, errors.decode(errors="replace")[-2000:]
        self.toll.ended += 1
        return time.monotonic()

    def _branch(self) -> list[str]:
        """Arguments that go on from an old message of the latest session."""
        store = SqliteStore(self.store)
        try:
            latest = store.sessions()[0].id
            nodes = store.tree(latest).of_kind("user")
        finally:
            store.close()
        if not nodes:
            return []
        return ["--session", latest, "--branch-from", self.rng.choice(nodes)]

    def _sessions(self) -> int:
        store = SqliteStore(self.store)
        try:
            return len(store.sessions())
        finally:
            store.close()

    def _on_screen(self, until: float) -> float:
        """One life of the full screen; when it was killed."""
        argv = [sys.executable, "-m", "alloy_tui", "--continue"]
        with Terminal(argv, cwd=self.work, environment=self.environment) as terminal:
            keys = iter(f"ask-{self.count}\r/rewind\r")
            while time.monotonic() < until:
                if terminal.process.poll() is not None or not terminal.pump(0.03):
                    raise AssertionError(f"it ended by itself\n{terminal.text()}")
                if "compat/m" in terminal.text():  # its status line: keys are heard from here on
                    terminal.type(next(keys, ""))
            killed_at = time.monotonic()
            os.killpg(terminal.process.pid, signal.SIGKILL)
        self.toll.kills += 1
        return killed_at

    def _check(self, killed_at: float) -> None:
        """Hold the store against what the server heard. Raises AssertionError."""
        heard = self.server.heard
        if not (self.store / FILE).exists():
            assert not heard.marks
            return
        with self.server.lock:
            marks, sent = set(heard.marks), dict(heard.sent)
        store = SqliteStore(self.store)
        try:
            assert store.kept is None, "a kill was taken for damage"
            found: Counter[str] = Counter()
            words: set[tuple[int, int]] = set()
            cut: set[int] = set()
            for info in store.sessions():
                claim = store.claim(info.id).result()
                assert claim.token is not None, "the dead still own the session"
                store.release(claim.token).result()
                tree = store.tree(info.id)
                for entry in store.read(info.id, tree.ids()):
                    node = entry.node
                    if isinstance(node, UserMessage | ToolResult | Answer):
                        text = words_of(node)
                        kind = {"user": "ask", "answer": "answer"}.get(node.kind, "tool")
                        own = (m for m in _MARK.findall(text) if m.startswith(kind))
                        found.update(set(own))
                        words.update((int(a), int(b)) for a, b in _WORD.findall(text))
                    if isinstance(node, Answer) and node.message.incomplete == "interrupted":
                        cut.update(int(m[7:]) for m in _MARK.findall(words_of(node)))
            self.toll.sessions = len(store.sessions())
        finally:
            store.close()
        lost = {m for m in marks if m not in found}
        assert not lost, f"lost: {sorted(lost)}"
        twice = {m for m, n in found.items() if n > 1}
        assert not twice, f"twice: {sorted(twice)}"
        self.toll.acknowledged += len(marks)
        self._count_words(killed_at, words, sent)
        self.toll.cut_answers += len(cut - self._cut)
        self._cut |= cut
        heard.sent = {}
        heard.marks = set()
        self._answered = heard.requests

    def _count_words(
        self, killed_at: float, words: set[tuple[int, int]], sent: dict[tuple[int, int], float]
    ) -> None:
        """How much of each answer of this life is lost, in time."""
        for number in {a for a, _ in sent if a > self._answered}:
            gone = [t for (a, b), t in sent.items() if a == number and (a, b) not in words]
            before = [t for t in gone if t < killed_at]
            if before:
                self.toll.lost_s.append(killed_at - min(before))


@contextmanager
def model_server(model: type[Answering] | None = None) -> Iterator[ModelServer]:
    """A server for the block."""
    server = ModelServer(model)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def kill_program(
    folder: Path, lives: int, rng: random.Random, *, longest_s: float = 4.0, fresh_every: int = 20
) -> Toll:
    """Kill the program so often, a quarter of the lives on a screen. Raises AssertionError."""
    toll = Toll()
    with model_server() as server:
        killer = None
        for number in range(lives):
            if killer is None or number % fresh_every == 0:
                killer = Killer(server, folder / str(number), rng, toll)
            killer.life(screen=number % 4 == 3, longest_s=longest_s)
    return toll
