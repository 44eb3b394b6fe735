"""The page: whatever a session holds, only harmless elements, and all of the conversation."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from hypothesis import given, settings

from alloy_tui.domain.messages import assistant as said
from alloy_tui.sessions import moves
from alloy_tui.sessions.exporting.page import page
from alloy_tui.sessions.memory import MemoryStore
from alloy_tui.sessions.nodes import Answer, Entry
from alloy_tui.sessions.store import SessionStore
from tests.sessions.conftest import Talk
from tests.sessions.exporting.hostile import hostile
from tests.sessions.exporting.test_document import sessions

_ELEMENTS = set(
    """html head meta title style body nav h1 h2 h3 h4 h5 h6 ul ol li a details summary span main
    header p div section article b code pre em strong s table thead tbody tr th td blockquote hr
    br img""".split()  # noqa: SIM905 -- a list of so many words reads better as prose
)
_ATTRIBUTES = set(
    """lang charset http-equiv content name aria-label class href id open target rel title alt src
    start""".split()  # noqa: SIM905 -- likewise
)
_VOID = {"meta", "br", "hr", "img"}


class Checker(HTMLParser):
    """Reads a page as a browser would, and remembers what is in it."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: set[str] = set()
        self.attributes: set[str] = set()
        self.links: list[str] = []
        self.sources: list[str] = []
        self.ids: list[str] = []
        self.policies: list[str] = []
        self.text: list[str] = []
        self.open: list[str] = []
        self.broken: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        given = {name: value or "" for name, value in attrs}
        self.attributes |= given.keys()
        if "href" in given:
            self.links.append(given["href"])
        if "src" in given:
            self.sources.append(given["src"])
        if "id" in given:
            self.ids.append(given["id"])
        if "http-equiv" in given:
            self.policies.append(given["content"])
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in _VOID and (not self.open or self.open.pop() != tag):
            self.broken.append(tag)

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def made(store: SessionStore, session: str) -> str:
    """The page of a session."""
    tree = store.tree(session)
    nodes = [n for n in tree.ids() if not tree.is_mark(n)]
    entries = {e.id: e for e in store.read(session, nodes)}
    return "".join(page(store.session(session), tree, entries))


def check(html: str) -> Checker:
    """The page has nothing in it that could act."""
    found = Checker()
    found.feed(html)
    found.close()
    assert not found.broken
    assert not found.open
    assert found.elements <= _ELEMENTS
    assert found.attributes <= _ATTRIBUTES
    assert all(re.match(r"#m\d+$|https?:|mailto:", link) for link in found.links)
    assert all(source.startswith("data:image/") for source in found.sources)
    assert len(found.policies) == 1
    assert found.policies[0].startswith("default-src 'none'; style-src 'sha256-")
    assert len(found.ids) == len(set(found.ids))
    assert all(link[1:] in found.ids for link in found.links if link.startswith("#"))
    return found


@given(sessions())
@settings(max_examples=60, deadline=None)
def test_any_session_gives_an_inert_page(log: list[Entry]) -> None:
    """Only elements that show something, and a place for every message that is not hidden."""
    store = MemoryStore()
    store.create("s", log)
    tree = store.tree("s")
    found = check(made(store, "s"))
    shown = [n for n in tree.ids() if not tree.is_mark(n) and not tree.is_hidden(n)]
    assert len(found.ids) == len(shown)


def test_a_hostile_session_gives_an_inert_page() -> None:
    """Every attack is there to be read, and none to be run."""
    found = check(made(*hostile("http://127.0.0.1:9")))
    assert "<script>" in "".join(found.text)
    assert "img" not in found.elements


def test_branches_fold_and_the_current_one_is_shown(store: SessionStore) -> None:
    """Of two branches the one where the conversation stands goes straight on."""
    talk = Talk.begin(store)
    first = talk.ask("first")
    talk.answer("one")
    talk.keep(moves.branch(talk.tree, first.id, talk.stamps()))
    talk.answer("two")
    html = made(store, talk.session)
    check(html)
    assert re.search(r'<details><summary><span class="first">one', html)
    assert html.count("<details>") == 1
    assert html.count('<section class="run current">') == 2
    assert html.count('<section class="run">') == 1
    assert "2 branches from here" in html


def test_code_is_coloured_and_columns_are_aligned(store: SessionStore) -> None:
    """By classes alone: the page allows no styles in elements."""
    talk = Talk.begin(store)
    talk.ask("show")
    talk.answer("```python\ndef f(): return 1\n```\n\n| a |\n|--:|\n| 1 |\n")
    html = made(store, talk.session)
    check(html)
    assert '<span class="k">def</span>' in html
    assert '<td class="right">1</td>' in html


def test_more_forks_than_a_browser_can_nest_are_shown_flat() -> None:
    """All messages are there, one branch after the other."""
    store = MemoryStore()
    talk = Talk.begin(store)
    for n in range(150):
        asked = talk.ask(f"question {n}")
        talk.answer("no")
        talk.keep(moves.branch(talk.tree, asked.id, talk.stamps()))
        talk.answer("yes")
    html = made(store, talk.session)
    assert len(check(html).ids) == 450
    assert '<body class="flat">' in html


def test_a_cost_that_nobody_knows_is_not_shown_as_nothing(store: SessionStore) -> None:
    """Neither for the session nor for a branch."""
    talk = Talk.begin(store)
    first = talk.ask("first")
    talk.put(Answer(said("one"), "s/m"))
    talk.keep(moves.branch(talk.tree, first.id, talk.stamps()))
    talk.put(Answer(said("two"), "s/m"))
    assert "$" not in made(store, talk.session).partition("</style>")[2]
