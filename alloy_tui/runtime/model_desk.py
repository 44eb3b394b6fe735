"""What the engine knows for `ProvidersPort`: rows of models, keys, the thinking level, spending.

Owns bringing the catalogue, the settings, what services list and what a person
keeps at hand together. Belongs to the engine's loop; must not know the order of
commands.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import cast, get_args

import msgspec

from alloy_tui.agent.agent import Agent
from alloy_tui.domain.access import ServiceAccess
from alloy_tui.domain.errors import AlloyError
from alloy_tui.domain.models import ModelInfo, ModelRef
from alloy_tui.domain.provider import Effort
from alloy_tui.domain.secret import Secret
from alloy_tui.providers.catalogue import catalogue, known_models, model_info
from alloy_tui.providers.discovery import list_models
from alloy_tui.providers.resolving import missing
from alloy_tui.providers.services import SERVICES, find_service
from alloy_tui.runtime.local_server import find_installed
from alloy_tui.runtime.model_port import ModelList, ModelRow, SpentView
from alloy_tui.runtime.model_sources import ModelSources
from alloy_tui.runtime.outfit import LOCAL_MODEL
from alloy_tui.runtime.running_servers import find_running
from alloy_tui.runtime.sessions import Sessions
from alloy_tui.runtime.spending import spent_view
from alloy_tui.sessions.store import Spent
from alloy_tui.settings.key_store import store_key
from alloy_tui.settings.paths import Paths
from alloy_tui.settings.schema import Settings
from alloy_tui.settings.services import KEY_VARIABLES
from alloy_tui.settings.state import State

_OWN = "local"
_VARIABLE = "environment variable"
_LABELS = {
    "local": "This machine",
    "compat": "Your server",
    "compat-responses": "Your server",
    "compat-anthropic": "Your server",
}
_USUAL: tuple[Effort, ...] = ("none", "low", "medium", "high")
"""What is offered where nothing is known of a model."""


class ModelDesk:
    """Answers for one engine; `agent` is the one that talks."""

    def __init__(
        self,
        settings: Settings,
        paths: Paths,
        *,
        state: State,
        sources: ModelSources,
        sessions: Callable[[], Sessions],
        agent: Callable[[], Agent | None],
    ) -> None:
        self._settings = settings
        self._paths = paths
        self._state = state
        self._sources = sources
        self._sessions = sessions
        self._agent = agent
        self._listed: dict[str, tuple[str, ...]] = {}
        self._began_ms = time.time_ns() // 1_000_000
        self.others: Callable[[], Awaitable[Sequence[str]]] = _nobody
        """Sessions of agents that work for the one on screen."""
        self.effort: Effort | None = settings.effort
        remembered = state.picks().effort
        if remembered == "" or remembered in get_args(Effort):
            self.effort = cast("Effort", remembered) if remembered else None

    # -- thinking ---------------------------------------------------------------------------

    def efforts(self, model: str) -> tuple[Effort, ...]:
        """The words that `model` knows, least first; () when it does not think."""
        service, _, name = model.partition("/")
        if not name or service in {"scripted", "demo"} or model == LOCAL_MODEL:
            return ()
        can = self._info(ModelRef(service, name)).capabilities
        if can.thinking == "none":
            return ()
        if not can.efforts:
            return _USUAL
        known = cast("tuple[Effort, ...]", can.efforts)
        # What is given a number of tokens, or finds its own measure, can be told not to.
        silent = can.thinking in {"budget", "adaptive"} and "none" not in known
        return ("none", *known) if silent else known

    def set_effort(self, effort: Effort | None) -> None:
        """Think so hard from the next turn on; that is remembered."""
        self._state.remember_effort(effort)
        self._think(effort)

    def follow_effort(self, effort: str) -> None:
        """Think so hard because the conversation on screen did, "" = as by itself."""
        if effort == "" or effort in get_args(Effort):
            self._think(cast("Effort", effort) if effort else None)

    def _think(self, effort: Effort | None) -> None:
        self.effort = effort
        agent = self._agent()
        if agent is not None:
            agent.configure(effort=effort)

    # -- models -----------------------------------------------------------------------------

    async def models(self, *, live: bool) -> ModelList:
        """Every row; `live` asks all services within reach for their lists first."""
        problems = await self._ask_all() if live else ()
        return ModelList(await asyncio.to_thread(self._rows), problems)

    def set_favourite(self, model: str, *, on: bool) -> None:
        """Keep it at hand, or no more."""
        self._state.remember_favourite(model, on=on)

    async def set_key(self, service: str, key: Secret) -> str:
        """Use and keep a key; where it is kept, in words. Raises ConfigError."""
        before = self._sources.access(service).key_source or ""
        where = await asyncio.to_thread(store_key, self._paths, service, key)
        self._sources.use_key(service, key, where)
        agent = self._agent()
        if agent is not None and agent.model.partition("/")[0] == service:
            await agent.set_model(agent.model)  # what was made with the old key goes
        if before.startswith(_VARIABLE):
            return f"{where}; the {before} goes before it at the next start"
        return where

    def _rows(self) -> tuple[ModelRow, ...]:
        picks = self._state.picks()
        recent = {name: number for number, name in enumerate(picks.recent, 1)}
        aliases = _aliases()
        rows: list[ModelRow] = []
        for service in self._services():
            needs = self._needs(service)
            plain = ModelRow(
                name=f"{service}/",
                service=self._label(service),
                missing=needs,
                takes_key=_takes_key(service, self._sources.access(service)),
            )
            names = self._names(service, (*picks.recent, *picks.favourites))
            if needs and not names:
                rows.append(plain)
            for name in names:
                full, info = f"{service}/{name}", self._info(ModelRef(service, name))
                rows.append(
                    msgspec.structs.replace(
                        plain,
                        name=full,
                        label=info.label or "",
                        aliases=tuple(aliases.get(full, ())),
                        context_window=info.context_window,
                        price_in=info.price.input,
                        price_out=info.price.output,
                        capabilities=info.capabilities,
                        favourite=full in picks.favourites,
                        recent=recent.get(full),
                        listed=name in self._listed.get(service, ()),
                    )
                )
        return tuple(rows)

    def _label(self, service: str) -> str:
        return _LABELS.get(service) or find_service(service, self._sources.access(service)).label

    def _needs(self, service: str) -> str:
        return missing(service, self._sources.access(service)) or ""

    def _services(self) -> list[str]:
        own = [name for name in self._settings.services if name not in SERVICES]
        return list(dict.fromkeys([*KEY_VARIABLES, *SERVICES, *own]))

    def _names(self, service: str, kept: Iterable[str]) -> list[str]:
        """Names of `service`, those of the catalogue first."""
        known = [ref.model for ref in known_models(service)]
        own = [LOCAL_MODEL.partition("/")[2]] if service == _OWN and find_installed() else []
        said = list(self._settings.access(service).models)
        chosen = [name.partition("/")[2] for name in kept if name.startswith(f"{service}/")]
        return list(dict.fromkeys([*known, *own, *said, *chosen, *self._listed.get(service, ())]))

    def _info(self, ref: ModelRef) -> ModelInfo:
        return model_info(ref, self._settings.access(ref.service).models.get(ref.model))

    async def _ask_all(self) -> tuple[str, ...]:
        """Ask every service within reach; sentences about those that did not answer."""
        ready = [name for name in self._services() if self._can_list(name)]
        answers = await asyncio.gather(*(self._ask(name) for name in ready), self._find_running())
        return tuple(words for words in answers if words)

    def _can_list(self, service: str) -> bool:
        access = self._sources.access(service)
        if self._needs(service) or not (access.api_key or access.base_url):
            return False
        return find_service(service, access).auth != "aws"

    async def _ask(self, service: str) -> str:
        try:
            self._listed[service] = await list_models(service, self._sources.access)
        except AlloyError as error:
            return f"{self._label(service)}: {error.message}"
        return ""

    async def _find_running(self) -> str:
        for server in await find_running(self._sources.access):
            for model in server.models:
                service, _, name = model.partition("/")
                before = self._listed.get(service, ())
                self._listed[service] = tuple(dict.fromkeys((*before, name)))
        return ""

    # -- money ------------------------------------------------------------------------------

    async def spent(self) -> SpentView:
        """What was spent here and today, and how full the window is. Raises StoreError."""
        desk = self._sessions().desk
        store, session = await desk.store(), desk.state.id
        midnight = time.mktime((*time.localtime()[:3], 0, 0, 0, 0, 0, -1))
        day = await asyncio.to_thread(store.spent, since_ms=int(midnight * 1000))
        others = await self.others()

        def look() -> tuple[list[Spent], list[Spent]]:
            here = store.spent(session=session) if session else ()
            return [*here], [one for each in others for one in store.spent(session=each)]

        here, team = await asyncio.to_thread(look)
        agent = self._agent()
        context = await agent.count_tokens() if agent is not None and agent.messages else None
        view = spent_view(here, day, self._settings.budget, team=team, since_ms=self._began_ms)
        return msgspec.structs.replace(view, context=context)


async def _nobody() -> Sequence[str]:
    return ()


def _aliases() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for alias, names in catalogue().aliases.items():
        for name in names:
            found.setdefault(name, []).append(alias)
    return found


def _takes_key(service: str, access: ServiceAccess) -> bool:
    return bool(find_service(service, access).key_variables) or service not in SERVICES
