"""From arguments to the plan of a runtime: settings, folders, flags in one value.

Owns the composition that the full-screen program and `alloy run` share.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from alloy_tui.domain.errors import ConfigError
from alloy_tui.runtime.model_choice import DEMO_MODEL
from alloy_tui.runtime.plan import Plan
from alloy_tui.settings import Flags, load_settings, locate

if TYPE_CHECKING:
    from argparse import Namespace


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
    return Plan(
        settings=load_settings(flags=flags, paths=paths),
        paths=paths,
        cwd=str(cwd.resolve()),
        asked_model=flags.model,
        demo=arguments.demo or flags.model == DEMO_MODEL,
        interactive=interactive,
    )
