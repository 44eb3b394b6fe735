"""A runtime with a team in its folder: what the tests of teams begin with."""

from __future__ import annotations

import json
import queue
from collections.abc import Callable
from pathlib import Path
from typing import Any

from alloy_tui.domain import events as ev
from alloy_tui.domain import team_events as te
from alloy_tui.runtime.runtime import Runtime
from alloy_tui.runtime.team_port import TeamView
from tests.support.listening import Listener


class Stage:
    """A folder with scripts and team files."""

    def __init__(self, folder: Path, open_runtime: Callable[..., tuple[Runtime, Listener]]) -> None:
        self.folder = folder / "project"
        self.folder.mkdir(exist_ok=True)
        self._scripts = folder
        self._open_runtime = open_runtime

    def script(self, name: str, *replies: dict[str, Any], **about: Any) -> str:
        """A scripted model's name."""
        path = self._scripts / f"{name}.json"
        path.write_text(json.dumps({"replies": replies, **about}))
        return f"scripted/{path}"

    def team(self, name: str, agents: dict[str, list[dict[str, Any]]], *, head: str = "") -> str:
        """A team file; `agents` are lists of replies by name. Returns the team's name."""
        lines = [head]
        for agent, replies in agents.items():
            model = self.script(f"{name}-{agent}", *replies)
            lines += ["[[members]]", f'name = "{agent}"', f'model = "{model}"']
        return self.write(name, "\n".join(lines))

    def write(self, name: str, text: str) -> str:
        """A team file of the project; returns the team's name."""
        file = self.folder / ".alloy" / "teams" / f"{name}.toml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return name

    def runtime(self, *main: dict[str, Any], **given: Any) -> tuple[Runtime, Listener]:
        """A running program whose main agent plays `main`."""
        return self._open_runtime(self.script("main", *main), cwd=self.folder, **given)

    def opened(self, name: str, *main: dict[str, Any], **given: Any) -> tuple[Runtime, Listener]:
        """A program with that team open."""
        runtime, listener = self.runtime(*main, **given)
        runtime.team.follow("a test", wanted=True)
        runtime.team.open(name)
        until_view(runtime, listener, lambda view: view.name == name and len(view.rows) > 1)
        return runtime, listener


def until_view(
    runtime: Runtime, listener: Listener, meets: Callable[[TeamView], object]
) -> TeamView:
    """The first view that `meets` what is wanted."""
    while not meets(view := runtime.team.view()):
        listener.until(te.TeamChanged)
        listener.seen = [e for e in listener.seen if not isinstance(e.event, te.TeamChanged)]
    return view


def asked(question: Callable[..., Any], *arguments: Any) -> Any:
    """The answer to a question of the port."""
    answers: queue.Queue[Any] = queue.Queue()
    question(*arguments, answers.put)
    return answers.get(timeout=60)


def said(listener: Listener, agent: str) -> str:
    """What of an agent's words came to the screen."""
    texts = [
        e.event.text
        for e in listener.seen
        if e.agent == agent and isinstance(e.event, ev.TextDelta)
    ]
    return "".join(texts)
