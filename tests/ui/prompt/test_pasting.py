"""Images and text from the clipboard and by dragging, with programs that stand for the tools."""

from __future__ import annotations

import base64
import stat
import sys
from pathlib import Path

import pytest
from textual import events

from alloy_tui.ui.clipboard_reading import image, keep, text
from alloy_tui.ui.history import PromptHistory
from tests.support import feed as fd
from tests.support.stage import Stage, screen_text

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(sys.platform == "darwin", reason="the desktop's own tools come first there"),
]

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00\x00\x00\rIHDR" + bytes(range(24))
LISTS_IMAGE = 'case "$*" in *list-types*|*TARGETS*) echo text/plain; echo image/png;;'


def tool(folder: Path, name: str, script: str) -> dict[str, str]:
    """A folder of tools with one more in it, as an environment."""
    folder.mkdir(exist_ok=True)
    (folder / "shot.png").write_bytes(PNG)
    (folder / "shot.b64").write_bytes(base64.b64encode(PNG))
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return {"PATH": f"{folder}:/bin:/usr/bin"}


@pytest.mark.parametrize(
    ("name", "variable", "script"),
    [
        ("wl-paste", "WAYLAND_DISPLAY", LISTS_IMAGE + " *image/png*) cat {0}/shot.png;; esac"),
        ("xclip", "DISPLAY", LISTS_IMAGE + " *image/png*) cat {0}/shot.png;; esac"),
        ("powershell.exe", "WSL_DISTRO_NAME", "cat {0}/shot.b64; echo"),
    ],
)
async def test_each_tool_gives_the_image_as_a_file_would_hold_it(
    tmp_path: Path, name: str, variable: str, script: str
) -> None:
    environ = tool(tmp_path / "bin", name, script.replace("{0}", str(tmp_path / "bin")))
    assert await image({**environ, variable: "x"}) == PNG
    assert await image(environ) is None
    assert await image({**environ, variable: "x", "SSH_TTY": "/dev/pts/1"}) is None


@pytest.mark.parametrize(
    "script",
    [
        "exit 1",
        "echo text/plain",
        LISTS_IMAGE + " *) echo no image;; esac",
        LISTS_IMAGE + " *) exit 3;; esac",
        LISTS_IMAGE + " *) : ;; esac",
    ],
)
async def test_a_tool_without_an_image_is_no_image_and_no_error(
    tmp_path: Path, script: str
) -> None:
    environ = tool(tmp_path / "bin", "xclip", script)
    assert await image({**environ, "DISPLAY": ":0"}) is None


async def test_text_comes_as_it_is(tmp_path: Path) -> None:
    environ = tool(tmp_path / "bin", "xclip", "printf 'two\\nlines 漢'")
    assert await text({**environ, "DISPLAY": ":0"}) == "two\nlines 漢"


def test_images_are_kept_privately_and_only_the_newest(tmp_path: Path) -> None:
    folder = tmp_path / "pasted"
    paths = [keep(PNG, folder) for _ in range(60)]
    assert len(list(folder.iterdir())) == 50
    assert folder.stat().st_mode & 0o777 == 0o700
    left = next(iter(folder.iterdir()))
    assert left.read_bytes() == PNG
    assert left.stat().st_mode & 0o777 == 0o600
    assert {path.suffix for path in paths} == {".png"}


async def test_ctrl_v_attaches_the_clipboards_image_and_it_goes_with_the_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = LISTS_IMAGE + f" *image/png*) cat {tmp_path}/bin/shot.png;; esac"
    for name, value in tool(tmp_path / "bin", "xclip", script).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("DISPLAY", ":0")
    stage = Stage(history=PromptHistory(tmp_path / "prompts.jsonl"))
    async with stage.app.run_test(size=(100, 30)) as pilot:
        await stage.play(pilot, fd.started())
        for way in ("key", "empty paste"):
            if way == "key":
                await pilot.press("ctrl+v")
            else:
                stage.bench.prompt.post_message(events.Paste(""))
            await pilot.pause()
            await stage.app.workers.wait_for_complete()
            await pilot.pause()
        assert stage.bench.prompt.text.count("[image: pasted-") == 2
        await pilot.press("enter")
        await pilot.pause()
        sent = stage.port.asked[-1]
        assert len(list((tmp_path / "pasted").iterdir())) == 2
        assert all(str(path) in repr(sent) for path in (tmp_path / "pasted").iterdir())


async def test_ctrl_v_takes_text_and_says_so_when_there_is_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = Stage()
    async with stage.app.run_test(size=(100, 30), notifications=True) as pilot:
        await pilot.press("ctrl+v")
        await stage.app.workers.wait_for_complete()
        await pilot.pause()
        await pilot.pause()
        assert "nothing on the clipboard" in " ".join(screen_text(stage.app).split())
        for name, value in tool(tmp_path / "bin", "xclip", "printf 'a\\033[31mb'").items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("DISPLAY", ":0")
        await pilot.press("ctrl+v")
        await stage.app.workers.wait_for_complete()
        await pilot.pause()
        assert stage.bench.prompt.text == "ab"


@pytest.mark.parametrize("spelt", ["{}", "'{}'", '"{}"', "{} ", "address", "escaped", "two"])
async def test_a_dragged_image_is_attached_however_its_path_is_written(
    tmp_path: Path, spelt: str
) -> None:
    path = tmp_path / "my shot (1).png"
    path.write_bytes(PNG)
    other = tmp_path / "b.png"
    other.write_bytes(PNG)
    dropped = spelt.replace("{}", str(path))
    if spelt == "escaped":
        dropped = str(path).replace(" ", "\\ ").replace("(", "\\(").replace(")", "\\)")
    elif spelt == "address":
        dropped = path.as_uri()
    elif spelt == "two":
        dropped = f"{other} {other}"
    stage = Stage()
    async with stage.app.run_test(size=(100, 30)) as pilot:
        stage.bench.prompt.post_message(events.Paste(dropped))
        await pilot.pause()
        draft = stage.bench.prompt.draft
        assert set(draft.images) == {str(other if spelt == "two" else path)}
