"""A page is left once, and only while it is on top, however fast keys and clicks come."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.screen import Screen

from alloy_tui.ui.screens.ask import Ask
from alloy_tui.ui.screens.choice import Choice
from alloy_tui.ui.screens.leaving import Dialog, FullPage
from alloy_tui.ui.screens.page import Page
from tests.support.stage import Stage

pytestmark = pytest.mark.anyio
UI = Path(__file__).resolve().parents[2] / "alloy_tui" / "ui"
PAGES: dict[str, Callable[[], Screen[Any]]] = {
    "page": lambda: Page("Help", []),
    "choice": lambda: Choice("Which?", [("a", "one")], "foot"),
    "ask": lambda: Ask("What?", "", "foot"),
    "full": FullPage,
}


@pytest.mark.parametrize("name", PAGES)
async def test_leaving_twice_leaves_once(name: str) -> None:
    stage = Stage()
    results: list[Any] = []
    async with stage.app.run_test() as pilot:
        below, page = Page("Below", []), PAGES[name]()
        await stage.app.push_screen(below)
        stage.app.push_screen(page, results.append)
        await pilot.pause()
        page.dismiss(None)
        page.dismiss(None)
        await pilot.pause()
        assert stage.app.screen is below
        assert results == [None]


@pytest.mark.parametrize("name", PAGES)
async def test_what_is_covered_stays_and_so_does_what_covers_it(name: str) -> None:
    stage = Stage()
    results: list[Any] = []
    async with stage.app.run_test() as pilot:
        page, above = PAGES[name](), Page("Above", [])
        stage.app.push_screen(page, results.append)
        await stage.app.push_screen(above)
        page.dismiss(None)
        await pilot.pause()
        assert stage.app.screen is above
        assert results == []
        above.dismiss()
        await pilot.pause()
        page.dismiss(None)
        await pilot.pause()
        assert stage.app.screen is stage.bench
        assert results == [None]


async def test_a_click_beside_the_picker_that_the_palette_covers_ends_nothing() -> None:
    """As a terminal sends it: the click waits while the palette opens."""
    stage = Stage()
    async with stage.app.run_test(size=(120, 36)) as pilot:
        stage.app.open_model_picker()
        await pilot.pause()
        picker = stage.app.screen
        stage.app.action_command_palette()
        for _ in range(2):
            picker.dismiss(None)
        await pilot.pause()
        await pilot.press("escape")
        await pilot.pause()
        assert stage.app.screen is picker
        await pilot.press("escape")
        await pilot.pause()
        assert stage.app.screen is stage.bench


def test_every_page_that_is_left_is_one_of_these() -> None:
    bare: list[str] = []
    for path in UI.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.ClassDef):
                continue
            leaves = "self.dismiss(" in ast.unparse(node)
            bases = {ast.unparse(each).partition("[")[0] for each in node.bases}
            if leaves and bases & {"Screen", "ModalScreen"}:
                bare.append(f"{path.name}:{node.name}")
    assert bare == []
    assert issubclass(Page, Dialog)
