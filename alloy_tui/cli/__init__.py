"""The command line: the composition root, the one place where concrete parts meet.

What runs here runs before anything can be seen, so it imports nothing that
the interpreter has not loaded already.
"""

from __future__ import annotations

import sys

# Said here and not imported: see `alloy_tui`.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run `alloy` with `argv` (without the program's name); returns the exit code."""
    given = sys.argv[1:] if argv is None else list(argv)
    if given == ["--version"] and _told_version():
        return 0
    from alloy_tui.cli import skeleton

    if skeleton.open_skeleton(given) is not None:
        from alloy_tui.cli import kept_start

        kept_start.begin()
    try:
        from alloy_tui.cli.entry import run

        return run(given)
    except KeyboardInterrupt:  # while the program still loaded
        return 130
    finally:
        skeleton.close()


def _told_version() -> bool:
    """Whether the version could be printed; if not, the long way finds the words for it."""
    from alloy_tui import __version__

    try:
        sys.stdout.write(f"alloy {__version__}\n")
        sys.stdout.flush()
    except (AttributeError, OSError, ValueError):
        return False
    return True
