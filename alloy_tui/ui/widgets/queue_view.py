"""The messages that wait while the agent works, each labelled with what it is for.

Owns their rows, the clicks that edit, drop and relabel them, and the keys that
do the same while this has the focus. Hidden while nothing waits.
"""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive

from alloy_tui.domain.events import Lane
from alloy_tui.domain.sanitise import clean_line
from alloy_tui.runtime.agent_view import Waiting
from alloy_tui.ui.messages import MoveRequested, RemoveRequested, WithdrawRequested
from alloy_tui.ui.widgets.chrome import ActionLine, link

LANE_WORDS = {"steer": "steer", "follow_up": "follow-up", "prompt": "next"}
_NEXT_LANE: dict[Lane, Lane] = {"steer": "follow_up", "follow_up": "steer", "prompt": "follow_up"}
SHOWN = 5
"""Rows at most; the rest is counted."""
_KEYS = "Enter edit · Shift+↑↓ move · Tab steer or follow-up · Del drop · Esc back"


class QueueView(ActionLine, can_focus=True):
    """One row a waiting message; Esc in the prompt takes them all back into it."""

    # The line that says what the keys do would move the rows under the mouse.
    FOCUS_ON_CLICK: ClassVar[bool] = False

    queue: reactive[tuple[Waiting, ...]] = reactive((), layout=True)
    chosen: reactive[int] = reactive(0)
    held: reactive[bool] = reactive(False)

    class Left(Message):
        """The prompt may have the focus again."""

    def begin(self) -> None:
        """Take the focus, with the last message chosen."""
        self.chosen = len(self.queue) - 1
        self.focus()

    def watch_queue(self, before: tuple[Waiting, ...], queue: tuple[Waiting, ...]) -> None:
        """Show only when there is something to show; what was chosen stays so."""
        self.display = bool(queue)
        ids = [waiting.request_id for waiting in queue]
        if self.chosen < len(before) and before[self.chosen].request_id in ids:
            self.chosen = ids.index(before[self.chosen].request_id)
        self.chosen = max(0, min(self.chosen, len(queue) - 1))
        if not queue and self.has_focus:
            self.post_message(self.Left())

    def on_focus(self) -> None:
        """Show what the keys do."""
        self.refresh(layout=True)

    def on_blur(self) -> None:
        """And no more."""
        self.refresh(layout=True)

    def content(self) -> Content:
        """The rows."""
        width = self.size.width or 80
        first = max(0, min(self.chosen - SHOWN + 1, len(self.queue) - SHOWN))
        shown = self.queue[first : first + SHOWN]
        rows = [self._row(index, waiting, width) for index, waiting in enumerate(shown, first)]
        left = len(self.queue) - len(shown)
        if left:
            rows.append(Content.styled(f" and {left} more", "$text-muted"))
        if self.has_focus:
            rows.append(Content.styled(f" {_KEYS}", "$text-muted").truncate(width, ellipsis=True))
        elif self.held:
            words = " These wait for your command to end; Esc ends it."
            rows.append(Content.styled(words, "$text-muted").truncate(width, ellipsis=True))
        return Content("\n").join(rows)

    def _row(self, index: int, waiting: Waiting, width: int) -> Content:
        marked = self.has_focus and index == self.chosen
        label = link(f" {LANE_WORDS[waiting.lane]:<10}", f"relabel({index})", "$primary")
        text = clean_line(waiting.text, limit=max(10, width - 24))
        words = link(f"“{text}”", f"withdraw({index})", "$foreground")
        tail = link("edit", f"withdraw({index})", "$text-muted") + Content("  ")
        tail += link("✕", f"drop({index})", "$text-muted")
        head = (label + words).truncate(width - tail.cell_length - 2, ellipsis=True)
        row = head + Content(" " * max(1, width - head.cell_length - tail.cell_length - 1)) + tail
        return row.stylize("on $panel") if marked else row

    def on_key(self, event: events.Key) -> None:
        """What the keys do while this has the focus."""
        at = self.chosen
        match event.key:
            case "up" | "k":
                self.chosen = max(0, at - 1)
            case "down" | "j":
                if at == len(self.queue) - 1:
                    self.post_message(self.Left())
                self.chosen = min(len(self.queue) - 1, at + 1)
            case "shift+up" | "alt+up" | "K":
                self._move(-1)
            case "shift+down" | "alt+down" | "J":
                self._move(1)
            case "enter" | "e":
                self.action_withdraw(at)
            case "tab" | "l":
                self.action_relabel(at)
            case "delete" | "backspace" | "x":
                self.action_drop(at)
            case "escape":
                self.post_message(self.Left())
            case _:
                return
        event.stop()
        event.prevent_default()

    def _move(self, by: int) -> None:
        """One place up or down in its lane."""
        waiting = self.queue[self.chosen]
        lane = [other.request_id for other in self.queue if other.lane == waiting.lane]
        place = lane.index(waiting.request_id) + 1 + by
        if 1 <= place <= len(lane):
            self.post_message(MoveRequested(waiting.request_id, waiting.lane, place))

    def action_withdraw(self, index: int) -> None:
        """Take the message of row `index` back into the prompt."""
        if index < len(self.queue):
            self.post_message(WithdrawRequested(self.queue[index].request_id))

    def action_drop(self, index: int) -> None:
        """Drop the message of row `index`; the history keeps its text."""
        if index < len(self.queue):
            self.post_message(RemoveRequested(self.queue[index].request_id))

    def action_relabel(self, index: int) -> None:
        """Let the message of row `index` steer instead of following up, or the other way round."""
        if index < len(self.queue):
            waiting = self.queue[index]
            lane = _NEXT_LANE[waiting.lane]
            place = sum(other.lane == lane for other in self.queue) + 1
            self.post_message(MoveRequested(waiting.request_id, lane, place))
