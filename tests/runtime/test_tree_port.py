"""Moving about in the session on screen, over a real store."""

from __future__ import annotations

import queue
from collections.abc import Callable
from typing import Any

from alloy_tui.domain import events as ev
from alloy_tui.runtime.path_values import PathPage, TreeView
from alloy_tui.runtime.runtime import Runtime
from tests.support.listening import Listener

NOW = "As at this point,"


def asked(question: Callable[[Callable[[Any], object]], object]) -> Any:
    """What `then` is told."""
    answers: queue.Queue[Any] = queue.Queue()
    question(answers.put)
    return answers.get(timeout=20)


def page(runtime: Runtime, **given: Any) -> PathPage:
    return asked(lambda then: runtime.tree.items(then, **{"limit": 100} | given))


def tree(runtime: Runtime) -> TreeView:
    return asked(runtime.tree.view)


def words(found: PathPage) -> list[str]:
    return [i.message.text for i in found.items if i.message is not None]


def talked(open_runtime, script, *texts: str) -> tuple[Runtime, Listener]:
    """A runtime after a conversation: prompts "1", "2", … with these answers."""
    runtime, listener = open_runtime(script(*({"text": text} for text in texts)))
    for number, text in enumerate(texts[:2], 1):
        runtime.submit(str(number))
        listener.until(ev.RunFinished, text=text)
    return runtime, listener


def at(runtime: Runtime, text: str) -> str:
    """The node that says `text`."""
    return next(n.id for n in tree(runtime).nodes if n.title == text)


def test_before_the_first_message_there_is_nothing(open_runtime, script) -> None:
    runtime, _ = open_runtime(script({"text": "a"}))
    assert page(runtime) == PathPage("", None, (), 0)
    assert tree(runtime).nodes == ()
    assert runtime.tree.state.id == ""


def test_the_path_comes_in_pages(open_runtime, script) -> None:
    """Only what is asked for; the rest is counted."""
    runtime, _ = talked(open_runtime, script, "a", "b")
    last = page(runtime, limit=1)
    assert (words(last), last.before) == (["b"], 3)
    assert last.session == runtime.tree.state.id
    assert last.leaf == runtime.tree.state.leaf == last.items[-1].id
    earlier = page(runtime, before=last.items[0].id, limit=2)
    assert (words(earlier), earlier.before) == (["a", "2"], 1)


def test_a_rewind_is_a_new_beginning_that_the_model_knows_of(open_runtime, script) -> None:
    """The next message follows what is left; the model is sent nothing else."""
    runtime, listener = talked(open_runtime, script, "a", "b", "c")
    second = at(runtime, "2")
    preview = asked(lambda then: runtime.tree.preview(second, then))
    assert (preview.prompt, preview.messages) == ("2", 2)
    runtime.tree.rewind(second)
    moved = listener.until(ev.LeafMoved)
    assert moved.to_node == runtime.tree.state.leaf == at(runtime, "a")
    assert runtime.tree.state.moves_back == 1
    runtime.submit("2, better")
    listener.until(ev.RunFinished, text="c")
    assert [m.text for m in runtime.history()] == ["1", "a", "2, better", "c"]
    found = page(runtime)
    assert words(found) == ["1", "a", "2, better", "c"]
    assert set(found.items[2].siblings) == {second, found.items[2].id}
    assert len(tree(runtime).nodes) == 6


def test_redo_takes_the_rewind_back(open_runtime, script) -> None:
    runtime, listener = talked(open_runtime, script, "a", "b")
    runtime.tree.rewind(at(runtime, "1"))
    assert listener.until(ev.LeafMoved).to_node is None
    assert words(page(runtime)) == []
    listener.seen.clear()
    runtime.tree.redo()
    listener.until(ev.LeafMoved)
    assert words(page(runtime)) == ["1", "a", "2", "b"]
    assert [m.text for m in runtime.history()] == ["1", "a", "2", "b"]


def test_one_can_switch_between_branches_and_begin_one_anywhere(open_runtime, script) -> None:
    runtime, listener = talked(open_runtime, script, "a", "b", "c", "d")
    first, end = at(runtime, "1"), at(runtime, "b")
    runtime.tree.branch(at(runtime, "a"))
    runtime.submit("other")
    listener.until(ev.RunFinished, text="c")
    runtime.tree.switch(end)
    runtime.tree.branch(None)
    runtime.submit("beside the first")
    listener.until(ev.RunFinished, text="d")
    assert words(page(runtime)) == ["beside the first", "d"]
    assert first in page(runtime).items[0].siblings
    runtime.tree.switch(at(runtime, "other"))
    listener.seen.clear()
    assert words(page(runtime)) == ["1", "a", "other", "c"]


def test_moving_cancels_what_runs_and_keeps_what_came(open_runtime, script) -> None:
    """The cut answer stays in the tree; what waited is given back."""
    waits = {"text": "first words", "chunk": 5, "chunk_delay_ms": 600_000}
    runtime, listener = open_runtime(script({"text": "a"}, waits))
    runtime.submit("1")
    listener.until(ev.RunFinished)
    runtime.submit("2")
    listener.until(ev.TextDelta, text="first")
    waiting = runtime.submit("3")
    runtime.tree.rewind(at(runtime, "2"))
    listener.until(ev.LeafMoved)
    given_back = [e for e in listener.seen if isinstance(e.event, ev.Dequeued)]
    assert [e.request_id for e in given_back] == [waiting]
    assert words(page(runtime)) == ["1", "a"]
    assert [n.title for n in tree(runtime).nodes if n.broken] == ["first"]


def test_the_model_follows_the_path(open_runtime, script) -> None:
    first, second = script({"text": "a"}, {"text": "c"}), script({"text": "b"}, name="other")
    runtime, listener = open_runtime(first)
    runtime.submit("1")
    listener.until(ev.RunFinished, text="a")
    runtime.set_model(second)
    runtime.submit("2")
    listener.until(ev.RunFinished, text="b")
    runtime.tree.branch(at(runtime, "a"))
    assert listener.until(ev.ModelChanged, to_model=first).from_model == second
    runtime.tree.redo()
    listener.until(ev.ModelChanged, from_model=first, to_model=second)
    assert sum(n.kind == "model" for n in tree(runtime).nodes) == 1


def test_going_back_over_a_switch_says_which_model_answers_again(open_runtime, script) -> None:
    first, second = script({"text": "a"}, {"text": "c"}), script({"text": "b"}, name="other")
    runtime, listener = open_runtime(first)
    runtime.submit("1")
    listener.until(ev.RunFinished, text="a")
    runtime.set_model(second)
    runtime.submit("2")
    listener.until(ev.RunFinished, text="b")
    runtime.tree.rewind(at(runtime, "1"))
    listener.until(ev.Notice, text=f"{NOW} {first} answers again.")
    runtime.tree.redo()
    listener.until(ev.Notice, text=f"{NOW} {second} answers again.")


def test_how_hard_the_model_thinks_belongs_to_the_path(open_runtime, script) -> None:
    """It is stored with the message that it is for, and comes back with it at any time."""
    runtime, listener = talked(open_runtime, script, "a", "b", "c")
    runtime.providers.set_effort("low")
    runtime.providers.set_effort("high")
    runtime.submit("3")
    listener.until(ev.RunFinished, text="c")
    found = page(runtime)
    (level,) = [item for item in found.items if item.kind == "effort"]
    assert (level.words, found.items[-2].kind) == ("default → high", "user")
    runtime.tree.branch(at(runtime, "b"))
    listener.until(ev.Notice, text=f"{NOW} the model thinks as it does by itself again.")
    assert runtime.providers.effort is None
    runtime.tree.switch(at(runtime, "3"))
    listener.until(ev.Notice, text=f"{NOW} the model thinks at level high again.")
    assert runtime.providers.effort == "high"
    runtime.tree.branch(at(runtime, "b"))
    tree(runtime)
    runtime.close()
    later, again = open_runtime(None, session="latest")
    again.until(ev.AgentStarted)
    tree(later)
    assert later.providers.effort is None
    later.tree.switch(at(later, "3"))
    again.until(ev.Notice, text=f"{NOW} the model thinks at level high again.")
    assert later.providers.effort == "high"


def test_a_session_begins_with_the_level_that_it_has(open_runtime, script) -> None:
    runtime, listener = open_runtime(script({"text": "a"}, {"text": "b"}))
    listener.until(ev.AgentStarted)
    runtime.providers.set_effort("high")
    runtime.submit("1")
    listener.until(ev.RunFinished, text="a")
    assert [item.kind for item in page(runtime).items] == ["user", "answer"]
    runtime.providers.set_effort("low")
    runtime.tree.branch(at(runtime, "a"))
    listener.until(ev.Notice, text=f"{NOW} the model thinks at level high again.")
    assert runtime.providers.effort == "high"


def test_the_same_asked_of_another_model_stands_beside_the_first(open_runtime, script) -> None:
    """Whether the model, or its level, was switched before the message makes it no other place."""
    first, second = script({"text": "a"}, {"text": "c"}), script({"text": "b"}, name="other")
    runtime, listener = open_runtime(first)
    runtime.submit("1")
    listener.until(ev.RunFinished, text="a")
    runtime.submit("2")
    listener.until(ev.RunFinished, text="c")
    mine = at(runtime, "2")
    runtime.tree.rewind(mine)
    runtime.providers.set_effort("high")
    runtime.set_model(second)
    runtime.submit("2, you")
    listener.until(ev.RunFinished, text="b")
    (asked_again,) = [i for i in page(runtime).items if i.message and i.message.text == "2, you"]
    assert asked_again.siblings == (mine, asked_again.id)


def test_the_state_says_which_branch_this_is(open_runtime, script) -> None:
    """Where the path parted last; it follows messages, moves and the next start."""
    runtime, listener = talked(open_runtime, script, "a", "b", "c", "d")
    assert runtime.tree.state.branch is None
    runtime.tree.rewind(at(runtime, "2"))
    runtime.submit("2, better")
    listener.until(ev.RunFinished, text="c")
    assert runtime.tree.state.branch == (2, 2)
    runtime.submit("and on")
    listener.until(ev.RunFinished, text="d")
    assert runtime.tree.state.branch == (2, 2)
    runtime.tree.switch(at(runtime, "2"))
    tree(runtime)
    assert runtime.tree.state.branch == (1, 2)
    runtime.tree.rewind(at(runtime, "2"))
    tree(runtime)
    assert runtime.tree.state.branch is None
    runtime.tree.redo()
    tree(runtime)
    runtime.close()
    later, again = open_runtime(None, session="latest")
    again.until(ev.AgentStarted)
    assert later.tree.state.branch == (1, 2)


def test_at_the_end_the_whole_session_is_counted_and_this_life_apart(open_runtime, script) -> None:
    usage = {"input": 10, "output": 2}
    model = script({"text": "a", "usage": usage}, {"text": "b", "usage": usage})
    runtime, listener = open_runtime(model)
    for text in ("a", "b"):
        runtime.submit("1")
        listener.until(ev.RunFinished, text=text)
    runtime.close()
    assert runtime.tree.state.usage.total == runtime.usage().usage.total == 24
    later, again = open_runtime(script({"text": "c", "usage": usage}, name="c"), session="latest")
    again.until(ev.AgentStarted)
    later.submit("3")
    again.until(ev.RunFinished)
    later.close()
    assert later.tree.state.life.total == 12
    assert later.tree.state.usage.total == later.usage().usage.total == 36


def test_labels_notes_and_prunings_are_seen(open_runtime, script) -> None:
    runtime, listener = talked(open_runtime, script, "a", "b")
    first = at(runtime, "1")
    runtime.tree.label(None, "here")
    runtime.tree.note(first, "a good question")
    runtime.tree.prune(at(runtime, "2"), hidden=True)
    listener.until(ev.LeafMoved)
    nodes = {n.title: n for n in tree(runtime).nodes}
    assert nodes["b"].label == "here"
    assert nodes["1"].note == "a good question"
    assert [t for t, n in nodes.items() if n.hidden] == ["2", "b"]
    assert words(page(runtime)) == ["1", "a"]
    runtime.tree.prune(nodes["2"].id, hidden=False)
    assert not any(n.hidden for n in tree(runtime).nodes)


def test_two_branches_stand_side_by_side(open_runtime, script) -> None:
    runtime, listener = talked(open_runtime, script, "a", "b", "c")
    left = at(runtime, "b")
    runtime.tree.rewind(at(runtime, "2"))
    runtime.submit("3")
    listener.until(ev.RunFinished, text="c")
    found = asked(lambda then: runtime.tree.compare(left, at(runtime, "c"), then))
    assert (found.common, found.left.title, found.right.title) == (2, "2", "3")
    sides = [[i.message.text for i in (r.left, r.right) if i] for r in found.rows]
    assert sides == [["2", "3"], ["b", "c"]]


def test_what_cannot_be_done_is_told_in_words(open_runtime, script) -> None:
    runtime, listener = talked(open_runtime, script, "a", "b")
    runtime.tree.redo()
    assert "no move" in listener.until(ev.Notice).text
    listener.seen.clear()
    runtime.tree.rewind("no such node")
    assert "no node" in listener.until(ev.Notice).text
    assert asked(lambda then: runtime.tree.compare("x", "y", then)) is None
    assert words(page(runtime)) == ["1", "a", "2", "b"]
