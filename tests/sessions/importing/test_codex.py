"""Sessions of Codex: one thing after another, and what was rolled back beside it."""

from __future__ import annotations

import json
from typing import Any

from alloy_tui.domain.messages import ImageBlock, TextBlock, ThinkingBlock
from alloy_tui.sessions.nodes import Answer, ToolResult, UserMessage
from tests.sessions.importing.lines import START, Brought, lines


def line(kind: str, **payload: Any) -> dict[str, Any]:
    """A line in its envelope."""
    return {"timestamp": START, "type": kind, "payload": payload}


def item(kind: str, **more: Any) -> dict[str, Any]:
    """A part of the conversation."""
    return line("response_item", type=kind, **more)


def event(kind: str, **more: Any) -> dict[str, Any]:
    """Something that happened."""
    return line("event_msg", type=kind, **more)


def said(role: str, words: str) -> dict[str, Any]:
    """A message."""
    kind = "output_text" if role == "assistant" else "input_text"
    return item("message", role=role, content=[{"type": kind, "text": words}])


META = line("session_meta", id="one", cwd="/project", model_provider="openai", cli_version="1")
CONTEXT = line("turn_context", cwd="/project", model="gpt-9-codex")


def test_a_turn_with_tools() -> None:
    """Reasoning, words and calls are one answer; usage is told without what was cached."""
    usage = {"input_tokens": 100, "cached_input_tokens": 60, "output_tokens": 7}
    shell = json.dumps({"output": "no such file", "metadata": {"exit_code": 1}})
    got = Brought(
        lines(
            META,
            said("developer", "be good"),
            said("user", "<environment_context>linux</environment_context>"),
            CONTEXT,
            said("user", "list"),
            event("user_message", message="list"),
            item("reasoning", summary=[{"type": "summary_text", "text": "hm"}], content=None),
            said("assistant", "I look."),
            item("function_call", name="shell", arguments='{"cmd":"ls"}', call_id="c1"),
            item("custom_tool_call", name="apply_patch", input="*** Begin", call_id="c2"),
            event("token_count", info={"last_token_usage": usage}),
            item("function_call_output", call_id="c1", output=shell),
            item(
                "custom_tool_call_output",
                call_id="c2",
                output=[{"type": "input_text", "text": "ok"}],
            ),
            said("assistant", "Done."),
        )
    )
    assert got.kinds() == ["user", "user", "answer", "tool_result", "tool_result", "answer"]
    harness, _, answer, shell_result, patched, _ = (e.node for e in got.entries())
    assert isinstance(harness, UserMessage)
    assert harness.message.synthetic
    assert isinstance(answer, Answer)
    assert answer.message.blocks[0] == ThinkingBlock("hm")
    assert (answer.usage.input, answer.usage.cache_read, answer.usage.output) == (40, 60, 7)
    assert answer.model == "openai/gpt-9-codex"
    assert answer.message.tool_calls[1].arguments == {"input": "*** Begin"}
    assert isinstance(shell_result, ToolResult)
    assert (shell_result.result.text, shell_result.result.is_error) == ("no such file", True)
    assert isinstance(patched, ToolResult)
    assert (patched.name, patched.result.text) == ("apply_patch", "ok")
    assert got.store.session(got.report.session).cwd == "/project"
    got.check_every_path()


def test_turns_that_were_rolled_back_are_a_branch() -> None:
    """What comes next follows the turn before them; nothing is lost."""
    got = Brought(
        lines(
            META,
            said("user", "one"),
            said("assistant", "1"),
            said("user", "two"),
            said("assistant", "2"),
            said("user", "three"),
            said("assistant", "3"),
            event("thread_rolled_back", num_turns=2),
            said("user", "two again"),
            said("assistant", "2b"),
        )
    )
    assert [m.text for m in got.view()] == ["one", "1", "two again", "2b"]
    assert got.report.branches == 2
    assert [m.text for m in got.view(got.tree.tips()[0])][2:] == ["two", "2", "three", "3"]


def test_a_roll_back_at_the_end_is_where_the_conversation_stands() -> None:
    """More turns than there were lead to the start."""
    turns = [META, said("user", "one"), said("assistant", "1")]
    assert Brought(lines(*turns, event("thread_rolled_back", num_turns=1))).tree.leaf is None
    assert Brought(lines(*turns, event("thread_rolled_back", num_turns=9))).tree.leaf is None
    assert Brought(lines(*turns, event("thread_rolled_back", num_turns="x"))).tree.leaf


def test_a_compaction_replaces_the_history() -> None:
    """By what the file says was kept, or by the summary alone."""
    history = [
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "kept"}]},
        {"type": "compaction", "encrypted_content": "x"},
    ]
    got = Brought(
        lines(
            META,
            said("user", "old"),
            said("assistant", "older"),
            line("compacted", message="the summary", replacement_history=history),
            said("user", "new"),
        )
    )
    shown = "".join(m.text for m in got.view())
    assert shown == "keptthe summarynew"


def test_the_older_form_without_envelopes() -> None:
    """Its first line is only an id and a time."""
    got = Brought(
        lines(
            {"id": "old", "timestamp": START, "instructions": None},
            {"record_type": "state"},
            {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}]},
            {"type": "function_call", "name": "shell", "arguments": "not json", "call_id": "c"},
            {"type": "function_call_output", "call_id": "c", "output": "x"},
        )
    )
    assert got.kinds() == ["user", "answer", "tool_result"]
    answer = got.entries()[1].node
    assert isinstance(answer, Answer)
    assert answer.message.tool_calls[0].invalid == "not json"
    got.check_every_path()


def test_it_is_called_by_what_a_person_said_first() -> None:
    """Not by what the program put before it."""
    got = Brought(lines(META, said("user", "<environment_context>x"), said("user", "fix it\nnow")))
    assert got.store.session(got.report.session).title == "fix it"
    plain = Brought(lines(META, said("user", "hello"), said("user", "<turn_aborted>")))
    assert plain.store.session(plain.report.session).title == ""


def test_the_way_a_command_ended_is_told_in_its_output() -> None:
    """As long as that is above the output itself."""
    told = "Chunk ID: 1\nWall time: 0.1 seconds\nProcess exited with code {}\nOutput:\n{}"
    outputs = (told.format(3, ""), told.format(0, "Process exited with code 3"), "Exit code: 1\n")
    records: list[Any] = [META, said("user", "go")]
    for number, output in enumerate(outputs):
        call = f"c{number}"
        records += [
            item("function_call", name="exec_command", arguments="{}", call_id=call),
            item("function_call_output", call_id=call, output=output),
        ]
    nodes = [entry.node for entry in Brought(lines(*records)).entries()]
    failed = [node.result.is_error for node in nodes if isinstance(node, ToolResult)]
    assert failed == [True, False, True]


def test_images_come_without_the_tags_round_them() -> None:
    """In what a person said and in what a tool brought."""
    image = {"type": "input_image", "image_url": "data:image/png;base64,AAAA"}
    parts = [
        {"type": "input_text", "text": '<image name=[Image #1] path="a.png">'},
        image,
        {"type": "input_text", "text": "</image>"},
        {"type": "input_text", "text": "what is it?"},
    ]
    got = Brought(
        lines(
            META,
            item("message", role="user", content=parts),
            item("function_call", name="view_image", arguments="{}", call_id="c"),
            item("function_call_output", call_id="c", output=[image]),
        )
    )
    asked, _, seen = (entry.node for entry in got.entries())
    assert isinstance(asked, UserMessage)
    assert [type(block) for block in asked.message.blocks] == [ImageBlock, TextBlock]
    assert isinstance(seen, ToolResult)
    assert isinstance(seen.result.content[0], ImageBlock)
    got.check_every_path()


def test_a_turn_that_was_interrupted_is_cut() -> None:
    """What had come of the answer is marked; the words of the program are nobody's."""
    got = Brought(
        lines(
            META,
            said("user", "tell"),
            said("assistant", "Once upon"),
            said("user", "<turn_aborted>\nThe user interrupted the turn.\n</turn_aborted>"),
            event("turn_aborted", reason="interrupted"),
            said("user", "go on"),
            said("assistant", "a time."),
        )
    )
    answers = [e.node for e in got.entries() if isinstance(e.node, Answer)]
    assert [a.message.incomplete for a in answers] == ["interrupted", None]
    users = [e.node for e in got.entries() if isinstance(e.node, UserMessage)]
    assert [u.message.synthetic for u in users] == [False, True, False]
    got.check_every_path()
