"""From settings to what the screen is told, and back from what a person changes there.

Owns the composition of the application: its look, its keys, and how a choice
made on the screen gets into the settings file.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, cast

import msgspec

from alloy_tui.cli import kept_start
from alloy_tui.domain.errors import ConfigError
from alloy_tui.runtime.plan import Plan
from alloy_tui.runtime.runtime import Runtime
from alloy_tui.settings.paths import Paths
from alloy_tui.settings.schema import Settings
from alloy_tui.settings.state import State

if TYPE_CHECKING:
    from alloy_tui.ui.app import AlloyApp
    from alloy_tui.ui.preferences import Preferences

_KEYS = {"approvals": "approvals.mode"}


def make_app(runtime: Runtime, plan: Plan) -> AlloyApp:
    """The application over `runtime`, as its user likes it."""
    from alloy_tui.ui import quick_start

    quick_start.begin()  # before the classes that it quickens
    from alloy_tui.settings.user_themes import read_theme_files
    from alloy_tui.ui.app import AlloyApp
    from alloy_tui.ui.history import PromptHistory
    from alloy_tui.ui.kept_sheets import KeptSheets
    from alloy_tui.ui.themes import UserTheme

    files, problems = read_theme_files(plan.paths.config / "themes")
    state = State(plan.paths, problems.append)
    return AlloyApp(
        runtime,
        history=PromptHistory(plan.paths.prompt_history),
        preferences=msgspec.structs.replace(
            preferences(plan.settings, os.environ), pane_columns=state.pane_columns()
        ),
        keys=plan.settings.keys,
        user_themes=[UserTheme(f.name, f.base, f.colours) for f in files],
        on_preference=lambda name, value: keep(plan.paths, name, value),
        notices=problems,
        pick_session=plan.pick,
        resumes=plan.session is not None,
        sheets=KeptSheets(kept_start.values()),
        on_settled=kept_start.settle,
    )


def preferences(settings: Settings, environment: Mapping[str, str]) -> Preferences:
    """What the settings say of the screen; NO_COLOR decides only where they name no theme."""
    from alloy_tui.ui.preferences import STATUS, Preferences
    from alloy_tui.ui.themes import NO_COLOUR

    usual = NO_COLOUR if environment.get("NO_COLOR") else "dark"
    return Preferences(
        theme=settings.theme or usual,
        approvals=settings.approvals.mode,
        notify=settings.notify,
        reduced_motion=settings.reduced_motion,
        status=settings.status or STATUS,
    )


def _refuse(words: str) -> None:
    raise ConfigError(words)


def keep(paths: Paths, name: str, value: object) -> None:
    """Write one choice into the settings file. Raises ConfigError when that cannot be.

    The pane's width is no setting that a person writes; it is remembered beside them.
    """
    if name == "pane_columns":
        State(paths, _refuse).remember_pane(cast("int", value))
        return
    from alloy_tui.settings.editing import set_value

    if isinstance(value, str):
        text = value
    elif isinstance(value, Sequence):
        text = msgspec.json.encode(value).decode()  # a list of strings is the same in TOML
    else:
        text = str(value).lower()
    set_value(paths, _KEYS.get(name, name), text)
