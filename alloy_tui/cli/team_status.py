"""`alloy team list` and `alloy team status`: teams as files and as what they have done.

Owns the words. What files and models wrote is cleaned.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from alloy_tui.cli import exits
from alloy_tui.cli.sessions_words import Paint, ago, columns_of, cut, money, pad, plural, print_json
from alloy_tui.domain.errors import ConfigError
from alloy_tui.runtime.session_folder import has_store, open_store
from alloy_tui.runtime.team_files import team_files, team_folders
from alloy_tui.runtime.team_reading import KeptTeam, kept_teams
from alloy_tui.sessions.ids import wall_clock_ms
from alloy_tui.settings import locate


def list_teams(cwd: Path, *, as_json: bool) -> int:
    """The teams that can be opened in `cwd`, and those that cannot, with the reason."""
    paths = locate()
    kept = {team.name: team.last_ms for team in _kept(cwd)}
    files = team_files(team_folders(cwd, paths.config), kept)
    if as_json:
        print_json(files)
        return exits.COMPLETED
    paint, now_ms = Paint(), wall_clock_ms()
    for file in files:
        used = f", used {ago(file.kept_ms, now_ms)}" if file.kept_ms is not None else ""
        who = ", ".join(file.members) or "no agents"
        print(f"{paint(cut(file.name, 60), 'live')}  {cut(who, 200)}{used}")
        words = cut(file.trouble, 300) if file.trouble else cut(file.path, 300)
        print(f"    {paint(words, 'warn' if file.trouble else 'faint')}")
    if not files:
        print("There are no teams here. Write one in .alloy/teams/NAME.toml.")
    return exits.COMPLETED


def status(cwd: Path, name: str | None, *, as_json: bool) -> int:
    """What the teams of `cwd` have done. Raises ConfigError for a name that was never used."""
    teams = _kept(cwd, name)
    if name is not None and not teams:
        raise ConfigError(
            f"The team {name} was not used in {cwd} yet.", hint="`alloy team list` shows teams."
        )
    if as_json:
        print_json(teams)
    else:
        for number, team in enumerate(teams):
            print("\n" * bool(number) + "\n".join(_told(team)))
        if not teams:
            print("No team was used here yet.")
    return exits.COMPLETED


def _kept(cwd: Path, name: str | None = None) -> tuple[KeptTeam, ...]:
    paths = locate()
    if not has_store(paths):
        return ()
    store = open_store(paths)
    try:
        return kept_teams(store, str(cwd), name)
    finally:
        store.close()


def _told(team: KeptTeam) -> list[str]:
    paint, now_ms = Paint(), wall_clock_ms()
    where = f", open in process {team.open_in}" if team.open_in is not None else ""
    lines = [
        f"{paint(cut(team.name, 60), 'live')}  used {ago(team.last_ms, now_ms)}{where}",
        f"    {plural(team.requests, 'request')}, {team.tokens:,} tokens, {money(team.cost)}",
    ]
    rows = [("AGENT", "USED", "REQUESTS", "TOKENS", "COST", "MODEL", "ROLE")]
    for member in team.members:
        used = "never" if member.last_ms is None else ago(member.last_ms, now_ms)
        name = f"{cut(member.name, 40)}{' (paused)' if member.paused else ''}"
        figures = (f"{member.requests:,}", f"{member.tokens:,}", money(member.cost))
        rows.append((name, used, *figures, cut(member.model, 40), cut(member.role, 60)))
    sizes = columns_of(rows)
    for number, row in enumerate(rows):
        cells = [
            pad(cell, size, right=2 <= at <= 4)
            for at, (cell, size) in enumerate(zip(row, sizes, strict=True))
        ]
        line = f"    {'  '.join(cells).rstrip()}"
        lines.append(line if number else paint(line, "faint"))
    states = Counter(task.state for task in team.tasks)
    tasks = ", ".join(f"{count} {state}" for state, count in states.items())
    unread = sum(member.unread for member in team.members)
    lines.append(
        f"    {plural(len(team.tasks), 'task')}{f' ({tasks})' if tasks else ''}, "
        f"{plural(team.mail, 'message')}{f' ({unread} unread)' if unread else ''}, "
        f"{plural(team.shared, 'shared key')}"
    )
    for work in team.work:
        now = "under way" if team.open_in is not None else "broken off"
        to = f"{work.to} ({work.place})" if work.place else work.to
        lines.append(f"    {now}: {cut(f'{work.by} → {to}: {work.text}', 100)}")
    return lines
