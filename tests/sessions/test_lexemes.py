"""Texts and queries as PostgreSQL's full-text search takes them."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alloy_tui.sessions.lexemes import BEYOND, EXACT, holds, lexemes, query, vector
from alloy_tui.sessions.postgres_server import Server
from alloy_tui.sessions.snippets import terms
from tests.support.postgres import PostgresServer

# Few letters, so that texts and queries meet; quotes and operators, so that they could hurt.
_CRAMPED = st.text("ab \"'\\:*&|!<->()_é日\u0301\x00\ud800", max_size=30)


@given(st.text(st.characters(), max_size=200))
def test_a_lexeme_holds_nothing_that_the_server_would_read_as_syntax(text: str) -> None:
    for word in lexemes(text):
        assert word.isalnum()
        assert word == word.lower()


@given(st.text(st.characters(), max_size=200))
def test_a_text_holds_each_of_its_words(text: str) -> None:
    for word in lexemes(text):
        assert holds(text, terms(f"{word} "))


def test_a_vector_says_when_it_does_not_know_everything() -> None:
    assert vector("a b a").spelled == "'a':1,3 'b':2"
    assert vector("a " * 255).loose == EXACT
    assert vector("a " * 256).loose != EXACT
    assert vector(" ".join(f"w{n}{'x' * 40}" for n in range(22_000))).loose == BEYOND


@pytest.fixture(scope="module")
def answering(postgres_if_any: PostgresServer | None):
    """A connection to a server."""
    if postgres_if_any is None:
        pytest.skip("no PostgreSQL server is installed (Debian: apt install postgresql)")
    with Server(postgres_if_any.url).connect() as connection:
        yield connection


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(text=_CRAMPED, asked=_CRAMPED)
def test_the_server_finds_what_we_would_find(answering, text: str, asked: str) -> None:
    wanted = terms(asked)
    question = query(wanted)
    if not question:
        return
    row = answering.execute(
        "SELECT %s::tsvector @@ %s::tsquery", (vector(text).spelled, question)
    ).fetchone()
    assert row == (holds(text, wanted),)
