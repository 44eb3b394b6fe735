"""Fuzzy matching: do the letters of a query stand in a text in order, where, and how well.

Pure, and the same for commands, models, file names and old prompts. A match
at the beginnings of words and in unbroken runs is better, one late in a path's
last part better than one in its folders, a short text better than a long one.
Case is ignored.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from heapq import nlargest
from typing import NamedTuple

_SEPARATORS = frozenset("/\\_-. :@")
_LETTER = 16
_WORD_START = 8
_RUN = 8
_LAST_PART = 3
_GAP = 0.25
_LONGEST_GAP = 20
_LENGTH = 0.05


class Match(NamedTuple):
    """How well, and at which places of the text, rising."""

    score: float
    places: tuple[int, ...]


def folded(text: str) -> str:
    """`text` without case and of the same length, so that places stay what they are."""
    low = text.lower()
    return (
        low
        if len(low) == len(text)
        else "".join(c if len(c.lower()) != 1 else c.lower() for c in text)
    )


def pattern(query: str) -> re.Pattern[str]:
    """What `match`es at the start of every folded text that holds the query's letters in order.

    Takes linear time: each part skips to the first of its letter.
    """
    letters = [re.escape(letter) for letter in folded(query)]
    return re.compile("".join(f"[^{letter}]*{letter}" for letter in letters), re.DOTALL)


def match(query: str, text: str) -> Match | None:
    """The best of a few ways to find `query` in `text`; None when its letters are not there."""
    low, wanted = folded(text), folded(query)
    if not wanted:
        return Match(-_LENGTH * len(text), ())
    starts = {0, low.rfind("/", 0, len(low) - 1) + 1}
    whole = low.rfind(wanted)
    found = [tuple(range(at, at + len(wanted))) for at in {low.find(wanted), whole} if at >= 0]
    for start in starts:
        for by_words in (False, True):
            places = _walk(wanted, low, text, start, by_words=by_words)
            if places is not None:
                found.append(places)
    if not found:
        return None
    last_part = max(starts)
    return max(
        (Match(_score(text, places, last_part), places) for places in found),
        key=lambda m: m.score,
    )


def rank(query: str, texts: Iterable[str], limit: int | None = None) -> list[str]:
    """The texts that match, best first; equals keep their order. All of them for no query."""
    known = list(texts)
    if not query:
        return known[:limit]
    scored = [
        (found.score, -index)
        for index, text in enumerate(known)
        if (found := match(query, text)) is not None
    ]
    best = nlargest(len(scored) if limit is None else limit, scored)
    return [known[-index] for _, index in best]


def _walk(
    wanted: str, low: str, text: str, start: int, *, by_words: bool
) -> tuple[int, ...] | None:
    """Letter after letter from `start`; `by_words` skips ahead to the beginnings of words."""
    places: list[int] = []
    at = start
    for index, letter in enumerate(wanted):
        place = low.find(letter, at)
        if place < 0:
            return None
        if by_words and not (places and place == at):
            ahead = place
            while ahead >= 0 and not _begins_word(text, ahead):
                ahead = low.find(letter, ahead + 1)
            if ahead >= 0 and _holds(wanted[index + 1 :], low, ahead + 1):
                place = ahead
        places.append(place)
        at = place + 1
    return tuple(places)


def _holds(wanted: str, low: str, at: int) -> bool:
    for letter in wanted:
        at = low.find(letter, at) + 1
        if at == 0:
            return False
    return True


def _begins_word(text: str, at: int) -> bool:
    if at == 0 or text[at - 1] in _SEPARATORS:
        return True
    return text[at].isupper() and not text[at - 1].isupper()


def _score(text: str, places: tuple[int, ...], last_part: int) -> float:
    score = -_LENGTH * len(text)
    before = -1
    for place in places:
        score += _LETTER
        if place >= last_part:
            score += _LAST_PART
        if _begins_word(text, place):
            score += _WORD_START
        elif before >= 0 and place == before + 1:
            score += _RUN
        if before >= 0:
            score -= _GAP * min(_LONGEST_GAP, place - before - 1)
        before = place
    if places[0] == last_part:
        score += _WORD_START / 2
    return score
