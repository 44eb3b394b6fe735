"""Providers by name, together with what they need first: the local model's server, a script.

Owns that server and the providers made here. Must not know of agents or of how
a model was chosen. Belongs to the engine's loop.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing

import msgspec

from alloy_tui.domain.access import AccessLookup, ServiceAccess
from alloy_tui.domain.errors import ConfigError
from alloy_tui.domain.models import ModelInfo, ModelRef
from alloy_tui.domain.provider import CompletionRequest, Provider, StreamPart
from alloy_tui.domain.secret import Secret
from alloy_tui.providers import registry
from alloy_tui.providers.catalogue import model_info
from alloy_tui.providers.scripted import ScriptedProvider
from alloy_tui.runtime.local_server import Endpoint, LocalServer, find_installed
from alloy_tui.runtime.model_choice import LOCAL_SERVICE
from alloy_tui.runtime.outfit import LOCAL_MODEL

_log = logging.getLogger(__name__)


class ModelSources:
    """Where the models of one engine come from; `configured` is what the settings know."""

    def __init__(self, configured: AccessLookup) -> None:
        self._configured = configured
        self._keys: dict[str, tuple[Secret, str]] = {}
        self._server: LocalServer | None = None
        self._endpoint: Endpoint | None = None
        self._scripts: list[ScriptedProvider] = []
        self._made: list[Provider] = []

    def use_key(self, service: str, key: Secret, source: str) -> None:
        """Use `key` for `service` from now on; `source` says where it is kept."""
        self._keys[service] = (key, source)

    def access(self, service: str) -> ServiceAccess:
        """How to reach `service`, the server started here and keys given since included."""
        given = self._configured(service)
        if service in self._keys:
            key, source = self._keys[service]
            given = msgspec.structs.replace(given, api_key=key, key_source=source)
        if service == LOCAL_SERVICE and given.base_url is None and self._endpoint is not None:
            return msgspec.structs.replace(
                given, base_url=self._endpoint.base_url, api_key=self._endpoint.api_key
            )
        return given

    def resolve(self, name: str, known: Sequence[str] = ()) -> str:
        """The full name of what a person calls `name`; `known` are names that servers listed.

        Raises ConfigError: no such model, several, or none within reach.
        """
        return str(registry.resolve(name, self.access, known))

    async def model(self, name: str) -> str | Provider:
        """What an agent takes as its model; the local server is started when it is needed.

        Raises ConfigError for a bad script and ProviderError when the server does not start.
        """
        if self._is_ours(name):
            await self._serve()
        elif name.startswith("scripted/"):
            script = registry.create(name, self._configured)
            assert isinstance(script, ScriptedProvider)
            self._scripts.append(script)
            return script
        return name

    def fallbacks(self, names: Sequence[str]) -> list[Provider]:
        """Providers that may never be asked: nothing is started before one is.

        Raises ConfigError, saying that a fallback is meant.
        """
        made: list[Provider] = []
        for name in names:
            try:
                made.append(self._fallback(name))
            except ConfigError as error:
                words = f"The fallback {name} cannot be used: {error.message}"
                raise ConfigError(words, hint=error.hint) from None
        self._made += made
        return made

    def complaints(self) -> tuple[str, ...]:
        """Sentences about scripts that have replies left which no request has taken."""
        return tuple(
            f"The script {script.ref.model} was not played to its end: replies left: {len(left)}, "
            f"requests that came: {len(script.requests)}."
            for script in self._scripts
            if (left := script.unconsumed())
        )

    async def stop(self) -> None:
        """End the server and close what was made here."""
        if self._server is not None:
            await self._server.stop()
        for provider in self._made:
            try:
                await provider.aclose()
            except Exception:  # noqa: BLE001 -- it is going anyway
                _log.exception("%s could not be closed", provider.ref)

    def _fallback(self, name: str) -> Provider:
        if not self._is_ours(name):
            return registry.create(name, self.access)
        if find_installed() is None:
            raise ConfigError(
                "its packages are not installed.", hint="Install the extra: alloy-tui[local]."
            )
        return OnDemand(model_info(ModelRef.parse(name)), self._local)

    def _is_ours(self, name: str) -> bool:
        return name == LOCAL_MODEL and not self._configured(LOCAL_SERVICE).base_url

    async def _serve(self) -> None:
        if self._server is None or self._server.pid is None:
            self._server = LocalServer()
            self._endpoint = await self._server.start()

    async def _local(self) -> Provider:
        await self._serve()
        return registry.create(LOCAL_MODEL, self.access)


class OnDemand:
    """A provider that is made by `make` when it is first asked; fills `domain.provider.Provider`.

    `make` raises ProviderError when that fails; the next request tries again.
    """

    def __init__(self, info: ModelInfo, make: Callable[[], Awaitable[Provider]]) -> None:
        self._info = info
        self._make = make
        self._made: Provider | None = None

    @property
    def ref(self) -> ModelRef:
        """The model's name."""
        return self._info.ref

    @property
    def info(self) -> ModelInfo:
        """What is known of the model."""
        return self._info

    async def stream(self, request: CompletionRequest) -> AsyncGenerator[StreamPart, None]:
        """Make the provider if need be, and pass `request` on to it."""
        if self._made is None:
            self._made = await self._make()
        async with aclosing(self._made.stream(request)) as parts:
            async for part in parts:
                yield part

    async def aclose(self) -> None:
        """Close the provider if there is one."""
        made, self._made = self._made, None
        if made is not None:
            await made.aclose()
