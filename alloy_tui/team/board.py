"""The task board: what a team has to do, who has taken it, what it waits for.

Owns the states of tasks and which may follow which. Everything happens by
`TaskChanged`; a task that needs another is "blocked" until that one is done.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from alloy_tui.domain.errors import TeamError
from alloy_tui.domain.team_events import TaskChanged
from alloy_tui.domain.team_values import TeamTask
from alloy_tui.team.recording import Channel, Numbers

MOST_TASKS = 500
_LONGEST_TITLE = 200
_LONGEST_TEXT = 20_000


class TaskBoard:
    """The tasks of one team, in the order in which they were put up.

    All methods that change something raise TeamError and change nothing when it
    cannot be: kind "invalid" for what makes no sense, "conflict" for what is
    another's or not in the state for it, "limit" when the board is full.
    """

    def __init__(self, channel: Channel | None = None) -> None:
        self._channel = channel or Channel()
        self._tasks: dict[str, TeamTask] = {}
        self._numbers = Numbers("t")

    @property
    def tasks(self) -> tuple[TeamTask, ...]:
        """All tasks."""
        return tuple(self._tasks.values())

    def get(self, task_id: str) -> TeamTask:
        """One task."""
        task = self._tasks.get(task_id)
        if task is None:
            known = ", ".join(list(self._tasks)[-8:]) or "none"
            raise TeamError(
                f"There is no task {task_id!r}.", kind="invalid", hint=f"Tasks: {known}."
            )
        return task

    def add(
        self, by: str, title: str, *, detail: str = "", needs: Sequence[str] = (), owner: str = ""
    ) -> TeamTask:
        """Put a task up; with an `owner` it is claimed for that agent at once, if it can start."""
        title = " ".join(title.split())
        if not title:
            raise TeamError("A task needs a title.", kind="invalid")
        if len(title) > _LONGEST_TITLE or len(detail) > _LONGEST_TEXT:
            raise TeamError(
                f"A title has {_LONGEST_TITLE} characters at most, a detail {_LONGEST_TEXT:,}.",
                kind="invalid",
            )
        if len(self._tasks) >= MOST_TASKS:
            raise TeamError(
                f"The board holds {MOST_TASKS} tasks.", kind="limit", hint="Remove what is done."
            )
        for needed in needs:
            self.get(needed)
        task = TeamTask(
            self._numbers(), title, "pending", owner, tuple(dict.fromkeys(needs)), detail
        )
        return self._tell(by, self._settled(task))

    def claim(self, by: str, task_id: str) -> TeamTask:
        """Take a task on; one that is set aside for another, or taken, stays theirs."""
        task = self.get(task_id)
        if task.state == "claimed" and task.owner == by:
            return task
        self._want(task, task.state == "pending", f"it is {_state(task)}")
        self._want(task, task.owner in {"", by}, f"it is meant for {task.owner}")
        return self._tell(by, replace(task, state="claimed", owner=by, note=""))

    def claim_next(self, by: str) -> TeamTask | None:
        """Take the first task that is free for `by`, or None."""
        mine = [t for t in self._tasks.values() if t.state == "pending" and t.owner in {"", by}]
        mine.sort(key=lambda task: task.owner != by)
        return self.claim(by, mine[0].id) if mine else None

    def finish(self, by: str, task_id: str, result: str = "") -> TeamTask:
        """Say that it is done; what waited for it becomes free."""
        task = self.get(task_id)
        self._want(task, task.state != "done", "it is done already")
        self._want(task, task.state != "blocked" or not self._open_needs(task), _waits(task))
        self._want(task, task.owner in {"", by}, f"it is {task.owner}'s")
        if len(result) > _LONGEST_TEXT:
            result = f"{result[:_LONGEST_TEXT]}\n[cut: {len(result):,} characters in all]"
        done = self._tell(
            by, replace(task, state="done", owner=task.owner or by, result=result, note="")
        )
        for other in tuple(self._tasks.values()):
            if task_id in other.needs and other.state == "blocked" and not other.note:
                freed = self._settled(replace(other, state="pending"))
                if freed.state != "blocked":
                    self._tell(by, freed)
        return done

    def block(self, by: str, task_id: str, why: str) -> TeamTask:
        """Say why it cannot go on; `release` frees it."""
        task = self.get(task_id)
        self._want(task, task.state != "done", "it is done")
        self._want(task, task.owner in {"", by}, f"it is {task.owner}'s")
        why = " ".join(why.split())[:_LONGEST_TITLE]
        if not why:
            raise TeamError("Say what it is blocked by.", kind="invalid")
        return self._tell(by, replace(task, state="blocked", note=why))

    def release(self, by: str, task_id: str, *, owner: str = "") -> TeamTask:
        """Give a task back, for anybody or for `owner`; a done one is opened again."""
        task = self.get(task_id)
        free = replace(task, state="pending", owner=owner, note="", result="")
        return self._tell(by, self._settled(free))

    def release_all(self, owner: str) -> tuple[TeamTask, ...]:
        """Give back all that `owner` had claimed and not done; for one that is gone."""
        held = [t for t in self._tasks.values() if t.owner == owner and t.state != "done"]
        return tuple(self.release(owner, task.id) for task in held)

    def remove(self, by: str, task_id: str) -> None:
        """Take a task off the board; those that need it need it no more."""
        task = self.get(task_id)
        waiting = [t for t in self._tasks.values() if task_id in t.needs]
        self._channel.publish(by, TaskChanged(task, removed=True))
        self._tasks.pop(task_id, None)
        for other in waiting:
            needs = tuple(needed for needed in other.needs if needed != task_id)
            freed = replace(other, needs=needs)
            if other.state == "blocked" and not other.note:
                freed = self._settled(replace(freed, state="pending"))
            self._tell(by, freed)

    def apply(self, event: TaskChanged) -> None:
        """What the event says is so, without telling it again."""
        self._numbers.skip(event.task.id)
        if event.removed:
            self._tasks.pop(event.task.id, None)
        else:
            self._tasks[event.task.id] = event.task

    def _open_needs(self, task: TeamTask) -> bool:
        return any(
            needed in self._tasks and self._tasks[needed].state != "done" for needed in task.needs
        )

    def _settled(self, task: TeamTask) -> TeamTask:
        return replace(task, state="blocked" if self._open_needs(task) else "pending")

    def _want(self, task: TeamTask, so: bool, why: str) -> None:
        if not so:
            raise TeamError(
                f"Task {task.id} ({task.title}) cannot be taken: {why}.", kind="conflict"
            )

    def _tell(self, by: str, task: TeamTask) -> TeamTask:
        task = replace(task, at_ms=self._channel.now_ms())
        event = TaskChanged(task)
        self._channel.publish(by, event)
        self.apply(event)
        return task


def _state(task: TeamTask) -> str:
    if task.state == "claimed":
        return f"claimed by {task.owner}"
    return f"blocked: {task.note}" if task.note else task.state


def _waits(task: TeamTask) -> str:
    return f"it waits for {', '.join(task.needs)}"
