"""Who may write which file: leases, and the refusal of writes upon what has changed.

Owns the leases of one process and the wrapper that makes tools keep to them. A
lease is taken with an agent's first write to a file and given back when its
request is over; who waits for another's answer lends it what it holds. Knows files
by the lock keys of tools: absolute paths.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

from alloy_tui.domain.errors import TeamError, ToolError
from alloy_tui.domain.team_events import LeaseChanged, LeaseRefused
from alloy_tui.domain.team_values import Collision, Lease
from alloy_tui.domain.tool import Access, Tool, ToolContext, ToolReply, ToolSpec
from alloy_tui.team.recording import Channel


class Leases:
    """The leases of a team, and who wrote what since whom.

    `waits_for` says whether its first agent waits for the second.
    """

    def __init__(
        self,
        channel: Channel | None = None,
        waits_for: Callable[[str, str], bool] = lambda _holder, _agent: False,
    ) -> None:
        self._channel = channel or Channel()
        self._waits_for = waits_for
        self._held: dict[str, Lease] = {}
        self._written: dict[str, tuple[str, int]] = {}
        self._seen: dict[tuple[str, str], int] = {}
        self._collisions: list[Collision] = []

    @property
    def held(self) -> tuple[Lease, ...]:
        """All leases, oldest first."""
        return tuple(self._held.values())

    @property
    def collisions(self) -> tuple[Collision, ...]:
        """The latest hundred refusals, oldest first."""
        return tuple(self._collisions)

    def take(self, agent: str, path: str) -> bool:
        """Take the lease of `path`; false when `agent` has it already.

        Raises TeamError "conflict" while another has it.
        """
        lease = self._held.get(path)
        if lease is not None and lease.holder == agent:
            return False
        if lease is not None and not self._waits_for(lease.holder, agent):
            self._refuse(agent, path, lease.holder, "held")
            raise TeamError(
                f"{lease.holder} is changing {path}.",
                kind="conflict",
                agent=lease.holder,
                hint=f"Work on something else, or message {lease.holder} and try again later.",
            )
        event = LeaseChanged(path, agent)
        self._channel.publish(agent, event)
        self.apply(self._channel.now_ms(), event)
        return True

    def give_back(self, agent: str, paths: Iterable[str] | None = None) -> None:
        """Give back those leases of `agent`, None = all of them."""
        mine = [lease.path for lease in self._held.values() if lease.holder == agent]
        for path in mine if paths is None else [path for path in paths if path in mine]:
            event = LeaseChanged(path, "")
            self._channel.publish(agent, event)
            self.apply(self._channel.now_ms(), event)

    def saw(self, agent: str, path: str) -> None:
        """`agent` knows `path` as it is now."""
        self._seen[agent, path] = self._written.get(path, ("", 0))[1]

    def check(self, agent: str, path: str) -> None:
        """Raises TeamError "conflict" when another wrote `path` since `agent` last saw it."""
        writer, count = self._written.get(path, ("", 0))
        if writer in {"", agent} or self._seen.get((agent, path), 0) >= count:
            return
        self._refuse(agent, path, writer, "stale")
        raise TeamError(
            f"{writer} changed {path} since you last saw it.",
            kind="conflict",
            agent=writer,
            hint="Read it again and make your change upon what it is now.",
        )

    def wrote(self, agent: str, path: str) -> None:
        """`agent` has written `path`."""
        count = self._written.get(path, ("", 0))[1] + 1
        self._written[path] = (agent, count)
        self._seen[agent, path] = count

    def apply(self, at_ms: int, event: LeaseChanged) -> None:
        """What the event says is so, without telling it again."""
        if event.holder:
            self._held[event.path] = Lease(event.path, event.holder, at_ms)
        else:
            self._held.pop(event.path, None)

    def wrap(self, tools: Sequence[Tool]) -> tuple[Tool, ...]:
        """The same tools, kept to the leases of the agent that calls them."""
        return leased(tools, lambda: self)

    def _refuse(self, agent: str, path: str, holder: str, reason: Literal["held", "stale"]) -> None:
        self._channel.publish(agent, LeaseRefused(path, holder, reason))
        self._collisions.append(Collision(path, agent, holder, self._channel.now_ms()))
        del self._collisions[:-100]


def leased(tools: Sequence[Tool], leases: Callable[[], Leases | None]) -> tuple[Tool, ...]:
    """The same tools, kept to the leases of the moment; None = nobody else is there."""
    return tuple(LeasedTool(tool, leases) for tool in tools)


class LeasedTool:
    """A tool whose writes need a lease and whose reads are remembered."""

    def __init__(self, inner: Tool, leases: Callable[[], Leases | None]) -> None:
        self._inner = inner
        self._leases = leases

    @property
    def spec(self) -> ToolSpec:
        """See `Tool.spec`."""
        return self._inner.spec

    def prepare(self, arguments: dict[str, Any]) -> Any:
        """See `Tool.prepare`."""
        return self._inner.prepare(arguments)

    def access(self, prepared: Any) -> Access:
        """See `Tool.access`."""
        return self._inner.access(prepared)

    def lock_keys(self, prepared: Any, context: ToolContext) -> tuple[str, ...]:
        """See `Tool.lock_keys`."""
        return self._inner.lock_keys(prepared, context)

    def headline(self, prepared: Any) -> str:
        """See `Tool.headline`."""
        return self._inner.headline(prepared)

    def rule(self, prepared: Any) -> str:
        """See `Tool.rule`."""
        return self._inner.rule(prepared)

    async def run(self, prepared: Any, context: ToolContext) -> ToolReply:
        """See `Tool.run`. Raises ToolError when another agent stands in the way."""
        leases = self._leases()
        if leases is None:
            return await self._inner.run(prepared, context)
        agent, edits = context.agent, self._inner.access(prepared) != "read"
        paths = [key for key in self._inner.lock_keys(prepared, context) if key.startswith("/")]
        taken = _take(leases, agent, paths) if edits else []
        done = False
        try:
            reply = await self._inner.run(prepared, context)
            done = not reply.is_error
        finally:
            if not done:
                leases.give_back(agent, taken)
        if done:
            for path in paths:
                (leases.wrote if edits else leases.saw)(agent, path)
        return reply


def _take(leases: Leases, agent: str, paths: Sequence[str]) -> list[str]:
    taken: list[str] = []
    try:
        for path in paths:
            leases.check(agent, path)
            taken += [path] if leases.take(agent, path) else []
    except TeamError as error:
        leases.give_back(agent, taken)
        raise ToolError(f"{error.message} {error.hint or ''}".strip()) from None
    return taken
