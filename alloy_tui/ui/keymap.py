"""Every key of the screen in one table, by the place where it works.

Owns the words; widgets take their bindings from here, so that the help screen
and the footer can never say something else than what the keys do.
"""

from __future__ import annotations

from dataclasses import dataclass

from textual.binding import Binding, BindingType


@dataclass(frozen=True, slots=True)
class Key:
    """`keys` as Textual names them, comma-separated; `shown` is how help prints them.

    `action` is empty for keys that a widget takes by itself.
    """

    keys: str
    shown: str
    action: str
    words: str


APP_KEYS: tuple[Key, ...] = (
    Key("f1", "F1", "help", "this page"),
    Key("ctrl+p", "Ctrl+P", "command_palette", "every command, by name"),
    Key("ctrl+c", "Ctrl+C twice", "quit_soon", "leave (once copies a selection)"),
    Key("ctrl+q", "Ctrl+Q", "leave", "leave at once"),
)

SCREEN_KEYS: tuple[Key, ...] = (
    Key("ctrl+o", "Ctrl+O", "toggle_output", "open or close the tool pane"),
    Key("ctrl+l", "Ctrl+L", "command('model')", "choose the model"),
    Key("f6", "F6", "next_pane", "prompt → conversation → tool pane"),
    Key("pageup", "PgUp", "page(-1)", "read back"),
    Key("pagedown", "PgDn", "page(1)", "read on"),
    Key("ctrl+end", "Ctrl+End", "to_end", "to the newest line, and follow it"),
    Key("ctrl+up", "Ctrl+↑", "step_tool(-1)", "the tool call before, in the pane"),
    Key("ctrl+down", "Ctrl+↓", "step_tool(1)", "the tool call after"),
    Key("alt+1", "Alt+1 … 3", "show_tab(0)", "pane: output, arguments, diff"),
    Key("alt+2", "", "show_tab(1)", ""),
    Key("alt+3", "", "show_tab(2)", ""),
)

PROMPT_KEYS: tuple[Key, ...] = (
    Key("enter", "Enter", "", "send; while a run is under way: steer it"),
    Key("alt+enter", "Alt+Enter", "", "while a run is under way: queue for after it"),
    Key("shift+enter,ctrl+j", "Shift+Enter or Ctrl+J", "", "a new line"),
    Key("up", "↑", "", "what you typed before, from the first line"),
    Key("down", "↓", "", "back towards now, from the last line"),
    Key("tab", "Tab", "", "take the completion"),
    Key("escape", "Esc", "", "stop the run and take queued messages back"),
)

APPROVAL_KEYS: tuple[Key, ...] = (
    Key("alt+y", "y or Alt+Y", "answer('once')", "run it this once"),
    Key("alt+s", "s or Alt+S", "answer('session')", "and the like, for this session"),
    Key("alt+a", "a or Alt+A", "answer('always')", "and the like, always"),
    Key("alt+n", "n or Alt+N", "answer('deny')", "do not run it"),
    Key("alt+e", "e or Alt+E", "answer('reason')", "do not run it, and say why"),
)

SECTIONS: tuple[tuple[str, tuple[Key, ...]], ...] = (
    ("Prompt", PROMPT_KEYS),
    ("Approvals: the letter alone in the prompt, or with Alt", APPROVAL_KEYS),
    ("Screen", SCREEN_KEYS),
    ("Everywhere", APP_KEYS),
)


def bindings(keys: tuple[Key, ...]) -> list[BindingType]:
    """The rows with an action as Textual bindings, ahead of what the focus would do with them."""
    return [
        Binding(key.keys, key.action, key.words, show=False, priority=True)
        for key in keys
        if key.action
    ]
