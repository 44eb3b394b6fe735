"""Block structure is CommonMark's: checked against another parser, and where that one errs."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.ui.markdown.outline import ours, theirs

_PARTS = (
    *("- ", "* ", "+ ", "1. ", "2) ", "10. ", "> ", ">", "# ", "```", "~~~", "```py\n", "---"),
    *("===", "***", "|---|", "| a | b |", "|:-:|--:|", "a|b", "-|-", "\n", "\n\n", "\n  "),
    *("\n   ", "\n    ", "\n- ", "\n> ", " ", "  ", "\n\t", "\t", "text", "word", "a", "b\n", "`"),
    *("``", "[x] ", "\\", "-", "=", "#"),
)
_texts = st.lists(st.sampled_from(_PARTS), min_size=2, max_size=14).map("".join)

# There the peer reads against the specification: containers behind four columns
# of white space, tables whose header looks like a container, and tables whose
# header continues a paragraph lazily while their delimiter row stands in its container.
_PEER_ERRS = re.compile(
    r"(?m)^[ >]*(?:\t| {4})|>[^\n]*\t|^[ ]*(?:>|[-+*] |\d+[.)] ).*\|.*\n.*-"
    r"|^( *)[^ >\n].*\|.*\n(?:\1 +| *>)[ >]*[|:-]"
)


@settings(max_examples=700, deadline=None)
@given(_texts)
def test_structure_is_that_of_another_parser(text):
    """Containers, leaves and their texts are those that markdown-it finds."""
    assume(_PEER_ERRS.search(text) is None)
    assert ours(text) == theirs(text)


@pytest.mark.parametrize(
    ("text", "outline"),
    [
        (">\n\t>", [([], "code", ">")]),
        ("> a\n    # b", [([("quote", 0)], "p", "a # b")]),
        ("- a\n\n\n      code", [([("item", 0)], "p", "a"), ([("item", 0)], "code", "code")]),
        ("-\n\n  a", [([("item", 0)], "empty", ""), ([], "p", "a")]),
        ("a\n2. b", [([], "p", "a 2. b")]),
        ("a\n1. b", [([], "p", "a"), ([("item", 0)], "p", "b")]),
        ("- ```\nx", [([("item", 0)], "code", ""), ([], "p", "x")]),
        ("> | a |\n> |---|\n> | 1 |", [([("quote", 0)], "table", "a / 1")]),
        ("- x\n|---|\n  |---|", [([("item", 0)], "p", "x"), ([("item", 0)], "table", "---")]),
        ("> x\na|b\n> -|-", [([("quote", 0)], "p", "x"), ([("quote", 0)], "table", "a / b")]),
        ("- x\n|---|\n|---|", [([("item", 0)], "p", "x |---| |---|")]),
    ],
)
def test_structure_of_single_cases(text, outline):
    """Cases decided by the specification's words."""
    assert ours(text) == outline


def test_nesting_is_bounded():
    """A thousand levels of quotes and lists are text beyond the bound."""
    assert len(ours("> " * 1000 + "x")[0][0]) == 24
    assert len(ours("- " * 1000 + "x")[0][0]) == 24


def test_long_paragraphs_close_in_parts():
    """A paragraph without end is never held whole."""
    parts = ours("word word\n" * 2000)
    assert len(parts) > 5
    assert max(len(text) for _, _, text in parts) < 3200
