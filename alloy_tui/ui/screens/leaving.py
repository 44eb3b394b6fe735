"""Pages that are left once, and only while they are on top.

Keys and clicks wait in a page's queue while something else opens over it or while it goes.
Textual would then give its result twice, which ends the program, and close whatever is on
top instead. Owns only that; what a page is for is said by the pages.
"""

from __future__ import annotations

from textual.await_complete import AwaitComplete
from textual.screen import ModalScreen, Screen, ScreenResultType


class FullPage(Screen[ScreenResultType]):
    """A page that hides what is below it."""

    def dismiss(self, result: ScreenResultType | None = None) -> AwaitComplete:
        """Leave with `result`; nothing happens where the page is covered or gone."""
        return super().dismiss(result) if self.is_active else AwaitComplete()


class Dialog(ModalScreen[ScreenResultType]):
    """A page that lets what is below it shine through."""

    def dismiss(self, result: ScreenResultType | None = None) -> AwaitComplete:
        """Leave with `result`; nothing happens where the page is covered or gone."""
        return super().dismiss(result) if self.is_active else AwaitComplete()
