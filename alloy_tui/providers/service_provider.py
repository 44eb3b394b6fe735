"""A model behind HTTP: one service's table row, one model, one address.

Owns the course of a request: encode, send, read, decode, and the promise that
only ProviderError comes out of it. Never retries.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import msgspec

from alloy_tui.domain.access import ServiceAccess, Timeouts
from alloy_tui.domain.errors import ProviderError
from alloy_tui.domain.models import ModelInfo, ModelRef
from alloy_tui.domain.provider import Completion, CompletionRequest, StreamPart, TokenCount
from alloy_tui.domain.token_estimate import estimate_tokens
from alloy_tui.providers import counting, ollama_show
from alloy_tui.providers.aws import Signer
from alloy_tui.providers.errors import HINTS, fit_to_show
from alloy_tui.providers.resolving import like
from alloy_tui.providers.services import Service, auth_headers, endpoint
from alloy_tui.providers.tolerant_json import encode, mapping, read_any
from alloy_tui.providers.transport import Transport
from alloy_tui.providers.wire.answer import AnswerReader, joined
from alloy_tui.providers.wire.calls import CallIds
from alloy_tui.providers.wires import Wire

_COUNT_S = 3.0
"""How long a count may take: it is a courtesy."""
_BYTES_A_TOKEN, _NEAR = 2, 0.9
"""Fewer bytes for each token of the window are far from its end; from this share on it is near."""
_ACCEPTED = {
    "events": "text/event-stream, application/json",
    "lines": "application/x-ndjson, application/json",
    "aws": "application/vnd.amazon.eventstream, application/json",
}


class ServiceProvider:
    """One model of one service; fills `domain.provider.Provider`."""

    def __init__(
        self, info: ModelInfo, service: Service, base_url: str, access: ServiceAccess
    ) -> None:
        self._info = info
        self._service = service
        self._key = access.api_key
        self._key_source = access.key_source
        self._wire = service.wire_for(info.ref.model, base_url)
        self._base_url = base_url
        self._patience = access.timeouts
        self._transport = Transport(service.label, base_url, access.api_key)
        self._signer = Signer(base_url) if service.auth == "aws" and not access.api_key else None
        self._asked = self._wire.name != "ollama-chat"
        own = access.base_url is not None or service.base_url is None
        self._counted = counting.counts(self._wire.name, own_server=own)

    @property
    def ref(self) -> ModelRef:
        """The model's name."""
        return self._info.ref

    @property
    def info(self) -> ModelInfo:
        """What is known of the model."""
        return self._info

    def __repr__(self) -> str:
        return f"ServiceProvider({self.ref}, {self._transport.address})"

    async def stream(self, request: CompletionRequest) -> AsyncGenerator[StreamPart, None]:
        """Send `request`, yield the answer's parts; see `domain.provider.Provider`."""
        silent = True
        try:
            if not self._asked:
                await self._learn()
            # Closed here and not by the collector, so that the socket closes with us.
            async with aclosing(self._ask_either(request)) as parts:
                async for part in parts:
                    silent = False
                    yield part
        except ProviderError as error:
            if silent and error.kind == "stream_cut" and error.should_retry is None:
                # With nothing shown there is nothing to discard: a second try is safe.
                error.should_retry = True
            if error.kind == "auth" and self._service.key_variables:
                where = self._key_source or " or ".join(self._service.key_variables)
                error.hint = f"Check the key in {where}, and that it may use {self.ref}."
            elif error.kind == "not_found" and error.hint in {None, HINTS["not_found"]}:
                near = like(self.ref)
                error.hint = f"Did you mean {' or '.join(near)}?" if near else error.hint
            raise fit_to_show(error, self._key) from None
        except Exception as error:
            message = (
                f"A defect in the code for {self._service.label}: {type(error).__name__}: {error}"
            )
            raise fit_to_show(ProviderError(message, kind="internal"), self._key) from error

    async def count_tokens(self, request: CompletionRequest) -> TokenCount:
        """See `domain.provider.CountsTokens`."""
        tokens: int | None = None
        if self._counted:
            body = mapping(read_any(self._wire.encode(request, self._info)))
            try:
                async with asyncio.timeout(_COUNT_S):
                    tokens = await counting.exact(self._wire.name, self.ref.model, body, self._put)
            except ProviderError as error:
                # Not asked again where nobody counts.
                self._counted = error.status not in counting.UNKNOWN_HERE
            except TimeoutError:
                pass
        if tokens is None:
            return TokenCount(estimate_tokens(request))
        return TokenCount(tokens, "exact")

    async def warm(self) -> None:
        """Connect ahead of the first request; raises nothing."""
        await self._transport.warm(self._patience)

    async def aclose(self) -> None:
        """Give the connections back; safe to call twice."""
        await self._transport.aclose()

    async def _ask_either(self, request: CompletionRequest) -> AsyncGenerator[StreamPart, None]:
        try:
            async with aclosing(self._ask(request)) as parts:
                async for part in parts:
                    yield part
                return
        except ProviderError as error:
            older = self._older_wire
            # A gateway without this format has no such path; a missing model is said otherwise.
            if older is None or error.status not in {404, 405} or "model" in error.message:
                raise
            self._wire = older
        async with aclosing(self._ask(request)) as parts:
            async for part in parts:
                yield part

    @property
    def _older_wire(self) -> Wire | None:
        """The format to try where a server of another make does not have ours."""
        service = self._service
        older = service.older_wire
        if self._base_url == service.base_url or self._wire is older:
            return None
        return older

    async def _ask(self, request: CompletionRequest) -> AsyncGenerator[StreamPart, None]:
        wire = self._wire
        decoder = wire.decoder(self._service.label, str(self.ref), CallIds(request.messages))
        body = wire.encode(request, self._info)
        path = wire.path_of(request, self.ref.model)
        url = endpoint(self._base_url, path, wire.version)
        await self._look_for_room(request, len(body))
        headers = await self._headers(url, body, _ACCEPTED[wire.frames])
        frames = wire.frames if request.stream else "events"
        reader = AnswerReader(decoder, self._service.label, frames)
        async with self._transport.post(url, headers, body, self._timeouts(request)) as reply:
            while not reader.finished:
                chunk = await reply.read()
                for part in joined(reader.close() if chunk is None else reader.feed(chunk)):
                    reply.progress()
                    if isinstance(part, Completion):
                        reply.finish()
                        part = self._cut(part, request)  # noqa: PLW2901 -- the same answer, as it really ended
                    yield part

    async def _headers(self, url: str, body: bytes, accept: str) -> dict[str, str]:
        headers = {
            "content-type": "application/json",
            "accept": accept,
            **auth_headers(self._service, self._key),
        }
        if self._signer is not None:
            headers = await self._signer.headers("POST", url, headers, body)
        return headers

    async def _put(self, path: str, version: str, body: dict[str, Any]) -> Any:
        """Ask a small question. Raises ProviderError."""
        url, sent = endpoint(self._base_url, path, version), encode(body)
        headers = await self._headers(url, sent, "application/json")
        return read_any(await self._transport.ask(url, headers, sent, self._patience))

    async def _look_for_room(self, request: CompletionRequest, size: int) -> None:
        """Near the end of the window, count before sending. Raises ProviderError when it is over.

        Far from it, which is told by the size in bytes, this costs nothing.
        """
        window = self._info.context_window
        if window is None or size < _BYTES_A_TOKEN * window or not self._counted:
            return
        if estimate_tokens(request) < _NEAR * window:
            return
        counted = await self.count_tokens(request)
        if counted.kind == "exact" and counted.tokens > window:
            raise ProviderError(
                f"The conversation is {counted.tokens:,} tokens long by the count of "
                f"{self._service.label}, and {self.ref} takes {window:,}.",
                kind="context_overflow",
                hint=HINTS["context_overflow"],
            )

    def _cut(self, done: Completion, request: CompletionRequest) -> Completion:
        """Some servers of this format call an answer completed that they have cut at its limit."""
        most, long = request.max_output, done.usage.output
        own = self._base_url == self._service.base_url
        if own or self._wire.name != "openai-responses" or most is None or long is None:
            return done
        if done.stop.reason != "end_turn" or long < most:
            return done
        return msgspec.structs.replace(
            done, stop=msgspec.structs.replace(done.stop, reason="max_tokens")
        )

    async def _learn(self) -> None:
        """Ask the server once what the model can: its window is part of every request."""
        headers = auth_headers(self._service, self._key)
        self._info = await ollama_show.describe(
            self._transport, self._base_url, headers, self._patience, self._info
        )
        self._asked = True

    def _timeouts(self, request: CompletionRequest) -> Timeouts:
        """A plain request is silent until its answer is whole: its patience is the longer one."""
        t = self._patience
        content_s = max(t.content_s, self._service.content_s)
        chunk_s = max(t.chunk_s, self._service.content_s)
        if request.stream:
            return Timeouts(t.connect_s, chunk_s, content_s)
        return Timeouts(t.connect_s, max(chunk_s, content_s), max(chunk_s, content_s))
