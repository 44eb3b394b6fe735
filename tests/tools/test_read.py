"""Reading: numbered lines, honest bounds, and refusals that help."""

from __future__ import annotations

import os
import socket
import tracemalloc
from pathlib import Path

import pytest

from alloy_tui.domain.errors import ToolError
from alloy_tui.domain.messages import ImageBlock, TextBlock
from alloy_tui.domain.tool import ToolReply
from alloy_tui.tools.read import ReadTool

pytestmark = pytest.mark.anyio
READ = ReadTool()


def text(reply: ToolReply) -> str:
    block = reply.content[0]
    assert isinstance(block, TextBlock)
    return block.text


async def test_lines_are_numbered_and_padded(call, workspace):
    """Six places and a tab stand before each line."""
    (workspace / "a.txt").write_text("one\ntwo\n")
    assert text(await call(READ, file_path="a.txt")) == "     1\tone\n     2\ttwo"


async def test_a_last_line_without_a_line_break_is_a_line(call, workspace):
    """And a trailing line break makes no empty one."""
    (workspace / "a.txt").write_text("one\n\nthree")
    reply = await call(READ, file_path="a.txt")
    assert text(reply) == "     1\tone\n     2\t\n     3\tthree"
    assert reply.details["lines"] == 3


async def test_offset_and_limit_choose_lines_and_say_how_to_go_on(call, workspace):
    """The note has the total and the next offset."""
    (workspace / "a.txt").write_text("".join(f"line {n}\n" for n in range(1, 11)))
    shown = text(await call(READ, file_path="a.txt", offset=3, limit=2))
    assert shown == (
        "     3\tline 3\n     4\tline 4\n\n[Showing lines 3–4 of 10; continue with offset=5.]"
    )
    shown = text(await call(READ, file_path="a.txt", offset=9))
    assert shown.endswith("    10\tline 10\n\n[Showing lines 9–10 of 10.]")
    shown = text(await call(READ, file_path="a.txt", limit=10))
    assert "Showing" not in shown


async def test_the_last_lines_of_a_long_file(call, workspace):
    """Skipping ten thousand lines ends on the right one."""
    (workspace / "a.txt").write_text("".join(f"{n}\n" for n in range(1, 10_001)))
    shown = text(await call(READ, file_path="a.txt", offset=9_998))
    assert shown.startswith("  9998\t9998\n  9999\t9999\n 10000\t10000\n\n")


@pytest.mark.parametrize("bad", [{"offset": 0}, {"offset": -1}, {"limit": 0}, {"limit": -5}])
def test_numbers_below_one_are_refused(bad):
    """A negative number never means "from the end"."""
    with pytest.raises(ToolError, match="must be `int` >= 1, you sent"):
        READ.prepare({"file_path": "a", **bad})


async def test_past_the_end_is_an_error_that_says_how_long_the_file_is(call, workspace):
    """An empty success would look like an empty file."""
    (workspace / "a.txt").write_text("one\ntwo\n")
    with pytest.raises(ToolError, match=r"offset 3 is past the end: .*a\.txt has 2 lines\."):
        await call(READ, file_path="a.txt", offset=3)


async def test_an_empty_file_says_so(call, workspace):
    """It is no error."""
    (workspace / "a.txt").touch()
    assert text(await call(READ, file_path="a.txt")) == "The file is empty."


async def test_the_answer_keeps_to_its_budget(call, workspace):
    """Fifty thousand characters, whole lines, and where to go on."""
    (workspace / "a.txt").write_text("".join(f"{n:0>99}\n" for n in range(1, 2_001)))
    reply = await call(READ, file_path="a.txt")
    shown, last = text(reply), reply.details["last"]
    assert len(shown) < 50_100
    assert f"[Showing lines 1–{last} of 2,000; continue with offset={last + 1}.]" in shown
    rest = await call(READ, file_path="a.txt", offset=last + 1, limit=1)
    assert f"{last + 1:0>99}" in text(rest)


async def test_a_very_long_line_is_cut_with_a_note(call, workspace):
    """A minified file does not fill the window."""
    (workspace / "a.txt").write_text("x" * 1_000_000 + "\nnext\n")
    shown = text(await call(READ, file_path="a.txt"))
    assert "x… [line cut; it has 1,000,000 bytes]\n     2\tnext" in shown
    assert len(shown) < 2_200


async def test_cutting_a_line_splits_no_character(call, workspace):
    """Characters of several bytes survive at the cut, and no bad byte is reported."""
    (workspace / "a.txt").write_text("é🦊" * 400_000)
    shown = text(await call(READ, file_path="a.txt"))
    assert "�" not in shown
    assert "no UTF-8" not in shown


async def test_invalid_utf8_is_replaced_with_a_note(call, workspace):
    """One Latin-1 letter does not make a file binary."""
    (workspace / "a.txt").write_bytes(b"caf\xe9 is a word\nfine\n" * 3)
    shown = text(await call(READ, file_path="a.txt"))
    assert "caf� is a word" in shown
    assert "[Bytes that are no UTF-8 are shown as �.]" in shown


async def test_crlf_is_not_shown_but_told(call, workspace):
    """The model edits with LF; the note says why that is right."""
    (workspace / "a.txt").write_bytes(b"one\r\ntwo\r\n")
    shown = text(await call(READ, file_path="a.txt"))
    assert "\r" not in shown
    assert "Lines end with CRLF" in shown


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"%PDF-1.7\n\0binary", "PDF document"),
        (b"\x7fELF\x02\x01\0\0", "ELF executable"),
        (b"SQLite format 3\0....", "SQLite database"),
        (b"\0\1\2\3" * 100, "binary data"),
        (bytes(range(128, 256)) * 20, "binary data"),
        ("UTF-16".encode("utf-16"), "UTF-16 text"),
    ],
)
async def test_binary_files_are_refused_with_kind_and_size(call, workspace, data, kind):
    """The bytes would be noise, and some services refuse NUL."""
    (workspace / "a.bin").write_bytes(data)
    with pytest.raises(ToolError, match=rf"is {kind} \({len(data):,} bytes\)"):
        await call(READ, file_path="a.bin")


async def test_a_nul_far_inside_a_text_never_reaches_the_model(call, workspace):
    """Only the beginning decides what is binary."""
    (workspace / "a.txt").write_bytes(b"line\n" * 4_000 + b"nul\0here\n")
    shown = text(await call(READ, file_path="a.txt", offset=4_001))
    assert "nul�here" in shown
    assert "\0" not in shown


@pytest.mark.parametrize(
    ("head", "media_type"),
    [
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\x10\0\0\0WEBP", "image/webp"),
    ],
)
async def test_images_come_as_images(call, workspace, head, media_type):
    """By their bytes, whatever their name."""
    data = head + b"\0" * 20_000
    (workspace / "picture.txt").write_bytes(data)
    reply = await call(READ, file_path="picture.txt")
    assert reply.content[1] == ImageBlock(media_type, data)
    assert media_type in text(reply)


async def test_an_image_too_large_for_a_service_is_refused(call, workspace):
    """With what to do about it."""
    with (workspace / "big.png").open("wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n")
        file.truncate(4_000_000)
    with pytest.raises(ToolError, match="smaller copy"):
        await call(READ, file_path="big.png")


async def test_a_folder_is_refused_with_some_of_its_entries(call, workspace):
    """The model learns what it may read instead."""
    (workspace / "sub" / "inner").mkdir(parents=True)
    (workspace / "sub" / "b.py").touch()
    (workspace / "sub" / "odd\nname").touch()
    with pytest.raises(ToolError) as caught:
        await call(READ, file_path="sub")
    assert "is a folder, not a regular file. It holds: b.py, inner/, 'odd\\nname'." in (
        caught.value.message
    )


async def test_a_missing_file_gets_near_names(call, workspace):
    """Case and typing mistakes are the usual cause."""
    (workspace / "README.md").touch()
    with pytest.raises(ToolError, match=r"does not exist\. Did you mean README\.md\?"):
        await call(READ, file_path="readme.md")
    with pytest.raises(ToolError, match=r"does not exist\.$"):
        await call(READ, file_path="entirely-different")


async def test_a_missing_folder_names_the_deepest_that_is_there(call, workspace):
    """So the model sees where its idea of the tree went wrong."""
    (workspace / "src").mkdir()
    with pytest.raises(ToolError, match=r"deepest folder of that path is .*/src\."):
        await call(READ, file_path="src/lib/deep/a.py")
    (workspace / "file").touch()
    with pytest.raises(ToolError, match="does not exist"):
        await call(READ, file_path="file/below")


async def test_paths_are_relative_to_the_working_folder_or_absolute(call, workspace, own_home):
    """`~` means the home folder."""
    (workspace / "sub").mkdir()
    (workspace / "sub" / "a").write_text("inside")
    (own_home / "b").write_text("at home")
    assert "inside" in text(await call(READ, file_path="./sub/../sub/a"))
    assert "inside" in text(await call(READ, file_path=str(workspace / "sub" / "a")))
    assert "at home" in text(await call(READ, file_path="~/b"))


async def test_special_files_are_refused_without_hanging(call, workspace, tmp_path):
    """Nobody writes to the pipe, so opening it would wait for ever."""
    os.mkfifo(workspace / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        here = Path.cwd()
        os.chdir(workspace)
        try:
            server.bind("sock")
        finally:
            os.chdir(here)
    for path, kind in [
        ("pipe", "a named pipe"),
        ("sock", "a socket"),
        ("/dev/zero", "a character device"),
    ]:
        with pytest.raises(ToolError, match=f"is {kind}"):
            await call(READ, file_path=path)


@pytest.mark.skipif(not Path("/proc/cpuinfo").exists(), reason="needs /proc")
async def test_files_of_the_kernel_that_have_no_size_are_readable(call):
    """Size 0 does not mean empty there."""
    assert "     1\t" in text(await call(READ, file_path="/proc/self/status"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
async def test_a_file_without_permission_says_so(call, workspace):
    """The reason is in the error."""
    path = workspace / "a.txt"
    path.touch(mode=0)
    with pytest.raises(ToolError, match="permission denied"):
        await call(READ, file_path="a.txt")


async def test_a_huge_file_is_streamed(call, workspace):
    """A hundred megabytes cost no more memory than what is shown and one piece."""
    with (workspace / "big.txt").open("wb") as file:
        for _ in range(100):
            file.write((b"x" * 99 + b"\n") * 10_000)
    tracemalloc.start()
    try:
        reply = await call(READ, file_path="big.txt", offset=999_999)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert reply.details["lines"] == 1_000_000
    assert text(reply).startswith("999999\txxx")
    assert peak < 8_000_000


async def test_a_huge_file_without_a_line_break_is_streamed_too(call, workspace):
    """One line of a hundred megabytes."""
    with (workspace / "big.txt").open("wb") as file:
        for _ in range(100):
            file.write(b"y" * 1_000_000)
    tracemalloc.start()
    try:
        reply = await call(READ, file_path="big.txt")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert "it has 100,000,000 bytes" in text(reply)
    assert peak < 8_000_000
