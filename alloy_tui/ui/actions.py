"""What each slash command does.

Owns the table from names to deeds. Sees the app only as a `Host`, so that the
commands can be run by the prompt, the palette and a click alike.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast, get_args

from alloy_tui.domain.sanitise import clean_line
from alloy_tui.runtime.port import ApprovalMode
from alloy_tui.ui.commands import EFFORTS, MODES, nearest
from alloy_tui.ui.host import Host
from alloy_tui.ui.session_commands import SESSION_DEEDS


def run_command(host: Host, name: str, argument: str) -> None:
    """Run `/name argument`; what is not a command is said so, with the nearest one."""
    deed = _DEEDS.get(name)
    if deed is not None:
        deed(host, argument)
        return
    near = nearest(name)
    hint = f" Did you mean /{near}?" if near else " /help lists them all."
    host.say(f"There is no command /{clean_line(name, limit=30)}.{hint}", "warning")


def _model(host: Host, argument: str) -> None:
    if argument:
        host.runtime.set_model(argument)
    else:
        host.open_model_picker()


def _effort(host: Host, argument: str) -> None:
    providers, word = host.runtime.providers, argument.lower()
    known = ("default", *providers.efforts)
    if len(known) == 1:
        host.say("This model does not think before it answers.", "warning")
        return
    if not word:
        now = providers.effort or "default"
        word = known[(known.index(now) + 1) % len(known)] if now in known else "default"
    if word in known:
        providers.set_effort(None if word == "default" else word)
        host.say(f"Thinking: {word}, {EFFORTS[word]}.")
    else:
        host.say(f"/effort takes one of: {', '.join(known)}.", "warning")


def _approve(host: Host, argument: str) -> None:
    word = argument.lower()
    if word in get_args(ApprovalMode):
        host.runtime.set_approval_mode(cast("ApprovalMode", word))
        host.say(f"Approvals: {MODES[word]}.")
    else:
        host.say(f"/approve takes one of: {', '.join(MODES)}.", "warning")


def _team(host: Host, argument: str) -> None:
    if argument:
        host.runtime.team.open(argument)
    host.workbench.open_team()


_DEEDS: dict[str, Callable[[Host, str], None]] = {
    "help": lambda host, _: host.open_page("help"),
    "model": _model,
    "usage": lambda host, _: host.open_page("usage"),
    "history": lambda host, _: host.open_page("history"),
    "effort": _effort,
    "approve": _approve,
    "theme": lambda host, word: host.use_theme(word.lower()),
    "settings": lambda host, _: host.open_page("settings"),
    "output": lambda host, _: host.workbench.action_toggle_output(),
    "retry": lambda host, _: host.workbench.retry(),
    "copy": lambda host, _: host.workbench.copy_answer(),
    "reset": lambda host, _: host.runtime.reset(),
    "team": _team,
    **SESSION_DEEDS,
    "quit": lambda host, _: host.leave(),
}


DEED_NAMES: frozenset[str] = frozenset(_DEEDS)
"""The commands that do something; a test holds them against `commands.COMMANDS`."""
