"""A typed function becomes a tool: name, words, schema, checks, threads."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Annotated, Literal

import anyio
import msgspec
import pytest

from alloy_tui.domain.errors import ToolError
from alloy_tui.domain.messages import ImageBlock, TextBlock
from alloy_tui.domain.tool import Tool, ToolContext, ToolReply
from alloy_tui.tools.decorator import tool

pytestmark = pytest.mark.anyio


@tool
def weather(city: str, days: int = 1, unit: Literal["C", "F"] = "C") -> str:
    """Tell the weather of a city.

    It never rains, or
    so they say.

    Args:
        city: The city's name,
            with its country.
        days (int): How far ahead.
        unit: Of the temperature.

    Returns:
        A sentence.
    """
    return f"{city}: {20 + days} {unit}"


def text(reply: ToolReply) -> str:
    block = reply.content[0]
    assert isinstance(block, TextBlock)
    return block.text


def test_a_function_becomes_a_specification():
    """Name, description and the arguments' words come from the function itself."""
    as_tool: Tool = weather
    assert as_tool.spec.name == "weather"
    assert as_tool.spec.description == (
        "Tell the weather of a city.\n\nIt never rains, or so they say."
    )
    properties = as_tool.spec.input_schema["properties"]
    assert properties["city"] == {
        "description": "The city's name, with its country.",
        "type": "string",
    }
    assert properties["days"]["description"] == "How far ahead."
    assert properties["days"]["default"] == 1
    assert sorted(properties["unit"]["enum"]) == ["C", "F"]
    assert as_tool.spec.input_schema["required"] == ["city"]


def test_a_tool_is_still_the_function():
    """Tests and other code call it as before."""
    assert weather("Bern") == "Bern: 21 C"
    assert weather.__name__ == "weather"


async def test_a_call_fills_in_defaults_and_runs(call):
    """Only what the model sent is checked; the rest is the function's own."""
    reply = await call(weather, city="Bern", unit="F")
    assert text(reply) == "Bern: 21 F"
    assert not reply.is_error


def test_arguments_are_checked_strictly():
    """The error names the tool and the argument."""
    with pytest.raises(ToolError, match="weather: the argument `days` must be `int`"):
        weather.prepare({"city": "Bern", "days": "2"})
    with pytest.raises(ToolError, match="weather: there is no argument `town`"):
        weather.prepare({"city": "Bern", "town": "x"})


async def test_a_synchronous_function_runs_beside_the_event_loop(call):
    """The loop goes on while it blocks: the function waits for what the loop does."""
    seen = threading.Event()
    names: list[str] = []

    @tool
    def waits() -> bool:
        """Wait for the loop."""
        names.append(threading.current_thread().name)
        return seen.wait(10)

    async with anyio.create_task_group() as group:
        group.start_soon(_set_soon, seen)
        assert text(await call(waits)) == "true"
    assert names[0] == "tool-waits"


async def _set_soon(event: threading.Event) -> None:
    event.set()


async def test_cancelling_leaves_a_synchronous_function_behind(call):
    """The caller is free at once; nothing waits for what cannot be stopped."""
    started, release, ended = threading.Event(), threading.Event(), threading.Event()

    @tool
    def stubborn() -> None:
        """Block until released."""
        started.set()
        release.wait(10)
        ended.set()

    async with anyio.create_task_group() as group:
        group.start_soon(call, stubborn)
        await anyio.to_thread.run_sync(started.wait, 10)
        group.cancel_scope.cancel()
    assert not ended.is_set()
    release.set()
    assert await anyio.to_thread.run_sync(ended.wait, 10)


async def test_the_context_is_injected_by_its_annotation(call, context):
    """It is no argument of the model's."""

    @tool(access="read", name="where")
    async def _where(tail: str, ctx: ToolContext) -> str:
        """Say where."""
        return f"{ctx.cwd}{tail}"

    assert set(_where.spec.input_schema["properties"]) == {"tail"}
    assert text(await call(_where, tail="!")) == f"{context.cwd}!"
    prepared = _where.prepare({"tail": "x"})
    assert _where.access(prepared) == "read"
    assert _where.spec.name == "where"
    assert _where.lock_keys(prepared, context) == ()
    assert _where.headline(prepared) == "where(tail='x')"


def test_a_function_that_says_nothing_counts_as_execute():
    """Unknown effects are asked about."""
    assert weather.access(weather.prepare({"city": "x"})) == "execute"


class Range(msgspec.Struct):
    low: int


@dataclass
class Point:
    x: int


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "(no output)"),
        ("plain", "plain"),
        ({"a": 1}, '{"a":1}'),
        ([1, 2], "[1,2]"),
        ([], "[]"),
        (Point(3), '{"x":3}'),
        (3.5, "3.5"),
        (TextBlock("block"), "block"),
    ],
)
async def test_whatever_is_returned_becomes_a_reply(call, value, shown):
    """Strings as they are, everything else as JSON."""

    @tool
    def gives() -> object:
        """Give it."""
        return value

    assert text(await call(gives)) == shown


async def test_blocks_and_replies_pass_unchanged(call):
    """A tool may return images, errors and details."""
    image = ImageBlock("image/png", b"x")

    @tool
    async def blocks() -> list[object]:
        """Give blocks."""
        return [TextBlock("a"), image]

    @tool
    async def whole() -> ToolReply:
        """Give a reply."""
        return ToolReply.of("no", is_error=True, why=1)

    assert (await call(blocks)).content == (TextBlock("a"), image)
    assert (await call(whole)) == ToolReply.of("no", is_error=True, why=1)


async def test_what_has_no_json_form_is_an_error_in_words(call):
    """The model learns that the tool, not it, is at fault."""

    @tool
    def odd() -> object:
        """Give something odd."""
        return threading.Lock()

    with pytest.raises(ToolError, match="has no JSON form"):
        await call(odd)


async def test_an_exception_comes_out_as_it_is(call):
    """The engine, not the decorator, makes a result of it."""

    @tool
    def fails() -> None:
        """Fail."""
        raise KeyError("gone")

    @tool
    def stops() -> None:
        """Raise what a future refuses."""
        raise StopIteration

    with pytest.raises(KeyError, match="gone"):
        await call(fails)
    with pytest.raises(RuntimeError, match="StopIteration"):
        await call(stops)


def test_a_signature_that_no_json_can_fill_is_refused_at_once():
    """The mistake shows when the program starts, not when a model calls."""
    with pytest.raises(TypeError, match="no type hint"):

        @tool
        def untyped(x): ...

    with pytest.raises(TypeError, match="define the type at module level"):

        @tool
        def unknown(x: Nowhere) -> None: ...  # noqa: F821 - that is the point

    with pytest.raises(TypeError, match="no place in a JSON object"):

        @tool
        def stars(*x: int) -> None: ...

    with pytest.raises(TypeError, match="positional-only"):

        @tool
        def positional(x: int, /) -> None: ...


async def test_a_filled_default_is_made_anew_for_every_call(call):
    """One call's list does not leak into the next."""

    @tool
    def collect(item: str, into: list[str] = ["a"]) -> list[str]:  # noqa: B006 - what is tested
        """Collect."""
        into.append(item)
        return into

    assert text(await call(collect, item="b")) == '["a","b"]'
    assert text(await call(collect, item="c")) == '["a","c"]'


def test_hints_with_constraints_and_structs_reach_the_schema():
    """`Annotated` and Structs are what they are anywhere else."""

    @tool
    def pick(span: Range, count: Annotated[int, msgspec.Meta(ge=1)] = 1) -> None:
        """Pick."""

    properties = pick.spec.input_schema["properties"]
    assert properties["span"]["properties"]["low"] == {"type": "integer"}
    assert properties["count"]["minimum"] == 1
    assert isinstance(pick.prepare({"span": {"low": 2}}), msgspec.Struct)
