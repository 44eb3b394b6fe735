"""Letting go of content that no checkpoint of any session leads to any more.

Owns the question of what is still needed, and when it is asked: never while any
program has the store open, for what was kept for a checkpoint that is still to
be made looks unneeded. Blocks; belongs in a worker thread.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from itertools import chain

from alloy_tui.domain.errors import AlloyError
from alloy_tui.runtime.session_folder import (
    collect_in_store,
    has_store,
    keeping_folder,
    on_server,
    store_file,
)
from alloy_tui.sessions.nodes import Entry, manifest_of
from alloy_tui.sessions.private import private_folder
from alloy_tui.sessions.store import Collected
from alloy_tui.settings.paths import Paths
from alloy_tui.workspace.journal import JOURNALS, rests_on
from alloy_tui.workspace.manifest import needed

_log = logging.getLogger(__name__)

EVERY_S = 24 * 3600.0
"""How often a program looks that is about to end."""
AT_MOST_S = 0.4
"""How long it may take to."""
SERVER_AT_MOST_S = 1.5
"""The same where every question goes over a network."""
_WHEN = "collected"


def drop_unneeded(paths: Paths, *, enough: Callable[[], bool] = bool) -> Collected:
    """Erase what no checkpoint needs; ends early when there was `enough`.

    Raises StoreError "busy" while a program has the store open, and others when
    it cannot be told what is needed (as when a later version of the program has
    listed files): nothing is erased then.
    """
    # A going back that was killed is finished from content that no checkpoint need name.
    restored, contents = rests_on(keeping_folder(paths) / JOURNALS)

    def of_any(marks: Iterator[Entry], get: Callable[[str], bytes | None]) -> set[str]:
        named = (manifest_of(entry.node) for entry in marks)
        roots = (address for address in named if address is not None)
        return contents | needed(chain(restored, roots), get)

    return collect_in_store(paths, of_any, enough=enough)


def drop_now_and_then(paths: Paths) -> None:
    """The same for a program that has closed its store: once a day, and not for long.

    What is in the way is no news: another day will do.
    """
    when = store_file(paths).with_name(_WHEN)
    try:
        if not has_store(paths):
            return
        if when.exists() and 0 <= time.time() - when.stat().st_mtime < EVERY_S:
            return
        at_most_s = SERVER_AT_MOST_S if on_server(paths) else AT_MOST_S
        deadline_s = time.monotonic() + at_most_s
        drop_unneeded(paths, enough=lambda: time.monotonic() > deadline_s)
        private_folder(when.parent)
        when.touch(mode=0o600)
    except (AlloyError, OSError) as error:
        _log.info("Unneeded content was not looked for", exc_info=error)
