"""What is gathered is what came: the same responses, in fewer and larger pieces."""

from __future__ import annotations

import asyncio
from typing import Any

import h11
import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alloy_tui.domain.errors import ProviderError
from alloy_tui.domain.provider import ArgumentsPart, CallPart, StreamPart, TextPart, ThinkingPart
from alloy_tui.providers.chunk_joining import ChunkJoiner
from alloy_tui.providers.gathering import BURST_BYTES, GAP_S, GatheringStream, gather
from alloy_tui.providers.wire.answer import joined

HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
PLAIN = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nplain"
NO_END = b"HTTP/1.1 200 OK\r\n\r\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


CHUNKS = st.lists(st.binary(min_size=1, max_size=40).map(chunk), max_size=12).map(b"".join)
ENDS = st.sampled_from([b"0\r\n\r\n", b"0\r\nx-trailer: 1\r\n\r\n", b"", b"0\r\n"])
ODD = st.sampled_from([
    b"5;a=b\r\nhello\r\n", b"zz\r\n", b"5\r\nhelloXX", b"\r\n", b"-1\r\n", b"fffffffff\r\n",
    b"5\r\nhel", b"5\r", b"5\n hello\n",
])  # fmt: skip
HEADS = st.sampled_from([HEAD, b"HTTP/1.1 100 Continue\r\n\r\n" + HEAD, PLAIN, NO_END, b"junk"])
BODIES = st.tuples(HEADS, CHUNKS, st.one_of(ENDS, ODD), st.sampled_from([b"", PLAIN])).map(b"".join)
CUTS = st.lists(st.integers(1, 30), max_size=60)


def cut(data: bytes, sizes: list[int]) -> list[bytes]:
    pieces, at = [], 0
    for size in sizes:
        pieces.append(data[at : at + size])
        at += size
    return [p for p in [*pieces, data[at:]] if p]


def through(pieces: list[bytes]) -> list[bytes]:
    joiner = ChunkJoiner()
    return [out for out in [*map(joiner.feed, pieces), joiner.close()] if out]


def read(pieces: list[bytes]) -> tuple[list[Any], bytes]:
    """What the HTTP library makes of them: its events without the data, and the data."""
    library = h11.Connection(h11.CLIENT)
    library.send(h11.Request(method="GET", target="/", headers=[("host", "h")]))
    library.send(h11.EndOfMessage())
    events: list[Any] = []
    data = b""
    for piece in [*pieces, b""]:
        library.receive_data(piece)
        while True:
            try:
                event = library.next_event()
            except h11.RemoteProtocolError:
                return [*events, "error"], data
            if event in (h11.NEED_DATA, h11.PAUSED):
                break
            if isinstance(event, h11.Data):
                data += event.data
                continue
            events.append(event)
            if isinstance(event, h11.ConnectionClosed):
                return events, data
    return events, data


@settings(max_examples=1000, deadline=None)
@given(BODIES, CUTS)
def test_the_library_reads_the_same(body, sizes):
    """However the bytes arrive, right or wrong, head, body, end and error are what they were."""
    pieces = cut(body, sizes)
    assert read(through(pieces)) == read(pieces)


@settings(max_examples=300, deadline=None)
@given(CHUNKS, CUTS)
def test_nothing_of_a_body_waits_for_more(chunks, sizes):
    """Each piece gives all the content that it brought."""
    joiner = ChunkJoiner()
    joiner.feed(HEAD)
    came, shown = [HEAD], [HEAD]
    for piece in cut(chunks, sizes):
        came.append(piece)
        shown += filter(None, [joiner.feed(piece)])
        assert read(shown)[1] == read(came)[1]


def test_chunks_of_one_piece_become_one():
    """A thousand tokens at once are one chunk, also in the second response of a connection."""
    joiner = ChunkJoiner()
    for _ in range(2):
        out = joiner.feed(HEAD + chunk(b"token ") * 1000 + b"0\r\n\r\n")
        assert out == HEAD + chunk(b"token " * 1000) + b"0\r\n\r\n"
        joiner.request_sent()


class Line:
    """A connection that has `pieces` waiting."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = list(pieces)
        self.written: list[bytes] = []
        self.asked = 0

    async def read(self, max_bytes: int, **options: Any) -> bytes:
        self.asked += 1
        return self.pieces.pop(0) if self.pieces else b""

    async def write(self, buffer: bytes, **options: Any) -> None:
        self.written.append(buffer)

    def get_extra_info(self, info: str) -> str:
        return info


class Clockwork:
    """A connection over which a piece comes every `apart_s` seconds, on a clock of its own."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, apart_s: float, pieces: int) -> None:
        self.now_s = 10.0
        self.pauses: list[float] = []
        self.waiting = [(0.0, HEAD)]
        self.waiting += [(10 + apart_s * n, chunk(b"x")) for n in range(1, pieces + 1)]
        self.asked_for: set[int] = set()
        self.waits_s: list[float] = []
        """For each piece, from when it came to when it was read."""
        monkeypatch.setattr(asyncio, "sleep", self.sleep)
        monkeypatch.setattr("alloy_tui.providers.gathering.monotonic", lambda: self.now_s)

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now_s += seconds

    async def read(self, max_bytes: int, **options: Any) -> bytes:
        self.asked_for.add(max_bytes)
        if not self.waiting:
            return b""
        self.now_s = max(self.now_s, self.waiting[0][0])
        came = [each for each in self.waiting if each[0] <= self.now_s]
        self.waits_s += [self.now_s - at for at, data in came if data is not HEAD]
        del self.waiting[: len(came)]
        return b"".join(data for _, data in came)


async def all_of(line: Any) -> bytes:
    stream, found = GatheringStream(line), b""
    while data := await stream.read(65_536):
        found += data
    return found


@pytest.mark.anyio
@pytest.mark.parametrize("apart_s", [0.016, 0.02, 0.2])
async def test_pieces_that_come_calmly_are_read_as_they_come(monkeypatch, apart_s):
    """At up to 60 a second nothing is gathered, and nothing waits."""
    line = Clockwork(monkeypatch, apart_s, 100)
    assert read([await all_of(line)])[1] == b"x" * 100
    assert line.pauses == []


@pytest.mark.anyio
async def test_the_first_pieces_of_a_burst_do_not_wait_and_none_waits_longer_than_the_gap(
    monkeypatch,
):
    """At 200 a second some are read at once, then several at a time."""
    line = Clockwork(monkeypatch, 0.005, 400)
    assert read([await all_of(line)])[1] == b"x" * 400
    assert line.waits_s[:5] == [0.0] * 5
    assert max(line.waits_s) <= GAP_S
    assert len(line.pauses) < 400 / 4


@pytest.mark.anyio
async def test_after_a_silence_the_next_piece_is_read_at_once(monkeypatch):
    """A tool ran meanwhile, or the model thought: what was gathered before is forgotten."""
    line = Clockwork(monkeypatch, 0.005, 100)
    late_s = line.waiting[-1][0] + 2
    line.waiting += [(late_s, chunk(b"y")), (late_s + 0.001, chunk(b"z"))]
    await all_of(line)
    assert line.waits_s[-2:] == [0.0, 0.0]


@pytest.mark.anyio
async def test_after_a_large_read_there_is_no_pause(monkeypatch):
    """More is waiting; and the connection is otherwise what it was."""
    line = Clockwork(monkeypatch, 0.001, 50)
    large = chunk(b"y" * BURST_BYTES)
    last_s = line.waiting[-1][0]
    line.waiting += [(last_s, large), (last_s + 0.03, chunk(b"z"))]
    await all_of(line)
    assert line.waits_s[-1] == 0.0
    assert line.asked_for == {BURST_BYTES}  # so that no beginning waits for its end
    stream = GatheringStream(Line(b""))
    await stream.write(b"again")
    assert stream.get_extra_info("x") == "x"


@pytest.mark.anyio
async def test_a_piece_that_says_nothing_yet_is_no_end():
    """Half of a size is held back, and the stream goes on to what follows."""
    line = Line(HEAD, b"5", b"\r\nhello\r\n")
    stream = GatheringStream(line)
    assert await stream.read(100) == HEAD
    assert await stream.read(100) == chunk(b"hello")
    assert line.asked == 3


@pytest.mark.anyio
async def test_the_installed_library_can_be_taught():
    """The private names are there; another release needs another look, and works without."""
    async with httpx.AsyncClient() as client:
        assert gather(client)
    assert not gather(object())


def test_neighbouring_parts_of_one_text_are_joined():
    """Text, thinking and each call's arguments join; order and everything else stay."""
    parts: list[StreamPart] = [
        TextPart("a"), TextPart("b"), ThinkingPart("c"), ThinkingPart("d"), TextPart("e"),
        CallPart("1", "f"), ArgumentsPart("1", "g"), ArgumentsPart("1", "h"),
        ArgumentsPart("2", "i"),
    ]  # fmt: skip
    assert list(joined(parts)) == [
        TextPart("ab"), ThinkingPart("cd"), TextPart("e"), CallPart("1", "f"),
        ArgumentsPart("1", "gh"), ArgumentsPart("2", "i"),
    ]  # fmt: skip


def test_what_came_before_an_error_comes_out_before_it():
    def broken():
        yield TextPart("a")
        yield TextPart("b")
        raise ProviderError("cut", kind="stream_cut")

    found: list[StreamPart] = []
    with pytest.raises(ProviderError):
        found.extend(iter(joined(broken())))
    assert found == [TextPart("ab")]
