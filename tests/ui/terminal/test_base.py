"""The app under ours uses our driver, and Textual's own where ours cannot be had."""

from __future__ import annotations

import asyncio
from typing import ClassVar

import pytest
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.css.query import NoMatches
from textual.drivers.linux_driver import LinuxDriver
from textual.screen import Screen
from textual.widgets import Input

from alloy_tui.ui.terminal import base
from alloy_tui.ui.terminal.driver import TerminalDriver

pytestmark = pytest.mark.anyio


class Stage(base.TerminalApp):
    def action_fail(self) -> None:
        raise ZeroDivisionError("on purpose")


async def test_the_names_exist_in_the_pinned_release():
    """Every private name used is there; another release needs another look."""
    assert base.missing_names() == []
    assert Stage().driver_class is TerminalDriver


async def test_without_the_names_textual_drives(monkeypatch):
    """A missing name gives the app Textual's own driver."""
    monkeypatch.setattr(base, "_DRIVER_NAMES", ("_gone_in_some_release",))
    assert Stage().driver_class is LinuxDriver


async def test_a_defect_is_kept_and_not_printed(capsys):
    """What a handler raises ends the app and is there to be told of; no traceback is printed."""
    app = Stage()

    async def use_it() -> None:
        async with app.run_test() as pilot:
            app.call_later(app.action_fail)
            await pilot.pause()

    with pytest.raises(ZeroDivisionError):
        await use_it()
    assert isinstance(app.defect, ZeroDivisionError)
    assert "Traceback" not in "".join(capsys.readouterr())


class Page(Screen[None]):
    def __init__(self) -> None:
        super().__init__()
        self.tried = asyncio.Event()

    def compose(self) -> ComposeResult:
        yield Input()

    def on_mount(self) -> None:
        self.tried.set()
        self.query_one(Input).value = "filled in"


async def test_a_page_that_is_opened_while_the_app_ends_is_no_defect() -> None:
    """Nothing is mounted any more then, so that the page cannot find what is in it."""
    app, page = Stage(), Page()
    async with app.run_test():
        app.push_screen(page)
        app.exit()
        await page.tried.wait()
    assert not page.children
    assert app.defect is None


class Hasty(Page):
    BINDINGS: ClassVar[list[BindingType]] = [Binding("f5", "copy", priority=True)]

    def action_copy(self) -> None:
        self.app.copy_to_clipboard(self.query_one(Input).value)


async def test_a_key_for_a_page_that_has_nothing_in_it_yet_is_nothing() -> None:
    app, page = Stage(), Hasty()
    async with app.run_test() as pilot:
        app.push_screen(page)
        app.post_message(events.Key("f5", None))
        await pilot.pause()
        assert app.screen is page
        await pilot.press("f5")
        assert app.clipboard == "filled in"
    assert app.defect is None


class Late(Screen[None]):
    """Fails at what waited for it when it was left."""

    def on_paste(self) -> None:
        raise ZeroDivisionError("on purpose")


async def test_what_fails_in_a_page_that_was_left_is_in_the_log_and_no_defect(
    caplog: pytest.LogCaptureFixture,
) -> None:
    app, page = Stage(), Late()
    async with app.run_test() as pilot:
        await app.push_screen(page)
        page.post_message(events.Paste("x"))
        app.pop_screen()
        await pilot.pause()
        await pilot.pause()
    assert app.defect is None
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [
        ZeroDivisionError
    ]


async def test_a_part_that_is_looked_for_in_vain_is_a_defect_while_the_app_goes_on() -> None:
    app = Stage()

    async def use_it() -> None:
        async with app.run_test() as pilot:
            app.call_later(lambda: app.query_one("#nowhere"))
            await pilot.pause()

    with pytest.raises(NoMatches):
        await use_it()


class Typing(Stage):
    BINDINGS: ClassVar[list[BindingType]] = [Binding("x,ctrl+t", "note", priority=True, id="note")]

    def __init__(self) -> None:
        super().__init__()
        self.notes = 0

    def compose(self) -> ComposeResult:
        yield Input()

    def action_note(self) -> None:
        self.notes += 1


async def test_what_is_typed_is_no_command_and_other_keys_are() -> None:
    """A letter goes into the text whatever it is bound to; without a text it is the command."""
    app = Typing()
    async with app.run_test() as pilot:
        await pilot.press("x", "a", "ctrl+t")
        assert (app.query_one(Input).value, app.notes) == ("xa", 1)
        app.set_focus(None)
        await pilot.press("x")
        assert app.notes == 2


async def test_the_users_own_key_acts_even_while_typing() -> None:
    """A printable key that was chosen for an action runs it, as Textual has it."""
    app = Typing()
    async with app.run_test() as pilot:
        app.set_keymap({"note": "y"})
        await pilot.press("x", "y")
        assert (app.query_one(Input).value, app.notes) == ("x", 1)
