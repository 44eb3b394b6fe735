"""models, doctor, config: what they say, and what they never say."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from alloy_tui.cli import main
from alloy_tui.settings import load_settings, locate
from tests.cli.support import alloy, model


def test_models_lists_what_answers_and_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a key the service's models are ready; the others say what they need."""
    monkeypatch.setenv("ANTHROPIC_API_KEY", "CANARY")
    done = alloy("models", "--json")
    rows = {row["model"]: row for row in json.loads(done.stdout)}
    assert done.returncode == 0
    assert rows["anthropic/claude-sonnet-5-5"]["needs"] is None
    assert any("OPENAI_API_KEY" in (row["needs"] or "") for row in rows.values())
    plain = alloy("models").stdout
    assert "needs OPENAI_API_KEY" in plain
    assert "CANARY" not in plain + done.stdout


@pytest.mark.parametrize("json", [[], ["--json"]])
def test_doctor_shows_no_key(monkeypatch: pytest.MonkeyPatch, json: list[str]) -> None:
    """Where a key comes from is said, its text never; an unreachable service is a problem."""
    monkeypatch.setenv("OPENAI_API_KEY", "CANARY")
    monkeypatch.setenv("ALLOY_OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    done = alloy("doctor", *json)
    assert done.returncode == 1
    assert "environment variable OPENAI_API_KEY" in done.stdout
    assert "127.0.0.1:9 cannot be reached" in done.stdout
    assert "CANARY" not in done.stdout + done.stderr


def test_doctor_on_an_empty_machine_has_no_complaint() -> None:
    """Missing things are notes, not problems; folders are not made by looking."""
    done = alloy("doctor")
    assert done.returncode == 0, done.stdout
    assert "would answer" in done.stdout
    assert not locate().config.exists()


def test_doctor_finds_open_folders_and_broken_settings() -> None:
    """What others can read and what does not load is called a problem."""
    paths = locate()
    paths.config.mkdir(parents=True)
    paths.config.chmod(0o755)
    paths.config_file.write_text("modle = 'x'")
    done = alloy("doctor")
    assert done.returncode == 1
    assert "chmod 700" in done.stdout
    assert "`model`" in done.stdout


def test_config_round_trip() -> None:
    """path, set, get; a key comes from standard input and is never shown."""
    assert alloy("config", "path").stdout.strip() == str(locate().config_file)
    assert alloy("config", "get").stdout == ""
    assert alloy("config", "get", "model").returncode == 1
    assert alloy("config", "set", "approvals.mode", "edits").returncode == 0
    done = alloy("config", "set", "services.openai.api_key", "-", input="CANARY\n")
    shown = alloy("config", "get").stdout + alloy("config", "get", "services").stdout
    assert "CANARY" not in done.stdout + done.stderr + shown
    assert 'mode = "edits"' in shown
    assert load_settings({}, paths=locate()).access("openai").api_key
    wrong = alloy("config", "set", "max_turns", "none")
    assert wrong.returncode == 2
    assert "at least 1" in wrong.stderr


@pytest.mark.parametrize(
    ("edit", "code", "after"),
    [
        ("max_turns = 9\n", 0, "max_turns = 9\n"),
        ("max_turn = 9\n", 2, None),
        (None, 0, None),
    ],
)
def test_editing_takes_effect_only_if_it_loads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, edit: str | None, code: int, after: str | None
) -> None:
    """A mistake keeps the old file, says what is wrong and where the new text is."""
    editor = tmp_path / "editor.py"
    written = f"open(sys.argv[1], 'w').write({edit!r})" if edit else "pass"
    editor.write_text(f"import sys\n{written}\n")
    monkeypatch.setenv("VISUAL", f"{sys.executable} {editor}")
    done = alloy("config", "edit")
    assert done.returncode == code, done.stderr
    target = locate().config_file
    assert (target.read_text() if target.exists() else None) == after
    kept = list(locate().config.glob("config-*.toml"))
    assert len(kept) == (1 if code else 0)
    if code:
        assert str(kept[0]) in done.stderr
        assert "max_turns" in done.stderr


def test_an_editor_that_is_missing_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line, exit 2."""
    monkeypatch.setenv("VISUAL", "/no/such/editor")
    done = alloy("config", "edit")
    assert done.returncode == 2
    assert "EDITOR" in done.stderr
    assert not list(locate().config.iterdir())


def _a_folder(path: Path) -> None:
    path.mkdir()


def _no_toml(path: Path) -> None:
    path.write_text("model = ")


def _no_text(path: Path) -> None:
    path.write_bytes(b"\xff\xfe\x00")


@pytest.mark.parametrize("make", [_a_folder, _no_toml, _no_text])
def test_a_config_file_that_cannot_be_used_is_one_line_and_exit_2(
    make: Callable[[Path], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """Every command that reads it names the file; none of them shows a traceback."""
    file = locate().config_file
    file.parent.mkdir(parents=True)
    make(file)
    for command in (
        ["config", "get"],
        ["config", "set", "max_turns", "3"],
        ["models"],
        ["run", "-p", "x"],
    ):
        assert main(command) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("alloy: ")
        assert str(file) in line


def test_the_editor_can_mend_a_file_that_is_no_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """It gets the bytes as they are, and what it makes of them is taken if it loads."""
    file = locate().config_file
    file.parent.mkdir(parents=True)
    file.write_bytes(b"max_turns = 3 # \xff\n")
    monkeypatch.setenv("VISUAL", "sed -i 's/#.*//'")
    monkeypatch.setenv("LC_ALL", "C")
    assert main(["config", "edit"]) == 0
    assert load_settings({}, paths=locate()).max_turns == 3


def test_an_editor_that_is_no_command_is_said_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Words that no shell could read are not run."""
    monkeypatch.setenv("VISUAL", "vi '")
    assert main(["config", "edit"]) == 2
    assert "is no command" in capsys.readouterr().err


def test_an_alloy_home_that_cannot_be_written_stops_no_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An answer needs no file of ours; what does need one says where it failed."""
    monkeypatch.setenv("ALLOY_HOME", "/proc/nowhere")
    assert main(["run", "-p", "x", "--model", model("hello")]) == 0
    capsys.readouterr()
    assert main(["config", "set", "max_turns", "3"]) == 2
    assert "/proc/nowhere" in capsys.readouterr().err
