"""The façade: the engine as every face of the program sees it.

Owns the engine's thread and the mailbox. Making a `Runtime` imports neither
agents nor HTTP: that happens on the engine's thread after `start`, while a
screen is already drawn. Commands given before the engine is ready wait, in order.
"""

from __future__ import annotations

import logging
import shutil
import uuid
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from alloy_tui.domain.errors import AlloyError
from alloy_tui.domain.events import VERSION, Decision, Envelope, Lane, Notice
from alloy_tui.domain.messages import ChatMessage
from alloy_tui.runtime.engine_thread import EngineThread
from alloy_tui.runtime.mailbox import EventMailbox
from alloy_tui.runtime.model_choice import DEMO_MODEL
from alloy_tui.runtime.model_face import ProvidersFace
from alloy_tui.runtime.plan import Plan, Snapshot, scratch_folder
from alloy_tui.runtime.port import ApprovalMode, ModelChoice, QueuedItem, UsageView
from alloy_tui.runtime.project import Project
from alloy_tui.runtime.session_faces import LibraryFace, TreeFace
from alloy_tui.runtime.team_face import TeamFace

if TYPE_CHECKING:
    from alloy_tui.runtime.engine import Engine

_log = logging.getLogger(__name__)


class Runtime:
    """Fills `RuntimePort` over one agent; every method may be called from any thread."""

    def __init__(self, plan: Plan, *, mailbox: EventMailbox | None = None) -> None:
        self._plan = plan
        self._mailbox = EventMailbox() if mailbox is None else mailbox
        self._thread = EngineThread()
        self._engine: Engine | None = None
        self._failure: AlloyError | None = None
        self._early: list[Callable[[Engine], None]] = []
        self._closed = False
        scratch = str(scratch_folder()) if plan.demo else None
        self._first = Snapshot(
            choice=_before_choosing(plan),
            model=DEMO_MODEL if plan.demo else plan.asked_model or plan.settings.model or "",
            cwd=scratch or plan.cwd,
            scratch=scratch,
        )
        self._project = Project(lambda: self._snapshot.cwd, self._give)
        self._tree = TreeFace(self._give, self._look, lambda: self._engine)
        self._library = LibraryFace(self._give)
        self._providers = ProvidersFace(self._give, lambda: self._engine)
        self._team = TeamFace(self._give, lambda: self._engine)

    def start(self) -> None:
        """Start the engine thread; returns before it is ready."""
        self._thread.start()
        self._thread.submit(self._run())

    def drain(self, max_chars: int = 4096) -> Sequence[Envelope]:
        """Take what has happened, in order; at most `max_chars` of text."""
        return self._mailbox.drain(max_chars)

    def on_ring(self, ring: Callable[[], None] | None) -> None:
        """Set who is called, from the engine thread, when the channel becomes busy."""
        self._mailbox.on_ring(ring)

    def submit(self, text: str, *, lane: Lane = "prompt", attachments: Sequence[str] = ()) -> str:
        """Send a message; what becomes of it comes back as events with this request id."""
        made, paths = uuid.uuid4().hex, tuple(attachments)
        self._give(lambda engine: lambda: engine.submit(made, text, lane, paths), made)
        return made

    def move(self, request_id: str, lane: Lane, position: int) -> None:
        """Give a waiting request another place; nothing happens if it waits no more."""
        self._give(lambda engine: lambda: engine.move(request_id, lane, position))

    def withdraw(self, request_id: str) -> None:
        """Take a waiting request back."""
        self._give(lambda engine: lambda: engine.withdraw(request_id))

    def cancel(self, request_id: str | None = None) -> None:
        """Cancel that request, or the one that runs; nothing happens if there is none."""
        self._give(lambda engine: lambda: engine.cancel(request_id))

    def answer_approval(
        self, approval_id: str, decision: Decision, feedback: str | None = None
    ) -> None:
        """Answer a waiting approval; a stale id is ignored."""
        self._give(lambda engine: lambda: engine.answer(approval_id, decision, feedback))

    def set_model(self, model: str) -> None:
        """Switch models; `model_changed` or an error `notice` follows."""
        self._give(lambda engine: lambda: engine.set_model(model))

    def set_approval_mode(self, mode: ApprovalMode) -> None:
        """Change what runs without asking."""
        self._give(lambda engine: lambda: engine.set_mode(mode))

    def reset(self) -> None:
        """Begin a new session; what runs and waits is cancelled; `history_reset` follows."""
        self._library.new()

    def history(self) -> tuple[ChatMessage, ...]:
        """The conversation as of now."""
        agent = self._engine.agent if self._engine is not None else None
        return agent.messages if agent is not None else ()

    def queued(self) -> tuple[QueuedItem, ...]:
        """What waits, in order."""
        return self._snapshot.queued

    def usage(self) -> UsageView:
        """Totals as of now."""
        return self._snapshot.usage

    def models(self) -> tuple[str, ...]:
        """The current model, then others within reach."""
        now = self._snapshot
        return now.models or ((now.model,) if now.model else ())

    @property
    def model(self) -> str:
        """The model that answers now; "" while one is looked for."""
        return self._snapshot.model

    @property
    def choice(self) -> ModelChoice:
        """How the model was chosen; provisional until the first `agent_started`."""
        return self._snapshot.choice

    @property
    def cwd(self) -> str:
        """The folder that the tools work in; in the demo a scratch folder."""
        return self._snapshot.cwd

    @property
    def project(self) -> Project:
        """The folder's files, and the user's own commands in it."""
        return self._project

    @property
    def team(self) -> TeamFace:
        """Everything that runs."""
        return self._team

    @property
    def tree(self) -> TreeFace:
        """The conversation on screen as a tree."""
        return self._tree

    @property
    def library(self) -> LibraryFace:
        """All sessions there are."""
        return self._library

    @property
    def providers(self) -> ProvidersFace:
        """Models and services, the thinking level, and what was spent."""
        return self._providers

    def refusal(self, request_id: str) -> AlloyError | None:
        """Why a submitted request was not taken, if it was not."""
        if self._engine is None:
            return self._failure
        return self._engine.refusals.get(request_id)

    def close(self, timeout_s: float = 2.0) -> None:
        """Stop everything within `timeout_s` seconds, children included; safe to call twice."""
        if self._closed:
            return
        self._closed = True
        # Producers that wait for room must not keep their runs from ending.
        engine, self._early = self._engine, []
        grace_s = timeout_s / 2

        async def goodbye() -> None:
            if engine is not None:
                await engine.stop(grace_s)

        self._project.close()
        self._thread.stop(timeout_s, first=goodbye)
        self._mailbox.close()
        scratch = self._snapshot.scratch
        if scratch is not None:
            shutil.rmtree(scratch, ignore_errors=True)

    @property
    def complaints(self) -> tuple[str, ...]:
        """What a person should know when all is over, such as a script not played to its end."""
        return self._engine.complaints() if self._engine is not None else ()

    @property
    def stuck(self) -> bool:
        """Whether something still blocks the engine's thread after `close`."""
        return self._closed and self._thread.alive

    @property
    def _snapshot(self) -> Snapshot:
        return self._engine.snapshot if self._engine is not None else self._first

    async def _run(self) -> None:
        try:
            # Here, on the engine's thread: this brings the agent and the providers.
            from alloy_tui.runtime.engine import Engine

            engine = Engine(self._plan, self._mailbox, self._first)
        except Exception as error:  # noqa: BLE001 -- who waits for an answer must not wait for ever
            self._failure = _told(error)
            self._mailbox.put(_failed(self._failure))
            return
        self._engine = engine
        for early in self._early:
            early(engine)
        self._early.clear()
        await engine.run()

    def _give(
        self,
        make: Callable[[Engine], Callable[[], object]],
        request_id: str | None = None,
    ) -> None:
        def hand_over(engine: Engine) -> None:
            engine.give(make(engine), request_id)

        self._on_the_loop(hand_over)

    def _look(self, make: Callable[[Engine], Callable[[], object]]) -> None:
        """Ask about the session on screen, which is there before there is a model."""

        def hand_over(engine: Engine) -> None:
            if engine.begun:
                engine.give(make(engine))
            else:
                make(engine)()

        self._on_the_loop(hand_over)

    def _on_the_loop(self, hand_over: Callable[[Engine], None]) -> None:

        def on_the_loop() -> None:
            if self._engine is not None:
                hand_over(self._engine)
            else:
                self._early.append(hand_over)

        self._thread.call(on_the_loop)


def _told(error: Exception) -> AlloyError:
    if isinstance(error, AlloyError):
        return error
    _log.error("The engine did not start", exc_info=error)
    words = f"The engine did not start: {type(error).__name__}: {error}."
    return AlloyError(words, hint="Is Alloy installed whole? See `alloy doctor`.")


def _failed(error: AlloyError) -> Envelope:
    words = f"{error.message} {error.hint or ''}".strip()
    return Envelope(VERSION, 0, "agent", None, 0, 0, Notice("error", words))


def _before_choosing(plan: Plan) -> ModelChoice:
    if plan.demo:
        reason = "You asked for the demo."
        return ModelChoice(DEMO_MODEL, "demo", (), reason, "Start without --demo.")
    known = plan.asked_model or plan.settings.model or ""
    return ModelChoice(known, "remote", (), "", "")
