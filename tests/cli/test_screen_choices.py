"""What the settings say reaches the screen, and what is changed there reaches the settings."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from alloy_tui.cli.screen_choices import keep, make_app, preferences
from alloy_tui.domain.errors import ConfigError
from alloy_tui.runtime.plan import Plan
from alloy_tui.runtime.runtime import Runtime
from alloy_tui.settings import load_settings, locate
from alloy_tui.settings.state import State
from alloy_tui.ui.preferences import STATUS


def test_the_usual_choices_are_those_of_an_empty_file() -> None:
    chosen = preferences(load_settings(), {})
    assert (chosen.theme, chosen.notify, chosen.approvals) == ("dark", "bell", "ask")
    assert chosen.status == STATUS


def test_no_color_decides_only_where_no_theme_is_named() -> None:
    assert preferences(load_settings(), {"NO_COLOR": "1"}).theme == "no-colour"
    assert preferences(load_settings(), {"NO_COLOR": ""}).theme == "dark"
    keep(locate(), "theme", "light")
    assert preferences(load_settings(), {"NO_COLOR": "1"}).theme == "light"


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("theme", "high-contrast", 'theme = "high-contrast"'),
        ("approvals", "edits", 'mode = "edits"'),
        ("notify", "both", 'notify = "both"'),
        ("reduced_motion", True, "reduced_motion = true"),
        ("status", ("state", "cost"), 'status = ["state", "cost"]'),
    ],
)
def test_every_choice_is_kept_and_read_again(name: str, value: object, line: str) -> None:
    keep(locate(), name, value)
    assert line in locate().config_file.read_text()
    assert getattr(preferences(load_settings(), {}), name) == value


def test_the_panes_width_is_remembered_beside_the_settings_file() -> None:
    keep(locate(), "pane_columns", 52)
    assert State(locate(), pytest.fail).pane_columns() == 52
    assert not locate().config_file.exists()


@pytest.mark.parametrize("text", ["{", '{"columns": "wide"}', "", "\x00"])
def test_a_damaged_width_is_put_aside_and_told(text: str) -> None:
    keep(locate(), "pane_columns", 52)
    path = locate().data / "pane.json"
    path.write_text(text)
    told: list[str] = []
    assert State(locate(), told.append).pane_columns() is None
    assert "was damaged" in told[0]
    assert not path.exists()


@pytest.mark.parametrize("columns", [0, -5, 10**9])
def test_a_width_that_cannot_be_is_none(columns: int) -> None:
    State(locate(), pytest.fail).remember_pane(columns)
    assert State(locate(), pytest.fail).pane_columns() is None


def test_a_choice_leaves_the_comments_of_the_file_where_they_were() -> None:
    path = locate().config_file
    path.parent.mkdir(parents=True)
    path.write_text('# mine\ntheme = "dark"  # at night\n')
    keep(locate(), "theme", "light")
    assert path.read_text() == '# mine\ntheme = "light"  # at night\n'


def test_what_cannot_be_kept_is_said() -> None:
    with pytest.raises(ConfigError, match="notify was not set"):
        keep(locate(), "notify", "loud")


def test_keys_and_the_users_themes_come_from_the_folder_and_faults_are_told(tmp_path: Path) -> None:
    paths = locate()
    folder = paths.config / "themes"
    folder.mkdir(parents=True)
    (folder / "mine.toml").write_text('base = "light"\n[colours]\nlive = "#ff0000"\n')
    (folder / "broken.toml").write_text("base = [")
    paths.config_file.write_text('theme = "mine"\n[keys]\noutput = "ctrl+t"\nnope = "f9"\n')
    plan = Plan(settings=load_settings(), paths=paths, cwd=str(tmp_path))
    app = make_app(Runtime(plan), plan)
    assert app.preferences.theme == "mine"
    assert app.current_theme.primary == "#FF0000"
    assert app.keymap.keys_of("output") == "ctrl+t"
    told = " ".join(app._notices)
    assert "broken.toml is no theme" in told
    assert "keys.nope: there is no such action" in told
    assert "NO_COLOR" not in os.environ
