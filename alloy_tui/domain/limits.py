"""Limits of what may be spent: how an amount is written, and what a limit is raised to.

Owns the words and the sum, so that every question about money names the same
figure as the limit that follows from its answer. Knows neither who asks nor what for.
"""

from __future__ import annotations

import math
from typing import Final, Literal, TypeAlias

Unit: TypeAlias = Literal["usd", "tokens"]

RAISE_BY: Final = 1.5
_CENTS, _FINE = 2, 4


def spelled(amount: float, unit: Unit) -> str:
    """`1,200 tokens`, `$0.75`, `$0.0021`: more digits the less it is, so that nothing reads $0.00.

    Dollars that are not nothing show two digits that count.
    """
    if unit == "tokens":
        return f"{amount:,.0f} tokens"
    return f"${amount:,.{_digits(amount)}f}"


def raised(limit: float, needed: float, unit: Unit) -> float:
    """Half as much again as the limit, or as what is needed where that is more; rounded up.

    So the request at hand fits, and so do some after it; and `spelled` tells it exactly.
    """
    more = RAISE_BY * max(limit, needed)
    step = 1 if unit == "tokens" else 10 ** _digits(more)
    return math.ceil(more * step - 1e-9) / step


def _digits(dollars: float) -> int:
    if dollars >= 0.1 or dollars <= 0:
        return _CENTS
    # 0.00002 has its first digit that counts in the fifth place.
    return max(_FINE, 1 - math.floor(math.log10(dollars)))
