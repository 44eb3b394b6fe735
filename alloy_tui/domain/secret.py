"""A string that does not show itself.

Owns `Secret` only. Keys live in it from the moment they are read until the
header is written; no representation, log line, traceback or export has its text.
"""

from __future__ import annotations

from collections.abc import Callable


class Secret:
    """Wraps a secret; `reveal()` is the one way to its text.

    In place of the text there may be a way to it, which is taken once, when it
    is first needed; it returns "" when there is none after all.
    """

    __slots__ = ("_find", "_found")

    def __init__(self, text: str | Callable[[], str]) -> None:
        self._find = None if isinstance(text, str) else text
        self._found = text if isinstance(text, str) else ""

    def reveal(self) -> str:
        """The text itself, for the request that needs it."""
        return self._text

    @property
    def _text(self) -> str:
        find, self._find = self._find, None
        if find is not None:
            self._found = find()
        return self._found

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__

    def __bool__(self) -> bool:
        return self._find is not None or bool(self._found)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def redact(self, text: str) -> str:
        """`text` with every occurrence of the secret replaced."""
        return text.replace(self._text, "[redacted]") if self._text else text

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a Secret is never pickled")
