"""A line to type one thing into: hidden until something is asked, Enter gives it.

Owns the words of the question, the field and whom the answer is for. Esc is its
screen's: `end` puts it away.
"""

from __future__ import annotations

from collections.abc import Callable

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input

from alloy_tui.ui.field import Field
from alloy_tui.ui.transcript.painting import app_of
from alloy_tui.ui.widgets.chrome import ActionLine, pack


class AskLine(Vertical):
    """`ask` shows it; it tells `Left` when it is hidden again."""

    DEFAULT_CSS = """
    AskLine { display: none; height: auto; background: $panel; }
    AskLine > ActionLine { height: auto; }
    """

    class Left(Message):
        """Nothing is asked any more."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own parameter name
        super().__init__(id=id)
        self.words = ActionLine()
        self.field = Field(compact=True, select_on_focus=False)
        self.field.cursor_blink = False
        self._then: Callable[[str], object] | None = None
        self._asked = Content()

    def compose(self) -> ComposeResult:
        """The question above its answer."""
        yield self.words
        yield self.field

    @property
    def asking(self) -> bool:
        """Whether something is asked."""
        return self._then is not None

    def ask(self, words: str, then: Callable[[str], object], value: str = "") -> None:
        """Let a person type; `then` gets it, unless they leave."""
        self._then = then
        self._asked = Content.styled(words, "bold $primary")
        self.on_resize()
        self.field.value = value
        self.field.cursor_position = len(value)
        self.display = True
        self.field.focus()

    def end(self) -> None:
        """Put it away; nobody gets what was typed."""
        self._then = None
        self.display = False
        self.post_message(self.Left())

    def on_resize(self) -> None:
        """The question is wrapped for a width."""
        self.words.update(pack([self._asked], max(20, app_of(self).size.width)))

    @on(Input.Submitted)
    def _typed(self, event: Input.Submitted) -> None:
        event.stop()
        then, words = self._then, event.value.strip()
        self.end()
        if then is not None:
            then(words)
