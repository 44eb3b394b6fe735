"""A prompt that is not sent yet, as a value: its text, and what the labels in it stand for.

Owns how labels are found and replaced. Pure; it crosses between prompt,
history, queue and stash.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec


class Fold(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a label stands for: text, or the image at the path `image`."""

    text: str = ""
    image: str = ""


class Draft(msgspec.Struct, frozen=True, omit_defaults=True):
    """A prompt's text with what the labels in it stand for."""

    text: str
    folds: dict[str, Fold] = {}

    @property
    def whole(self) -> str:
        """The text with every folded paste in its place; images keep their labels."""
        return unfold(self.text, self.folds)

    @property
    def images(self) -> tuple[str, ...]:
        """The paths of the images whose labels stand in the text."""
        found = (self.folds[match[0]] for match in finder(self.folds).finditer(self.text))
        return tuple(dict.fromkeys(fold.image for fold in found if fold.image))


def unfold(text: str, folds: Mapping[str, Fold]) -> str:
    """`text` with its labels replaced by their texts, once: what comes in is not looked at."""
    if not folds:
        return text

    def content(match: re.Match[str]) -> str:
        fold = folds[match[0]]
        return match[0] if fold.image else fold.text

    return finder(folds).sub(content, text)


def finder(folds: Mapping[str, Fold]) -> re.Pattern[str]:
    """What finds the labels of `folds`, the longest first."""
    # Never matches when there is nothing to find.
    labels = sorted(folds, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, labels)) or r"(?!)")
