"""What leans on private names holds for the installed Textual, and yields when it does not."""

from __future__ import annotations

from importlib.metadata import version

import pytest
from textual.app import App, ComposeResult
from textual.screen import Screen

from alloy_tui.ui.transcript import AgentBlock, PromptScreen, Transcript
from alloy_tui.ui.transcript.painting import missing_names

pytestmark = pytest.mark.anyio


class Prompt(PromptScreen[None]):
    def compose(self) -> ComposeResult:
        yield Transcript()


class Stage(App[None]):
    def get_default_screen(self) -> Screen[None]:
        return Prompt()


async def test_the_names_exist_in_the_pinned_release():
    """Every private name used is there; another release needs another look."""
    assert version("textual") == "8.2.8"
    app = Stage()
    async with app.run_test():
        assert missing_names(app.screen) == []


async def test_changes_are_painted_at_once():
    """A change after a pause does not wait for the frame timer."""
    app = Stage()
    async with app.run_test() as pilot:
        await pilot.pause()
        screen = app.screen
        assert isinstance(screen, Prompt)
        screen._painted_s = 0.0
        screen.query_one(Transcript).add(AgentBlock("x"))
        await pilot.pause()
        assert screen._painted_s > 0
        assert not screen._dirty_widgets


async def test_without_the_names_textual_paints(monkeypatch):
    """A missing name turns the short cut off, and the screen still shows the change."""
    monkeypatch.setattr("alloy_tui.ui.transcript.painting._FLAGS", ("_gone_in_some_release",))
    app = Stage()
    async with app.run_test() as pilot:
        screen = app.screen
        assert isinstance(screen, Prompt)
        screen.query_one(Transcript).add(AgentBlock("shown anyway"))
        await pilot.pause()
        assert screen._painted_s == 0.0
        assert "shown anyway" in app.export_screenshot().replace("&#160;", " ")
