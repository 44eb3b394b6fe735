"""The grammar of `alloy sessions`.

Owns flags and their words; like `arguments` it imports next to nothing.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

FORMATS = ("markdown", "json", "html")
_ID = "a session: its id, the beginning of one, or “latest”"
_NODE = "a message: its id, the beginning of one, or its label"


def add(commands: Any, parser_class: type[argparse.ArgumentParser]) -> None:
    """Add `sessions` and its actions to the commands."""
    words = "list, read, search, export, import, delete and compare sessions"
    sessions = commands.add_parser("sessions", help=words, description=words, allow_abbrev=False)
    actions = sessions.add_subparsers(
        dest="action", metavar="ACTION", required=True, parser_class=parser_class
    )

    def action(name: str, words: str) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = actions.add_parser(
            name, help=words, description=words, allow_abbrev=False
        )
        made.add_argument("--json", action="store_true", help="as JSON")
        return made

    _reading(action)
    _moving(action)


def _reading(action: Callable[[str, str], argparse.ArgumentParser]) -> None:
    made = action("list", "the sessions, the latest used first")
    made.add_argument("--here", action="store_true", help="only those of this folder")
    made.add_argument("--all", action="store_true", help="those of teams and their agents, too")
    made.add_argument("--deleted", action="store_true", help="those in the bin")
    made.add_argument("--limit", type=_count, metavar="N", default=50, help="at most N (50)")

    made = action("show", "a conversation as text")
    made.add_argument("session", nargs="?", default="latest", metavar="ID", help=_ID)
    made.add_argument("--node", metavar="NODE", help=f"up to {_NODE}")

    made = action("search", "messages of all sessions that hold the words")
    made.add_argument("words", nargs="+", metavar="WORD", help="“quoted words” stand side by side")
    made.add_argument("--session", metavar="ID", help="only in this session")
    made.add_argument("--limit", type=_count, metavar="N", default=20, help="at most N (20)")

    made = action("tree", "the branches of a session")
    made.add_argument("session", nargs="?", default="latest", metavar="ID", help=_ID)
    made.add_argument("--all", action="store_true", help="hidden branches too")

    made = action("compare", "two branches, from where they part")
    made.add_argument("left", metavar="A", help="a session, a message, or SESSION:MESSAGE")
    made.add_argument("right", metavar="B", help="likewise; a message alone is sought in A first")


def _moving(action: Callable[[str, str], argparse.ArgumentParser]) -> None:
    made = action("export", "a session as Markdown, as JSON or as a page for a browser")
    made.add_argument("session", nargs="?", default="latest", metavar="ID", help=_ID)
    made.add_argument("--format", choices=FORMATS, help="else what the file's name says; Markdown")
    made.add_argument("-o", "--output", metavar="FILE", help="write there; - is standard output")
    made.add_argument("--node", metavar="NODE", help=f"for Markdown: up to {_NODE}")
    made.add_argument("--files", action="store_true", help="for JSON: the checkpoints' files too")
    made.add_argument("--force", action="store_true", help="replace a file that is there")

    made = action("import", "sessions of Alloy, Claude Code, Codex and pi")
    made.add_argument("files", nargs="+", metavar="FILE", help="what kind it is shows in it")
    made.add_argument("--again", action="store_true", help="copy what is here already")

    made = action("delete", "put sessions in the bin")
    made.add_argument("sessions", nargs="+", metavar="ID", help=_ID)
    how = made.add_mutually_exclusive_group()
    how.add_argument("--undo", action="store_true", help="take them out of the bin again")
    how.add_argument("--purge", action="store_true", help="erase for good what is in the bin")


def _count(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if not 1 <= number <= 1_000_000:
        raise argparse.ArgumentTypeError(f"“{text}” is no whole number of at least 1")
    return number
