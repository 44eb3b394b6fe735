"""The scenes behind the pictures are files that the program takes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from alloy_tui.providers.script import load_script
from alloy_tui.team.spec import parse_team
from screenshots import scenes, team_scenes

_TEAMS = {name: text for name, text in team_scenes.FILES.items() if name.endswith(".toml")}
_SCRIPTS = {**scenes.SCRIPTS, **team_scenes.SCRIPTS}


def test_every_script_of_a_scene_can_be_played(tmp_path: Path) -> None:
    for name, script in _SCRIPTS.items():
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps(script))
        assert load_script(path).replies, name


@pytest.mark.parametrize("name", _TEAMS)
def test_every_team_of_a_scene_can_be_opened(name: str) -> None:
    """Its scripts are there, too."""
    team = parse_team(_TEAMS[name], name)
    scripted = [m.model.partition("/")[2] for m in team.members if m.model.startswith("scripted/")]
    assert {script.removesuffix(".json") for script in scripted} <= _SCRIPTS.keys()
    assert len(team.members) >= 3
