"""Inline Markdown to styled spans, by markdown-it's inline parser.

The parser is imported on first need: plain text never loads it. Whatever
comes out is text: HTML stays visible, entities cannot smuggle control
characters in, and only links of known schemes become hyperlinks.
"""

from __future__ import annotations

import re
from collections.abc import MutableMapping
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

from rich.style import Style

from alloy_tui.domain.sanitise import clean
from alloy_tui.ui.markdown.cells import Span
from alloy_tui.ui.markdown.palette import Palette

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markdown_it import MarkdownIt
    from markdown_it.token import Token

References: TypeAlias = MutableMapping[str, dict[str, str]]
"""Link reference definitions by normalised label."""

_SPECIAL = re.compile(r"[\\`*_~\[\]<&\n]|://")
_BARE_URL = re.compile(r"(?<![^\s(*_~\[])https?://[^\s<>\"'`|]+")
# Delimiters left over in text may find their partner in text to come, except
# within words and in closed brackets.
_SETTLED = re.compile(r"(?<=\w)_+(?=\w)|\[[^\[\]`*_~]*\]")
_PENDING = re.compile(r"[*_~`\[]")
# No files: whoever wrote the text must not choose what a click opens on this machine.
_SCHEMES = ("http://", "https://", "mailto:")
_MAX_URL = 2048
_NULL = Style.null()
_STYLED = {"strong_open": "strong", "em_open": "emphasis", "s_open": "strike"}


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    class Parser(MarkdownIt):
        """Takes any destination as a link: which may be followed is decided on display."""

        def validateLink(self, url: str) -> bool:  # noqa: N802 - the library's name
            return len(url) <= _MAX_URL

    return Parser("commonmark", {"html": False}).enable("strikethrough")


def safe_url(url: str) -> str | None:
    """`url` if a terminal may be told of it (known scheme, printable ASCII), else None."""
    plain = url.isascii() and url.isprintable() and " " not in url
    known = plain and len(url) <= _MAX_URL and url.lower().startswith(_SCHEMES)
    return url if known else None


@lru_cache(maxsize=1024)
def _link(style: Style, url: str) -> Style:
    # Cached, for each such style has an id of its own in the terminal's output.
    return style + Style(link=url)


def link_style(palette: Palette, url: str) -> Style:
    """The style of text that leads to `url`."""
    safe = safe_url(url)
    return _link(palette.link, safe) if safe is not None else palette.link


def define(references: References, label: str, url: str, title: str) -> None:
    """Remember a definition; the first of a label counts."""
    from markdown_it.common.utils import normalizeReference, unescapeAll

    href = _parser().normalizeLink(unescapeAll(url))
    references.setdefault(normalizeReference(label), {"href": href, "title": unescapeAll(title)})


def plain(text: str) -> str:
    """`text` as one line that is safe to show."""
    # Entities were decoded just now, after the text had passed the sanitiser.
    return clean(text).replace("\n", " ").replace("\t", " ")


def render(text: str, palette: Palette, references: References, style: Style = _NULL) -> list[Span]:
    """The spans of one paragraph, heading or cell; a newline in them is a hard break."""
    if _SPECIAL.search(text) is None:
        return [(text.replace("\t", " "), style)]
    return _spans(_tokens(text, references), palette, style)


def settled(
    text: str, palette: Palette, references: References, style: Style = _NULL
) -> list[Span] | None:
    """The spans of a beginning of a paragraph, or None if what follows might change them.

    `text` must end with a blank after a word.
    """
    if _SPECIAL.search(text) is None:
        return [(text.replace("\t", " "), style)]
    tokens = _tokens(text, references)
    # Code binds tighter than links and images: a backtick in the destination of one or in the
    # words for the other may still find its partner.
    if text.count("`") != sum(_backticks(token) for token in tokens):
        return None
    open_ended = any(
        token.type == "text" and _PENDING.search(_SETTLED.sub("", token.content))
        for token in tokens
    )
    return None if open_ended else _spans(tokens, palette, style)


def _backticks(token: Token) -> int:
    """How many characters of the source this token has settled as code."""
    if token.type == "code_inline":
        return 2 * len(token.markup) + token.content.count("`")
    return sum(_backticks(child) for child in token.children or ())


def _tokens(text: str, references: References) -> list[Token]:
    tokens: list[Token] = []
    parser = _parser()
    env: dict[str, Any] = {"references": references}
    parser.inline.parse(text, parser, env, tokens)
    return tokens


def _spans(tokens: Sequence[Token], palette: Palette, style: Style) -> list[Span]:
    spans: list[Span] = []
    styles = [style]
    linked = 0
    for token in tokens:
        kind = token.type
        top = styles[-1]
        if kind in ("text", "text_special", "html_inline"):
            spans += _text(token.content, palette, top, linked=linked > 0)
        elif kind == "code_inline":
            spans.append((plain(token.content), top + palette.code))
        elif kind == "softbreak":
            spans.append((" ", top))
        elif kind == "hardbreak":
            spans.append(("\n", top))
        elif kind == "image":
            inner = _spans(token.children or [], palette, top)
            alt = "".join(part for part, _ in inner).replace("\n", " ") or "no description"
            link = link_style(palette, str(token.attrGet("src") or ""))
            spans.append((f"[image: {alt}]", top + link))
        elif kind == "link_open":
            styles.append(top + link_style(palette, str(token.attrGet("href") or "")))
            linked += 1
        elif kind in _STYLED:
            styles.append(top + getattr(palette, _STYLED[kind]))
        elif kind.endswith("_close"):
            styles.pop()
            linked -= kind == "link_close"
    return spans


def _text(content: str, palette: Palette, style: Style, *, linked: bool) -> list[Span]:
    text = plain(content)
    if linked or "://" not in text:
        return [(text, style)] if text else []
    spans: list[Span] = []
    at = 0
    for match in _BARE_URL.finditer(text):
        url = match[0].rstrip(".,;:!?*_~")
        if url.endswith(")") and url.count("(") < url.count(")"):
            url = url[:-1]
        spans.append((text[at : match.start()], style))
        spans.append((url, style + link_style(palette, url)))
        at = match.start() + len(url)
    spans.append((text[at:], style))
    return [span for span in spans if span[0]]
