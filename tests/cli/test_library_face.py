"""`import alloy_tui`: every name is there, and five lines do something."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import alloy_tui


@pytest.mark.parametrize("name", alloy_tui.__all__)
def test_every_public_name_is_there(name: str) -> None:
    """What `__all__` promises can be had, and is listed by dir()."""
    assert getattr(alloy_tui, name) is not None
    assert name in dir(alloy_tui)


def test_types_and_names_agree() -> None:
    """What a type checker sees is what is exported, in order."""
    tree = ast.parse(Path(alloy_tui.__file__).read_text())
    seen = {"__version__"}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("alloy_tui"):
            seen |= {alias.name for alias in node.names}
    assert seen == set(alloy_tui.__all__)
    assert alloy_tui.__all__ == sorted(alloy_tui.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    """The lazy door behaves like any module."""
    with pytest.raises(AttributeError, match="nothing_such"):
        _ = alloy_tui.nothing_such  # pyright: ignore[reportAttributeAccessIssue] -- on purpose


def test_five_lines_ask_a_model() -> None:
    """The README's first example, on a script."""
    from alloy_tui import ScriptedProvider, run_sync
    from alloy_tui.providers.script import Reply

    result = run_sync("hi", model=ScriptedProvider([Reply(text="Hello.")]))
    assert (result.ok, result.text) == (True, "Hello.")
