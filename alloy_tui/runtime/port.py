"""What a screen may ask of the engine: the `RuntimePort` protocol and its snapshots.

Owns the contract only. Every method may be called from any thread, returns at
once and never raises for the engine's troubles: those come back as events.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, Protocol, TypeAlias

import msgspec

from alloy_tui.domain.events import Decision, Envelope, Lane
from alloy_tui.domain.messages import ChatMessage
from alloy_tui.domain.usage import TokenUsage
from alloy_tui.runtime.library_port import LibraryPort
from alloy_tui.runtime.model_port import ProvidersPort
from alloy_tui.runtime.session_port import TreePort
from alloy_tui.runtime.team_port import TeamPort

ApprovalMode: TypeAlias = Literal["ask", "edits", "all", "none"]


class ModelChoice(msgspec.Struct, frozen=True):
    """How the program came by its model, in plain words for the first-run screen.

    `found` lists what was looked at and what was there, one line each;
    `reason` says why `model` was chosen; `how_to_change` what to type.
    `kind` is "demo" for the scripted agent, which every view labels as such.
    """

    model: str
    kind: Literal["remote", "local", "demo", "scripted"]
    found: tuple[str, ...]
    reason: str
    how_to_change: str
    first_run: bool = False


class QueuedItem(msgspec.Struct, frozen=True):
    """A request that waits."""

    request_id: str
    lane: Lane
    text: str


class UsageView(msgspec.Struct, frozen=True):
    """Totals for `/usage` and the status bar; see `agent.ledger.UsageTotals`."""

    usage: TokenUsage
    by_model: dict[str, TokenUsage]
    cost: float | None
    context_tokens: int | None
    context_window: int | None
    cost_known: float | None = None


class FoundFile(msgspec.Struct, frozen=True):
    """A file, or a folder when `path` ends in a slash; `places` are the letters that matched."""

    path: str
    places: tuple[int, ...] = ()


class FoundFiles(msgspec.Struct, frozen=True):
    """The files that match `query`, best first.

    `settled` is false while the files are still being listed: another answer
    follows. `complete` is false when there are more files than are looked at.
    """

    query: str
    files: tuple[FoundFile, ...]
    settled: bool = True
    complete: bool = True


class GitState(msgspec.Struct, frozen=True):
    """The project's repository: its branch, or the commit, and how many files are not committed."""

    branch: str
    changed: int


class ProjectPort(Protocol):
    """The project's folder as the user sees it."""

    def find_files(self, query: str, limit: int, then: Callable[[FoundFiles], object]) -> None:
        """Tell `then`, from another thread, which files match; a newer question replaces this."""
        ...

    def git_state(self, then: Callable[[GitState | None], object]) -> None:
        """Tell `then`, from another thread, the state of the repository; None = there is none."""
        ...

    def run_command(self, command: str, *, private: bool) -> str:
        """Run the user's own command; returns its id, which its events carry as request and call.

        It comes as a tool call of turn 0 named `OWN_COMMAND`. What it printed
        goes into the conversation; of a `PRIVATE_COMMAND` it does not.
        """
        ...

    def stop_command(self, command_id: str) -> None:
        """End such a command; what it printed is kept."""
        ...


OWN_COMMAND = "!"
PRIVATE_COMMAND = "!!"
"""The names that the user's own commands have among the tool calls."""


class RuntimePort(Protocol):
    """The engine as a screen sees it."""

    def start(self) -> None:
        """Start the engine thread; events flow from then on. Returns before it is ready."""
        ...

    def drain(self, max_chars: int = 4096) -> Sequence[Envelope]:
        """Take what has happened, in order; at most about `max_chars` of delta text."""
        ...

    def on_ring(self, ring: Callable[[], None] | None) -> None:
        """Set who is called, from the engine thread, when the channel goes from quiet to busy."""
        ...

    def submit(self, text: str, *, lane: Lane = "prompt", attachments: Sequence[str] = ()) -> str:
        """Send a user's message; returns its request id. Busy: it queues in `lane`.

        `attachments` are paths of images, absolute or from `cwd`.
        """
        ...

    def move(self, request_id: str, lane: Lane, position: int) -> None:
        """Give a waiting request another place, from 1 in `lane`; `queued` tells it again."""
        ...

    def withdraw(self, request_id: str) -> None:
        """Take a waiting request back (it comes out as `dequeued`, reason withdrawn)."""
        ...

    def cancel(self, request_id: str | None = None) -> None:
        """Cancel that request, or the one that runs."""
        ...

    def answer_approval(
        self, approval_id: str, decision: Decision, feedback: str | None = None
    ) -> None:
        """Answer a waiting approval by its id; a stale id is ignored."""
        ...

    def set_model(self, model: str) -> None:
        """Switch models; a `model_changed` or an error `notice` follows."""
        ...

    def set_approval_mode(self, mode: ApprovalMode) -> None:
        """Change what runs without asking."""
        ...

    def reset(self) -> None:
        """Begin a new session; what runs and waits is cancelled; `history_reset` follows."""
        ...

    def history(self) -> tuple[ChatMessage, ...]:
        """The conversation as of now."""
        ...

    def queued(self) -> tuple[QueuedItem, ...]:
        """What waits, in order."""
        ...

    def usage(self) -> UsageView:
        """Totals as of now."""
        ...

    def models(self) -> tuple[str, ...]:
        """Names that `set_model` is likely to take, best first."""
        ...

    @property
    def model(self) -> str:
        """The model that answers now, `service/model`."""
        ...

    @property
    def choice(self) -> ModelChoice:
        """How the model was chosen at the start."""
        ...

    @property
    def cwd(self) -> str:
        """The folder that the tools work in, absolute."""
        ...

    @property
    def project(self) -> ProjectPort:
        """The folder's files, and the user's own commands in it."""
        ...

    @property
    def tree(self) -> TreePort:
        """The conversation on screen as a tree."""
        ...

    @property
    def library(self) -> LibraryPort:
        """All sessions there are."""
        ...

    @property
    def providers(self) -> ProvidersPort:
        """Models and services within reach, the thinking level, and what was spent."""
        ...

    @property
    def team(self) -> TeamPort:
        """Everything that runs: the agent, whom it spawned, and a team that was opened."""
        ...

    def close(self, timeout_s: float = 2.0) -> None:
        """Stop everything, children included, within `timeout_s` seconds; safe to call twice."""
        ...
