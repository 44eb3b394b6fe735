"""Images in the conversation: labelled where they were sent or brought, opened by the viewer."""

from __future__ import annotations

import os
import stat
import struct
from pathlib import Path

import pytest
from textual import events

from alloy_tui.domain import events as ev
from alloy_tui.domain.messages import ChatMessage, ImageBlock, TextBlock, ToolResultBlock
from alloy_tui.runtime.path_values import PathItem, SessionState
from alloy_tui.ui.viewer import show, viewer
from tests.support import feed as fd
from tests.support import stored
from tests.support.feed import START_MS
from tests.support.stage import Stage, screen_text

pytestmark = pytest.mark.anyio

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00\x00\x00\rIHDR" + struct.pack(">II", 640, 480) + bytes(2000)


def desktop(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """A desktop whose viewer is `script`."""
    path = folder / "bin" / "xdg-open"
    path.parent.mkdir()
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{path.parent}:/bin:/usr/bin")
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.delenv("SSH_CONNECTION", raising=False)
    monkeypatch.delenv("SSH_TTY", raising=False)


def mode_of_opened(note: Path) -> int:
    """The permissions of the file that was opened, which then goes."""
    opened = Path(note.read_text())
    mode = opened.stat().st_mode & 0o777
    opened.unlink()
    return mode


async def test_an_attached_image_is_a_labelled_line_below_its_message_and_o_opens_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desktop(tmp_path, monkeypatch, f'printf %s "$1" > {tmp_path}/opened')
    shot = tmp_path / "shot.png"
    shot.write_bytes(PNG)
    stage = Stage()
    async with stage.app.run_test(size=(100, 30)) as pilot:
        await stage.play(pilot, fd.started())
        stage.bench.prompt.post_message(events.Paste(str(shot)))
        await pilot.pause()
        await pilot.press("enter")
        await pilot.pause()
        made = next(iter(stage.bench._sent))
        await stage.play(pilot, fd.run("[image: shot.png]"), rid=made)
        text = screen_text(stage.app)
        assert "[image: shot.png]  PNG, 640 x 480, 2 kB" in text
        transcript = stage.bench.work.chat.transcript
        transcript.focus()
        await pilot.press("shift+up", "o")
        await pilot.pause()
        await stage.app.workers.wait_for_complete()
        assert (tmp_path / "opened").read_text() == str(shot)
        row = next(n for n, line in enumerate(text.split("\n")) if "640 x 480" in line)
        (tmp_path / "opened").unlink()
        await pilot.click(offset=(8, row), times=2)
        await pilot.pause()
        await stage.app.workers.wait_for_complete()
        assert (tmp_path / "opened").exists()


async def test_an_image_that_a_tool_brings_stands_below_its_card_and_opens_from_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desktop(tmp_path, monkeypatch, f'cat "$1" > {tmp_path}/seen; printf %s "$1" > {tmp_path}/at')
    stage = Stage()
    async with stage.app.run_test(size=(100, 30)) as pilot:
        await stage.play(pilot, fd.started(), fd.run("look"), fd.turn())
        await stage.play(pilot, fd.tool_started("1", "read", "a.png", path="a.png"))
        content = (TextBlock("an image"), ImageBlock("image/png", PNG))
        await stage.play(pilot, ev.ToolFinished("1", "read", content=content, is_error=False))
        assert "[image: a.png]  PNG, 640 x 480" in screen_text(stage.app)
        stage.bench.work.chat.transcript.focus()
        await pilot.press("shift+up", "o")
        await pilot.pause()
        await stage.app.workers.wait_for_complete()
        assert (tmp_path / "seen").read_bytes() == PNG
        assert mode_of_opened(tmp_path / "at") == 0o600
        await stage.play(pilot, ev.HistoryReset())
        assert "[image" not in screen_text(stage.app)


async def test_what_cannot_be_opened_is_said_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shot, fake = tmp_path / "shot.png", tmp_path / "fake.png"
    shot.write_bytes(PNG)
    fake.write_bytes(b"#!/bin/sh\n")
    assert "no viewer here" in await show(shot, b"", {"PATH": ""})
    assert str(shot) in await show(shot, b"", {"PATH": ""})
    assert "no image" in await show(fake, b"", dict(os.environ))
    assert "no image" in await show(None, b"<svg>", dict(os.environ))
    assert "No such file" in await show(tmp_path / "gone.png", b"", dict(os.environ))
    desktop(tmp_path, monkeypatch, "exit 4")
    assert "code 4" in await show(shot, b"", dict(os.environ))
    assert viewer({**os.environ, "SSH_TTY": "/dev/pts/3"}) is None


async def test_stored_images_open_like_live_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that were sent and those that a tool brought; what left the path is let go."""
    desktop(tmp_path, monkeypatch, f'cat "$1" > {tmp_path}/seen; printf %s "$1" > {tmp_path}/at')
    stage = Stage()
    async with stage.app.run_test(size=(100, 30)) as pilot:
        sent = ChatMessage("user", (TextBlock("look"), ImageBlock("image/png", PNG + b"sent")))
        brought = ToolResultBlock("c", (ImageBlock("image/png", PNG),))
        stage.port.tree.path = [
            PathItem("1", "user", START_MS, message=sent),
            stored.answered("2", stored.called("c", "read", file_path="a.png")),
            PathItem("3", "tool_result", START_MS, result=brought, name="read"),
        ]
        stage.port.tree.state = SessionState(id="s1", title="shop")
        await stage.play(pilot, fd.started(), ev.SessionOpened("s1", "shop"))
        await pilot.pause()
        assert "[image: a.png]  PNG, 640 x 480" in screen_text(stage.app)
        chat = stage.bench.work.chat
        chat.transcript.focus()
        await pilot.press("shift+up", "o")
        await pilot.pause()
        await stage.app.workers.wait_for_complete()
        assert (tmp_path / "seen").read_bytes() == PNG
        assert mode_of_opened(tmp_path / "at") == 0o600
        await pilot.press("shift+up", "shift+up", "o")
        await pilot.pause()
        await stage.app.workers.wait_for_complete()
        assert (tmp_path / "seen").read_bytes() == PNG + b"sent"
        mode_of_opened(tmp_path / "at")
        chat.history_cut(None)
        assert not any(chat.images.picture(block) for block in range(-9, 99))
