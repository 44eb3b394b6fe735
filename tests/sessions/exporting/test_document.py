"""The JSON document: whatever goes out comes back, and damage hides only itself."""

from __future__ import annotations

import io
import json

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alloy_tui.domain.messages import user
from alloy_tui.sessions.exporting import document
from alloy_tui.sessions.importing.loading import bring_in
from alloy_tui.sessions.importing.report import NotImportableError
from alloy_tui.sessions.memory import MemoryStore
from alloy_tui.sessions.nodes import Checkpoint, Entry, Lost, Opened, Unknown, UserMessage, entry_of
from alloy_tui.sessions.store import SessionStore
from tests.sessions.conftest import Talk
from tests.sessions.test_codec import any_text, nodes


@st.composite
def sessions(draw: st.DrawFn) -> list[Entry]:
    """A session's whole log: any nodes, in any tree, with any marks."""
    made = [entry_of(Opened(draw(any_text)), id="e0", parent=None, at_ms=1)]
    for number in range(draw(st.integers(0, 12))):
        node = draw(nodes)
        parents = [None, *(e.id for e in made if not e.mark)]
        parent = draw(st.sampled_from(parents))
        entry = Entry(f"e{number + 1}", parent, number, node, "a", draw(st.booleans()), node.MARK)
        made.append(entry)
    return made


def exported(store: SessionStore, session: str, *, files: bool = False) -> bytes:
    """The document of a session."""
    out = io.BytesIO()
    document.write(store, session, out, exported_ms=7, files=files)
    return out.getvalue()


def everything(store: SessionStore, session: str) -> tuple[Entry, ...]:
    """All entries of a session."""
    return store.read(session, store.tree(session).ids())


@given(sessions())
@settings(max_examples=80, deadline=None)
def test_every_session_comes_back_exactly(log: list[Entry]) -> None:
    """Entries, marks, leaf, labels and hidden branches are the same on the other side."""
    here, there = MemoryStore(), MemoryStore()
    here.create("s", log)
    data = exported(here, "s")
    assert json.loads(data)["version"] == document.VERSION
    report = bring_in(there, io.BytesIO(data))
    assert (report.session, report.skipped, report.rehung) == ("s", 0, 0)
    assert everything(there, "s") == tuple(log)
    before, after = here.tree("s"), there.tree("s")
    assert (after.leaf, after.labels, after.hidden) == (before.leaf, before.labels, before.hidden)
    assert exported(there, "s") == data


@given(sessions(), st.sampled_from([None, 2]))
@settings(max_examples=50, deadline=None)
def test_a_document_that_was_formatted_anew_is_still_read(
    log: list[Entry], indent: int | None
) -> None:
    """Line breaks and blanks between the parts mean nothing."""
    here, there = MemoryStore(), MemoryStore()
    here.create("s", log)
    text = json.dumps(json.loads(exported(here, "s")), indent=indent)
    bring_in(there, io.BytesIO(text.encode()))
    assert everything(there, "s") == tuple(log)


@given(sessions(), st.data())
@settings(max_examples=80, deadline=None)
def test_damage_costs_lines_and_nothing_else(log: list[Entry], data: st.DataObject) -> None:
    """Bytes lost or changed anywhere: a session of what is left, or words that say why not."""
    here, there = MemoryStore(), MemoryStore()
    here.create("s", log)
    whole = bytearray(exported(here, "s"))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(whole) - 1))
        whole[at : at + data.draw(st.integers(0, 40))] = data.draw(st.binary(max_size=3))
    try:
        report = bring_in(there, io.BytesIO(bytes(whole)))
    except NotImportableError:
        return
    assert len(everything(there, report.session)) == report.entries


def test_a_title_that_no_encoding_can_write_is_no_hindrance() -> None:
    """Lone surrogates come back as they were."""
    here, there = MemoryStore(), MemoryStore()
    log = [entry_of(Opened("a\ud800b"), id="a", parent=None, at_ms=1)]
    here.create("s", log)
    bring_in(there, io.BytesIO(exported(here, "s")))
    assert everything(there, "s") == tuple(log)


def test_a_broken_line_hides_no_other(store: SessionStore) -> None:
    """What followed the lost message follows the one before it."""
    talk = Talk.begin(store)
    first, lost, last = talk.ask("first"), talk.answer("lost"), talk.ask("last")
    lines = exported(store, talk.session).splitlines(keepends=True)
    spoiled = b"".join(b"{broken,\n" if lost.id.encode() + b'","parent' in x else x for x in lines)
    there = MemoryStore()
    report = bring_in(there, io.BytesIO(spoiled))
    assert (report.skipped, report.rehung) == (1, 1)
    assert there.tree(report.session).path(last.id) == (first.id, last.id)


def test_a_session_that_is_there_already_is_left_alone(store: SessionStore) -> None:
    """A second import stores nothing; asked to, it makes a copy under another name."""
    talk = Talk.begin(store)
    talk.ask("hello")
    data = exported(store, talk.session)
    assert not bring_in(store, io.BytesIO(data)).new
    copy = bring_in(store, io.BytesIO(data), again=True)
    assert copy.new
    assert copy.session != talk.session
    assert everything(store, copy.session) == everything(store, talk.session)


def test_the_files_of_checkpoints_come_along_when_asked_for(store: SessionStore) -> None:
    """A list names other blobs; both are found again on the other side."""
    talk = Talk.begin(store)
    said = talk.ask("hello")
    content = store.put_blob(b"print(1)\n").result()
    manifest = store.put_blob(
        msgspec.msgpack.encode(["alloy-files", 1, [], [[b"a.py", content]]])
    ).result()
    stamp = talk.stamps()
    mark = Checkpoint(manifest=manifest)
    talk.keep(entry_of(mark, id=stamp.id, parent=said.id, at_ms=stamp.at_ms))
    there, bare = MemoryStore(), MemoryStore()
    bring_in(there, io.BytesIO(exported(store, talk.session, files=True)))
    assert there.blob(content) == b"print(1)\n"
    assert there.blob(manifest) is not None
    bring_in(bare, io.BytesIO(exported(store, talk.session)))
    assert bare.blob(manifest) is None


def test_what_was_lost_before_keeps_its_place() -> None:
    """The place of a lost message is exported, though its words are gone."""
    entry = Entry("n", None, 1, Lost("answer"), mark=False)
    again = document.recall(document.spell(entry))
    assert isinstance(again.node, Unknown)
    assert again.node.kind == document.LOST
    assert again.id == "n"


@given(any_text)
def test_what_a_later_version_wrote_is_kept_as_it_came(text: str) -> None:
    """Though this version cannot read it; and a line stays one line of valid JSON."""
    plain = {"type": "from the future", "text": text}
    raw = json.dumps(plain, ensure_ascii=False, indent=1).encode("utf-8", "surrogatepass")
    line = document.spell(Entry("n", None, 1, Unknown("from the future", raw)))
    assert b"\n" not in line
    assert json.loads(line)["node"] == plain
    again = document.recall(line).node
    assert isinstance(again, Unknown)
    assert json.loads(again.raw.decode("utf-8", "surrogatepass")) == plain


def test_nothing_in_a_document_acts_on_a_terminal(store: SessionStore) -> None:
    """What a terminal obeys is spelled as escapes, and comes back."""
    talk = Talk.begin(store)
    talk.ask("a\x1b[31m\x9b31m\u202eb\x7f")
    text = exported(store, talk.session).decode()
    assert text.replace("\n", "").isprintable()
    there = MemoryStore()
    bring_in(there, io.BytesIO(text.encode()))
    assert everything(there, talk.session) == everything(store, talk.session)


@pytest.mark.parametrize("text", ["", "{", "[]", "hello", '{"format":"alloy-session"}', "\x00" * 9])
def test_what_is_no_session_is_refused_in_words(text: str) -> None:
    """Nothing is stored."""
    store = MemoryStore()
    with pytest.raises(NotImportableError):
        bring_in(store, io.BytesIO(text.encode()))
    assert not store.sessions()


def test_a_document_of_a_later_version_is_refused() -> None:
    """It says what to do."""
    here = MemoryStore()
    here.create("s", [entry_of(Opened(), id="a", parent=None, at_ms=1)])
    later = exported(here, "s").replace(b'"version":1', b'"version":2', 1)
    with pytest.raises(NotImportableError, match="newer version"):
        bring_in(MemoryStore(), io.BytesIO(later))


def test_a_file_that_fails_on_the_way_leaves_nothing_behind() -> None:
    """All of a session or none of it."""

    class Failing(io.BytesIO):
        reads = 0

        def readline(self, size: int | None = -1, /) -> bytes:
            self.reads += 1
            if self.reads > 700:
                raise OSError("the disk is gone")
            return super().readline(size)

    here, there = MemoryStore(), MemoryStore()
    log = [entry_of(Opened(), id="e", parent=None, at_ms=1)]
    for n in range(900):
        log.append(
            entry_of(UserMessage(user("x")), id=f"e{n}", parent=log[n].id if n else None, at_ms=1)
        )
    here.create("s", log)
    with pytest.raises(OSError, match="gone"):
        bring_in(there, Failing(exported(here, "s")))
    assert not there.sessions()
