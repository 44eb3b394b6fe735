"""What an agent has used in its life: tokens by model, money, how full the window is.

Owns the sums. Must not know of events or providers; prices come in as costs.
"""

from __future__ import annotations

import msgspec

from alloy_tui.domain.events import UsageUpdated
from alloy_tui.domain.usage import ZERO, TokenUsage


class UsageTotals(msgspec.Struct, frozen=True):
    """Totals as of now.

    `cost` is in US dollars, None when some turn's price is unknown; `cost_known`
    is then what the turns with a known price come to. A turn whose tokens are
    unknown (it was cut off) leaves `cost` as a lower bound and marks
    `usage.partial`. `context_tokens` is what the last prompt and answer filled.
    """

    usage: TokenUsage
    by_model: dict[str, TokenUsage]
    cost: float | None
    context_tokens: int | None
    context_window: int | None
    cost_known: float | None = None


class Spending:
    """A sum of costs in which an unknown price makes the whole unknown.

    It begins with `known` dollars; `unpriced` says that some of it is unknown already.
    """

    def __init__(self, known: float | None = None, *, unpriced: bool = False) -> None:
        self._known = known or 0.0
        self._any = known is not None
        self._unpriced = unpriced

    def add(self, usage: TokenUsage, cost: float | None) -> None:
        """Add a turn; a turn without known tokens changes nothing."""
        if cost is not None:
            self._known += cost
            self._any = True
        elif usage.known:
            self._unpriced = True

    @property
    def cost(self) -> float | None:
        """Dollars, or None for unknown."""
        return None if self._unpriced else self.known

    @property
    def known(self) -> float | None:
        """Dollars of the turns whose price is known, None = there is none."""
        return self._known if self._any else None


class Ledger:
    """Adds up the turns of one agent; `before` is what it took before it was started anew."""

    def __init__(self, before: UsageTotals | None = None) -> None:
        self._context_tokens: int | None = None
        self._context_window: int | None = None
        self._window_of: str | None = None
        self._begin(before)

    def _begin(self, before: UsageTotals | None) -> None:
        self._usage: TokenUsage | None = None
        self._by_model: dict[str, TokenUsage] = {}
        self._spending = Spending()
        if before is not None and before.by_model:  # otherwise no turn was taken
            self._usage, self._by_model = before.usage, dict(before.by_model)
            unpriced = before.cost is None and before.usage.known
            self._spending = Spending(before.cost_known, unpriced=unpriced)
            self._context_tokens = before.context_tokens

    def add(
        self, model: str, usage: TokenUsage, cost: float | None, context_window: int | None
    ) -> UsageUpdated:
        """Add one turn of `model`; returns the event that tells the new totals."""
        self._usage = _plus(self._usage, usage)
        self._by_model[model] = _plus(self._by_model.get(model), usage)
        self._spending.add(usage, cost)
        if usage.total is not None:
            self._context_tokens = usage.total
        # A cut turn says nothing of its model's window; another model has its own.
        if context_window is not None or model != self._window_of:
            self._context_window, self._window_of = context_window, model
        return told(self.totals())

    def brought(self, context_window: int | None) -> UsageUpdated | None:
        """What it began with as an event, None = nothing; the window is that of the model now."""
        if self._usage is None:
            return None
        self._context_window = context_window
        return told(self.totals())

    def go_on(self, before: UsageTotals | None = None) -> None:
        """The conversation is another, which took `before`, None = all that was taken until now.

        How full the window is shows at its next turn.
        """
        if before is not None:
            self._begin(before)
        self._context_tokens = None

    def totals(self) -> UsageTotals:
        """The sums as a value."""
        return UsageTotals(
            ZERO if self._usage is None else self._usage,
            dict(self._by_model),
            self._spending.cost,
            self._context_tokens,
            self._context_window,
            self._spending.known,
        )


def told(totals: UsageTotals) -> UsageUpdated:
    """The event that tells `totals`."""
    return UsageUpdated(
        totals.usage,
        totals.by_model,
        totals.cost,
        totals.context_tokens,
        totals.context_window,
        totals.cost_known,
    )


def _plus(total: TokenUsage | None, usage: TokenUsage) -> TokenUsage:
    """The sum; the first turn is taken as it is, so that nothing known stays unknown."""
    return usage if total is None else total + usage
