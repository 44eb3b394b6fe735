"""What a person types as a limit of spending: dollars, tokens or both. Pure."""

from __future__ import annotations

import re

_LIMIT = re.compile(
    r"(?P<dollar>\$\s*)?(?P<number>\d{1,12}(\.\d{1,6})?|\.\d{1,6})\s*(?P<factor>[km])?\s*"
    r"(?P<unit>tokens?)?",
    re.ASCII,
)
_FACTORS = {"": 1, "k": 1_000, "m": 1_000_000}


def limits(words: str) -> tuple[float | None, int | None, str]:
    """Dollars and tokens out of `2.50`, `50k tokens`, `2.50, 50k` or nothing; or what is wrong."""
    usd, tokens = None, None
    for piece in words.lower().split(","):
        text = piece.strip()
        if not text:
            continue
        found = _LIMIT.fullmatch(text)
        if found is None:
            return None, None, "Write dollars such as 2.50, or tokens such as 50k tokens, or both."
        value = float(found["number"]) * _FACTORS[found["factor"] or ""]
        if found["dollar"] and found["unit"]:
            return None, None, "Dollars or tokens, not both in one piece."
        if found["dollar"] or not (found["factor"] or found["unit"]):
            usd = value
        else:
            tokens = round(value)
    return usd, tokens, ""
