"""The façade over the real engine, on scripted models."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from alloy_tui.domain import events as ev
from alloy_tui.runtime.plan import Plan
from alloy_tui.runtime.runtime import Runtime
from alloy_tui.settings import State, load_settings, locate
from tests.support.listening import Listener


def test_a_prompt_is_answered(open_runtime, script) -> None:
    """Submit, listen, read the snapshots."""
    runtime, listener = open_runtime(script({"text": "Hello.", "usage": {"input": 3, "output": 1}}))
    request = runtime.submit("hi")
    end = listener.until(ev.RunFinished)
    assert (end.status, end.text) == ("completed", "Hello.")
    assert {e.request_id for e in listener.seen if isinstance(e.event, ev.RunFinished)} == {request}
    assert [m.text for m in runtime.history()] == ["hi", "Hello."]
    assert runtime.usage().usage.output == 1
    assert runtime.model == runtime.choice.model == runtime.models()[0]
    assert runtime.choice.kind == "scripted"


def test_commands_before_the_start_are_kept_in_order(open_runtime, script) -> None:
    """What a fast typist sends before the engine is ready is not lost or shuffled."""
    runtime, listener = open_runtime(script({"text": "a"}, {"text": "b"}), start=False)
    runtime.submit("one")
    runtime.submit("two")
    runtime.set_approval_mode("all")
    runtime.start()
    listener.until(ev.RunFinished, text="b")
    begun = [e.event.prompt for e in listener.seen if isinstance(e.event, ev.RunStarted)]
    assert begun == ["one", "two"]


def test_busy_requests_queue_and_can_be_withdrawn(open_runtime, script) -> None:
    """The queue is visible, and a waiting request comes back out of it."""
    waits = {"text": "first words", "chunk": 5, "chunk_delay_ms": 600_000}
    runtime, listener = open_runtime(script(waits, {"text": "next"}))
    runtime.submit("one")
    listener.until(ev.TextDelta)
    waiting = runtime.submit("two")
    listener.until(ev.Queued)
    assert [(q.request_id, q.text) for q in runtime.queued()] == [(waiting, "two")]
    runtime.withdraw(waiting)
    listener.until(ev.Dequeued, reason="withdrawn")
    assert runtime.queued() == ()
    runtime.cancel()
    assert listener.until(ev.RunFinished, text="first").status == "cancelled"


def test_cancelling_nothing_is_nothing(open_runtime, script) -> None:
    """A late Esc and a stale approval id make no noise."""
    runtime, listener = open_runtime(script({"text": "a"}))
    runtime.cancel()
    runtime.cancel("no such id")
    runtime.withdraw("no such id")
    runtime.answer_approval("no such id", "once")
    runtime.submit("x")
    listener.until(ev.RunFinished)
    assert "Notice" not in listener.texts()


def test_an_approval_travels_by_id_and_always_is_remembered(open_runtime, script) -> None:
    """Asked, answered, run; the rule is on disk for the next start."""
    call = {"tool_calls": [{"name": "bash", "arguments": {"command": "touch made"}}]}
    runtime, listener = open_runtime(script(call, {"text": "done"}))
    runtime.submit("go")
    asked = listener.until(ev.ApprovalRequested)
    runtime.answer_approval(asked.id, "always")
    assert listener.until(ev.RunFinished).status == "completed"
    assert Path(runtime.cwd, "made").exists()
    assert State(locate(), pytest.fail).always_rules() == (("bash", asked.rule),)


def test_switching_models_keeps_the_conversation(open_runtime, script) -> None:
    """A good switch is an event, a bad one a notice that changes nothing."""
    runtime, listener = open_runtime(script({"text": "a"}))
    runtime.submit("one")
    listener.until(ev.RunFinished)
    before = runtime.model
    runtime.set_model("nowhere/x")
    assert "no service" in listener.until(ev.Notice, level="error").text
    assert runtime.model == before
    runtime.set_model(script({"text": "b"}, name="other"))
    listener.until(ev.ModelChanged)
    runtime.submit("two")
    listener.until(ev.RunFinished, text="b")
    assert runtime.model.endswith("other.json")
    assert len(runtime.history()) == 4


def test_a_small_model_gets_a_lighter_outfit(open_runtime, script) -> None:
    """Switching to the local extra's model and back changes tools and prompt with it."""
    access = {"ALLOY_LOCAL_BASE_URL": "http://127.0.0.1:9/v1"}
    runtime, listener = open_runtime(script({"text": "a"}), environment=access)
    runtime.set_model("local/smollm2-135m")
    changed = listener.until(ev.AgentConfigured)
    assert set(changed.what) == {"tools", "system_prompt"}
    listener.seen.clear()
    runtime.set_model(script({"text": "b"}, name="other"))
    listener.until(ev.AgentConfigured)


def test_reset_ends_what_runs(open_runtime, script) -> None:
    """The run is cancelled, the queue emptied, the history gone."""
    waits = {"text": "first words", "chunk": 5, "chunk_delay_ms": 600_000}
    runtime, listener = open_runtime(script(waits))
    runtime.submit("one")
    listener.until(ev.TextDelta)
    runtime.submit("two")
    runtime.reset()
    listener.until(ev.HistoryReset)
    assert runtime.history() == ()
    assert runtime.queued() == ()


def test_a_start_that_fails_says_why_and_can_be_mended(open_runtime, script) -> None:
    """No model: an error in words; choosing another one begins."""
    runtime, listener = open_runtime("nowhere/x")
    assert "no service" in listener.until(ev.Notice, level="error").text
    request = runtime.submit("hi")
    listener.until(ev.Notice, level="error")
    runtime.set_model(script({"text": "a"}))
    listener.until(ev.AgentStarted)
    assert runtime.refusal(request) is not None
    runtime.submit("again")
    assert listener.until(ev.RunFinished).text == "a"


def test_a_full_queue_is_a_notice(open_runtime, script) -> None:
    """What is not taken is told by its request id."""
    waits = {"text": "first words", "chunk": 5, "chunk_delay_ms": 600_000}
    runtime, listener = open_runtime(script(waits))
    runtime.submit("one")
    listener.until(ev.TextDelta)
    requests = [runtime.submit(str(n)) for n in range(17)]
    listener.until(ev.Notice, level="error")
    assert runtime.refusal(requests[-1]) is not None
    assert runtime.refusal(requests[0]) is None


def test_the_demo_has_a_folder_of_its_own_which_goes(open_runtime, tmp_path: Path) -> None:
    """Nothing is written where the user is; the scratch folder is deleted at the end."""
    runtime, listener = open_runtime(None, demo=True)
    scratch = Path(runtime.cwd)
    listener.until(ev.AgentStarted)
    assert runtime.choice.kind == "demo"
    assert (scratch / "prices.py").exists()
    assert scratch != tmp_path
    runtime.close()
    assert not scratch.exists()


def test_the_first_start_is_noted_once(open_runtime, script) -> None:
    """The long welcome is for the first time; a script is not remembered as a model."""
    runtime, listener = open_runtime(script({"text": "a"}))
    listener.until(ev.AgentStarted)
    assert runtime.choice.first_run
    assert State(locate(), pytest.fail).last_model() is None


def test_closing_while_a_tool_runs_leaves_nothing(open_runtime, script) -> None:
    """Close is quick and ends the command; the fixture for processes checks the rest."""
    call = {"tool_calls": [{"name": "bash", "arguments": {"command": "sleep 600 & sleep 600"}}]}
    runtime, listener = open_runtime(script(call))
    runtime.set_approval_mode("all")
    runtime.submit("go")
    listener.until(ev.ToolStarted)
    runtime.close()
    runtime.close()
    assert not runtime.stuck


def test_closing_before_and_without_a_start_is_harmless(open_runtime, script) -> None:
    """Every order of calls is allowed."""
    runtime, _ = open_runtime(script({"text": "a"}), start=False)
    runtime.submit("x")
    runtime.close()
    runtime.submit("y")
    runtime.cancel()


def test_a_slow_reader_slows_the_model_and_loses_nothing(tmp_path: Path, script) -> None:
    """With a tiny mailbox a long answer arrives whole, and never much of it waits."""
    from alloy_tui.runtime.mailbox import EventMailbox

    mailbox = EventMailbox(max_chars=100)
    plan = Plan(
        load_settings({}),
        locate(),
        str(tmp_path),
        asked_model=script({"text": "0123456789" * 500, "chunk": 10}),
    )
    runtime = Runtime(plan, mailbox=mailbox)
    listener = Listener(runtime)
    try:
        runtime.start()
        runtime.submit("x")
        end = listener.until(ev.RunFinished)
        said = [e.event.text for e in listener.seen if isinstance(e.event, ev.TextDelta)]
        assert "".join(said) == end.text == "0123456789" * 500
        assert max(map(len, said)) <= 110
    finally:
        runtime.close()


def test_an_engine_that_cannot_start_says_so(open_runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    """A broken installation refuses requests in words; nobody waits for ever."""
    monkeypatch.setitem(sys.modules, "alloy_tui.runtime.engine", None)
    runtime, listener = open_runtime("scripted/never-read.json")
    request = runtime.submit("hi")
    assert "did not start" in listener.until(ev.Notice, level="error").text
    refusal = runtime.refusal(request)
    assert refusal is not None
    assert "did not start" in refusal.message
