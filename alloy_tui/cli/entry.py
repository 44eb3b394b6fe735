"""From arguments to a command, and from whatever goes wrong to one line and a code.

Owns the last line of defence: no error of ours shows a traceback.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from alloy_tui.cli import exits
from alloy_tui.cli.arguments import parse


def run(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    try:
        arguments = parse(argv)
    except SystemExit as done:
        return done.code if isinstance(done.code, int) else exits.USAGE
    from alloy_tui.cli.ending import complain
    from alloy_tui.domain.errors import AlloyError, ConfigError

    try:
        code = _command(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        # Nobody reads any more: say nothing, and keep the interpreter from trying at its exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return exits.PIPE_CLOSED
    except KeyboardInterrupt:
        return exits.INTERRUPTED
    except AlloyError as error:
        complain(error)
        return exits.USAGE if isinstance(error, ConfigError) else exits.FAILED
    return code


def _command(arguments: argparse.Namespace) -> int:
    match arguments.command:
        case "run":
            from alloy_tui.cli import headless

            return headless.run(arguments)
        case "models":
            from alloy_tui.cli import models

            return models.run(as_json=arguments.json)
        case "doctor":
            from alloy_tui.cli import doctor

            return doctor.run(as_json=arguments.json)
        case "config":
            from alloy_tui.cli import config

            return config.run(arguments)
        case _:
            from alloy_tui.cli import fullscreen

            return fullscreen.run(arguments)
