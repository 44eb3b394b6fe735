"""A hundred agents that write at once, on the dashboard of the program itself.

    python -m benchmarks hundred_agents [--agents 100] [--rate 20] [--seconds 20]

The program as people start it, in a terminal, with its own engine, supervision,
journals and store; the models alone are scripts, each of which says its own
words at `rate` tokens a second for `seconds`. A broadcast sets all to work.
CPU is the whole process. A key moves the dashboard's cursor, and is timed from its
writing to the bytes that move it. Afterwards each agent's answer is read back
from the store and held against its script, to the character.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from pathlib import Path
from statistics import median, quantiles

import msgspec

from alloy_tui.runtime.session_folder import open_store
from alloy_tui.runtime.team_reading import kept_teams
from alloy_tui.sessions.nodes import Answer
from alloy_tui.settings import locate
from benchmarks.dashboard import KEYS, cursor_ground, cursor_keys, drain
from benchmarks.idle import cpu_s
from benchmarks.keeping import keep
from benchmarks.startup import ALLOY
from tests.support.terminal import Terminal

_LINE = 10
"""Words of a line, as prose has them."""


class Measured(msgspec.Struct):
    """Of one run; `whole` is how many answers are in the store as their scripts have them."""

    cpu_share: float
    rss_mb: float
    bytes_s: float
    keys_ms: list[float]
    wall_s: float
    whole: int


def words_of(agent: int, tokens: int) -> str:
    """What an agent says: words of eight characters, which no other agent says."""
    ends = (" " if number % _LINE else "\n" for number in range(1, tokens + 1))
    return "".join(f"{agent:03}-{number:03}{end}" for number, end in enumerate(ends))


def write_team(project: Path, agents: int, rate: float, tokens: int) -> None:
    """A script for each agent, and the team's file."""
    members = ['name = "hundred"', f"max_agents = {max(128, agents)}", f"parallel = {agents}"]
    for agent in range(agents):
        text = words_of(agent, tokens)
        reply = {"text": text, "chunk": 8, "chunk_delay_ms": round(1000 / rate)}
        script = project / f"s{agent:03}.json"
        script.write_text(json.dumps({"context_window": 200_000, "replies": [reply]}))
        members += ["[[members]]", f'name = "agent-{agent:03}"', 'role = "reads a part"']
        members += [f'model = "scripted/{script.name}"']
    file = project / ".alloy" / "teams" / "hundred.toml"
    file.parent.mkdir(parents=True)
    file.write_text("\n".join(members))
    (project / "main.json").write_text(json.dumps({"replies": [{"text": "Not asked."}]}))


def whole_answers(home: Path, project: Path, agents: int, tokens: int) -> int:
    """How many agents have exactly their own words in the store, once and in one answer."""
    store = open_store(locate({"ALLOY_HOME": str(home)}))
    try:
        [team] = kept_teams(store, str(project), "hundred")
        said: dict[str, list[str]] = {}
        for member in team.members:
            nodes = [entry.node for entry in store.since(member.session, 0)]
            said[member.name] = [n.message.text for n in nodes if isinstance(n, Answer)]
    finally:
        store.close()
    wanted = {f"agent-{agent:03}": [words_of(agent, tokens)] for agent in range(agents)}
    return sum(said.get(name) == texts for name, texts in wanted.items())


def _measure(agents: int, rate: float, seconds: float) -> Measured:
    tokens = round(rate * seconds)
    with tempfile.TemporaryDirectory() as folder:
        project, home = Path(folder, "project").resolve(), Path(folder, "home")
        project.mkdir()
        write_team(project, agents, rate, tokens)
        argv = [ALLOY, "--model", "scripted/main.json"]
        environment = {"ALLOY_HOME": str(home), "HOME": folder}
        screen = Terminal(
            argv, cwd=project, columns=120, rows=40, environment=environment, answers=("sync",)
        )
        with screen as terminal:
            made = _run(terminal, agents, seconds)
            terminal.escape()
            terminal.wait_gone("shows all")
            terminal.type("/quit\r")
            terminal.wait_exit()
        made.whole = whole_answers(home, project, agents, tokens)
    return made


def _run(terminal: Terminal, agents: int, seconds: float) -> Measured:
    pid = terminal.process.pid
    terminal.wait_for("Ask anything")
    terminal.type("/team hundred\r")
    terminal.wait_for(f"{agents + 1} agents")
    terminal.wait_for("agent-005")
    terminal.type("b")
    terminal.wait_for("Broadcast to")
    terminal.type("Read your part\r")
    begun = time.monotonic()
    # The heading of the group; the title tells earlier than the lines move.
    terminal.wait_for(f"\n working {agents}")
    terminal.type("\x1b[H")
    terminal.wait_until(
        lambda: cursor_ground(terminal) is not None, "the cursor on the first agent"
    )
    ground = cursor_ground(terminal)
    assert ground is not None
    quiet_s = max(2.0, seconds / 2 - 2)
    before, since = cpu_s(pid), time.monotonic()
    written = drain(terminal.master, quiet_s)
    share = (cpu_s(pid) - before) / (time.monotonic() - since)
    keys = cursor_keys(terminal, ground)
    # What was read for the keys is not on the emulated screen: let all of it be painted.
    terminal.resize(121, 40)
    terminal.wait_for("working 0", seconds * 10)
    wall_s = time.monotonic() - begun
    return Measured(share, _rss_mb(pid), written / quiet_s, keys, wall_s, 0)


def _rss_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1000


def main() -> None:
    """Print the line and keep it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks hundred_agents")
    parser.add_argument("--agents", type=int, default=100)
    parser.add_argument("--rate", type=float, default=20)
    parser.add_argument("--seconds", type=float, default=20)
    given = parser.parse_args()
    made = _measure(given.agents, given.rate, given.seconds)
    words = (
        f"{given.agents} agents at {given.rate:g} tokens/s each for {given.seconds:g} s, in the "
        f"program itself with its dashboard open: {made.cpu_share:.1%} of a core, "
        f"{made.rss_mb:.0f} MB, {made.bytes_s / 1000:.0f} kB/s written; a key meanwhile "
        f"{median(made.keys_ms):.1f} ms, p99 {quantiles(made.keys_ms, n=KEYS)[-1]:.1f} ms; all "
        f"had ended after {made.wall_s:.1f} s, {made.whole} of {given.agents} answers whole in "
        "the store"
    )
    print(words)
    keep("hundred_agents", words)


if __name__ == "__main__":
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    main()
