"""The prompt: several lines, history at its edges, commands, and a reason for a denial.

Owns what a key does to the text. Sends what is typed up as messages; knows
neither whether the agent is busy nor what a command does.
"""

from __future__ import annotations

from textual import events
from textual.reactive import reactive
from textual.timer import Timer
from textual.widgets import TextArea

from alloy_tui.domain.events import Lane
from alloy_tui.domain.sanitise import clean
from alloy_tui.ui.clock import Clock
from alloy_tui.ui.commands import parse
from alloy_tui.ui.history import PromptHistory
from alloy_tui.ui.messages import (
    ApprovalDecided,
    CommandInvoked,
    Continued,
    Interrupted,
    PromptSubmitted,
)
from alloy_tui.ui.widgets.approval_bar import ApprovalBar
from alloy_tui.ui.widgets.completion import CompletionList

_NEWLINE_KEYS = frozenset({"shift+enter", "ctrl+j"})
_SEND_KEYS: dict[str, Lane] = {"enter": "steer", "alt+enter": "follow_up"}

LONE_S = 0.5
"""How long a letter must stay alone before it answers an approval."""

USUAL = "Ask anything. / for commands"
REASON = "Why not? The model will read this. Enter sends, Esc goes back"


class Prompt(TextArea):
    """A `TextArea` that sends on Enter and never gives up what was typed.

    A letter typed into the empty prompt may answer an approval, but only if it
    stays alone for `LONE_S` or Enter follows it: the first letter of a message
    is never an answer.
    """

    reason_for: reactive[str | None] = reactive(None)

    def __init__(
        self,
        history: PromptHistory,
        clock: Clock,
        completion: CompletionList,
        approval: ApprovalBar,
    ) -> None:
        super().__init__(
            id="prompt",
            compact=True,
            highlight_cursor_line=False,
            placeholder=USUAL,
            soft_wrap=True,
        )
        # A blinking cursor would write to the terminal for ever.
        self.cursor_blink = False
        self._approval = approval
        self._lone: Timer | None = None
        self._history = history
        self._clock = clock
        self._completion = completion
        self._draft = ""
        self._walked: str | None = None
        self._last_key_s = float("-inf")

    async def _on_key(self, event: events.Key) -> None:
        now_s = self._clock.monotonic_s()
        idle_s, self._last_key_s = now_s - self._last_key_s, now_s
        if event.key == "enter" and self._lone is not None:
            self.settle_letter()
        elif not self._take(event):
            self._forget_letter()
            if not self.text and self.reason_for is None and event.character:
                self._consider(event.character, idle_s)
            await super()._on_key(event)
            return
        self._forget_letter()
        event.stop()
        event.prevent_default()

    def _consider(self, letter: str, idle_s: float) -> None:
        if self._approval.offer(letter, idle_s):
            self._lone = self.set_timer(LONE_S, self.settle_letter)

    def _forget_letter(self) -> None:
        if self._lone is not None:
            self._lone.stop()
            self._lone = None
            self._approval.forget()

    def settle_letter(self) -> None:
        """The letter stayed alone: it is the answer that it stands for."""
        letter, alone = self.text, self._lone is not None
        self._lone = None
        if alone and len(letter) == 1:
            self.text = ""
            self._approval.take_offered(letter)

    def _take(self, event: events.Key) -> bool:
        key = event.key
        if key in _SEND_KEYS:
            self._enter(_SEND_KEYS[key])
            return True
        if key in _NEWLINE_KEYS:
            self._replace_via_keyboard("\n", *self.selection)
            return True
        if key == "escape":
            self._escape()
            return True
        if key == "tab" and self._completion.current is not None:
            self.complete()
            return True
        return False

    async def _on_paste(self, event: events.Paste) -> None:
        # What is pasted is foreign: no escape sequence gets into the text.
        await super()._on_paste(events.Paste(clean(event.text)))
        event.stop()
        event.prevent_default()

    def _enter(self, lane: Lane) -> None:
        text = self.text.strip()
        if self.reason_for is not None:
            self._send_reason(text)
            return
        chosen = self._completion.current
        if chosen is not None and chosen.insert.strip() != text:
            self.complete()
            if chosen.insert.endswith(" "):
                return
            text = chosen.insert
        if not text:
            self.post_message(Continued())
            return
        self._history.append(text)
        self.text = ""
        command = parse(text)
        if command is not None:
            self.post_message(CommandInvoked(*command))
        else:
            self.post_message(PromptSubmitted(text, lane))

    def _escape(self) -> None:
        if self._completion.current is not None:
            self._completion.offer(())
        elif self.reason_for is not None:
            self.end_reason()
        else:
            self.post_message(Interrupted())

    def complete(self) -> None:
        """Put the chosen completion in place of the text."""
        chosen = self._completion.current
        if chosen is not None:
            self.put(chosen.insert)

    def put(self, text: str) -> None:
        """Replace everything, with the cursor at the end."""
        self.text = text
        self.move_cursor(self.document.end)

    @property
    def walking(self) -> bool:
        """Whether the text is as it came from the history: an old command is not completed."""
        return self._walked is not None and self.text == self._walked

    def _walk_to(self, text: str) -> None:
        self._walked = text
        self.put(text)

    def take_back(self, text: str) -> None:
        """Put a message that was queued before what is typed now; nothing is lost."""
        if self.reason_for is not None:
            self._draft = f"{text}\n{self._draft}" if self._draft else text
        else:
            self.put(f"{self.text}\n{text}" if self.text.strip() else text)

    def ask_reason(self, approval_id: str) -> None:
        """Collect a reason for denying `approval_id`; the draft waits."""
        self._draft = self.text
        self.reason_for = approval_id
        self.text = ""
        self.placeholder = REASON
        self.focus()

    def end_reason(self) -> None:
        """Back to the draft."""
        if self.reason_for is None:
            return
        self.reason_for = None
        self.placeholder = USUAL
        self.put(self._draft)
        self._draft = ""

    def _send_reason(self, text: str) -> None:
        approval_id = self.reason_for
        self.end_reason()
        if approval_id is not None:
            self.post_message(ApprovalDecided(approval_id, "deny", text or None))

    def watch_reason_for(self, approval_id: str | None) -> None:
        """Mark the prompt while it collects a reason."""
        self.set_class(approval_id is not None, "-reason")

    def action_cursor_up(self, select: bool = False) -> None:
        """Up, the completion before, or the entry before when at the first row."""
        if not select and self._completion.current is not None:
            self._completion.move(-1)
        elif not select and self.navigator.is_first_wrapped_line(self.cursor_location):
            older = self._history.older(self.text)
            if older is not None:
                self._walk_to(older)
        else:
            super().action_cursor_up(select)

    def action_cursor_down(self, select: bool = False) -> None:
        """Down, the completion after, or the entry after when at the last row."""
        if not select and self._completion.current is not None:
            self._completion.move(1)
        elif not select and self.navigator.is_last_wrapped_line(self.cursor_location):
            newer = self._history.newer()
            if newer is not None:
                self._walk_to(newer)
        else:
            super().action_cursor_down(select)
