"""What only a store that several machines share can get wrong."""

from __future__ import annotations

import random
import subprocess
import sys
import threading

import pytest

from alloy_tui.domain.errors import StoreError
from alloy_tui.domain.messages import user
from alloy_tui.sessions import moves
from alloy_tui.sessions.nodes import Lost, UserMessage
from alloy_tui.sessions.postgres import PostgresStore
from alloy_tui.sessions.words import words_of
from tests.sessions.conftest import Talk, answer
from tests.sessions.killing import ROOT
from tests.sessions.sharing import Shared, elsewhere
from tests.sessions.walking import Walk


def test_it_agrees_with_a_plain_tree_however_often_it_is_reopened(shared: Shared) -> None:
    store = shared.store()
    walk = Walk(random.Random(5), store)
    for number in range(300):
        walk.step()
        if number % 50 == 49:
            store.close()
            store = shared.store()
            walk.reopen(store)
            walk.check()


def test_a_second_opener_sees_new_messages_and_gets_the_session_when_the_first_is_gone(
    shared: Shared,
) -> None:
    first, second = shared.store(), shared.store()
    talk = Talk.begin(first)
    assert second.claim(talk.session).result().token is None
    seen, version = second.tree(talk.session), second.version()
    entry = talk.ask("two")
    assert second.version() != version
    assert second.since(talk.session, len(seen)) == (entry,)
    first.close()
    assert second.claim(talk.session).result().token


def test_a_session_of_a_dead_program_is_taken_over(shared: Shared) -> None:
    store = shared.store()
    talk = Talk.begin(store)
    shared.do("UPDATE owners SET started = '1'")
    assert store.claim(talk.session).result().token not in (None, talk.token)
    with pytest.raises(StoreError, match="Another program writes"):
        talk.ask("the old owner finds out")


def test_a_program_on_another_machine_is_known_to_live_by_its_lock(shared: Shared) -> None:
    first, second = shared.store(), shared.store()
    talk = Talk.begin(first)
    elsewhere(shared)
    assert second.claim(talk.session).result().token is None
    assert first.claim(talk.session).result().token is None
    assert set(second.owners()) == set(first.owners()) == {talk.session}
    # What is left of a program that was killed there: a row without a lock.
    shared.do("UPDATE owners SET life = 5")
    assert second.owners() == {}
    assert second.claim(talk.session).result().token


_OWNER = """
import sys
from alloy_tui.domain.secret import Secret
from alloy_tui.sessions.postgres import PostgresStore
from tests.sessions.conftest import Talk, answer
from alloy_tui.sessions import moves
store = PostgresStore(Secret(sys.argv[1]), schema=sys.argv[2])
talk = Talk.begin(store, "s")
talk.ask("kept")
part = moves.follow(talk.tree, answer("half an"), talk.stamps())
store.put_partial("s", part, talk.token).result()
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("remote", [False, True])
def test_the_session_of_a_killed_program_is_taken_over_with_what_it_had_said(
    shared: Shared, remote: bool
) -> None:
    """Looked at as from the same machine, and as from another."""
    store = shared.store()
    with subprocess.Popen(
        [sys.executable, "-c", _OWNER, shared.server.url.reveal(), shared.schema],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == b"ready\n"
        if remote:
            elsewhere(shared)
        claim = store.claim("s").result()
        assert claim.token is None
        assert claim.owner is not None
        assert claim.owner.pid == owner.pid
        owner.kill()
        owner.wait()
        while any(row != (0,) for row in shared.do(_LOCKS_OF_THE_DEAD)):
            pass  # the server has yet to read that the connection is gone
        assert store.claim("s").result().token
    tree = store.tree("s")
    said = store.read("s", tree.path(tree.leaf))
    assert [words_of(e.node) for e in said] == ["kept", "half an"]


# Connections that hold the lock of some owner, but for the store that asks.
_LOCKS_OF_THE_DEAD = """
SELECT count(*) FROM pg_locks l JOIN owners o
ON ((l.classid::bigint << 32) | l.objid::bigint) = o.life AND l.locktype = 'advisory'
"""


def test_an_owner_whose_connection_was_cut_goes_on_and_is_still_known_to_live(
    shared: Shared,
) -> None:
    first, second = shared.store(), shared.store()
    talk = Talk.begin(first)
    shared.do(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        " AND application_name = 'alloy'"
    )
    entry = talk.ask("still here")
    elsewhere(shared)
    assert second.claim(talk.session).result().token is None
    assert second.read(talk.session, [entry.id]) == (entry,)


def test_two_programs_that_create_and_claim_at_once_leave_one_owner(shared: Shared) -> None:
    stores = [shared.store() for _ in range(4)]
    stamps = Talk.begin(stores[0]).stamps
    outcomes: list[str] = []

    def begin(store: PostgresStore) -> None:
        try:
            Talk.begin(store, "the one")
            outcomes.append("made")
        except StoreError as error:
            outcomes.append(error.kind)

    threads = [threading.Thread(target=begin, args=(s,)) for s in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["conflict"] * 3 + ["made"]
    assert stamps


def test_two_programs_write_side_by_side_and_nothing_is_lost(shared: Shared) -> None:
    """Both keep the same long text, so both want the same blob, while a third purges."""
    stores = [shared.store() for _ in range(3)]
    talks = [Talk.begin(store) for store in stores[:2]]
    text = "shared words " * 700

    def write(talk: Talk) -> None:
        for number in range(60):
            talk.ask(f"{number} short")
            talk.put(UserMessage(user(text)))

    def purge() -> None:
        for _ in range(30):
            short_lived = Talk.begin(stores[2])
            short_lived.ask(text)
            stores[2].purge(short_lived.session).result()

    threads = [threading.Thread(target=write, args=(t,)) for t in talks]
    threads.append(threading.Thread(target=purge))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for talk in talks:
        assert stores[2].tree(talk.session).ids() == talk.tree.ids()
        whole = stores[2].read(talk.session, talk.tree.of_kind("user"))
        assert {words_of(e.node) for e in whole[1::2]} == {text}
        assert len(whole) == 120


def test_one_bad_append_of_a_group_spoils_no_other(shared: Shared) -> None:
    store = shared.store()
    talk = Talk.begin(store)
    entries = [moves.follow(talk.tree, answer(str(n)), talk.stamps()) for n in range(9)]
    futures = []
    for number, entry in enumerate(entries):
        kept = entry if number != 4 else entry.__class__("z", "nowhere", 0, entry.node)
        futures.append(store.append(talk.session, [kept], talk.token))
    assert [n for n, f in enumerate(futures) if f.exception(timeout=30) is not None] == [4]
    assert len(store.tree(talk.session)) == 9


def test_an_entry_whose_content_was_changed_hides_no_other(shared: Shared) -> None:
    store = shared.store()
    talk = Talk.begin(store)
    first, second = talk.ask("one"), talk.ask("two")
    shared.do(f"UPDATE entries SET body = 'garbage' WHERE id = '{first.id}'")
    lost, kept = store.read(talk.session, [first.id, second.id])
    assert isinstance(lost.node, Lost)
    assert (lost.id, lost.parent, lost.node.kind) == (first.id, first.parent, "user")
    assert kept == second
    assert store.tree(talk.session).leaf == second.id


@pytest.mark.parametrize(
    "text",
    [
        "word " * 400 + "the zebra crosses",  # more places of a word than the index keeps
        " ".join(f"w{n}" for n in range(20_000)) + " the zebra crosses",  # more than it counts
        " ".join(f"ä{n}{'x' * 30}" for n in range(26_000)) + " the zebra crosses",  # more words
        "y" * 5_000 + " the zebra crosses",  # a word longer than it takes
    ],
    ids=["often", "many", "beyond", "long"],
)
def test_texts_beyond_the_limits_of_the_index_are_found_by_words_and_phrases(
    shared: Shared, text: str
) -> None:
    store = shared.store()
    talk = Talk.begin(store)
    entry = talk.ask(text)
    talk.ask("the crossing of a zebra")

    def find(query: str) -> list[str]:
        return [hit.node for hit in store.search(query)]

    assert find('"zebra crosses" ') == [entry.id]
    assert find('"crosses zebra" ') == []
    assert find("crosses ") == [entry.id]
    assert set(find("zebra ")) == {entry.id, talk.tree.leaf}
    assert find("zebra okapi ") == []


def test_names_that_the_server_cannot_keep_are_refused_in_words(shared: Shared) -> None:
    store = shared.store()
    for name in ("a\x00b", "\ud800"):
        with pytest.raises(StoreError):
            store.tree(name)
        with pytest.raises(StoreError):
            Talk.begin(store, name)
    assert store.sessions() == ()
    Talk.begin(store, "a good name").ask("and all goes on")
