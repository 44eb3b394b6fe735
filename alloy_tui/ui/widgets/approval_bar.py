"""The bar over the prompt that asks before a tool runs, and cannot be answered by accident.

It never takes the focus. An answer counts only once the approval on show has
been there for `ARMING_S`; a plain letter counts only in an empty prompt, after
a pause in typing of the same length, and if nothing is typed after it. Owns
these rules; the answer goes up as a message.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive

from alloy_tui.domain.events import ApprovalRequested, Decision
from alloy_tui.domain.sanitise import clean_line
from alloy_tui.runtime.agent_view import PendingApproval
from alloy_tui.ui.clock import Clock
from alloy_tui.ui.messages import ApprovalDecided, DenialReasonWanted
from alloy_tui.ui.previewing import preview
from alloy_tui.ui.transcript.look import Look
from alloy_tui.ui.widgets.chrome import ActionLine, link, pack, spread
from alloy_tui.ui.widgets.line_view import LineView
from alloy_tui.ui.wording import BUDGET, BUDGET_TITLE, rule_label

ARMING_S = 0.3
LETTERS: dict[str, str] = {
    "y": "once",
    "s": "session",
    "a": "always",
    "n": "deny",
    "e": "reason",
    "d": "details",
}


class ApprovalBar(Vertical):
    """Shows the first of `approvals`; hidden while there is none."""

    approvals: reactive[tuple[PendingApproval, ...]] = reactive(())
    armed: reactive[bool] = reactive(False)
    offered: reactive[str] = reactive("")
    prompt_empty: reactive[bool] = reactive(True)
    cwd: reactive[str] = reactive("")
    details: reactive[bool] = reactive(False, toggle_class="-details")

    class Read(Message):
        """The user has seen enough of the details: the prompt may have the focus again."""

    def __init__(self, clock: Clock, look: Callable[[], Look | None] = lambda: None) -> None:
        super().__init__(id="approval")
        self.lines = LineView(id="approval-what", look=look)
        self._clock = clock
        self._shown: PendingApproval | None = None
        self._appeared_s = float("-inf")
        self._hidden = 0
        self._offered_for: str | None = None

    def compose(self) -> ComposeResult:
        """Who, what, and the keys."""
        yield ActionLine(id="approval-who")
        yield self.lines
        yield ActionLine(id="approval-keys")

    @property
    def current(self) -> PendingApproval | None:
        """The approval on show."""
        return self._shown

    def watch_approvals(self, approvals: tuple[PendingApproval, ...]) -> None:
        """Show the first; one that has just come to the front must arm anew."""
        first = approvals[0] if approvals else None
        known = self._shown.request.id if self._shown else None
        self._shown = first
        self.display = first is not None
        if first is None:
            self.armed = False
            self.show_details(False)
            return
        if first.request.id != known:
            self.armed = False
            self._appeared_s = self._clock.monotonic_s()
            self.set_timer(ARMING_S, self.arm)
            lines, self._hidden = preview(first.request)
            self.lines.set_lines(lines)
            self.show_details(False)
            # How much of it there is to scroll is known once it is laid out.
            self.call_after_refresh(self._paint)
        self._paint()

    def arm(self) -> None:
        """Listen from now on, if it has been on show for long enough."""
        self.armed = self._ready()

    def _ready(self, idle_s: float | None = None) -> bool:
        now_s = self._clock.monotonic_s()
        shown_long_enough = now_s - self._appeared_s >= ARMING_S
        return shown_long_enough and (idle_s is None or idle_s >= ARMING_S)

    def watch_armed(self) -> None:
        """Say when it listens."""
        self._paint()

    def on_resize(self) -> None:
        """The lines are composed for a width."""
        self._paint()

    def offer(self, letter: str, idle_s: float) -> bool:
        """Whether `letter`, just typed into the empty prompt, will answer if it stays alone."""
        if letter not in LETTERS or self._shown is None or not self._ready(idle_s):
            return False
        if letter == "d" and not self._over:
            return False
        self._offered_for = self._shown.request.id
        self.offered = letter
        return True

    def take_offered(self, letter: str) -> None:
        """The letter stayed alone; it answers the approval it was typed for and no later one."""
        asked_for, letter = self._offered_for, letter if letter == self.offered else ""
        self.forget()
        if letter and self._shown is not None and self._shown.request.id == asked_for:
            self._give(LETTERS[letter])

    def forget(self) -> None:
        """More was typed: it is a message."""
        self.offered = ""
        self._offered_for = None

    def watch_prompt_empty(self) -> None:
        """With text in the prompt only Alt answers: say so."""
        self._paint()

    def watch_offered(self) -> None:
        """Mark the answer that is about to be given."""
        self._paint()

    def answer(self, choice: str) -> bool:
        """Answer by an Alt key or a click; false while there is nothing to answer or not armed."""
        if self._shown is None or not self._ready():
            return False
        self._give(choice)
        return True

    def show_details(self, shown: bool) -> None:
        """Give what would run all the room there is, and the keys that scroll it; or end that."""
        if shown == self.details:
            return
        self.details = shown
        if shown:
            self.lines.focus()
        elif self.lines.has_focus:
            self.post_message(self.Read())
        self.call_after_refresh(self._paint)

    def on_key(self, event: events.Key) -> None:
        """While the details are read: d or Esc ends that."""
        if self.lines.has_focus and event.key in {"d", "escape"}:
            event.stop()
            event.prevent_default()
            self.post_message(self.Read())
            self.show_details(False)

    @property
    def _over(self) -> int:
        """Rows that are not in sight."""
        height = self.lines.size.height
        return max(0, self.lines.row_count - height) if height else 0

    def _give(self, choice: str) -> None:
        if self._shown is None:
            return
        if choice == "details":
            self.show_details(not self.details)
            return
        approval_id = self._shown.request.id
        if choice == "reason":
            self.post_message(DenialReasonWanted(approval_id))
        else:
            self.post_message(ApprovalDecided(approval_id, cast("Decision", choice)))

    def _paint(self) -> None:
        if self._shown is None or not self.is_mounted:
            return
        self.query_one("#approval-who", ActionLine).update(self._who(self._shown))
        self.query_one("#approval-keys", ActionLine).update(self._keys(self._shown.request))

    def _who(self, pending: PendingApproval) -> Content:
        request = pending.request
        tool = clean_line(request.tool, limit=40)
        title = BUDGET_TITLE if request.tool == BUDGET else f"{tool} wants to run"
        left = [Content.styled(title, "bold $warning")]
        if request.reason and request.tool != BUDGET:
            left.append(Content.styled(clean_line(request.reason, limit=160), "$text-muted"))
        right: list[Content] = []
        if self._hidden:
            words = f"{self._hidden} hidden characters, spelt out below"
            if self._hidden == 1:
                words = "1 hidden character, spelt out below"
            right.append(Content.styled(words, "bold $error"))
        agent = clean_line(pending.agent, limit=40)
        if agent and agent != "agent":
            right.append(Content.styled(agent, "$text-muted"))
        if len(self.approvals) > 1:
            right.append(Content.styled(f"1 of {len(self.approvals)} waiting", "$warning"))
        return spread(left, right, max(20, self.size.width))

    def _keys(self, request: ApprovalRequested) -> Content:
        rule = rule_label(request.rule, self.cwd, 30 if self.size.width < 80 else 40)
        words = {
            "y": "once",
            "s": "this session",
            "a": f"always “{rule}”" if rule else "always",
            "n": "deny",
            "e": "deny and say why",
        }
        if request.tool == BUDGET:
            raised = clean_line(str(request.arguments.get("raise to", "")), limit=40)
            raising = f"raise the limit to {raised}" if raised else "raise the limit"
            words = {"y": "send this one", "s": raising, "n": "stop here"}
        if self.details:
            words["d"] = "less"
        elif self._over:
            words["d"] = f"details, {self._over} more rows"
        prefix = "" if self.prompt_empty or self.offered else "Alt+"
        keys = [
            Content.styled(
                f"{prefix}{letter} ", "bold $warning" if self.armed else "$text-disabled"
            )
            + link(text, f"screen.answer('{LETTERS[letter]}')", self._look(letter))
            for letter, text in words.items()
        ]
        return pack(keys, max(20, self.size.width))

    def _look(self, letter: str) -> str:
        if not self.armed:
            return "$text-disabled"
        return "bold reverse $warning" if letter == self.offered else "$foreground"
