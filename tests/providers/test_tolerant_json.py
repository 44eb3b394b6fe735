"""JSON that breaks the rules is read as far as it makes sense, and never crashes."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alloy_tui.domain.errors import ProviderError
from alloy_tui.providers import tolerant_json as tj


class Inner(msgspec.Struct):
    n: int | None = None
    s: str | None = None


class Outer(msgspec.Struct):
    items: list[Inner] | None = None
    text: str | None = None
    free: Any = None


@pytest.mark.parametrize(
    ("raw", "due"),
    [
        (b'{"text":"a"}', Outer(text="a")),
        (b'{"text":"a","z":NaN,"y":-Infinity}', Outer(text="a")),
        (b'{"text":"a","w":' + b"9" * 5000 + b"}", Outer(text="a")),
        (b'{"text":"A\xff\xfeB"}', Outer(text="A\ufffd\ufffdB")),
        (b'{"text":5,"items":[{"n":"x","s":"y"},3,{"n":1}]}', None),
        (b'{"text":null,"items":null}', Outer()),
    ],
)
def test_what_makes_sense_is_kept(raw: bytes, due: Outer | None) -> None:
    """Fields and items of a wrong type are left out, the others stay."""
    due = due or Outer(items=[Inner(s="y"), Inner(n=1)])
    assert tj.read(raw, Outer) == due


@pytest.mark.parametrize("raw", [b"", b"{", b"null", b"123", b"[]", b'"x"', b"[" * 100_000])
def test_what_is_no_object_is_malformed(raw: bytes) -> None:
    """Anything but a JSON object is a typed error."""
    with pytest.raises(ProviderError) as caught:
        tj.read(raw, Outer)
    assert caught.value.kind == "malformed"


@pytest.mark.parametrize(
    ("raw", "due"),
    [
        ("{}", {}),
        ('{"a": 1.5}', {"a": 1.5}),
        ('{"a": 123456789012345678901234567890}', {"a": 123456789012345678901234567890}),
        ('{"a": "\\ud83d"}', {"a": "\ufffd"}),
        ('{"a": "\\ud83e\\udd8a"}', {"a": "🦊"}),
        ('{"a": NaN}', None),
        ("[1]", None),
        ('{"a":1}{"b":2}', None),
        ("{command: ls", None),
        ('{"a":' * 101 + "1" + "}" * 101, None),
        ('{"a": "' + "[" * 200 + '"}', {"a": "[" * 200}),
        ("9" * 5000, None),
    ],
)
def test_arguments_are_an_object_or_nothing(raw: str, due: dict[str, Any] | None) -> None:
    """Arguments are run and stored, so nothing doubtful passes."""
    assert tj.read_object(raw) == due


@given(st.text(st.characters(categories=["L", "Cs", "So"])), st.data())
def test_split_surrogates_are_joined_whatever_the_split(text: str, draw: st.DataObject) -> None:
    """Deltas of a text come out as the text, encodable, with lone halves replaced."""
    joiner = tj.SurrogateJoiner()
    cuts = sorted(draw.draw(st.lists(st.integers(0, len(text)), max_size=5)))
    deltas = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    made = "".join(joiner.feed(d) for d in deltas) + joiner.close()
    assert made == tj.scrub(text)
    made.encode()


def test_scrub_keeps_what_is_right() -> None:
    """Pairs become characters, lone halves the replacement character, the rest stays."""
    assert tj.scrub("a\ud83e\udd8ab\ud83dc\udc00") == "a🦊b\ufffdc\ufffd"


@pytest.mark.parametrize("value", [True, -1, 1.5, "4", None, [], 10**15])
def test_a_count_that_is_not_sane_is_unknown(value: Any) -> None:
    """Unknown is better than wrong."""
    assert tj.count(value) is None


def test_encode_scrubs_what_cannot_be_encoded() -> None:
    """A lone surrogate in our own request does not break it."""
    assert tj.encode({"a\ud83d": ["b\ud83d"]}) == '{"a\ufffd":["b\ufffd"]}'.encode()
