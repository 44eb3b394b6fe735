"""`TeamPort` as a screen sees it, made with the runtime and before its engine.

Owns handing questions and verbs on to the engine's loop. Light: whoever draws the
first frame imports this.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from alloy_tui.domain.events import Envelope, Lane
from alloy_tui.domain.team_events import DelegationKind
from alloy_tui.runtime.team_port import (
    MemberAction,
    NewMember,
    Performed,
    Span,
    TaskAction,
    TeamFile,
    TeamView,
)

if TYPE_CHECKING:
    from alloy_tui.runtime.engine import Engine
    from alloy_tui.runtime.team_verbs import TeamVerbs


class SharingFace:
    """What of `TeamPort` is about mail, tasks and the shared context."""

    def __init__(
        self,
        give: Callable[[Callable[[Engine], Callable[[], object]]], object],
        engine: Callable[[], Engine | None],
    ) -> None:
        self._give = give
        self._engine = engine

    def _do(self, verb: Callable[[TeamVerbs], Awaitable[object]]) -> None:
        """Beside the commands that follow: an agent may take its time to stop."""
        self._give(lambda engine: lambda: engine.aside(verb(engine.team)))

    def mail(self, to: Sequence[str], text: str) -> None:
        """See `TeamPort.mail`."""
        self._do(lambda team: team.write(to, text))

    def put_task(self, title: str, *, detail: str = "", needs: Sequence[str] = ()) -> None:
        """See `TeamPort.put_task`."""
        self._do(lambda team: team.put_task(title, detail, needs))

    def change_task(self, action: TaskAction, task: str, words: str = "") -> None:
        """See `TeamPort.change_task`."""
        self._do(lambda team: team.change_task(action, task, words))

    def share(self, key: str, value: str | None) -> None:
        """See `TeamPort.share`."""
        self._do(lambda team: team.share(key, value))


class TeamFace(SharingFace):
    """Fills `TeamPort`; every method may be called from any thread."""

    def view(self) -> TeamView:
        """See `TeamPort.view`."""
        engine = self._engine()
        return TeamView() if engine is None else engine.teams.telling.view

    def follow(self, who: str, wanted: bool) -> None:
        """See `TeamPort.follow`."""
        self._give(lambda engine: lambda: engine.aside(engine.teams.follow(who, wanted=wanted)))

    def attach(self, agent: str, then: Callable[[tuple[Envelope, ...] | None], object]) -> None:
        """See `TeamPort.attach`."""
        self._give(lambda engine: lambda: engine.questions.ask(engine.team.attach(agent), then))

    def detach(self, agent: str) -> None:
        """See `TeamPort.detach`."""
        self._give(lambda engine: lambda: engine.team.detach(agent))

    def files(self, then: Callable[[tuple[TeamFile, ...]], object]) -> None:
        """See `TeamPort.files`."""
        self._give(
            lambda engine: (
                lambda: engine.questions.ask(engine.team.files(), lambda found: then(found or ()))
            )
        )

    def open(self, file: str) -> None:
        """See `TeamPort.open`."""
        self._give(lambda engine: lambda: engine.aside(engine.teams.open(file)))

    def close(self) -> None:
        """See `TeamPort.close`."""
        self._give(lambda engine: lambda: engine.aside(engine.teams.close()))

    def delegate(self, kind: DelegationKind, to: Sequence[str], text: str) -> None:
        """See `TeamPort.delegate`."""
        self._do(lambda team: team.give(kind, to, text))

    def perform(
        self,
        file: str,
        kind: DelegationKind,
        to: Sequence[str],
        text: str,
        *,
        timeout_s: float | None,
        then: Callable[[Performed | None], object],
    ) -> Callable[[], object]:
        """Open a team, give it work, and tell `then` how that ended; for who has no screen.

        Every word of every agent comes in the stream. Returns what ends it early:
        `then` is told what was brought until that is called.
        """
        self._give(
            lambda engine: (
                lambda: engine.questions.ask(
                    engine.performing.perform(file, kind, to, text, timeout_s), then
                )
            )
        )
        return lambda: self._give(lambda engine: engine.performing.give_up)

    def say(self, agent: str, text: str, lane: Lane = "prompt") -> None:
        """See `TeamPort.say`."""
        self._do(lambda team: team.say(agent, text, lane))

    def act(self, action: MemberAction, agent: str) -> None:
        """See `TeamPort.act`."""
        self._do(lambda team: team.act(action, agent))

    def add(self, member: NewMember) -> None:
        """See `TeamPort.add`."""
        self._do(lambda team: team.add(member))

    def replace(self, member: NewMember) -> None:
        """See `TeamPort.replace`."""
        self._do(lambda team: team.replace(member))

    def set_model(self, agent: str, model: str) -> None:
        """See `TeamPort.set_model`."""
        self._do(lambda team: team.set_model(agent, model))

    def set_budget(self, agent: str, usd: float | None, tokens: int | None) -> None:
        """See `TeamPort.set_budget`."""
        self._do(lambda team: team.set_budget(agent, usd, tokens))

    def timeline(self, then: Callable[[tuple[Span, ...]], object]) -> None:
        """See `TeamPort.timeline`."""
        self._give(
            lambda engine: (
                lambda: engine.questions.ask(engine.team.spans(), lambda found: then(found or ()))
            )
        )
