"""The base of all events: a frozen record with its name on it.

Owns how an event is tagged and how an error is carried; knows no event.
"""

from __future__ import annotations

import msgspec


class Event(msgspec.Struct, frozen=True, tag_field="type", omit_defaults=True):
    """Base of all events; never published itself."""


def snake(name: str) -> str:
    """The `type` of an event: its class's name in snake_case."""
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")


class ErrorInfo(msgspec.Struct, frozen=True, omit_defaults=True):
    """An error as events carry it: `kind` as in `domain.errors.ErrorKind`."""

    kind: str
    message: str
    hint: str | None = None
    status: int | None = None
    code: str | None = None
