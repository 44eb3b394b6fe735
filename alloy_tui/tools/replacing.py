"""Exact replacement in text whose line endings the model does not see.

The model reads and writes LF; a file may have CRLF, or both. Matching is done
on a form with LF only, and spans are carried back, so every byte outside them
stays. Pure.
"""

from __future__ import annotations

import bisect
import re

import msgspec

BOM = "\ufeff"

_PAIR = re.compile("\r\n")


class Replaced(msgspec.Struct, frozen=True):
    """The new text and the line numbers (from 1, in the old text) where something changed."""

    text: str
    lines: tuple[int, ...]


class Text:
    """A file's text with its line endings, and the LF form that a model knows.

    A byte order mark at the start belongs to neither.
    """

    def __init__(self, raw: str) -> None:
        self._bom = BOM if raw.startswith(BOM) else ""
        self._raw = raw.removeprefix(BOM)
        # Where, in the LF form, a CR is missing: before the LF at that index.
        self._pairs = [m.start() - n for n, m in enumerate(_PAIR.finditer(self._raw))]
        self.plain = self._raw.replace("\r\n", "\n")

    def find(self, old: str) -> list[int]:
        """Where `old` starts in the LF form, overlaps left out."""
        old = plain(old)
        found: list[int] = []
        position = self.plain.find(old)
        while position >= 0:
            found.append(position)
            position = self.plain.find(old, position + len(old))
        return found

    def line_of(self, position: int) -> int:
        """The line number, from 1, of a position in the LF form."""
        return self.plain.count("\n", 0, position) + 1

    def replace(self, old: str, new: str, places: list[int]) -> Replaced:
        """Every `old` at `places` (from `find`) replaced; new lines end as those around do."""
        old, new = plain(old), plain(new)
        pieces: list[str] = []
        lines: list[int] = []
        position, counted, line = 0, 0, 1
        for place in places:
            line += self.plain.count("\n", counted, place)
            counted = place
            lines.append(line)
            start, end = self._raw_index(place), self._raw_index(place + len(old))
            ending = self._ending(place, len(old))
            pieces += [self._raw[position:start], new.replace("\n", ending)]
            position = end
        pieces.append(self._raw[position:])
        return Replaced(self._bom + "".join(pieces), tuple(lines))

    def _raw_index(self, position: int) -> int:
        return position + bisect.bisect_left(self._pairs, position)

    def _ending(self, place: int, length: int) -> str:
        """The kind of the first line break in the span, else of the next, else of the last."""
        at = self.plain.find("\n", place, place + length)
        if at < 0:
            at = self.plain.find("\n", place + length)
        if at < 0:
            at = self.plain.rfind("\n", 0, place)
        index = bisect.bisect_left(self._pairs, at)
        return "\r\n" if index < len(self._pairs) and self._pairs[index] == at else "\n"


def plain(text: str) -> str:
    """`text` as a model means it: LF only, no byte order mark."""
    return text.removeprefix(BOM).replace("\r\n", "\n")
