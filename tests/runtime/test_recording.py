"""What is said is stored as it is said: real SQLite files, scripted models."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from alloy_tui.domain import events as ev
from alloy_tui.domain.errors import StoreError
from alloy_tui.domain.messages import ChatMessage, TextBlock
from alloy_tui.runtime.recording import Recorder
from alloy_tui.runtime.session_folder import open_store, store_file
from alloy_tui.sessions.live import LiveSession
from alloy_tui.sessions.memory import MemoryStore
from alloy_tui.sessions.nodes import Answer, Entry, ModelSwitch, Opened, ToolResult, UserMessage
from alloy_tui.sessions.store import SessionStore
from alloy_tui.sessions.words import words_of
from alloy_tui.settings import locate

WAITS = {"text": "first words", "chunk": 5, "chunk_delay_ms": 600_000}


@pytest.fixture
def kept() -> Iterator[Callable[[], SessionStore]]:
    """The store as another program sees it."""
    opened: list[SessionStore] = []

    def look() -> SessionStore:
        if not opened:
            opened.append(open_store(locate()))
        return opened[0]

    yield look
    for store in opened:
        store.close()


def nodes(store: SessionStore) -> list[Any]:
    """What the only session holds, in the order it came."""
    (info,) = store.sessions()
    return [e.node for e in store.read(info.id, store.tree(info.id).ids())]


def test_a_conversation_is_stored_with_its_calls_costs_and_model(
    open_runtime, script, kept
) -> None:
    """Each thing that was said is a node of its own."""
    call = {"tool_calls": [{"name": "bash", "arguments": {"command": "echo made"}}]}
    usage = {"usage": {"input": 10, "output": 5}}
    model = script(call | usage, {"text": "Done."} | usage)
    runtime, listener = open_runtime(model)
    runtime.set_approval_mode("all")
    runtime.submit("make it")
    listener.until(ev.RunFinished)
    assert "LeafMoved" not in listener.texts()
    opened, said, called, result, answer = nodes(kept())
    assert isinstance(opened, Opened)
    assert (opened.cwd, opened.model) == (runtime.cwd, model)
    assert isinstance(said, UserMessage)
    assert said.message.text == "make it"
    assert isinstance(called, Answer)
    assert called.usage.output == 5
    assert isinstance(result, ToolResult)
    assert (result.name, result.started, "made" in result.result.text) == ("bash", True, True)
    assert isinstance(answer, Answer)
    assert (answer.message.text, answer.model) == ("Done.", model)
    assert [s.usage.output for s in kept().spent()] == [5, 5]
    (info,) = kept().sessions()
    assert info.preview == "make it"
    assert runtime.tree.state.title == "make it"


def test_the_prompt_is_on_disk_before_the_model_is_asked(open_runtime, script, kept) -> None:
    """What the turn says it is about to send can be read by another program."""
    runtime, listener = open_runtime(script(WAITS))
    runtime.submit("hold this")
    saved = listener.until(ev.SessionSaved)
    listener.until(ev.TurnStarted)
    names = listener.texts()
    assert names.index("SessionSaved") < names.index("TurnStarted")
    assert [words_of(e.node) for e in kept().read(saved.session_id, saved.node_ids)] == [
        "hold this"
    ]


def test_a_growing_answer_is_there_for_others_and_becomes_whole(open_runtime, script, kept) -> None:
    """It grows under one id and ends under the same."""
    runtime, listener = open_runtime(script(WAITS))
    runtime.submit("talk")
    session = listener.until(ev.SessionSaved).session_id
    listener.until(ev.TextDelta)
    store = kept()
    grown = ()
    while not grown:
        grown = store.partials(session)
    assert words_of(grown[0].node) == "first"
    runtime.cancel()
    listener.until(ev.RunFinished)
    assert store.partials(session) == ()
    (answer,) = (n for n in nodes(store) if isinstance(n, Answer))
    assert (answer.message.text, answer.message.incomplete) == ("first", "cancelled")
    assert grown[0].id in store.tree(session)


def test_a_model_switch_stands_where_it_was_made(open_runtime, script, kept) -> None:
    """Between the answers of the one and the other."""
    first, second = script({"text": "a"}), script({"text": "b"}, name="other")
    runtime, listener = open_runtime(first)
    runtime.submit("one")
    listener.until(ev.RunFinished, text="a")
    runtime.set_model(second)
    runtime.submit("two")
    listener.until(ev.RunFinished, text="b")
    kinds = [n.kind for n in nodes(kept())]
    assert kinds == ["opened", "user", "answer", "model", "user", "answer"]
    (switch,) = (n for n in nodes(kept()) if isinstance(n, ModelSwitch))
    assert (switch.from_model, switch.to_model) == (first, second)


def test_choosing_a_model_before_the_first_message_begins_no_session(
    open_runtime, script, kept
) -> None:
    """It is the model that the session begins with."""
    second = script({"text": "b"}, name="other")
    runtime, listener = open_runtime(script({"text": "a"}))
    runtime.set_model(second)
    listener.until(ev.ModelChanged)
    assert kept().sessions() == ()
    runtime.submit("two")
    listener.until(ev.RunFinished)
    assert nodes(kept())[0].model == second


def test_own_commands_are_part_of_the_session(open_runtime, script, kept) -> None:
    """What the model is told of them stands in the tree, as words of the harness."""
    runtime, listener = open_runtime(script({"text": "a"}))
    runtime.project.run_command("echo own", private=False)
    listener.until(ev.ToolFinished)
    listener.until(ev.SessionSaved)
    runtime.submit("and?")
    listener.until(ev.RunFinished)
    told, said = (n for n in nodes(kept()) if isinstance(n, UserMessage))
    assert told.message.synthetic
    assert "own" in told.message.text
    assert said.message.text == "and?"


def test_steering_is_stored_where_it_went_in(open_runtime, script, kept) -> None:
    """Between the results and the next answer."""
    call = {"tool_calls": [{"name": "bash", "arguments": {"command": "sleep 0.2"}}]}
    runtime, listener = open_runtime(script(call, {"text": "ok"}))
    runtime.set_approval_mode("all")
    runtime.submit("go")
    listener.until(ev.ToolStarted)
    runtime.submit("rather this", lane="steer")
    listener.until(ev.RunFinished)
    kinds = [n.kind for n in nodes(kept())]
    assert kinds == ["opened", "user", "answer", "tool_result", "user", "answer"]


def test_every_call_of_a_cancelled_run_has_a_result_on_disk(open_runtime, script, kept) -> None:
    """The view of the path is a valid request without any mending."""
    calls = [{"name": "bash", "arguments": {"command": "sleep 600"}} for _ in range(2)]
    runtime, listener = open_runtime(script({"tool_calls": calls}))
    runtime.set_approval_mode("all")
    runtime.submit("go")
    listener.until(ev.ToolStarted)
    runtime.cancel()
    listener.until(ev.RunFinished)
    results = [n for n in nodes(kept()) if isinstance(n, ToolResult)]
    assert [r.started for r in results] == [True, False]
    assert all(r.result.is_error for r in results)


class Refusing:
    """Takes the place of a writer's connection: no more commits until told otherwise."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from alloy_tui.sessions import rows

        self.refuses = False
        real = rows.add_entries

        def add(*arguments: Any) -> None:
            if self.refuses:
                full = sqlite3.OperationalError("database or disk is full")
                full.sqlite_errorcode = sqlite3.SQLITE_FULL
                raise full
            real(*arguments)

        monkeypatch.setattr(rows, "add_entries", add)


def test_a_full_disk_keeps_the_request_from_leaving(
    open_runtime, script, kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told in words, the prompt is not in the conversation, and nothing else is lost."""
    disk = Refusing(monkeypatch)
    runtime, listener = open_runtime(script({"text": "a"}, {"text": "b"}))
    runtime.submit("one")
    listener.until(ev.RunFinished, text="a")
    disk.refuses = True
    request = runtime.submit("two")
    end = listener.until(ev.RunFinished, status="error")
    assert end.error.kind == "not_stored"
    assert end.turns == 0
    assert end.error.code == "full"
    assert [m.text for m in runtime.history()] == ["one", "a"]
    assert {e.request_id for e in listener.seen if isinstance(e.event, ev.TurnStarted)} != {request}
    disk.refuses = False
    runtime.submit("two again")
    listener.until(ev.RunFinished, text="b")
    said = [words_of(n) for n in nodes(kept()) if n.kind in {"user", "answer"}]
    assert said == ["one", "a", "two again", "b"]


def test_what_could_not_be_stored_in_the_middle_is_stored_with_the_next_request(
    open_runtime, script, kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run ends in words, and not one of its nodes is lost."""
    disk = Refusing(monkeypatch)
    call = {"tool_calls": [{"name": "bash", "arguments": {"command": "echo x"}}]}
    runtime, listener = open_runtime(script(call, {"text": "b"}))
    runtime.submit("one")
    listener.until(ev.ApprovalRequested)
    disk.refuses = True
    asked = next(e.event for e in listener.seen if isinstance(e.event, ev.ApprovalRequested))
    runtime.answer_approval(asked.id, "once")
    assert listener.until(ev.RunFinished).error.kind == "not_stored"
    disk.refuses = False
    runtime.submit("two")
    listener.until(ev.RunFinished, text="b")
    kinds = [n.kind for n in nodes(kept())]
    assert kinds == ["opened", "user", "answer", "tool_result", "user", "user", "answer"]


def test_a_store_that_may_not_be_written_stops_nobody(open_runtime, script) -> None:
    """It is said once, and the conversation goes on without being kept."""
    store_file(locate()).parent.parent.mkdir(parents=True)
    store_file(locate()).parent.write_text("no folder")
    runtime, listener = open_runtime(script({"text": "a"}))
    runtime.submit("one")
    assert "not be stored" in listener.until(ev.Notice, level="warning").text
    assert listener.until(ev.RunFinished).status == "completed"


def test_a_store_that_is_broken_lets_no_request_leave(open_runtime, script, tmp_path: Path) -> None:
    """The way out is in the words."""
    file = store_file(locate())
    file.parent.mkdir(parents=True, mode=0o700)
    file.write_bytes(b"no database at all, but long enough to look like a file of something" * 99)
    with pytest.raises(StoreError):
        open_store(locate())
    runtime, listener = open_runtime(script({"text": "a"}))
    runtime.submit("one")
    end = listener.until(ev.RunFinished)
    assert end.error.kind == "not_stored"
    assert "doctor" in (end.error.hint or "")


def test_nothing_is_stored_when_nothing_shall_be(open_runtime, script) -> None:
    """Not even the file is made."""
    runtime, listener = open_runtime(script({"text": "a"}), stored=False)
    runtime.submit("one")
    listener.until(ev.RunFinished)
    assert not store_file(locate()).exists()


def test_the_demo_is_stored_without_its_folder(open_runtime, kept) -> None:
    """The folder will be gone; the conversation stays."""
    runtime, listener = open_runtime(None, demo=True)
    runtime.set_approval_mode("all")
    runtime.submit("hello")
    listener.until(ev.RunFinished)
    (info,) = kept().sessions()
    assert info.cwd == ""
    assert info.preview == "hello"


class _Tells:
    """A desk by which a waiter is woken just as all that was told is stored."""

    def __init__(self, live: LiveSession) -> None:
        self.live: LiveSession | None = live
        self.stored = asyncio.Event()

    async def begin(self, entries: Sequence[Entry]) -> None:
        raise AssertionError(f"{len(entries)} entries for a session that is there")

    def saved(self, entries: Sequence[Entry]) -> None:
        assert entries
        self.stored.set()


@pytest.mark.anyio
async def test_what_is_told_just_as_all_is_stored_is_stored_too() -> None:
    """Whoever waits for it there is no loop that only turns."""
    live = LiveSession.begin(MemoryStore(), Opened())
    desk = _Tells(live)
    recorder = Recorder(desk, agent="agent", stamps=live.stamps)

    async def says_more() -> None:
        await desk.stored.wait()
        recorder.tell(UserMessage(ChatMessage("user", (TextBlock("and this"),))))
        await recorder.durable()

    waiting = asyncio.create_task(says_more())
    await asyncio.sleep(0)
    recorder.tell(UserMessage(ChatMessage("user", (TextBlock("this"),))))
    await waiting
    said = live.read(live.stored.of_kind("user"))
    assert [words_of(entry.node) for entry in said] == ["this", "and this"]
