"""The conversation pane: turns what happens into blocks of the transcript.

Owns which block an event belongs to; how a block looks and scrolls is the
transcript's business. A call's record is made here and shared with the tool
pane. Deltas arrive already joined.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from msgspec.structs import replace
from textual.app import ComposeResult
from textual.message import Message

from alloy_tui.domain import events as ev
from alloy_tui.domain.events import Envelope
from alloy_tui.domain.sanitise import clean, clean_line
from alloy_tui.runtime.port import OWN_COMMAND, PRIVATE_COMMAND, ModelChoice
from alloy_tui.ui.messages import TokensArrived
from alloy_tui.ui.panes.chat_images import Picture
from alloy_tui.ui.panes.chat_words import (
    change_summary,
    ending,
    incomplete_words,
    retry_notice,
)
from alloy_tui.ui.panes.cut_answers import CutAnswers
from alloy_tui.ui.panes.stored_chat import StoredChat
from alloy_tui.ui.tool_view import CallKey, ToolRecord, ToolRecords, diff_lines
from alloy_tui.ui.transcript import (
    AgentBlock,
    BlockActivated,
    BlockToggled,
    FollowChanged,
    MarkerBlock,
    NoticeBlock,
    ThinkingBlock,
    ToolBlock,
    UserBlock,
)
from alloy_tui.ui.transcript.painting import app_of
from alloy_tui.ui.transcript.specs import Level
from alloy_tui.ui.widgets.jump_pill import JumpPill
from alloy_tui.ui.wording import model_label, seconds, tokens

_SETTLED = frozenset({"done", "error", "denied", "cancelled"})


class ChatPane(StoredChat):
    """A `Transcript`, the welcome that stands in an empty one, and the pill that jumps down."""

    class CallChosen(Message):
        """The user touched the tool call `key`; `open_pane` when they want to see all of it."""

        def __init__(self, key: CallKey, *, open_pane: bool) -> None:
            super().__init__()
            self.key = key
            self.open_pane = open_pane

    def __init__(self, records: ToolRecords) -> None:
        super().__init__(records)
        self._pill = JumpPill()
        self._opened_ms = 0
        self._said_incomplete = False
        self._request_id: str | None = None
        self._asked: dict[str, CallKey] = {}
        self._cut = CutAnswers(self.transcript)
        self._steps: dict[type, Callable[[Any, Envelope], CallKey | None]] = {
            ev.RunStarted: self._run_started,
            ev.RunFinished: self._run_finished,
            ev.TurnFinished: self._turn_finished,
            ev.Steered: self._steered,
            ev.ToolCallStarted: self._call_started,
            ev.ToolCallReady: self._call_went_on,
            ev.ApprovalRequested: self._approval_requested,
            ev.ApprovalAnswered: self._approval_answered,
            ev.ToolStarted: self._call_went_on,
            ev.ToolFinished: self._call_went_on,
            ev.ToolOutput: self._tool_note,
            ev.RetryScheduled: self._retry,
            ev.FallbackUsed: self._fallback,
            ev.ModelChanged: self._model_changed,
            ev.CompactionFinished: self._compacted,
            ev.AgentCrashed: self._crashed,
            ev.Notice: self._notice,
            ev.HistoryReset: self._reset,
        }

    def compose(self) -> ComposeResult:
        """The transcript under the other two."""
        yield self.transcript
        yield self._welcome
        yield self._pill

    def welcome(self, choice: ModelChoice) -> None:
        """Say how to begin, until the first block comes."""
        self._welcome.choice = choice
        self._welcome.display = True

    def choice_changed(self, choice: ModelChoice) -> None:
        """The words of an empty conversation follow what the engine has found."""
        if self._welcome.display:
            self._welcome.choice = choice

    def welcome_read(self) -> None:
        """The first-run words were read: the short ones do from now on."""
        if self._welcome.choice is not None:
            self._welcome.choice = replace(self._welcome.choice, first_run=False)

    def follow(self) -> None:
        """To the newest line, and stay there."""
        self.transcript.scroll_to_end()

    def tokens(self, message: TokensArrived) -> None:
        """Growing text or thinking, into the open block of its kind and turn or a new one."""
        first = message.first
        growing = (message.kind, first.request_id, first.turn)
        if growing != self._growing or self._open_block is None:
            self._close_open()
            spec = ThinkingBlock() if message.kind == "thinking" else AgentBlock()
            self._open_block = self._add(spec)
            self._cut.began(self._open_block)
            self._opened_ms = first.at_ms
            self._growing = growing
        self.transcript.append_text(self._open_block, message.text)

    def output(self, key: CallKey, shown: str) -> None:
        """Live output of a call, sanitised."""
        block = self._calls.get(key)
        if block is not None and shown:
            self.transcript.append_output(block, shown)

    def tick(self, now_ms: int) -> None:
        """The time that thinking and running calls have taken."""
        if self._open_block is not None and self._growing and self._growing[0] == "thinking":
            taken = seconds(now_ms - self._opened_ms)
            self.transcript.set_title(self._open_block, f"thinking {taken}")
        for key in self._working:
            record, block = self._records.get(key), self._calls.get(key)
            if record is not None and block is not None:
                taken_ms = max(0, now_ms - record.started_ms)
                self.transcript.update_tool(block, duration_ms=taken_ms)

    def event(self, envelope: Envelope) -> CallKey | None:
        """Anything else; returns the key of the call it was about."""
        step = self._steps.get(type(envelope.event))
        return step(envelope.event, envelope) if step is not None else None

    def on_follow_changed(self, message: FollowChanged) -> None:
        """Reading above: the pill says how much came since."""
        message.stop()
        self._pill.show(following=message.following, unseen=message.unseen)

    def on_block_toggled(self, message: BlockToggled) -> None:
        """A click on a tool call's header: the pane follows."""
        message.stop()
        self._choose(message.block_id, open_pane=False)

    def on_block_activated(self, message: BlockActivated) -> None:
        """A double click, or `o`: the pane opens with it."""
        message.stop()
        self._choose(message.block_id, open_pane=True)

    def on_mouse_scroll_up(self) -> None:
        """The wheel over what lies on the conversation turns the conversation."""
        self._wheel(-1)

    def on_mouse_scroll_down(self) -> None:
        """Likewise."""
        self._wheel(1)

    def _wheel(self, direction: int) -> None:
        rows = round(direction * app_of(self).scroll_sensitivity_y)
        self.transcript.scroll_relative(y=rows, animate=False, immediate=True)

    def _choose(self, block: int, *, open_pane: bool) -> None:
        key = self._keys.get(block)
        picture = self.images.picture(block)
        if picture is not None and open_pane:
            self.run_worker(self._show(picture), group="viewer", exclusive=True)
        elif key is not None:
            self.post_message(self.CallChosen(key, open_pane=open_pane))

    async def _show(self, picture: Picture) -> None:
        from alloy_tui.ui.viewer import show

        words = await show(picture.path, picture.data, os.environ)
        if words:
            self.notify(words, severity="warning", markup=False, timeout=8)

    def on_jump_pill_pressed(self, message: JumpPill.Pressed) -> None:
        """Down again."""
        message.stop()
        self.follow()

    # Blocks

    def _say(self, text: str, level: Level = "info") -> None:
        self._close_open()
        self._add(NoticeBlock(text, level))

    def _mark(self, text: str) -> None:
        self._close_open()
        self._add(MarkerBlock(text))

    def _close_open(self, at_ms: int | None = None, incomplete: str = "") -> None:
        if self._open_block is not None:
            took = None if at_ms is None else max(0, at_ms - self._opened_ms)
            self.transcript.finish(self._open_block, incomplete, duration_ms=took)
        self._open_block = self._growing = None

    def _run_started(self, event: ev.RunStarted, envelope: Envelope) -> None:
        self._request_id = envelope.request_id
        self._said_incomplete = False
        self._cut.forget()
        self._put_message(UserBlock(event.prompt))
        self.images.sent(envelope.request_id)

    def _run_finished(self, event: ev.RunFinished, envelope: Envelope) -> None:
        if self._request_id not in {None, envelope.request_id}:
            return  # a request that never ran; the one that runs goes on
        self._request_id = None
        self._close_open(envelope.at_ms)
        self._cut.run_over(kept=event.status != "completed")
        if event.text:
            self.last_answer = clean(event.text)
        self._settle_calls(envelope.request_id)
        said = ending(event)
        if said is not None and not (event.status == "cancelled" and self._said_incomplete):
            self._say(said[1], said[0])

    def _settle_calls(self, request_id: str | None) -> None:
        # A run that was cut short may leave calls without their result event.
        self._working = {key for key in self._working if key[0] != request_id}
        for key, block in self._calls.items():
            record = self._records.get(key)
            if key[0] == request_id and record and record.state not in _SETTLED:
                record.state = "cancelled"
                self.transcript.update_tool(block, state="cancelled")

    def _turn_finished(self, event: ev.TurnFinished, envelope: Envelope) -> None:
        words = incomplete_words(event.incomplete)
        self._said_incomplete = bool(words) and self._open_block is not None
        self._close_open(envelope.at_ms, words)
        self._cut.ended(words)

    def _steered(self, event: ev.Steered, envelope: Envelope) -> None:
        self._close_open()
        self._put_message(UserBlock(event.text, note="steer"))
        self.images.sent(envelope.request_id)

    def _put_message(self, spec: UserBlock) -> None:
        block = self._add(spec)
        if self._history is not None:
            self._history.live_message(block)

    def _call_started(self, event: ev.ToolCallStarted, envelope: Envelope) -> CallKey:
        self._close_open(envelope.at_ms)
        key = self._records.key(envelope, event.id)
        self._card(key, event.name)
        return key

    def _card(self, key: CallKey, name: str) -> tuple[ToolRecord, int]:
        record = self._records.open(key, name)
        block = self._calls.get(key)
        if block is None:
            own = name in {OWN_COMMAND, PRIVATE_COMMAND}
            block = self._add(ToolBlock(name, speaker="you" if own else "alloy"))
            self._calls[key] = block
            self._keys[block] = key
        return record, block

    def _call_went_on(
        self, event: ev.ToolCallReady | ev.ToolStarted | ev.ToolFinished, envelope: Envelope
    ) -> CallKey:
        return self._take(event, self._records.key(envelope, event.id), event.name, envelope)

    def _approval_requested(self, event: ev.ApprovalRequested, envelope: Envelope) -> CallKey:
        key = self._records.key(envelope, event.call_id)
        self._asked[event.id] = key
        return self._take(event, key, event.tool, envelope)

    def _approval_answered(self, event: ev.ApprovalAnswered, envelope: Envelope) -> CallKey | None:
        del envelope
        key = self._asked.pop(event.id, None)
        record = self._records.get(key) if key is not None else None
        if key is not None and record is not None:
            record.state = "denied" if event.decision == "deny" else "ready"
            self.transcript.update_tool(self._calls[key], state=record.state)
        return key

    def _take(self, event: ev.EngineEvent, key: CallKey, name: str, envelope: Envelope) -> CallKey:
        if envelope.turn:  # the user's own command does not break an answer in two
            self._close_open(envelope.at_ms)
        record, block = self._card(key, name)
        record.take(event, envelope.at_ms)
        if record.state == "running":
            self._working.add(key)
        else:
            self._working.discard(key)
        finished = isinstance(event, ev.ToolFinished)
        diff = ""
        if finished and not event.is_error:
            diff = "\n".join(line for _, line in diff_lines(record.arguments, record.details))
        self.transcript.update_tool(
            block,
            state=record.state,
            headline=record.title(),
            result=record.result,
            diff=diff or None,
            summary=change_summary(record.details, diff) if finished else None,
            duration_ms=record.duration_ms,
        )
        if isinstance(event, ev.ToolFinished):
            self.images.brought(record.title(), event.content)
        return key

    def _tool_note(self, event: ev.ToolOutput, envelope: Envelope) -> CallKey:
        key = self._records.key(envelope, event.id)
        record = self._records.get(key)
        if record is not None:
            self.output(key, record.take_output(f"{event.text.rstrip()}\n"))
        return key

    def _retry(self, event: ev.RetryScheduled, envelope: Envelope) -> None:
        self._close_open(envelope.at_ms)
        if event.discarded is not None:
            self._cut.leave_out()
        self._say(retry_notice(event), "warning")

    def _fallback(self, event: ev.FallbackUsed, envelope: Envelope) -> None:
        del envelope
        to, of = model_label(event.to_model, 60), model_label(event.from_model, 60)
        self._say(f"{of} does not answer; {to} takes over for this run.", "warning")

    def _model_changed(self, event: ev.ModelChanged, envelope: Envelope) -> None:
        del envelope
        told = self._history is not None and self._history.tells_of(event.to_model)
        if told or event.from_model == event.to_model:
            return
        self._mark(f"{model_label(event.to_model, 60)} answers from here on")

    def _compacted(self, event: ev.CompactionFinished, envelope: Envelope) -> None:
        del envelope
        before, after = tokens(event.tokens_before), tokens(event.tokens_after)
        self._mark(f"history shortened from {before} to {after} tokens")

    def _crashed(self, event: ev.AgentCrashed, envelope: Envelope) -> None:
        self._close_open(envelope.at_ms)
        self._settle_calls(envelope.request_id)
        self._say(
            f"A defect ended this run: {clean_line(event.cause, limit=400)} "
            "The conversation goes on with your next message.",
            "error",
        )

    def _notice(self, event: ev.Notice, envelope: Envelope) -> None:
        del envelope
        self._say(event.text, event.level)

    def _reset(self, event: ev.HistoryReset, envelope: Envelope) -> None:
        del event, envelope
        self._open_block = self._growing = None
        self._cut.forget()
        for known in (self._calls, self._keys, self._working, self._asked):
            known.clear()
        self.images.clear()
        self.last_answer = ""
        if self._history is not None:
            self._history.forget()
        self.transcript.clear()
