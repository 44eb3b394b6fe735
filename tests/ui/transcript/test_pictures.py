"""Images in words: kind, size and weight, from their first bytes."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alloy_tui.ui.transcript import ImageBlock, UserBlock
from alloy_tui.ui.transcript.pictures import size_of, words_for
from tests.ui.transcript.stage import Stage, screen_of

pytestmark = pytest.mark.anyio

PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 640, 480)
GIF = b"GIF89a" + struct.pack("<HH", 3, 4)
APP0 = b"\xff\xe0" + struct.pack(">H", 16) + bytes(14)
JPEG = b"\xff\xd8" + APP0 + b"\xff\xc2" + struct.pack(">HBHH", 17, 8, 48, 64) + bytes(9)
RIFF = b"RIFF\x00\x00\x00\x00WEBP"
VP8X = RIFF + b"VP8X" + bytes(8) + (99).to_bytes(3, "little") + (49).to_bytes(3, "little")
VP8L = RIFF + b"VP8L" + bytes(4) + b"\x2f" + struct.pack("<I", 99 | 49 << 14)
VP8 = RIFF + b"VP8 " + bytes(10) + struct.pack("<HH", 100, 50)


@pytest.mark.parametrize(
    ("data", "size"),
    [
        (PNG, (640, 480)), (GIF, (3, 4)), (JPEG, (64, 48)), (VP8X, (100, 50)),
        (VP8L, (100, 50)), (VP8, (100, 50)), (PNG[:18], None), (b"<svg/>", None), (b"", None),
    ],
)  # fmt: skip
def test_sizes_are_read(data, size):
    """Each format tells its size in its own way; what is cut off tells none."""
    assert size_of(data) == size


@given(st.binary(max_size=60), st.sampled_from([b"", PNG[:8], GIF[:6], JPEG[:2], RIFF]))
def test_no_bytes_break_it(data, start):
    """Whatever came as an image, there are words for it."""
    assert words_for("image/png", start + data).startswith("PNG, ")


async def test_an_image_stands_below_its_words():
    """A labelled line, without a gap after the message it came with."""
    app = Stage()
    async with app.run_test(size=(60, 12)) as pilot:
        app.transcript.add(
            UserBlock("what is this"), ImageBlock("shot\x1b[2J.png", "image/png", PNG, 12_300)
        )
        await pilot.pause()
        rows = [row for row in screen_of(app.transcript) if row]
        assert rows[-1].startswith("  [image: shot")
        assert rows[-1].endswith("PNG, 640 x 480, 12 kB")
        assert "\x1b" not in rows[-1]
        assert screen_of(app.transcript)[1:3] == ["  what is this", rows[-1]]
