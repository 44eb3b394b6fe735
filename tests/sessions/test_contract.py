"""What `SessionStore` promises, asked of every implementation."""

from __future__ import annotations

import os

import msgspec
import pytest

from alloy_tui.domain.errors import StoreError
from alloy_tui.domain.messages import (
    ChatMessage,
    DocumentBlock,
    ImageBlock,
    TextBlock,
    ToolResultBlock,
    user,
)
from alloy_tui.sessions import moves
from alloy_tui.sessions.nodes import (
    Answer,
    Checkpoint,
    Entry,
    ModelSwitch,
    Opened,
    ToolResult,
    Unknown,
    UserMessage,
    entry_of,
)
from alloy_tui.sessions.store import SessionStore
from tests.sessions.conftest import Talk, answer


def refused(kind: str) -> object:
    """A StoreError of that kind."""
    return pytest.raises(StoreError, check=lambda error: error.kind == kind)


def test_what_was_stored_is_read_back_exactly(store: SessionStore) -> None:
    """Attachments, long texts, surrogates and NUL included."""
    talk = Talk.begin(store)
    image, paper = (
        ImageBlock("image/png", b"\x89PNG\x00" * 900),
        DocumentBlock("a/b", b"", "\ud800"),
    )
    first = talk.put(UserMessage(user("see \x00 \udfff " + "long " * 4000, image, paper)))
    second = talk.put(
        ToolResult(ToolResultBlock("c", (image,)), "shot", details={"\ud800": [None]})
    )
    assert talk.read(second.id, first.id) == (second, first)


def test_a_session_is_listed_with_its_title_folder_and_first_words(store: SessionStore) -> None:
    talk = Talk.begin(store, title="old \ud800", cwd="/a\udcff", agent="main")
    talk.ask("what is this?")
    talk.keep(moves.rename("new", talk.stamps()))
    (info,) = store.sessions(cwd="/a\udcff")
    assert (info.title, info.cwd, info.agent) == ("new", "/a\udcff", "main")
    assert (info.preview, info.entries) == ("what is this?", 3)
    assert store.sessions(cwd="/b") == ()
    assert store.session(talk.session) == info


def test_what_nobody_typed_is_no_preview(store: SessionStore) -> None:
    talk = Talk.begin(store)
    talk.put(UserMessage(ChatMessage("user", (TextBlock("told"),), synthetic=True)))
    assert store.session(talk.session).preview == ""
    talk.ask("said")
    assert store.session(talk.session).preview == "said"


def test_its_messages_are_counted_and_nothing_else_is(store: SessionStore) -> None:
    talk = Talk.begin(store)
    asked = talk.ask("one")
    talk.answer("two")
    talk.put(ModelSwitch("s/m", "s/n"))
    talk.keep(moves.checkpoint(talk.tree, asked.id, talk.stamps(), label="here"))
    talk.keep(moves.branch(talk.tree, asked.id, talk.stamps()))
    talk.answer("another two")
    (info,) = store.sessions()
    assert (info.messages, info.entries) == (3, 7)
    assert store.session(talk.session).messages == 3


def test_sessions_come_with_the_latest_used_first(store: SessionStore) -> None:
    ticks = iter(range(1, 99))
    one, two = Talk.begin(store), Talk.begin(store)
    for talk in (two, one):
        entry = moves.follow(talk.tree, UserMessage(user("x")), talk.stamps())
        late = msgspec.structs.replace(entry, at_ms=entry.at_ms + 1000 * next(ticks))
        talk.keep(late)
    assert [i.id for i in store.sessions()] == [one.session, two.session]
    assert [i.id for i in store.sessions(limit=1)] == [one.session]


def test_entries_of_one_call_are_stored_together_or_not_at_all(store: SessionStore) -> None:
    talk = Talk.begin(store)
    good = moves.follow(talk.tree, UserMessage(user("x")), talk.stamps())
    bad = entry_of(UserMessage(user("y")), id="z", parent="nowhere", at_ms=0)
    with refused("conflict"):
        store.append(talk.session, [good, bad], talk.token).result()
    assert good.id not in store.tree(talk.session)
    assert len(store.tree(talk.session)) == 1


def test_a_repeated_append_changes_nothing(store: SessionStore) -> None:
    """Who did not hear the answer may ask again."""
    talk = Talk.begin(store)
    entry = talk.ask("once")
    store.append(talk.session, [entry], talk.token).result()
    assert len(store.tree(talk.session)) == 2


def test_an_id_cannot_mean_two_things(store: SessionStore) -> None:
    talk = Talk.begin(store)
    entry = talk.ask("one")
    other = msgspec.structs.replace(entry, node=UserMessage(user("two")))
    with refused("conflict"):
        store.append(talk.session, [other], talk.token).result()
    assert talk.read(entry.id) == (entry,)
    with refused("conflict"):
        Talk.begin(store, talk.session)


def test_nothing_follows_a_mark(store: SessionStore) -> None:
    talk = Talk.begin(store)
    asked = talk.ask("x")
    mark = talk.keep(moves.note(talk.tree, asked.id, "n", talk.stamps()))
    entry = entry_of(UserMessage(user("y")), id="z", parent=mark.id, at_ms=0)
    with refused("conflict"):
        store.append(talk.session, [entry], talk.token).result()


def test_a_session_begins_with_what_it_is(store: SessionStore) -> None:
    with refused("conflict"):
        store.create("s", [entry_of(UserMessage(user("x")), id="a", parent=None, at_ms=0)]).result()
    assert store.sessions() == ()


def test_what_is_not_there_is_named(store: SessionStore) -> None:
    for ask in (store.session, store.tree, store.partials):
        with refused("unknown"):
            ask("nope")
    with refused("unknown"):
        store.claim("nope").result()
    talk = Talk.begin(store)
    with refused("unknown"):
        talk.read("nope")


def test_a_kind_of_a_later_version_is_kept_and_skipped(store: SessionStore) -> None:
    talk = Talk.begin(store)
    raw = b'{"type":"hologram","size":[1,2]}'
    future = Entry(talk.stamps().id, None, 5, Unknown("hologram", raw))
    talk.keep(future)
    talk.ask("after")
    assert talk.read(future.id) == (future,)
    assert store.tree(talk.session).kind(future.id) == "hologram"


def test_a_growing_answer_is_replaced_and_then_superseded(store: SessionStore) -> None:
    """It is never there twice."""
    talk = Talk.begin(store)
    talk.ask("go")
    whole = moves.follow(talk.tree, answer("one two three"), talk.stamps())
    for text in ("one", "one two"):
        part = msgspec.structs.replace(whole, node=answer(text))
        store.put_partial(talk.session, part, talk.token).result()
        assert store.partials(talk.session) == (part,)
    assert whole.id not in store.tree(talk.session)
    talk.keep(whole)
    assert store.partials(talk.session) == ()
    late = msgspec.structs.replace(whole, node=answer("one tw"))
    store.put_partial(talk.session, late, talk.token).result()
    assert store.partials(talk.session) == ()
    assert talk.read(whole.id) == (whole,)


def test_a_growing_answer_that_came_to_nothing_is_forgotten(store: SessionStore) -> None:
    talk = Talk.begin(store)
    part = moves.follow(talk.tree, answer("x"), talk.stamps())
    store.put_partial(talk.session, part, talk.token).result()
    store.drop_partial(talk.session, part.id, talk.token).result()
    assert store.partials(talk.session) == ()


def test_an_answer_left_growing_becomes_an_interrupted_node_for_the_next_owner(
    store: SessionStore,
) -> None:
    talk = Talk.begin(store)
    talk.ask("go")
    part = moves.follow(talk.tree, answer("half of"), talk.stamps())
    store.put_partial(talk.session, part, talk.token).result()
    store.release(talk.token).result()
    assert store.claim(talk.session).result().token
    assert store.partials(talk.session) == ()
    tree = store.tree(talk.session)
    assert tree.leaf == part.id
    (kept,) = talk.read(part.id)
    assert isinstance(kept.node, Answer)
    assert (kept.node.message.text, kept.node.message.incomplete) == ("half of", "interrupted")


def test_a_session_has_one_writer(store: SessionStore) -> None:
    talk = Talk.begin(store)
    claim = store.claim(talk.session).result()
    assert claim.token is None
    assert claim.owner is not None
    for work in (
        store.append(talk.session, [], "guess"),
        store.put_partial(talk.session, moves.rename("x", talk.stamps()), "guess"),
        store.drop_partial(talk.session, "x", "guess"),
    ):
        with refused("owned"):
            work.result()
    store.release("guess").result()
    store.release(talk.token).result()
    with refused("owned"):
        talk.ask("too late")
    assert store.claim(talk.session).result().token


def test_who_writes_is_known_until_they_give_the_session_back(store: SessionStore) -> None:
    kept, left = Talk.begin(store), Talk.begin(store)
    store.release(left.token).result()
    (session,) = owners = store.owners()
    assert session == kept.session
    assert owners[session] == store.claim(kept.session).result().owner
    assert owners[session].pid == os.getpid()
    again = store.claim(left.session).result().token
    assert set(store.owners()) == {kept.session, left.session}
    assert again is not None
    store.release(again).result()
    store.purge(kept.session).result()
    assert store.owners() == {}


def test_the_ledger_keeps_every_request_with_its_unknowns(store: SessionStore) -> None:
    talk, other = Talk.begin(store), Talk.begin(store)
    priced = talk.answer("a", 0.5)
    talk.put(answer("b", None, "s/n"), agent="scout")
    other.answer("c")
    spent = store.spent(session=talk.session)
    assert [(s.node, s.cost, s.model, s.agent) for s in spent] == [
        (priced.id, 0.5, "s/m", ""),
        (talk.tree.leaf, None, "s/n", "scout"),
    ]
    assert spent[0].usage.input == 10
    assert len(store.spent()) == 3
    assert store.spent(since_ms=1 << 60) == ()


def test_blobs_have_their_content_as_address(store: SessionStore) -> None:
    one, two = store.put_blob(b"\x00" * 5000).result(), store.put_blob(b"\x00" * 5000).result()
    assert one == two
    assert store.blob(one) == b"\x00" * 5000
    assert store.blob("0" * 64) is None


def test_blobs_that_nobody_needs_can_be_dropped(store: SessionStore) -> None:
    """What an entry holds as well stays for the entry."""
    talk = Talk.begin(store)
    said = talk.ask("long " * 4000)
    shared = store.put_blob(("long " * 4000).encode()).result()
    kept, gone = store.put_blob(b"kept").result(), store.put_blob(b"gone").result()
    assert store.kept_blobs.addresses() == {shared, kept, gone}
    store.kept_blobs.drop([gone, shared, "0" * 64]).result()
    assert store.kept_blobs.addresses() == {kept}
    assert (store.blob(gone), store.blob(kept)) == (None, b"kept")
    assert talk.read(said.id) == (said,)
    assert store.put_blob(b"gone").result() == gone
    assert store.blob(gone) == b"gone"


def test_another_view_follows_by_asking_for_what_is_new(store: SessionStore) -> None:
    talk = Talk.begin(store)
    seen, before = store.tree(talk.session), store.version()
    entries = (talk.ask("one"), talk.ask("two"))
    assert store.version() != before
    assert store.since(talk.session, len(seen)) == entries
    again = store.version()
    assert store.version() == again


def test_the_bin_hides_a_session_until_it_is_taken_out(store: SessionStore) -> None:
    talk = Talk.begin(store)
    talk.ask("zebra")
    store.delete(talk.session, at_ms=77).result()
    assert store.sessions() == ()
    assert store.search("zebra") == ()
    assert [i.deleted_ms for i in store.sessions(deleted=True)] == [77]
    store.delete(talk.session, at_ms=None).result()
    assert len(store.sessions()) == len(store.search("zebra")) == 1


def test_several_go_to_the_bin_and_out_of_it_or_are_erased_together_or_none(
    store: SessionStore,
) -> None:
    one, two, other = Talk.begin(store), Talk.begin(store), Talk.begin(store)
    for work in (
        store.delete(one.session, "nowhere", at_ms=5),
        store.purge(one.session, "nowhere"),
    ):
        with refused("unknown"):
            work.result()
    assert len(store.sessions()) == 3
    store.delete(one.session, two.session, at_ms=5).result()
    assert {i.deleted_ms for i in store.sessions(deleted=True)} == {5}
    assert [i.id for i in store.sessions()] == [other.session]
    store.delete(two.session, one.session, at_ms=None).result()
    store.purge(one.session, two.session).result()
    assert [i.id for i in (*store.sessions(), *store.sessions(deleted=True))] == [other.session]


def test_sessions_that_another_began_are_listed_apart(store: SessionStore) -> None:
    above = Talk.begin(store)
    below = Talk.begin(store, from_session=above.session)
    assert [i.id for i in store.sessions(from_session=above.session)] == [below.session]
    assert store.sessions(from_session=above.session, deleted=True) == ()
    assert store.sessions(from_session=below.session) == ()


def test_a_purge_leaves_nothing_of_the_session_and_everything_of_others(
    store: SessionStore,
) -> None:
    gone, kept = Talk.begin(store), Talk.begin(store)
    text = "shared secret " * 1000
    gone.ask(text + "zebra")
    gone.ask(text)
    stays = kept.ask(text)
    held = store.put_blob((text + "zebra").encode()).result()
    store.purge(gone.session).result()
    assert [i.id for i in store.sessions()] == [kept.session]
    assert store.search("zebra") == ()
    assert kept.read(stays.id) == (stays,)
    assert store.blob(held) == (text + "zebra").encode()
    with refused("unknown"):
        store.tree(gone.session)


def test_a_fork_is_a_session_made_of_a_path(store: SessionStore) -> None:
    talk = Talk.begin(store)
    talk.ask("one")
    there = talk.answer("two")
    talk.ask("not this")
    path = talk.read(*talk.tree.path(there.id))
    opened = entry_of(Opened("fork", from_session=talk.session), id="o", parent=None, at_ms=9)
    store.create("fork", [opened, *path]).result()
    tree = store.tree("fork")
    assert tree.path(tree.leaf) == talk.tree.path(there.id)
    assert store.session("fork").from_session == talk.session
    assert len(store.search("two")) == 1


def test_after_closing_everything_is_refused_in_words(store: SessionStore) -> None:
    talk = Talk.begin(store)
    store.close()
    store.close()
    with refused("closed"):
        talk.ask("x")


def test_a_label_is_read_with_the_tree(store: SessionStore) -> None:
    talk = Talk.begin(store)
    entry = talk.ask("x")
    talk.keep(moves.checkpoint(talk.tree, entry.id, talk.stamps(), label="good", manifest="ab"))
    tree = store.tree(talk.session)
    assert tree.labels == {entry.id: "good"}
    (mark,) = tree.of_kind("checkpoint")
    assert talk.read(mark)[0].node == Checkpoint("good", "ab")
