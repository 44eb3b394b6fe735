"""Support: answers as bytes, and what a wire format makes of them without any network."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from alloy_tui.domain.errors import ProviderError
from alloy_tui.domain.messages import ChatMessage
from alloy_tui.domain.provider import Completion, StreamPart, TextPart, ThinkingPart
from alloy_tui.providers.services import find_service
from alloy_tui.providers.wire.answer import AnswerReader
from alloy_tui.providers.wire.calls import CallIds


class Outcome(msgspec.Struct):
    """The parts that came, and the error that ended them, if one did."""

    parts: list[StreamPart]
    error: ProviderError | None = None

    @property
    def completion(self) -> Completion:
        """The whole answer; fails the test if there is none."""
        assert self.error is None, self.error
        last = self.parts[-1]
        assert isinstance(last, Completion)
        return last

    @property
    def message(self) -> ChatMessage:
        return self.completion.message

    @property
    def text(self) -> str:
        return "".join(p.text for p in self.parts if isinstance(p, TextPart))

    @property
    def thinking(self) -> str:
        return "".join(p.text for p in self.parts if isinstance(p, ThinkingPart))

    @property
    def kind(self) -> str | None:
        return self.error.kind if self.error else None


def read(
    service: str, *chunks: bytes, history: Iterable[ChatMessage] = (), model: str | None = None
) -> Outcome:
    """Feed a body to the decoder of `service`."""
    wire = find_service(service).wire_for(model or ("gpt-4.1" if service == "openai" else "m"))
    decoder = wire.decoder("Service", f"{service}/m", CallIds(history))
    reader, out = AnswerReader(decoder, "Service", wire.frames), Outcome([])
    try:
        for chunk in chunks:
            out.parts.extend(reader.feed(chunk))
            if reader.finished:
                return out
        out.parts.extend(reader.close())
    except ProviderError as error:
        out.error = error
    return out


def sse(events: Sequence[Any], *, named: bool = False) -> bytes:
    """Events as a stream; strings go as they are, `named` adds `event:` lines."""
    made: list[str] = []
    for event in events:
        name = f"event: {event['type']}\n" if named and isinstance(event, dict) else ""
        payload = event if isinstance(event, str) else json.dumps(event, ensure_ascii=False)
        made.append(f"{name}data: {payload}\n\n")
    return "".join(made).encode("utf-8", "surrogatepass")


def chat(
    *deltas: dict[str, Any], finish: str | None = "stop", done: bool = True, **usage: Any
) -> bytes:
    """A Chat Completions stream of `deltas`."""
    events: list[Any] = [{"choices": [{"index": 0, "delta": d}]} for d in deltas]
    if finish:
        events.append({"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
    if usage:
        events.append({"choices": [], "usage": usage})
    return sse([*events, "[DONE]"] if done else events)


def call_delta(**fields: Any) -> dict[str, Any]:
    """A delta with one tool call entry; `name` and `arguments` go into its function."""
    function = {k: fields.pop(k) for k in ("name", "arguments") if k in fields}
    return {"tool_calls": [{**fields, "function": function}]}


def claude(
    *blocks: tuple[dict[str, Any], list[dict[str, Any]]], stop: str | None = "end_turn"
) -> bytes:
    """A Messages stream: each block is its start and its deltas."""
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": {"usage": {"input_tokens": 5, "output_tokens": 1}}}
    ]
    for index, (start, deltas) in enumerate(blocks):
        events.append({"type": "content_block_start", "index": index, "content_block": start})
        events += [{"type": "content_block_delta", "index": index, "delta": d} for d in deltas]
        events.append({"type": "content_block_stop", "index": index})
    events.append(
        {"type": "message_delta", "delta": {"stop_reason": stop}, "usage": {"output_tokens": 4}}
    )
    return sse([*events, {"type": "message_stop"}], named=True)


def text_block(*pieces: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A text block of `claude`."""
    return {"type": "text", "text": ""}, [{"type": "text_delta", "text": p} for p in pieces]


def tool_block(
    call_id: str, name: str, *pieces: str
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A tool_use block of `claude`."""
    start: dict[str, Any] = {"type": "tool_use", "id": call_id, "name": name, "input": {}}
    return start, [{"type": "input_json_delta", "partial_json": p} for p in pieces]
