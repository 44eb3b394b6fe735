"""Starts the program as a user does: the console script, in a terminal, on a scripted model."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.terminal import Terminal

ALLOY = str(Path(sys.executable).with_name("alloy"))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A small folder to work in."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "notes.txt").write_text("one\ntwo\nthree\n")
    return folder


@pytest.fixture
def scripted(tmp_path: Path) -> Callable[[list[dict[str, Any]]], str]:
    """Write replies to a script file; returns the name of its model."""

    def write(replies: list[dict[str, Any]]) -> str:
        path = tmp_path / "script.json"
        path.write_text(json.dumps({"replies": replies}))
        return f"scripted/{path}"

    return write


@pytest.fixture
def open_program(project: Path) -> Callable[..., Terminal]:
    """`open_program(model, *flags)` makes a terminal with the program in it."""

    def make(model: str, *flags: str, **options: Any) -> Terminal:
        return Terminal([ALLOY, "--model", model, *flags], cwd=project, **options)

    return make
