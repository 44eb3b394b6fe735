"""Every key of the screen in one table, by the place where it works, and the user's changes to it.

Owns the words; widgets take their bindings from here, so that the help screen
and the palette can never say something else than what the keys do. Actions
have names, so that a configuration can give them other keys.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping

import msgspec
from textual.binding import Binding, BindingType
from textual.keys import Keys

from alloy_tui.domain.sanitise import clean_line
from alloy_tui.ui.keys import Key
from alloy_tui.ui.team_keys import TEAM_KEYS

APP_KEYS: tuple[Key, ...] = (
    Key("help", "f1", "help", "every key and command"),
    Key("palette", "ctrl+p", "command_palette", "every action, by name"),
    Key("settings", "f4", "settings", "the settings"),
    Key("quit", "ctrl+c", "quit_soon", "leave (once copies a selection)", "twice"),
    Key("leave", "ctrl+q", "leave", "leave at once"),
    Key("suspend", "ctrl+z", "suspend", "back to the shell for a while; fg comes back"),
)

SCREEN_KEYS: tuple[Key, ...] = (
    Key("output", "ctrl+o", "toggle_output", "open or close the tool pane"),
    Key("model", "ctrl+l", "command('model')", "choose the model"),
    Key("effort", "shift+tab", "command('effort')", "how hard the model thinks: the next level"),
    Key("usage", "f2", "command('usage')", "tokens and cost so far"),
    Key("retry", "alt+r", "command('retry')", "send the last message again"),
    Key("tree", "ctrl+t", "show_panel('tree')", "open or close the session's tree"),
    Key("team", "ctrl+d", "command('team')", "everything that runs: the team's dashboard"),
    Key("branch-before", "alt+left", "turn_branch(-1)", "the branch before, at its message"),
    Key("branch-after", "alt+right", "turn_branch(1)", "the branch after"),
    Key("next-pane", "f6", "next_pane", "prompt → conversation → tool pane"),
    Key("page-up", "pageup", "page(-1)", "read back"),
    Key("page-down", "pagedown", "page(1)", "read on"),
    Key("to-end", "ctrl+end", "to_end", "to the newest line, and follow it"),
)

PANE_KEYS: tuple[Key, ...] = (
    Key("tool-before", "ctrl+up", "step_tool(-1)", "the tool call before"),
    Key("tool-after", "ctrl+down", "step_tool(1)", "the tool call after"),
    Key("tab-output", "alt+1", "show_tab(0)", "what it printed"),
    Key("tab-args", "alt+2", "show_tab(1)", "its arguments"),
    Key("tab-diff", "alt+3", "show_tab(2)", "its diff"),
    Key("tab-raw", "alt+4", "show_tab(3)", "call and result as data"),
    Key("tab-timing", "alt+5", "show_tab(4)", "when, and for how long"),
    Key("side-by-side", "f7", "beside", "diffs side by side where there is room, or not"),
    Key("find", "ctrl+f", "find", "search in what is being read (/ while the pane is)"),
    Key("open-whole", "alt+o", "open_whole", "the whole of a long output, from its file"),
    Key("copy-pane", "alt+c", "copy_pane", "copy all that the tool pane shows", "or y in it"),
    Key("wider", "alt+h", "widen(4)", "wider"),
    Key("narrower", "alt+l", "widen(-4)", "narrower"),
    Key("maximise", "alt+m", "maximise", "the whole width, or back"),
)


def _prompt_key(name: str, keys: str, words: str, note: str = "") -> Key:
    """A row that the prompt carries out by itself; its first key stands for the deed there."""
    return Key(name, keys, f"prompt_key('{keys.partition(',')[0]}')", words, note)


PROMPT_KEYS: tuple[Key, ...] = (
    _prompt_key("send", "enter", "send; while a run is under way: steer it"),
    _prompt_key("follow-up", "alt+enter", "while a run is under way: queue for after it"),
    _prompt_key("newline", "shift+enter,ctrl+j", "a new line"),
    _prompt_key("stop", "escape", "stop the run, take the queue back; close the pane"),
    Key("", "up", "", "what you typed before, from the first line"),
    Key("", "down", "", "back towards now, from the last line"),
    _prompt_key("search-history", "ctrl+r", "search what you typed before"),
    _prompt_key("complete", "tab", "take the completion"),
    _prompt_key("editor", "ctrl+g", "write in your own editor"),
    _prompt_key("stash", "ctrl+s", "put the text aside, or bring it back"),
    _prompt_key("take-back", "alt+up", "take the newest message that waits back"),
    _prompt_key("queue", "alt+down", "look after all the messages that wait"),
    _prompt_key("cut-to-end", "ctrl+k", "cut to the end of the line"),
    _prompt_key("cut-to-start", "ctrl+u", "cut to the beginning of the line"),
    _prompt_key("cut-word-before", "ctrl+w", "cut the word before", "or Alt+Backspace"),
    _prompt_key("cut-word-after", "alt+delete", "cut the word after", "or Alt+D"),
    _prompt_key("yank", "ctrl+y", "bring back what was cut", "then Alt+Y"),
    _prompt_key("undo", "ctrl+underscore,alt+z", "undo"),
    _prompt_key("redo", "alt+shift+z", "make it again"),
    _prompt_key("word-back", "alt+b", "a word back"),
    _prompt_key("word-on", "alt+f", "a word on"),
    _prompt_key("paste", "ctrl+v", "paste what was copied, an image too"),
    _prompt_key("unfold", "alt+p", "unfold a paste"),
)

READING_KEYS: tuple[Key, ...] = tuple(
    Key(f"read-{name}", keys, f"read('{name}')", words)
    for name, keys, words in (
        ("card-before", "up", "the card before"),
        ("card-after", "down", "the card after"),
        ("block-before", "shift+up", "whatever stands before, to copy it"),
        ("block-after", "shift+down", "whatever comes after, to copy it"),
        ("fold", "enter", "fold or unfold the card"),
        ("fold-turn", "t", "fold or unfold all cards of the turn"),
        ("open", "o", "open the card in the tool pane"),
        ("copy", "y", "copy what is selected, or the block"),
        ("copy-code", "c", "copy the code in it"),
        ("beside", "s", "diffs of the conversation side by side, or not"),
        ("find", "slash", "search in the conversation"),
        ("hit-after", "n", "the next place that was found"),
        ("hit-before", "N", "the place before"),
        ("first", "home", "to the very beginning"),
        ("last", "end", "to the newest line"),
    )
)
"""What the conversation does while it has the focus; `transcript.deeds` says how."""

TREE_KEYS: tuple[Key, ...] = tuple(
    Key(f"tree-{name}", keys, f"tree('{name}')", words, note)
    for name, keys, words, note in (
        ("open", "enter", "in the tree: back to before it, or over to its branch", "go"),
        ("branch", "b", "in the tree: go on from the end of it, as a branch", "branch"),
        ("label", "l", "in the tree: label it", "label"),
        ("note", "n", "in the tree: a note about it", "note"),
        ("mark", "c", "in the tree: mark it, to compare another with it", "mark"),
        ("compare", "d", "in the tree: compare it with the marked one, or with here", "compare"),
        ("graft", "g", "in the tree: bring something of it here", "graft"),
        ("hide", "x", "in the tree: hide it with all below, or show it again", "hide"),
        ("copy", "y", "in the tree: copy its id", "copy id"),
        ("fold", "space,left,right", "in the tree: fold or unfold what is below it", "fold"),
        ("filter", "f,tab", "in the tree: other rows", "rows"),
        ("search", "slash", "in the tree: search", ""),
    )
)

APPROVAL_KEYS: tuple[Key, ...] = (
    Key("approve-once", "alt+y", "answer('once')", "run it this once", "or y"),
    Key("approve-session", "alt+s", "answer('session')", "and the like, for this session", "or s"),
    Key("approve-always", "alt+a", "answer('always')", "and the like, always", "or a"),
    Key("deny", "alt+n", "answer('deny')", "do not run it", "or n"),
    Key("deny-why", "alt+e", "answer('reason')", "do not run it, and say why", "or e"),
    Key("details", "alt+d", "answer('details')", "all of what would run, or less", "or d"),
)

SECTIONS: tuple[tuple[str, tuple[Key, ...]], ...] = (
    ("Prompt", PROMPT_KEYS),
    ("Approvals: the letter alone in the prompt, or", APPROVAL_KEYS),
    ("Screen", SCREEN_KEYS),
    ("Conversation, while it has the focus", READING_KEYS),
    ("Tool pane", PANE_KEYS),
    ("Session tree, while it has the focus", TREE_KEYS),
    ("Team, while its dashboard is open", TEAM_KEYS),
    ("Everywhere", APP_KEYS),
)

ACTIONS: tuple[Key, ...] = tuple(key for _, keys in SECTIONS for key in keys if key.action)
"""Every row that does something by itself: what the palette must reach."""

_BY_NAME = {key.name: key for key in ACTIONS}
_OF_PROMPT = {key.name: key for key in PROMPT_KEYS if key.action}
_ARROWS = {"up", "down", "left", "right", "home", "end"}
_MOVES = _ARROWS | {"escape", "backspace", "delete", "insert", "space"}
_ONLY_PROMPT = frozenset({"enter", "tab"})
_PLACES = ("tree-", "read-", "team-")
"""Beginnings of names: these keys act only while that part of the screen has the focus."""
UNBOUND = "unbound"
"""A key that no terminal sends: what it stands for does nothing."""

_MODIFIERS = ("ctrl", "alt", "shift", "super", "hyper", "meta")
_NAMED = {str(key.value).rsplit("+", 1)[-1] for key in Keys} | {
    "minus",
    "comma",
    "full_stop",
    "slash",
    "backslash",
    "semicolon",
    "equals_sign",
    "left_square_bracket",
    "right_square_bracket",
    "dollar_sign",
    "plus",
    "space",
}
_SHOWN = {
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "escape": "Esc",
    "underscore": "_",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "comma": ",",
    "full_stop": ".",
    "minus": "-",
    "slash": "/",
    "equals_sign": "=",
    "plus": "+",
    "dollar_sign": "$",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "space": "Space",
}


def _place_of(name: str) -> str:
    return next((place for place in _PLACES if name.startswith(place)), "")


def bindings(keys: tuple[Key, ...]) -> list[BindingType]:
    """The rows with an action as Textual bindings, ahead of what the focus would do with them."""
    return [
        Binding(key.keys, key.action, key.words, show=False, priority=True, id=key.name)
        for key in keys
        if key.action
    ]


def shown(keys: str) -> str:
    """Keys as people read them: `ctrl+p` is `Ctrl+P`, several are joined with “or”."""
    if not keys:
        return "no key"
    return " or ".join(_shown_one(one) for one in keys.split(","))


def _shown_one(key: str) -> str:
    *modifiers, last = key.split("+")
    name = _SHOWN.get(last) or (last.upper() if len(last) == 1 else last.capitalize())
    return "+".join([*(m.capitalize() for m in modifiers), name])


class PromptKeys(msgspec.Struct, frozen=True):
    """`meant` says for which of the prompt's usual keys a key stands, `keys` what those are now."""

    meant: dict[str, str] = {}
    keys: dict[str, str] = {}

    def deed(self, key: str) -> str:
        """The usual key that `key` stands for, itself by default."""
        return self.meant.get(key, key)

    def shown(self, usual: str) -> str:
        """The first key for what `usual` usually does, as people read it."""
        return shown(self.keys.get(usual, usual).partition(",")[0])


class Keymap:
    """The table with the user's changes: `wanted` maps names of actions to keys.

    What cannot be is left as it was and told in `problems`, in words.
    """

    def __init__(self, wanted: Mapping[str, str] | None = None) -> None:
        self.problems: list[str] = []
        self._keys = {key.name: key.keys for key in ACTIONS}
        self._changed: set[str] = set()
        for name, keys in (wanted or {}).items():
            self._change(name, keys)

    def keys_of(self, name: str) -> str:
        """The keys of the action `name`, "" when it has none."""
        return self._keys[name]

    def label(self, key: Key) -> str:
        """The keys of a row as help prints them."""
        keys = self._keys[key.name] if key.name else key.keys
        return f"{shown(keys)} {key.note}".rstrip()

    def overrides(self) -> dict[str, str]:
        """What differs from the table, for `App.set_keymap`."""
        # An empty entry would leave the old keys in force.
        return {
            name: keys or UNBOUND
            for name, keys in self._keys.items()
            if keys != _BY_NAME[name].keys and name not in _OF_PROMPT and not _place_of(name)
        }

    def prompt_keys(self) -> PromptKeys:
        """What the keys of the prompt stand for now."""
        meant: dict[str, str] = {}
        for name, row in _OF_PROMPT.items():
            # Esc closes what is open, too: another key to stop with is one more.
            if self._keys[name] != row.keys and name != "stop":
                meant.update(dict.fromkeys(row.keys.split(","), UNBOUND))
        for name, row in _OF_PROMPT.items():
            usual = row.keys.split(",")
            for key in self._keys[name].split(","):
                if key:
                    meant[key] = usual[0]
        shown_now = {
            row.keys.partition(",")[0]: self._keys[name] for name, row in _OF_PROMPT.items()
        }
        return PromptKeys(meant, shown_now)

    def _change(self, name: str, keys: str) -> None:
        where = f"keys.{clean_line(name, limit=40)}"
        if name not in _BY_NAME:
            near = difflib.get_close_matches(name, _BY_NAME, n=1)
            hint = f" Did you mean {near[0]}?" if near else " F1 lists them."
            self.problems.append(f"{where}: there is no such action.{hint}")
            return
        taken: list[str] = []
        for part in keys.split(","):
            one = part.strip() if len(part.strip()) == 1 else part.strip().lower()
            if not one:
                continue
            trouble = self._trouble(name, one)
            if trouble:
                self.problems.append(f"{where}: {trouble}")
            else:
                taken.append(one)
        if taken or not keys.strip():
            self._keys[name] = ",".join(taken)
            self._changed.add(name)

    def _trouble(self, name: str, key: str) -> str:
        label = clean_line(key, limit=40)
        *modifiers, last = key.split("+")
        if any(m not in _MODIFIERS for m in modifiers) or not (len(last) == 1 or last in _NAMED):
            return f"“{label}” is no key such as ctrl+k, alt+x or f5."
        place = _place_of(name)
        if place:
            return self._trouble_in(place, name, key)
        if len(last) == 1 and not set(modifiers) - {"shift"}:
            return f"“{label}” types a character; take one with Ctrl or Alt."
        if key in _MOVES or (key in _ONLY_PROMPT and name not in _OF_PROMPT):
            return f"{shown(key)} belongs to the prompt and stays with it."
        for other, others in self._keys.items():
            # What the prompt takes never gets to the other parts, nor theirs to it.
            if _place_of(other) and name in _OF_PROMPT:
                continue
            if other != name and key in others.split(","):
                if other in self._changed:
                    return f"{shown(key)} was given to {other} already."
                self._take_from(other, key)
                self.problems.append(f"{shown(key)} is now {name}; {other} lost it.")
        return ""

    def _trouble_in(self, place: str, name: str, key: str) -> str:
        # Letters are free there, and what the prompt does with them does not matter.
        for other, others in self._keys.items():
            if other == name or other in _OF_PROMPT or key not in others.split(","):
                continue
            if not _place_of(other):
                return f"{shown(key)} is {other} everywhere."
            if _place_of(other) != place:
                continue
            if other in self._changed:
                return f"{shown(key)} was given to {other} already."
            self._take_from(other, key)
            self.problems.append(f"{shown(key)} is now {name}; {other} lost it.")
        return ""

    def _take_from(self, name: str, key: str) -> None:
        self._keys[name] = ",".join(one for one in self._keys[name].split(",") if one != key)

    def reading(self) -> dict[str, str]:
        """Of the conversation: keys, and what each of them does there (`READING_KEYS`)."""
        return {
            one: row.name.removeprefix("read-")
            for row in READING_KEYS
            for one in self._keys[row.name].split(",")
            if one
        }

    @property
    def names(self) -> dict[str, str]:
        """Every action's name and its keys now."""
        return dict(self._keys)
