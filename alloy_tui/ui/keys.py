"""A row of the table of keys."""

from __future__ import annotations

import msgspec


class Key(msgspec.Struct, frozen=True):
    """`keys` as Textual names them, comma-separated.

    `name` is what the configuration calls the action; a row without one is a
    key that a widget takes by itself and that stays as it is. `note` is shown
    beside the keys.
    """

    name: str
    keys: str
    action: str
    words: str
    note: str = ""
