"""From arguments to a command, and from whatever goes wrong to one line and a code.

Owns the last line of defence: no error of ours shows a traceback.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

from alloy_tui.cli import exits, skeleton, streams

if TYPE_CHECKING:
    from argparse import Namespace


def run(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    streams.mend()
    try:
        try:
            code = _command(_parsed(sys.argv[1:] if argv is None else argv))
        finally:
            skeleton.close()  # before anything is printed
        sys.stdout.flush()
    except SystemExit as done:
        return done.code if isinstance(done.code, int) else exits.USAGE
    except KeyboardInterrupt:
        return exits.INTERRUPTED
    except Exception as error:  # noqa: BLE001 -- a person gets words, whatever it is
        return _failed(error)
    return code


def _failed(error: Exception) -> int:
    from alloy_tui.cli.ending import complain, confess
    from alloy_tui.domain.errors import AlloyError, ConfigError

    match error:
        case BrokenPipeError():  # nobody reads any more: there is nobody to tell
            streams.silence(sys.stdout)
            return exits.PIPE_CLOSED
        case OSError(filename=None):  # files have names, standard output has none
            streams.silence(sys.stdout)
            complain(streams.unwritable(error))
        case AlloyError():
            complain(error)
            return exits.USAGE if isinstance(error, ConfigError) else exits.FAILED
        case _:
            confess(error)
    return exits.FAILED


def _parsed(argv: Sequence[str]) -> Namespace:
    said = skeleton.said(argv)
    if said is not None:
        return cast("Namespace", SimpleNamespace(**said))
    from alloy_tui.cli.arguments import parse  # dear, and the full screen does without

    return parse(argv)


def _command(arguments: Namespace) -> int:
    match arguments.command:
        case "run":
            from alloy_tui.cli import headless

            return headless.run(arguments)
        case "models":
            from alloy_tui.cli import models

            return models.run(as_json=arguments.json)
        case "doctor":
            from alloy_tui.cli import doctor

            return doctor.run(
                as_json=arguments.json, repair=arguments.repair, online=arguments.online
            )
        case "sessions":
            from alloy_tui.cli import sessions

            return sessions.run(arguments)
        case "team":
            from alloy_tui.cli import team

            return team.run(arguments)
        case "agents":
            from alloy_tui.cli import agents

            return agents.run(as_json=arguments.json)
        case "config":
            from alloy_tui.cli import config

            return config.run(arguments)
        case _ if arguments.plain or _cannot_be_painted_on():
            from alloy_tui.cli.plain import session

            why = "" if arguments.plain else "This terminal (TERM=dumb) takes only lines of text."
            return session.run(arguments, why=why)
        case _:
            from alloy_tui.cli import fullscreen

            return fullscreen.run(arguments)


def _cannot_be_painted_on() -> bool:
    return os.environ.get("TERM") == "dumb" and sys.stdin.isatty() and sys.stdout.isatty()
