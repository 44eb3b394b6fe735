"""What a team shares, as lines to stand on and a text behind each: pure.

Owns the words of the inbox, the task board, the mail, the shared context and its
leases. Everything that an agent wrote passes the sanitiser here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, TypeAlias

import msgspec

from alloy_tui.domain.events import ApprovalRequested
from alloy_tui.domain.sanitise import clean, clean_line
from alloy_tui.domain.team_values import TeamTask
from alloy_tui.runtime.agent_view import PendingApproval
from alloy_tui.runtime.team_port import AgentRow, TeamView
from alloy_tui.ui.lines import Line, LineItem
from alloy_tui.ui.previewing import preview
from alloy_tui.ui.wording import duration, model_label, money, tokens

Look: TypeAlias = Literal["heading", "name", "needs", "live", "calm", "words", "figures"]


class Item(msgspec.Struct, frozen=True):
    """A line: `parts` from the left, `right` at the edge; `body` is what is behind it.

    `key` names it for deeds; a heading has none. `ids` are the approvals that it
    stands for.
    """

    key: str
    parts: tuple[tuple[Look, str], ...]
    right: str = ""
    body: tuple[LineItem, ...] = ()
    ids: tuple[str, ...] = ()

    @property
    def heading(self) -> bool:
        """Whether it is one."""
        return not self.key


def _heading(words: str) -> Item:
    return Item("", (("heading", words),))


def _text(text: str) -> list[Line]:
    return [("plain", line) for line in clean(text).split("\n")]


# -- inbox ------------------------------------------------------------------------------------


_NAMED = 4
"""So many who ask the same are all named on its line."""


def inbox(team: TeamView, now_ms: int) -> list[Item]:
    """What waits for a person, the oldest first; what is the same is one line."""
    groups: dict[tuple[str, ...], list[tuple[AgentRow, PendingApproval]]] = {}
    for row in team.rows:
        for asked in row.view.approvals:
            request = asked.request
            same = (request.tool, request.headline, repr(sorted(request.arguments.items())))
            groups.setdefault(same, []).append((row, asked))
    oldest = sorted(groups.values(), key=lambda group: min(asked.asked_ms for _, asked in group))
    return [_question(team, group, now_ms) for group in oldest]


def _question(
    team: TeamView, group: Sequence[tuple[AgentRow, PendingApproval]], now_ms: int
) -> Item:
    request = group[0][1].request
    names = list(dict.fromkeys(clean_line(row.name, limit=40) for row, _ in group))
    many = len(names) > _NAMED
    who = ", ".join(names[:2] if many else names)
    who += f" and {len(names) - 2} more" if many else ""
    waited = duration(max(0, now_ms - min(asked.asked_ms for _, asked in group)))
    times = f"{len(group)} times  " if len(group) > 1 else ""
    lines = exactly(request)
    asked_by: list[LineItem] = [
        ("muted", f"{path_words(team, row)}: {clean_line(asked.request.reason, limit=200)}")
        for row, asked in group
    ]
    return Item(
        f"{request.tool} {request.headline}",
        (
            ("needs", "! "),
            ("name", who),
            ("words", f"  {clean_line(f'{request.tool} {request.headline}', limit=200)}"),
        ),
        f"{times}waits {waited}",
        # What would run is in sight, however many ask for it.
        (*lines, ("plain", ""), *asked_by) if many else (*asked_by, *lines),
        tuple(asked.request.id for _, asked in group),
    )


def exactly(request: ApprovalRequested) -> list[LineItem]:
    """The whole of what would run."""
    lines, hidden = preview(request)
    if hidden:
        words = f"{hidden} hidden character{'s' * (hidden != 1)}, spelt out below"
        return [("error", words), *lines]
    return lines


def path_words(team: TeamView, row: AgentRow) -> str:
    """Who asks, and for whom it works: `lead › researcher`."""
    names, seen = [row.name], {row.name}
    parent = team.row(row.parent)
    while parent is not None and parent.name not in seen:
        names.append(parent.name)
        seen.add(parent.name)
        parent = team.row(parent.parent)
    return " › ".join(clean_line(name, limit=40) for name in reversed(names))


# -- tasks ------------------------------------------------------------------------------------

_TASK_LOOKS: dict[str, Look] = {
    "pending": "calm",
    "claimed": "live",
    "blocked": "needs",
    "done": "calm",
}
_TASK_ORDER = ("claimed", "pending", "blocked", "done")


def tasks(team: TeamView, now_ms: int) -> list[Item]:
    """The board, by state."""
    items: list[Item] = []
    for state in _TASK_ORDER:
        mine = [task for task in team.tasks if task.state == state]
        if mine:
            items.append(_heading(f"{state} {len(mine)}"))
            items += [_task(task, now_ms) for task in mine]
    return items


def _task(task: TeamTask, now_ms: int) -> Item:
    needs = f"  needs {clean_line(', '.join(task.needs), limit=60)}" if task.needs else ""
    note = f"  {clean_line(task.note, limit=100)}" if task.note else ""
    body: list[LineItem] = [("heading", clean_line(task.title, limit=300))]
    if task.detail:
        body += _text(task.detail)
    if task.result:
        body.append(("muted", "Result"))
        body += _text(task.result)
    ago = f"{duration(max(0, now_ms - task.at_ms))} ago" if task.at_ms else ""
    return Item(
        task.id,
        (
            (_TASK_LOOKS[task.state], f"{clean_line(task.id, limit=12):>4} "),
            ("name" if task.state == "claimed" else "words", clean_line(task.title, limit=200)),
            ("calm", f"{needs}{note}"),
        ),
        f"{clean_line(task.owner, limit=24)}  {ago}".strip(),
        tuple(body),
    )


# -- mail -------------------------------------------------------------------------------------


def mail(team: TeamView, now_ms: int) -> list[Item]:
    """Who wrote whom, the newest last."""
    items: list[Item] = []
    for letter in team.mail:
        to = ", ".join(clean_line(name, limit=24) for name in letter.to)
        unread = [name for name in letter.to if name not in letter.read_by]
        state = f"not read by {len(unread)} of {len(letter.to)}" if unread else "read"
        items.append(
            Item(
                letter.id,
                (
                    ("name", clean_line(letter.sender, limit=24)),
                    ("calm", f" → {to}  "),
                    ("words", clean_line(letter.text, limit=300)),
                ),
                f"{state if unread else ''}  {duration(max(0, now_ms - letter.at_ms))} ago".strip(),
                (
                    ("heading", f"{clean_line(letter.sender, limit=40)} → {to}  ({state})"),
                    *_text(letter.text),
                ),
            )
        )
    return items


# -- shared context ---------------------------------------------------------------------------


def shared(team: TeamView, now_ms: int) -> list[Item]:
    """Keys with their last writer, then the files that are held, then refused writes."""
    items = [_heading(f"context {len(team.shared)}")] if team.shared else []
    for entry in team.shared:
        key, by = clean_line(entry.key, limit=60), clean_line(entry.by, limit=24)
        items.append(
            Item(
                f"key {entry.key}",
                (("name", key), ("words", f"  {clean_line(entry.value, limit=300)}")),
                f"{by}  version {entry.version}  {duration(max(0, now_ms - entry.at_ms))} ago",
                (("heading", f"{key}, by {by}"), *_text(entry.value)),
            )
        )
    items += _leases(team, now_ms)
    return items


def _leases(team: TeamView, now_ms: int) -> Iterable[Item]:
    if team.leases:
        yield _heading(f"files held {len(team.leases)}")
    for lease in team.leases:
        holder, path = clean_line(lease.holder, limit=24), clean_line(lease.path, limit=300)
        since = duration(max(0, now_ms - lease.since_ms))
        words = f"{holder} has been writing it for {since}; others wait."
        parts: tuple[tuple[Look, str], ...] = (("live", "● "), ("words", path))
        yield Item(f"lease {lease.path}", parts, f"{holder}  {since}", (("plain", words),))
    if team.collisions:
        yield _heading(f"refused writes {len(team.collisions)}")
    for at, hit in enumerate(reversed(team.collisions)):
        agent, holder = clean_line(hit.agent, limit=24), clean_line(hit.holder, limit=24)
        path = clean_line(hit.path, limit=300)
        words = f"{agent} wanted to write it and was refused: {holder} holds or changed it."
        yield Item(
            f"collision {at}",
            (("needs", "! "), ("words", path)),
            f"{agent} ↯ {holder}  {duration(max(0, now_ms - hit.at_ms))} ago",
            (("plain", words),),
        )


# -- one agent --------------------------------------------------------------------------------


def _figures(row: AgentRow) -> str:
    """What its line may have no room for."""
    view, said = row.view, list[str]()
    if row.paused:
        said.append("paused: takes no more work")
    if row.turns:
        said.append(f"turn {row.turns}{f' of {row.max_turns}' if row.max_turns else ''}")
    if view.context_share is not None:
        said.append(f"context {round(view.context_share * 100)} % full")
    if view.usage_known or row.budget_tokens is not None:
        most = "" if row.budget_tokens is None else f" of {tokens(row.budget_tokens)}"
        said.append(f"{tokens(view.usage.total if view.usage_known else 0)}{most} tokens")
    if view.cost is not None or row.budget_usd is not None:
        most = "" if row.budget_usd is None else f" of {row.budget_usd:,.2f}"
        said.append(f"{money(view.cost)}{most}")
    if row.restarts:
        said.append(f"started anew {row.restarts} time{'s' * (row.restarts != 1)}")
    if row.unread:
        said.append(f"{row.unread} unread letter{'s' * (row.unread != 1)}")
    return " · ".join(said)


def _broken(team: TeamView, row: AgentRow) -> Iterable[LineItem]:
    """Of the latest pipeline that it was in: where it broke, if it did."""
    ids = [work.handoff for work in team.delegations if work.to == row.name and work.handoff]
    for work in team.delegations:
        if ids and work.handoff == ids[-1] and work.status not in {None, "completed"}:
            who = clean_line(work.to, limit=40)
            yield "error", f"The handoff broke at {work.place}, {who}; what came before is kept."


def peek(team: TeamView, row: AgentRow) -> list[LineItem]:
    """One agent without leaving: the exact question, what it was asked, what it last said."""
    name = f"{path_words(team, row)}  {model_label(row.view.model, 60)}".rstrip()
    lines: list[LineItem] = [("heading", name)]
    for asked in row.view.approvals:
        shown = exactly(asked.request)
        reason = clean_line(asked.request.reason, limit=200)
        lines.append(("heading", f"asks: {reason}"))
        lines += shown
    error = row.view.outcome.error if row.view.outcome is not None else None
    if team.gave_up and row.over:
        why = clean_line(team.gave_up, limit=200)
        lines.append(("error", f"The team gave up: {why} Open it again to go on where it was."))
    if row.cause:
        lines.append(("error", f"Went down: {clean_line(row.cause, limit=400)}"))
    elif error is not None:
        lines.append(("error", clean_line(error.message, limit=400)))
    if row.role:
        lines.append(("muted", clean_line(row.role, limit=200)))
    figures = _figures(row)
    if figures:
        lines.append(("muted", figures))
    if row.worktree:
        lines.append(("muted", f"works in {clean_line(row.worktree, limit=300)}"))
    if row.prompt:
        lines.append(("muted", f"asked: {clean_line(row.prompt, limit=300)}"))
    for work in team.delegations:
        if work.to == row.name and work.status is None:
            by, place = clean_line(work.by, limit=40), f" {work.place}" if work.place else ""
            words = clean_line(work.text, limit=200)
            lines.append(("muted", f"{work.kind}{place} from {by}: {words}"))
    lines += _broken(team, row)
    if row.tail:
        lines += _text(row.tail)
    else:
        lines.append(("muted", "Nothing was said since it was started."))
    return lines
