"""The log: warnings and defects go into one private file and nowhere else."""

from __future__ import annotations

import logging
import stat
from pathlib import Path

import pytest

from alloy_tui.cli.logbook import logging_to

_log = logging.getLogger("alloy_tui.somewhere")


def test_nothing_is_written_while_there_is_nothing_to_say(tmp_path: Path) -> None:
    """No file, not even the folder."""
    with logging_to(tmp_path / "logs"):
        _log.info("all is well")
    assert not (tmp_path / "logs").exists()


def test_a_defect_is_kept_with_its_traceback_and_not_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The file is its owner's alone; nothing reaches the terminal."""
    with logging_to(tmp_path / "logs"):
        try:
            raise ValueError("lone \ud800 surrogate")
        except ValueError:
            _log.exception("it broke")
    file = tmp_path / "logs" / "alloy.log"
    text = file.read_text()
    assert "it broke" in text
    assert "ValueError: lone" in text
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert capsys.readouterr().err == ""


def test_nothing_in_the_log_acts_on_the_terminal_that_shows_it(tmp_path: Path) -> None:
    """Words of servers and models stand in it; its own lines stay lines."""
    with logging_to(tmp_path):
        try:
            raise ValueError("\x1b]0;PWNED\x07\x9b2J\u202e")
        except ValueError:
            _log.exception("a server said %s", "\x1b[8mhidden\x1b[0m")
    text = (tmp_path / "alloy.log").read_text()
    assert "a server said hidden\nTraceback" in text
    assert not set(text) & {"\x1b", "\x07", "\x9b", "\u202e"}


def test_a_large_log_is_moved_aside(tmp_path: Path) -> None:
    """Two files at most, so that no disk fills."""
    file = tmp_path / "alloy.log"
    file.write_text("x" * 1_000_001)
    with logging_to(tmp_path):
        _log.warning("new")
    assert "new" in file.read_text()
    assert file.stat().st_size < 1000
    assert (tmp_path / "alloy.log.1").stat().st_size == 1_000_001


def test_a_log_that_cannot_be_written_disturbs_nobody(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file where the folder should be costs the log and nothing else."""
    (tmp_path / "logs").write_text("")
    with logging_to(tmp_path / "logs"):
        _log.warning("lost")
        _log.warning("lost too")
    assert capsys.readouterr().err == ""
