"""The app under ours uses our driver, and Textual's own where ours cannot be had."""

from __future__ import annotations

import pytest
from textual.drivers.linux_driver import LinuxDriver

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
