"""Imports the Markdown parser and the lexers before the first answer needs them.

In a thread, once the screen stands: the first frame loads neither, and the
first answer does not stutter.
"""

from __future__ import annotations

from threading import Thread

from rich.style import Style

DELAY_S = 0.4
"""After the first frame; what is typed at once comes first."""


def _import() -> None:
    from alloy_tui.ui import highlight
    from alloy_tui.ui.markdown import stream
    from alloy_tui.ui.markdown.page import Page
    from alloy_tui.ui.markdown.palette import Palette

    stream.render("*warm*", Page(40, Palette()))
    highlight.lines("x = 1", "python", {"Keyword": Style(bold=True)}, Style())


def warm_up() -> Thread:
    """Begin; nobody needs to wait for it."""
    thread = Thread(target=_import, name="warm-up", daemon=True)
    thread.start()
    return thread
