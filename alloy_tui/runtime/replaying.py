"""What was said long ago as the events that it once was: for views that know only events.

Owns that turning back. Times and figures are not told again: a message does not
hold them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from alloy_tui.domain import events as ev
from alloy_tui.domain.events import VERSION, EngineEvent, Envelope
from alloy_tui.domain.messages import (
    ChatMessage,
    TextBlock,
    ThinkingBlock,
    ToolCallBlock,
    ToolResultBlock,
)
from alloy_tui.domain.usage import TokenUsage


def replayed(
    agent: str, model: str, messages: Iterable[ChatMessage], at_ms: int
) -> tuple[Envelope, ...]:
    """The events of `messages`, each user message a run of its own."""
    run, turn = 0, 0
    envelopes: list[Envelope] = []
    names: dict[str, str] = {}

    def put(event: EngineEvent) -> None:
        request = f"past-{run}" if run else None
        envelopes.append(Envelope(VERSION, 0, agent, request, turn, at_ms, event))

    put(ev.AgentStarted(model))
    for message in messages:
        results = [block for block in message.blocks if isinstance(block, ToolResultBlock)]
        for result in results:
            put(
                ev.ToolFinished(
                    result.call_id, names.get(result.call_id, ""), result.is_error, result.content
                )
            )
        if message.role == "user":
            asked = "\n\n".join(b.text for b in message.blocks if isinstance(b, TextBlock))
            if results:
                # Beside results it steered the run that was under way.
                if asked:
                    put(ev.Steered(asked, f"past-{run}"))
                continue
            if message.synthetic:
                continue  # nobody typed it, and no event told of it
            if run:
                put(_over())
            run, turn = run + 1, 0
            put(ev.RunStarted(model, asked))
        elif message.role == "assistant":
            turn += 1
            put(ev.TurnStarted(message.origin or model))
            for event in _said(message, names):
                put(event)
            put(ev.TurnFinished("end_turn", TokenUsage(), message.incomplete))
    if run:
        put(_over())
    return tuple(envelopes)


def _over() -> ev.RunFinished:
    return ev.RunFinished("completed", "", 0, TokenUsage())


def _said(message: ChatMessage, names: dict[str, str]) -> Iterator[EngineEvent]:
    for block in message.blocks:
        if isinstance(block, TextBlock):
            yield ev.TextDelta(block.text)
        elif isinstance(block, ThinkingBlock):
            yield ev.ThinkingDelta(block.text)
        elif isinstance(block, ToolCallBlock):
            names[block.id] = block.name
            yield ev.ToolCallStarted(block.id, block.name)
            yield ev.ToolCallReady(block.id, block.name, block.arguments)
