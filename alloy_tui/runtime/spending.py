"""What was spent, put together from the store's ledger. Pure.

Owns sums in which something unknown is marked and never counted as nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from alloy_tui.domain.usage import TokenUsage
from alloy_tui.runtime.model_port import Limit, SpentSum, SpentTurn, SpentView
from alloy_tui.sessions.store import Spent
from alloy_tui.settings.schema import BudgetSettings


def spent_view(
    session: Sequence[Spent],
    day: Sequence[Spent],
    budget: BudgetSettings,
    *,
    team: Sequence[Spent] = (),
    since_ms: int = 0,
) -> SpentView:
    """The page's figures; all sequences are oldest first.

    `team` is what agents took that work for the session: it counts against its
    limits. The program began at `since_ms`, epoch milliseconds.
    """
    models = dict.fromkeys(s.model for s in session)
    here, today = summed(session), summed(day)
    return SpentView(
        session=here,
        life=summed([s for s in session if s.at_ms >= since_ms]),
        team=summed(team) if team else None,
        by_model={name: summed([s for s in session if s.model == name]) for name in models},
        turns=tuple(SpentTurn(s.at_ms, s.model, s.usage, s.cost) for s in session),
        day=today,
        limits=_limits(summed([*session, *team]), today, budget),
    )


def summed(spent: Sequence[Spent]) -> SpentSum:
    """One sum over all of them."""
    usage: TokenUsage | None = None
    for one in spent:
        usage = one.usage if usage is None else usage + one.usage
    known = [one.cost for one in spent if one.cost is not None]
    return SpentSum(
        requests=len(spent),
        usage=usage if usage is not None else SpentSum().usage,
        cost=sum(known) if known or not spent else None,
        at_least=len(known) < len(spent),
    )


def _limits(session: SpentSum, day: SpentSum, budget: BudgetSettings) -> tuple[Limit, ...]:
    given = (
        ("session", "$", session.cost, budget.session_usd),
        ("day", "$", day.cost, budget.day_usd),
        ("session", "tokens", session.usage.total, budget.session_tokens),
        ("day", "tokens", day.usage.total, budget.day_tokens),
    )
    return tuple(
        Limit(span, unit, spent or 0.0, limit)
        for span, unit, spent, limit in given
        if limit is not None
    )
