"""The local model as a provider: its server runs when it is asked, however often it dies.

Owns the supervision of that one server: the first start, starts after it has
ended by itself, their limit. Must not know of agents. Belongs to the engine's
loop; requests of several agents share one server.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from time import monotonic
from typing import Final

from alloy_tui.domain.errors import ProviderError
from alloy_tui.domain.models import ModelInfo, ModelRef
from alloy_tui.domain.provider import (
    CompletionRequest,
    CountsTokens,
    Provider,
    StreamPart,
    TokenCount,
)
from alloy_tui.domain.token_estimate import estimate_tokens
from alloy_tui.runtime.local_server import Endpoint, LocalServer

MOST_RESTARTS: Final = 3
WITHIN_S: Final = 60.0
"""A server that dies more often than this is not started again by itself."""


class LocalSupervisor:
    """Keeps one server for whoever asks; `tell` is given sentences for the user.

    `endpoint` is where the running server answers, None before the first start.
    """

    def __init__(
        self,
        tell: Callable[[str], object],
        *,
        server: Callable[[], LocalServer] = LocalServer,
        now_s: Callable[[], float] = monotonic,
    ) -> None:
        self._tell = tell
        self._make = server
        self._now_s = now_s
        self._server: LocalServer | None = None
        self._restarts_s: deque[float] = deque(maxlen=MOST_RESTARTS)
        self._starting = asyncio.Lock()
        self.endpoint: Endpoint | None = None

    async def serve(self) -> Endpoint:
        """Where the server answers; starts it where it does not run.

        Raises ProviderError (kind "network") when it does not start, and when it
        has ended too often to be started again.
        """
        async with self._starting:
            if self._server is None:
                return await self._start()
            if self.endpoint is not None and self._server.running:
                return self.endpoint
            if self.endpoint is not None:  # it answered once, and ended by itself
                self._allow()
                self._tell(
                    f"The local model's server had ended {await self._server.end()}; "
                    "it is started anew."
                )
            return await self._start()

    async def give_up(self, endpoint: Endpoint) -> None:
        """The server there says nothing any more: end it; whoever asks next starts another."""
        if endpoint is self.endpoint and self._server is not None:
            await self._server.stop()

    async def stop(self) -> None:
        """End the server; safe to call at any time."""
        server, self._server, self.endpoint = self._server, None, None
        if server is not None:
            await server.stop()

    async def _start(self) -> Endpoint:
        before, self._server, self.endpoint = self._server, self._make(), None
        if before is not None:
            await before.stop()
        self.endpoint = await self._server.start()
        return self.endpoint

    def _allow(self) -> None:
        now_s, often = self._now_s(), len(self._restarts_s) == MOST_RESTARTS
        if often and now_s - self._restarts_s[0] < WITHIN_S:
            raise ProviderError(
                f"The local model's server ended {MOST_RESTARTS + 1} times within a minute.",
                kind="network",
                should_retry=False,
                hint="Choose another model (/model), or wait a minute and /retry.",
            )
        self._restarts_s.append(now_s)


class LocalModel:
    """The model of that server; fills `domain.provider.Provider`.

    `make` gives a provider that speaks to the endpoint it is told.
    """

    def __init__(
        self,
        info: ModelInfo,
        supervisor: LocalSupervisor,
        make: Callable[[Endpoint], Provider],
    ) -> None:
        self._info = info
        self._supervisor = supervisor
        self._make = make
        self._made: tuple[Endpoint, Provider] | None = None

    @property
    def ref(self) -> ModelRef:
        """The model's name."""
        return self._info.ref

    @property
    def info(self) -> ModelInfo:
        """What is known of the model."""
        return self._info

    async def stream(self, request: CompletionRequest) -> AsyncGenerator[StreamPart, None]:
        """Start the server if need be, and pass `request` on to it."""
        endpoint = await self._supervisor.serve()
        provider = await self._at(endpoint)
        try:
            async with aclosing(provider.stream(request)) as parts:
                async for part in parts:
                    yield part
        except ProviderError as error:
            if error.kind == "timeout":
                await self._supervisor.give_up(endpoint)
            raise

    async def count_tokens(self, request: CompletionRequest) -> TokenCount:
        """See `domain.provider.CountsTokens`; a server that does not run is not started for it."""
        made = self._made[1] if self._made is not None else None
        if isinstance(made, CountsTokens):
            return await made.count_tokens(request)
        return TokenCount(estimate_tokens(request))

    async def aclose(self) -> None:
        """Close the provider if there is one; the server stays."""
        made, self._made = self._made, None
        if made is not None:
            await made[1].aclose()

    async def _at(self, endpoint: Endpoint) -> Provider:
        if self._made is None or self._made[0] is not endpoint:
            before, self._made = self._made, (endpoint, self._make(endpoint))
            if before is not None:
                await before[1].aclose()
        return self._made[1]
