"""Reading with the keyboard: which card keys act on, and what each key does to it.

Owns choosing a card and the way from a key to its deed; the deeds are named in
`deeds`, and what folding does to blocks is the transcript's.
"""

from __future__ import annotations

from collections.abc import Mapping

from textual import events

from alloy_tui.ui.transcript.blocks import Block
from alloy_tui.ui.transcript.cards import ToolCard
from alloy_tui.ui.transcript.deeds import DEEDS, KEYS, ON_CARD
from alloy_tui.ui.transcript.messages import BlockActivated
from alloy_tui.ui.transcript.prepending import PrependingView
from alloy_tui.ui.transcript.specs import BlockId


class KeyedView(PrependingView):
    """A transcript that is read with keys; `keys` says which deed each of them stands for."""

    keys: Mapping[str, str] = KEYS

    @property
    def selected(self) -> BlockId | None:
        """The card that keys act on."""
        raise NotImplementedError

    def toggle(self, block_id: BlockId) -> None:
        """Fold or unfold a block."""
        raise NotImplementedError

    def toggle_turn(self, block_id: BlockId) -> None:
        """Fold or unfold every card of its turn."""
        raise NotImplementedError

    async def on_key(self, event: events.Key) -> None:
        """What a key means here, before it reaches the prompt as something typed."""
        # Bindings come too late: the screen takes what is typed first.
        deed = DEEDS.get(self.keys.get(event.key, ""), "")
        action = "end_search" if event.key == "escape" else deed
        if action and self.check_action(action.partition("(")[0], ()):
            event.stop()
            event.prevent_default()
            await self.run_action(action)

    async def do(self, name: str) -> None:
        """What the key of that name in `DEEDS` does, on the last card in view if none is chosen."""
        if self._cursor is None and name in ON_CARD:
            self.action_select(-1)
        await self.run_action(DEEDS[name])

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Letters act only where there is something to act on."""
        if action in {"activate", "fold_turn"}:
            return self._cursor is not None
        if action == "beside":
            return any(isinstance(b, ToolCard) and b.diff for b in self._visible_blocks())
        return super().check_action(action, parameters)

    def _visible_blocks(self) -> list[Block]:
        return self.document.blocks[self._anchor[0] : self._last_visible() + 1]

    def action_select(self, step: int) -> None:
        """Select the next card in that direction, the nearest in view at first."""
        blocks = self.document.blocks
        start = self._cursor
        if start is None:
            start = self._last_visible() + 1 if step < 0 else self._anchor[0] - 1
        index = start + step
        while 0 <= index < len(blocks) and not blocks[index].foldable:
            index += step
        if not 0 <= index < len(blocks):
            self._scroll_by(step)
            return
        self._set_cursor(index)

    def action_fold(self) -> None:
        """Fold or unfold the selected card."""
        chosen = self.selected
        if chosen is not None:
            self.toggle(chosen)

    def action_fold_turn(self) -> None:
        """Fold or unfold all cards of the turn that the selected one is in."""
        chosen = self.selected
        if chosen is not None:
            self.toggle_turn(chosen)

    def action_activate(self) -> None:
        """Open the selected card elsewhere."""
        chosen = self.selected
        if chosen is not None:
            self.post_message(BlockActivated(chosen))
