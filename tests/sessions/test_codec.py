"""Entries as bytes and as bodies with blobs: whatever was put in comes out."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alloy_tui.domain.errors import StoreError
from alloy_tui.domain.messages import (
    Block,
    ChatMessage,
    DocumentBlock,
    ImageBlock,
    TextBlock,
    ThinkingBlock,
    ToolCallBlock,
    ToolResultBlock,
)
from alloy_tui.domain.usage import TokenUsage
from alloy_tui.sessions import codec
from alloy_tui.sessions.contents import lay_down, pack, put_together, unpack
from alloy_tui.sessions.nodes import (
    Answer,
    Checkpoint,
    Compaction,
    EffortSwitch,
    Entry,
    Graft,
    LeafMove,
    Lost,
    ModelSwitch,
    Node,
    Note,
    Opened,
    Prune,
    Renamed,
    TeamRecord,
    ToolResult,
    Unknown,
    UserMessage,
)

# All of Unicode, lone surrogates and NUL included; sometimes long enough to become a blob.
any_text = st.text(st.characters(), max_size=20) | st.builds(
    lambda text, times: text * times, st.text(st.characters(), min_size=1, max_size=9), st.just(999)
)
opaque = st.none() | st.dictionaries(any_text, any_text | st.none() | st.integers(), max_size=2)
arguments = st.dictionaries(
    any_text, st.recursive(any_text | st.integers() | st.booleans(), st.lists, max_leaves=5)
)
images = st.builds(ImageBlock, any_text, st.binary(max_size=50))
results = st.builds(
    ToolResultBlock,
    any_text,
    st.lists(st.builds(TextBlock, any_text) | images, max_size=3).map(tuple),
    st.booleans(),
)
blocks: st.SearchStrategy[Block] = st.one_of(
    st.builds(TextBlock, any_text),
    st.builds(ThinkingBlock, any_text, opaque),
    st.builds(ToolCallBlock, any_text, any_text, arguments, st.none() | any_text, opaque),
    results,
    images,
    st.builds(DocumentBlock, any_text, st.binary(max_size=50), any_text),
)
chats = st.builds(
    ChatMessage,
    st.sampled_from(["user", "assistant"]),
    st.lists(blocks, max_size=4).map(tuple),
    st.none() | any_text,
    st.none() | any_text,
    st.booleans(),
)
usages = st.builds(TokenUsage, st.none() | st.integers(0, 1 << 40), output=st.none() | st.just(3))
nodes = st.one_of(
    st.builds(UserMessage, chats),
    st.builds(Answer, chats, any_text, usages, st.none() | st.floats(0, 9)),
    st.builds(ToolResult, results, any_text, details=st.none() | arguments),
    st.builds(ModelSwitch, any_text, any_text),
    st.builds(EffortSwitch, any_text, any_text),
    st.builds(Compaction, st.lists(chats, max_size=2).map(tuple), st.just(9), st.just(4)),
    st.builds(Graft, any_text, any_text, st.just("answer"), st.lists(chats, max_size=2).map(tuple)),
    st.builds(Opened, any_text, any_text, any_text, st.none() | any_text),
    st.builds(Renamed, any_text),
    st.builds(LeafMove, st.none() | st.just("a"), st.just("rewind")),
    st.builds(Checkpoint, st.none() | any_text, st.none() | st.just("ab")),
    st.builds(Note, any_text),
    st.builds(Prune, st.booleans()),
    st.builds(TeamRecord, any_text, arguments),
)
entries = st.builds(
    lambda node, parent, at_ms: Entry("id", parent, at_ms, node, "main", False, node.MARK),
    nodes,
    st.none() | st.just("above"),
    st.integers(0, 1 << 50),
)


@given(entries)
def test_every_entry_survives_its_spelling(entry: Entry) -> None:
    assert codec.decode(codec.encode(entry)) == entry


@given(entries)
def test_every_entry_survives_being_taken_apart(entry: Entry) -> None:
    laid = lay_down(entry)
    assert put_together(laid.body, laid.refs, laid.blobs.get) == entry


@given(entries)
def test_an_entry_without_its_blobs_can_still_be_read(entry: Entry) -> None:
    laid = lay_down(entry)
    assert put_together(laid.body, laid.refs, lambda _: None).id == entry.id


@given(st.binary())
def test_packing_is_undone(data: bytes) -> None:
    assert unpack(*pack(data * 50)) == data * 50


def test_every_kind_of_node_is_tried_here() -> None:
    """A new kind must be added to the strategy."""
    known = {cls.__struct_config__.tag for cls in Node.__subclasses__()}
    assert known == {codec.decode_node(codec.encode_node(n)).kind for n in _one_of_each()}


def _one_of_each() -> list[Node]:
    said = ChatMessage("user", ())
    return [
        UserMessage(said),
        Answer(said, "m"),
        ToolResult(ToolResultBlock("c", ()), "n"),
        ModelSwitch("a", "b"),
        EffortSwitch("", "high"),
        Compaction((), 1, 1),
        Graft("s", "n", "files"),
        Opened(),
        Renamed(""),
        LeafMove(None, "redo"),
        Checkpoint(),
        Note(""),
        Prune(),
        TeamRecord("user", {"type": "mail_sent"}),
    ]


@given(st.binary(max_size=80) | entries.map(codec.encode), st.integers(0, 200), st.integers(0, 255))
def test_mangled_bytes_are_refused_or_read_and_nothing_else(
    data: bytes, place: int, byte: int
) -> None:
    mangled = bytearray(data)
    if mangled:
        mangled[place % len(mangled)] = byte
    try:
        codec.decode(bytes(mangled))
    except StoreError as error:
        assert error.kind in ("damaged", "newer")  # noqa: PT017 -- both endings are right


def test_a_known_kind_in_a_shape_of_a_later_version_is_kept_as_it_is() -> None:
    raw = b'{"type":"note","text":{"rich":true}}'
    entry = Entry("a", None, 1, Unknown("note", raw))
    assert codec.decode(codec.encode(entry)) == entry


def test_a_later_spelling_is_told_apart_from_damage() -> None:
    later = codec.encode(Entry("a", None, 1, Note("x"))).replace(b'"v":1', b'"v":2')
    with pytest.raises(StoreError, match="newer version"):
        codec.decode(later)


def test_what_is_lost_cannot_be_written_again() -> None:
    with pytest.raises(TypeError):
        codec.encode(Entry("a", None, 1, Lost("answer")))


def test_a_file_read_twice_is_kept_once() -> None:
    text = "line\n" * 2000
    one, two = (
        lay_down(Entry(i, None, 1, ToolResult(ToolResultBlock("c", (TextBlock(text),)), "read")))
        for i in "ab"
    )
    assert one.blobs.keys() == two.blobs.keys()
    assert len(one.body) < 600
    assert msgspec.json.decode(one.refs) == [[0, next(iter(one.blobs))]]
