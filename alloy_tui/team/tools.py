"""The team as tools for its agents: delegate, message, task, context.

Owns their arguments and the words of their replies. One set serves a whole team:
who calls is told by the call. None of them changes a file, so none is asked about;
what an agent that is set to work does is asked about as its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Sequence
from typing import Annotated, Literal, Protocol, TypeAlias

import msgspec

from alloy_tui.domain.errors import TeamError, ToolError
from alloy_tui.domain.results import RunResult
from alloy_tui.domain.team_events import TeamTask
from alloy_tui.domain.tool import Tool, ToolContext, ToolReply
from alloy_tui.team.board import TaskBoard
from alloy_tui.team.delegations import Work
from alloy_tui.team.gathering import all_of
from alloy_tui.team.mail import Mail
from alloy_tui.team.passages import cut
from alloy_tui.team.shared import SharedContext
from alloy_tui.team.spec import TeamSpec
from alloy_tui.tools.base import CoreTool

NEW = "new"
EVERYBODY = "all"
LONGEST = 30_000
"""How many characters of results one reply holds; the whole is in a file then."""
_LEAST = 600

Text: TypeAlias = Annotated[str, msgspec.Meta(min_length=1)]


class Workplace(Protocol):
    """What of a team the tools use; see `Team`."""

    @property
    def spec(self) -> TeamSpec: ...  # noqa: D102 - see `Team`

    @property
    def board(self) -> TaskBoard: ...  # noqa: D102 - see `Team`

    @property
    def shared(self) -> SharedContext: ...  # noqa: D102 - see `Team`

    @property
    def agents(self) -> tuple[str, ...]: ...  # noqa: D102 - see `Team`

    def work_of(self, name: str) -> Work | None: ...  # noqa: D102 - see `Team`

    async def delegate(  # noqa: D102 - see `Team`
        self, name: str, text: str, *, timeout_s: float | None, by: str, within: Work | None
    ) -> RunResult: ...

    async def spawn(  # noqa: D102 - see `Team`
        self, text: str, *, by: str, timeout_s: float | None, within: Work | None
    ) -> RunResult: ...

    def send(self, to: Sequence[str], text: str, *, by: str) -> Mail: ...  # noqa: D102 - see `Team`


class SpawnArguments(msgspec.Struct, forbid_unknown_fields=True):
    """What new agents are to do."""

    tasks: Annotated[
        list[Text],
        msgspec.Meta(
            min_length=1,
            max_length=100,
            description="One for each agent; each must hold all that the agent needs to know.",
        ),
    ]


class DelegateArguments(SpawnArguments, forbid_unknown_fields=True):
    """What agents of the team, or new ones, are to do."""

    agent: Annotated[
        str, msgspec.Meta(description='A name of the team; "new": agents made for it.')
    ] = NEW


class SpawnTool(CoreTool[SpawnArguments]):
    """Work for agents that are made for it; all results in one reply."""

    name = "delegate"
    description = (
        "Give tasks to agents of their own, which work at the same time and see nothing of "
        "this conversation. Returns their answers."
    )
    arguments = SpawnArguments

    def __init__(self, team: Workplace) -> None:
        super().__init__()
        self._team = team

    def headline(self, prepared: SpawnArguments) -> str:
        """The first task, and how many more."""
        more = f" (+{len(prepared.tasks) - 1})" if len(prepared.tasks) > 1 else ""
        return f"{_first_line(prepared.tasks[0])}{more}"

    async def run(self, prepared: SpawnArguments, context: ToolContext) -> ToolReply:
        """Set agents to work and wait; cancelled, it cancels them and tells who was done."""
        agent = prepared.agent if isinstance(prepared, DelegateArguments) else NEW
        team, tasks = self._team, prepared.tasks
        room = team.spec.max_agents - len(team.agents)
        if agent == NEW and len(tasks) > room:
            raise ToolError(f"There is room for {max(0, room)} more agents; give fewer tasks.")
        within, left_s = team.work_of(context.agent), _left_s(context)
        done = 0

        async def perform(task: str) -> RunResult | TeamError:
            nonlocal done
            by = context.agent
            try:
                if agent == NEW:
                    return await team.spawn(task, by=by, timeout_s=left_s, within=within)
                return await team.delegate(agent, task, timeout_s=left_s, by=by, within=within)
            except TeamError as error:
                return error
            finally:
                done += 1
                if len(tasks) > 1:
                    context.progress(f"{done} of {len(tasks)} done\n", "note")

        working = [asyncio.create_task(perform(task), name="delegated") for task in tasks]
        try:
            return _reply(tasks, await all_of(working), context)
        except asyncio.CancelledError:
            outcomes = [_so_far(each) for each in working]
            if not any(isinstance(outcome, RunResult) for outcome in outcomes):
                raise
            return _reply(tasks, outcomes, context)


class DelegateTool(SpawnTool):
    """Work for agents of the team, or new ones."""

    description = (
        "Give tasks to an agent of the team, or to new agents, which work at the same time. "
        "They see nothing of this conversation. Returns their answers."
    )
    arguments = DelegateArguments

    def headline(self, prepared: SpawnArguments) -> str:
        """To whom, and the first task."""
        agent = prepared.agent if isinstance(prepared, DelegateArguments) else NEW
        return f"{agent}: {super().headline(prepared)}"


class MessageArguments(msgspec.Struct, forbid_unknown_fields=True):
    """What is told to whom."""

    to: Annotated[
        list[Text], msgspec.Meta(min_length=1, description='Names of the team, or "all".')
    ]
    text: Text


class MessageTool(CoreTool[MessageArguments]):
    """A message that asks for no answer now."""

    name = "message"
    description = "Tell agents of the team something. It does not set them to work."
    arguments = MessageArguments

    def __init__(self, team: Workplace) -> None:
        super().__init__()
        self._team = team

    def headline(self, prepared: MessageArguments) -> str:
        """To whom, and how it begins."""
        return f"{', '.join(prepared.to)}: {_first_line(prepared.text)}"

    async def run(self, prepared: MessageArguments, context: ToolContext) -> ToolReply:
        """Put it into the boxes."""
        by, to = context.agent, prepared.to
        if EVERYBODY in to:
            to = [name for name in self._team.agents if name != by]
        with _in_words():
            mail = self._team.send(to, prepared.text, by=by)
        return ToolReply.of(f"Sent to {', '.join(mail.to)}.")


class TaskArguments(msgspec.Struct, forbid_unknown_fields=True):
    """What is to be done with the task board."""

    action: Literal["list", "add", "claim", "done", "block", "release"]
    id: Annotated[
        str, msgspec.Meta(description="Of the task; claim without it takes the next free one.")
    ] = ""
    text: Annotated[
        str, msgspec.Meta(description="add: title. done: result. block: why it cannot go on.")
    ] = ""
    detail: str = ""
    needs: Annotated[
        list[str], msgspec.Meta(description="add: ids of tasks to be done before.")
    ] = []
    owner: Annotated[str, msgspec.Meta(description="add, release: for whom it is.")] = ""


class TaskTool(CoreTool[TaskArguments]):
    """The task board."""

    name = "task"
    description = "The team's task board: see, put up, take and finish tasks."
    arguments = TaskArguments

    def __init__(self, team: Workplace) -> None:
        super().__init__()
        self._team = team

    def headline(self, prepared: TaskArguments) -> str:
        """The action and what it is about."""
        return _first_line(" ".join(p for p in (prepared.action, prepared.id, prepared.text) if p))

    async def run(self, prepared: TaskArguments, context: ToolContext) -> ToolReply:
        """Change the board, and say how the task is now."""
        with _in_words():
            task = self._act(prepared, context.agent)
        if task is not None:
            return ToolReply.of(_task_line(task, whole=prepared.action == "claim"))
        tasks = self._team.board.tasks
        if prepared.action == "claim":
            return ToolReply.of("No task is free.")
        return ToolReply.of("\n".join(map(_task_line, tasks)) or "The board is empty.")

    def _act(self, what: TaskArguments, by: str) -> TeamTask | None:
        board = self._team.board
        match what.action:
            case "add":
                return board.add(
                    by, what.text, detail=what.detail, needs=what.needs, owner=what.owner
                )
            case "claim":
                return board.claim(by, what.id) if what.id else board.claim_next(by)
            case "done":
                return board.finish(by, what.id, what.text)
            case "block":
                return board.block(by, what.id, what.text)
            case "release":
                return board.release(by, what.id, owner=what.owner)
            case "list":
                return None


class ContextArguments(msgspec.Struct, forbid_unknown_fields=True):
    """What of the shared context is read or written."""

    key: Annotated[str, msgspec.Meta(description="Without it all keys are listed.")] = ""
    value: Annotated[str | None, msgspec.Meta(description='Writes it; "" takes the key away.')] = (
        None
    )
    version: Annotated[
        int | None, msgspec.Meta(description="Write only if it still has this version.")
    ] = None


class ContextTool(CoreTool[ContextArguments]):
    """The shared context."""

    name = "context"
    description = "Short facts that the whole team shares, by key: read or write them."
    arguments = ContextArguments

    def __init__(self, team: Workplace) -> None:
        super().__init__()
        self._team = team

    def headline(self, prepared: ContextArguments) -> str:
        """The key, and what is written to it."""
        if prepared.value is None:
            return prepared.key or "all keys"
        return f"{prepared.key} = {_first_line(prepared.value)}"

    async def run(self, prepared: ContextArguments, context: ToolContext) -> ToolReply:
        """Read or write."""
        shared, key = self._team.shared, prepared.key
        if prepared.value is not None:
            with _in_words():
                value = prepared.value or None
                version = shared.put(context.agent, key, value, seen=prepared.version)
            return ToolReply.of(f"{key} has version {version} now.")
        if not key:
            lines = [f"{e.key} (version {e.version}, by {e.by})" for e in shared.entries]
            return ToolReply.of("\n".join(lines) or "Nothing is shared yet.")
        entry = shared.get(key)
        if entry is None:
            raise ToolError(f"Nobody has written {key[:80]!r}.")
        return ToolReply.of(f"(version {entry.version}, by {entry.by})\n{entry.value}")


def team_tools(team: Workplace, *, delegating: bool = True) -> tuple[Tool, ...]:
    """The tools of a team's agents; without `delegate` for those that pass no work on."""
    rest: tuple[Tool, ...] = (MessageTool(team), TaskTool(team), ContextTool(team))
    return (DelegateTool(team), *rest) if delegating else rest


@contextlib.contextmanager
def _in_words():  # noqa: ANN202 - a context manager of this module alone
    """Tell a model why the team refused."""
    try:
        yield
    except TeamError as error:
        raise ToolError(f"{error.message} {error.hint or ''}".strip()) from None


def _left_s(context: ToolContext) -> float | None:
    """Seconds until a reply must be there, so that what was brought is in it."""
    if context.deadline is None:
        return None
    left_s = context.deadline - time.monotonic()
    return max(0.0, left_s - min(2.0, left_s * 0.05))


def _so_far(task: asyncio.Task[RunResult | TeamError]) -> RunResult | TeamError:
    if task.cancelled() or task.exception() is not None:
        return TeamError("It was cancelled before it was done.", kind="cancelled")
    return task.result()


def _reply(
    tasks: Sequence[str], outcomes: Sequence[RunResult | TeamError], context: ToolContext
) -> ToolReply:
    texts = [_words_of(outcome) for outcome in outcomes]
    failed = sum(isinstance(outcome, TeamError) for outcome in outcomes)
    if len(texts) > 1:
        titles = [f"## {n}. {_first_line(task)}" for n, task in enumerate(tasks, 1)]
        texts = [f"{title}\n{text}" for title, text in zip(titles, texts, strict=True)]
    each = max(_LEAST, LONGEST // len(texts))
    whole = "\n\n".join(texts)
    shown = "\n\n".join(cut(text, each) for text in texts)
    if shown != whole:
        path = context.spill_dir / f"delegated-{context.call_id[-24:]}.md"
        with contextlib.suppress(OSError):
            path.write_text(whole, encoding="utf-8", errors="replace")
            shown += f"\n\n[The whole of it is in {path}.]"
    return ToolReply.of(shown, is_error=failed == len(texts), agents=len(texts), failed=failed)


def _words_of(outcome: RunResult | TeamError) -> str:
    if isinstance(outcome, RunResult):
        return outcome.text or "(It said nothing.)"
    brought = "\n".join(text for text in outcome.partial.values() if text)
    said = f"[{outcome.message}{f' {outcome.hint}' if outcome.hint else ''}]"
    return f"{said}\nUntil then it had said:\n{brought}" if brought else said


def _task_line(task: TeamTask, *, whole: bool = False) -> str:
    owner = f" by {task.owner}" if task.owner else ""
    needs = f", needs {', '.join(task.needs)}" if task.needs else ""
    why = f" ({task.note})" if task.note else ""
    line = f"{task.id} [{task.state}{owner}{needs}]{why} {task.title}"
    return f"{line}\n{task.detail}" if whole and task.detail else line


def _first_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 80 else f"{line[:79]}…"
