"""All that has to do with sessions on the engine's loop, brought together.

Owns the parts and their order: the store, the session on screen, the agent's
journal, the files beside it, the verbs. Must not know how models are chosen.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol

from alloy_tui.agent.agent import Agent
from alloy_tui.agent.journal import NoJournal
from alloy_tui.domain.errors import AlloyError, SessionError, StoreError
from alloy_tui.domain.events import EngineEvent, Envelope, Notice, RunFinished
from alloy_tui.runtime.conversing import Conversing, model_at
from alloy_tui.runtime.file_garbage import drop_now_and_then
from alloy_tui.runtime.file_keeping import FileKeeper
from alloy_tui.runtime.grafts import Grafts
from alloy_tui.runtime.kept_files import KeptFiles
from alloy_tui.runtime.library_verbs import LibraryVerbs
from alloy_tui.runtime.plan import Plan
from alloy_tui.runtime.races import MakeRacer, Races
from alloy_tui.runtime.recording import Recorder
from alloy_tui.runtime.session_desk import SessionDesk
from alloy_tui.runtime.session_folder import keeping_folder, open_store, store_file
from alloy_tui.runtime.session_naming import find_node, find_session
from alloy_tui.runtime.tree_verbs import TreeVerbs
from alloy_tui.sessions.memory import MemoryStore
from alloy_tui.sessions.nodes import Opened
from alloy_tui.sessions.store import SessionStore


class Thinking(Protocol):
    """Who knows how hard the model thinks: what `model_desk.ModelDesk` is."""

    @property
    def effort(self) -> str | None:
        """As of now, None = as it does by itself."""
        ...

    def follow_effort(self, effort: str) -> None:
        """Think so hard because a conversation did, "" = as by itself."""
        ...


class Sessions:
    """The parts; `folder` is where sessions of this program belong, "" for none.

    `agent` is the one that talks, `switch` lets another model answer it, `make`
    makes agents that work beside it, `models` knows how hard it thinks.
    """

    def __init__(
        self,
        plan: Plan,
        *,
        name: str,
        agent: Callable[[], Agent | None],
        switch: Callable[[str], Awaitable[None]],
        folder: Callable[[], str],
        cwd: Callable[[], str],
        make: MakeRacer,
        models: Callable[[], Thinking],
        publish: Callable[[EngineEvent], object],
    ) -> None:
        self._plan = plan
        self._name = name
        self._agent = agent
        self._folder = folder
        self._publish = publish
        self.desk = SessionDesk(self._open_store, about=self._about, publish=publish)
        self._effort: Callable[[], str] = lambda: models().effort or ""
        self.recorder = Recorder(
            self.desk, agent=name, stamps=self.desk.stamps, effort=self._effort
        )
        self.conversing = Conversing(
            self.desk,
            self.recorder,
            agent=agent,
            switch=switch,
            think=lambda level: models().follow_effort(level),
            publish=publish,
        )
        self.tree = TreeVerbs(self.desk, self.recorder, self.conversing, publish)
        self.library = LibraryVerbs(
            self.desk, self.conversing, folder=folder, cwd=cwd, publish=publish
        )
        self.races = Races(self.desk, self.conversing, make, self._model)
        self.desk.leaving.append(self.races.close)
        self.grafts = Grafts(
            self.desk,
            self.conversing,
            files=lambda: self.files,
            summariser=self._summariser,
            publish=publish,
        )
        self._make = make
        self.files: KeptFiles | None = None
        self._readying: asyncio.Task[None] | None = None

    def make_ready(self, *, typing: bool = False) -> None:
        """Open the store in the background, so that the first message need not wait for it.

        A store that cannot be opened is told of when something is to be kept; one on
        a server is asked only then. One that is not there is made once somebody is `typing`.
        """
        plan = self._plan
        if not plan.interactive or plan.settings.sessions.store is not None:
            return
        wanted = typing or not plan.stored or store_file(plan.paths).exists()
        if wanted and self._readying is None:
            self._readying = asyncio.create_task(self._make_ready(), name="opening the store")

    async def _make_ready(self) -> None:
        with contextlib.suppress(AlloyError):
            await self.desk.store()
            if self.files is not None:
                self.files.keeper.make_ready()

    def keep_files(self, cwd: str) -> KeptFiles | None:
        """Let files in `cwd` come along from now on; None where nothing is kept."""
        if not self._plan.stored:
            return None
        loop, paths = asyncio.get_running_loop(), self._plan.paths

        def store() -> SessionStore:
            return asyncio.run_coroutine_threadsafe(self.desk.store(), loop).result()

        keeper = FileKeeper(
            Path(cwd),
            store,
            private=keeping_folder(paths),
            left_out=paths.folders,
            tell=lambda words: self._publish(Notice("warning", words)),
        )
        self.files = KeptFiles(self.desk, keeper, self._folder, self._publish)
        self.desk.files = self.files
        self.tree.files = self.files
        return self.files

    def following(self) -> contextlib.AbstractAsyncContextManager[None]:
        """Within it, what changes files is taken for the session's work."""
        if self.files is None:
            return contextlib.nullcontext()
        return self.files.keeper.around(sweeping=True)

    def ran(self, words: str, details: dict[str, Any]) -> None:
        """The user ran a command, and the model is about to be told of it in these words."""
        self.recorder.ran(words, details)

    async def resume(self) -> str | None:
        """Put the session of the plan on screen; tells the model that it was held with.

        Raises AlloyError where nobody could choose another one.
        """
        plan = self._plan
        if plan.session is None:
            return None
        try:
            store = await self.desk.store()
            wanted = await asyncio.to_thread(
                find_session, store, plan.session, folder=self._folder()
            )
            await self.library.open(wanted)
            if plan.node:
                await self.tree.branch(find_node(self.desk.session().tree, plan.node))
            live = self.desk.session()
            return await asyncio.to_thread(model_at, live, live.stored.leaf) or None
        except AlloyError as error:
            if not plan.interactive:
                raise
            self._publish(Notice("error", f"{error.message} {error.hint or ''}".strip()))
            return None

    async def joined(self, held_with: str | None) -> None:
        """The agent is there: it takes the session of the plan up. Raises StoreError."""
        agent, live = self._agent(), self.desk.live
        if agent is None or live is None:
            if self.files is not None:
                await self.files.finish()
            return
        if self._plan.asked_model and live.writable:
            self.recorder.switched(held_with or "", agent.model)
            await self.recorder.durable()
        if self.files is not None:
            await self.files.opened()
        await self.conversing.arrived()

    def cancel(self) -> None:
        """End what runs beside the agent that talks."""
        self.races.cancel()
        self.grafts.cancel()

    def heard(self, envelope: Envelope) -> None:
        """An event of the agent that talks; quick."""
        if isinstance(envelope.event, RunFinished) and self.files is not None:
            self.files.mark(self.desk.state.leaf)

    async def close(self) -> str:
        """Store what there is, give everything back; words about what could not be stored."""
        words = ""
        if self._readying is not None:
            await asyncio.wait({self._readying})
        await self.conversing.path.close()
        await self.library.close()
        self.cancel()
        await self.races.close()
        try:
            await self.recorder.durable()
        except AlloyError as error:
            words = f"The end of this session could not be stored: {error.message}"
        if self.files is not None:
            await self.files.close()
        used = await self.desk.close()
        plan = self._plan
        if used and plan.interactive and plan.stored:
            await asyncio.to_thread(drop_now_and_then, plan.paths)
        return words

    async def _summariser(self) -> Agent:
        agent = self._agent()
        if agent is None:
            raise SessionError("There is no model to summarise.", hint="Choose one: /model.")
        return await self._make(agent.model, name="summary", journal=NoJournal(), heard=False)

    def _open_store(self) -> SessionStore:
        """The store; called in a thread. Raises StoreError, ConfigError."""
        if not self._plan.stored:
            return MemoryStore()
        try:
            return open_store(self._plan.paths)
        except StoreError as error:
            if error.kind != "access":
                raise
            # A folder that is not ours to write to is no reason to refuse to work.
            words = f"This session will not be stored: {error.message} {error.hint or ''}"
            self._publish(Notice("warning", words.strip()))
            return MemoryStore()

    def _about(self) -> Opened:
        return Opened(
            cwd=self._folder(), agent=self._name, model=self._model(), effort=self._effort()
        )

    def _model(self) -> str:
        agent = self._agent()
        return agent.model if agent is not None else ""
