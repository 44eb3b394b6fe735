"""The lower part of the screen: what waits, what asks, and the prompt.

Owns how these play together: completions over the prompt, letters that answer
an approval, reasons for a denial, messages that come back from the queue, the
editor. What is sent goes up as messages.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from types import FrameType

from textual.app import ComposeResult, SuspendNotSupported
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Static

from alloy_tui.domain.sanitise import clean
from alloy_tui.runtime.agent_view import AgentView
from alloy_tui.runtime.port import FoundFiles, ProjectPort
from alloy_tui.ui import messages as ms
from alloy_tui.ui.clock import Clock
from alloy_tui.ui.commands import completions
from alloy_tui.ui.history import PromptHistory
from alloy_tui.ui.prompt import offers
from alloy_tui.ui.prompt.mentions import Mention, typed_at
from alloy_tui.ui.transcript.look import Look
from alloy_tui.ui.transcript.painting import app_of
from alloy_tui.ui.widgets.approval_bar import ApprovalBar
from alloy_tui.ui.widgets.completion import CompletionList
from alloy_tui.ui.widgets.prompt import Prompt
from alloy_tui.ui.widgets.queue_view import QueueView

_FILES = 50
_AT_ONCE_S = 0.5


class FilesFound(Message, bubble=False):
    """An answer for the mention that is being typed, from the finder's thread."""

    def __init__(self, found: FoundFiles) -> None:
        super().__init__()
        self.found = found


class Composer(Vertical):
    """Queue, approval, completions and prompt.

    `models` is asked when a name is completed, `look` is what diffs are drawn with.
    """

    def __init__(
        self,
        history: PromptHistory,
        clock: Clock,
        models: Callable[[], Sequence[str]],
        project: ProjectPort,
        look: Callable[[], Look | None] = lambda: None,
    ) -> None:
        super().__init__(id="composer")
        self._models = models
        self._project = project
        self._clock = clock
        self._pasted = history.place / "pasted" if history.place is not None else None
        self._row = 0
        self._mention: Mention | None = None
        self.completion = CompletionList(id="completion")
        self.queue = QueueView(id="queue")
        self.approval = ApprovalBar(clock, look)
        self.prompt = Prompt(history, clock, self.completion, self.approval)
        self.prompt.catch_up = self._catch_up
        self.prompt.changed = self._offer
        self.prompt.moved = self._cursor_moved
        self._marked = "❯"
        self._offered_for = ""
        self._mark = Static("❯", id="prompt-mark", markup=False)
        self.on_begun: Callable[[], object] | None = None
        """Called once, when somebody begins to type."""

    def compose(self) -> ComposeResult:
        """From top to bottom."""
        yield self.queue
        yield self.approval
        yield self.completion
        with Horizontal(id="prompt-row"):
            yield self._mark
            yield self.prompt

    def show(self, view: AgentView) -> None:
        """What waits and what asks; a reason whose approval is gone gives the draft back."""
        self.queue.held = bool(view.commands) and not view.busy
        self.queue.queue = view.queue
        self.approval.approvals = view.approvals
        reason_for = self.prompt.reason_for
        if reason_for and all(a.request.id != reason_for for a in view.approvals):
            self.prompt.end_reason()

    def _catch_up(self) -> None:
        """Keys may be faster than the news of them: what is taken must fit what stands there."""
        if self.prompt.text != self._offered_for:
            self._offer()

    def _offer(self) -> None:
        prompt = self.prompt
        if prompt.text and self.on_begun is not None:
            begun, self.on_begun = self.on_begun, None
            begun()
        self._offered_for = prompt.text
        self.approval.prompt_empty = not prompt.text
        own = prompt.text.startswith("!") and prompt.reason_for is None and prompt.picker is None
        mark = "!" if own else "⌕" if prompt.picker is not None else "❯"
        if mark != self._marked:  # else each key would cost a frame more, and a new layout
            self._marked = mark
            self._mark.update(mark, layout=False)
        self._mark.set_class(own, "-own")
        if prompt.picker is not None:
            self._mention = None
            self.completion.offer(prompt.picker.rows(prompt.text), "Nothing like that.")
        elif prompt.reason_for is not None or prompt.walking:
            self._mention = None
            self.completion.offer(())
        elif prompt.text.startswith("/") and "\n" not in prompt.text:
            self._mention = None
            self.completion.offer(offers.command_offers(completions(prompt.text, self._models)))
        else:
            self._look_for_mention()

    def _cursor_moved(self) -> None:
        """A mention that the cursor has left is not completed any more."""
        if self._mention is not None and self._typed() is None:
            self._mention = None
            self.completion.offer(())

    def _typed(self) -> Mention | None:
        row, column = self.prompt.cursor_location
        return typed_at(self.prompt.document.get_line(row), column)

    def _look_for_mention(self) -> None:
        before, self._mention = self._mention, self._typed()
        if self._mention is None:
            self.completion.offer(())
            return
        query = self._mention.query
        begun = before is None or before.start != self._mention.start
        # Until the answer comes, what is on show must fit what stands there.
        kept = () if begun else offers.still_matching(self.completion.items, query)
        self.completion.offer(kept, "" if kept else "Looking for files …")
        self._project.find_files(query, _FILES, lambda found: self.post_message(FilesFound(found)))

    def on_files_found(self, message: FilesFound) -> None:
        """Show them, if they are still asked for."""
        mention, found = self._mention, message.found
        if mention is None or found.query != mention.query or not self.completion.display:
            return
        words = "No file like that." if found.settled else "Looking for files …"
        self.completion.offer(offers.file_offers(found, mention.start), words)

    def on_completion_list_taken(self, message: CompletionList.Taken) -> None:
        """A row was clicked."""
        message.stop()
        self.completion.chosen = message.index
        self.prompt.complete(deeper=True)
        self.prompt.focus()

    def on_denial_reason_wanted(self, message: ms.DenialReasonWanted) -> None:
        """Collect the reason in the prompt."""
        message.stop()
        self.prompt.ask_reason(message.approval_id)

    def on_approval_bar_read(self, message: ApprovalBar.Read) -> None:
        """Back to the prompt."""
        message.stop()
        self.prompt.focus()

    def on_queue_wanted(self, message: ms.QueueWanted) -> None:
        """Take the last waiting message back, or look after all of them."""
        message.stop()
        if not self.queue.queue:
            self.notify("Nothing waits.", markup=False, timeout=2)
        elif message.take_last:
            self.post_message(ms.WithdrawRequested(self.queue.queue[-1].request_id))
        else:
            self.queue.begin()

    def on_queue_view_left(self, message: QueueView.Left) -> None:
        """Back to the prompt."""
        message.stop()
        self.prompt.focus()

    def on_paste_wanted(self, message: ms.PasteWanted) -> None:
        """Ask the clipboard in the background; one at a time, in order."""
        message.stop()
        self.run_worker(self._paste(message.image_only), group="paste", exclusive=True)

    async def _paste(self, image_only: bool) -> None:
        from alloy_tui.ui import clipboard_reading as reading

        environ = os.environ
        data = await reading.image(environ)
        if data is not None:
            try:
                path = await asyncio.to_thread(reading.keep, data, self._pasted)
            except OSError as error:
                self._warn(f"The image cannot be kept: {error.strerror}.")
                return
            self.prompt.attach([str(path)])
        elif image_only:
            self._warn("There is no image on the clipboard that could be read here.")
        else:
            own: str = app_of(self).clipboard
            given = await reading.text(environ) or own
            if given:
                self.prompt.insert_pasted(clean(given))
            else:
                self._warn("There is nothing on the clipboard that could be read here.")

    def on_editor_wanted(self, message: ms.EditorWanted) -> None:
        """Give the terminal to the user's editor and take its text."""
        message.stop()
        from alloy_tui.ui.prompt.editor import EditorError, edit

        prompt = self.prompt
        before = prompt.draft
        whole, begun_s = before.whole, self._clock.monotonic_s()
        try:
            with app_of(self).suspend(), _deaf():
                written = edit(whole, os.environ)
        except SuspendNotSupported:
            self._warn("The editor needs a terminal of its own, which there is none of here.")
            return
        except EditorError as error:
            self._warn(str(error))
            return
        if written != whole:
            prompt.put(prompt.folds.refold(written, before))
        elif self._clock.monotonic_s() - begun_s < _AT_ONCE_S:
            self._warn(
                "The editor was back at once. One with a window of its own needs an option "
                "to wait, such as EDITOR='code --wait'."
            )

    def _warn(self, words: str) -> None:
        self.notify(words, severity="warning", markup=False, timeout=8)


@contextmanager
def _deaf() -> Generator[None]:
    """Within it, Ctrl+C is for the program that has the terminal."""

    def ignore(_number: int, _frame: FrameType | None) -> None:
        return

    before = signal.signal(signal.SIGINT, ignore)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
