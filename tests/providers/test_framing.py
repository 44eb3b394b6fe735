"""Server-sent events are cut from bytes by the standard's rules, whatever the chunking."""

from __future__ import annotations

from itertools import chain

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alloy_tui.domain.errors import ProviderError
from alloy_tui.providers.framing import ServerEvent, SseDecoder


def decode(*chunks: bytes, limit: int = 1_000_000) -> list[ServerEvent]:
    decoder = SseDecoder(limit)
    events = [e for chunk in chunks for e in decoder.feed(chunk)]
    last = decoder.close()
    return [*events, last] if last else events


def data(*chunks: bytes) -> list[bytes]:
    return [e.data for e in decode(*chunks)]


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
def test_all_three_line_ends_end_lines(end: bytes) -> None:
    """LF, CR and CRLF are the same."""
    assert data(b"data: a" + end + end + b"data: b" + end + end) == [b"a", b"b"]


def test_crlf_split_between_chunks_is_one_line_end() -> None:
    """The LF of a CRLF whose CR ended the chunk before does not end an event."""
    assert data(b"data: a\r", b"\ndata: b\r", b"\n\r", b"\n") == [b"a\nb"]


def test_unicode_line_separators_do_not_split() -> None:
    """U+2028, U+2029 and U+0085 are text."""
    text = "a\u2028b\u2029c\u0085d".encode()
    assert data(b"data: " + text + b"\n\n") == [text]


def test_fields_of_the_standard() -> None:
    """One space after the colon goes, comments and unknown fields say nothing, data lines join."""
    stream = b"\xef\xbb\xbf: ping\nid: 7\nretry: 5\nfoo: bar\nevent: e\n"
    stream += b"data:a\ndata:  b\ndata\n\n: x\n\n"
    assert decode(stream) == [ServerEvent("e", b"a\n b\n")]


def test_bom_split_between_chunks() -> None:
    """A byte order mark may arrive in pieces."""
    assert data(b"\xef", b"\xbb\xbfdata: a\n\n") == [b"a"]


def test_event_without_data_is_dropped_and_its_name_forgotten() -> None:
    """A name without data does not stick to the next event."""
    assert decode(b"event: e\n\ndata: a\n\n") == [ServerEvent("", b"a")]


def test_end_of_body_delivers_the_last_event_marked() -> None:
    """Without a blank line at the end the last event comes out as unterminated."""
    assert decode(b"data: a\n\ndata: {}") == [ServerEvent("", b"a"), ServerEvent("", b"{}", False)]


def test_name_that_is_no_utf8_does_not_fail() -> None:
    """Odd bytes in an event's name become replacement characters."""
    assert decode(b"event: \xff\ndata: a\n\n") == [ServerEvent("\ufffd", b"a")]


@pytest.mark.parametrize("piece", [b"x" * 100, b"data: " + b"x" * 100, b"\ndata: " + b"x" * 30])
def test_an_endless_line_or_event_stops_at_the_limit(piece: bytes) -> None:
    """Neither a line without end nor an event of ever more lines can fill the memory."""
    decoder = SseDecoder(limit=1000)
    with pytest.raises(ProviderError) as caught:
        list(chain.from_iterable(decoder.feed(piece) for _ in range(100)))
    assert caught.value.kind == "malformed"


def test_events_before_the_limit_come_out_first() -> None:
    """What stood before the oversized event in the same chunk is not lost."""
    events = SseDecoder(limit=10).feed(b"data: a\n\ndata: " + b"x" * 50)
    assert next(events).data == b"a"
    with pytest.raises(ProviderError):
        next(events)


def test_eight_megabytes_byte_by_byte_pieces() -> None:
    """A large event in tiny chunks is put together (in linear time, or this would not end)."""
    decoder = SseDecoder()
    list(decoder.feed(b"data: "))
    for _ in range(200_000):
        list(decoder.feed(b"xxxxxxxx"))
    (event,) = decoder.feed(b"\n\n")
    assert len(event.data) == 1_600_000


FIELDS = [b"data: a", b"data:b", b"data", b"", b"event: e", b": c", b"id: 1", b"retry"]
TEXTS = [b"data: \xf0\x9f\xa6\x8a", b"data: \xe2\x80\xa8", b"data: {}"]
LINES = st.lists(st.sampled_from(FIELDS + TEXTS), max_size=30)


@given(LINES, st.lists(st.sampled_from([b"\n", b"\r", b"\r\n"]), min_size=1), st.data())
@settings(max_examples=300, deadline=None)
def test_any_chunking_gives_the_same_events(
    lines: list[bytes], ends: list[bytes], draw: st.DataObject
) -> None:
    """Where the network cuts the bytes makes no difference."""
    stream = b"".join(line + ends[i % len(ends)] for i, line in enumerate(lines))
    cuts = sorted(draw.draw(st.lists(st.integers(0, len(stream)), max_size=20)))
    chunks = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert decode(*chunks) == decode(stream) == decode(*(bytes([b]) for b in stream))
