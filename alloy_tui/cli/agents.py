"""`alloy agents`: what the agents of running programs do, and whether one needs a person.

Owns the words and the exit code, so that a script or a status bar can ask. A program
without a team has one agent, that of its conversation.
"""

from __future__ import annotations

from alloy_tui.cli import exits
from alloy_tui.cli.sessions_words import Paint, ago, columns_of, cut, money, pad, print_json
from alloy_tui.runtime.posting import Posted, PostedAgent, posting_folder, running_programs
from alloy_tui.sessions.ids import wall_clock_ms
from alloy_tui.settings import locate

NEEDS_YOU = exits.HALTED
_HEADS = ("AGENT", "STATE", "TURNS", "COST", "LAST", "MODEL", "SESSION", "DOES")
_ID_COLUMNS = 16
_WORDS = {"idle": "ready", "waiting_approval": "needs you", "cancelled": "stopped"}
"""States as the dashboard words them; the others are words already."""


def run(*, as_json: bool) -> int:
    """Print them; 3 when a question of an agent waits for a person, else 0."""
    programs = running_programs(posting_folder(locate()))
    if as_json:
        print_json(programs)
    else:
        for number, posted in enumerate(programs):
            print("\n" * bool(number) + "\n".join(_told(posted)))
        if not programs:
            print("No program is running.")
    needed = any(agent.waiting for posted in programs for agent in posted.agents)
    return NEEDS_YOU if needed else exits.COMPLETED


def _told(posted: Posted) -> list[str]:
    paint, now_ms = Paint(), wall_clock_ms()
    team = f", team {cut(posted.team, 60)}" if posted.team else ""
    head = f"process {posted.process.pid} in {cut(posted.cwd, 100)}{team}"
    rows = [_HEADS, *(_row(agent, now_ms) for agent in posted.agents)]
    sizes = columns_of(rows)
    lines = [paint(head, "live")]
    for number, row in enumerate(rows):
        cells = [pad(cell, size) for cell, size in zip(row, sizes, strict=True)]
        line = f"    {'  '.join(cells).rstrip()}"
        lines.append(line if number else paint(line, "faint"))
        if number:
            waiting = posted.agents[number - 1].waiting
            lines += [paint(f"        needs you: {cut(each, 160)}", "warn") for each in waiting]
    return lines


def _row(agent: PostedAgent, now_ms: int) -> tuple[str, ...]:
    below = "  " if agent.parent else ""
    paused = " (paused)" if agent.paused else ""
    last = ago(agent.last_ms, now_ms) if agent.last_ms else ""
    return (
        f"{below}{cut(agent.name, 40)}",
        f"{_WORDS.get(agent.state, agent.state.replace('_', ' '))}{paused}",
        str(agent.turns),
        money(agent.cost, unknown=""),
        last,
        cut(agent.model, 40),
        agent.session[:_ID_COLUMNS],
        cut(agent.activity, 60),
    )
