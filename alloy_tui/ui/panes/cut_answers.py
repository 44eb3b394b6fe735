"""Answers that broke off: which blocks they have, and whether the conversation goes on with them.

Owns the marks on those blocks. An answer that is asked for again is marked as
left out, and as kept after all where nothing came in its place.
"""

from __future__ import annotations

from typing import Protocol

_LEFT_OUT = "left out; it is asked for again"


class Finishing(Protocol):
    """What a transcript does with a block that is over."""

    def finish(self, block_id: int, incomplete: str | None = None) -> None:
        """Say why a block is not whole."""
        ...


class CutAnswers:
    """Follows the blocks of the turn under way."""

    def __init__(self, transcript: Finishing) -> None:
        self._transcript = transcript
        self._of_turn: list[int] = []
        self._left_out: list[int] = []
        self._words = self._broke_off = ""

    def began(self, block: int) -> None:
        """Thinking or text has a new block: something comes, whatever was left out."""
        self._of_turn.append(block)
        self._left_out = []

    def ended(self, words: str) -> None:
        """The turn is over; `words` say why it is not whole, "" when it is."""
        self._words = words
        if not words:
            self._of_turn = []

    def leave_out(self) -> None:
        """It is asked for again: none of it counts."""
        self._left_out, self._of_turn = self._of_turn, []
        self._broke_off = self._words
        self._mark(f"{self._words}, {_LEFT_OUT}" if self._words else _LEFT_OUT)

    def run_over(self, *, kept: bool) -> None:
        """The run is over; `kept` when it ended with what there is."""
        if kept:
            self._mark(self._broke_off)
        self.forget()

    def forget(self) -> None:
        """Another run, or another conversation."""
        self._of_turn, self._left_out = [], []
        self._words = self._broke_off = ""

    def _mark(self, words: str) -> None:
        for block in self._left_out:
            self._transcript.finish(block, words)
