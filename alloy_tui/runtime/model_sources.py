"""Providers by name, together with what they need first: the local model's server, a script.

Owns that server and the providers made here. Must not know of agents or of how
a model was chosen. Belongs to the engine's loop.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress

import msgspec

from alloy_tui.domain.access import AccessLookup, ServiceAccess
from alloy_tui.domain.errors import ConfigError
from alloy_tui.domain.models import ModelRef
from alloy_tui.domain.provider import Provider
from alloy_tui.domain.secret import Secret
from alloy_tui.domain.usage import Price
from alloy_tui.providers import registry
from alloy_tui.providers.catalogue import model_info
from alloy_tui.providers.scripted import ScriptedProvider
from alloy_tui.providers.service_provider import ServiceProvider
from alloy_tui.runtime.local_model import LocalModel, LocalSupervisor
from alloy_tui.runtime.local_server import Endpoint, find_installed
from alloy_tui.runtime.model_choice import LOCAL_SERVICE
from alloy_tui.runtime.outfit import LOCAL_MODEL

_log = logging.getLogger(__name__)

_NO_SERVICE = ("scripted/", "demo/")


class ModelSources:
    """Where the models of one engine come from; `configured` is what the settings know.

    `tell` is given sentences for the user.
    """

    def __init__(
        self, configured: AccessLookup, tell: Callable[[str], object] = _log.warning
    ) -> None:
        self._configured = configured
        self._keys: dict[str, tuple[Secret, str]] = {}
        self._supervisor = LocalSupervisor(tell)
        self._local: LocalModel | None = None
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
        here = self._supervisor.endpoint
        if service == LOCAL_SERVICE and given.base_url is None and here is not None:
            return msgspec.structs.replace(given, base_url=here.base_url, api_key=here.api_key)
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
            await self._supervisor.serve()
            return self._local_model()
        if name.startswith("scripted/"):
            script = registry.create(name, self._configured)
            assert isinstance(script, ScriptedProvider)
            self._scripts.append(script)
            return script
        return name

    async def warm(self, name: str) -> None:
        """Connect to the service of `name` while a person still types; raises nothing.

        All providers of one address share their connections.
        """
        if self._is_ours(name) or name.startswith(_NO_SERVICE):
            return
        with suppress(ConfigError):
            provider = registry.create(name, self.access)
            self._made.append(provider)
            if isinstance(provider, ServiceProvider):
                await provider.warm()

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
        await self._supervisor.stop()
        made = self._made if self._local is None else [*self._made, self._local]
        for provider in made:
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
        return self._local_model()

    def _is_ours(self, name: str) -> bool:
        return name == LOCAL_MODEL and not self._configured(LOCAL_SERVICE).base_url

    def _local_model(self) -> LocalModel:
        """One for all agents: it follows the server from port to port."""
        if self._local is None:
            info = model_info(ModelRef.parse(LOCAL_MODEL))
            # Nobody sends a bill for what runs here.
            info = msgspec.structs.replace(info, price=Price(0.0, 0.0, 0.0, 0.0))
            self._local = LocalModel(info, self._supervisor, self._at)
        return self._local

    def _at(self, endpoint: Endpoint) -> Provider:
        def access(service: str) -> ServiceAccess:
            given = self._configured(service)
            key = endpoint.api_key
            return msgspec.structs.replace(given, base_url=endpoint.base_url, api_key=key)

        return registry.create(LOCAL_MODEL, access)
