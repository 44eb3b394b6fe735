"""Diffs as coloured rows, one below the other or old and new side by side.

`draw` is pure and takes its styles from the caller, so that any pane can use
it; `diff_rows` is what the transcript makes of it. Takes sanitised text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise

import msgspec
from rich.style import Style

from alloy_tui.ui import highlight
from alloy_tui.ui.markdown.cells import Span, clip, span_width, wrap
from alloy_tui.ui.markdown.rows import Pieces, Row
from alloy_tui.ui.transcript.diff_lines import DiffLine, Hunk, hunks, mark_words, pairs, path_of
from alloy_tui.ui.transcript.look import Look

BESIDE_FROM = 96
"""Cells of text from which old and new fit side by side."""

_MAX_LINE = 2000
_NULL = Style.null()
_NAMES = {"+": "diff-add", "-": "diff-remove", "\\": "muted", " ": "none"}


class DiffStyles(msgspec.Struct, frozen=True):
    """`named` holds none, muted, diff-add, diff-remove, diff-add-word, diff-remove-word.

    `tokens` are styles by Pygments token name, for the colours of the language.
    """

    named: Mapping[str, Style]
    tokens: Mapping[str, Style]

    def __getitem__(self, name: str) -> Style:
        return self.named.get(name, _NULL)


class DiffRow(msgspec.Struct, frozen=True):
    """`marks` (numbers and sign), the text, and the style that fills the rest of the row."""

    marks: list[Span]
    text: Pieces
    fill: Style | None


def draw(
    diff: str,
    room: int,
    styles: DiffStyles,
    *,
    language: str | None = None,
    beside: bool = False,
    numbered: bool = True,
) -> Iterator[DiffRow]:
    """The rows of a unified diff, each at most `room` cells, made as they are asked for.

    `language` is by the file's name when None. `beside` puts old and new side
    by side if there is room. Not `numbered` where nobody knows which lines of
    the file these are.
    """
    language = highlight.language_of(path_of(diff)) if language is None else language
    draw_hunk = _beside if beside and room >= BESIDE_FROM else _below
    for index, hunk in enumerate(hunks(diff)):
        if index:
            yield DiffRow([("     ┊ " if numbered else "┊ ", styles["muted"])], Pieces(), None)
        mark_words(hunk)
        if not numbered:
            for line in hunk:
                line.old = line.new = 0
        yield from draw_hunk(hunk, room, styles, _coloured(hunk, language, styles))


def diff_rows(diff: str, look: Look, limit: int, *, path: str = "") -> list[Row]:
    """Rows of a unified diff; at most `limit`, with a note on what is left out."""
    styles = DiffStyles(look.styles, look.page.palette.tokens)
    language = highlight.language_of(path_of(diff) or path)
    rows: list[Row] = []
    for row in draw(diff, look.room, styles, language=language, beside=look.beside):
        if len(rows) >= limit:
            words = "  … more lines, o opens all"
            return [*rows, look.after(clip([(words, look["muted"])], look.room), [])]
        rows.append(look.after(row.marks, row.text, row.fill))
    return rows


def _coloured(hunk: Hunk, language: str, styles: DiffStyles) -> dict[int, list[Span]]:
    """Each line's spans by its place in the hunk, in the colours of the language."""
    found: dict[int, list[Span]] = {}
    for side in ("-", "+"):
        # A side is coloured as a whole: what a line is may depend on those before it.
        places = [at for at, line in enumerate(hunk) if line.kind in (side, " ")]
        if not places:
            continue
        code = "\n".join([hunk[at].text[:_MAX_LINE] for at in places])
        for at, spans in zip(
            places, highlight.lines(code, language, styles.tokens, _NULL), strict=True
        ):
            found[at] = _over(spans, hunk[at], styles)
    for at, line in enumerate(hunk):
        found.setdefault(at, [(line.text, styles["muted"])])
    return found


def _over(spans: list[Span], line: DiffLine, styles: DiffStyles) -> list[Span]:
    """The line's spans over its background, changed words set off."""
    name = _NAMES[line.kind]
    ground = Style(bgcolor=styles[name].bgcolor)
    words = styles[f"{name}-word"] if line.words else _NULL
    edges = sorted({edge for span in line.words for edge in span})
    made: list[Span] = []
    at = 0
    for text, style in spans:
        cuts = [0, *[edge - at for edge in edges if at < edge < at + len(text)], len(text)]
        for low, high in pairwise(cuts):
            changed = any(a <= at + low < b for a, b in line.words)
            part = text[low:high]
            made.append((part, ground + style + words if changed else ground + style))
        at += len(text)
    return made


def _below(
    hunk: Hunk, room: int, styles: DiffStyles, coloured: Mapping[int, list[Span]]
) -> Iterator[DiffRow]:
    """Old and new one below the other."""
    margin = 5 if any(line.new or line.old for line in hunk) else 0
    rule = " │" if margin else ""
    for at, line in enumerate(hunk):
        style = styles[_NAMES[line.kind]]
        number = line.new or line.old
        sign = line.kind if line.kind in "+-" else " "
        shown = f"{number or '':>{margin}}{rule}"
        for part in wrap(coloured[at], max(1, room - len(shown) - 1), fold=True):
            yield DiffRow([(shown, styles["muted"]), (sign, style)], part, style)
            shown, sign = f"{'':{margin}}{rule}", " "


def _beside(
    hunk: Hunk, room: int, styles: DiffStyles, coloured: Mapping[int, list[Span]]
) -> Iterator[DiffRow]:
    """Old at the left, new at the right."""
    place = {id(line): at for at, line in enumerate(hunk)}
    width = (room - 3) // 2
    for old, new in pairs(hunk):
        left = _column(old, width, styles, coloured[place[id(old)]] if old else [], old_side=True)
        right = _column(new, width, styles, coloured[place[id(new)]] if new else [], old_side=False)
        for row in range(max(len(left), len(right))):
            marks, text = left[row] if row < len(left) else _empty(width)
            other_marks, other = right[row] if row < len(right) else _empty(width)
            between: Span = (" │ ", styles["muted"])
            yield DiffRow(marks, Pieces([*text, between, *other_marks, *other]), None)


def _column(
    line: DiffLine | None, width: int, styles: DiffStyles, spans: list[Span], *, old_side: bool
) -> list[tuple[list[Span], list[Span]]]:
    """Marks and padded text of each row of one side."""
    if line is None:
        return []
    style = styles[_NAMES[line.kind]]
    number = line.old if old_side else line.new
    shown, sign = f"{number or '':>4} ", line.kind if line.kind in "+-" else " "
    rows: list[tuple[list[Span], list[Span]]] = []
    room = max(1, width - len(shown) - 1)
    for part in wrap(spans, room, fold=True):
        blank: Span = (" " * max(0, room - span_width(part)), Style(bgcolor=style.bgcolor))
        rows.append(([(shown, styles["muted"]), (sign, style)], [*part, blank]))
        shown, sign = " " * 5, " "
    return rows


def _empty(width: int) -> tuple[list[Span], list[Span]]:
    return [], [(" " * width, _NULL)]
