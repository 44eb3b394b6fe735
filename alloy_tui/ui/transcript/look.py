"""Colours of the transcript: component classes to Rich styles.

Owns the names of the component classes (styled in `styles/transcript.tcss`)
and the values drawn with. Knows no block and no widget instance.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
from rich.style import Style

from alloy_tui.ui.markdown.cells import Span
from alloy_tui.ui.markdown.page import Page
from alloy_tui.ui.markdown.palette import Palette
from alloy_tui.ui.markdown.rows import Pieces, Row

GUTTER = 2
"""Blank cells at the left of every row; never part of a copied text."""

_PLAIN = (
    "you", "agent", "muted", "tool", "live", "needs-you", "danger", "warning", "success",
    "thinking", "diff-add", "diff-remove", "diff-add-word", "diff-remove-word",
    "marker-line", "cursor", "match", "match-now",
)  # fmt: skip
_MARKDOWN = (
    "heading", "strong", "emphasis", "strike", "code", "link", "marker", "quote", "listing",
)  # fmt: skip
_TOKENS = {
    "token-keyword": ("Keyword", "Operator.Word"),
    "token-string": ("Literal.String",),
    "token-number": ("Literal.Number",),
    "token-comment": ("Comment",),
    "token-name": ("Name.Function", "Name.Class", "Name.Decorator", "Name.Tag"),
    "token-builtin": ("Name.Builtin", "Keyword.Type", "Name.Attribute"),
    "token-error": ("Generic.Deleted",),
    "token-added": ("Generic.Inserted",),
}

COMPONENT_CLASSES = frozenset(f"transcript--{name}" for name in (*_PLAIN, *_MARKDOWN, *_TOKENS))


class Look(msgspec.Struct, frozen=True):
    """Styles by name, and the page that rows are drawn on.

    `styles` holds one style for each name of a component class; `page` has the
    width in cells and the base style. `beside` asks for diffs side by side.
    """

    page: Page
    styles: dict[str, Style] = msgspec.field(default_factory=dict[str, Style])
    beside: bool = False

    def __getitem__(self, name: str) -> Style:
        return self.styles.get(name, _NULL)

    @property
    def room(self) -> int:
        """Cells for text."""
        return self.page.room

    def row(
        self, spans: Sequence[Span], fill: Style | None = None, *, lead: int = 0, tail: int = 0
    ) -> Row:
        """A finished row; `lead` first and `tail` last characters are not part of its text."""
        joins = spans.joins if isinstance(spans, Pieces) else None
        row = self.page.row(spans, fill, lead=lead, joins=joins)
        row.size = max(0, row.size - tail)
        return row

    def after(self, marks: Sequence[Span], row: Sequence[Span], fill: Style | None = None) -> Row:
        """A finished row with marks before its text."""
        joins = row.joins if isinstance(row, Pieces) else None
        lead = sum([len(text) for text, _ in marks])
        return self.page.row([*marks, *row], fill, lead=lead, joins=joins)


_NULL = Style.null()


def look_of(
    style_of: Callable[[str], Style],
    base: Style,
    width: int,
    *,
    beside: bool = False,
) -> Look:
    """The look for a page of `width` cells; `style_of` resolves a component class."""
    styles = {name: style_of(f"transcript--{name}") for name in (*_PLAIN, *_MARKDOWN, *_TOKENS)}
    tokens = {token: styles[name] for name, kinds in _TOKENS.items() for token in kinds}
    palette = Palette(
        base=base,
        muted=styles["muted"],
        tokens=tokens,
        **{name: styles[name] for name in _MARKDOWN},
    )
    gutter, margin = (GUTTER, 1) if width > 20 else (0, 0)
    return Look(Page(width, palette, gutter, margin), styles, beside)
