"""The keys of the team's dashboard, as rows of the table of keys."""

from __future__ import annotations

from alloy_tui.ui.keys import Key

TEAM_KEYS: tuple[Key, ...] = tuple(
    Key(f"team-{name}", keys, f"team('{name}')", words, note)
    for name, keys, words, note in (
        ("attach", "enter", "in the team: its whole conversation", "attach"),
        ("peek", "space", "in the team: what it asks and said last, or less", "peek"),
        ("reply", "r", "in the team: say something to it", "reply"),
        ("approve", "y", "in the team: let what it asks for run, this once", ""),
        ("approve-session", "S", "in the team: and the like, for this session", ""),
        ("deny", "n", "in the team: do not let it run", ""),
        ("select", "x", "in the team: select it for the next deed, or not", "select"),
        ("delegate", "d", "in the team: give it work", "delegate"),
        ("broadcast", "b", "in the team: give all the selected the same work", "broadcast"),
        ("handoff", "h", "in the team: through the selected, one after the other", "handoff"),
        ("mail", "m", "in the team: write to it", "mail"),
        ("split", "v", "in the team: the selected side by side, live", "split"),
        ("pause", "p", "in the team: take no more work, or go on", "pause"),
        ("cancel", "c", "in the team: stop what it does", "cancel"),
        ("restart", "R", "in the team: start it anew with its conversation", "restart"),
        ("kill", "K", "in the team: end it", "kill"),
        ("add", "plus", "in the team: let another agent join", "add"),
        ("replace", "w", "in the team: another agent in its place", "replace"),
        ("model", "M", "in the team: let another model answer for it", "model"),
        ("budget", "dollar_sign", "in the team: what it may spend", "budget"),
        ("sort", "s", "in the team: another order", "sort"),
        ("filter", "f", "in the team: other agents", "filter"),
        ("search", "slash", "in the team: search", "search"),
        ("new-task", "t", "in the team: put a task up", "task"),
        ("finish-task", "F", "in the team: the task is done", ""),
        ("release-task", "u", "in the team: the task is free again", ""),
        ("remove", "delete", "in the team: take the task, key or agent away", ""),
        ("share", "e", "in the team: write a key of the shared context", ""),
        ("open-file", "o", "in the team: open a team from its file", "open"),
        ("back", "left", "in the timeline: back in time", ""),
        ("on", "right", "in the timeline: on in time", ""),
        ("step-back", "shift+left", "in the timeline: to what began before", ""),
        ("step-on", "shift+right", "in the timeline: to what began next", ""),
        ("closer", "right_square_bracket", "in the timeline: less time on the screen", ""),
        ("wider", "left_square_bracket", "in the timeline: more time on the screen", ""),
    )
)
"""What the dashboard does; it has the focus while it is open."""
