"""The dashboard's bars: who is there and what it cost, the tabs, the keys. Pure.

Owns their words, and which keys are named on which tab; all of them are in the
help. Every piece can be clicked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from typing import Literal, TypeAlias, get_args

from textual.content import Content

from alloy_tui.domain.sanitise import clean_line
from alloy_tui.runtime.team_port import RowGroup, TeamView
from alloy_tui.ui.keymap import Keymap, shown
from alloy_tui.ui.team_keys import TEAM_KEYS
from alloy_tui.ui.team_rows import GROUPS, Order, Show
from alloy_tui.ui.widgets.chrome import link, pack, spread
from alloy_tui.ui.wording import BUDGET, team_cost, tokens

Tab: TypeAlias = Literal["agents", "inbox", "tasks", "mail", "shared", "timeline"]
TABS: tuple[Tab, ...] = get_args(Tab)

_LOOKS: dict[RowGroup, str] = {
    "needs_you": "bold $warning",
    "failed": "bold $error",
    "working": "$primary",
    "idle": "$text",
    "done": "$text",
}
_SELDOM = frozenset[RowGroup]({"failed", "idle"})
"""Groups that are not counted while nobody is in them."""
_ANSWERS = (("approve", "approve"), ("approve-session", "session"), ("deny", "deny"))
_BUDGET_ANSWERS = (("approve", "send this one"), ("approve-session", "raise"), ("deny", "stop"))
_ELSEWHERE: dict[Tab, tuple[tuple[str, str], ...]] = {
    "inbox": (("peek", "more or less"),),
    "tasks": (
        ("new-task", "new"),
        ("finish-task", "done"),
        ("release-task", "free"),
        ("remove", "remove"),
        ("peek", "peek"),
    ),
    "mail": (("mail", "write"), ("peek", "peek")),
    "shared": (("share", "write"), ("remove", "remove"), ("peek", "peek")),
    "timeline": (
        ("peek", "what was done"),
        ("back", "back"),
        ("on", "on"),
        ("step-back", "thing before"),
        ("step-on", "thing after"),
        ("closer", "closer"),
        ("wider", "wider"),
        ("attach", "attach"),
    ),
}


def head(team: TeamView, width: int) -> Content:
    """Name, agents, turns, money; how many questions wait for you, how many work, are done."""
    name = clean_line(team.name, limit=40) or "this session"
    agents = len(team.rows)
    cost = team_cost(team)
    left = [
        Content.styled("Team", "bold"),
        Content.styled(name, "bold $primary"),
        Content.styled(f"{agents} agent{'s' * (agents != 1)}", "$text-muted"),
        Content.styled(f"{team.turns} turn{'s' * (team.turns != 1)}", "$text-muted"),
    ]
    if cost:
        left.append(Content.styled(cost, "$text-muted"))
    if team.budget_tokens is not None:
        spent = f"{tokens(team.usage.total)} of {tokens(team.budget_tokens)} tokens"
        left.append(Content.styled(spent, "$text-muted"))
    if team.gave_up:
        # First, for at a narrow width the last go.
        why = clean_line(team.gave_up, limit=60)
        left.insert(2, Content.styled(f"gave up: {why}", "bold $error"))
        left.insert(3, link("open it again", "screen.team('open-file')", "$primary"))
    counts: list[Content] = []
    members = Counter(row.group for row in team.rows)
    members["needs_you"] = team.waiting
    for group, words in GROUPS.items():
        count = members[group]
        if not count and group in _SELDOM:
            continue
        look = _LOOKS[group] if count else "$text-muted"
        counts.append(link(f"{words} {count}", f"screen.team('show {words}')", look))
    return spread(left, [Content(" · ").join(counts)], width)


def tab_line(team: TeamView, tab: Tab, width: int) -> Content:
    """The tabs, with what is in them; where there is no room, what waits and the names alone."""
    done = sum(task.state == "done" for task in team.tasks)
    counts: dict[Tab, str] = {
        "inbox": f" {team.waiting}" if team.waiting else "",
        "tasks": f" {done}/{len(team.tasks)}" if team.tasks else "",
        "mail": f" {len(team.mail)}" if team.mail else "",
    }
    line = Content()
    for told, gap in ((tuple(counts), "  "), (("inbox",), "  "), ((), " ")):
        tabs = [
            link(
                f"{name.capitalize()}{counts[name] if name in told else ''}",
                f"screen.show_tab('{name}')",
                "bold $primary" if name == tab else "$text-muted",
            )
            for name in TABS
        ]
        line = Content(gap).join(tabs)
        if line.cell_length <= width - 2:
            break
    return spread([line], [], width)


def choices(order: Order, show: Show, query: str, width: int) -> Content:
    """How the agents are sorted and which are shown."""
    pieces = [
        link(f"sorted by {order}", "screen.team('sort')", "$text-muted"),
        link(f"shows {show}", "screen.team('filter')", "$text-muted"),
    ]
    if query:
        pieces.append(link(f"/{clean_line(query, limit=30)}", "screen.team('search')", "$primary"))
    return spread([], pieces, width, "  ")


def foot(
    keymap: Keymap,
    tab: Tab,
    width: int,
    *,
    asked: str,
    selected: Collection[str],
    lines: int,
    more: bool = False,
    note: str = "",
) -> Content:
    """The keys of this tab, on `lines` lines at most; `asked`, a tool, puts its answers first.

    `note` stands on a line of its own above them.
    """
    pieces: list[Content] = []
    if asked:
        answers = _BUDGET_ANSWERS if asked == BUDGET else _ANSWERS
        pieces += [_key(keymap, name, words, "bold $warning") for name, words in answers]
    if selected:
        names = ", ".join(clean_line(name, limit=24) for name in selected)
        pieces.append(Content.styled(f"selected: {names}", "bold $primary"))
    if more:
        pieces.append(link("Shift+↓ read on", "screen.read(1)", "$text-muted"))
    rows = _ELSEWHERE.get(tab) or [
        (key.name.removeprefix("team-"), key.note) for key in TEAM_KEYS if key.note
    ]
    pieces += [_key(keymap, name, words, "$text-muted") for name, words in rows]
    pieces = [piece for piece in pieces if piece.plain]
    last = [link("F1 all keys", "app.help", "$text-muted"), link("Esc back", "screen.leave", "")]
    while pieces and len(pack([*pieces, *last], width, "  ").split("\n")) > lines:
        pieces.pop()
    keys = pack([*pieces, *last], width, "  ")
    if not note:
        return keys
    return Content("\n").join([pack([Content.styled(note, "bold $warning")], width), keys])


def asking(width: int) -> Content:
    """The keys of the line to type into, while something is asked."""
    keys = [link("Enter gives it", "screen.give"), link("Esc leaves it", "screen.leave")]
    return pack(keys, width, "  ")


def _key(keymap: Keymap, name: str, words: str, look: str) -> Content:
    keys = keymap.keys_of(f"team-{name}")
    first = keys.split(",")[0]
    # A letter as it is typed: here `r` and `R` are two keys.
    label = first if len(first) == 1 else shown(first)
    return link(f"{label} {words}", f"screen.team('{name}')", look) if first else Content()
