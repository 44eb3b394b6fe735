"""Some of what `benchmarks/fuzz_streams.py` runs by the hundred thousand."""

from __future__ import annotations

import pytest

from benchmarks.fuzz_streams import fuzz
from tests.providers.streams import FORMATS


@pytest.mark.parametrize("name", FORMATS)
def test_damaged_answers_end_whole_or_in_a_typed_error(name: str) -> None:
    """Cut anywhere the answer is the same; damaged it neither crashes nor contradicts itself."""
    tally = fuzz(FORMATS[name], seed=1, rechunk=100, mutations=1500)
    assert tally.broken == []
    assert 0 < tally.whole < tally.mutated
