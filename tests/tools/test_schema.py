"""Schemas are small and free of references; refusals tell the model what to send."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alloy_tui.domain.errors import ToolError
from alloy_tui.tools.core import core_tools
from alloy_tui.tools.schema import input_schema, parse


class Place(msgspec.Struct, forbid_unknown_fields=True):
    """A place."""

    line: int
    title: str = "x"


class Arguments(msgspec.Struct, forbid_unknown_fields=True):
    """Everything at once."""

    where: Place
    places: list[Place] = []
    mode: Literal["a", "b"] = "a"
    offset: Annotated[int, msgspec.Meta(ge=1, description="first")] = 1
    name: str | None = None


class Endless(msgspec.Struct):
    """A type that holds itself."""

    next: Endless | None = None


def refusal(arguments: dict[str, Any]) -> str:
    with pytest.raises(ToolError) as caught:
        parse(Arguments, arguments, "demo")
    return caught.value.message


def test_references_are_written_out_and_titles_left_out():
    """Services differ in what they make of `$ref`, so there is none."""
    text = msgspec.json.encode(input_schema(Arguments)).decode()
    assert "$ref" not in text
    assert "$defs" not in text
    schema = input_schema(Arguments)
    assert "title" not in schema
    # A field that is called title is no title of a schema.
    assert set(schema["properties"]["where"]["properties"]) == {"line", "title"}
    assert schema["properties"]["places"]["items"]["required"] == ["line"]
    assert schema["additionalProperties"] is False
    assert schema["required"] == ["where"]


def test_a_type_that_holds_itself_is_refused_when_the_tool_is_made():
    """It has no schema without references."""
    with pytest.raises(TypeError, match="refers to itself"):
        input_schema(Endless)


def test_the_core_schemas_leave_room_in_the_prompt():
    """All five together stay far below the 6 kB they share with the system prompt."""
    size = sum(len(msgspec.json.encode(tool.spec)) for tool in core_tools())
    assert size < 3_500


def test_a_missing_argument_is_named_together_with_what_was_sent():
    """The model sees at once which name it forgot."""
    assert refusal({"mode": "a"}) == (
        "demo: the required argument `where` is missing (sent: `mode`)."
    )


def test_an_unknown_argument_gets_the_nearest_known_one():
    """A misspelt name costs one turn, not three."""
    words = refusal({"where": {"line": 1}, "ofset": 3})
    assert "no argument `ofset`" in words
    assert "Did you mean `offset`?" in words
    assert "`places`" in words


def test_a_wrong_type_says_what_is_expected_and_what_was_sent():
    """Nothing is coerced: "3" is not 3."""
    words = refusal({"where": {"line": 1}, "offset": "3"})
    assert words == 'demo: the argument `offset` must be `int`, you sent "3".'


def test_a_value_out_of_range_says_the_range():
    """Line 0 does not exist."""
    words = refusal({"where": {"line": 1}, "offset": 0})
    assert words == "demo: the argument `offset` must be `int` >= 1, you sent 0."


def test_a_wrong_value_deep_inside_is_pointed_at():
    """The path leads to it."""
    words = refusal({"where": {"line": 1}, "places": [{"line": 1}, {"line": "x"}]})
    assert "places[" in words
    assert "`int`" in words
    words = refusal({"where": {"line": 1, "bad": 2}})
    assert words == "demo: there is no field `bad` in `where`."


def test_a_wrong_choice_is_shown():
    """The model reads what it sent."""
    words = refusal({"where": {"line": 1}, "mode": "c"})
    assert "`mode`" in words
    assert "c" in words


def test_a_long_value_is_not_echoed_whole():
    """An argument of a megabyte must not come back as an error of a megabyte."""
    words = refusal({"where": "y" * 1_000_000})
    assert len(words) < 300


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["where", "places", "mode", "offset", "name", "?"]), JSON))
def test_whatever_a_model_sends_it_is_taken_or_refused_in_words(arguments: dict[str, Any]):
    """No JSON object leads to anything but a value or a ToolError."""
    words = ""
    try:
        parse(Arguments, arguments, "demo")
    except ToolError as error:
        words = error.message
    assert not words or (words.startswith("demo: ") and words.endswith("."))
