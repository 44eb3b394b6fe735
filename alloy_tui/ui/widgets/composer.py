"""The lower part of the screen: what waits, what asks, and the prompt.

Owns how these play together: completions over the prompt, letters that answer
an approval, reasons for a denial, messages that come back from the queue. What
is sent goes up as messages.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Static, TextArea

from alloy_tui.ui.clock import Clock
from alloy_tui.ui.commands import completions
from alloy_tui.ui.history import PromptHistory
from alloy_tui.ui.messages import DenialReasonWanted
from alloy_tui.ui.viewstate import AgentView
from alloy_tui.ui.widgets.approval_bar import ApprovalBar
from alloy_tui.ui.widgets.completion import CompletionList
from alloy_tui.ui.widgets.prompt import Prompt
from alloy_tui.ui.widgets.queue_view import QueueView


class Composer(Vertical):
    """Queue, approval, completions and prompt; `models` is asked when a name is completed."""

    def __init__(
        self, history: PromptHistory, clock: Clock, models: Callable[[], Sequence[str]]
    ) -> None:
        super().__init__(id="composer")
        self._models = models
        self.completion = CompletionList(id="completion")
        self.queue = QueueView(id="queue")
        self.approval = ApprovalBar(clock)
        self.prompt = Prompt(history, clock, self.completion, self.approval)

    def compose(self) -> ComposeResult:
        """From top to bottom."""
        yield self.queue
        yield self.approval
        yield self.completion
        with Horizontal(id="prompt-row"):
            yield Static("❯", id="prompt-mark", markup=False)
            yield self.prompt

    def show(self, view: AgentView) -> None:
        """What waits and what asks; a reason whose approval is gone gives the draft back."""
        self.queue.queue = view.queue
        self.approval.approvals = view.approvals
        reason_for = self.prompt.reason_for
        if reason_for and all(a.request.id != reason_for for a in view.approvals):
            self.prompt.end_reason()

    @on(TextArea.Changed, "#prompt")
    def prompt_changed(self, event: TextArea.Changed) -> None:
        """Offer completions for what stands there."""
        event.stop()
        self.approval.prompt_empty = not self.prompt.text
        if self.prompt.reason_for is not None or self.prompt.walking:
            self.completion.offer(())
        else:
            self.completion.offer(completions(self.prompt.text, self._models))

    def on_completion_list_taken(self, message: CompletionList.Taken) -> None:
        """A completion was clicked."""
        message.stop()
        self.prompt.put(message.completion.insert)
        self.prompt.focus()

    def on_denial_reason_wanted(self, message: DenialReasonWanted) -> None:
        """Collect the reason in the prompt."""
        message.stop()
        self.prompt.ask_reason(message.approval_id)
