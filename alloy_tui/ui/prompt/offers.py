"""The rows that the popup over the prompt offers: from commands, files, old prompts, the stash.

Owns how each is put in one line; all foreign text in a row has been sanitised.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import PurePath
from typing import Protocol

import msgspec

from alloy_tui.domain import fuzzy
from alloy_tui.domain.sanitise import clean_line
from alloy_tui.runtime.port import FoundFiles
from alloy_tui.ui.commands import Completion
from alloy_tui.ui.drafts import Draft
from alloy_tui.ui.history import Entry, PromptHistory
from alloy_tui.ui.prompt import mentions

_SHOWN = 200


class Offer(msgspec.Struct, frozen=True):
    """One row. `insert` replaces the text, or from column `start` on to the cursor.

    `places` are the letters of `label` that matched; `path` is a file's.
    """

    insert: str
    label: str
    note: str = ""
    hint: str = ""
    places: tuple[int, ...] = ()
    start: int | None = None
    path: str = ""


def command_offers(completions: Sequence[Completion]) -> list[Offer]:
    """Slash commands and their arguments."""
    return [Offer(c.insert, c.label, c.note, c.hint) for c in completions]


def file_offers(found: FoundFiles, start: int) -> list[Offer]:
    """Files to mention; a folder that stands there already gives way to what is in it."""
    return [
        Offer(
            insert=mentions.spell(file.path),
            label=file.path,
            places=file.places,
            start=start,
            path=file.path,
        )
        for file in found.files
        if not (file.path.endswith("/") and file.path == found.query)
    ]


def still_matching(offers: Sequence[Offer], query: str) -> list[Offer]:
    """The file rows that fit `query` too, until the new answer comes."""
    kept: list[Offer] = []
    for offer in offers:
        found = fuzzy.match(query, offer.path)
        if found is not None and offer.path:
            kept.append(offer)
    return kept


class Picker(Protocol):
    """Something to choose an old text from, while the prompt's text narrows it down."""

    @property
    def words(self) -> str:
        """What the empty prompt says meanwhile."""
        ...

    def rows(self, query: str) -> list[Offer]:
        """What fits `query`."""
        ...

    def take(self, index: int) -> Draft | None:
        """The text of that row of the last `rows`."""
        ...


class Recall:
    """Old prompts, of all projects or of this one."""

    def __init__(self, history: PromptHistory) -> None:
        self._history = history
        self.here = False
        self._shown: list[Entry] = []

    @property
    def words(self) -> str:
        """What the empty prompt says meanwhile."""
        return (
            "Search what you typed in this project (Ctrl+S: everywhere)"
            if self.here
            else "Search what you typed, everywhere (Ctrl+S: in this project only)"
        )

    def rows(self, query: str) -> list[Offer]:
        """The newest first."""
        self._shown = self._history.search(query, here=self.here)
        now_ms = time.time_ns() // 1_000_000
        return [_recalled(entry, query, now_ms) for entry in self._shown]

    def take(self, index: int) -> Draft | None:
        """That prompt."""
        return self._shown[index].draft if index < len(self._shown) else None


class Stash:
    """Drafts put aside, the last first."""

    words = "Choose what to bring back. Esc leaves everything as it is"

    def __init__(self) -> None:
        self._drafts: list[Draft] = []
        self._shown: list[int] = []

    def __len__(self) -> int:
        return len(self._drafts)

    @property
    def newest(self) -> str:
        """The text of the last one, whole; "" when there is none."""
        return self._drafts[-1].whole if self._drafts else ""

    def push(self, draft: Draft) -> None:
        """Put `draft` aside."""
        self._drafts.append(draft)

    def rows(self, query: str) -> list[Offer]:
        """Those with the query's letters."""
        texts = [(i, draft.text) for i, draft in enumerate(self._drafts)]
        self._shown = [i for i, t in reversed(texts) if fuzzy.match(query, t[:_SHOWN]) is not None]
        return [_row(self._drafts[i].text, "") for i in self._shown]

    def take(self, index: int = 0) -> Draft | None:
        """That draft, out of the stash."""
        if index >= len(self._shown):
            return None
        return self._drafts.pop(self._shown[index])


def _recalled(entry: Entry, query: str, now_ms: int) -> Offer:
    place = clean_line(PurePath(entry.folder).name, limit=24) if entry.folder else ""
    return _row(entry.text, " · ".join(filter(None, (place, _ago(entry.at_ms, now_ms)))), query)


def _row(text: str, note: str, query: str = "") -> Offer:
    label = clean_line(text.strip(), limit=_SHOWN)
    places: set[int] = set()
    low = fuzzy.folded(label)
    for word in fuzzy.folded(query).split():
        at = low.find(word)
        places.update(range(at, at + len(word)) if at >= 0 else ())
    lines = text.strip().count("\n") + 1
    more = f"{lines} lines" if lines > 1 else ""
    return Offer(text, label, " · ".join(filter(None, (more, note))), places=tuple(sorted(places)))


def _ago(at_ms: int, now_ms: int) -> str:
    if not at_ms:
        return ""
    minutes = max(0, now_ms - at_ms) // 60_000
    if minutes < 60:
        return f"{minutes} min" if minutes else "now"
    if minutes < 48 * 60:
        return f"{minutes // 60} h"
    return f"{minutes // (24 * 60)} d"
