"""What the transcript tells the screen around it."""

from __future__ import annotations

from textual.message import Message

from alloy_tui.ui.transcript.specs import BlockId


class FollowChanged(Message):
    """Whether the newest text is followed; `unseen` blocks came or grew since it is not."""

    def __init__(self, following: bool, unseen: int) -> None:
        super().__init__()
        self.following = following
        self.unseen = unseen


class EarlierWanted(Message):
    """Somebody reads near the top, or searches, and there is more above."""


class NotePressed(Message):
    """The arrows beside who speaks were clicked; `step` is -1 for the left one, 1 for the other."""

    def __init__(self, block_id: BlockId, step: int) -> None:
        super().__init__()
        self.block_id = block_id
        self.step = step


class BlockToggled(Message):
    """A block was unfolded or folded."""

    def __init__(self, block_id: BlockId, expanded: bool) -> None:
        super().__init__()
        self.block_id = block_id
        self.expanded = expanded


class BlockActivated(Message):
    """The user wants to see all of a block: double click, or `o` on the selected one."""

    def __init__(self, block_id: BlockId) -> None:
        super().__init__()
        self.block_id = block_id
