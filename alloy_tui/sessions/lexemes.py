"""Texts and queries in the form of PostgreSQL's full-text search.

Pure. Owns the cutting of texts into lexemes and the limits of a `tsvector`.
The words are those of `snippets`, so that a query means the same in every store;
the server's own dictionaries, which differ from machine to machine, have no part.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

import msgspec

from alloy_tui.sessions.snippets import Term, fold, indexable

EXACT, WITHOUT_PLACES, BEYOND = 0, 1, 2
"""How much a vector knows: all; not where every word stands; not even every word."""
# A text may be longer; no person searches for what a tool printed after so much.
_LONGEST = 1_000_000
# The server's own limits: on a place, places of one lexeme, bytes of a lexeme and of all.
_LAST_PLACE = 16_383
_PLACES = 255
_LEXEME = 400
_BYTES = 900_000
_WORDS = re.compile(r"[^\W_]+")


class Vector(msgspec.Struct, frozen=True):
    """The spelling of a `tsvector`, and whether it is `EXACT`, `WITHOUT_PLACES` or `BEYOND`."""

    spelled: str
    loose: int


def lexemes(text: str) -> list[str]:
    """The words of a text as they are compared: without case, accents and what is between them."""
    folded = fold(indexable(text[:_LONGEST]))
    if not folded.isascii():
        folded = "".join(c for c in folded if not unicodedata.combining(c))
    return [word[:_LEXEME] for word in _WORDS.findall(folded)]


def vector(text: str) -> Vector:
    """The text as it is indexed."""
    places: dict[str, list[int]] = {}
    loose = EXACT
    for place, word in enumerate(lexemes(text), 1):
        known = places.setdefault(word, [])
        if place > _LAST_PLACE or len(known) >= _PLACES:
            loose = WITHOUT_PLACES
        else:
            known.append(place)
    if sum(len(w.encode()) + 2 * len(p) + 4 for w, p in places.items()) > _BYTES:
        return Vector("", BEYOND)
    spelled = " ".join(
        f"'{word}':{','.join(map(str, where))}" if where else f"'{word}'"
        for word, where in places.items()
    )
    return Vector(spelled, loose)


def query(wanted: Sequence[Term], *, side_by_side: bool = True) -> str:
    """The spelling of a `tsquery`; "" when nothing can be looked for."""
    parts: list[str] = []
    joint = " <-> " if side_by_side else " & "
    for term in wanted:
        words = [f"'{word}'" for word in _words(term)]
        if words and _goes_on(term):
            words[-1] += ":*"
        if words:
            parts.append(f"({joint.join(words)})")
    return " & ".join(parts)


def has_phrase(wanted: Sequence[Term]) -> bool:
    """Whether it matters where words stand."""
    return any(len(_words(term)) > 1 for term in wanted)


def holds(text: str, wanted: Sequence[Term]) -> bool:
    """Whether the text holds all terms; what `query` asks of an exact vector."""
    found = lexemes(text)
    return all(_holds(found, _words(term), _goes_on(term)) for term in wanted)


def _words(term: Term) -> list[str]:
    return lexemes(" ".join(term.words))


def _goes_on(term: Term) -> bool:
    # A single letter that goes on in every way would gather half of all words.
    return term.unfinished and len(term.words[-1]) > 1


def _holds(found: Sequence[str], words: Sequence[str], goes_on: bool) -> bool:
    *whole, last = words or [""]
    for end, word in enumerate(found):
        if not (word.startswith(last) if goes_on else word == last):
            continue
        if end >= len(whole) and list(found[end - len(whole) : end]) == whole:
            return True
    return False
