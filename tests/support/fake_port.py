"""A `RuntimePort` that records what the screen asks and says what the test feeds it.

A peer at the protocol's boundary: it runs nothing and answers nothing by itself.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence

from alloy_tui.domain import fuzzy
from alloy_tui.domain.events import Decision, Envelope, Lane, TextDelta, ThinkingDelta
from alloy_tui.domain.messages import ChatMessage
from alloy_tui.domain.usage import ZERO
from alloy_tui.runtime.port import (
    ApprovalMode,
    FoundFile,
    FoundFiles,
    GitState,
    ModelChoice,
    QueuedItem,
    UsageView,
)
from tests.support.fake_models import FakeProviders
from tests.support.fake_sessions import FakeLibrary, FakeTree
from tests.support.fake_team import FakeTeam

CHOICE = ModelChoice(
    model="scripted/tour",
    kind="remote",
    found=(),
    reason="",
    how_to_change="",
)


class FakeProject:
    """Answers from `files` at once, and records commands with the port."""

    def __init__(self, ask: Callable[..., None]) -> None:
        self._ask = ask
        self._commands = 0
        self.files: tuple[str, ...] = ()
        self.settled = True
        self.git: GitState | None = None

    def find_files(self, query: str, limit: int, then: Callable[[FoundFiles], object]) -> None:
        self._ask("find_files", query)
        found = fuzzy.rank(query, self.files, limit)
        matches = (fuzzy.match(query, path) for path in found)
        files = (FoundFile(p, m.places if m else ()) for p, m in zip(found, matches, strict=True))
        then(FoundFiles(query, tuple(files), self.settled))

    def git_state(self, then: Callable[[GitState | None], object]) -> None:
        then(self.git)

    def run_command(self, command: str, *, private: bool) -> str:
        self._commands += 1
        self._ask("run_command", command, private)
        return f"own-{self._commands}"

    def stop_command(self, command_id: str) -> None:
        self._ask("stop_command", command_id)


class FakePort:
    """Feed it envelopes; read `asked` for what the screen wanted, in order."""

    def __init__(self, choice: ModelChoice = CHOICE, cwd: str = "/home/ada/src/shop") -> None:
        self.asked: list[tuple[object, ...]] = []
        self.drains = 0
        self._waiting: deque[Envelope] = deque()
        self._ring: Callable[[], None] | None = None
        self._lock = threading.Lock()
        self._choice = choice
        self._cwd = cwd
        self.messages: tuple[ChatMessage, ...] = ()
        self.model_names: tuple[str, ...] = (
            "anthropic/claude-sonnet-5",
            "anthropic/claude-opus-5",
            "openai/gpt-6",
            "scripted/tour",
        )
        self.totals = UsageView(ZERO, {}, None, None, None)
        self._project = FakeProject(self._ask)
        self._tree = FakeTree(self._ask)
        self._library = FakeLibrary(self._ask)
        self._providers = FakeProviders(self._ask)
        self._team = FakeTeam(self._ask)
        self._submitted = 0
        self._settled = True
        self._idle: asyncio.Event | None = None
        self._awaited: tuple[str, asyncio.Event] | None = None

    def feed(self, *envelopes: Envelope) -> None:
        """Let these happen; rings if the channel was quiet."""
        with self._lock:
            quiet = not self._waiting
            self._waiting.extend(envelopes)
            self._settled = False
            ring = self._ring
        if quiet and ring is not None:
            ring()

    async def until_quiet(self) -> None:
        """Until everything fed has been taken and found empty once more."""
        if not self._settled:
            self._idle = asyncio.Event()
            await asyncio.wait_for(self._idle.wait(), 10)

    async def until(self, verb: str) -> None:
        """Until the screen has asked for that."""
        if not self.wanted(verb):
            self._awaited = (verb, asyncio.Event())
            await asyncio.wait_for(self._awaited[1].wait(), 10)

    def _ask(self, *call: object) -> None:
        self.asked.append(call)
        if self._awaited is not None and call[0] == self._awaited[0]:
            self._awaited[1].set()

    def choose(self, choice: ModelChoice, cwd: str | None = None) -> None:
        """Let the engine have found this, as it has by its first `agent_started`."""
        self._choice = choice
        self._cwd = cwd or self._cwd

    def wanted(self, verb: str) -> list[tuple[object, ...]]:
        """The calls of that name, without it."""
        return [call[1:] for call in self.asked if call[0] == verb]

    # RuntimePort

    def start(self) -> None:
        self._ask("start")

    def drain(self, max_chars: int = 4096) -> Sequence[Envelope]:
        self.drains += 1
        out: list[Envelope] = []
        chars = 0
        with self._lock:
            while self._waiting and chars < max_chars:
                envelope = self._waiting.popleft()
                if isinstance(envelope.event, TextDelta | ThinkingDelta):
                    chars += len(envelope.event.text)
                out.append(envelope)
        if not out:
            self._settled = True
            if self._idle is not None:
                self._idle.set()
        return out

    def on_ring(self, ring: Callable[[], None] | None) -> None:
        self._ring = ring

    def submit(self, text: str, *, lane: Lane = "prompt", attachments: Sequence[str] = ()) -> str:
        self._submitted += 1
        self._ask("submit", text, lane, *attachments)
        return f"s{self._submitted}"

    def move(self, request_id: str, lane: Lane, position: int) -> None:
        self._ask("move", request_id, lane, position)

    def withdraw(self, request_id: str) -> None:
        self._ask("withdraw", request_id)

    def cancel(self, request_id: str | None = None) -> None:
        self._ask("cancel", request_id)

    def answer_approval(
        self, approval_id: str, decision: Decision, feedback: str | None = None
    ) -> None:
        self._ask("answer", approval_id, decision, feedback)

    def set_model(self, model: str) -> None:
        self._ask("set_model", model)

    def set_approval_mode(self, mode: ApprovalMode) -> None:
        self._ask("mode", mode)

    def reset(self) -> None:
        self._ask("reset")

    def history(self) -> tuple[ChatMessage, ...]:
        return self.messages

    def queued(self) -> tuple[QueuedItem, ...]:
        return ()

    def usage(self) -> UsageView:
        return self.totals

    def models(self) -> tuple[str, ...]:
        return self.model_names

    @property
    def model(self) -> str:
        return self._choice.model

    @property
    def choice(self) -> ModelChoice:
        return self._choice

    @property
    def cwd(self) -> str:
        return self._cwd

    @property
    def project(self) -> FakeProject:
        return self._project

    @property
    def team(self) -> FakeTeam:
        return self._team

    @property
    def tree(self) -> FakeTree:
        return self._tree

    @property
    def library(self) -> FakeLibrary:
        return self._library

    @property
    def providers(self) -> FakeProviders:
        return self._providers

    def close(self, timeout_s: float = 2.0) -> None:
        self._ask("close")
