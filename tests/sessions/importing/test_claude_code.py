"""Sessions of Claude Code: answers in pieces, results beside them, branches by parent."""

from __future__ import annotations

from typing import Any

from alloy_tui.domain.messages import ThinkingBlock
from alloy_tui.sessions.nodes import Answer, Compaction, ToolResult, UserMessage
from tests.sessions.importing.lines import START, Brought, lines


def line(kind: str, uuid: str, parent: str | None, **more: Any) -> dict[str, Any]:
    """A line with what every one of them has."""
    return {
        "type": kind,
        "uuid": uuid,
        "parentUuid": parent,
        "sessionId": "one",
        "cwd": "/project",
        "timestamp": START,
        "isSidechain": False,
        **more,
    }


def asked(uuid: str, parent: str | None, content: Any, **more: Any) -> dict[str, Any]:
    """What a person said, or tools brought."""
    return line("user", uuid, parent, message={"role": "user", "content": content}, **more)


def piece(uuid: str, parent: str | None, answer: str, block: Any, **more: Any) -> dict[str, Any]:
    """One block of an answer."""
    message = {
        "id": answer,
        "role": "assistant",
        "model": "claude-sonnet-5-5",
        "content": [block],
        "usage": {"input_tokens": 3, "cache_read_input_tokens": 50, "output_tokens": 9},
    }
    return line("assistant", uuid, parent, message=message, **more)


def text(words: str) -> dict[str, Any]:
    """A text block."""
    return {"type": "text", "text": words}


def use(id_: str, name: str = "Bash", **given: Any) -> dict[str, Any]:
    """A tool call."""
    return {"type": "tool_use", "id": id_, "name": name, "input": given}


def result(id_: str, words: Any = "done", **more: Any) -> list[dict[str, Any]]:
    """What a call brought."""
    return [{"type": "tool_result", "tool_use_id": id_, "content": words, **more}]


def test_an_answer_in_pieces_is_one_answer() -> None:
    """Thinking, words and two calls become one; its results stand behind it."""
    got = Brought(
        lines(
            {"type": "file-history-snapshot", "messageId": "x"},
            asked("u1", None, "look"),
            piece("a1", "u1", "m1", {"type": "thinking", "thinking": "hm", "signature": "S"}),
            piece("a2", "a1", "m1", text("I look.")),
            piece("a3", "a2", "m1", use("t1", command="ls")),
            piece("a4", "a3", "m1", use("t2", "Read", file_path="a")),
            asked("r1", "a3", result("t1", [text("files")])),
            asked("r2", "a4", result("t2", "gone", is_error=True)),
            piece("a5", "r1", "m2", text("Two files.")),
        )
    )
    assert got.kinds() == ["user", "answer", "tool_result", "tool_result", "answer"]
    answer = got.entries()[1].node
    assert isinstance(answer, Answer)
    assert answer.model == "anthropic/claude-sonnet-5-5"
    assert answer.usage.prompt == 53
    assert answer.message.blocks[0] == ThinkingBlock("hm")
    assert [c.name for c in answer.message.tool_calls] == ["Bash", "Read"]
    failed = got.entries()[3].node
    assert isinstance(failed, ToolResult)
    assert (failed.name, failed.result.is_error) == ("Read", True)
    assert [len(m.blocks) for m in got.view()] == [1, 4, 2, 1]
    assert got.report.rehung == got.report.skipped == 0
    info = got.store.session(got.report.session)
    assert (info.cwd, info.preview) == ("/project", "look")


def test_results_that_come_between_the_pieces_still_belong_to_one_answer() -> None:
    """A tool may be done while the answer is still written."""
    got = Brought(
        lines(
            asked("u1", None, "go"),
            piece("a1", "u1", "m1", use("t1")),
            asked("r1", "a1", result("t1")),
            piece("a2", "a1", "m1", use("t2")),
            asked("r2", "a2", result("t2")),
            piece("a3", "r2", "m2", text("done")),
        )
    )
    assert got.kinds() == ["user", "answer", "tool_result", "tool_result", "answer"]
    assert len(got.tree.tips()) == 1


def test_branches_stay_branches() -> None:
    """A prompt that was edited hangs below what came before it, and the latest is the leaf."""
    got = Brought(
        lines(
            asked("u1", None, "first"),
            piece("a1", "u1", "m1", text("one")),
            line("system", "s1", "a1", subtype="turn_duration"),
            asked("u2", "s1", "second"),
            piece("a2", "u2", "m2", text("two")),
            asked("u3", "s1", "second, said better"),
            piece("a3", "u3", "m3", text("three")),
        )
    )
    assert got.report.branches == 2
    assert [m.text for m in got.view()] == ["first", "one", "second, said better", "three"]
    one, other = got.tree.tips()
    assert got.tree.common_ancestor(one, other) == got.tree.path(one)[1]


def test_a_subagent_runs_beside_the_conversation() -> None:
    """Its messages are a branch of their own and never where the conversation stands."""
    got = Brought(
        lines(
            asked("u1", None, "delegate"),
            piece("a1", "u1", "m1", use("t1", "Task")),
            asked("x1", None, "sub prompt", isSidechain=True),
            piece("y1", "x1", "m9", use("t9"), isSidechain=True),
            asked("z1", "y1", result("t9"), isSidechain=True),
            asked("r1", "a1", result("t1", "report")),
            piece("y2", "z1", "m10", text("sub done"), isSidechain=True),
        )
    )
    assert got.kinds() == ["user", "answer", "tool_result"]
    side = next(t for t in got.tree.tips() if t != got.tree.leaf)
    assert got.kinds(side) == ["user", "answer", "tool_result", "answer"]
    assert got.entries(side)[0].agent == "subagent"
    assert got.entries()[2].node.result.text == "report"  # type: ignore[union-attr] -- kinds say


def test_a_subagent_s_own_file_is_a_conversation() -> None:
    """There is nothing that it could run beside."""
    got = Brought(
        lines(
            asked("x1", None, "sub prompt", isSidechain=True, agentId="a7"),
            piece("y1", "x1", "m9", text("sub done"), isSidechain=True, agentId="a7"),
        )
    )
    assert got.kinds() == ["user", "answer"]


def test_a_compaction_stands_for_what_came_before() -> None:
    """The summary follows the boundary, and the boundary the last message before it."""
    got = Brought(
        lines(
            asked("u1", None, "long story"),
            piece("a1", "u1", "m1", text("indeed")),
            line("system", "b1", None, subtype="compact_boundary", logicalParentUuid="a1"),
            asked(
                "c1",
                "b1",
                "Summary: a story.",
                isCompactSummary=True,
                compactMetadata={"preTokens": 1000, "postTokens": 10},
            ),
            asked("u2", "c1", "go on"),
        )
    )
    assert got.kinds() == ["user", "answer", "compaction", "user"]
    compaction = got.entries()[2].node
    assert isinstance(compaction, Compaction)
    assert (compaction.tokens_before, compaction.tokens_after) == (1000, 10)
    assert got.view()[0].text.startswith("Summary")
    assert "long story" not in got.view()[0].text


def test_what_the_program_said_in_a_person_s_place_is_marked() -> None:
    """Titles given by people count more than those made up."""
    got = Brought(
        lines(
            {"type": "summary", "summary": "made up", "leafUuid": "a"},
            asked("u0", None, "<caveat>", isMeta=True),
            asked("u1", "u0", "hello"),
            {"type": "custom-title", "customTitle": "given", "sessionId": "one"},
            {"type": "ai-title", "aiTitle": "also made up", "sessionId": "one"},
        )
    )
    first = got.entries()[0].node
    assert isinstance(first, UserMessage)
    assert first.message.synthetic
    assert got.store.session(got.report.session).title == "given"


def test_damage_costs_lines_and_a_lost_parent_its_place() -> None:
    """The rest comes along, and calls without a result get one in what a model is shown."""
    got = Brought(
        lines(
            asked("u1", None, "hello"),
            '{"type":"assistant","uuid":"a1","parentUu',
            "\x00\x00\x00",
            asked("u2", "a1", "still there?"),
            piece("a2", "u2", "m2", use("t1")),
            asked("u3", "a2", "no result came"),
            asked("r9", "u3", result("t-unknown")),
        )
    )
    assert (got.report.skipped, got.report.rehung) == (1, 1)
    assert got.kinds() == ["user", "user", "answer", "user", "tool_result"]
    got.check_every_path()
    assert "Interrupted" in got.view()[2].tool_results[0].text


def test_lines_that_a_resumed_session_repeats_count_once() -> None:
    """By their ids."""
    first = [asked("u1", None, "hello"), piece("a1", "u1", "m1", text("hi"))]
    got = Brought(lines(*first, *first, asked("u2", "a1", "more")))
    assert got.kinds() == ["user", "answer", "user"]
    assert got.report.branches == 1


def test_images_come_along() -> None:
    """Those in base64; a broken one is told in words."""
    source = {"type": "base64", "media_type": "image/png", "data": "iVBORw=="}
    broken = {"type": "base64", "media_type": "image/png", "data": "?"}
    parts = [{"type": "image", "source": source}, {"type": "image", "source": broken}, text("see")]
    got = Brought(lines(asked("u1", None, parts)))
    kinds = [type(b).__name__ for b in got.view()[0].blocks]
    assert kinds == ["ImageBlock", "TextBlock", "TextBlock"]


def test_a_subagents_own_file_stands_below_the_call_that_began_it() -> None:
    """Also one that another subagent called, in whatever order the files come."""
    side = {"isSidechain": True, "agentId": "x"}
    main = lines(
        asked("u1", None, "look around"),
        piece("a1", "u1", "m1", use("t1", "Agent", prompt="look")),
        asked("r1", "a1", result("t1", "seen")),
        piece("a2", "r1", "m2", text("All seen.")),
    )
    first = lines(
        asked("s1", None, "look", **side),
        piece("s2", "s1", "n1", use("t2", "Agent", prompt="closer"), **side),
        asked("s3", "s2", result("t2", "close"), **side),
        piece("s4", "s3", "n2", text("seen"), **side),
    )
    second = lines(
        asked("d1", None, "closer", **side), piece("d2", "d1", "o1", text("close"), **side)
    )
    got = Brought(main, ("t2", second), ("t1", first))
    assert got.kinds() == ["user", "answer", "tool_result", "answer"]
    tips = {tip: got.entries(tip) for tip in got.tree.tips()}
    paths = sorted([e.node.kind for e in path] for path in tips.values() if path[-1].aside)
    asides = [[e for e in path if e.aside] for path in tips.values() if path[-1].aside]
    assert paths == [
        ["user", "answer", "user", "answer", "tool_result", "answer"],
        ["user", "answer", "user", "answer", "user", "answer"],
    ]
    assert all(entry.agent == "subagent" for path in asides for entry in path)
    got.check_every_path()


def test_a_subagent_that_nobody_called_comes_along_too() -> None:
    """A call that was cut off with the file."""
    side = {"isSidechain": True, "agentId": "x"}
    lost = lines(asked("s1", None, "look", **side), "broken")
    got = Brought(lines(asked("u1", None, "hi"), piece("a1", "u1", "m1", text("Hi."))), ("", lost))
    assert got.kinds() == ["user", "answer"]
    assert (got.report.branches, got.report.skipped) == (2, 1)


def test_what_the_program_said_for_itself_is_nobodys_words() -> None:
    """Slash commands and what they printed; the name comes from a person."""
    got = Brought(
        lines(
            asked("u1", None, "<command-name>/init</command-name>"),
            asked("u2", "u1", "<local-command-stdout>done</local-command-stdout>"),
            asked("u3", "u2", "fix the tests\nplease"),
            asked("u4", "u3", "<task-notification>over</task-notification>"),
        )
    )
    users = [e.node for e in got.entries() if isinstance(e.node, UserMessage)]
    assert [u.message.synthetic for u in users] == [True, True, False, True]
    assert got.store.session(got.report.session).title == "fix the tests"
