"""What a service asks of those it turns away: how long to wait, and whether to come back.

Pure: reads headers, in the order that the large SDKs do. Garbage, negative and
past values are as good as absent.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from email.utils import parsedate_to_datetime


def should_retry(headers: Mapping[str, str]) -> bool | None:
    """The service's own word on retrying, or None."""
    return {"true": True, "false": False}.get(headers.get("x-should-retry", "").strip().lower())


def retry_after_s(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds that the service wants us to wait; `now` is epoch seconds, for dates."""
    millis = _positive(headers.get("retry-after-ms"))
    if millis is not None:
        return millis / 1000
    value = headers.get("retry-after")
    seconds = _positive(value)
    if seconds is not None or not value:
        return seconds
    try:
        wait = parsedate_to_datetime(value).timestamp() - now
    except (ValueError, TypeError, OverflowError):
        return None
    return wait if wait > 0 else None


def _positive(value: str | None) -> float | None:
    try:
        number = float(value or "")
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None
