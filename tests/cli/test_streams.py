"""Closed, full and broken standard streams: results are never lost silently, remarks may be."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.support import ALLOY, alloy, model

FULL = Path("/dev/full")
HELLO = ("run", "-p", "x", "--model", model("hello"))
pytestmark = pytest.mark.skipif(not FULL.exists(), reason="there is no /dev/full")


def with_streams(
    arguments: tuple[str, ...], redirections: str
) -> subprocess.CompletedProcess[bytes]:
    """`alloy` as a shell starts it with `redirections`."""
    command = f'exec "$@" {redirections}'
    return subprocess.run(
        ["sh", "-c", command, "sh", *ALLOY, *arguments],
        capture_output=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("closed", "output"),
    [("<&-", b"Hello, **world**.\n"), ("2>&-", b"Hello, **world**.\n"), ("<&- >&- 2>&-", b"")],
)
def test_a_run_needs_no_stream_but_the_one_it_answers_on(closed: str, output: bytes) -> None:
    """What is closed at the start is taken for the null device."""
    done = with_streams(HELLO, closed)
    assert (done.returncode, done.stdout) == (0, output)
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("command", [HELLO, (*HELLO, "--json"), ("config", "path"), ("--version",)])
def test_an_answer_that_cannot_be_written_is_an_error_in_one_line(command: tuple[str, ...]) -> None:
    """A full disk behind standard output is told, and the code is not 0."""
    done = with_streams(command, ">/dev/full")
    assert done.returncode == 1
    assert done.stderr.decode().splitlines()[-1] == (
        "alloy: Standard output cannot be written to: No space left on device."
    )


@pytest.mark.parametrize(("command", "code"), [(HELLO, 0), (("run", "--bogus"), 2)])
def test_lost_remarks_change_no_outcome(command: tuple[str, ...], code: int) -> None:
    """A full disk behind standard error costs the words and nothing else."""
    assert with_streams(command, "2>/dev/full").returncode == code


@pytest.mark.parametrize("command", [("--version",), ("config", "path"), ("models",)])
def test_a_reader_that_is_gone_is_told_nothing(command: tuple[str, ...]) -> None:
    """The code is that of a program which the broken pipe had ended."""
    read, write = os.pipe()
    os.close(read)
    child = subprocess.run(
        [*ALLOY, *command], stdout=write, stderr=subprocess.PIPE, timeout=60, check=False
    )
    os.close(write)
    assert (child.returncode, child.stderr) == (141, b"")


def test_an_input_that_is_no_text_is_taken_as_well_as_it_can_be() -> None:
    """Bytes that are no UTF-8 become replacement characters in the prompt."""
    done = subprocess.run(
        [*ALLOY, "run", "-", "--json", "--model", model("hello")],
        input=b"caf\xe9", capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0
    assert "caf\ufffd" in done.stdout.decode()


def test_an_empty_input_is_no_value() -> None:
    """`config set KEY -` with nothing to read changes nothing."""
    done = alloy("config", "set", "system_prompt", "-")
    assert (done.returncode, done.stderr) == (2, "alloy: There is no value on standard input.\n")


def test_a_defect_is_one_line_and_its_traceback_a_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever breaks inside, a person reads words; the details are kept for whoever mends it."""
    from alloy_tui.cli import main
    from alloy_tui.settings import locate

    monkeypatch.setitem(sys.modules, "alloy_tui.cli.doctor", None)
    # Another test may have imported it: then the package knows it by itself.
    monkeypatch.delattr("alloy_tui.cli.doctor", raising=False)
    assert main(["doctor"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("alloy: This is a defect of Alloy: ")
    kept = locate().logs / "last-crash.txt"
    assert str(kept) in line
    assert "Traceback" in kept.read_text()
