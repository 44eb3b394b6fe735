"""Sessions of pi: a tree with labels, names and summaries."""

from __future__ import annotations

from typing import Any

import pytest

from alloy_tui.domain.messages import ThinkingBlock
from alloy_tui.sessions.nodes import Answer, Compaction, Graft, ModelSwitch
from tests.sessions.importing.lines import START, Brought, lines

HEAD = {"type": "session", "version": 3, "id": "one", "timestamp": START, "cwd": "/project"}


def entry(kind: str, id_: str, parent: str | None, **more: Any) -> dict[str, Any]:
    """A line of the tree."""
    return {"type": kind, "id": id_, "parentId": parent, "timestamp": START, **more}


def asked(id_: str, parent: str | None, words: str) -> dict[str, Any]:
    """What a person said."""
    return entry("message", id_, parent, message={"role": "user", "content": words})


def answered(id_: str, parent: str, *content: Any, **more: Any) -> dict[str, Any]:
    """What a model said."""
    message = {
        "role": "assistant",
        "content": list(content),
        "provider": "anthropic",
        "model": "claude-sonnet-5-5",
        "usage": {
            "input": 5,
            "output": 2,
            "cacheRead": 1,
            "cacheWrite": 0,
            "cost": {"total": 0.25},
        },
        "stopReason": "stop",
        **more,
    }
    return entry("message", id_, parent, message=message)


def text(words: str) -> dict[str, Any]:
    """A text block."""
    return {"type": "text", "text": words}


def test_a_tree_with_everything_in_it() -> None:
    """Branches, a label, a name, a summary of the branch that was left, a change of model."""
    got = Brought(
        lines(
            HEAD,
            entry("thinking_level_change", "l0", None, thinkingLevel="high"),
            asked("u1", "l0", "first"),
            answered("a1", "u1", {"type": "thinking", "thinking": "hm"}, text("one")),
            asked("u2", "a1", "second"),
            answered("a2", "u2", text("two"), stopReason="aborted"),
            entry("branch_summary", "s1", "a1", fromId="a2", summary="Tried two."),
            asked("u3", "s1", "third"),
            entry("label", "k1", "u3", targetId="u2", label="dead end"),
            entry("session_info", "n1", "k1", name="A name"),
            entry("model_change", "m1", "n1", provider="openai", modelId="gpt-9"),
            asked("u4", "m1", "fourth"),
        )
    )
    assert got.kinds() == ["user", "answer", "graft", "user", "model", "user"]
    answer, graft, switch = (got.entries()[n].node for n in (1, 2, 4))
    assert isinstance(answer, Answer)
    assert answer.message.blocks[0] == ThinkingBlock("hm")
    assert (answer.cost, answer.usage.prompt) == (0.25, 6)
    left = got.tree.tips()[0]
    assert isinstance(graft, Graft)
    assert (graft.from_session, graft.from_node) == (got.report.session, left)
    assert isinstance(switch, ModelSwitch)
    assert switch.to_model == "openai/gpt-9"
    cut = got.entries(left)[-1].node
    assert isinstance(cut, Answer)
    assert cut.message.incomplete == "cancelled"
    assert list(got.tree.labels.values()) == ["dead end"]
    assert got.store.session(got.report.session).title == "A name"
    got.check_every_path()


def test_calls_and_what_a_person_ran_in_the_shell() -> None:
    """Results pair with their calls; a command left out of the context is a note."""
    call = {"type": "toolCall", "id": "t1", "name": "bash", "arguments": {"command": "ls"}}
    result = {
        "role": "toolResult",
        "toolCallId": "t1",
        "toolName": "bash",
        "content": [text("files")],
        "isError": False,
    }
    ran = {"role": "bashExecution", "command": "make", "output": "error", "exitCode": 2}
    got = Brought(
        lines(
            HEAD,
            asked("u1", None, "look"),
            answered("a1", "u1", call),
            entry("message", "r1", "a1", message=result),
            entry("message", "b1", "r1", message=ran),
            entry("message", "b2", "b1", message={**ran, "excludeFromContext": True}),
            asked("u2", "b2", "see?"),
        )
    )
    assert got.kinds() == ["user", "answer", "tool_result", "user", "user"]
    last = got.view()[-1]
    assert last.tool_results[0].text == "files"
    assert "(exit code 2)" in last.text
    assert got.tree.of_kind("note")


def test_a_compaction_keeps_what_it_kept_there() -> None:
    """From the entry that it names."""
    got = Brought(
        lines(
            HEAD,
            asked("u1", None, "old"),
            answered("a1", "u1", text("older")),
            asked("u2", "a1", "kept"),
            answered("a2", "u2", text("also kept")),
            entry("compaction", "c1", "a2", summary="S", firstKeptEntryId="u2", tokensBefore=9),
            asked("u3", "c1", "new"),
        )
    )
    compaction = got.entries()[4].node
    assert isinstance(compaction, Compaction)
    assert compaction.tokens_before == 9
    # The summary and the message kept after it are both a user's, and are joined.
    assert [m.text for m in got.view()] == ["Skept", "also kept", "new"]


@pytest.mark.parametrize("version", [None, 1])
def test_the_first_version_had_no_tree(version: int | None) -> None:
    """One line follows the other."""
    head = {k: v for k, v in HEAD.items() if k != "version"} | ({"version": 1} if version else {})
    got = Brought(
        lines(
            head,
            {"type": "message", "timestamp": START, "message": {"role": "user", "content": "a"}},
            {
                "type": "message",
                "timestamp": START,
                "message": {"role": "assistant", "content": [text("b")], "model": "m"},
            },
        )
    )
    assert got.kinds() == ["user", "answer"]


def test_an_orphan_follows_what_came_before_it() -> None:
    """And is counted."""
    got = Brought(lines(HEAD, asked("u1", None, "a"), "{broken", asked("u3", "u2", "c")))
    assert (got.report.skipped, got.report.rehung) == (1, 1)
    assert len(got.tree.path(got.tree.leaf)) == 2
