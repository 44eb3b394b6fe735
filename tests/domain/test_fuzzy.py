"""Fuzzy matching: what matches, where, and what comes first."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from alloy_tui.domain import fuzzy

_TEXTS = st.text(st.sampled_from("abcAB/_-. éİß"), max_size=30)
_QUERIES = st.text(st.sampled_from("abcAB/éİ."), min_size=1, max_size=6)


def is_subsequence(query: str, text: str) -> bool:
    letters = iter(fuzzy.folded(text))
    return all(letter in letters for letter in fuzzy.folded(query))


@given(_QUERIES, _TEXTS)
@example("İ", "aİ")
@example("]", "a]b")
@example("^", "a^b")
def test_a_text_matches_exactly_when_it_holds_the_letters_in_order(query: str, text: str) -> None:
    holds = is_subsequence(query, text)
    assert (fuzzy.match(query, text) is not None) == holds
    assert (fuzzy.pattern(query).match(fuzzy.folded(text)) is not None) == holds


@given(_QUERIES, _TEXTS)
def test_the_places_spell_the_query(query: str, text: str) -> None:
    found = fuzzy.match(query, text)
    if found is not None:
        assert list(found.places) == sorted(set(found.places))
        low = fuzzy.folded(text)
        assert "".join(low[place] for place in found.places) == fuzzy.folded(query)


@given(st.text(max_size=30))
def test_folding_keeps_every_place(text: str) -> None:
    assert len(fuzzy.folded(text)) == len(text)


@given(_QUERIES, st.lists(_TEXTS, max_size=12))
def test_ranking_keeps_what_matches_and_nothing_else(query: str, texts: list[str]) -> None:
    assert sorted(fuzzy.rank(query, texts)) == sorted(t for t in texts if is_subsequence(query, t))


def test_an_empty_query_keeps_everything_in_its_order() -> None:
    assert fuzzy.rank("", ["b", "a", "c"]) == ["b", "a", "c"]
    assert fuzzy.rank("", ["b", "a", "c"], 2) == ["b", "a"]


def test_beginnings_of_words_runs_and_the_last_part_come_first() -> None:
    for query, best, worse in (
        ("prompt", "ui/prompt.py", "prompt_tests/cart.py"),
        ("ptc", "tests/prompt_test_case.py", "src/scriptcase.py"),
        ("cart", "src/cart.py", "src/checkout_artefacts.py"),
        ("tc", "TestCart.py", "batch.py"),
        ("us", "usage", "reset this user"),
        ("mod", "model", "approval mode"),
    ):
        assert fuzzy.rank(query, [worse, best])[0] == best, query


def test_of_equals_the_shorter_comes_first() -> None:
    assert fuzzy.rank("a", ["a/long/way/to/a.py", "a.py"])[0] == "a.py"
