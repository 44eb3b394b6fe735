"""From a query to its terms, and from a found text to the passage that shows why it was found.

Pure. Owns the reading of what a person typed, and the likeness of a text to it.
Follows the tokeniser of the index (`search`): case and accents do not count.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import cache

import msgspec

WIDTH = 160
"""Characters of a snippet."""
# Texts are looked at so far; a tool's endless output is found but not read to its end.
_LOOKED_AT = 100_000
_QUOTED = re.compile(r'"([^"]*)"?|(\S+)')
_WORDS = re.compile(r"[^\W_]+")
# Scripts that put no space between words: every character is a word of its own.
_DENSE = re.compile("([\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff])")


class Term(msgspec.Struct, frozen=True):
    """Words that stand side by side; the last may be `unfinished`."""

    words: tuple[str, ...]
    unfinished: bool = False


class Passage(msgspec.Struct, frozen=True):
    """A piece of a text on one line, and where the terms are in it."""

    text: str
    marks: tuple[tuple[int, int], ...]


def indexable(text: str) -> str:
    """The text as the index takes it."""
    clean = text.encode("utf-8", "replace").decode().replace("\x00", " ")
    return clean if clean.isascii() else _DENSE.sub(r" \1 ", clean)


def terms(query: str) -> tuple[Term, ...]:
    """What must be found: every word, and every quoted run of words."""
    found: list[Term] = []
    for match in _QUOTED.finditer(query):
        quoted, word = match[1], match[2]
        words = tuple(_WORDS.findall(indexable(quoted if word is None else word)))
        if words:
            last = word is not None and match.end() == len(query)
            found.append(Term(words, last))
    return tuple(found)


def passage(text: str, wanted: Sequence[Term]) -> Passage:
    """The piece of `text` where the most terms are closest together."""
    text = text[:_LOOKED_AT]
    spots = sorted(_spots(fold(text), wanted))
    middle = _densest(spots)
    start = max(0, middle - WIDTH // 3)
    if start:  # begin with a whole word
        space = text.find(" ", start, start + 20)
        start = space + 1 if space >= 0 else start
    piece = text[start : start + WIDTH]
    marks = tuple((a - start, b - start) for a, b in spots if a >= start and b <= start + WIDTH)
    head, tail = "…" if start else "", "…" if start + WIDTH < len(text) else ""
    shift = len(head)
    line = head + "".join(" " if c.isspace() or c == "\x00" else c for c in piece) + tail
    return Passage(line, tuple((a + shift, b + shift) for a, b in marks))


def likeness(text: str, wanted: Sequence[Term]) -> float:
    """How well a text that holds all terms answers the query: often, and in few words."""
    text = fold(text[:_LOOKED_AT])
    length = 1 + len(text) / 800
    score = 0.0
    for term in wanted:
        count = text.count(" ".join(fold(w) for w in term.words)) or 1
        score += count * 2.2 / (count + 1.2 * (0.25 + 0.75 * length))
    return score


def fold(text: str) -> str:
    """Lower case without accents, character by character, so that places stay the same."""
    if text.isascii():
        return text.lower()
    return "".join(map(_fold, text))


@cache
def _fold(char: str) -> str:
    return (unicodedata.normalize("NFKD", char)[:1] or char).lower()[:1] or char


def _spots(folded: str, wanted: Sequence[Term]) -> set[tuple[int, int]]:
    spots: set[tuple[int, int]] = set()
    for term in wanted:
        words = [re.escape(fold(w)) for w in term.words]
        end = "" if term.unfinished else r"(?![^\W_])"
        # Dense scripts have no borders between words, and a border is not asked for there.
        start = "" if _DENSE.match(term.words[0]) else r"(?<![^\W_])"
        pattern = start + r"[\W_]*".join(words) + ("" if _DENSE.match(term.words[-1]) else end)
        for count, match in enumerate(re.finditer(pattern, folded)):
            if count > 200:
                break
            spots.add(match.span())
    return spots


def _densest(spots: Sequence[tuple[int, int]]) -> int:
    """Where a window holds the most spots; the first of the best."""
    best, most, end = 0, 0, 0
    for n, (start, _) in enumerate(spots):
        while end < len(spots) and spots[end][0] < start + WIDTH * 2 // 3:
            end += 1
        if end - n > most:
            best, most = start, end - n
    return best
