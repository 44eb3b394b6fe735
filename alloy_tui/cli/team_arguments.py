"""The grammar of `alloy team` and `alloy agents`.

Owns flags and their words; like `arguments` it imports next to nothing.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

_FILE = "a team: its name in .alloy/teams, or the path of its file"


def add(
    commands: Any,
    parser_class: type[argparse.ArgumentParser],
    *,
    shared: Callable[[argparse.ArgumentParser], object],
    seconds: Callable[[str], float],
) -> None:
    """Add `team` and `agents`; `shared` adds what all runs take, `seconds` reads a time."""
    words = "run a team of agents without a screen, and look at teams"
    team = commands.add_parser("team", help=words, description=words, allow_abbrev=False)
    actions = team.add_subparsers(
        dest="action", metavar="ACTION", required=True, parser_class=parser_class
    )
    words = "give a team work and wait for what it brings"
    run = actions.add_parser("run", help=words, description=words, allow_abbrev=False)
    run.add_argument("file", metavar="FILE", help=_FILE)
    run.add_argument("-p", "--prompt", metavar="TEXT", help="the work; - reads standard input")
    whom = run.add_mutually_exclusive_group()
    whom.add_argument("--to", metavar="NAME", help="for that agent; without it for the first")
    whom.add_argument(
        "--handoff", metavar="A,B,C", type=_names, help="for A; what it brings goes to B, and so on"
    )
    whom.add_argument("--broadcast", action="store_true", help="for all agents, each for itself")
    run.add_argument("--json", action="store_true", help="one event a line on standard output")
    run.add_argument(
        "--timeout", type=seconds, metavar="S", dest="within_s", help="give up after S seconds"
    )
    run.set_defaults(stdin=None)
    shared(run)

    words = "the teams there are"
    listing = actions.add_parser("list", help=words, description=words, allow_abbrev=False)
    words = "what teams of this folder have done: agents, tasks, mail, cost"
    status = actions.add_parser("status", help=words, description=words, allow_abbrev=False)
    status.add_argument(
        "name", nargs="?", metavar="NAME", help="one team; a session's own is “session TITLE”"
    )
    for each in (listing, status):
        each.add_argument("--json", action="store_true", help="as JSON")
        each.add_argument(
            "--cwd", metavar="DIR", default=argparse.SUPPRESS, help="the project's folder"
        )

    words = "agents of programs that run now; exit 3 when a question waits for you"
    agents = commands.add_parser("agents", help=words, description=words, allow_abbrev=False)
    agents.add_argument("--json", action="store_true", help="as JSON")


def _names(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(","))
    if not all(names):
        raise argparse.ArgumentTypeError(f"“{text}” is no list of names, such as coder,reviewer")
    return names
