"""What an agent of a team is to be made of, and which tools it is to have.

Owns the choice of tools by name. Must not know how an agent is made.
"""

from __future__ import annotations

import difflib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from alloy_tui.agent.agent import Agent
from alloy_tui.agent.ledger import UsageTotals
from alloy_tui.agent.middleware import Middleware
from alloy_tui.domain.errors import ConfigError
from alloy_tui.domain.messages import ChatMessage
from alloy_tui.domain.tool import Tool
from alloy_tui.team.leases import Leases
from alloy_tui.team.spec import TEAM_TOOLS, MemberSpec


@dataclass(frozen=True)
class AgentPlan:
    """What an agent of a team is to be made of.

    Its name is `spec.name`, its hub, approvals and locks are the team's. `spec` has
    the team's model and mode filled in where it had none. `messages` is the
    conversation to go on from, valid, and `spent` what it took; who keeps conversations
    in a store may know it better. `tools` are those of the team's own that the
    specification lets it have. `lineage` are the parent, its parent and so on.
    `passage` belongs into the system prompt, `middleware` before any other.
    """

    spec: MemberSpec
    parent: str = ""
    messages: tuple[ChatMessage, ...] = ()
    restarts: int = 0
    passage: str = ""
    tools: tuple[Tool, ...] = ()
    middleware: tuple[Middleware, ...] = ()
    leases: Leases | None = None
    lineage: tuple[str, ...] = ()
    spent: UsageTotals | None = None

    def outfit(self, usual: Sequence[Tool]) -> tuple[Tool, ...]:
        """Those of the `usual` tools that the agent is to have, kept to leases; then the team's.

        Raises ConfigError when the specification names one that there is not.
        """
        wanted = self.spec.tools
        known = dict.fromkeys((*(tool.spec.name for tool in usual), *TEAM_TOOLS))
        for name in wanted or ():
            if name not in known:
                near = difflib.get_close_matches(name, known, 1)
                raise ConfigError(
                    f"{self.spec.name}: there is no tool “{name}”.",
                    hint=f"Did you mean “{near[0]}”?"
                    if near
                    else f"There are: {', '.join(known)}.",
                )
        mine = tuple(t for t in usual if wanted is None or t.spec.name in wanted)
        return (*(mine if self.leases is None else self.leases.wrap(mine)), *self.tools)


Maker: TypeAlias = Callable[[AgentPlan], Awaitable[Agent]]
"""Makes an agent, not started; raises ConfigError or TeamError when it cannot."""
