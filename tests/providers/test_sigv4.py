"""Signatures and event streams, held against AWS's own library."""

from __future__ import annotations

import contextlib
import datetime as dt
import importlib
import struct
import zlib
from typing import Any
from unittest import mock
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alloy_tui.domain.errors import ProviderError
from alloy_tui.domain.secret import Secret
from alloy_tui.providers.event_stream import EventStreamDecoder
from alloy_tui.providers.sigv4 import Credentials, sign
from tests.providers.streams import aws

NOW = dt.datetime(2026, 11, 22, 1, 2, 3, tzinfo=dt.UTC)
HOST = "https://bedrock-runtime.eu-west-3.amazonaws.com"
_VALUES = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=30)
_ENCODED = st.text(max_size=12).map(lambda t: quote(t.encode("utf-8", "replace"), safe="-_.~"))
_PATHS = st.one_of(
    st.just("/model/us.anthropic.claude-sonnet-5-v1%3A0/converse-stream"),
    st.just("/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Aprofile%2Fx/converse"),
    st.lists(_ENCODED.filter(lambda t: t.strip(".") != ""), max_size=4).map(
        lambda parts: "/" + "/".join(parts)
    ),
)
_QUERIES = st.lists(st.tuples(_ENCODED.filter(bool), _ENCODED), max_size=4)


def _official(module: str) -> Any:
    """A module of the library, which has no types."""
    return importlib.import_module(f"botocore.{module}")


def _theirs(url: str, headers: dict[str, str], body: bytes, key: Credentials) -> str:
    token = key.token.reveal() if key.token else None
    found = _official("credentials").Credentials(key.access_key, key.secret_key.reveal(), token)
    request = _official("awsrequest").AWSRequest("POST", url, headers=dict(headers), data=body)
    stamp = NOW.replace(tzinfo=None)
    with mock.patch("botocore.auth.get_current_datetime", return_value=stamp):
        _official("auth").SigV4Auth(found, "bedrock", "eu-west-3").add_auth(request)
    return request.headers["Authorization"]


@given(
    path=_PATHS,
    query=_QUERIES,
    host=st.sampled_from([HOST, "https://vpce.example:8443", "http://[::1]:8080", f"{HOST}:443"]),
    content_type=st.sampled_from(["application/json", "application/json;  charset=utf-8 "]),
    body=st.binary(max_size=60),
    secrets=st.tuples(_VALUES, _VALUES, st.none() | _VALUES),
)
@settings(max_examples=300, deadline=None)
def test_signatures_are_those_of_the_official_signer(
    path: str,
    query: list[tuple[str, str]],
    host: str,
    content_type: str,
    body: bytes,
    secrets: tuple[str, str, str | None],
) -> None:
    """Whatever is in the path, the query, the headers and the keys."""
    asked = "&".join(f"{k}={v}" for k, v in query)
    url = f"{host}{path}{'?' + asked if asked else ''}"
    token = Secret(secrets[2]) if secrets[2] else None
    key = Credentials(secrets[0], Secret(secrets[1]), token)
    headers = {"content-type": content_type}
    ours = sign(
        "POST",
        url,
        headers,
        body,
        credentials=key,
        region="eu-west-3",
        service="bedrock",
        now=NOW.strftime("%Y%m%dT%H%M%SZ"),
    )
    assert ours["authorization"] == _theirs(url, headers, body, key)
    assert ours.get("x-amz-security-token") == secrets[2]


_NAMES = st.text("abcdefgh:-", min_size=1, max_size=12)


@given(
    events=st.lists(st.tuples(_NAMES, st.binary(max_size=200)), max_size=6),
    cuts=st.lists(st.integers(0, 2000), max_size=8),
)
@settings(max_examples=200, deadline=None)
def test_event_streams_are_cut_as_the_official_library_cuts_them(
    events: list[tuple[str, bytes]], cuts: list[int]
) -> None:
    """The same names and payloads, however the bytes arrive."""
    body = b"".join(aws(name, payload) for name, payload in events)
    marks = sorted(min(c, len(body)) for c in cuts)
    buffer = _official("eventstream").EventStreamBuffer()
    decoder = EventStreamDecoder()
    ours: list[tuple[str, bytes]] = []
    theirs: list[tuple[str, bytes]] = []
    for a, b in zip([0, *marks], [*marks, len(body)], strict=True):
        ours += [(e.name, e.data) for e in decoder.feed(body[a:b])]
        buffer.add_data(body[a:b])
        theirs += [(m.headers[":event-type"], m.payload) for m in buffer]
    assert ours == theirs == events


@given(at=st.integers(0, 10_000), bit=st.integers(0, 7))
@settings(max_examples=300, deadline=None)
def test_no_flipped_bit_passes(at: int, bit: int) -> None:
    """Both libraries refuse the message, or wait for one that is longer than what is there."""
    body = bytearray(aws("contentBlockDelta", {"delta": {"text": "words"}}))
    body[at % len(body)] ^= 1 << bit
    with contextlib.suppress(ProviderError):
        assert list(EventStreamDecoder().feed(bytes(body))) == []
    buffer = _official("eventstream").EventStreamBuffer()
    buffer.add_data(bytes(body))
    with pytest.raises((_official("eventstream").ParserError, StopIteration)):
        next(iter(buffer))


def test_headers_of_every_type_are_passed_over() -> None:
    """What is not text in a header is of no use to us, and stands in nobody's way."""
    pieces = [
        b"\x00",
        b"\x01",
        b"\x02\x7f",
        b"\x03\x00\x01",
        b"\x04" + bytes(4),
        b"\x05" + bytes(8),
    ]
    pieces += [b"\x06\x00\x02ab", b"\x08" + bytes(8), b"\x09" + bytes(16)]
    headers = b"".join(b"\x01" + bytes([97 + n]) + p for n, p in enumerate(pieces))
    headers += b"\x0b:event-type\x07\x00\x04ping"
    head = struct.pack("!II", 16 + len(headers) + 2, len(headers))
    message = head + struct.pack("!I", zlib.crc32(head)) + headers + b"{}"
    message += struct.pack("!I", zlib.crc32(message))
    (event,) = EventStreamDecoder().feed(message)
    assert (event.name, event.data) == ("ping", b"{}")


def test_a_message_longer_than_the_limit_is_refused_by_its_announcement() -> None:
    """Before a byte of it was waited for."""
    with pytest.raises(ProviderError, match="more than 0 MB"):
        list(EventStreamDecoder(limit=100).feed(aws("x", b"y" * 200)[:12]))
