"""A session as one page for a browser: the tree beside the conversation.

Owns the page as a whole. It is inert by construction: no script at all, a
policy that allows none and no request, and every text escaped. Which branch is
shown follows from the address (`#m12`) by style rules alone: at every fork the
branch that holds the target is shown, else the one where the conversation stands.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

from alloy_tui.domain.sanitise import clean_line
from alloy_tui.sessions.compare import totals
from alloy_tui.sessions.exporting import rendering
from alloy_tui.sessions.exporting.articles import Place, article, heading
from alloy_tui.sessions.exporting.markdown import moment
from alloy_tui.sessions.exporting.shapes import DEEPEST, Run, deepest, runs
from alloy_tui.sessions.nodes import Answer, Entry, ToolResult
from alloy_tui.sessions.store import SessionInfo
from alloy_tui.sessions.tree import SessionTree

# Each lit row of the side bar is a rule of its own; more would slow the browser down.
_LIT_ROWS = 600


def page(info: SessionInfo, tree: SessionTree, entries: Mapping[str, Entry]) -> Iterator[str]:
    """The pieces of the page; `entries` holds every placed node of the tree."""
    starts = runs(tree)
    nested = deepest(starts) <= DEEPEST
    numbers = {node: n for n, node in enumerate(entries)}
    style = _style() + (_lit(len(numbers)) if len(numbers) <= _LIT_ROWS else "")
    title = clean_line(info.title or info.preview) or "Untitled session"
    yield from _head(title, style)
    yield f'<body class="{"nested" if nested else "flat"}">\n'
    yield f'<nav aria-label="Tree"><h2>{rendering.line(title, 80)}</h2>\n'
    drawing = _Drawing(tree, entries, numbers, nested=nested)
    yield from drawing.tree(starts)
    yield "</nav>\n<main>\n"
    yield from _summary(title, info, tree, entries)
    yield from drawing.conversation(starts)
    yield "</main>\n</body>\n</html>\n"


def _head(title: str, style: str) -> Iterator[str]:
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    yield '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
    yield f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
    yield '<meta name="referrer" content="no-referrer">\n'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    yield '<meta name="color-scheme" content="light dark">\n'
    yield f"<title>{rendering.line(title)}</title>\n<style>{style}</style>\n</head>\n"


def _summary(
    title: str, info: SessionInfo, tree: SessionTree, entries: Mapping[str, Entry]
) -> Iterator[str]:
    whole = totals(list(entries.values()))
    facts = [moment(info.created_ms), f"{whole.messages:,} messages"]
    facts.append(f"{whole.tool_calls:,} tool calls")
    if len(tree.tips()) > 1:
        facts.append(f"{len(tree.tips()):,} branches")
    if whole.usage is not None and whole.usage.output is not None:
        facts.append(f"{whole.usage.output:,} tokens written")
    if whole.cost is not None:
        facts.append(f"${whole.cost:.2f}")
    yield f'<header class="page"><h1>{rendering.line(title)}</h1>\n'
    yield f"<p>{rendering.line(' · '.join(facts), 400)}</p>\n"
    where = " · ".join(filter(None, (info.cwd, ", ".join(whole.models))))
    yield f"<p>{rendering.line(where, 400)}</p></header>\n" if where else "</header>\n"


class _Drawing:
    """The tree in the side bar, and the conversation; both walk the same runs."""

    def __init__(
        self,
        tree: SessionTree,
        entries: Mapping[str, Entry],
        numbers: Mapping[str, int],
        *,
        nested: bool,
    ) -> None:
        self._tree, self._entries, self._numbers = tree, entries, numbers
        self._nested = nested
        self._path = frozenset(tree.path(tree.leaf))

    def tree(self, starts: Sequence[Run]) -> Iterator[str]:
        """The side bar: a run's rows, then what follows it."""
        left: list[Run | str] = self._level(starts)
        while left:
            run = left.pop()
            if isinstance(run, str):
                yield run
                continue
            for node in run.nodes:
                yield self._row(node)
            left += self._level(run.branches)

    def conversation(self, starts: Sequence[Run]) -> Iterator[str]:
        """The messages, run by run, branches within the run they follow."""
        left: list[Run | str] = self._sections(starts, None)
        while left:
            run = left.pop()
            if isinstance(run, str):
                yield run
                continue
            yield from self._articles(run)
            left += self._sections(run.branches, run)

    def _level(self, branches: Sequence[Run]) -> list[Run | str]:
        """What draws these branches, the last piece first."""
        pieces: list[Run | str] = []
        # The branch that is shown by default goes straight on; others are folded before it.
        for run in branches:
            if run.current:
                continue
            opening, ending = "<ul>\n", "</ul>\n"
            if self._nested:
                _, words = heading(self._entries[run.nodes[0]])
                opening = (
                    f'<details><summary><span class="first">{words}</span>'
                    f'<span class="sums">{rendering.line(self._sums(run))}</span></summary><ul>\n'
                )
                ending = "</ul></details>\n"
            pieces += [opening, run, ending]
        for run in branches:
            if run.current:
                pieces += ["<ul>\n", run, "</ul>\n"]
        return pieces[::-1]

    def _sums(self, run: Run) -> str:
        """What a branch took, all that follows it included."""
        nodes: list[str] = []
        left = [run]
        while left:
            some = left.pop()
            nodes += some.nodes
            left += some.branches
        whole = totals([self._entries[n] for n in nodes])
        facts = [f"{whole.messages:,} messages" if whole.messages != 1 else "1 message"]
        facts += [] if whole.cost is None else [f"${whole.cost:.2f}"]
        seconds = whole.duration_ms // 1000
        facts += [f"{seconds // 60} min {seconds % 60} s"] if seconds else []
        return " · ".join(facts)

    def _sections(self, branches: Sequence[Run], after: Run | None) -> list[Run | str]:
        if not branches:
            return []
        pieces: list[Run | str] = [self._choice(branches, after)] if len(branches) > 1 else []
        pieces.append('<div class="branches">\n')
        for run in branches:
            current = " current" if run.current else ""
            pieces.append(f'<section class="run{current}">\n')
            pieces += [run, "</section>\n"] if self._nested else ["</section>\n", run]
        pieces.append("</div>\n")
        return pieces[::-1]

    def _choice(self, branches: Sequence[Run], after: Run | None) -> str:
        """Links to the branches of a fork."""
        links = "".join(
            f'<a href="#m{self._numbers[run.nodes[0]]}">'
            f"{heading(self._entries[run.nodes[0]])[1]}</a>\n"
            for run in branches
        )
        words = f"{len(branches)} branches " + ("from here" if after else "from the start")
        return f'<div class="fork"><span>{words}</span>\n{links}</div>\n'

    def _row(self, node: str) -> str:
        entry = self._entries[node]
        if isinstance(entry.node, ToolResult) and node not in self._tree.labels:
            return ""
        kind, words = heading(entry)
        label = self._tree.labels.get(node)
        tag = f'<span class="label">{rendering.line(label, 40)}</span>' if label else ""
        leaf = " leaf" if node == self._tree.leaf else ""
        current = " on" if node in self._path else ""
        return (
            f'<li class="{kind}{current}{leaf}"><a href="#m{self._numbers[node]}">'
            f"{tag}{words}</a></li>\n"
        )

    def _articles(self, run: Run) -> Iterator[str]:
        """The run's messages; results follow the answer that asked for them."""
        told: set[str] = set()
        for at, node in enumerate(run.nodes):
            entry = self._entries[node]
            if node in told:
                yield f'<a id="m{self._numbers[node]}" class="result"></a>\n'
                continue
            results: list[Entry] = []
            if isinstance(entry.node, Answer):
                calls = {c.id for c in entry.node.message.tool_calls}
                for follower in run.nodes[at + 1 :]:
                    brought = self._entries[follower]
                    if isinstance(brought.node, Answer):
                        break
                    if (
                        isinstance(brought.node, ToolResult)
                        and brought.node.result.call_id in calls
                    ):
                        calls.discard(brought.node.result.call_id)
                        results.append(brought)
                        told.add(follower)
            place = Place(self._numbers[node], self._tree.labels.get(node), node == self._tree.leaf)
            yield from article(entry, place, results)


def _lit(count: int) -> str:
    """Rules that light the row of the message that the address names."""
    rows = (f':root:has(#m{n}:target) nav a[href="#m{n}"]' for n in range(count))
    return ",".join(rows) + "{background:var(--raised);color:var(--text)}\n" if count else ""


@cache
def _style() -> str:
    return Path(__file__).with_name("page.css").read_text(encoding="utf-8")
