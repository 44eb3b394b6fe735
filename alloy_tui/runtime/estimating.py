"""What a request that was not sent yet will probably take: tokens in, tokens out.

Owns what of it is known from the last answer, and the guess at an answer's
length; says what that rests on. Pure; must not know of limits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from alloy_tui.agent.middleware import HookContext
from alloy_tui.domain.provider import CompletionRequest
from alloy_tui.domain.token_estimate import prompt_tokens
from alloy_tui.domain.usage import TokenUsage
from alloy_tui.sessions.store import Spent

USUAL_OUTPUT: Final = 8_000
"""What an answer is taken to be where nothing is known: the limits of models are far beyond."""
ENOUGH_ANSWERS: Final = 5
"""From so many answers of a model on, their lengths say more than a guess."""


class Estimate(msgspec.Struct, frozen=True):
    """Tokens that a request will probably take; `basis` says where its output comes from."""

    usage: TokenUsage
    basis: str


def estimate(
    request: CompletionRequest, context: HookContext, rows: Sequence[Spent] = ()
) -> Estimate:
    """What `request` will probably take; `rows` is the ledger, oldest first.

    What the service counted last is known; what came after it is counted by
    characters. Where it cached the last request, it will read that from there.
    """
    last = rows[-1] if rows else None
    known, cached = context.context_tokens, 0
    if known is not None:
        caches = (
            last is not None
            and last.model == context.model
            and bool(last.usage.cache_read or last.usage.cache_write)
        )
        cached = min(known, (last.usage.prompt or 0)) if caches and last is not None else 0
    fresh = prompt_tokens(request, known) - cached
    output, basis = _output(request, context, rows)
    return Estimate(TokenUsage(round(fresh), cached or None, output=output), basis)


def _output(
    request: CompletionRequest, context: HookContext, rows: Sequence[Spent]
) -> tuple[int, str]:
    """How long an answer is taken to be, and why.

    What was asked for at most, what nine of ten answers of the model stayed
    below, or a guess that no model's own limit may exceed, in this order. The
    limit itself is no estimate: it is ten times and more what answers take.
    """
    most = request.max_output
    if most is not None:
        return most, f"an answer of at most {most:,} tokens, as set"
    known = [row.usage.output for row in rows if row.model == context.model]
    lengths = sorted(length for length in known if length is not None)
    if len(lengths) >= ENOUGH_ANSWERS:
        usual = max(1, lengths[int(0.9 * (len(lengths) - 1) + 0.5)])
        return usual, f"an answer of {usual:,} tokens: nine of ten so far were no longer"
    limit = context.info.max_output if context.info is not None else None
    if limit is not None and limit <= USUAL_OUTPUT:
        return limit, f"an answer of {limit:,} tokens, the most this model gives"
    return USUAL_OUTPUT, f"a guess of {USUAL_OUTPUT:,} tokens for the answer"
