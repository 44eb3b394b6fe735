"""Answers in the OpenAI Responses format, streamed or whole.

Owns the decoder. An answer is a list of items; what a service needs back of an
item (encrypted reasoning, ids, the phase of a message) is kept beside its
block, byte for byte. Requests are `responses_request`'s business.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import msgspec

from alloy_tui.domain.errors import ProviderError
from alloy_tui.domain.messages import Block, ChatMessage, TextBlock, ThinkingBlock
from alloy_tui.domain.provider import (
    CallPart,
    Completion,
    StreamPart,
)
from alloy_tui.domain.stops import Stop, StopReason
from alloy_tui.domain.usage import TokenUsage
from alloy_tui.providers.errors import from_stream
from alloy_tui.providers.framing import ServerEvent
from alloy_tui.providers.tolerant_json import (
    SurrogateJoiner,
    count,
    mapping,
    read,
    read_any,
    scrub,
    scrub_all,
)
from alloy_tui.providers.wire.assembly import cut_off
from alloy_tui.providers.wire.calls import CallIds, call_block
from alloy_tui.providers.wire.responses_items import (
    Item,
    alike,
    is_refusal,
    means,
    part_of,
    words_of,
)

_INCOMPLETE: dict[str, StopReason] = {
    "max_output_tokens": "max_tokens",
    "max_tokens": "max_tokens",
    "content_filter": "content_filter",
}
_TERMINAL: frozenset[str] = frozenset(
    {"response.completed", "response.incomplete", "response.failed", "response.cancelled"}
)
_SHOWN: frozenset[str] = frozenset({"message", "reasoning", "function_call"})
"""The items that we know; there are more, of tools at the service, which we never ask for."""
_KEPT: frozenset[str] = frozenset({"id", "phase"})
"""What goes back with a message or a call besides its words."""


class Shell(msgspec.Struct):
    """The answer as a whole: what a stream ends with, and all of a plain answer."""

    object: str = ""
    status: str | None = None
    output: list[Any] | None = None
    usage: Any = None
    error: Any = None
    incomplete_details: Any = None


class WireEvent(msgspec.Struct):
    """One event of a stream."""

    type: str = ""
    output_index: int | None = None
    item_id: str | None = None
    summary_index: int | None = None
    content_index: int | None = None
    delta: Any = None
    item: Any = None
    arguments: Any = None
    response: Shell | None = None
    error: Any = None


class ResponsesDecoder:
    """Decodes one answer; see `wire.answer.Decoder`.

    The answer is whole once the event came that carries its final status.
    """

    def __init__(self, service: str, origin: str, ids: CallIds) -> None:
        self._service = service
        self._origin = origin
        self._ids = ids
        self._items: dict[int, Item] = {}
        self._places: dict[str, int] = {}
        self._last_said = -1

    def event(self, event: ServerEvent) -> Iterator[StreamPart]:
        """One event; `data.type` counts, the `event:` line may be missing or wrong."""
        if event.data.strip() == b"[DONE]":
            return  # not of this format, yet some compatible servers add it
        wire = read(event.data, WireEvent)
        if wire.type == "error" or (wire.error and wire.type not in _TERMINAL):
            raise from_stream(self._service, read_any(event.data))
        kind = wire.type
        if kind in _TERMINAL:
            shell = wire.response or Shell()
            yield from self._finish(shell, kind.removeprefix("response."))
        elif kind == "response.output_item.added":
            yield from self._begin(self._index(wire), mapping(wire.item))
        elif kind == "response.output_item.done":
            yield from self._settle(self._index(wire), mapping(wire.item))
        elif kind.endswith(".delta") and isinstance(wire.delta, str):
            yield from self._grow(wire, wire.delta)
        elif kind == "response.function_call_arguments.done":
            yield from self._arguments(self._index(wire), wire.arguments)

    def document(self, body: bytes) -> Iterator[StreamPart]:
        """A whole answer."""
        shell = read(body, Shell)
        if shell.error and shell.status in (None, "failed"):
            raise from_stream(self._service, read_any(body))
        if shell.status is None and shell.output is None:
            raise from_stream(self._service, read_any(body))
        yield from self._finish(shell, shell.status or "completed")

    def end(self) -> Iterator[StreamPart]:
        """The body is over without its last event: a cut answer."""
        raise cut_off(self._service, said=bool(self._items))
        yield  # pragma: no cover -- makes this the generator that the protocol wants

    def _index(self, wire: WireEvent) -> int:
        name = wire.item_id or str(mapping(wire.item).get("id") or "")
        if wire.output_index is not None:
            if name:
                self._places[name] = wire.output_index
            return wire.output_index
        if name:
            fresh = max(self._items, default=-1) + 1
            return self._places.setdefault(name, fresh)
        return max(self._items, default=0)

    def _begin(self, index: int, given: dict[str, Any]) -> Iterator[StreamPart]:
        if index in self._items:
            raise ProviderError(
                f"{self._service} began the same part of its answer twice.", kind="malformed"
            )
        item = self._items[index] = Item(str(given.get("type") or "message"))
        if item.kind == "function_call":
            item.name = scrub(str(given.get("name") or ""))
            if not item.name:
                raise ProviderError(
                    f"{self._service} sent a tool call without a name.", kind="malformed"
                )
            item.id = self._ids.take(str(given.get("call_id") or given.get("id") or ""))
            yield CallPart(item.id, item.name)

    def _grow(self, wire: WireEvent, delta: str) -> Iterator[StreamPart]:
        index, kind = self._index(wire), wire.type
        text = kind in {"response.output_text.delta", "response.refusal.delta"}
        thought = kind.startswith("response.reasoning")
        if index not in self._items:
            # A lost start: words can still be shown, a call without a name cannot be run.
            if kind == "response.function_call_arguments.delta":
                raise ProviderError(
                    f"{self._service} lost the beginning of a tool call.", kind="malformed"
                )
            if not (text or thought):
                return
            self._items[index] = Item("message" if text else "reasoning")
        item = self._items[index]
        if item.kind == "message" and text:
            item.refused = item.refused or kind == "response.refusal.delta"
            self._in_order(index)
            yield from self._piece(item, delta)
        elif item.kind == "reasoning" and thought:
            yield from self._thought(item, wire, delta)
        elif item.kind == "function_call" and kind == "response.function_call_arguments.delta":
            yield from self._piece(item, delta)

    def _thought(self, item: Item, wire: WireEvent, delta: str) -> Iterator[StreamPart]:
        """Parts of a summary are paragraphs; where both come, the summary is what is shown."""
        kind = "summary" if "summary" in wire.type else "text"
        if item.part is not None and item.part[0] != kind:
            return
        place = (wire.summary_index if kind == "summary" else wire.content_index) or 0
        if item.part is not None and item.part[1] != place and item.pieces:
            delta = "\n\n" + delta
        item.part = (kind, place)
        yield from self._piece(item, delta)

    def _in_order(self, index: int) -> None:
        if index < self._last_said:
            # What was shown could no longer be joined to what is kept.
            raise ProviderError(
                f"{self._service} mixed up the messages of its answer.", kind="malformed"
            )
        self._last_said = index

    def _piece(self, item: Item, text: str) -> Iterator[StreamPart]:
        text = item.joiner.feed(text)
        if text:
            item.pieces.append(text)
            yield part_of(item, text)

    def _arguments(self, index: int, arguments: Any) -> Iterator[StreamPart]:
        """The whole arguments, for servers that send no pieces of them."""
        item = self._items.get(index)
        if item is not None and item.kind == "function_call" and isinstance(arguments, str):
            yield from self._rest(item, arguments)

    def _rest(self, item: Item, words: str) -> Iterator[StreamPart]:
        """What the whole of an item says beyond its pieces; they must not contradict it."""
        said = item.text
        if words.startswith(said):
            item.joiner = SurrogateJoiner()
            yield from self._piece(item, words[len(said) :])
        elif words and not alike(item, said, words):
            raise ProviderError(
                f"{self._service} lost a piece of its answer on the way.", kind="malformed"
            )

    def _settle(self, index: int, given: dict[str, Any]) -> Iterator[StreamPart]:
        """An item is whole: what never came in pieces comes now."""
        if index not in self._items:
            yield from self._begin(index, given)
        item = self._items[index]
        if item.closed or item.kind not in _SHOWN:
            return
        if given.get("type") not in (None, item.kind):
            raise ProviderError(
                f"{self._service} mixed up the parts of its answer.", kind="malformed"
            )
        item.closed = True
        # A field that says nothing is better left out of what goes back.
        kept = {k: v for k, v in given.items() if v is not None}
        item.whole = cast("dict[str, Any]", scrub_all(kept))
        words = scrub(words_of(item, given))
        if item.kind == "message" and words:
            self._in_order(index)
        # Of reasoning there may be more than one kind of words, of which one is shown.
        if item.kind != "reasoning" or not item.pieces:
            yield from self._rest(item, words)
        rest = item.joiner.close()
        # Half a character of a text that others have followed comes too late to be shown.
        if rest and (item.kind != "message" or index >= self._last_said):
            item.pieces.append(rest)
            yield part_of(item, rest)

    def _finish(self, shell: Shell, status: str) -> Iterator[StreamPart]:
        if status in {"failed", "cancelled"} or shell.status in {"failed", "cancelled"}:
            raise from_stream(
                self._service,
                mapping(shell.error) or {"message": "The answer failed.", "code": status},
            )
        for place, given in enumerate(shell.output or ()):
            yield from self._recall(place, mapping(given))
        reason = str(mapping(shell.incomplete_details).get("reason") or "")
        incomplete = status == "incomplete" or shell.status == "incomplete"
        for index, item in sorted(self._items.items()):
            if item.closed:
                continue
            if item.kind == "function_call" and not incomplete:
                raise ProviderError(
                    f"{self._service} ended its answer inside a tool call.", kind="stream_cut"
                )
            yield from self._settle(index, {})
        yield self._complete(shell, incomplete, reason)

    def _recall(self, place: int, given: dict[str, Any]) -> Iterator[StreamPart]:
        """An item as the end of the answer lists it: known by its id, by its place, or lost."""
        index = self._places.get(str(given.get("id") or ""), place)
        item = self._items.get(index)
        if item is None and any(known.closed for known in self._items.values()):
            # Servers count places differently; what came whole must not come twice.
            same = (i for i in self._items.values() if means(i, given))
            item = next(same, None)
            if item is not None:
                return
        if item is None or item.kind == str(given.get("type") or "message"):
            yield from self._settle(index, given)

    def _complete(self, shell: Shell, incomplete: bool, reason: str) -> Completion:
        ordered = [self._items[i] for i in sorted(self._items)]
        blocks: list[Block] = []
        for item in ordered:
            opaque: dict[str, Any] | None
            match item.kind:
                case "message" if item.pieces:
                    opaque = {k: v for k, v in item.whole.items() if k in _KEPT and v}
                    blocks.append(TextBlock(item.text, opaque or None))
                case "reasoning":
                    opaque = {"item": item.whole} if item.whole else None
                    blocks.append(ThinkingBlock(item.text, opaque))
                case "function_call":
                    cut = incomplete and item is ordered[-1]
                    block = call_block(item.id, item.name, item.text, cut=cut)
                    made = item.whole.get("id")
                    opaque = {"item_id": made} if made else None
                    blocks.append(msgspec.structs.replace(block, opaque=opaque))
                case _:
                    pass  # items of server-side tools, which we never ask for
        message = ChatMessage("assistant", tuple(blocks), origin=self._origin)
        refused = any(item.refused or is_refusal(item.whole) for item in ordered)
        stop = _stop(incomplete, reason, refused=refused, calls=bool(message.tool_calls))
        return Completion(message, stop, usage_of(mapping(shell.usage)))


def _stop(incomplete: bool, reason: str, *, refused: bool, calls: bool) -> Stop:
    if incomplete:
        return Stop(_INCOMPLETE.get(reason, "unknown"), scrub(reason or "incomplete"))
    if refused:
        return Stop("refusal", "refusal")
    return Stop("tool_use" if calls else "end_turn", "completed")


def usage_of(usage: dict[str, Any]) -> TokenUsage:
    """Token counts; fresh input is what remains of it when cached parts are taken out."""
    details = mapping(usage.get("input_tokens_details"))
    whole = count(usage.get("input_tokens"))
    cached = count(details.get("cached_tokens"))
    written = count(details.get("cache_write_tokens"))
    fresh = None if whole is None else whole - (cached or 0) - (written or 0)
    return TokenUsage(
        input=fresh if fresh is None or fresh >= 0 else None,
        cache_read=cached,
        cache_write=written,
        output=count(usage.get("output_tokens")),
        reasoning=count(mapping(usage.get("output_tokens_details")).get("reasoning_tokens")),
    )
