"""Markdown for a terminal, rendered while it is being written.

`MarkdownStream` takes text in any pieces and gives rows of exact width;
`render` does a whole text at once, with the same result. `Palette` names the
styles, `Page` the paper. Full CommonMark with tables, task lists and strikethrough; the rules
where looking back would be needed are in `stream`. Knows no widget.
"""

from alloy_tui.ui.markdown.palette import Palette
from alloy_tui.ui.markdown.stream import MarkdownStream, render
from alloy_tui.ui.markdown.writer import Page

__all__ = ["MarkdownStream", "Page", "Palette", "render"]
