"""The deterministic provider: plays a script instead of asking a model.

Owns the playing, the record of what it was asked, and the complaint when script
and requests do not match. The format is described in `providers.script`.

    provider = ScriptedProvider([say("hi"), call("read", file_path="x"), cut("half")])
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import anyio

from alloy_tui.domain.errors import ErrorKind, ProviderError
from alloy_tui.domain.messages import Block, ChatMessage, TextBlock, ThinkingBlock
from alloy_tui.domain.models import ModelInfo, ModelRef
from alloy_tui.domain.provider import (
    ArgumentsPart,
    CallPart,
    Completion,
    CompletionRequest,
    StreamPart,
    TextPart,
    ThinkingPart,
)
from alloy_tui.domain.stops import Stop
from alloy_tui.domain.usage import Price, TokenUsage
from alloy_tui.providers.script import Reply, ScriptedCall, ScriptedError, check_reply, load_script
from alloy_tui.providers.tolerant_json import encode
from alloy_tui.providers.wire.calls import CallIds, call_block

SERVICE: Final = "scripted"
_INLINE: Final = ModelRef(SERVICE, "inline")
_NO_PRICE: Final = Price()


class ScriptedProvider:
    """Answers the n-th request with the n-th reply; fills `domain.provider.Provider`.

    `requests` holds every request it was given. A request beyond the script, or
    one that does not contain what its reply expects, raises ProviderError, kind
    "script". `sleep` takes seconds and is replaceable for tests.
    """

    def __init__(
        self,
        replies: Sequence[Reply],
        *,
        ref: ModelRef = _INLINE,
        context_window: int | None = None,
        price: Price = _NO_PRICE,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    ) -> None:
        for reply in replies:
            check_reply(reply)
        self._replies = tuple(replies)
        self._info = ModelInfo(ref, context_window=context_window, price=price)
        self._sleep = sleep
        self.requests: list[CompletionRequest] = []

    @classmethod
    def load(cls, path: Path, *, ref: ModelRef | None = None) -> ScriptedProvider:
        """Read a script file. Raises ConfigError."""
        script = load_script(path)
        return cls(
            script.replies,
            ref=ref or ModelRef(SERVICE, str(path)),
            context_window=script.context_window,
            price=script.price,
        )

    @property
    def ref(self) -> ModelRef:
        """The model's name."""
        return self._info.ref

    @property
    def info(self) -> ModelInfo:
        """What the script says of the model."""
        return self._info

    async def stream(self, request: CompletionRequest) -> AsyncGenerator[StreamPart, None]:
        """Record `request`, play the next reply."""
        self.requests.append(request)
        number = len(self.requests)
        if number > len(self._replies):
            raise ProviderError(
                f"The script {self.ref} has {len(self._replies)} replies;"
                f" this is request {number}.",
                kind="script",
            )
        reply = self._replies[number - 1]
        self._compare(reply, request, number)
        if reply.delay_ms:
            await self._sleep(reply.delay_ms / 1000)
        names = CallIds(request.messages)
        ids = [names.take(c.id or "") for c in reply.tool_calls]
        first = True
        for part in _parts(reply, ids, request.stream):
            if reply.chunk_delay_ms and not first:
                await self._sleep(reply.chunk_delay_ms / 1000)
            first = False
            yield part
        # A script that is over has no second answer to give.
        again = None if first or self.unconsumed() else False
        if reply.error is not None:
            raise _failure(reply.error, again)
        if reply.cut is not False:
            raise ProviderError(
                "The scripted answer broke off before its end.",
                kind="stream_cut",
                should_retry=again,
            )
        yield self._completion(reply, ids)

    async def aclose(self) -> None:
        """Nothing to give back."""

    def unconsumed(self) -> tuple[Reply, ...]:
        """The replies that no request has taken yet."""
        return self._replies[len(self.requests) :]

    def assert_consumed(self) -> None:
        """Raise ProviderError, kind "script", unless every reply was asked for, and no more."""
        if len(self.requests) != len(self._replies):
            raise ProviderError(
                f"The script {self.ref} has {len(self._replies)} replies,"
                f" but {len(self.requests)} requests came.",
                kind="script",
            )

    def _compare(self, reply: Reply, request: CompletionRequest, number: int) -> None:
        if reply.expect is None:
            return
        last = request.messages[-1]
        said = "\n".join([last.text, *(r.text for r in last.tool_results)])
        if reply.expect not in said:
            raise ProviderError(
                f"Reply {number} of the script {self.ref} expects “{reply.expect}”"
                f" in the last message, which is: {said[:300]}",
                kind="script",
            )

    def _completion(self, reply: Reply, ids: list[str]) -> Completion:
        blocks: list[Block] = []
        if reply.thinking:
            blocks.append(ThinkingBlock(reply.thinking))
        if reply.text:
            blocks.append(TextBlock(reply.text))
        for call_id, scripted in zip(ids, reply.tool_calls, strict=True):
            blocks.append(call_block(call_id, scripted.name, _raw(scripted)))
        reason = reply.stop or ("tool_use" if ids else "end_turn")
        return Completion(
            ChatMessage("assistant", tuple(blocks), origin=str(self.ref)),
            Stop(reason, detail=reply.stop_detail),
            reply.usage or TokenUsage(),
        )


def say(text: str, *, thinking: str = "", calls: Sequence[Reply] = (), **more: Any) -> Reply:
    """A reply of text, with the tool calls of `calls` (made by `call`) in parallel.

    `more` are further fields of `script.Reply`.
    """
    made = tuple(c for reply in calls for c in reply.tool_calls)
    return Reply(text=text, thinking=thinking, tool_calls=made, **more)


def call(name: str, /, **arguments: Any) -> Reply:
    """A reply that is one tool call."""
    return Reply(tool_calls=(ScriptedCall(name, arguments),))


def fail(
    kind: ErrorKind,
    message: str | None = None,
    *,
    after: str = "",
    status: int | None = None,
    code: str | None = None,
    retry_after_s: float | None = None,
) -> Reply:
    """A failure, after the text `after` if it is not empty."""
    return Reply(text=after, error=ScriptedError(kind, message, status, code, retry_after_s))


def cut(text: str) -> Reply:
    """An answer whose stream ends after `text`, without its end event."""
    return Reply(text=text, cut=True)


def _parts(reply: Reply, ids: list[str], streamed: bool) -> Iterator[StreamPart]:
    size = reply.chunk if streamed else 1_000_000_000
    yield from (ThinkingPart(piece) for piece in _pieces(reply.thinking, size))
    shown = reply.text[: reply.cut] if type(reply.cut) is int else reply.text
    yield from (TextPart(piece) for piece in _pieces(shown, size))
    for call_id, scripted in zip(ids, reply.tool_calls, strict=True):
        yield CallPart(call_id, scripted.name)
        yield from (ArgumentsPart(call_id, piece) for piece in _pieces(_raw(scripted), size))


def _pieces(text: str, size: int) -> Iterator[str]:
    return (text[at : at + size] for at in range(0, len(text), size))


def _raw(scripted: ScriptedCall) -> str:
    return scripted.raw if scripted.raw is not None else encode(scripted.arguments).decode()


def _failure(error: ScriptedError, should_retry: bool | None) -> ProviderError:
    return ProviderError(
        error.message or f"The script says: {error.kind}.",
        kind=error.kind,
        status=error.status,
        code=error.code,
        retry_after_s=error.retry_after_s,
        should_retry=should_retry,
    )
