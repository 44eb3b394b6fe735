"""What the model is shown of a path."""

from __future__ import annotations

from alloy_tui.domain import transcript
from alloy_tui.domain.messages import (
    ChatMessage,
    TextBlock,
    ToolCallBlock,
    ToolResultBlock,
    user,
)
from alloy_tui.sessions.memory import MemoryStore
from alloy_tui.sessions.nodes import (
    Answer,
    Compaction,
    Graft,
    ModelSwitch,
    ToolResult,
    UserMessage,
)
from alloy_tui.sessions.view import INTERRUPTED, view
from tests.sessions.conftest import Talk


def calls(*names: str, incomplete: str | None = None) -> Answer:
    blocks = tuple(ToolCallBlock(n, "read", {}) for n in names)
    return Answer(ChatMessage("assistant", (TextBlock("so"), *blocks), "s/m", incomplete), "s/m")


def result(call: str, text: str = "done") -> ToolResult:
    return ToolResult(ToolResultBlock(call, (TextBlock(text),)), "read")


def seen(talk: Talk) -> tuple[ChatMessage, ...]:
    shown = view(talk.tree, lambda ids: talk.store.read(talk.session, ids), talk.tree.leaf)
    if shown:
        transcript.check(shown, continuing=True)
    return shown


def test_results_stand_in_call_order_however_they_came_in() -> None:
    talk = Talk.begin(MemoryStore())
    talk.ask("go")
    talk.put(calls("a", "b"))
    talk.put(result("b", "second"))
    talk.put(UserMessage(user("and hurry")))
    talk.put(result("a", "first"))
    last = seen(talk)[-1]
    assert [r.text for r in last.tool_results] == ["first", "second"]
    assert last.text == "and hurry"


def test_a_call_without_a_result_was_interrupted_and_may_have_worked() -> None:
    talk = Talk.begin(MemoryStore())
    talk.ask("go")
    talk.put(calls("a", "b"))
    talk.put(result("a"))
    answered = seen(talk)[-1].tool_results
    assert [(r.text, r.is_error) for r in answered] == [("done", False), (INTERRUPTED, True)]


def test_a_call_of_a_cut_answer_never_ran() -> None:
    talk = Talk.begin(MemoryStore())
    talk.ask("go")
    talk.put(calls("a", incomplete="cancelled"))
    assert [r.text for r in seen(talk)[-1].tool_results] == [transcript.NOT_RUN]


def test_a_compaction_stands_for_all_before_it_but_what_it_keeps() -> None:
    talk = Talk.begin(MemoryStore())
    talk.ask("long ago")
    kept = talk.ask("still here")
    talk.answer("yes")
    talk.put(Compaction((user("summary"),), 900, 20, kept_from=kept.id))
    talk.ask("now")
    assert [m.text for m in seen(talk)] == ["summarystill here", "yes", "now"]
    talk.put(Compaction((user("all of it"),), 900, 20))
    assert [m.text for m in seen(talk)] == ["all of it"]


def test_a_graft_speaks_and_a_model_switch_does_not() -> None:
    talk = Talk.begin(MemoryStore())
    talk.ask("go")
    talk.answer("well")
    talk.put(ModelSwitch("s/m", "s/n"))
    talk.put(Graft("s", "n", "answer", (user("from the other branch"),)))
    assert [m.text for m in seen(talk)] == ["go", "well", "from the other branch"]


def test_an_empty_path_shows_nothing() -> None:
    assert seen(Talk.begin(MemoryStore())) == ()
