"""The list of a page: keys may come before it has a place on the screen, or when it has none.

Owns only that a page up or down is then nothing, where Textual would look for rows that it
has not laid out yet. What the rows are is said by the pages.
"""

from __future__ import annotations

from textual.widgets import OptionList


class Options(OptionList):
    """An `OptionList` of text without markup."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own parameter name
        super().__init__(id=id, markup=False)

    def action_page_down(self) -> None:
        """A page on, once there are pages."""
        if self.scrollable_content_region:
            super().action_page_down()

    def action_page_up(self) -> None:
        """A page back."""
        if self.scrollable_content_region:
            super().action_page_up()
