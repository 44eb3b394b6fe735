"""Style sheets that were kept give every part of the screen the styles that reading them gives."""

from __future__ import annotations

import pytest
from textual.css.styles import Styles

from alloy_tui.ui.kept_sheets import KeptSheets
from tests.support.stage import Stage

pytestmark = pytest.mark.anyio


def said(styles: Styles) -> list[str]:
    """Each rule and what kind of value it has, whatever object that is."""
    rules = styles.get_rules()
    return [f"{name}: {type(rules[name])} {rules[name]}" for name in sorted(rules)]


async def styles_with(store: dict[str, bytes], theme: str = "dark") -> tuple[list[str], list[str]]:
    """The styles of each part of the screen and the rules there are; `store` is filled."""
    sheets = KeptSheets(store)
    app = Stage(theme=theme, sheets=sheets).app
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        nodes = [app, *app.screen.walk_children(with_self=True)]
        styles = [f"{type(n).__name__} {n.id} {said(n.styles.base)}" for n in nodes]
        rules = [
            f"{rule.selectors} {rule.is_default_rules} {rule.tie_breaker} {said(rule.styles)}"
            f" {sorted(rule.selector_names)} {sorted(rule.pseudo_classes)}"
            for rule in app.stylesheet.rules
        ]
        sheets.note(app)
    return styles, rules


async def test_a_start_with_kept_sheets_looks_like_one_without() -> None:
    store: dict[str, bytes] = {}
    read = await styles_with(store)
    assert store
    kept = dict(store)
    assert await styles_with(store) == read
    assert store == kept  # nothing was read, so nothing is new


async def test_sheets_of_another_theme_are_not_used() -> None:
    store: dict[str, bytes] = {}
    await styles_with(store, "high-contrast")
    assert await styles_with(store) == await styles_with({})


@pytest.mark.parametrize("kept", [b"", b"no pickle", b"\x80\x04}.", b"\x80\x04cnone.such\nName\n."])
async def test_what_cannot_be_used_is_read_instead(kept: bytes) -> None:
    store = {"sheets": kept}
    assert await styles_with(store) == await styles_with({})
    assert store["sheets"] != kept
