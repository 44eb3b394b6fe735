"""What the slash commands about sessions do.

Owns their deeds by name; they see the app as a `Host` and the session through
its ports. Pages are opened by the main screen.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from alloy_tui.domain.sanitise import clean_line
from alloy_tui.ui.commands import FORMATS

if TYPE_CHECKING:
    from alloy_tui.runtime.library_port import ExportFormat
    from alloy_tui.ui.host import Host


def _new(host: Host, _: str) -> None:
    host.runtime.reset()


def _redo(host: Host, _: str) -> None:
    if host.runtime.tree.state.moves_back:
        host.workbench.redo()
    else:
        host.say("There is no going back to take back.")


def _checkpoint(host: Host, label: str) -> None:
    host.runtime.tree.label(None, label or "checkpoint")
    host.say(f"Labelled “{clean_line(label or 'checkpoint', limit=60)}”. /tree shows it.")


def _branch(host: Host, _: str) -> None:
    tree = host.runtime.tree
    tree.branch(tree.state.leaf)
    host.say("The next message begins a branch here.")


def _fork(host: Host, _: str) -> None:
    host.runtime.library.fork()


def _rename(host: Host, title: str) -> None:
    session = host.runtime.tree.state.id
    if not session:
        host.say("The session has no place yet: it begins with the first message.", "warning")
    elif not title:
        host.say("/rename takes the new title.", "warning")
    else:
        host.runtime.library.rename(session, title)


def _note(host: Host, text: str) -> None:
    leaf = host.runtime.tree.state.leaf
    if leaf is None or not text:
        host.say("/note takes words about the last message.", "warning")
    else:
        host.runtime.tree.note(leaf, text)
        host.say("Noted. /tree shows it.")


def _export(host: Host, argument: str) -> None:
    form, _, path = argument.partition(" ")
    if form and form not in FORMATS:
        host.say(f"/export takes one of {', '.join(FORMATS)}, and a path if you like.", "warning")
        return

    def told(where: str | None) -> None:
        if where is not None:
            host.workbench.tell(f"Written to {where}")

    wanted = cast("ExportFormat", form or "markdown")
    host.runtime.library.export(wanted, path.strip(), told)


SESSION_DEEDS: dict[str, Callable[[Host, str], None]] = {
    "tree": lambda host, _: host.workbench.action_show_panel("tree"),
    "rewind": lambda host, _: host.workbench.pick_rewind(),
    "redo": _redo,
    "checkpoint": _checkpoint,
    "branch": _branch,
    "compare": lambda host, words: host.workbench.pick_compare(words),
    "race": lambda host, words: host.workbench.race(words.split()),
    "graft": lambda host, words: host.workbench.pick_graft(words),
    "resume": lambda host, words: host.workbench.open_sessions(words, found=False),
    "sessions": lambda host, words: host.workbench.open_sessions(words, found=False),
    "new": _new,
    "fork": _fork,
    "rename": _rename,
    "export": _export,
    "search": lambda host, words: host.workbench.open_sessions(words, found=True),
    "note": _note,
}
