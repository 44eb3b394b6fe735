"""Markdown for a terminal, rendered while it is being written.

`stream.MarkdownStream` takes text in any pieces and gives rows of exact width;
`stream.render` does a whole text at once, with the same result. `palette.Palette`
names the styles, `page.Page` the paper. Full CommonMark with tables, task lists
and strikethrough; the rules where looking back would be needed are in `stream`.
Knows no widget. Imports nothing by itself: the first screen needs the paper
and not the parser.
"""
