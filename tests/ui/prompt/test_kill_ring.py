"""The kill ring by itself."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from alloy_tui.ui.prompt.kill_ring import KillRing

_PIECES = st.lists(st.tuples(st.text(min_size=1, max_size=5), st.booleans()), min_size=1)


@given(_PIECES)
def test_kills_in_a_row_come_back_as_they_stood(pieces: list[tuple[str, bool]]) -> None:
    ring, stood = KillRing(), ""
    for text, before in pieces:
        ring.kill(text, before=before)
        stood = text + stood if before else stood + text
    assert ring.last == stood


@given(st.lists(st.text(min_size=1, max_size=5), min_size=1, max_size=60))
def test_turning_the_ring_shows_every_entry_once_and_then_the_last_again(texts: list[str]) -> None:
    ring = KillRing()
    for text in texts:
        ring.kill(text, before=False)
        ring.rest()
    seen = [ring.last, *(ring.turn() for _ in texts)]
    assert seen[:-1] == texts[::-1]
    assert seen[-1] == seen[0]


def test_an_empty_ring_gives_nothing_and_nothing_is_not_kept() -> None:
    ring = KillRing()
    ring.kill("", before=False)
    assert ring.last == ring.turn() == ""
