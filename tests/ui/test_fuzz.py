"""Some of what `benchmarks/fuzz_renderer.py` runs by the hundred thousand."""

from __future__ import annotations

from benchmarks.fuzz_renderer import fuzz


def test_a_thousand_random_inputs() -> None:
    """No exception, exact rows, no control characters, pieces equal the whole."""
    tally = fuzz(1000, seed=1)
    assert tally.broken == []
    assert tally.inputs == 1000
    assert tally.rows > 50_000
