"""The corpus of hostile texts, and the question whether any of it reached a terminal armed."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pyte
import pytest

from tests.support.terminal import Terminal

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpora" / "terminal_escapes.json"
needs_corpus = pytest.mark.skipif(
    not CORPUS.exists(), reason="the shared corpora are not beside the project"
)
# A megabyte without a space belongs to the unit tests; here it would only slow the emulator.
_LONGEST = 20_000
_OUR_TITLE = re.compile(r"(?:[^\x00-\x1f]* · )?alloy")
_TITLE = re.compile(rb"\x1b\][012];([^\x07\x1b]*)")
_LINK = re.compile(rb"\x1b\]8;[^;]*;([^\x07\x1b]*)")
# What a terminal is told once and for all, and what would be left of a hostile sequence.
_FLAGS = (
    "alternate_on cursor_flag insert_flag keypad_cursor_flag keypad_flag mouse_any_flag "
    "mouse_sgr_flag origin_flag wrap_flag scroll_region_upper scroll_region_lower pane_title"
)


@dataclass(frozen=True)
class Payload:
    """A case: its bytes, the same as text, and what may not reach a terminal."""

    name: str
    data: bytes
    forbidden: tuple[bytes, ...]

    @property
    def text(self) -> str:
        return self.data.decode("utf-8", "replace")

    @property
    def file_name(self) -> str:
        """As the name of a file, as far as a file system takes it."""
        data = self.data.replace(b"\0", b"").replace(b"/", "∕".encode())[:200]
        return data.decode("utf-8", "surrogateescape")


def payloads() -> list[Payload]:
    """Every case that fits a screen."""
    found = []
    for case in json.loads(CORPUS.read_text())["cases"]:
        forbidden = tuple(base64.b64decode(b) for b in case["must_not_reach_terminal_b64"])
        found.append(Payload(case["id"], base64.b64decode(case["payload_b64"]), forbidden))
    return [p for p in found if len(p.data) <= _LONGEST]


def leaks(record: bytes) -> list[str]:
    """The cases of which a forbidden byte string is in the record."""
    return [p.name for p in payloads() if any(_holds(record, b) for b in p.forbidden)]


def _holds(record: bytes, forbidden: bytes) -> bool:
    if not forbidden.endswith(b"\x1b"):
        return forbidden in record
    # Only its ESC makes it dangerous; behind the same letters stand colours and moves of ours.
    return re.search(re.escape(forbidden) + rb"(?!\[[0-9;]*[mHK])", record) is not None


class _Emulator(pyte.Screen):
    """Counts what it would have answered."""

    answered = 0

    def write_process_input(self, data: str) -> None:
        self.answered += 1


def assert_harmless(terminal: Terminal) -> None:
    """No forbidden byte in the record; two emulators that play it keep title, clipboard, modes.

    The program must have ended.
    """
    record = terminal.record
    assert leaks(record) == [], leaks(record)
    assert b"javascript:" not in b"".join(_LINK.findall(record))
    assert b"file:///etc" not in b"".join(_LINK.findall(record))
    screen = _Emulator(terminal.screen.columns, terminal.screen.lines)
    pyte.ByteStream(screen).feed(re.sub(rb"\x1b\[[<>=][0-9;]*u", b"", record))
    assert screen.answered == 0, "the record makes a terminal answer"
    titles = [title.decode(errors="replace") for title in _TITLE.findall(record)]
    assert all(_OUR_TITLE.fullmatch(title) for title in titles), titles
    if shutil.which("tmux"):
        _assert_tmux_unchanged(record, terminal)


def _assert_tmux_unchanged(record: bytes, terminal: Terminal) -> None:
    """Plays the record to a real tmux that would take clipboard, title and modes from it."""
    name = f"alloy-test-{uuid4().hex[:12]}"
    file = terminal.cwd.parent / f"{name}.record"
    file.write_bytes(record)

    def tmux(*words: str) -> str:
        done = subprocess.run(
            ["tmux", "-L", name, "-f", "/dev/null", *words],
            capture_output=True, text=True, timeout=30, check=False,
        )  # fmt: skip
        return done.stdout.strip()

    flags = " ".join(f"{flag}=#{{{flag}}}" for flag in _FLAGS.split())
    script = f"stty -echo; read begin; cat '{file}'; tmux -L {name} wait-for -S played; read end"
    size = ("-x", str(terminal.screen.columns), "-y", str(terminal.screen.lines))
    try:
        tmux("new-session", "-d", *size, "-s", "t", "sh", "-c", script)
        tmux("set-option", "-s", "set-clipboard", "on")
        tmux("set-option", "-g", "allow-rename", "on")
        before = tmux("display-message", "-p", "-t", "t", flags)
        assert "alternate_on=0" in before, before
        tmux("send-keys", "-t", "t", "Enter")
        tmux("wait-for", "played")
        assert tmux("display-message", "-p", "-t", "t", flags) == before
        assert tmux("list-buffers") == ""
    finally:
        tmux("kill-server")
