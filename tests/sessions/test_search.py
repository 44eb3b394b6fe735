"""Finding messages again."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alloy_tui.domain.messages import user
from alloy_tui.sessions import moves
from alloy_tui.sessions.nodes import UserMessage
from alloy_tui.sessions.snippets import Term, fold, likeness, passage, terms
from alloy_tui.sessions.sqlite import INDEX, SqliteStore
from alloy_tui.sessions.store import SessionStore
from tests.sessions.conftest import Talk


def found(store: SessionStore, query: str, session: str | None = None) -> set[str]:
    return {hit.snippet.strip("…") for hit in store.search(query, session=session)}


@pytest.mark.parametrize(
    ("query", "texts"),
    [
        ("cart", {"the cart total", "a Cart, cart!"}),
        ("cart total", {"the cart total"}),
        ('"cart total"', {"the cart total"}),
        ('"total cart"', set()),
        ("tot", {"the cart total"}),
        ("tot ", set()),
        ("resume", {"Résumé of it"}),
        ("snake_case", {"a snake_case name"}),
        ("東京", {"明日東京へ"}),
        ("++ -- () : *", set()),
        ("", set()),
        ('"', set()),
        ("NOT cart", set()),
        ("\x00 \ud800", set()),
        ("gr\udcffn", set()),
    ],
)
def test_a_query_finds_what_a_person_means(
    store: SessionStore, query: str, texts: set[str]
) -> None:
    talk = Talk.begin(store)
    for text in ("the cart total", "a Cart, cart!", "Résumé of it", "a snake_case name"):
        talk.ask(text)
    talk.answer("明日東京へ")
    assert found(store, query) == texts


def test_only_one_session_is_searched_when_asked(store: SessionStore) -> None:
    one, two = Talk.begin(store), Talk.begin(store)
    one.ask("zebra one")
    two.ask("zebra two")
    assert found(store, "zebra", one.session) == {"zebra one"}
    assert found(store, "zebra") == {"zebra one", "zebra two"}
    assert found(store, "zebra", "nope") == set()


def test_titles_notes_and_labels_are_found_with_their_node(store: SessionStore) -> None:
    talk = Talk.begin(store, title="quagga hunt")
    entry = talk.ask("x")
    talk.keep(moves.note(talk.tree, entry.id, "okapi", talk.stamps()))
    talk.keep(moves.checkpoint(talk.tree, entry.id, talk.stamps(), label="gnu"))
    kinds = [store.search(word)[0].kind for word in ("quagga", "okapi", "gnu")]
    assert kinds == ["opened", "note", "checkpoint"]


def test_what_says_it_more_in_fewer_words_comes_first(store: SessionStore) -> None:
    talk = Talk.begin(store)
    talk.ask("a gnu " + "and other animals " * 60)
    best = talk.ask("gnu, gnu and gnu")
    talk.ask("lions and tigers and one gnu in between them all")
    assert store.search("gnu")[0].node == best.id
    assert len(store.search("gnu", limit=2)) == 2


def test_common_words_find_the_best_of_the_newest(folder: Path) -> None:
    """Beyond some thousand matches not all of them are ranked."""
    store = SqliteStore(folder)
    talk = Talk.begin(store)
    for start in range(0, 4500, 500):
        entries = []
        for number in range(start, start + 500):
            said = UserMessage(user(f"gnu number {number} in the herd"))
            entry = moves.follow(talk.tree, said, talk.stamps())
            talk.tree = talk.tree.add(entry)
            entries.append(entry)
        store.append(talk.session, entries, talk.token).result()
    best = talk.ask("gnu gnu gnu")
    talk.ask("one gnu more, and words about it")
    hits = store.search("gnu", limit=5)
    store.close()
    assert hits[0].node == best.id
    assert len(hits) == 5


@pytest.mark.parametrize("harm", ["gone", "garbage", "zeroed middle", "of another store"])
def test_a_broken_index_is_made_anew(folder: Path, harm: str) -> None:
    store = SqliteStore(folder)
    Talk.begin(store).ask("zebra crossing")
    assert found(store, "zebra") == {"zebra crossing"}
    store.close()
    index = folder / INDEX
    if harm == "gone":
        index.unlink()
    elif harm == "garbage":
        index.write_bytes(b"no database at all " * 999)
    elif harm == "zeroed middle":
        content = bytearray(index.read_bytes())
        content[4096:] = bytes(len(content) - 4096)
        index.write_bytes(content)
    else:
        (folder / "sessions.db").unlink()
    store = SqliteStore(folder)
    try:
        if harm == "of another store":
            assert found(store, "zebra") == set()
            Talk.begin(store).ask("zebra again")
            assert found(store, "zebra") == {"zebra again"}
        else:
            assert found(store, "zebra") == {"zebra crossing"}
    finally:
        store.close()


@given(st.text(st.characters(), max_size=300), st.text(max_size=10))
def test_a_passage_is_a_line_of_the_text_with_marks_inside(text: str, query: str) -> None:
    shown = passage(text, terms(query))
    assert "\n" not in shown.text
    assert len(shown.text) <= 162
    assert all(0 <= a < b <= len(shown.text) for a, b in shown.marks)
    assert len(fold(text)) == len(text)
    assert likeness(text, terms(query)) >= 0


def test_marks_cover_the_words_that_matched() -> None:
    shown = passage("x" * 900 + " the Über-Gnu and the gnus", (Term(("uber", "gnu")),))
    assert [shown.text[a:b] for a, b in shown.marks] == ["Über-Gnu"]
    shown = passage("gnus gnu", (Term(("gnu",), unfinished=True),))
    assert [shown.text[a:b] for a, b in shown.marks] == ["gnu", "gnu"]
