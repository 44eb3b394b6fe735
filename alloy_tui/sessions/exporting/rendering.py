"""Text to inert HTML: Markdown, code in colours, and escapes for everything else.

Owns the safety of the page: raw HTML is shown and never taken, links lead only
to http, https and mail addresses, no image is fetched. Markdown and lexers load
on first need.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from html import escape
from typing import TYPE_CHECKING, Any

from alloy_tui.domain.sanitise import clean, clean_line

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

# Beyond these, Markdown and lexers take seconds; the text is then shown as it is.
_MARKDOWN_CHARS = 200_000
_CODE_CHARS = 100_000
_SHOWN_CHARS = 400_000
_LINK = re.compile(r"(?:https?|mailto):", re.IGNORECASE)


def text(words: str) -> str:
    """Words as they are."""
    return escape(shortened(clean(words)))


def line(words: str, limit: int = 200) -> str:
    """Words on one line."""
    return escape(clean_line(words, limit=limit))


def markdown(source: str) -> str:
    """What a model wrote."""
    source = clean(source)
    if len(source) > _MARKDOWN_CHARS:
        return f"<pre>{text(source)}</pre>"
    return str(_parser().render(source))


def code(source: str, language: str) -> str:
    """Code within a `pre`, in colours if the language is known."""
    source = clean(source)
    inner = escape(shortened(source))
    if language and len(source) <= _CODE_CHARS:
        inner = _coloured(source, language) or inner
    return f'<pre class="code"><code>{inner}</code></pre>\n'


def shortened(words: str) -> str:
    """Words without end are cut, and say so."""
    if len(words) <= _SHOWN_CHARS:
        return words
    return f"{words[:_SHOWN_CHARS]}\n… {len(words) - _SHOWN_CHARS:,} more characters"


def _coloured(source: str, language: str) -> str | None:
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import find_lexer_class_by_name
    from pygments.util import ClassNotFound

    try:
        lexer = find_lexer_class_by_name(language)(stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None
    formatter: Any = HtmlFormatter  # its own type is not whole
    return str(highlight(source, lexer, formatter(nowrap=True)))


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt
    from markdown_it.common.utils import escapeHtml

    made = MarkdownIt("commonmark", {"html": False, "highlight": _fence})
    made.enable(["table", "strikethrough"])
    made.validateLink = _may_lead  # type: ignore[method-assign] -- the parser's own way to be told

    def image(_renderer: object, tokens: Sequence[Token], at: int, *_: Any) -> str:
        """An image that is elsewhere is told by its words; nothing is fetched."""
        words = escapeHtml(tokens[at].content or "image")
        return f'<span class="image">{words}</span>'

    def link(renderer: Any, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
        tokens[at].attrSet("target", "_blank")
        tokens[at].attrSet("rel", "noopener noreferrer nofollow")
        return str(renderer.renderToken(tokens, at, options, env))

    def cell(renderer: Any, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
        """How a column is aligned, by class: the page allows no styles in elements."""
        style = str(tokens[at].attrs.pop("style", ""))
        if style:
            tokens[at].attrSet("class", style.rpartition(":")[2])
        return str(renderer.renderToken(tokens, at, options, env))

    made.add_render_rule("th_open", cell)
    made.add_render_rule("td_open", cell)
    made.add_render_rule("image", image)
    made.add_render_rule("link_open", link)
    return made


def _may_lead(url: str) -> bool:
    return _LINK.match(url.strip()) is not None


def _fence(source: str, language: str, _attributes: str) -> str:
    return code(source, language)
