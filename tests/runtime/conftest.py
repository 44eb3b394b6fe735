"""Runtimes over scripts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from alloy_tui.runtime.plan import Plan
from alloy_tui.runtime.port import RuntimePort
from alloy_tui.runtime.runtime import Runtime
from alloy_tui.settings import load_settings, locate
from tests.runtime.team_stage import Stage
from tests.support.listening import Listener


@pytest.fixture
def script(tmp_path: Path) -> Callable[..., str]:
    def write(*replies: dict[str, Any], name: str = "script") -> str:
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps({"replies": replies}))
        return f"scripted/{path}"

    return write


@pytest.fixture
def open_runtime(tmp_path: Path) -> Iterator[Callable[..., tuple[Runtime, Listener]]]:
    made: list[Runtime] = []

    def build(model: str | None, *, start: bool = True, **given: Any) -> tuple[Runtime, Listener]:
        settings = load_settings(given.pop("environment", {}))
        cwd = str(given.pop("cwd", tmp_path))
        plan = Plan(settings, locate(), cwd, asked_model=model, **given)
        runtime = Runtime(plan)
        made.append(runtime)
        port: RuntimePort = runtime  # pyright checks the shape
        assert port is runtime
        listener = Listener(runtime)
        if start:
            runtime.start()
        return runtime, listener

    yield build
    for runtime in made:
        runtime.close()
        assert not runtime.stuck


@pytest.fixture
def stage(tmp_path: Path, open_runtime: Callable[..., tuple[Runtime, Listener]]) -> Stage:
    """A project with teams, and programs in it."""
    return Stage(tmp_path, open_runtime)
