"""Notices that the terminal is gone, where no signal says so.

A program that does not own its terminal gets no SIGHUP when that closes: it
would go on without anybody ever seeing it. Owns one daemon thread that waits
for the hang-up and does nothing else.
"""

from __future__ import annotations

import select
import threading
from collections.abc import Callable


def watch_terminal(descriptor: int, gone: Callable[[], object]) -> threading.Thread:
    """Call `gone`, on another thread, once the terminal behind `descriptor` is closed."""

    def wait() -> None:
        poll = select.poll()
        # No events asked for: only hang-ups and errors wake it.
        poll.register(descriptor, 0)
        try:
            poll.poll()
        except OSError:
            return
        gone()

    thread = threading.Thread(target=wait, name="terminal-watch", daemon=True)
    thread.start()
    return thread
