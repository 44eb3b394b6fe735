"""A runtime with a team in its folder: what the tests of teams begin with."""

from __future__ import annotations

import json
import queue
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

from alloy_tui.domain import events as ev
from alloy_tui.domain import team_events as te
from alloy_tui.runtime.runtime import Runtime
from alloy_tui.runtime.session_folder import has_store, open_store
from alloy_tui.runtime.team_port import NewMember, TeamView
from alloy_tui.runtime.team_sessions import TEAM_AGENT
from alloy_tui.settings import locate
from tests.support.listening import Listener

Reply: TypeAlias = dict[str, Any]


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


def logs() -> list[str]:
    """The sessions whose own team has a log."""
    if not has_store(locate()):
        return []
    store = open_store(locate())
    try:
        found = [info for info in store.sessions() if info.agent == TEAM_AGENT]
        return [info.from_session or "" for info in found]
    finally:
        store.close()


def words(runtime: Runtime, agent: str) -> list[str]:
    """What it was asked and answered."""
    return [
        e.event.prompt if isinstance(e.event, ev.RunStarted) else e.event.text
        for e in asked(runtime.team.attach, agent)
        if isinstance(e.event, ev.RunStarted | ev.TextDelta)
    ]


def names(view: TeamView) -> list[str]:
    """Who is in it."""
    return [row.name for row in view.rows]


def looking(runtime: Runtime) -> None:
    """Somebody opens the dashboard."""
    runtime.team.follow("a test", wanted=True)


def begun(runtime: Runtime, listener: Listener, words: str = "hello there") -> str:
    """A session with one message; returns its id."""
    runtime.submit(words)
    listener.until(ev.RunFinished)
    return runtime.tree.state.id


def with_coder(stage: Stage, runtime: Runtime, listener: Listener, *replies: Reply) -> None:
    """The coder joins by hand."""
    usage = {"input": 1000, "output": 200}
    made = [{"usage": usage, **reply} for reply in replies]
    model = stage.script("coder", *made, price={"input": 1.0, "output": 5.0})
    runtime.team.add(NewMember("coder", model=model, role="writes code"))
    until_view(runtime, listener, lambda v: v.row("coder"))
