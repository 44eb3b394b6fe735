"""An agent of a team, from its plan and from what the program gives every agent.

Owns its folder and its model. Must not know who supervises it.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from alloy_tui.agent.approvals import Approvals
from alloy_tui.domain.errors import TeamError
from alloy_tui.domain.provider import Provider
from alloy_tui.domain.tool import Tool
from alloy_tui.runtime.agent_making import AgentMaker
from alloy_tui.runtime.team_keeping import Kept
from alloy_tui.runtime.team_surroundings import Made, Surroundings
from alloy_tui.team.plans import AgentPlan
from alloy_tui.team.worktrees import make_worktree


class Workshop(Protocol):
    """What of the engine is needed to make an agent."""

    @property
    def snapshot(self) -> Surroundings:
        """Folder and model of now."""
        ...

    async def provider(self, model: str) -> str | Provider:
        """What an agent takes as its model. Raises AlloyError."""
        ...

    def kept(self, tools: Sequence[Tool]) -> tuple[Tool, ...]:
        """The same, with the session's files coming along with what they change."""
        ...


class MemberMaker:
    """Fills `teams.MakeMember`; `worktrees` is where those of agents lie."""

    def __init__(
        self, engine: Workshop, maker: AgentMaker, approvals: Approvals, worktrees: Path
    ) -> None:
        self._engine = engine
        self._maker = maker
        self._approvals = approvals
        self._worktrees = worktrees

    async def __call__(self, plan: AgentPlan, kept: Kept) -> Made:
        """The agent, not started, and where it works. Raises AlloyError."""
        spec, now = plan.spec, self._engine.snapshot
        model = spec.model or now.model
        cwd = await self._folder(plan, kept.team)
        usual = self._maker.outfit(model, str(cwd)).tools
        agent = self._maker.make_member(
            model,
            await self._engine.provider(model),
            plan=plan,
            cwd=str(cwd),
            approvals=self._approvals,
            journal=kept.journal,
            session_id=kept.session or None,
            messages=kept.messages or plan.messages,
            tools=plan.outfit(usual if spec.worktree else self._engine.kept(usual)),
        )
        return Made(agent, cwd)

    async def _folder(self, plan: AgentPlan, team: str) -> Path:
        spec, above = plan.spec, Path(self._engine.snapshot.cwd)
        cwd = await asyncio.to_thread(_folder_at, above, spec.cwd)
        if cwd is None:
            raise TeamError(
                f"{spec.name} was to work in {spec.cwd}, which is no folder.",
                kind="invalid",
                agent=spec.name,
                hint="Change its `cwd`.",
            )
        if not spec.worktree:
            return cwd
        # Two projects of the same name must not meet in one worktree.
        place = hashlib.sha256(os.fsencode(above)).hexdigest()[:12]
        tree = await make_worktree(cwd, self._worktrees / place, team or "team", spec.name)
        return tree.folder


def _folder_at(above: Path, cwd: str) -> Path | None:
    folder = (above / Path(cwd).expanduser()).resolve()
    return folder if folder.is_dir() else None
