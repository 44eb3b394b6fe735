"""All sessions there are: listed, found, opened, forked, binned; also by two programs at once."""

from __future__ import annotations

import os
from typing import Any

import pytest

from alloy_tui.domain import events as ev
from alloy_tui.runtime.session_folder import open_store, store_file
from alloy_tui.settings import locate
from tests.runtime.test_tree_port import asked, page, words


def rows(runtime: Any, **given: Any) -> list[str]:
    return [r.title for r in asked(lambda then: runtime.library.list(then, **given))]


@pytest.fixture
def two_sessions(open_runtime, script) -> Any:
    """A runtime with "apples" stored and "pears" on screen."""
    runtime, listener = open_runtime(script({"text": "red"}, {"text": "green"}, {"text": "third"}))
    runtime.submit("apples")
    listener.until(ev.RunFinished, text="red")
    runtime.library.new()
    listener.until(ev.SessionOpened, session_id="")
    runtime.submit("pears")
    listener.until(ev.RunFinished, text="green")
    return runtime, listener


def ids(runtime: Any) -> dict[str, str]:
    return {r.title: r.id for r in asked(runtime.library.list)}


def test_sessions_are_listed_the_latest_first(two_sessions) -> None:
    runtime, _ = two_sessions
    assert rows(runtime) == ["pears", "apples"]
    assert rows(runtime, everywhere=True) == ["pears", "apples"]
    assert rows(runtime, deleted=True) == []


def test_a_session_is_opened_where_it_was_left(two_sessions) -> None:
    """Its words are the model's and the screen's."""
    runtime, listener = two_sessions
    apples = ids(runtime)["apples"]
    runtime.library.open(apples)
    assert listener.until(ev.SessionOpened, session_id=apples).title == "apples"
    assert words(page(runtime)) == ["apples", "red"]
    runtime.submit("more")
    listener.until(ev.RunFinished, text="third")
    assert [m.text for m in runtime.history()] == ["apples", "red", "more", "third"]
    assert rows(runtime) == ["apples", "pears"]


def test_a_found_message_leads_to_its_place(two_sessions) -> None:
    runtime, listener = two_sessions
    (hit,) = asked(lambda then: runtime.library.search("red", then))
    assert (hit.title, hit.kind) == ("apples", "answer")
    assert [hit.snippet[a:b] for a, b in hit.marks] == ["red"]
    runtime.library.open(hit.session, hit.node)
    listener.until(ev.SessionOpened, session_id=hit.session)
    assert hit.node in [i.id for i in page(runtime).items]
    peeked = asked(lambda then: runtime.library.peek(hit.session, then))
    assert words(peeked) == ["apples", "red"]


def test_a_fork_goes_on_by_itself(two_sessions) -> None:
    runtime, listener = two_sessions
    before = runtime.tree.state.id
    runtime.library.fork()
    listener.until(ev.SessionOpened, title="pears (fork)")
    runtime.submit("ripe?")
    listener.until(ev.RunFinished, text="third")
    assert words(page(runtime)) == ["pears", "green", "ripe?", "third"]
    found = asked(runtime.library.list)
    assert found[0].from_session == before
    peeked = asked(lambda then: runtime.library.peek(before, then))
    assert words(peeked) == ["pears", "green"]


def test_renamed_deleted_and_restored(two_sessions) -> None:
    """The one on screen and another; deleting the one on screen leaves it first."""
    runtime, listener = two_sessions
    known = ids(runtime)
    runtime.library.rename(known["apples"], "Äpfel")
    runtime.library.rename(known["pears"], "Birnen")
    listener.until(ev.SessionSaved, title="Birnen")
    assert set(rows(runtime)) == {"Äpfel", "Birnen"}
    assert runtime.tree.state.title == "Birnen"
    runtime.library.rename(known["pears"], "")
    listener.until(ev.SessionSaved, title="pears")
    listener.seen.clear()
    runtime.library.delete(known["pears"])
    listener.until(ev.SessionOpened, session_id="")
    assert rows(runtime) == ["Äpfel"]
    assert rows(runtime, deleted=True) == ["pears"]
    runtime.library.restore(known["pears"])
    assert set(rows(runtime)) == {"Äpfel", "pears"}


def test_the_next_start_goes_on(two_sessions, open_runtime, script) -> None:
    """The latest of the folder, or one by its id; the model is the session's own."""
    runtime, _ = two_sessions
    apples, model = ids(runtime)["apples"], runtime.model
    runtime.close()
    later, listener = open_runtime(None, session="latest")
    listener.until(ev.AgentStarted)
    assert words(page(later)) == ["pears", "green"]
    assert later.model == model
    later.close()
    by_id, listener = open_runtime(script({"text": "x"}, name="new"), session=apples[:15])
    listener.until(ev.AgentStarted)
    assert words(page(by_id)) == ["apples", "red"]
    by_id.submit("and")
    listener.until(ev.RunFinished, text="x")
    kinds = [i.kind for i in page(by_id).items]
    assert kinds == ["user", "answer", "model", "user", "answer"]


def test_what_is_not_there_is_said_and_the_screen_goes_on(open_runtime, script) -> None:
    """A person chooses another one; a script is refused."""
    model = script({"text": "a"})
    runtime, listener = open_runtime(model, session="nope")
    assert "no session nope" in listener.until(ev.Notice, level="error").text
    runtime.submit("x")
    assert listener.until(ev.RunFinished).status == "completed"
    headless, listener = open_runtime(model, session="nope", interactive=False)
    request = headless.submit("x")
    asked(headless.tree.view)  # which is carried out after it
    refusal = headless.refusal(request)
    assert refusal is not None
    assert "no session nope" in refusal.message


def test_the_second_program_watches_and_goes_on_when_the_first_has_left(
    open_runtime, script
) -> None:
    """It sees what is said and what grows, may not write, and takes over at its next message."""
    waits = {"text": "slow answer", "chunk": 4, "chunk_delay_ms": 600_000}
    one, hears_one = open_runtime(script({"text": "a"}, waits))
    one.submit("1")
    hears_one.until(ev.RunFinished)
    two, hears_two = open_runtime(script({"text": "mine"}))  # the same name, read anew
    two.library.open(one.tree.state.id)
    assert "writes this session" in hears_two.until(ev.Notice).text
    assert not two.tree.state.writable
    assert words(page(two)) == ["1", "a"]
    one.submit("2")
    hears_one.until(ev.TextDelta, text="slow")
    while words(page(two)) != ["1", "a", "2", "slow"]:
        hears_two.until(ev.LeafMoved)
        hears_two.seen.clear()
    assert page(two).items[-1].growing
    refused = two.submit("no")
    assert "/fork" in hears_two.until(ev.Notice, level="error").text
    assert two.refusal(refused) is not None
    one.close()
    two.submit("my turn")
    hears_two.until(ev.RunFinished, text="mine")
    assert two.tree.state.writable
    said = words(page(two))
    assert said[:4] == ["1", "a", "2", "slow"]
    assert said[-2:] == ["my turn", "mine"]


def test_a_program_that_lets_go_and_goes_on_is_told_of(open_runtime, script) -> None:
    """It need not end for another one to take its session over."""
    one, hears_one = open_runtime(script({"text": "a"}, {"text": "x"}))
    one.submit("1")
    hears_one.until(ev.RunFinished)
    two, hears_two = open_runtime(script({"text": "b"}, name="two"), session="latest")
    hears_two.until(ev.AgentStarted)
    asked(two.tree.view)
    assert two.tree.state.owner == os.getpid()
    one.library.new()
    words = "The other program has let go of this session: your next message goes on from here."
    hears_two.until(ev.Notice, text=words)
    asked(two.tree.view)
    assert (two.tree.state.owner, two.tree.state.writable) == (None, False)
    two.submit("2")
    assert hears_two.until(ev.RunFinished).status == "completed"
    assert two.tree.state.writable
    one.submit("elsewhere")
    hears_one.until(ev.RunFinished, text="x")


def test_the_list_says_which_sessions_another_program_writes(
    two_sessions, open_runtime, script
) -> None:
    """The one on screen is one's own; the one that was left is nobody's."""

    def written(runtime: Any) -> dict[str, int | None]:
        return {r.title: r.owner for r in asked(runtime.library.list)}

    one, _ = two_sessions
    two, _ = open_runtime(script({"text": "a"}))
    assert written(one) == {"pears": None, "apples": None}
    assert written(two) == {"pears": os.getpid(), "apples": None}
    one.close()
    assert written(two) == {"pears": None, "apples": None}


def test_a_watcher_may_fork(open_runtime, script) -> None:
    one, hears_one = open_runtime(script({"text": "a"}))
    one.submit("1")
    hears_one.until(ev.RunFinished)
    two, hears_two = open_runtime(script({"text": "mine"}))
    two.library.open(one.tree.state.id)
    two.library.fork()
    two.submit("my way")
    hears_two.until(ev.RunFinished, text="mine")
    assert words(page(two)) == ["1", "a", "my way", "mine"]
    assert words(page(one)) == ["1", "a"]


def test_a_session_that_was_taken_away_can_be_left(open_runtime, script) -> None:
    """Nothing more is sent in its name; another one can be begun."""
    runtime, listener = open_runtime(script({"text": "a"}, {"text": "b"}))
    runtime.submit("1")
    listener.until(ev.RunFinished, text="a")
    store = open_store(locate())
    store.purge(runtime.tree.state.id).result()
    store.close()
    runtime.submit("2")
    assert listener.until(ev.RunFinished, status="error").error.kind == "not_stored"
    runtime.library.new()
    listener.until(ev.SessionOpened, session_id="")
    runtime.submit("3")
    listener.until(ev.RunFinished, text="b")
    assert words(page(runtime)) == ["3", "b"]


def test_a_start_in_which_nothing_is_said_makes_no_store(open_runtime, script) -> None:
    runtime, listener = open_runtime(script({"text": "a"}), interactive=True)
    listener.until(ev.AgentStarted)
    assert asked(runtime.tree.view).nodes == ()
    runtime.close()
    assert not store_file(locate()).exists()
    later, again = open_runtime(script({"text": "a"}), interactive=True)
    later.submit("1")
    again.until(ev.RunFinished)
    assert store_file(locate()).exists()


def test_once_somebody_types_the_store_is_there(open_runtime, script) -> None:
    """However often it is asked for, it is made once, and nothing stands in it."""
    runtime, listener = open_runtime(script({"text": "a"}), interactive=True)
    listener.until(ev.AgentStarted)
    runtime.library.make_ready()
    runtime.library.make_ready()
    assert asked(runtime.library.list) == ()
    runtime.close()
    assert store_file(locate()).exists()
