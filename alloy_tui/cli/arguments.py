"""The grammar of the command line.

Owns flags and their words. Imports argparse alone, so that `--version` and
mistakes answer at once. A mistake is one line on standard error and exit 2.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from alloy_tui.cli import exits, sessions_arguments, team_arguments
from alloy_tui.cli.streams import remark

MODES = ("ask", "edits", "all", "none")
_MODEL = "a model as service/name, e.g. anthropic/claude-sonnet-5-5 or scripted/FILE.json"
_APPROVE = (
    "what runs unasked: ask = only reading, edits = changing files too, all = everything, "
    "none = only reading, and nothing is asked"
)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        from alloy_tui.domain.sanitise import clean_line

        text = clean_line(message, limit=1000)
        remark(f"{self.prog}: {text} (see {self.prog} --help)")
        raise SystemExit(exits.USAGE)


class _Version(argparse.Action):
    def __call__(self, *_: object) -> NoReturn:
        from alloy_tui import __version__

        sys.stdout.write(f"alloy {__version__}\n")
        sys.stdout.flush()
        raise SystemExit(exits.COMPLETED)


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """The arguments; `command` is None for the full-screen program. Exits on a mistake."""
    parser = _Parser(
        prog="alloy",
        description="An agent workbench for the terminal. Without a command: the full screen.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version")
    parser.add_argument("--demo", action="store_true", help="a scripted agent, no model needed")
    parser.add_argument(
        "--plain", action="store_true", help="as lines of text: screen readers, dumb terminals"
    )
    going_on = parser.add_mutually_exclusive_group()
    going_on.add_argument(
        "--continue", action="store_true", help="go on with the latest session of this folder"
    )
    going_on.add_argument(
        "--resume", metavar="ID", nargs="?", const="", help="go on with a session; pick one"
    )
    _shared(parser, None)
    commands = parser.add_subparsers(
        dest="command", metavar="COMMAND", parser_class=_Parser, title="commands"
    )
    _run(commands)
    for name, words in (
        ("models", "list the models within reach"),
        ("doctor", "show what is installed, found and reachable"),
    ):
        sub = commands.add_parser(name, help=words, description=words, allow_abbrev=False)
        sub.add_argument("--json", action="store_true", help="as JSON")
        if name == "doctor":
            sub.add_argument(
                "--repair", action="store_true", help="salvage a damaged store of sessions first"
            )
            sub.add_argument(
                "--online", action="store_true", help="ask each service for its models"
            )
    sessions_arguments.add(commands, _Parser)
    team_arguments.add(
        commands, _Parser, shared=lambda sub: _shared(sub, argparse.SUPPRESS), seconds=_seconds
    )
    _config(commands)
    return parser.parse_args(argv)


def _shared(parser: argparse.ArgumentParser, default: str | None) -> None:
    parser.add_argument("--model", metavar="P/M", default=default, help=_MODEL)
    parser.add_argument("--cwd", metavar="DIR", default=default, help="the folder to work in")
    parser.add_argument("--approve", choices=MODES, default=default, help=_APPROVE)
    parser.add_argument(
        "--no-session",
        action="store_true",
        default=False if default is None else default,
        help="keep nothing of the conversation",
    )


def _run(commands: Any) -> None:  # argparse keeps the type's name to itself
    words = "one prompt without a screen, for scripts"
    run = commands.add_parser("run", help=words, description=words, allow_abbrev=False)
    run.add_argument("stdin", nargs="?", choices=["-"], help="read the prompt from standard input")
    run.add_argument("-p", "--prompt", metavar="TEXT", help="the prompt; - reads standard input")
    run.add_argument("--json", action="store_true", help="one event a line on standard output")
    # What was given before the command stays in force.
    _shared(run, argparse.SUPPRESS)
    place = run.add_mutually_exclusive_group()
    place.add_argument(
        "--session", metavar="ID", help="go on with a session; latest = the last of this folder"
    )
    place.add_argument("--new", action="store_true", help="begin a new session (the default)")
    run.add_argument(
        "--branch-from", metavar="MESSAGE", help="follow that message of the session instead"
    )
    run.add_argument("--max-turns", type=_count, metavar="N", help="give up after N turns")
    run.add_argument("--timeout", type=_seconds, metavar="S", help="give up after S seconds")
    run.add_argument("--system", metavar="TEXT", help="the system prompt instead of the built-in")


def _config(commands: Any) -> None:  # argparse keeps the type's name to itself
    words = "read and change the config file"
    config = commands.add_parser("config", help=words, description=words, allow_abbrev=False)
    actions = config.add_subparsers(dest="action", metavar="ACTION", parser_class=_Parser)
    get = actions.add_parser("get", help="print a setting, or all that are set")
    get.add_argument("key", nargs="?", metavar="KEY", help="for example approvals.mode")
    put = actions.add_parser("set", help="change a setting")
    put.add_argument("key", metavar="KEY", help="for example services.openai.api_key")
    put.add_argument("value", metavar="VALUE", help="the value; - reads it from standard input")
    keep = actions.add_parser("set-key", help="keep the key of a service, typed or from a pipe")
    keep.add_argument("service", metavar="SERVICE", help="for example anthropic")
    keep.add_argument("--remove", action="store_true", help="throw it away instead")
    actions.add_parser("path", help="print where the config file is")
    actions.add_parser("edit", help="open the config file in $VISUAL or $EDITOR")


def _count(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if not 1 <= number <= 1_000_000:
        raise argparse.ArgumentTypeError(f"“{text}” is no whole number of at least 1")
    return number


def _seconds(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number <= 86_400:
        raise argparse.ArgumentTypeError(f"“{text}” is no number of seconds above 0")
    return number
