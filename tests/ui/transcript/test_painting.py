"""What leans on private names holds for the installed Textual, and yields when it does not."""

from __future__ import annotations

from importlib.metadata import version
from itertools import pairwise

import pytest
from textual._compositor import Compositor
from textual.app import App, ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.geometry import Region
from textual.screen import ModalScreen, Screen
from textual.strip import Strip
from textual.widgets import Label

from alloy_tui.ui.transcript import AgentBlock, PromptScreen, Transcript
from alloy_tui.ui.transcript.painting import Frugal, missing_names

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
    monkeypatch.setattr("alloy_tui.ui.transcript.painting.names._FLAGS", ("_gone_in_some_release",))
    app = Stage()
    async with app.run_test() as pilot:
        screen = app.screen
        assert isinstance(screen, Prompt)
        screen.query_one(Transcript).add(AgentBlock("shown anyway"))
        await pilot.pause()
        assert screen._painted_s == 0.0
        assert "shown anyway" in app.export_screenshot().replace("&#160;", " ")


class Crowd(App[None]):
    """Widgets side by side, in containers, scrolled out of sight and over one another."""

    CSS = """
    #row { height: 6; border: round red; padding: 0 1; }
    #left { width: 1fr; height: 3; } #over { layer: above; offset: 7 2; width: 9; height: 2; }
    #box { height: 4; } #box Label { height: 3; }
    Screen { layers: default above; }
    """

    def get_default_screen(self) -> Screen[None]:
        return PromptScreen()

    def on_mount(self) -> None:
        self.screen.mount(
            Horizontal(Label("left 漢字", id="left"), Label("right"), id="row"),
            VerticalScroll(Label("one"), Label("two"), Label("three"), id="box"),
            Label("above", id="over"),
        )


async def test_what_is_drawn_is_what_textual_would_draw():
    """Whatever changed, the rows of a frame are the same, and all that were asked for are there."""
    app = Crowd()
    async with app.run_test(size=(40, 14)) as pilot:
        await pilot.pause()
        app.screen.query_one("#box", VerticalScroll).scroll_to(y=2, animate=False)
        await pilot.pause()
        compositor = app.screen._compositor
        assert isinstance(compositor, Frugal)
        crops = [(Region(0, 0, 40, 14), range(14)), (Region(3, 2, 5, 3), (2, 4))]
        for crop, rows in [*crops, (Region(0, 7, 40, 1), (7,)), (Region(9, 3, 1, 1), (3,))]:
            frugal = compositor._render_chops(crop, rows.__contains__)
            usual = Compositor._render_chops(compositor, crop, rows.__contains__)
            for y in rows:
                for x, end in pairwise(compositor.cuts[y]):
                    if x < crop.right and end > crop.x:  # nothing else is written
                        assert frugal[y][x] is not None
                        assert frugal[y][x] == usual[y][x]
        before = app.export_screenshot()
        app.screen.refresh()
        await pilot.pause()
        assert app.export_screenshot() == before


class Short(Label):
    """Gives one row, whatever is asked for, as a widget may that has just got another size."""

    def render_lines(self, crop: Region) -> list[Strip]:
        return super().render_lines(crop)[:1]


async def test_of_a_widget_that_gives_fewer_rows_what_is_behind_it_is_drawn():
    app = Crowd()
    async with app.run_test(size=(40, 14)) as pilot:
        await app.screen.mount(Short("1\n2\n3"))
        await pilot.pause()
        compositor = app.screen._compositor
        assert isinstance(compositor, Frugal)
        chops = compositor._render_chops(Region(0, 0, 40, 14), range(14).__contains__)
        assert all(None not in chops[y].values() for y in range(14))


class Counted(Label):
    """Counts how often its rows are asked for."""

    drawn = 0

    def render_lines(self, crop: Region) -> list[Strip]:
        self.drawn += 1
        return super().render_lines(crop)


class Front(PromptScreen[None]):
    """What stands before the other screen."""

    def compose(self) -> ComposeResult:
        yield Counted("in front")


class Glass(ModalScreen[None]):
    """One sees through it."""

    DEFAULT_CSS = "Glass { background: $background 60%; }"


class Back(App[None]):
    """A screen with a word on it."""

    def __init__(self) -> None:
        super().__init__()
        self.word = Counted("word")

    def get_default_screen(self) -> Screen[None]:
        return PromptScreen()

    def on_mount(self) -> None:
        self.screen.mount(self.word)


async def test_a_covered_screen_costs_the_one_before_it_nothing_and_comes_back_as_it_is():
    """What changes behind an opaque screen repaints nothing of that; later it is painted."""
    app = Back()
    async with app.run_test(size=(40, 14)) as pilot:
        await pilot.pause()
        await app.push_screen(Front())
        await pilot.pause()
        front = app.screen.query_one(Counted)
        drawn, behind = front.drawn, app.word.drawn
        for word in ("first", "second", "third"):
            app.word.update(word)
            await pilot.pause()
        assert (front.drawn, app.word.drawn) == (drawn, behind)
        app.pop_screen()
        await pilot.pause()
        assert app.word.drawn > behind
        assert "third" in app.export_screenshot()


async def test_what_changes_behind_a_screen_that_one_sees_through_is_painted():
    """A dialogue does not stop what goes on around it."""
    app = Back()
    async with app.run_test(size=(40, 14)) as pilot:
        await pilot.pause()
        await app.push_screen(Glass())
        await pilot.pause()
        drawn = app.word.drawn
        app.word.update("behind")
        await pilot.pause()
        await pilot.pause()
        assert app.word.drawn > drawn
