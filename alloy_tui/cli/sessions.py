"""`alloy sessions`: the store of sessions from the command line.

Owns the choice of the action, the list, the search and the bin; the rest is in
the modules beside it. What is printed is cleaned, also into a pipe.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

import msgspec

from alloy_tui.cli import exits, sessions_finding
from alloy_tui.cli.sessions_words import (
    Paint,
    ago,
    columns_of,
    cut,
    money,
    pad,
    plural,
    print_json,
)
from alloy_tui.cli.streams import remark
from alloy_tui.domain.errors import ConfigError
from alloy_tui.domain.sanitise import clean
from alloy_tui.runtime import session_bin
from alloy_tui.runtime.session_folder import has_store, open_store
from alloy_tui.runtime.team_sessions import TEAM_AGENT, held_by_people, whose
from alloy_tui.sessions.ids import wall_clock_ms
from alloy_tui.sessions.memory import MemoryStore
from alloy_tui.sessions.store import Hit, SessionInfo, SessionStore, Spent
from alloy_tui.settings import locate

_WRITING = ("import", "delete")


class Listed(msgspec.Struct, frozen=True):
    """A session of the list; `cost` is in US dollars, None = unknown or nothing spent."""

    info: SessionInfo
    cost: float | None


def run(arguments: argparse.Namespace) -> int:
    """Carry out one action. Raises ConfigError, StoreError."""
    done = _carried_out(arguments)
    if arguments.action == "delete" and arguments.purge:
        _let_go()
    return done


def _carried_out(arguments: argparse.Namespace) -> int:
    with _store(arguments.action) as store:
        match arguments.action:
            case "list":
                return _list(store, arguments)
            case "search":
                return _search(store, arguments)
            case "delete":
                return _delete(store, arguments)
            case "show":
                from alloy_tui.cli import sessions_show

                return sessions_show.run(store, arguments)
            case "tree":
                from alloy_tui.cli import sessions_tree

                return sessions_tree.run(store, arguments)
            case "compare":
                from alloy_tui.cli import sessions_compare

                return sessions_compare.run(store, arguments)
            case "export":
                from alloy_tui.cli import sessions_transfer

                return sessions_transfer.export(store, arguments)
            case _:
                from alloy_tui.cli import sessions_transfer

                return sessions_transfer.bring_in(store, arguments)


@contextmanager
def _store(action: str) -> Generator[SessionStore]:
    """The user's store; merely looking makes none where none is."""
    paths = locate()
    looking = action not in _WRITING and not has_store(paths)
    store = MemoryStore() if looking else open_store(paths)
    try:
        yield store
    finally:
        store.close()


def _let_go() -> None:
    """Files' former states go with the sessions that needed them."""
    from alloy_tui.cli.sessions_health import tidy

    paths = locate()
    if has_store(paths):
        for said in tidy(paths):
            remark(said.text, sys.stderr)


def _list(store: SessionStore, arguments: argparse.Namespace) -> int:
    cwd = str(Path(arguments.cwd or ".").expanduser().resolve()) if arguments.here else None

    def fetch(most: int) -> Sequence[SessionInfo]:
        return store.sessions(cwd=cwd, deleted=arguments.deleted, limit=most)

    most = arguments.limit
    infos = fetch(most) if arguments.all else held_by_people(fetch, most)
    listed = [Listed(info, _cost(store.spent(session=info.id))) for info in infos]
    if arguments.json:
        print_json([{**msgspec.to_builtins(e.info), "cost": e.cost} for e in listed])
    elif listed:
        _table(listed)
    else:
        where = " in the bin" if arguments.deleted else " of this folder" if cwd else " yet"
        print(f"There are no sessions{where}.")
    return exits.COMPLETED


def _cost(spent: Sequence[Spent]) -> float | None:
    """The sum, None when nothing was spent or a price is unknown."""
    costs = [s.cost for s in spent if s.usage.known or s.cost is not None]
    known = [c for c in costs if c is not None]
    return sum(known) if known and len(known) == len(costs) else None


def _table(listed: Sequence[Listed]) -> None:
    now_ms, paint = wall_clock_ms(), Paint()
    home = str(Path.home())
    rows = [("ID", "USED", "ENTRIES", "COST", "TITLE", "FOLDER")]
    for each in listed:
        info = each.info
        folder = info.cwd
        if folder == home or folder.startswith(home + "/"):
            folder = "~" + folder[len(home) :]
        title = cut(info.title or info.preview, 60) or "(empty)"
        used = ago(info.updated_ms if info.deleted_ms is None else info.deleted_ms, now_ms)
        cost = money(each.cost, unknown="")
        rows.append((cut(info.id, 40), used, f"{info.entries:,}", cost, title, cut(folder, 60)))
    sizes = columns_of(rows)
    room = shutil.get_terminal_size().columns - sum(sizes[:4]) - 8 if sys.stdout.isatty() else 999
    sizes[4] = max(20, min(sizes[4], room - min(sizes[5] + 2, room // 3)))
    sizes[5] = max(0, min(sizes[5], room - sizes[4] - 2))
    for number, (name, used, entries, cost, title, folder) in enumerate(rows):
        cells = [
            paint(pad(name, sizes[0]), "live"),
            pad(used, sizes[1], right=True),
            pad(entries, sizes[2], right=True),
            pad(cost, sizes[3], right=True),
            pad(cut(title, sizes[4]), sizes[4]),
            paint(cut(folder, sizes[5]) if sizes[5] > 3 else "", "faint"),
        ]
        line = "  ".join(cells).rstrip()
        print(line if number else paint(line, "faint"))


def _search(store: SessionStore, arguments: argparse.Namespace) -> int:
    within = arguments.session and sessions_finding.session(store, arguments.session).id
    # The shell has taken the quotes; an argument of several words was quoted.
    words = [f'"{w}"' if " " in w.strip() and '"' not in w else w for w in arguments.words]
    hits = store.search(" ".join(words), session=within, limit=arguments.limit)
    if arguments.json:
        print_json(hits)
    else:
        _show_hits(store, hits)
    return exits.COMPLETED if hits else exits.FAILED


def _show_hits(store: SessionStore, hits: Sequence[Hit]) -> None:
    now_ms, paint = wall_clock_ms(), Paint()
    titles: dict[str, str] = {}
    for hit in hits:
        if hit.session not in titles:
            info = store.session(hit.session)
            titles[hit.session] = cut(whose(info) or info.title or info.preview, 50)
        place = paint(f"{hit.session}:{hit.node}", "live")
        about = f"{hit.kind.replace('_', ' ')}, {ago(hit.at_ms, now_ms)}, {titles[hit.session]}"
        print(f"{place}  {paint(about, 'faint')}")
        print(f"    {_lit(hit, paint)}")
    if not hits:
        print("Nothing was found.")


def _lit(hit: Hit, paint: Paint) -> str:
    """The snippet with its matches lit; pieces are cleaned one by one, so that places hold."""
    pieces: list[str] = []
    at = 0
    for start, end in sorted(hit.marks):
        if start >= at:
            pieces += [_line(hit.snippet[at:start]), paint(_line(hit.snippet[start:end]), "warn")]
            at = end
    return "".join([*pieces, _line(hit.snippet[at:])])


def _line(text: str) -> str:
    return clean(text).replace("\n", " ").replace("\t", " ")


def _delete(store: SessionStore, arguments: argparse.Namespace) -> int:
    in_bin = arguments.undo or arguments.purge
    found = [sessions_finding.session(store, s, deleted=in_bin) for s in arguments.sessions]
    # An agent's conversation may be named beside the session that it belongs to.
    own = {i.id: session_bin.belongings(store, i.id) for i in found}
    below = {o.id for each in own.values() for o in each}
    if not in_bin:
        _refuse_used(store, [*found, *(i for i in chain(*own.values()) if i.deleted_ms is None)])
    do = session_bin.put_away
    if in_bin:
        do = session_bin.take_back if arguments.undo else session_bin.erase
    along: list[SessionInfo] = []
    for info in sorted(found, key=lambda i: i.id in below):
        if info.id not in {i.id for i in along}:
            along += do(store, info.id)
    what = "restored" if arguments.undo else "purged" if arguments.purge else "deleted"
    if arguments.json:
        also = {"along": [i.id for i in along]} if along else {}
        print_json({what: [i.id for i in found], **also})
        return exits.COMPLETED
    for info in found:
        print(f"{what.capitalize()} {info.id}: {cut(info.title or info.preview, 60) or '(empty)'}")
    talks = sum(i.agent != TEAM_AGENT for i in along)
    if along:
        held = f", {plural(talks, 'conversation')}" if talks else ""
        print(f"Along with {'it' if len(found) == 1 else 'them'}: what its team did{held}.")
    if what == "deleted":
        names = " ".join(i.id for i in found)
        remark(f"{plural(len(found), 'session')} in the bin; to take back: ", sys.stderr)
        remark(f"  alloy sessions delete --undo {names}")
    return exits.COMPLETED


def _refuse_used(store: SessionStore, found: Sequence[SessionInfo]) -> None:
    """A session that a living program writes is not taken away from under it."""
    for info in found:
        claim = store.claim(info.id).result()
        if claim.token is None:
            who = f" (process {claim.owner.pid})" if claim.owner else ""
            raise ConfigError(
                f"The session {info.id} is in use by another Alloy{who}.", hint="Close it first."
            )
        store.release(claim.token).result()
