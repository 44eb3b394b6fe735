"""Folders, private writing, remembered state and edits of the config file."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from alloy_tui.domain.errors import ConfigError
from alloy_tui.settings import State, editing, load_settings, locate
from alloy_tui.settings.paths import private_folder, write_private


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_alloy_home_moves_everything(tmp_path: Path) -> None:
    """One variable puts all four folders below one."""
    folders = locate({"ALLOY_HOME": str(tmp_path)}).folders
    assert {f.parent for f in folders} == {tmp_path}
    assert len(set(folders)) == 4


def test_without_alloy_home_the_platform_decides() -> None:
    """An empty variable counts as none."""
    assert locate({"ALLOY_HOME": " "}) == locate({})
    assert all(f.is_absolute() and "alloy" in str(f) for f in locate({}).folders)


@pytest.mark.parametrize("umask", [0o000, 0o022])
def test_everything_written_is_private(tmp_path: Path, umask: int) -> None:
    """Folders are 0700 and files 0600 under any umask."""
    before = os.umask(umask)
    try:
        write_private(tmp_path / "x" / "a" / "b" / "c.txt", "x")
        paths = locate({"ALLOY_HOME": str(tmp_path / "x" / "alloy")})
        State(paths, pytest.fail).remember_rule("bash", "ls")
        State(paths, pytest.fail).remember_pane(40)
    finally:
        os.umask(before)
    made = list((tmp_path / "x").rglob("*"))
    assert len(made) > 5
    assert {mode(p) for p in made if p.is_dir()} == {0o700}
    assert {mode(p) for p in made if p.is_file()} == {0o600}


def test_a_folder_that_was_open_is_closed(tmp_path: Path) -> None:
    """A folder of ours that others could read is tightened."""
    (tmp_path / "data").mkdir(mode=0o755)
    assert mode(private_folder(tmp_path / "data")) == 0o700


def test_a_linked_file_stays_linked(tmp_path: Path) -> None:
    """A config file kept elsewhere by a link is replaced there."""
    real = tmp_path / "dotfiles.toml"
    real.write_text("old")
    link = tmp_path / "config.toml"
    link.symlink_to(real)
    write_private(link, "new")
    assert link.is_symlink()
    assert real.read_text() == "new"


def test_a_file_in_the_way_is_said_so(tmp_path: Path) -> None:
    """A file where a folder should be gives words."""
    (tmp_path / "data").write_text("")
    with pytest.raises(ConfigError, match="data"):
        private_folder(tmp_path / "data" / "deeper")


def test_state_is_remembered() -> None:
    """The last model and the rules come back in order, once each."""
    state = State(locate(), pytest.fail)
    assert state.first_run
    assert state.last_model() is None
    state.remember_model("openai/a")
    state.remember_rule("bash", "git push")
    state.remember_rule("bash", "ls")
    state.remember_rule("bash", "git push")
    again = State(locate(), pytest.fail)
    assert not again.first_run
    assert again.last_model() == "openai/a"
    assert again.always_rules() == (("bash", "git push"), ("bash", "ls"))


@pytest.mark.parametrize("damage", [b"", b"{", b"\xff\xfe", b'{"model": 5}', b'{"always": [[1]]}'])
def test_damaged_state_is_moved_aside(damage: bytes) -> None:
    """Damage costs the memory, not the start, and is told; nothing is deleted."""
    said: list[str] = []
    paths = locate()
    state = State(paths, said.append)
    state.remember_model("openai/a")
    state.remember_rule("bash", "ls")
    for name in ("last-model.json", "approvals.json"):
        (paths.data / name).write_bytes(damage)
    assert state.last_model() is None
    assert state.always_rules() == ()
    asides = list(paths.data.glob("*.damaged-1"))
    assert len(asides) == len(said) >= 1
    assert all(a.read_bytes() == damage for a in asides)
    assert all("damaged" in words for words in said)


def test_state_that_cannot_be_written_is_told() -> None:
    """A folder that is none becomes a notice, not an error."""
    said: list[str] = []
    paths = locate()
    paths.data.parent.mkdir(parents=True)
    paths.data.write_text("")
    state = State(paths, said.append)
    state.remember_model("openai/a")
    state.remember_rule("bash", "ls")
    assert len(said) == 2


def test_rules_of_two_programs_are_both_kept() -> None:
    """Writers in different processes do not overwrite each other."""
    code = (
        "import sys; from alloy_tui.settings import State, locate\n"
        "s = State(locate(), print)\n"
        "for n in range(10): s.remember_rule(sys.argv[1], str(n))"
    )
    children = [subprocess.Popen([sys.executable, "-c", code, name]) for name in "ab"]
    assert [c.wait(30) for c in children] == [0, 0]
    assert len(State(locate(), pytest.fail).always_rules()) == 20


def test_setting_a_value_keeps_comments_and_order() -> None:
    """Only the value changes."""
    paths = locate()
    write_private(paths.config_file, "# mine\nmax_turns = 5 # few\n\n[timeouts]\nchunk_s = 9.0\n")
    assert editing.set_value(paths, "max_turns", "7") == "7"
    assert editing.set_value(paths, "model", "openai/gpt-5") == '"openai/gpt-5"'
    text = paths.config_file.read_text()
    assert "# mine\nmax_turns = 7 # few\n" in text
    settings = load_settings({}, paths=paths)
    assert (settings.max_turns, settings.model, settings.timeouts.chunk_s) == (7, "openai/gpt-5", 9)


def test_setting_makes_tables_as_needed() -> None:
    """A nested key works in an empty file."""
    paths = locate()
    editing.set_value(paths, "approvals.tools.bash", "deny")
    editing.set_value(paths, "services.compat.base_url", "http://127.0.0.1:9/v1")
    assert load_settings({}, paths=paths).approvals.tools == {"bash": "deny"}
    assert editing.get(paths, "services.compat.base_url") == '"http://127.0.0.1:9/v1"'


def test_a_key_is_set_but_never_shown() -> None:
    """Neither set nor get gives a key back."""
    paths = locate()
    assert "CANARY" not in editing.set_value(paths, "services.openai.api_key", "CANARY")
    assert editing.get(paths, "services.openai.api_key") == f'"{editing.HIDDEN}"'
    assert "CANARY" not in (editing.get(paths, "services") or "")
    assert load_settings({}, paths=paths).access("openai").api_key


@pytest.mark.parametrize(
    ("key", "value"),
    [("max_turns", "lots"), ("nothing", "1"), ("services.x.nothing", "1"), ("a..b", "1")],
)
def test_a_refused_value_changes_nothing(key: str, value: str) -> None:
    """The file is as it was when the new one would not load."""
    paths = locate()
    write_private(paths.config_file, "max_turns = 5\n")
    with pytest.raises(ConfigError):
        editing.set_value(paths, key, value)
    assert paths.config_file.read_text() == "max_turns = 5\n"


def test_getting_an_unknown_key_names_a_near_one() -> None:
    """A typing mistake is told from a value that is not set."""
    assert editing.get(locate(), "model") is None
    assert editing.get(locate(), "services.openai.base_url") is None
    assert editing.get(locate(), "max_turns") == "50"
    with pytest.raises(ConfigError) as caught:
        editing.get(locate(), "modle")
    assert "model" in (caught.value.hint or "")
