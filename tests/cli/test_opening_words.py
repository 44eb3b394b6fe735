"""The flags of the full screen mean the same with and without the grammar of all commands."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alloy_tui.cli import skeleton
from alloy_tui.cli.arguments import parse

_WORDS = ("--model", "--cwd", "--approve", "--demo", "--plain", "--help", "run", "--", "-p", "")
_VALUES = ("a/b", "ask", "all", "of", "-1", "--demo", "", "=", "a b", "run")


def _meant(words: list[str]) -> dict[str, object]:
    return {name: value for name, value in vars(parse(words)).items() if value}


@given(
    st.lists(
        st.one_of(
            st.sampled_from(_WORDS),
            st.sampled_from(_VALUES),
            st.builds("{}={}".format, st.sampled_from(_WORDS), st.sampled_from(_VALUES)),
        ),
        max_size=5,
    )
)
def test_what_is_understood_at_once_is_what_the_parser_understands(words: list[str]) -> None:
    said = skeleton.said(words)
    if said is not None:
        assert {name: value for name, value in said.items() if value} == _meant(words)


def test_every_flag_has_a_value_where_none_was_given() -> None:
    assert skeleton.said([]) == {name: v for name, v in vars(parse([])).items() if name in _known()}
    assert _known() <= vars(parse([])).keys()


def _known() -> set[str]:
    return set(skeleton.said([]) or {})


@pytest.mark.parametrize(
    "words", [["--model", "a/b"], ["--demo", "--cwd=/"], ["--approve", "all", "--model=a"]]
)
def test_the_usual_ways_to_open_the_screen_need_no_parser(words: list[str]) -> None:
    assert skeleton.said(words) is not None


@pytest.mark.parametrize("words", [["run"], ["--plain"], ["--help"], ["--approve", "of"], ["-x"]])
def test_everything_else_is_left_to_the_parser(words: list[str]) -> None:
    assert skeleton.said(words) is None
