"""The routes to the clipboard, with real programs that stand in for the desktop's tools."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from alloy_tui.ui.clipboard import TERMINAL_LIMIT, copy

pytestmark = pytest.mark.anyio

BARE = {"PATH": "", "TERM": "xterm"}


def tool(folder: Path, name: str, script: str) -> dict[str, str]:
    """A folder of tools with one more in it, as an environment."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return {**BARE, "PATH": f"{folder}{os.pathsep}/bin{os.pathsep}/usr/bin"}


async def test_the_desktops_tool_comes_first(tmp_path):
    """Xclip is given the text as it is, and the terminal nothing."""
    environ = tool(tmp_path / "bin", "xclip", f'echo "$@" > {tmp_path}/args; cat > {tmp_path}/got')
    sent: list[str] = []
    outcome = await copy("漢字\n\ttabs\n", sent.append, {**environ, "DISPLAY": ":0", "TMUX": "x"})
    assert outcome.worked
    assert "xclip" in outcome.words
    assert (tmp_path / "got").read_text() == "漢字\n\ttabs\n"
    assert (tmp_path / "args").read_text() == "-selection clipboard\n"
    assert not sent


async def test_a_tool_that_fails_is_passed_over(tmp_path):
    """Without a display xclip ends with an error, and tmux is asked."""
    environ = tool(tmp_path / "bin", "xclip", "exit 1")
    tool(tmp_path / "bin", "tmux", f'echo "$@" > {tmp_path}/args; cat > {tmp_path}/got')
    outcome = await copy("text", list[str]().append, {**environ, "DISPLAY": ":0", "TMUX": "x"})
    assert outcome.worked
    assert "tmux" in outcome.words
    assert (tmp_path / "args").read_text() == "load-buffer -w -\n"
    assert (tmp_path / "got").read_text() == "text"


async def test_an_old_tmux_keeps_it_to_itself(tmp_path):
    """Where -w is unknown, the words say how to paste."""
    environ = tool(tmp_path / "bin", "tmux", f'[ "$2" = "-" ] && cat > {tmp_path}/got')
    outcome = await copy("text", list[str]().append, {**environ, "TMUX": "x"})
    assert outcome.worked
    assert "prefix ]" in outcome.words
    assert (tmp_path / "got").read_text() == "text"


async def test_over_ssh_the_far_desktop_is_left_alone(tmp_path):
    """The tools there would fill a clipboard that nobody sees."""
    environ = tool(tmp_path / "bin", "wl-copy", f"cat > {tmp_path}/got")
    sent: list[str] = []
    far = {**environ, "WAYLAND_DISPLAY": "w", "SSH_CONNECTION": "1 2 3 4"}
    outcome = await copy("text", sent.append, far)
    assert outcome.worked
    assert "terminal" in outcome.words
    assert sent == ["text"]
    assert not (tmp_path / "got").exists()


@pytest.mark.parametrize(
    ("text", "environ", "why"),
    [
        ("x" * (TERMINAL_LIMIT + 1), BARE, "more than a terminal takes"),
        ("x", {**BARE, "TERM": "linux"}, "takes no text"),
        ("x", {**BARE, "TERM_PROGRAM": "Apple_Terminal"}, "takes no text"),
    ],
)
async def test_when_there_is_no_way_it_says_so(text, environ, why):
    """Nothing is sent, and the reason is in words."""
    sent: list[str] = []
    outcome = await copy(text, sent.append, environ)
    assert not outcome.worked
    assert why in outcome.words
    assert not sent


async def test_a_terminal_that_is_gone_is_no_crash():
    """Whatever the last route does, there is an answer."""

    def gone(_: str) -> None:
        raise OSError

    assert not (await copy("x", gone, BARE)).worked
