"""A string that does not show itself.

Owns `Secret` only. Keys live in it from the moment they are read until the
header is written; no representation, log line, traceback or export has its text.
"""

from __future__ import annotations


class Secret:
    """Wraps a secret; `reveal()` is the one way to its text."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself, for the request that needs it."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def redact(self, text: str) -> str:
        """`text` with every occurrence of the secret replaced."""
        return text.replace(self._text, "[redacted]") if self._text else text

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a Secret is never pickled")
