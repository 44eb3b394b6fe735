"""What keys do in a transcript: names, the actions behind them, and the usual keys.

Letters act only where they mean something; else they are for the prompt.
"""

from __future__ import annotations

from typing import Final

DEEDS: Final[dict[str, str]] = {
    "card-before": "select(-1)",
    "card-after": "select(1)",
    "block-before": "select_any(-1)",
    "block-after": "select_any(1)",
    "fold": "fold",
    "fold-turn": "fold_turn",
    "open": "activate",
    "copy": "copy",
    "copy-code": "copy_code",
    "beside": "beside",
    "find": "open_search",
    "hit-after": "next_hit(1)",
    "hit-before": "next_hit(-1)",
    "first": "home",
    "last": "end",
}
"""Names of deeds, and the actions that do them."""

KEYS: Final[dict[str, str]] = {
    "up": "card-before",
    "down": "card-after",
    "shift+up": "block-before",
    "shift+down": "block-after",
    "enter": "fold",
    "t": "fold-turn",
    "o": "open",
    "y": "copy",
    "c": "copy-code",
    "s": "beside",
    "slash": "find",
    "n": "hit-after",
    "N": "hit-before",
    "home": "first",
    "end": "last",
}
"""The usual keys, and the names of what they do."""

ON_CARD: Final = frozenset({"fold", "fold-turn", "open", "copy"})
"""Deeds that need a card to be done to."""
