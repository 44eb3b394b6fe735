"""A scroll bar that is drawn in one piece looks as the library's own, whatever it shows."""

from __future__ import annotations

import random

import pytest
from rich.segment import Segment
from textual.app import App, ComposeResult
from textual.filter import Monochrome
from textual.geometry import Region
from textual.scroll_view import ScrollView
from textual.strip import Strip

from alloy_tui.ui.transcript.painting import quicken_bar

pytestmark = pytest.mark.anyio


class _Page(App[None]):
    CSS = "ScrollView { overflow-y: scroll; scrollbar-size-vertical: 2; }"

    def compose(self) -> ComposeResult:
        yield ScrollView(id="plain")
        yield ScrollView(id="quick")

    def on_mount(self) -> None:
        quicken_bar(self.query_one("#quick"))


def _cells(strips: list[Strip]) -> list[list[Segment]]:
    """What is seen and what a click means, cell by cell."""
    return [[Segment(char, style) for text, style, _ in strip for char in text] for strip in strips]


def _set(page: _Page, total: int, window: int, row: int) -> None:
    for view in page.query(ScrollView):
        bar = view.vertical_scrollbar
        bar.window_virtual_size, bar.window_size, bar.position = total, window, row


def _agree(page: _Page) -> None:
    drawn: list[list[list[Segment]]] = []
    for name in ("#plain", "#quick"):
        bar = page.query_one(name).vertical_scrollbar
        whole = Region(0, 0, *bar.size)
        part = whole.shrink((2, 0, 3, 0))
        drawn += [_cells(bar.render_lines(whole)), _cells(bar.render_lines(part))]
    assert drawn[0] == drawn[2]
    assert drawn[1] == drawn[3]
    assert len(drawn[0]) > len(drawn[1]) > 0


async def test_every_place_and_size_of_the_thumb() -> None:
    chance = random.Random(1)
    page = _Page()
    async with page.run_test(size=(40, 40)) as pilot:
        for theme in ("textual-dark", "textual-light", "ansi-dark"):
            page.theme = theme
            await pilot.pause()
            for _ in range(60):
                total = chance.choice((chance.randint(1, 60), chance.randint(1, 5000)))
                window = chance.randint(0, 60)
                _set(page, total, window, chance.randint(0, max(0, total - window)))
                _agree(page)


async def test_without_colours_and_under_the_mouse() -> None:
    page = _Page()
    async with page.run_test(size=(40, 40)) as pilot:
        _set(page, 400, 20, 77)
        for view in page.query(ScrollView):
            view.vertical_scrollbar.mouse_over = True
        await pilot.pause()
        _agree(page)
        page._filters.append(Monochrome())
        page.refresh()
        await pilot.pause()
        _agree(page)


async def test_a_half_transparent_bar_is_drawn_the_usual_way() -> None:
    page = _Page()
    async with page.run_test(size=(40, 40)) as pilot:
        for view in page.query(ScrollView):
            view.styles.opacity = 0.5
        await pilot.pause()
        _agree(page)


async def test_equal_cells_are_made_once_for_a_frame() -> None:
    page = _Page()
    async with page.run_test(size=(40, 40)) as pilot:
        _set(page, 5000, 40, 2000)
        await pilot.pause()
        bar = page.query_one("#quick").vertical_scrollbar
        assert len({id(strip) for strip in bar.render_lines(Region(0, 0, *bar.size))}) <= 5
