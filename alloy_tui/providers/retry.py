"""When a failed request is worth sending again, and after how long.

Pure: no clock, no sleep, no randomness of its own. Whether a retry is allowed
at all (nothing visible was shown yet) is the engine's rule, not ours.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from alloy_tui.domain.errors import ProviderError

_JITTER = 0.25


class RetryPolicy(msgspec.Struct, frozen=True):
    """Exponential back-off with jitter, which yields to what the service asks for.

    `max_attempts` counts the first request too; 1 disables retrying. `base_s`
    doubles with every attempt up to `cap_s`, less up to a quarter of it at
    random. A service that wants more than `longest_wait_s` gets no retry: the
    person in front of the screen is told instead. A request that timed out has
    cost all our patience already and is sent `max_timeouts` times at most.
    """

    max_attempts: int = 4
    max_timeouts: int = 2
    base_s: float = 0.5
    cap_s: float = 8.0
    longest_wait_s: float = 120.0

    def delay_s(
        self, attempt: int, error: ProviderError, random: Callable[[], float]
    ) -> float | None:
        """Seconds to wait before the next attempt, or None to give up.

        `attempt` is the number of the attempt that failed with `error`, from 1.
        `random` returns a float in [0, 1), as `random.random` does.
        """
        if attempt >= self.max_attempts or not error.retryable:
            return None
        if error.kind == "timeout" and attempt >= self.max_timeouts:
            return None
        if error.retry_after_s is not None:
            return error.retry_after_s if error.retry_after_s <= self.longest_wait_s else None
        # The exponent is capped so that a large attempt number cannot overflow.
        grown = min(self.cap_s, self.base_s * 2.0 ** min(attempt - 1, 30))
        return grown * (1.0 - _JITTER * random())
