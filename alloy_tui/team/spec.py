"""What a team is made of, as people write it: TOML, or the same in code.

Owns the shape and the words of every refusal: file, key, what to write. Must not
know how an agent is made, nor which models and tools there are.

    name = "review-crew"
    model = "anthropic/claude-sonnet-5"

    [[members]]
    name = "researcher"
    role = "finds out how things are"
    tools = ["read", "bash"]
"""

from __future__ import annotations

import difflib
import math
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import msgspec

from alloy_tui.agent.permissions import ApprovalMode
from alloy_tui.domain.errors import ConfigError
from alloy_tui.team.restarts import RestartKind, Strategy

MOST_MEMBERS = 200
TEAM_TOOLS = ("delegate", "message", "task", "context")
"""The names of the team's own tools."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,39}")
_RESERVED = frozenset({"user", "all", "new", "team"})
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<name>[^`]*)`")
_AMOUNT = "a number of more than 0"
_WHAT = {
    "members": "[[members]] above each agent's keys; in a group, a list of names",
    "groups": "[[groups]] above each group's keys",
    "tools": 'a list of names, such as ["read", "bash", "message"]',
    "approval_mode": '"ask", "edits", "all" or "none"',
    "restart": '"permanent", "transient" or "temporary"',
    "strategy": '"one_for_one", "one_for_all" or "rest_for_one"',
    "worktree": "true or false",
    "shared": 'a table of texts, such as shared = { branch = "main" }',
    **dict.fromkeys(("budget_usd", "run_timeout_s", "shutdown_s", "period_s"), _AMOUNT),
    **dict.fromkeys(
        ("budget_tokens", "max_turns", "max_restarts", "max_depth", "max_agents", "parallel"),
        "a whole number",
    ),
    **dict.fromkeys(("name", "model", "system_prompt", "role", "cwd"), "a text in quotes"),
}
_AT = re.compile(r" - at `\$\.?(?P<path>[^`]*)`$")


class MemberSpec(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """An agent of a team. What is empty or None is the team's or the program's.

    `role` is one line that the others are told. `tools` are the names of exactly those
    that it has, the team's own among them (`TEAM_TOOLS`); None = all. `restart` says
    when it is started anew. `budget_usd` and `budget_tokens` are hard limits of its
    life. `cwd` may be relative to the team's; with `worktree` it works in a git
    worktree of its own. `run_timeout_s` is how long a run may show no sign of life,
    `shutdown_s` how long the agent has to stop.
    """

    name: str
    model: str = ""
    system_prompt: str = ""
    role: str = ""
    tools: tuple[str, ...] | None = None
    approval_mode: ApprovalMode | None = None
    restart: RestartKind = "permanent"
    budget_usd: float | None = None
    budget_tokens: int | None = None
    cwd: str = ""
    worktree: bool = False
    max_turns: int | None = None
    run_timeout_s: float = 900.0
    shutdown_s: float = 2.0


class GroupSpec(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A supervisor below the team's: its `members` are names of agents, or of other groups.

    It is started anew as a whole when it gives up, as `restart` says.
    """

    name: str
    members: tuple[str, ...]
    strategy: Strategy = "one_for_one"
    max_restarts: int = 5
    period_s: float = 60.0
    restart: RestartKind = "permanent"


class TeamSpec(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A team. More than `max_restarts` restarts within `period_s` seconds end it.

    `shared` is the shared context that it begins with. `max_depth` is how deep
    work may be passed on (1 = nobody passes any on), `max_agents` how many
    agents there may be at once, `parallel` how many of them a broadcast asks at
    once. `budget_usd` and `budget_tokens` are of all together.
    """

    name: str = "team"
    members: tuple[MemberSpec, ...] = ()
    groups: tuple[GroupSpec, ...] = ()
    strategy: Strategy = "one_for_one"
    max_restarts: int = 5
    period_s: float = 60.0
    model: str = ""
    approval_mode: ApprovalMode | None = None
    budget_usd: float | None = None
    budget_tokens: int | None = None
    shared: dict[str, str] = {}
    max_depth: int = 3
    max_agents: int = 128
    parallel: int = 100


def read_team(path: Path) -> TeamSpec:
    """The team in a TOML file, named like it unless it says otherwise. Raises ConfigError."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.") from error
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8 text (byte {error.start}).") from None
    return parse_team(text, str(path), name=path.stem)


def parse_team(text: str, where: str, *, name: str = "team") -> TeamSpec:
    """The team in TOML `text`; `where` names it in errors, `name` the team. Raises ConfigError."""
    try:
        raw = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(f"{where} is not valid TOML: {error}.") from None
    raw.setdefault("name", name)
    try:
        made = msgspec.convert(raw, TeamSpec)
    except msgspec.ValidationError as error:
        raise _refusal(str(error), where, raw, TeamSpec) from None
    return checked(made, where)


def member_of(fields: Mapping[str, Any], where: str = "the agent") -> MemberSpec:
    """An agent's specification from its fields. Raises ConfigError."""
    try:
        return checked_member(msgspec.convert(dict(fields), MemberSpec), where)
    except msgspec.ValidationError as error:
        raise _refusal(str(error), where, {}, MemberSpec) from None


def checked(team: TeamSpec, where: str = "the team") -> TeamSpec:
    """`team` itself. Raises ConfigError when a value in it is impossible, or two clash."""
    for member in team.members:
        checked_member(member, where)
    _check_name(team.name, where)
    names = [m.name for m in team.members] + [g.name for g in team.groups]
    if len(team.members) > MOST_MEMBERS:
        raise ConfigError(f"{where}: a team has at most {MOST_MEMBERS} members.")
    if len(team.members) > team.max_agents:
        raise ConfigError(
            f"{where}: `max_agents` is {team.max_agents} for {len(team.members)} members.",
            hint=f"Write at least max_agents = {len(team.members)}.",
        )
    for name in names:
        _check_free(name, where)
        if names.count(name) > 1:
            raise ConfigError(f"{where}: two are named “{name}”.", hint="Give one another name.")
    for key, least in (("max_restarts", 0), ("max_depth", 1), ("max_agents", 1), ("parallel", 1)):
        if getattr(team, key) < least:
            raise ConfigError(f"{where}: `{key}` must be at least {least}.")
    _check_amounts(team, where, "", ("period_s", "budget_usd", "budget_tokens"))
    _check_groups(team, where)
    return team


def checked_member(member: MemberSpec, where: str = "the agent") -> MemberSpec:
    """`member` itself. Raises ConfigError when a value in it is impossible."""
    _check_name(member.name, where)
    _check_free(member.name, where)
    amounts = ("budget_usd", "budget_tokens", "max_turns", "run_timeout_s", "shutdown_s")
    _check_amounts(member, where, f" of “{member.name}”", amounts)
    if member.model and "/" in member.model:
        service, _, model = member.model.partition("/")
        if not service or not model:
            raise ConfigError(
                f"{where}: `model` of “{member.name}” is “{member.model}”.",
                hint="Write it as service/model, for example anthropic/claude-sonnet-5.",
            )
    return member


def _check_amounts(made: object, where: str, whose: str, keys: tuple[str, ...]) -> None:
    for key in keys:
        value = getattr(made, key)
        if value is not None and not (value > 0 and math.isfinite(value)):
            raise ConfigError(f"{where}: `{key}`{whose} must be more than 0.")


def _check_name(name: str, where: str) -> None:
    if not _NAME.fullmatch(name):
        raise ConfigError(
            f"{where}: `name` cannot be “{name[:60]}”.",
            hint="Use up to 40 letters, digits, dots, dashes and underscores.",
        )


def _check_free(name: str, where: str) -> None:
    if name in _RESERVED:
        raise ConfigError(f"{where}: nobody can be named “{name}”: it has a meaning of its own.")


def _check_groups(team: TeamSpec, where: str) -> None:
    known = {m.name for m in team.members} | {g.name for g in team.groups}
    owner: dict[str, str] = {}
    for group in team.groups:
        _check_name(group.name, where)
        _check_amounts(group, where, f" of the group “{group.name}”", ("period_s",))
        if group.max_restarts < 0:
            raise ConfigError(f"{where}: `max_restarts` of “{group.name}” must be at least 0.")
        for name in group.members:
            if name not in known:
                near = difflib.get_close_matches(name, known, 1)
                raise ConfigError(
                    f"{where}: the group “{group.name}” names “{name}”, who is not in the team.",
                    hint=f"Did you mean {near[0]}?" if near else None,
                )
            if name in owner:
                raise ConfigError(
                    f"{where}: “{name}” is in two groups, {owner[name]} and {group.name}.",
                    hint="Leave it in one.",
                )
            owner[name] = group.name
    for group in team.groups:
        above, seen = owner.get(group.name), {group.name}
        while above is not None:
            if above in seen:
                raise ConfigError(f"{where}: the group “{group.name}” is inside itself.")
            seen.add(above)
            above = owner.get(above)


def _refusal(
    error: str, where: str, raw: Mapping[str, Any], kind: type[msgspec.Struct]
) -> ConfigError:
    """The words of a ValidationError with the place in terms of the file."""
    at = _AT.search(error)
    path = at["path"] if at else ""
    words = error[: at.start()] if at else error
    place = f" `{path}`" if path else ""
    unknown = _UNKNOWN.match(words)
    if unknown is not None:
        kinds = {"members": MemberSpec, "groups": GroupSpec}
        known = kinds.get(path.partition("[")[0], kind).__struct_fields__
        near = difflib.get_close_matches(unknown["name"], known, 1)
        hint = f"Did you mean `{near[0]}`?" if near else f"There are: {', '.join(known)}."
        of = f" in{place}{_whose(raw, path)}" if path else ""
        return ConfigError(f"{where}: there is no `{unknown['name']}`{of}.", hint=hint)
    if words.startswith("Object missing required field"):
        return ConfigError(f"{where}:{place} lacks {words.rpartition(' ')[2]}.")
    key = path.rpartition(".")[2].partition("[")[0]
    what = _WHAT.get(key)
    hint = f"Write {what}." if what is not None else f"{words}."
    return ConfigError(f"{where}:{place}{_whose(raw, path)} cannot be that.", hint=hint)


def _whose(raw: Mapping[str, Any], path: str) -> str:
    """Whose table that is: the parser counts tables, people name them."""
    at = re.match(r"(\w+)\[(\d+)\]", path)
    entries = raw.get(at[1]) if at is not None else None
    if at is None or not isinstance(entries, list):
        return ""
    entry = cast("list[Any]", entries)[int(at[2])]
    name = cast("dict[str, Any]", entry).get("name") if isinstance(entry, dict) else None
    return f" (“{name}”)" if isinstance(name, str) else ""
