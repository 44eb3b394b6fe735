"""What an agent was in former programs, as its row shows it before it does anything anew.

Owns the sums over what is stored, and which words were its last. Pure; must not
know where they lie.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from alloy_tui.agent.ledger import Ledger, UsageTotals
from alloy_tui.domain.messages import ChatMessage
from alloy_tui.sessions.store import Spent


class Past(msgspec.Struct, frozen=True):
    """What one agent took; `usd` and `tokens` leave out what is unknown, `spent` marks it.

    `last_ms` is when it was last answered, epoch milliseconds, 0 = never.
    """

    spent: UsageTotals | None = None
    turns: int = 0
    usd: float = 0.0
    tokens: int = 0
    last_ms: int = 0


class LastWords(msgspec.Struct, frozen=True):
    """What an agent was asked last, and what it said last."""

    asked: str = ""
    said: str = ""


NOTHING = Past()


def past_of(rows: Sequence[Spent]) -> Past:
    """The sums of an agent's part of the ledger, oldest first."""
    if not rows:
        return NOTHING
    ledger = Ledger()
    for row in rows:
        ledger.add(row.model, row.usage, row.cost, None)
    return Past(
        ledger.totals(),
        len(rows),
        sum(row.cost or 0.0 for row in rows),
        sum(row.usage.total or 0 for row in rows),
        rows[-1].at_ms,
    )


def last_words(messages: Sequence[ChatMessage]) -> LastWords:
    """Of a conversation; it is read from its end, and no further than need be."""
    asked = said = ""
    for message in reversed(messages):
        if message.role == "assistant":
            said = said or message.text
        elif message.text and not message.synthetic and not message.tool_results:
            asked = message.text
            break
    return LastWords(asked, said)
