"""Tool calls of Chat Completions, put together from deltas that servers spell in many ways.

Owns the decision which delta continues which call. Names and ids are never
concatenated: whoever repeats them means the same ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from alloy_tui.domain.messages import ToolCallBlock
from alloy_tui.domain.provider import ArgumentsPart, CallPart, StreamPart
from alloy_tui.providers.tolerant_json import SurrogateJoiner, encode, read_object, scrub
from alloy_tui.providers.wire.assembly import nameless
from alloy_tui.providers.wire.calls import CallIds, call_block


class FunctionDelta(msgspec.Struct):
    """Name and a piece of the arguments; some servers send arguments as an object."""

    name: str | None = None
    arguments: Any = None


class CallDelta(msgspec.Struct):
    """One entry of `tool_calls`."""

    index: int | None = None
    id: str | None = None
    function: FunctionDelta | None = None


class _Call:
    def __init__(self, wire_id: str | None) -> None:
        self.wire_id = wire_id
        self.id = ""
        self.name = ""
        self.pieces: list[str] = []
        self.joiner = SurrogateJoiner()

    @property
    def raw(self) -> str:
        return "".join(self.pieces)


class CallAssembly:
    """The calls of one answer, in the order of their first delta."""

    def __init__(self, service: str, ids: CallIds) -> None:
        self._service = service
        self._ids = ids
        self._calls: list[_Call] = []
        self._at_index: dict[int, _Call] = {}

    def __bool__(self) -> bool:
        return bool(self._calls)

    def feed(self, delta: CallDelta) -> Iterator[StreamPart]:
        """The parts that one delta brings."""
        function = delta.function or FunctionDelta()
        call = self._find(delta, function)
        if call is None:
            call = _Call(delta.id or None)
            self._calls.append(call)
        if delta.index is not None:
            self._at_index[delta.index] = call
        if not call.name and function.name:
            call.name = scrub(function.name)
            call.id = self._ids.take(call.wire_id or delta.id or "")
            yield CallPart(call.id, call.name)
            if call.pieces:
                yield ArgumentsPart(call.id, call.raw)
        piece = call.joiner.feed(_text(function.arguments))
        if piece:
            call.pieces.append(piece)
            if call.name:
                yield ArgumentsPart(call.id, piece)

    def close(self, *, cut: bool) -> list[ToolCallBlock]:
        """The finished calls; `cut` when the answer ended at a limit, maybe inside the last."""
        blocks: list[ToolCallBlock] = []
        for call in self._calls:
            if not call.name:
                raise nameless(self._service)
            last = call is self._calls[-1]
            raw = call.raw + call.joiner.close()
            blocks.append(call_block(call.id, call.name, raw, cut=cut and last))
        return blocks

    def _find(self, delta: CallDelta, function: FunctionDelta) -> _Call | None:
        """The call that `delta` continues, None if it begins one."""
        if delta.index is not None:
            known = self._at_index.get(delta.index)
            return None if known is None or _is_new(known, delta, function) else known
        if delta.id:
            return next((c for c in self._calls if c.wire_id == delta.id), None)
        last = self._calls[-1] if self._calls else None
        return None if last is None or _is_new(last, delta, function) else last


def _is_new(known: _Call, delta: CallDelta, function: FunctionDelta) -> bool:
    """Whether a delta in the place of `known` is another call with the same label."""
    if not function.name or not known.name:
        return False
    if delta.id and known.wire_id:
        return delta.id != known.wire_id
    # Without ids a second name begins a second call only after the first one is complete.
    return read_object(known.raw) is not None


def _text(arguments: Any) -> str:
    if arguments is None:
        return ""
    return arguments if isinstance(arguments, str) else encode(arguments).decode()
