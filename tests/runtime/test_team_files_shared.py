"""Files that the conversation's own agent and those of a team both change."""

from __future__ import annotations

from typing import Any

from alloy_tui.domain import events as ev
from alloy_tui.domain import team_events as te
from tests.runtime.team_stage import Stage, until_view

WAITS = {"text": "wait", "delay_ms": 600_000}


def calls(name: str, **arguments: Any) -> dict[str, Any]:
    return {"tool_calls": [{"name": name, "arguments": arguments}]}


def write(text: str) -> dict[str, Any]:
    return calls("write", file_path="x.txt", content=text)


def test_the_main_agent_keeps_to_the_leases_of_the_team(stage: Stage) -> None:
    """What another is changing is refused in words, and untouched."""
    stage.team("crew", {"coder": [write("of coder\n"), WAITS]})
    reads = calls("read", file_path="x.txt")
    runtime, listener = stage.opened("crew", reads, write("of main\n"), {"text": "Refused."})
    runtime.set_approval_mode("all")
    runtime.team.delegate("delegate", ["coder"], "go")
    until_view(runtime, listener, lambda v: [lease.holder for lease in v.leases] == ["coder"])
    runtime.submit("write it, too")
    listener.until(ev.RunFinished, text="Refused.")
    (ended,) = [
        e.event
        for e in listener.seen
        if isinstance(e.event, ev.ToolFinished) and (e.agent, e.event.name) == ("agent", "write")
    ]
    assert ended.is_error
    assert "coder is changing" in str(ended.content)
    assert (stage.folder / "x.txt").read_text() == "of coder\n"
    view = until_view(runtime, listener, lambda v: v.collisions)
    assert [(c.agent, c.holder) for c in view.collisions] == [("agent", "coder")]


def test_work_on_a_file_that_was_written_can_be_passed_on(stage: Stage) -> None:
    """Who waits stands in nobody's way, and gives back what it holds when it is done."""
    edit = calls("edit", file_path="x.txt", old_string="main", new_string="coder")
    stage.team("crew", {"coder": [calls("read", file_path="x.txt"), edit, {"text": "mended"}]})
    gives = calls("delegate", agent="coder", tasks=["mend x.txt"])
    runtime, listener = stage.opened("crew", write("of main\n"), gives, {"text": "all done"})
    runtime.set_approval_mode("all")
    runtime.submit("write it and have it mended")
    assert listener.until(te.DelegationFinished).text == "mended"
    listener.until(ev.RunFinished, text="all done")
    assert (stage.folder / "x.txt").read_text() == "of coder\n"
    until_view(runtime, listener, lambda v: not v.leases)
