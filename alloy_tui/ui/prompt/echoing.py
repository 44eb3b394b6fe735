"""A text area whose changes by key are on the screen before the news of them goes round.

Owns when a change may be shown past Textual's frames, and what of its painting
is left out because nothing can have changed. Knows no key and no meaning.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Self, cast

from textual.app import App
from textual.geometry import Offset, Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widgets import TextArea

from alloy_tui.ui.transcript.painting import DirectEcho


class EchoingArea(TextArea):
    """A `TextArea` without line numbers that wraps, and shows at once what `echoing` changed."""

    _held: bool | None = None  # whether a repaint waits; None outside of `echoing`

    def __init__(self, *, id: str | None = None, placeholder: str = "") -> None:  # noqa: A002 - Textual's own parameter name
        super().__init__(
            id=id,
            compact=True,
            highlight_cursor_line=False,
            placeholder=placeholder,
            soft_wrap=True,
        )
        self._look: tuple[object, ...] = ()
        self._echo = DirectEcho(self)

    def validate_virtual_size(self, size: Size) -> Size:
        """Only the height counts, for lines wrap.

        The base class says a width of 0 after each edit and the real one after each
        layout: every key would have the whole screen laid out and drawn.
        """
        return size if size.width else Size(self.virtual_size.width, size.height)

    def render_lines(self, crop: Region) -> list[Strip]:
        """The lines; the styles of the parts are looked up when they can have changed.

        The base class does so for each frame, which was a quarter of what a key costs.
        """
        self._echo.forget()
        look = self._look_now()
        if look == self._look:
            return ScrollView.render_lines(self, crop)
        self._look = look
        return super().render_lines(crop)

    def _look_now(self) -> tuple[object, ...]:
        app = cast("App[object]", self.app)  # pyright: ignore[reportUnknownMemberType] - Textual leaves its type open
        return (app.theme, self.classes, self.has_focus, app.app_focus)

    def scroll_to_region(self, region: Region, **how: Any) -> Offset:
        """Bring `region` into view; asked for with every key, and mostly all is in view."""
        if self.wrapped_document.height <= self.size.height and self.scroll_offset == (0, 0):
            return Offset(0, 0)
        return super().scroll_to_region(region, **how)

    def refresh(
        self,
        *regions: Region,
        repaint: bool = True,
        layout: bool = False,
        recompose: bool = False,
    ) -> Self:
        """As ever; but within `echoing` a mere repaint waits for its end."""
        if self._held is not None and repaint and not layout and not recompose:
            self._held = True
            return self
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)

    @contextmanager
    def echoing(self) -> Generator[None]:
        """Show what is changed within it at once, before the news of it goes round.

        Where more keys wait, or something else is to be painted too, the screen does it as ever.
        """
        if self.message_queue_size:
            yield
            return
        self._held, offset = False, self.scroll_offset
        try:
            yield
        finally:
            stale, self._held = self._held, None
            if stale and not (self.scroll_offset == offset and self._show()):
                self.refresh()

    def _show(self) -> bool:
        if self._look_now() != self._look or not self.scrollable_content_region:
            return False  # the rows of a prompt without room cannot be made
        return self._echo.paint([self.render_line(y) for y in range(self.size.height)])
