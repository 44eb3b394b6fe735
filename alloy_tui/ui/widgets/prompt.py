"""The prompt: what is sent, taken from the history, put aside, or given as a reason.

Owns what a key means here beyond editing. Sends what is typed up as messages;
knows neither whether the agent is busy nor what a command does.
"""

from __future__ import annotations

from collections.abc import Callable

from textual import events
from textual.binding import Binding
from textual.reactive import reactive
from textual.timer import Timer
from textual.widgets import TextArea

from alloy_tui.domain.events import Lane
from alloy_tui.ui.clock import Clock
from alloy_tui.ui.commands import parse
from alloy_tui.ui.drafts import Draft
from alloy_tui.ui.history import PromptHistory
from alloy_tui.ui.keymap import UNBOUND, PromptKeys
from alloy_tui.ui.messages import (
    ApprovalDecided,
    CommandInvoked,
    Continued,
    EditorWanted,
    Interrupted,
    OwnCommandGiven,
    PromptSubmitted,
    QueueWanted,
)
from alloy_tui.ui.prompt.editing import EditingArea
from alloy_tui.ui.prompt.mentions import typed_at
from alloy_tui.ui.prompt.offers import Offer, Picker, Recall, Stash
from alloy_tui.ui.widgets.approval_bar import ApprovalBar
from alloy_tui.ui.widgets.completion import CompletionList

_NEWLINE_KEYS = frozenset({"shift+enter", "ctrl+j"})
_SEND_KEYS: dict[str, Lane] = {"enter": "steer", "alt+enter": "follow_up"}

_BOUND = {bound.key: bound.action for bound in Binding.make_bindings(TextArea.BINDINGS)}

LONE_S = 0.5
"""How long a letter must stay alone before it answers an approval."""

USUAL = "Ask anything. / for commands, @ for files, ! for the shell"
REASON = "Why not? The model will read this. Enter sends, Esc goes back"


class Prompt(EditingArea):
    """Sends on Enter and never gives up what was typed.

    A letter typed into the empty prompt may answer an approval, but only if it
    stays alone for `LONE_S` or Enter follows it: the first letter of a message
    is never an answer.
    """

    reason_for: reactive[str | None] = reactive(None)
    picker: reactive[Picker | None] = reactive[Picker | None](None)

    def __init__(
        self,
        history: PromptHistory,
        clock: Clock,
        completion: CompletionList,
        approval: ApprovalBar,
    ) -> None:
        super().__init__(id="prompt", placeholder=USUAL)
        # A blinking cursor would write to the terminal for ever.
        self.cursor_blink = False
        self._approval = approval
        self._lone: Timer | None = None
        self._history = history
        self._clock = clock
        self._completion = completion
        self._aside = Draft("")
        self._walked: str | None = None
        self._last_key_s = float("-inf")
        self._stash = Stash()
        self.keys = PromptKeys()
        self.catch_up: Callable[[], None] = lambda: None
        """Brings the completions up to date with the text, before one of them is taken."""
        # Called instead of letting the news of each key pass by every widget above.
        self.changed: Callable[[], None] = lambda: None
        self.moved: Callable[[], None] = lambda: None
        self._deeds: dict[str, Callable[[], object]] = {
            "escape": self._escape,
            "ctrl+r": self._recall,
            "ctrl+s": self._put_aside,
            "ctrl+g": lambda: self.post_message(EditorWanted()),
            "alt+up": lambda: self.post_message(QueueWanted(take_last=True)),
            "alt+down": lambda: self.post_message(QueueWanted()),
        }

    async def _on_key(self, event: events.Key) -> None:
        with self.echoing():
            await self._act_on(event)

    async def _act_on(self, event: events.Key) -> None:
        now_s = self._clock.monotonic_s()
        idle_s, self._last_key_s = now_s - self._last_key_s, now_s
        key = self.keys.deed(event.key)
        if key == "enter" and self._lone is not None:
            self.settle_letter()
        elif not self.do(key):
            self._forget_letter()
            action = _BOUND.get(key)
            if action is None:
                if not self.text and not self._asked and event.character:
                    self._consider(event.character, idle_s)
                await super()._on_key(event)
                return
            # By itself the key would go up to the app and come back after those behind it.
            await self.run_action(action)
        self._forget_letter()
        event.stop()
        event.prevent_default()

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        """The text is another."""
        event.stop()
        self.changed()

    def on_text_area_selection_changed(self, event: TextArea.SelectionChanged) -> None:
        """The cursor is elsewhere."""
        event.stop()
        self.moved()

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

    @property
    def _asked(self) -> bool:
        """Whether what is typed is for something else than a message."""
        return self.reason_for is not None or self.picker is not None

    def do(self, key: str) -> bool:
        """What `key` usually does here; false when that is nothing of our own."""
        return self.edit_with(key) or self._take(key)

    def _take(self, key: str) -> bool:
        if key in _SEND_KEYS:
            self._enter(_SEND_KEYS[key])
        elif key in _NEWLINE_KEYS:
            self.insert("\n", maintain_selection_offset=False)
        elif key == "tab" and self._current() is not None:
            self.complete(deeper=True)
        elif (deed := self._deeds.get(key)) is not None:
            deed()
        else:
            return key == UNBOUND
        return True

    def _enter(self, lane: Lane) -> None:
        if self.reason_for is not None:
            self._send_reason(self.draft.whole.strip())
            return
        chosen = self._current()
        if self.picker is not None:
            self.complete()
            return
        if chosen is not None and not self._stands(chosen):
            self.complete()
            if chosen.start is not None or chosen.insert.endswith(" "):
                return
        self._send(lane)

    def _current(self) -> Offer | None:
        self.catch_up()
        return self._completion.current

    def _stands(self, chosen: Offer) -> bool:
        """Whether taking `chosen` would change nothing."""
        if chosen.start is None:
            return self.text.strip() == chosen.insert.strip()
        row, column = self.cursor_location
        return self.document.get_line(row)[chosen.start : column] == chosen.insert

    def _send(self, lane: Lane) -> None:
        own, draft = self.text.startswith("!"), self.folds.draft(self.text.strip())
        if not draft.text:
            self.post_message(Continued())
            return
        self._history.append(draft)
        self.text = ""
        command = parse(draft.text)
        if own and draft.text.strip("! "):
            private = draft.text.startswith("!!")
            words = draft.whole.removeprefix("!").removeprefix("!").strip()
            self.post_message(OwnCommandGiven(words, private=private))
        elif command is not None:
            self.post_message(CommandInvoked(*command))
        else:
            self.post_message(PromptSubmitted(draft.whole, lane, draft))

    def _escape(self) -> None:
        if self.picker is not None:
            self._end_picking(self._aside)
        elif self._completion.display:
            self._completion.offer(())
        elif self.reason_for is not None:
            self.end_reason()
        else:
            self.post_message(Interrupted())

    # Completions and old texts

    def complete(self, *, deeper: bool = False) -> None:
        """Take the chosen row; `deeper` goes on into a folder."""
        chosen = self._completion.current
        picker = self.picker
        if picker is not None:
            draft = picker.take(self._completion.chosen)
            if draft is not None:
                self._end_picking(draft)
        elif chosen is None:
            return
        elif chosen.start is None:
            self.put(chosen.insert)
        else:
            self._mention(chosen, deeper=deeper and chosen.path.endswith("/"))

    def _mention(self, chosen: Offer, *, deeper: bool) -> None:
        row, column = self.cursor_location
        line = self.document.get_line(row)
        mention = typed_at(line, column)
        if mention is None:
            return
        end = column + 1 if line[column : column + 1] == '"' else column
        insert = chosen.insert.removesuffix('"') if deeper else f"{chosen.insert} "
        if not deeper and line[end : end + 1] == " ":
            end += 1
        self.history.checkpoint()
        result = self.replace(
            insert, (row, mention.start), (row, end), maintain_selection_offset=False
        )
        self.move_cursor(result.end_location)

    def _recall(self) -> None:
        if isinstance(self.picker, Recall):
            self._completion.move(1)
        elif not self._asked:
            self._pick(Recall(self._history))

    def _put_aside(self) -> None:
        if isinstance(self.picker, Recall):
            self.picker.here = not self.picker.here
            self.placeholder = self.picker.words
            self.post_message(self.Changed(self))
        elif self._asked:
            return
        elif self.text.strip():
            self._history.append(self.draft)
            self._stash.push(self.draft)
            self.text = ""
            key = self.keys.shown("ctrl+s")
            self._say(f"Put aside ({len(self._stash)}). {key} in the empty prompt brings it back.")
        elif len(self._stash) == 1:
            self._stash.rows("")
            self._bring(self._stash.take())
        elif len(self._stash):
            self._pick(self._stash)
        else:
            key = self.keys.shown("ctrl+s")
            self._say(f"Nothing is put aside. {key} puts what you have typed aside.")

    def _say(self, words: str) -> None:
        self.notify(words, markup=False, timeout=4)

    def _pick(self, picker: Picker) -> None:
        self._aside = self.draft
        self.picker = picker
        self.text = ""
        self.placeholder = picker.words

    def _end_picking(self, draft: Draft) -> None:
        self.picker = None
        self.placeholder = USUAL
        self._completion.offer(())
        self._bring(draft)

    def _bring(self, draft: Draft | None) -> None:
        if draft is not None:
            self.put(self.folds.adopt(draft))
            self._walked = self.text

    def watch_picker(self, picker: Picker | None) -> None:
        """Mark the prompt while it narrows a choice down."""
        self.set_class(picker is not None, "-picking")

    @property
    def walking(self) -> bool:
        """Whether the text is as it came from the history: an old command is not completed."""
        return self._walked is not None and self.text == self._walked

    def take_back(self, draft: Draft) -> None:
        """Put a message that was queued beside what is typed now; nothing is lost."""
        if self._asked:
            both = f"{draft.text}\n{self._aside.text}" if self._aside.text else draft.text
            self._aside = Draft(both, {**self._aside.folds, **draft.folds})
        else:
            text = self.folds.adopt(draft)
            self.put(f"{self.text}\n{text}" if self.text.strip() else text)

    @property
    def stashed(self) -> str:
        """What was put aside last, as a text; "" when nothing was."""
        return self._stash.newest

    def put_instead(self, draft: Draft) -> None:
        """Put a text in the prompt's place; what is typed now is put aside."""
        if self.picker is not None:
            self._end_picking(self._aside)
        self.end_reason()
        if self.text.strip() and self.text != draft.text:
            self._put_aside()
        self._bring(draft)
        self._walked = None

    # Reasons

    def ask_reason(self, approval_id: str) -> None:
        """Collect a reason for denying `approval_id`; the draft waits."""
        if self.picker is not None:
            self._end_picking(self._aside)
        self._aside = self.draft
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
        self._bring(self._aside)
        self._aside = Draft("")

    def _send_reason(self, text: str) -> None:
        approval_id = self.reason_for
        self.end_reason()
        if approval_id is not None:
            self.post_message(ApprovalDecided(approval_id, "deny", text or None))

    def watch_reason_for(self, approval_id: str | None) -> None:
        """Mark the prompt while it collects a reason."""
        self.set_class(approval_id is not None, "-reason")

    # Up and down

    def action_cursor_up(self, select: bool = False) -> None:
        """Up, the completion before, or the entry before when at the first row."""
        if not select and self._completion.current is not None:
            self._completion.move(-1)
        elif not select and self.navigator.is_first_wrapped_line(self.cursor_location):
            self._walk(None if self._asked else self._history.older(self.draft))
        else:
            super().action_cursor_up(select)

    def action_cursor_down(self, select: bool = False) -> None:
        """Down, the completion after, or the entry after when at the last row."""
        if not select and self._completion.current is not None:
            self._completion.move(1)
        elif not select and self.navigator.is_last_wrapped_line(self.cursor_location):
            self._walk(None if self._asked else self._history.newer())
        else:
            super().action_cursor_down(select)

    def _walk(self, draft: Draft | None) -> None:
        self._bring(draft)
