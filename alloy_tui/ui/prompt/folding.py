"""Large pastes and images as short labels in the prompt, and back. Pure.

A label such as `[pasted 213 lines]` stands for its content until the message
is sent. Owns which labels are known and what they stand for; a label that a
person types by hand stands for nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePath

from alloy_tui.domain.sanitise import clean_line
from alloy_tui.ui.drafts import Draft, Fold, finder

FOLD_LINES = 10
FOLD_CHARS = 1000


def is_large(text: str) -> bool:
    """Whether a paste is folded."""
    return text.rstrip("\n").count("\n") >= FOLD_LINES or len(text) > FOLD_CHARS


class Folds:
    """The labels that a prompt knows."""

    def __init__(self) -> None:
        self._known: dict[str, Fold] = {}
        self._pattern: re.Pattern[str] | None = None

    def fold(self, text: str, beside: str) -> str:
        """A label for the paste `text`, unlike all in the prompt's text `beside`."""
        lines = text.rstrip("\n").count("\n") + 1
        words = f"{lines:,} lines" if lines > 1 else f"{len(text):,} characters"
        return self._label(f"pasted {words}", Fold(text=text), beside)

    def attach(self, path: str, beside: str) -> str:
        """A label for the image at `path`."""
        name = clean_line(PurePath(path).name, limit=40).translate({91: "(", 93: ")"})
        return self._label(f"image: {name}", Fold(image=path), beside)

    def draft(self, text: str) -> Draft:
        """`text` with the labels that it uses."""
        used = {match[0] for match in self._finder.finditer(text)}
        return Draft(text, {label: self._known[label] for label in used})

    def adopt(self, draft: Draft) -> str:
        """Take a draft from elsewhere in; returns its text, labels renamed where taken."""
        renamed: dict[str, str] = {}
        for label, fold in draft.folds.items():
            renamed[label] = self._label(label.strip("[]").partition(" #")[0], fold, "")
        if not renamed:
            return draft.text
        return finder(draft.folds).sub(lambda match: renamed[match[0]], draft.text)

    def refold(self, text: str, before: Draft) -> str:
        """`text` with the pastes of `before` that are still whole in it as labels again."""
        for label, fold in before.folds.items():
            if fold.text:
                text = text.replace(fold.text, label, 1)
        return text

    def content(self, label: str) -> str | None:
        """The text that `label` stands for; None for images and unknown ones."""
        fold = self._known.get(label)
        return None if fold is None or fold.image else fold.text

    def labels_in(self, line: str) -> Iterator[tuple[int, int]]:
        """Where labels stand in `line`, as columns."""
        if "[" in line and self._known:
            for match in self._finder.finditer(line):
                yield match.span()

    @property
    def _finder(self) -> re.Pattern[str]:
        if self._pattern is None:
            self._pattern = finder(self._known)
        return self._pattern

    def _label(self, words: str, fold: Fold, beside: str) -> str:
        label, number = f"[{words}]", 1
        while label in beside or self._known.get(label, fold) != fold:
            number += 1
            label = f"[{words} #{number}]"
        self._known[label] = fold
        self._pattern = None
        return label
