"""The main screen: bars, work area and composer, and the one `AgentView` they all read.

Tells the engine what the user wants through `RuntimePort`, and learns what
happened only from the pump's messages. Owns what Esc and typing mean here.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from msgspec.structs import replace
from textual import events, on
from textual.actions import SkipAction
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.message import Message
from textual.reactive import var
from textual.timer import Timer

from alloy_tui.domain import events as ev
from alloy_tui.domain.events import Lane
from alloy_tui.runtime.agent_view import AgentView
from alloy_tui.runtime.port import GitState, RuntimePort
from alloy_tui.runtime.projection import fold
from alloy_tui.ui import messages as ms
from alloy_tui.ui.clipboard import copy_and_tell
from alloy_tui.ui.clock import Clock
from alloy_tui.ui.drafts import Draft
from alloy_tui.ui.history import PromptHistory
from alloy_tui.ui.keymap import APPROVAL_KEYS, PANE_KEYS, SCREEN_KEYS, bindings
from alloy_tui.ui.panes.chat_words import never_kept
from alloy_tui.ui.panes.work_area import WIDE, WorkArea
from alloy_tui.ui.preferences import Preferences
from alloy_tui.ui.prompt.mentions import attachments
from alloy_tui.ui.quick_start import show_first
from alloy_tui.ui.screens.team_bench import TeamBench
from alloy_tui.ui.transcript.painting import app_of
from alloy_tui.ui.widgets.composer import Composer
from alloy_tui.ui.widgets.status_bar import StatusBar
from alloy_tui.ui.widgets.top_bar import TopBar

_TICK_S, _CALM_TICK_S = 1.0, 10.0

_CHANGING = (ev.RunFinished, ev.LeafMoved)
"""After these the project's files may be others; so they may after a command of the user's."""
_SENT = 64
_TWICE_S = 1.0


class GitCame(Message, bubble=False):
    """The state of the project's repository, from another thread."""

    def __init__(self, state: GitState | None) -> None:
        super().__init__()
        self.state = state


class Workbench(TeamBench):
    """Everything that is on the screen when nothing is open over it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(SCREEN_KEYS),
        *bindings(PANE_KEYS),
        *bindings(APPROVAL_KEYS),
    ]
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012 - Textual's own declaration
        (0, "-narrow"),
        (WIDE, "-wide"),
    ]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall")]  # noqa: RUF012 - likewise
    AUTO_FOCUS: ClassVar[str | None] = "#prompt"

    # Nothing is drawn of it here: a `reactive` would paint the whole screen for each event.
    view: var[AgentView] = var(AgentView())

    def __init__(
        self,
        runtime: RuntimePort,
        history: PromptHistory,
        clock: Clock,
        follow: Callable[[AgentView], object],
    ) -> None:
        super().__init__()
        self._follow = follow
        self._runtime = runtime
        self._clock = clock
        self._ticker: Timer | None = None
        self._ticks = False
        self._started = False
        self._fresh = True
        self._early: list[Callable[[], object]] = []
        self._sent: dict[str, Draft] = {}
        self._tick_s = _TICK_S
        self._last_prompt = ""
        self._escaped_s = float("-inf")
        history.folder = history.folder or runtime.cwd
        self.top = TopBar(id="top")
        self.work = WorkArea()
        transcript = self.work.chat.transcript
        self.composer = Composer(
            history, clock, runtime.models, runtime.project, lambda: transcript.document.look
        )
        self.composer.on_begun = runtime.library.make_ready
        self.prompt = self.composer.prompt
        self.status = StatusBar(id="status")

    def compose(self) -> ComposeResult:
        """The parts from top to bottom."""
        yield self.top
        yield self.work
        yield self.composer
        yield self.status

    def on_mount(self) -> None:
        """Make the ticker, which runs only while a run does."""
        self._ticker = self.set_interval(self._tick_s, self.tick, pause=True)
        self._look_again()
        self.work.chat.welcome(self._runtime.choice)
        self.view = AgentView(model=self._runtime.model)

    def on_screen_resume(self, event: events.ScreenResume) -> None:
        """Here before the same handler of Textual's screen."""
        if self._fresh:
            self._fresh = False
            show_first(self, event)

    def engine_started(self) -> None:
        """The engine takes requests now: send what was typed ahead."""
        self._started = True
        early, self._early = self._early, []
        for send in early:
            send()
        self.look_at_git()

    def look_at_git(self) -> None:
        """What of the project is not committed; asked when something may have changed it."""
        self._runtime.project.git_state(lambda state: self.post_message(GitCame(state)))

    def on_git_came(self, message: GitCame) -> None:
        """Show it at the top."""
        self.top.git = message.state

    def on_tokens_arrived(self, message: ms.TokensArrived) -> None:
        """Growing text: the state may change with its first piece, the rest is only text."""
        if self._is_foreign(message.first):
            self._overheard(message)
            return
        self.view = fold(self.view, message.first)
        self.work.tokens(message)

    def _look_again(self) -> None:
        """What the engine knows only once it has looked round: model, folder, kind."""
        choice = self._runtime.choice
        if self._runtime.model and self._runtime.model != choice.model:
            choice = replace(choice, model=self._runtime.model)
        self.top.cwd = self.composer.approval.cwd = self.status.folder = self._runtime.cwd
        self.top.demo = choice.kind == "demo"
        providers = self._runtime.providers
        self.top.effort = (providers.effort or "") if providers.efforts else ""
        self.work.chat.choice_changed(choice)

    def prefer(self, preferences: Preferences) -> None:
        """Take what a person chose: the status line, and how much may move."""
        self.status.fields = preferences.status
        self.status.approvals = preferences.approvals
        self.work.side.begin_with(preferences.pane_columns)
        self._tick_s = _CALM_TICK_S if preferences.reduced_motion else _TICK_S
        if self._ticker is not None:
            self._ticker.stop()
            self._ticker = self.set_interval(self._tick_s, self.tick, pause=not self._ticks)

    def on_engine_events(self, message: ms.EngineEvents) -> None:
        """Everything else, one after the other; the parts are told once."""
        view = self.view
        for envelope in message.envelopes:
            event = envelope.event
            if self._is_foreign(envelope):
                self._overheard(envelope)
                continue
            if isinstance(event, ev.Dequeued) and event.reason == "withdrawn":
                for waiting in view.queue:
                    if waiting.request_id == envelope.request_id:
                        draft = self._sent.pop(waiting.request_id, Draft(waiting.text))
                        self.prompt.take_back(draft)
            elif isinstance(event, ev.RunStarted):
                self._last_prompt = event.prompt
            elif isinstance(event, ev.RunFinished) and never_kept(event):
                self._give_back(envelope.request_id, running=view.request_id)
            elif isinstance(event, ev.AgentStarted | ev.ModelChanged | ev.AgentConfigured):
                self._look_again()
            view = fold(view, envelope)
            if isinstance(event, _CHANGING) or (
                isinstance(event, ev.ToolFinished) and not envelope.turn
            ):
                self.look_at_git()
            self.work.event(envelope, self._runtime.choice)
            self.session_event(envelope)
        self.view = view

    def _give_back(self, request_id: str | None, *, running: str | None) -> None:
        """Into the prompt again, beside what is typed there: it is in no conversation."""
        draft = self._sent.pop(request_id or "", None)
        if draft is None and request_id == running:
            draft = Draft(self._last_prompt)  # sent by /retry, or long ago
        if draft is not None and draft.text:
            self.prompt.take_back(draft)

    def watch_view(self, view: AgentView) -> None:
        """Hand the view to the parts; those whose share of it changed repaint."""
        if self._ticker is None:
            return  # not composed yet; `on_mount` sets the view again
        self.status.now_ms = self._clock.wall_ms()
        self.status.view = view
        self.others_ask()
        timed = view.busy or bool(view.commands)
        if timed == self._ticks:
            return
        self._ticks = timed
        if timed:
            self._ticker.resume()
        else:
            self._ticker.pause()

    def others_ask(self) -> None:
        """One queue for the questions of all agents: the bar, the title and the bell follow it."""
        view = self.with_others(self.view)
        self.top.view = view
        self.composer.show(view)
        self._follow(view)

    @property
    def ticking(self) -> bool:
        """Whether anything but events makes this screen repaint."""
        return self._ticks

    def tick(self) -> None:
        """Once a second while a run is under way: the times on show."""
        now_ms = self._clock.wall_ms()
        self.status.now_ms = now_ms
        if self.ticking:
            self.work.tick(now_ms)

    def on_prompt_submitted(self, message: ms.PromptSubmitted) -> None:
        """Send it; while a run is under way it steers or follows up."""
        lane: Lane = message.lane if self.view.busy or self.view.queue else "prompt"
        self._once_ready(lambda: self._submit(message, lane if self._started else "prompt"))

    def _submit(self, message: ms.PromptSubmitted, lane: Lane) -> None:
        images = attachments(message.draft, self._runtime.cwd)
        made = self._runtime.submit(message.text, lane=lane, attachments=images)
        folder = Path(self._runtime.cwd)
        self.work.chat.images.expect(made, [folder / Path(p).expanduser() for p in images])
        self._sent[made] = message.draft
        while len(self._sent) > _SENT:
            del self._sent[next(iter(self._sent))]

    def _once_ready(self, send: Callable[[], object]) -> None:
        self.work.chat.follow()
        if self._started:
            send()
        else:
            self._early.append(send)

    @on(ms.OwnCommandGiven)
    def _own_command_given(self, message: ms.OwnCommandGiven) -> None:
        project = self._runtime.project
        self._once_ready(lambda: project.run_command(message.command, private=message.private))

    def retry(self) -> None:
        """Send the last message again, unless something is under way."""
        if self.view.busy:
            words = "A run is under way. Esc stops it."
        elif not self._last_prompt:
            words = "Nothing was sent yet."
        else:
            self.work.chat.follow()
            self._runtime.submit(self._last_prompt)
            return
        self.notify(words, severity="warning", markup=False, timeout=4)

    def copy_answer(self) -> None:
        """The last answer, to the clipboard."""
        text = self.work.chat.last_answer
        if text:
            what = f"the last answer, {len(text):,} characters,"
            copy_and_tell(app_of(self), text, what)
        else:
            words = "There is no answer to copy yet."
            self.notify(words, severity="warning", markup=False, timeout=4)

    def on_interrupted(self) -> None:
        """Esc: stop the run and take back what waits; else close the tool pane."""
        view = self.view
        newest = view.commands[-1] if view.commands else None
        if newest is not None and not (view.busy and view.run_started_ms > newest.started_ms):
            self._runtime.project.stop_command(newest.id)
        elif (view.busy or view.queue) and not self.work.covered:
            # First out of the queue, so that nothing of it starts in the gap.
            for waiting in view.queue:
                self._runtime.withdraw(waiting.request_id)
            if view.request_id is not None:
                self._runtime.cancel(view.request_id or None)
        elif self.work.side.display:
            self.action_toggle_output()
        elif not self.prompt.text:
            self._escaped()

    def _escaped(self) -> None:
        """Twice with nothing to stop or to close: an earlier message, to say it otherwise."""
        now_s = self._clock.monotonic_s()
        if now_s - self._escaped_s <= _TWICE_S:
            self._escaped_s = float("-inf")
            self.pick_rewind()
        else:
            self._escaped_s = now_s

    @on(ms.Continued)
    def _continued(self) -> None:
        self.work.chat.welcome_read()

    @on(ms.WithdrawRequested)
    def _withdraw_requested(self, message: ms.WithdrawRequested) -> None:
        self._runtime.withdraw(message.request_id)
        self.prompt.focus()

    @on(ms.RemoveRequested)
    def _remove_requested(self, message: ms.RemoveRequested) -> None:
        self._runtime.cancel(message.request_id)

    @on(ms.MoveRequested)
    def _move_requested(self, message: ms.MoveRequested) -> None:
        self._runtime.move(message.request_id, message.lane, message.position)

    @on(ms.ApprovalDecided)
    def _approval_decided(self, message: ms.ApprovalDecided) -> None:
        # The bar goes when the engine says that the answer was taken.
        self._runtime.answer_approval(message.approval_id, message.decision, message.feedback)
        self.prompt.focus()

    def on_key(self, event: events.Key) -> None:
        """What is typed while another pane has the focus goes to the prompt."""
        if self.focused is self.prompt:
            return
        if event.key == "escape":
            if self.work.side.display and self.work.side.has_focus_within:
                self.action_toggle_output()
            self.prompt.focus()
        elif event.is_printable and event.character:
            self.prompt.focus()
            self.prompt.insert(event.character)

    def action_page(self, direction: int) -> None:
        """A page of the approval's details while they are read."""
        lines = self.composer.approval.lines
        if not lines.has_focus:
            super().action_page(direction)
        elif direction < 0:
            lines.scroll_page_up(animate=False)
        else:
            lines.scroll_page_down(animate=False)

    def action_answer(self, choice: str) -> None:
        """An Alt key answers whatever stands in the prompt; with nothing to answer it edits."""
        if not self.with_others(self.view).approvals or self.prompt.yanking:
            raise SkipAction
        self.composer.approval.answer(choice)

    def action_command(self, name: str) -> None:
        """A click or a key that stands for a command."""
        self.post_message(ms.CommandInvoked(name))
