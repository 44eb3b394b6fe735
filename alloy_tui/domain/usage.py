"""Token counts and money, with "unknown" as a value of its own.

None means that the service did not say; it is never shown or summed as zero.
Owns arithmetic only; prices come from the model catalogue.
"""

from __future__ import annotations

import msgspec


def _sum(a: int | None, b: int | None) -> int | None:
    if a is None:
        return b
    return a if b is None else a + b


class TokenUsage(msgspec.Struct, frozen=True, omit_defaults=True):
    """Tokens of one turn, or a sum of turns.

    `input` is the fresh part of the prompt: it excludes `cache_read` and
    `cache_write`. `output` includes `reasoning`. `partial` is true on a sum in
    which some turn's input or output was unknown: the figure is then a lower
    bound. `TokenUsage()` is "nothing known"; `ZERO` is the start of a sum.
    """

    input: int | None = None
    cache_read: int | None = None
    cache_write: int | None = None
    output: int | None = None
    reasoning: int | None = None
    partial: bool = False

    @property
    def known(self) -> bool:
        """Whether both directions were reported."""
        return self.input is not None and self.output is not None

    @property
    def prompt(self) -> int | None:
        """The whole prompt: fresh, cache read and cache write; None if unknown."""
        if self.input is None:
            return None
        return self.input + (self.cache_read or 0) + (self.cache_write or 0)

    @property
    def total(self) -> int | None:
        """Prompt and output; None if either is unknown."""
        prompt = self.prompt
        return None if prompt is None or self.output is None else prompt + self.output

    def __add__(self, other: TokenUsage) -> TokenUsage:
        return TokenUsage(
            input=_sum(self.input, other.input),
            cache_read=_sum(self.cache_read, other.cache_read),
            cache_write=_sum(self.cache_write, other.cache_write),
            output=_sum(self.output, other.output),
            reasoning=_sum(self.reasoning, other.reasoning),
            partial=self.partial or other.partial or not (self.known and other.known),
        )


ZERO = TokenUsage(input=0, output=0)


class Price(msgspec.Struct, frozen=True, omit_defaults=True):
    """US dollars per million tokens. A None price makes a cost unknown where it is needed.

    `long` replaces the whole price for a request whose prompt has more than
    `long_from` tokens; so a cost is of one request, never of a sum of them.
    """

    input: float | None = None
    output: float | None = None
    cache_read: float | None = None
    cache_write: float | None = None
    long_from: int | None = None
    long: Price | None = None
    peak_hours: tuple[tuple[int, int], ...] = ()
    peak: Price | None = None

    def cost(self, usage: TokenUsage, at_ms: int | None = None) -> float | None:
        """Dollars for the `usage` of one request, None when a needed price or count is unknown.

        `at_ms` is when it was made, in epoch milliseconds; without it the
        dearer hours count.
        """
        if self.peak is not None and (at_ms is None or self._busy(at_ms)):
            return self.peak.cost(usage, at_ms)
        if self.long is not None and self.long_from is not None:
            prompt = usage.prompt
            if prompt is None:
                return None
            if prompt > self.long_from:
                return self.long.cost(usage, at_ms)
        total = 0.0
        pairs = (
            (usage.input, self.input),
            (usage.output, self.output),
            (usage.cache_read or 0, self.cache_read),
            (usage.cache_write or 0, self.cache_write),
        )
        for tokens, price in pairs:
            if tokens is None:
                return None
            if tokens and price is None:
                return None
            total += tokens * (price or 0.0)
        return total / 1_000_000

    def _busy(self, at_ms: int) -> bool:
        days, rest = divmod(at_ms, 86_400_000)
        hour, weekday = rest // 3_600_000, (days + 3) % 7  # the epoch began on a Thursday
        return weekday < 5 and any(start <= hour < end for start, end in self.peak_hours)
