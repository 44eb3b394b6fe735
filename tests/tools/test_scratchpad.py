"""Notes that outlive the conversation's reset."""

from __future__ import annotations

import msgspec
import pytest

from alloy_tui.domain.errors import ToolError
from alloy_tui.domain.messages import TextBlock
from alloy_tui.domain.tool import ToolReply
from alloy_tui.tools.scratchpad import ScratchpadTool

pytestmark = pytest.mark.anyio
PAD = ScratchpadTool()


def text(reply: ToolReply) -> str:
    block = reply.content[0]
    assert isinstance(block, TextBlock)
    return block.text


async def test_it_starts_empty_and_says_so(call):
    """Not an empty string, which a model might take for a failure."""
    assert text(await call(PAD, action="read")) == "The scratchpad is empty."


async def test_a_note_is_kept_and_read_back(call):
    """One by its key, or all in the order written."""
    assert text(await call(PAD, action="write", key="plan", value="a")) == "Kept the note plan."
    await call(PAD, action="write", key="todo", value="b")
    assert text(await call(PAD, action="read", key="plan")) == "a"
    assert text(await call(PAD, action="read")) == "plan: a\ntodo: b"


async def test_writing_again_replaces(call):
    """And says that something was there."""
    await call(PAD, action="write", key="plan", value="a")
    reply = await call(PAD, action="write", key="plan", value="")
    assert text(reply) == "Replaced the note plan."
    assert text(await call(PAD, action="read", key="plan")) == ""


async def test_one_note_or_all_are_cleared(call):
    """The reply counts them."""
    for key in ("a", "b", "c"):
        await call(PAD, action="write", key=key, value="x")
    assert text(await call(PAD, action="clear", key="a")) == "Cleared the note a."
    assert text(await call(PAD, action="clear")) == "Cleared 2 notes."
    assert text(await call(PAD, action="read")) == "The scratchpad is empty."


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"action": "write", "value": "x"}, "write needs `key`"),
        ({"action": "write", "key": "", "value": "x"}, "write needs `key`"),
        ({"action": "write", "key": "x"}, "write needs `value`"),
        ({"action": "clear", "key": "x", "value": "y"}, "`value` belongs to write"),
        ({"action": "append"}, "append"),
        ({}, "`action` is missing"),
    ],
)
def test_incomplete_calls_say_what_is_missing(arguments, words):
    """Before anything changes."""
    with pytest.raises(ToolError, match=words):
        PAD.prepare(arguments)


async def test_an_unknown_note_is_an_error_that_lists_the_known_ones(call):
    """For reading and clearing alike."""
    await call(PAD, action="write", key="plan", value="x")
    for action in ("read", "clear"):
        with pytest.raises(ToolError, match=r"There is no note play\. Notes: plan\."):
            await call(PAD, action=action, key="play")


async def test_it_has_an_upper_bound(call):
    """A loop of notes cannot eat the memory."""
    await call(PAD, action="write", key="big", value="x" * 99_000)
    with pytest.raises(ToolError, match="would not fit"):
        await call(PAD, action="write", key="more", value="x" * 2_000)
    await call(PAD, action="write", key="big", value="small")


async def test_every_agent_has_its_own(context):
    """The notes live in the agent's memory, whatever the tool object."""
    other = msgspec.structs.replace(context, memory={}, agent="other")
    write = PAD.prepare({"action": "write", "key": "k", "value": "v"})
    await PAD.run(write, context)
    everything = PAD.prepare({"action": "read"})
    assert text(await ScratchpadTool().run(everything, context)) == "k: v"
    assert text(await PAD.run(everything, other)) == "The scratchpad is empty."
    assert PAD.lock_keys(write, context) != PAD.lock_keys(write, other)
    assert PAD.access(write) == "read"
