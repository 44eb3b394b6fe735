"""The command line: the composition root, the one place where concrete parts meet."""

from __future__ import annotations

from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run `alloy` with `argv` (without the program's name); returns the exit code."""
    from alloy_tui.cli.entry import run

    return run(argv)
