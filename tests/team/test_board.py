"""The task board: what may follow what, and that its events rebuild it."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from alloy_tui.domain.errors import TeamError
from alloy_tui.domain.team_events import TaskChanged, TeamEvent
from alloy_tui.team.board import MOST_TASKS, TaskBoard
from alloy_tui.team.recording import Channel


def _board() -> tuple[TaskBoard, list[TaskChanged]]:
    told: list[TaskChanged] = []

    def publish(by: str, event: TeamEvent) -> None:
        del by
        assert isinstance(event, TaskChanged)
        told.append(event)

    return TaskBoard(Channel(publish, lambda: 7)), told


def test_a_task_waits_for_what_it_needs_and_is_freed_when_that_is_done() -> None:
    board, _ = _board()
    first = board.add("lead", "read the code")
    second = board.add("lead", "write the fix", needs=[first.id])
    assert board.get(second.id).state == "blocked"
    with pytest.raises(TeamError, match="blocked"):
        board.claim("coder", second.id)
    board.claim("reader", first.id)
    board.finish("reader", first.id, "done that")
    assert board.get(second.id).state == "pending"
    assert board.claim("coder", second.id).owner == "coder"


def test_two_agents_cannot_claim_one_task() -> None:
    board, _ = _board()
    task = board.add("lead", "fix it")
    board.claim("a", task.id)
    with pytest.raises(TeamError, match="claimed by a") as refused:
        board.claim("b", task.id)
    assert refused.value.kind == "conflict"
    with pytest.raises(TeamError, match="a's"):
        board.finish("b", task.id)


def test_the_next_task_for_an_agent_is_first_one_that_is_meant_for_it() -> None:
    board, _ = _board()
    board.add("lead", "for anybody")
    mine = board.add("lead", "for me", owner="me")
    board.add("lead", "for you", owner="you")
    taken = board.claim_next("me")
    assert taken is not None
    assert taken.id == mine.id
    assert board.claim_next("me") is not None
    assert board.claim_next("me") is None


def test_what_an_agent_held_is_free_again_when_it_is_gone() -> None:
    board, _ = _board()
    task = board.add("lead", "fix it")
    board.claim("a", task.id)
    board.release_all("a")
    assert board.get(task.id).state == "pending"
    assert board.get(task.id).owner == ""


def test_a_block_by_words_is_not_lifted_by_a_dependency() -> None:
    board, _ = _board()
    first = board.add("lead", "one")
    second = board.add("lead", "two", needs=[first.id])
    board.block("lead", second.id, "waits for a person")
    board.finish("lead", first.id)
    assert board.get(second.id).note == "waits for a person"
    assert board.get(second.id).state == "blocked"
    assert board.release("lead", second.id).state == "pending"


def test_removing_a_task_frees_those_that_needed_it() -> None:
    board, _ = _board()
    first = board.add("lead", "one")
    second = board.add("lead", "two", needs=[first.id])
    board.remove("lead", first.id)
    assert board.get(second.id).state == "pending"
    assert board.get(second.id).needs == ()


@pytest.mark.parametrize("title", ["", "  \n ", "x" * 201])
def test_a_title_that_is_none_is_refused(title: str) -> None:
    board, told = _board()
    with pytest.raises(TeamError):
        board.add("lead", title)
    assert told == []


def test_the_board_has_a_bound() -> None:
    board, _ = _board()
    for number in range(MOST_TASKS):
        board.add("lead", f"task {number}")
    with pytest.raises(TeamError) as refused:
        board.add("lead", "one more")
    assert refused.value.kind == "limit"


def test_an_id_is_never_given_twice_after_a_rebuilding() -> None:
    board, told = _board()
    first = board.add("lead", "one")
    board.remove("lead", first.id)
    again = TaskBoard()
    for event in told:
        again.apply(event)
    assert again.add("lead", "two").id != first.id


_ANY = st.integers(0, 99)


class BoardMachine(RuleBasedStateMachine):
    """Random work of three agents on one board."""

    def __init__(self) -> None:
        super().__init__()
        self.board, self.told = _board()

    def _pick(self, number: int) -> str:
        tasks = self.board.tasks
        return tasks[number % len(tasks)].id if tasks else "none"

    @rule(needs=st.lists(_ANY, max_size=3), owner=st.sampled_from(["", "a", "b"]))
    def add(self, needs: list[int], owner: str) -> None:
        wanted = [self._pick(number) for number in needs] if self.board.tasks else []
        self.board.add("a", "work", needs=wanted, owner=owner)

    @rule(
        number=_ANY,
        by=st.sampled_from(["a", "b", "c"]),
        how=st.sampled_from(["claim", "finish", "release", "remove"]),
    )
    def work(self, number: int, by: str, how: str) -> None:
        before = self.board.tasks
        try:
            getattr(self.board, how)(by, self._pick(number))
        except TeamError:
            assert self.board.tasks == before

    @rule(number=_ANY, by=st.sampled_from(["a", "b"]))
    def block(self, number: int, by: str) -> None:
        before = self.board.tasks
        try:
            self.board.block(by, self._pick(number), "no")
        except TeamError:
            assert self.board.tasks == before

    @invariant()
    def claimed_tasks_have_an_owner(self) -> None:
        assert all(task.owner for task in self.board.tasks if task.state == "claimed")

    @invariant()
    def a_task_that_waits_for_no_open_task_is_not_blocked_without_a_word(self) -> None:
        done = {task.id for task in self.board.tasks if task.state == "done"}
        for task in self.board.tasks:
            if task.state == "blocked" and not task.note:
                assert set(task.needs) - done

    @invariant()
    def the_events_alone_rebuild_it(self) -> None:
        again = TaskBoard()
        for event in self.told:
            again.apply(event)
        assert again.tasks == self.board.tasks


TestBoardMachine = BoardMachine.TestCase
TestBoardMachine.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
