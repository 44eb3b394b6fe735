"""The slash commands as data: names, words, arguments, and how typing completes them.

One table feeds the prompt's completion, the command palette and the help
screen. Pure: what a command does is `actions`' business.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias

import msgspec

from alloy_tui.domain.sanitise import clean_line

ArgumentKind: TypeAlias = Literal["none", "model", "mode", "theme", "format", "effort"]

FORMATS: dict[str, str] = {
    "markdown": "to read",
    "json": "to be read in again",
    "html": "one page with the whole tree",
}

MODES: dict[str, str] = {
    "ask": "ask before anything that changes files or runs programs",
    "edits": "let edits through, ask before programs",
    "all": "let everything through",
    "none": "refuse whatever would have to ask",
}


EFFORTS: dict[str, str] = {
    "default": "as the model finds fit",
    "none": "no thinking",
    "minimal": "next to none",
    "low": "a little",
    "medium": "some",
    "high": "much",
    "xhigh": "very much",
    "max": "as much as it can",
}


class Command(msgspec.Struct, frozen=True):
    """A slash command; `hint` shows its argument, `summary` what it does."""

    name: str
    summary: str
    hint: str = ""
    argument: ArgumentKind = "none"


COMMANDS: tuple[Command, ...] = (
    Command("help", "keys and commands"),
    Command("model", "choose the model that answers", "[service/model]", "model"),
    Command("effort", "how hard the model thinks", "[level]", "effort"),
    Command("usage", "tokens and cost so far"),
    Command("history", "the conversation, message by message"),
    Command("approve", "what may run without asking", "[mode]", "mode"),
    Command("theme", "how the screen looks", "[theme]", "theme"),
    Command("settings", "look, approvals, notifications, status line"),
    Command("output", "open or close the tool pane"),
    Command("retry", "send the last message again"),
    Command("copy", "copy the last answer"),
    Command("new", "a new session"),
    Command("reset", "a new session"),
    Command("resume", "go on with another session", "[words]"),
    Command("sessions", "the sessions there are", "[words]"),
    Command("search", "search in all that was ever said", "[words]"),
    Command("tree", "the session as a tree"),
    Command("rewind", "go back to an earlier message, and edit it"),
    Command("redo", "take the last going back or over back"),
    Command("branch", "begin a branch with the next message"),
    Command("checkpoint", "label where you stand", "[label]"),
    Command("note", "a note about the last message", "[words]"),
    Command("compare", "two branches beside each other"),
    Command("graft", "bring something here from another branch"),
    Command("race", "several models at the same question", "[model model …]"),
    Command("team", "everything that runs: agents, tasks, mail, time", "[file]"),
    Command("fork", "go on in a new session from here"),
    Command("rename", "give the session another title", "[title]"),
    Command("export", "write the session to a file", "[format] [path]", "format"),
    Command("quit", "leave"),
)

_BY_NAME = {command.name: command for command in COMMANDS}


class Completion(msgspec.Struct, frozen=True):
    """One line of the popup: `insert` replaces the whole prompt; `note` is shown beside `label`."""

    insert: str
    label: str
    note: str
    hint: str = ""


def parse(text: str) -> tuple[str, str] | None:
    """`/name argument` as (name, argument), or None when `text` is a message and no command.

    A path such as `/etc/hosts is wrong` is a message: a name has no slash in it.
    """
    if not text.startswith("/") or "\n" in text.strip():
        return None
    name, _, argument = text[1:].strip().partition(" ")
    if not name or not name.replace("-", "").isalnum():
        return None
    return name.lower(), argument.strip()


def find(name: str) -> Command | None:
    """The command of that exact name."""
    return _BY_NAME.get(name)


def nearest(name: str) -> str | None:
    """The command that `name` was likely meant to be."""
    ranked = rank(name, [command.name for command in COMMANDS])
    return ranked[0] if ranked else None


def rank(query: str, candidates: Sequence[str]) -> list[str]:
    """The candidates that hold the letters of `query` in order, best first."""
    if not query:
        return list(candidates)
    # Imported here: nothing completes before the first frame.
    from textual.fuzzy import FuzzySearch

    search = FuzzySearch(case_sensitive=False)
    scored = [(search.match(query, candidate)[0], candidate) for candidate in candidates]
    return [name for score, name in sorted(scored, key=lambda s: -s[0]) if score > 0]


def completions(text: str, models: Callable[[], Sequence[str]]) -> list[Completion]:
    """What the prompt's popup offers for `text`; `models` is asked only when one is wanted."""
    if not text.startswith("/") or "\n" in text:
        return []
    name, space, argument = text[1:].partition(" ")
    if not space:
        return [
            Completion(
                insert=f"/{c.name} " if c.argument != "none" else f"/{c.name}",
                label=f"/{c.name}",
                note=c.summary,
                hint=c.hint,
            )
            for c in (_BY_NAME[n] for n in rank(name, list(_BY_NAME)))
        ]
    command = _BY_NAME.get(name)
    if command is None or command.argument == "none":
        return []
    notes = {"mode": MODES, "format": FORMATS, "effort": EFFORTS}.get(command.argument, {})
    return [
        Completion(f"/{name} {value}", clean_line(value, limit=60), notes.get(value, ""))
        for value in rank(argument.strip(), argument_values(command, models))
        if _typable(value)
    ]


def _typable(value: str) -> bool:
    """Whether `value`, which a server may have made up, means the same once it is in the prompt."""
    return value.isprintable() or clean_line(value, limit=len(value) + 1) == value


_theme_words = ["dark", "light", "high-contrast", "no-colour"]


def offer_themes(words: Sequence[str]) -> None:
    """Complete these as themes from now on: the user's own are known only at the start."""
    _theme_words[:] = words


def argument_values(command: Command, models: Callable[[], Sequence[str]]) -> list[str]:
    """The values that a command's argument may take, best first."""
    match command.argument:
        case "model":
            return list(models())
        case "mode":
            return list(MODES)
        case "theme":
            return list(_theme_words)
        case "format":
            return list(FORMATS)
        case "effort":
            return list(EFFORTS)
        case "none":
            return []
