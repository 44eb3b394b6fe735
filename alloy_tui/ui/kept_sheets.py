"""Style sheets as they were read last time, so that the next start need not read them.

Owns what goes into a store of somebody else's and comes back: the rules of each
text, under that very text and the variables of its theme. Leans on the cache
that Textual's own style sheet looks into before it reads; where that is
missing, everything is read. Guarded by a test.
"""

from __future__ import annotations

import io
import logging
import pickle
from collections.abc import MutableMapping
from typing import Any

from textual.app import App
from textual.geometry import Spacing

_NAME = "sheets"
_MOST = 512
"""Texts of one theme; there are about fifty."""

_log = logging.getLogger(__name__)


class KeptSheets:
    """The rules that a start begins with, from `store` and back to it."""

    def __init__(self, store: MutableMapping[str, bytes]) -> None:
        self._store = store
        self._known: set[Any] = set()

    def use(self, app: App[Any]) -> None:
        """Give `app` the rules of its theme, which is set."""
        cache, kept = _cache(app), self._store.get(_NAME)
        if cache is None or kept is None:
            return
        # Reading adds to it, and a small one would drop what was just given.
        cache.maxsize = max(cache.maxsize, _MOST)
        try:
            file = io.BytesIO(kept)
            if pickle.load(file) == app.stylesheet._variables:  # noqa: S301, SLF001  # pyright: ignore[reportPrivateUsage] - written by ourselves; guarded
                rules: dict[Any, Any] = pickle.load(file)  # noqa: S301 - likewise
                for text, each in rules.items():
                    cache[text] = each
                self._known = set(rules)
        except Exception:  # another release's classes  # noqa: BLE001 - whatever it is, sheets can be read
            _log.debug("kept style sheets are of no use", exc_info=True)

    def note(self, app: App[Any]) -> None:
        """Remember the rules of all texts that `app` has read so far."""
        cache = _cache(app)
        if cache is None:
            return
        rules = {text: cache[text] for text in list(cache.keys())}
        if rules.keys() <= self._known:
            return
        try:
            variables = pickle.dumps(dict(app.stylesheet._variables))  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - guarded
            file = io.BytesIO()
            _Pickler(file, pickle.HIGHEST_PROTOCOL).dump(rules)
            self._store[_NAME] = variables + file.getvalue()
        except Exception:  # noqa: BLE001 - as above
            _log.debug("style sheets cannot be kept", exc_info=True)


class _Pickler(pickle.Pickler):
    """Numbers in four directions may be a class of an accelerator's, which pickles nothing."""

    def reducer_override(self, obj: Any) -> Any:
        """How to make `obj` again, where it does not say so itself."""
        return (_spacing, tuple(obj)) if type(obj) is Spacing else NotImplemented


def _spacing(*sides: int) -> Spacing:
    """By a name of ours: the class may not know where it can be found."""
    return Spacing(*sides)


def _cache(app: App[Any]) -> Any:
    """Where the style sheet looks before it reads; None in another Textual."""
    cache = getattr(app.stylesheet, "_parse_cache", None)
    found = all(hasattr(cache, name) for name in ("maxsize", "keys", "__setitem__"))
    return cache if found and hasattr(app.stylesheet, "_variables") else None
