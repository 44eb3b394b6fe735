"""The command palette: every slash command and every action that has a key.

Owns the rows, and that the palette stands keys that come faster than it opens or goes; a
command is posted as typing it would, an action is run where its key would run it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol, cast

from textual.await_complete import AwaitComplete
from textual.command import CommandList, CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.screen import Screen

from alloy_tui.ui.commands import COMMANDS, MODES, argument_values
from alloy_tui.ui.keymap import ACTIONS, APP_KEYS, Key, Keymap
from alloy_tui.ui.messages import CommandInvoked
from alloy_tui.ui.panes.side import SIDE_PANELS

Row = tuple[str, Callable[[], object]]
"""The words of a row, and what choosing it does."""


class Host(Protocol):
    """What the palette needs of the app."""

    keymap: Keymap

    @property
    def workbench(self) -> Screen[None]:
        """The main screen."""
        ...


class Palette(CommandPalette):
    """Textual's palette, which is left once, and only while it is on top.

    It has no id, for while one goes the next may come.
    """

    def dismiss(self, result: None = None) -> AwaitComplete:
        """Leave; nothing happens where the palette is covered or gone."""
        return super().dismiss(result) if self.is_active else AwaitComplete()

    def _action_command_list(self, action: str) -> None:
        # Textual looks for the rows of a page that it has not laid out yet.
        if not action.startswith("page_") or self.query_one(CommandList).scrollable_content_region:
            super()._action_command_list(action)


class CommandPaletteRows(Provider):
    """All slash commands, those with few values once for each, then all keys."""

    async def discover(self) -> Hits:
        """Everything, before anything is typed."""
        for words, run in self.rows():
            yield DiscoveryHit(words, run)

    async def search(self, query: str) -> Hits:
        """What matches."""
        matcher = self.matcher(query)
        for words, run in self.rows():
            score = matcher.match(words)
            if score > 0:
                yield Hit(score, matcher.highlight(words), run)

    def rows(self) -> list[Row]:
        """Every row there is."""
        rows: list[Row] = []
        for command in COMMANDS:
            if command.argument in {"none", "model"}:
                run = partial(self._invoke, command.name, "")
                rows.append((f"{command.name}: {command.summary}", run))
                continue
            for value in argument_values(command, _no_models):
                words = f"{command.name} {value}: {MODES.get(value, command.summary)}"
                rows.append((words, partial(self._invoke, command.name, value)))
        host = cast("Host", self.app)
        for key in ACTIONS:
            words = f"{key.words} ({host.keymap.label(key)})"
            rows.append((words, partial(self._act, key)))
        for panel in SIDE_PANELS.values():
            action = f"show_panel({panel.name!r})"
            row = Key(panel.name, "", action, panel.words)
            rows.append((f"{panel.name}: {panel.words}", partial(self._act, row)))
        return rows

    def _invoke(self, name: str, value: str) -> None:
        self.app.post_message(CommandInvoked(name, value))

    async def _act(self, key: Key) -> None:
        host = cast("Host", self.app)
        where = self.app if key in APP_KEYS else host.workbench
        await self.app.run_action(key.action, default_namespace=where)


def _no_models() -> Sequence[str]:
    return ()
