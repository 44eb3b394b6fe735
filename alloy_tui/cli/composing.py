"""From arguments to the plan of a runtime: settings, folders, flags in one value.

Owns the composition that the full-screen program and `alloy run` share.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alloy_tui.domain.errors import ConfigError
from alloy_tui.runtime.model_choice import DEMO_MODEL
from alloy_tui.runtime.plan import Plan
from alloy_tui.settings import Flags, load_settings, locate

if TYPE_CHECKING:
    from argparse import Namespace

PICK = ""
"""The value of --resume when no session is named with it."""


def make_plan(arguments: Namespace, *, interactive: bool) -> Plan:
    """How to run. Raises ConfigError for impossible flags, settings and folders."""
    paths = locate()
    given = vars(arguments)
    flags = Flags(
        model=given.get("model"),
        approve=given.get("approve"),
        max_turns=given.get("max_turns"),
        timeout_s=given.get("timeout"),
        system_prompt=given.get("system"),
    )
    cwd = Path(given.get("cwd") or ".").expanduser()
    if not cwd.is_dir():
        raise ConfigError(f"--cwd: there is no folder {cwd}.")
    session, node = _place(given)
    return Plan(
        settings=load_settings(flags=flags, paths=paths),
        paths=paths,
        cwd=str(cwd.resolve()),
        asked_model=flags.model,
        demo=arguments.demo or flags.model == DEMO_MODEL,
        interactive=interactive,
        session=session,
        node=node,
        pick=given.get("resume") == PICK,
        stored=not given.get("no_session"),
    )


def _place(given: Mapping[str, Any]) -> tuple[str | None, str]:
    """The session to go on with and the message to follow. Raises ConfigError."""
    session, node = given.get("session"), given.get("branch_from") or ""
    if given.get("continue"):
        session = "latest"
    elif given.get("resume") not in (None, PICK):
        session = given["resume"]
    if ":" in node:
        session, _, node = node.partition(":")
    if node and not session:
        raise ConfigError(
            "--branch-from: in which session is that message?",
            hint="Name it with --session ID, or as SESSION:MESSAGE.",
        )
    if session and given.get("no_session"):
        raise ConfigError("--no-session keeps nothing, so there is nothing to go on with.")
    return session, node
