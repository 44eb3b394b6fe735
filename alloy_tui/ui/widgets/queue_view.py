"""The messages that wait while the agent works, each labelled with what it is for.

Owns their rows and the click that takes one back. Hidden while nothing waits.
"""

from __future__ import annotations

from textual.content import Content
from textual.reactive import reactive

from alloy_tui.domain.sanitise import clean_line
from alloy_tui.ui.messages import WithdrawRequested
from alloy_tui.ui.viewstate import Waiting
from alloy_tui.ui.widgets.chrome import ActionLine, link

LANE_WORDS = {"steer": "steer", "follow_up": "follow-up", "prompt": "next"}
SHOWN = 5
"""Rows at most; the rest is counted."""


class QueueView(ActionLine):
    """One row a waiting message; Esc takes them all back into the prompt."""

    queue: reactive[tuple[Waiting, ...]] = reactive((), layout=True)

    def watch_queue(self, queue: tuple[Waiting, ...]) -> None:
        """Show only when there is something to show."""
        self.display = bool(queue)

    def content(self) -> Content:
        """The rows."""
        width = self.size.width or 80
        shown = self.queue[:SHOWN]
        rows = [self._row(index, waiting, width) for index, waiting in enumerate(shown)]
        left = len(self.queue) - len(shown)
        if left:
            rows.append(Content.styled(f" and {left} more", "$text-muted"))
        return Content("\n").join(rows)

    def _row(self, index: int, waiting: Waiting, width: int) -> Content:
        label = Content.styled(f" {LANE_WORDS[waiting.lane]:<10}", "$primary")
        text = clean_line(waiting.text, limit=max(10, width - 26))
        row = label + Content.styled(f"“{text}”", "$foreground")
        back = link("take back", f"withdraw({index})", "$text-muted")
        room = max(2, width - row.cell_length - back.cell_length - 1)
        return row.truncate(width - 13, ellipsis=True) + Content(" " * room) + back

    def action_withdraw(self, index: int) -> None:
        """Take the message of row `index` back."""
        if index < len(self.queue):
            self.post_message(WithdrawRequested(self.queue[index].request_id))
