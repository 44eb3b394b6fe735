"""Agents for a team used as a library: from options of `Agent`, and no stores.

Owns what such a team shares: one provider for each model, one set of tools for each
folder. The full-screen program makes its agents elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from msgspec.structs import replace

from alloy_tui.agent.agent import Agent
from alloy_tui.agent.approvals import Approvals
from alloy_tui.agent.clock import Clock
from alloy_tui.agent.equipment import Providers, core_tools, shared_locks
from alloy_tui.agent.hub import Hub
from alloy_tui.agent.prompts import built_in_prompt
from alloy_tui.agent.tool_task import Limits
from alloy_tui.domain.access import AccessLookup
from alloy_tui.domain.errors import ConfigError, TeamError
from alloy_tui.domain.provider import Provider
from alloy_tui.domain.tool import Tool
from alloy_tui.team.plans import AgentPlan
from alloy_tui.team.spec import MemberSpec, TeamSpec, member_of
from alloy_tui.team.worktrees import make_worktree

_OF_THE_SPEC = frozenset(MemberSpec.__struct_fields__)
_OF_THE_TEAM = frozenset({"hub", "approvals", "clock", "messages", "journal", "locks", "spent"})


class AgentOptions:
    """What an agent is given beside its specification: values that TOML could not hold."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.given = dict(options)

    @classmethod
    def split(cls, name: str, options: Mapping[str, Any]) -> tuple[MemberSpec, AgentOptions]:
        """A specification and the rest, from options of `Agent` and fields of `MemberSpec`.

        Raises ConfigError.
        """
        taken = sorted(_OF_THE_TEAM & options.keys())
        if taken:
            raise ConfigError(f"{name}: `{taken[0]}` is the team's to give.")
        fields = {k: v for k, v in options.items() if k in _OF_THE_SPEC and _plain(k, v)}
        rest = {k: v for k, v in options.items() if k not in fields}
        if "cwd" in rest:
            fields["cwd"] = str(rest.pop("cwd"))
        return member_of({**fields, "name": name}, name), cls(rest)


class LibraryMaker:
    """Makes agents that share `hub`, `approvals`, locks and limits."""

    def __init__(
        self,
        *,
        hub: Hub,
        approvals: Approvals,
        clock: Clock,
        model: str | Provider = "",
        cwd: str | Path = ".",
        access: AccessLookup | None = None,
        limits: Limits | None = None,
        options: Mapping[str, AgentOptions] | None = None,
    ) -> None:
        self._hub = hub
        self._approvals = approvals
        self._clock = clock
        self._model = model
        self._cwd = Path(cwd).resolve()
        self._limits = limits or Limits()
        self._options = dict(options or {})
        self._providers = Providers(access)
        self._by_name: dict[str, Provider] = {}
        self._tools: dict[Path, tuple[Tool, ...]] = {}
        self._since_ms = clock.now_ms()

    async def __call__(self, plan: AgentPlan) -> Agent:
        """The agent, not started. Raises ConfigError or TeamError."""
        spec = plan.spec
        known = (self._options.get(name) for name in (spec.name, *plan.lineage))
        source = next((options for options in known if options is not None), None)
        given = dict(source.given) if source is not None else {}
        cwd = await self._folder(spec)
        model = spec.model or given.pop("model", "") or self._model
        given.pop("model", None)
        if not model:
            raise ConfigError(f"{spec.name} has no model.", hint="Give the team or the agent one.")
        usual = cast("tuple[Tool, ...] | None", given.pop("tools", None))
        prompt = spec.system_prompt or built_in_prompt(cwd, self._since_ms)
        given.setdefault("limits", self._limits)
        if spec.max_turns is not None:
            given["max_turns"] = spec.max_turns
        if spec.approval_mode is not None:
            given["approval_mode"] = spec.approval_mode
        own = tuple(given.pop("middleware", ()))
        return Agent(
            self._provider(model, spec.name),
            name=spec.name,
            tools=plan.outfit(self._usual(cwd) if usual is None else usual),
            system_prompt="\n\n".join(p for p in (prompt, plan.passage) if p),
            middleware=(*plan.middleware, *own),
            approvals=self._approvals,
            hub=self._hub,
            clock=self._clock,
            cwd=cwd,
            messages=plan.messages,
            spent=plan.spent,
            locks=shared_locks(),
            **given,
        )

    async def aclose(self) -> None:
        """Close the providers that were made here."""
        await self._providers.release()
        self._by_name.clear()

    def _provider(self, model: str | Provider, agent: str) -> Provider:
        if not isinstance(model, str):
            return model
        # A script is one conversation: each agent plays its own, and goes on after a restart.
        key = f"{model} {agent}" if model.startswith("scripted/") else model
        if key not in self._by_name:
            self._by_name[key] = self._providers.get(model)
        return self._by_name[key]

    def _usual(self, cwd: Path) -> tuple[Tool, ...]:
        if cwd not in self._tools:
            self._tools[cwd] = core_tools(cwd)
        return self._tools[cwd]

    async def _folder(self, spec: MemberSpec) -> Path:
        cwd = (self._cwd / spec.cwd).resolve()
        if not cwd.is_dir():
            raise TeamError(f"{spec.name}: there is no folder {cwd}.", kind="invalid")
        if spec.worktree:
            home = self._cwd.parent / f"{self._cwd.name}.worktrees"
            return (await make_worktree(cwd, home, "team", spec.name)).folder
        return cwd


def specified(
    members: TeamSpec | Mapping[str, MemberSpec | Mapping[str, Any]] | None,
    of_the_team: Mapping[str, Any],
) -> tuple[TeamSpec, dict[str, AgentOptions]]:
    """The specification, and by name what stands in none. Raises ConfigError."""
    options: dict[str, AgentOptions] = {}
    if isinstance(members, TeamSpec):
        base, specs = members, members.members
    else:
        made: list[MemberSpec] = []
        for name, given in (members or {}).items():
            if isinstance(given, MemberSpec):
                made.append(replace(given, name=name))
            else:
                spec, options[name] = AgentOptions.split(name, given)
                made.append(spec)
        base, specs = TeamSpec(), tuple(made)
    unknown = sorted(of_the_team.keys() - set(TeamSpec.__struct_fields__))
    if unknown:
        known = ", ".join(f for f in TeamSpec.__struct_fields__ if f != "members")
        raise ConfigError(f"A team has no `{unknown[0]}`.", hint=f"There are: {known}.")
    return replace(base, members=specs, **dict(of_the_team)), options


def _plain(key: str, value: Any) -> bool:
    """Whether it can stand in a specification: models and tools may be objects."""
    if key == "tools":
        return value is None or all(isinstance(each, str) for each in value)
    if key == "model":
        return isinstance(value, str)
    return key != "cwd"
