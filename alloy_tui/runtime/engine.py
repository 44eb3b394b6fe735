"""What lives on the engine's thread: the agent, its session, the order of commands.

Owns bringing them together and carrying out commands one after the other. Must not
be imported before the engine's thread runs: agents, tools and providers come
with it. Everything here belongs to the engine's loop.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

from alloy_tui.agent.agent import Agent
from alloy_tui.agent.approvals import Approvals
from alloy_tui.agent.hub import Hub
from alloy_tui.agent.journal import Journal
from alloy_tui.agent.middleware import HookContext
from alloy_tui.agent.permissions import ApprovalMode, ModePolicy
from alloy_tui.domain import events as ev
from alloy_tui.domain.errors import AlloyError, ConfigError, UnknownRequestError
from alloy_tui.domain.messages import TextBlock
from alloy_tui.domain.provider import Provider
from alloy_tui.domain.tool import Tool
from alloy_tui.providers.services import SERVICES
from alloy_tui.runtime.agent_making import AgentMaker, names_within_reach
from alloy_tui.runtime.attachments import image_at
from alloy_tui.runtime.budgets import Budgets, ledger_of
from alloy_tui.runtime.demo import DemoProvider, lay_out
from alloy_tui.runtime.file_keeping import FileKeeping
from alloy_tui.runtime.local_server import find_installed
from alloy_tui.runtime.mailbox import EventMailbox
from alloy_tui.runtime.member_making import MemberMaker
from alloy_tui.runtime.model_choice import (
    DEMO_MODEL,
    Circumstances,
    choose,
    demo_instead,
    kind_of,
)
from alloy_tui.runtime.model_desk import ModelDesk
from alloy_tui.runtime.model_sources import ModelSources
from alloy_tui.runtime.outfit import LOCAL_MODEL
from alloy_tui.runtime.own_commands import OwnCommands
from alloy_tui.runtime.performing import Performing
from alloy_tui.runtime.plan import Plan, Snapshot, scratch_folder
from alloy_tui.runtime.port import QueuedItem, UsageView
from alloy_tui.runtime.posting import posting_folder
from alloy_tui.runtime.questions import Questions
from alloy_tui.runtime.running_servers import find_running
from alloy_tui.runtime.sessions import Sessions
from alloy_tui.runtime.team_files import team_folders
from alloy_tui.runtime.team_verbs import TeamVerbs
from alloy_tui.runtime.teams import Teams
from alloy_tui.runtime.troubles import in_words, told
from alloy_tui.runtime.watching import Watching
from alloy_tui.settings.services import KEY_VARIABLES
from alloy_tui.settings.state import State

Command: TypeAlias = Callable[[], Awaitable[object] | object]

NAME = "agent"


class Engine:
    """The engine behind a `Runtime`; `snapshot` is replaced as a whole and may be read anywhere."""

    def __init__(self, plan: Plan, mailbox: EventMailbox, snapshot: Snapshot) -> None:
        self._plan = plan
        self._mailbox = mailbox
        self.snapshot = snapshot
        self.agent: Agent | None = None
        self.failure: AlloyError | None = None
        self.refusals: dict[str, AlloyError] = {}
        self._hub = Hub()
        self.watching = Watching(mailbox)
        self._hub.subscribe(self.watching.put)
        self._hub.subscribe(self._watch)
        self._state = State(plan.paths, lambda words: self._notice("warning", words))
        self._approvals = Approvals(
            policy=ModePolicy(dict(plan.settings.approvals.tools)),
            always=self._state.always_rules() if plan.interactive else (),
            remember=self._state.remember_rule,
            interactive=plan.interactive,
        )
        self._sources = ModelSources(
            plan.settings.access, lambda words: self._notice("warning", words)
        )
        self._maker = AgentMaker(plan.settings, self._sources, self._hub, mailbox)
        self.questions = Questions(lambda error: self._notice("warning", in_words(told(error))))
        self.sessions = Sessions(
            plan,
            name=NAME,
            agent=lambda: self.agent,
            switch=self._switch,
            folder=self._folder,
            cwd=lambda: self.snapshot.cwd,
            make=self._make_reader,
            models=lambda: self.models,
            publish=lambda event: self._hub.publish(NAME, None, 0, event),
        )
        self.own = OwnCommands(
            publish=lambda made, event: self._hub.publish(NAME, made, 0, event),
            agent=lambda: self.agent if self.sessions.desk.state.writable else None,
            cwd=lambda: self.snapshot.cwd,
            sessions=self.sessions,
        )
        self.models = ModelDesk(
            plan.settings,
            plan.paths,
            state=self._state,
            sources=self._sources,
            sessions=lambda: self.sessions,
            agent=lambda: self.agent,
        )
        self._maker.effort = lambda: self.models.effort
        self.teams = Teams(
            self._hub,
            self._approvals,
            self.watching,
            main=NAME,
            agent=lambda: self.agent,
            about=lambda: self.snapshot,
            folders=lambda: team_folders(Path(self.snapshot.cwd), plan.paths.config),
            make=MemberMaker(self, self._maker, self._approvals, plan.paths.data / "worktrees"),
            store=self.sessions.desk.store if plan.stored else None,
            desk=self.sessions.desk,
            mode=plan.settings.approvals.mode,
            posted=posting_folder(plan.paths),
            opened=self._outfit_anew,
        )
        self.models.others = self.teams.sessions
        self._maker.guard = Budgets(
            plan.settings.budget,
            spent=ledger_of(self.sessions.desk, self.sessions.recorder, self.teams.sessions),
            approvals=self._approvals,
            publish=self._publish_budget,
        )
        self.team = TeamVerbs(self.teams)
        self.performing = Performing(self.teams, self._hub)
        self.begun = False
        """Whether commands are carried out: a model was looked for, found or not."""
        self._unsaved = ""
        self._commands: asyncio.Queue[tuple[str | None, Command]] = asyncio.Queue()

    async def run(self) -> None:
        """Choose a model, make the agent, then carry out commands until cancelled."""
        try:
            await self._begin()
        except Exception as error:  # noqa: BLE001 -- a screen without an engine must say why
            self.failure = told(error)
            self._notice("error", in_words(self.failure))
        self.begun = True
        self.sessions.make_ready()
        while True:
            request_id, command = await self._commands.get()
            try:
                answer = command()
                if inspect.isawaitable(answer):
                    await answer
            except UnknownRequestError:
                continue  # it ended in the meantime
            except Exception as error:  # noqa: BLE001 -- the next command must still be carried out
                refused = told(error)
                if request_id is not None:
                    self.refusals[request_id] = refused
                self._notice("error", in_words(refused), request_id)

    def give(self, command: Command, request_id: str | None = None) -> None:
        """Carry out `command` after those given before; errors become notices."""
        self._commands.put_nowait((request_id, command))

    async def stop(self, grace_s: float) -> None:
        """Stop the agent and the model's server within `grace_s` seconds; close the session."""
        ends: list[Awaitable[object]] = [self.own.close(), self.questions.close()]
        if self.agent is not None:
            ends.append(self.agent.stop(grace_s / 2))
        ends += [self.teams.stop(grace_s / 2), self._sources.stop()]
        await asyncio.gather(*ends, return_exceptions=True)
        self._unsaved = await self.sessions.close()

    def complaints(self) -> tuple[str, ...]:
        """What a person should know when all is over."""
        return (*self._sources.complaints(), *((self._unsaved,) if self._unsaved else ()))

    def aside(self, work: Awaitable[object]) -> None:
        """Carry `work` out beside the commands that follow; errors become notices."""
        self.questions.ask(work, lambda _: None)

    async def submit(
        self, request_id: str, text: str, lane: ev.Lane, attachments: Sequence[str] = ()
    ) -> None:
        """Send a message with these images.

        Raises ToolError when one cannot be had, StoreError when the session on
        screen is another program's.
        """
        agent = self._ready()
        await self.sessions.conversing.awaited()
        images = [await image_at(path, self.snapshot.cwd) for path in attachments]
        prompt = [*images, TextBlock(text)] if images else text
        agent.send_message(prompt, request_id=request_id, lane=lane)

    def move(self, request_id: str, lane: ev.Lane, position: int) -> None:
        """Give a waiting request another place."""
        if self.agent is not None:
            self.agent.move(request_id, lane, position)

    def cancel(self, request_id: str | None) -> None:
        """Cancel a request; None = all that runs."""
        if request_id is None:
            self.sessions.cancel()
        if self.agent is not None:
            self.agent.cancel_request(request_id)

    def withdraw(self, request_id: str) -> None:
        """Take a waiting request back."""
        if self.agent is not None:
            self.agent.withdraw(request_id)

    def answer(self, approval_id: str, decision: ev.Decision, feedback: str | None) -> None:
        """Answer an approval."""
        self._approvals.answer(approval_id, decision, feedback)

    async def set_model(self, model: str) -> None:
        """Switch, or begin if there was no model to begin with; a person's choice is kept."""
        model = self._sources.resolve(model, self.snapshot.models)
        if self.agent is None:
            await self._make_agent(model, await self.provider(model))
            self._update(model=model)
        else:
            await self._switch(model)
        self.failure = None
        self._remember(model)

    def set_mode(self, mode: ApprovalMode) -> None:
        """What runs without asking."""
        self._ready().configure(approval_mode=mode)
        self.teams.allow(mode)

    async def _begin(self) -> None:
        held_with = await self.sessions.resume()
        try:
            await self._choose(self._plan.asked_model or held_with)
        except AlloyError:
            if not held_with or self._plan.asked_model:
                raise
            await self._choose(None)  # the session's own model is out of reach
        await self.sessions.joined(held_with)

    async def _choose(self, asked: str | None) -> None:
        """Choose a model and make the agent. Raises AlloyError."""
        plan, settings = self._plan, self._plan.settings
        choice = await choose(
            Circumstances(
                asked=asked,
                configured=settings.model,
                last=self._state.last_model(),
                demo=plan.demo,
                first_run=plan.interactive and self._state.first_run,
                usable=tuple(s for s in KEY_VARIABLES if s in SERVICES),
                access=settings.access,
                running=lambda: find_running(settings.access),
                local_model=LOCAL_MODEL if find_installed() else None,
            )
        )
        self._update(choice=choice, model=choice.model)
        try:
            provider = await self.provider(choice.model)
        except AlloyError as error:
            if choice.kind != "local" or asked or settings.model:
                raise
            choice = demo_instead(choice, in_words(error))
            self._update(choice=choice, model=choice.model)
            provider = await self.provider(choice.model)
        await self._make_agent(choice.model, provider)
        self._update(models=names_within_reach(self.snapshot.model, settings))
        if plan.asked_model is not None:
            self._remember(plan.asked_model)
        elif plan.interactive and choice.first_run:
            self._state.remember_model(None)

    async def _switch(self, model: str) -> None:
        """Let another model answer from here on. Raises ConfigError and changes nothing."""
        agent = self._ready()
        provider, before = await self.provider(model), agent.model
        await agent.set_model(provider)
        if LOCAL_MODEL in {before, model}:
            suits = self._maker.outfit(model, self.snapshot.cwd)
            agent.configure(tools=self._tools(model), system_prompt=suits.system_prompt)
        self._update(model=model)

    async def provider(self, model: str) -> str | Provider:
        """What an agent takes as its model; starts the local server when it is needed first."""
        if model == DEMO_MODEL:
            if self.snapshot.choice.kind != "demo":
                raise ConfigError(
                    "The demo works in a folder of its own.", hint="Start it as `alloy --demo`."
                )
            await asyncio.to_thread(self._prepare_demo)
            return DemoProvider()
        return await self._sources.model(model)

    def _prepare_demo(self) -> None:
        folder = Path(self.snapshot.cwd) if self._plan.demo else scratch_folder()
        if not folder.exists():  # when it is chosen a second time
            lay_out(folder)
        self._update(cwd=str(folder), scratch=str(folder))

    async def _make_agent(self, model: str, provider: str | Provider) -> None:
        files = self.sessions.keep_files(self.snapshot.cwd)
        tools = self._tools(model)
        self.agent = self._maker.make(
            model,
            provider,
            name=NAME,
            cwd=self.snapshot.cwd,
            approvals=self._approvals,
            journal=self.sessions.recorder,
            tools=tools,
            middleware=() if files is None else (FileKeeping(files.keeper),),
        )
        await self.agent.start()
        # Their schemas are worked out when first looked at: now, and not before the first request.
        asyncio.get_running_loop().call_soon(lambda: [tool.spec for tool in tools])

    async def _make_reader(
        self, model: str, *, name: str, journal: Journal, heard: bool = True
    ) -> Agent:
        return self._maker.make_reader(
            model,
            await self.provider(model),
            name=name,
            cwd=self.snapshot.cwd,
            approvals=self._approvals,
            journal=journal,
            heard=heard,
        )

    def _tools(self, model: str) -> tuple[Tool, ...]:
        tools = self.teams.leased(self.kept(self._maker.outfit(model, self.snapshot.cwd).tools))
        return tools if model == LOCAL_MODEL else (*tools, *self.teams.tools())

    def kept(self, tools: Sequence[Tool]) -> tuple[Tool, ...]:
        """The same, with the session's files coming along with what they change."""
        files = self.sessions.files
        return tuple(tools) if files is None else files.keeper.wrap(tools)

    def _outfit_anew(self) -> None:
        """A team was opened or closed: the agent's tools follow."""
        if self.agent is not None:
            self.agent.configure(tools=self._tools(self.snapshot.model))

    def _folder(self) -> str:
        """Where sessions of this program belong; the demo's folder will be gone."""
        return "" if self.snapshot.scratch is not None else self.snapshot.cwd

    def _ready(self) -> Agent:
        if self.agent is None:
            raise self.failure or ConfigError("There is no model.", hint="Choose one: /model.")
        return self.agent

    def _remember(self, model: str) -> None:
        if self._plan.interactive and kind_of(model, self._sources.access) in {"remote", "local"}:
            self._state.remember_model(model)
            self._state.remember_pick(model)

    def _watch(self, envelope: ev.Envelope) -> None:
        """Keep the snapshot in step; runs at every event, so it looks at few of them."""
        event = envelope.event
        if envelope.agent != NAME:
            return
        self.sessions.heard(envelope)
        if isinstance(event, ev.UsageUpdated):
            same = {name: getattr(event, name) for name in UsageView.__struct_fields__}
            self._update(usage=UsageView(**same))
        elif self.agent is not None and isinstance(
            event, ev.Queued | ev.Dequeued | ev.Cancelled | ev.Steered | ev.RunStarted
        ):
            waiting = self.agent.pending()
            self._update(queued=tuple(QueuedItem(w.request_id, w.lane, w.text) for w in waiting))

    def _update(self, **changes: object) -> None:
        self.snapshot = msgspec.structs.replace(self.snapshot, **changes)
        if "model" in changes and self._plan.interactive:
            self.aside(self._sources.warm(self.snapshot.model))

    def _publish_budget(self, context: HookContext, event: ev.EngineEvent) -> None:
        """On the channel that is looked at, whoever is about to spend."""
        mine = context.agent == NAME
        self._hub.publish(NAME, context.request_id if mine else None, 0, event)

    def _notice(
        self, level: Literal["warning", "error"], text: str, request_id: str | None = None
    ) -> None:
        self._hub.publish(NAME, request_id, 0, ev.Notice(level, text))
