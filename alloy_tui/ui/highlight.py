"""Source code to coloured spans, by Pygments, imported on first need.

`lines` colours a whole text, `line` one line without knowledge of the lines
around it (for code that still streams in). Text too long to colour within a
frame comes back plain. Owns the lexer cache; knows nothing of Markdown.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

from rich.style import Style

if TYPE_CHECKING:
    from pygments.lexer import Lexer

Span: TypeAlias = tuple[str, Style]
"""A piece of text in one style."""

# About 25 ms of lexing on a slow core: more would be felt as a stutter.
MAX_CHARS = 12_000
MAX_LINE_CHARS = 2_000


@lru_cache(maxsize=64)
def _lexer(language: str) -> Lexer | None:
    if not language:
        return None
    from pygments.lexers import find_lexer_class_by_name
    from pygments.util import ClassNotFound

    try:
        return find_lexer_class_by_name(language)(stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None


def knows(language: str) -> bool:
    """Whether code in `language` is coloured at all."""
    return _lexer(language) is not None


@lru_cache(maxsize=64)
def language_of(path: str) -> str:
    """The language for a file name, as `lines` takes it; empty when unknown."""
    from pygments.lexers import find_lexer_class_for_filename

    found = find_lexer_class_for_filename(path.rsplit("/", 1)[-1])
    return found.aliases[0] if found is not None and found.aliases else ""


def _style(name: str, styles: Mapping[str, Style]) -> Style:
    while name:
        found = styles.get(name)
        if found is not None:
            return found
        name = name.rpartition(".")[0]
    return Style.null()


def line(text: str, language: str, styles: Mapping[str, Style], base: Style) -> list[Span]:
    """One line as spans; plain when the language is unknown or the line is very long."""
    return lines(text, language, styles, base)[0] if len(text) <= MAX_LINE_CHARS else [(text, base)]


def lines(code: str, language: str, styles: Mapping[str, Style], base: Style) -> list[list[Span]]:
    """`code` as one list of spans per line; newlines are not part of the spans."""
    lexer = _lexer(language) if styles and len(code) <= MAX_CHARS else None
    if lexer is None:
        return [[(part, base)] for part in code.split("\n")]
    rows: list[list[Span]] = [[]]
    names: dict[object, Style] = {}
    for token, value in lexer.get_tokens(code):
        style = names.get(token)
        if style is None:
            style = names[token] = base + _style(str(token)[6:], styles)
        first, *others = value.split("\n")
        if first:
            rows[-1].append((first, style))
        rows.extend([(part, style)] if part else [] for part in others)
    # Lexers may drop or add a last newline; the number of lines is the source's.
    due = code.count("\n") + 1
    del rows[due:]
    rows.extend([] for _ in range(due - len(rows)))
    return rows
