"""Races and grafts: branches that grow beside one another, and what one brings to another."""

from __future__ import annotations

import http.server
import json
import queue
import threading
from pathlib import Path
from typing import Any

from alloy_tui.domain import events as ev
from alloy_tui.runtime.branch_values import Racer
from tests.runtime.test_tree_port import asked, at, page, talked, tree, words


def race(runtime: Any, text: str, *models: str) -> list[Racer]:
    """What `then` is told last."""
    told: queue.Queue[Any] = queue.Queue()
    runtime.tree.race(text, models, told.put)
    while True:
        now = told.get(timeout=20)
        if now is None or all(racer.over for racer in now):
            return now


def test_racers_answer_beside_each_other_and_one_is_picked(open_runtime, script) -> None:
    """The leaf stays; each answer has a branch and a model of its own; picking is a switch."""
    mine = script({"text": "a"})
    models = [script({"text": f"answer {n}"}, name=f"racer-{n}") for n in (1, 2, 3)]
    runtime, listener = open_runtime(mine)
    runtime.submit("1")
    listener.until(ev.RunFinished)
    leaf = runtime.tree.state.leaf
    racers = race(runtime, "which?", *models)
    assert [r.model for r in racers] == models
    assert not any(r.failed for r in racers)
    assert runtime.tree.state.leaf == leaf
    assert words(page(runtime)) == ["1", "a"]
    heard = {e.agent for e in listener.seen} | {e.agent for e in runtime.drain(100_000)}
    assert {r.agent for r in racers} <= heard
    titles = {n.id: n.title for n in tree(runtime).nodes}
    assert [titles[r.node or ""] for r in racers] == ["answer 1", "answer 2", "answer 3"]
    runtime.tree.switch(racers[1].node)
    listener.until(ev.ModelChanged, to_model=models[1])
    found = page(runtime)
    assert [i.kind for i in found.items] == ["user", "answer", "user", "model", "answer"]
    assert words(found) == ["1", "a", "which?", "answer 2"]
    assert len(found.items[2].siblings) == 3
    assert runtime.model == models[1]


def test_a_race_may_begin_a_session(open_runtime, script) -> None:
    runtime, _ = open_runtime(script({"text": "a"}))
    racers = race(runtime, "which?", *(script({"text": n}, name=n) for n in ("x", "y")))
    assert all(r.over for r in racers)
    assert runtime.tree.state.title == "which?"
    assert page(runtime).items == ()


def test_one_that_cannot_run_spoils_no_other(open_runtime, script) -> None:
    runtime, _ = open_runtime(script({"text": "a"}))
    good, bad = race(runtime, "which?", script({"text": "x"}, name="x"), "nowhere/model")
    assert (good.failed, bad.node) == ("", None)
    assert "no service" in bad.failed


def test_racers_change_nothing(open_runtime, script, tmp_path: Path) -> None:
    call = {"tool_calls": [{"name": "bash", "arguments": {"command": "touch made"}}]}
    runtime, _ = open_runtime(script({"text": "a"}))
    runtime.set_approval_mode("all")
    models = [script(call, {"text": "done"}, name=n) for n in ("x", "y")]
    assert not any(r.failed for r in race(runtime, "make it", *models))
    assert not (tmp_path / "made").exists()


def test_cancelling_ends_all_of_them_and_keeps_what_came(open_runtime, script) -> None:
    waits = {"text": "first words", "chunk": 5, "chunk_delay_ms": 600_000}
    runtime, listener = open_runtime(script({"text": "a"}))
    told: queue.Queue[Any] = queue.Queue()
    models = [script(waits, name=n) for n in ("x", "y")]
    runtime.tree.race("slow", models, told.put)
    seen: set[str] = set()
    while len(seen) < 2:
        listener.until(ev.TextDelta)
        seen |= {e.agent for e in listener.seen if isinstance(e.event, ev.TextDelta)}
        listener.seen.clear()
    runtime.cancel()
    racers: list[Racer] = told.get(timeout=20)
    while not all(r.over for r in racers):
        racers = told.get(timeout=20)
    assert [r.failed for r in racers] == ["cancelled", "cancelled"]
    broken = [n.title for n in tree(runtime).nodes if n.kind == "answer"]
    assert broken == ["first", "first"]


def test_a_race_needs_two_models(open_runtime, script) -> None:
    runtime, listener = open_runtime(script({"text": "a"}))
    assert race(runtime, "x", "scripted/one.json") is None
    assert "between 2 and" in listener.until(ev.Notice).text


def two_branches(open_runtime, script, *more: str) -> Any:
    """A branch that ends with "b" was left; we stand at "c"."""
    runtime, listener = talked(open_runtime, script, "a", "b", "c", *more)
    left = at(runtime, "b")
    runtime.tree.rewind(at(runtime, "2"))
    runtime.submit("3")
    listener.until(ev.RunFinished, text="c")
    listener.seen.clear()
    return runtime, listener, left


def test_an_answer_is_brought_from_another_branch(open_runtime, script) -> None:
    runtime, listener, left = two_branches(open_runtime, script, "d")
    runtime.tree.graft(left, "answer")
    listener.until(ev.LeafMoved)
    assert page(runtime).items[-1].kind == "graft"
    assert tree(runtime).nodes[-1].title == "answer of another branch"
    runtime.submit("and?")
    listener.until(ev.RunFinished, text="d")
    brought = runtime.history()[-3].text
    assert "from another branch" in brought
    assert "b" in brought


def test_a_summary_is_brought_from_another_branch(open_runtime, script) -> None:
    """The model writes it, unheard; what it wrote is what the next request knows."""
    runtime, listener, left = two_branches(open_runtime, script)
    used = {"input": 500, "output": 20}
    summary = {"expect": "Summarise", "text": "In short: b.", "usage": used}
    runtime.set_model(script(summary, name="other"))
    runtime.tree.graft(left, "summary")
    listener.until(ev.LeafMoved)
    (graft,) = [i for i in page(runtime).items if i.kind == "graft"]
    assert "In short: b." in graft.messages[0].text
    assert "TextDelta" not in listener.texts()
    spent = asked(runtime.providers.spent)
    assert spent.turns[-1].model.endswith("other.json")
    assert (spent.turns[-1].usage.input, spent.turns[-1].usage.output) == (500, 20)
    node = tree(runtime).nodes[-1]
    assert (node.tokens, node.title) == (520, "summary of another branch")


def test_what_is_here_already_is_not_brought(open_runtime, script) -> None:
    runtime, listener, _ = two_branches(open_runtime, script)
    runtime.tree.graft(at(runtime, "a"), "answer")
    assert "already" in listener.until(ev.Notice).text
    assert asked(runtime.tree.view) is not None


def test_racers_think_as_hard_as_the_model_that_talks(open_runtime, script) -> None:
    """The level that was chosen since the start, not the one of the settings."""
    asked_for: list[object] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            size = int(self.headers["content-length"])
            asked_for.append(json.loads(self.rfile.read(size)).get("reasoning_effort"))
            chunk = {"choices": [{"index": 0, "delta": {"content": "x"}, "finish_reason": "stop"}]}
            said = f"data: {json.dumps(chunk)}\n\ndata: [DONE]\n\n".encode()
            self.send_response(200)
            self.send_header("content-type", "text/event-stream")
            self.send_header("content-length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            address = f"http://127.0.0.1:{server.server_port}/v1"
            environment = {"ALLOY_COMPAT_BASE_URL": address}
            runtime, listener = open_runtime(script({"text": "a"}), environment=environment)
            listener.until(ev.AgentStarted)
            runtime.providers.set_effort("high")
            racers = race(runtime, "which?", "compat/one", "compat/two")
        finally:
            server.shutdown()
            thread.join()
    assert [r.failed for r in racers] == ["", ""]
    assert asked_for == ["high", "high"]
