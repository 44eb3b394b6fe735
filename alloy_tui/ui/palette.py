"""The command palette, filled from the same table as the slash commands.

Owns the rows only; choosing one posts the same message as typing it would.
"""

from __future__ import annotations

from functools import partial

from textual.command import DiscoveryHit, Hit, Hits, Provider

from alloy_tui.ui.commands import COMMANDS, MODES, Command
from alloy_tui.ui.messages import CommandInvoked
from alloy_tui.ui.themes import THEMES


def _rows() -> list[tuple[str, Command, str]]:
    rows: list[tuple[str, Command, str]] = []
    for command in COMMANDS:
        values = {"mode": list(MODES), "theme": list(THEMES)}.get(command.argument)
        if values is None:
            rows.append((f"{command.name}: {command.summary}", command, ""))
        else:
            rows += [(f"{command.name} {v}: {MODES.get(v, v)}", command, v) for v in values]
    return rows


class CommandPaletteRows(Provider):
    """All slash commands, those with few values once for each."""

    async def discover(self) -> Hits:
        """Everything, before anything is typed."""
        for words, command, value in _rows():
            yield DiscoveryHit(words, partial(self._invoke, command.name, value))

    async def search(self, query: str) -> Hits:
        """What matches."""
        matcher = self.matcher(query)
        for words, command, value in _rows():
            score = matcher.match(words)
            if score > 0:
                run = partial(self._invoke, command.name, value)
                yield Hit(score, matcher.highlight(words), run)

    def _invoke(self, name: str, value: str) -> None:
        self.app.post_message(CommandInvoked(name, value))
