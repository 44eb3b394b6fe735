"""A session goes into the bin, comes back and is erased with what its own team did."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from alloy_tui.domain import events as ev
from alloy_tui.domain import team_events as te
from alloy_tui.runtime import session_bin
from alloy_tui.runtime.session_folder import open_store
from alloy_tui.runtime.team_sessions import TEAM_AGENT, log_of
from alloy_tui.sessions.memory import MemoryStore
from alloy_tui.sessions.store import SessionStore
from alloy_tui.settings import locate
from tests.runtime.team_stage import Stage, begun, looking, names, until_view, with_coder
from tests.sessions.conftest import Talk


@contextmanager
def stored() -> Iterator[SessionStore]:
    store = open_store(locate())
    try:
        yield store
    finally:
        store.close()


def told_off(store: SessionStore, session: str) -> list[str]:
    """A log and two agents of the session's own team, as `TeamKeeping` begins them."""
    log = Talk.begin(store, log_of(session), agent=TEAM_AGENT, from_session=session)
    early = Talk.begin(store, agent="session/scout", from_session=session)
    late = Talk.begin(store, agent="session/coder", from_session=log.session)
    return sorted(talk.session for talk in (log, early, late))


def listed(store: SessionStore, *, deleted: bool = False) -> list[str]:
    return sorted(info.id for info in store.sessions(deleted=deleted))


def test_what_its_team_did_goes_along_and_comes_back() -> None:
    """Not what was in the bin before, nor what a person forked from an agent's conversation."""
    store = MemoryStore()
    one, other = Talk.begin(store, agent="agent"), Talk.begin(store, agent="agent")
    along, others = told_off(store, one.session), told_off(store, other.session)
    fork = Talk.begin(store, agent="session/coder", from_session=along[0], from_node="n")
    before = Talk.begin(store, agent="session/old", from_session=one.session)
    store.delete(before.session, at_ms=1).result()
    gone = session_bin.put_away(store, one.session)
    assert sorted(info.id for info in gone) == along
    assert listed(store, deleted=True) == sorted([one.session, before.session, *along])
    assert listed(store) == sorted([other.session, fork.session, *others])
    session_bin.take_back(store, one.session)
    assert listed(store, deleted=True) == [before.session]
    session_bin.put_away(store, one.session)
    session_bin.erase(store, one.session)
    assert listed(store, deleted=True) == []
    assert listed(store) == sorted([other.session, fork.session, *others])


def test_the_program_does_so_and_the_team_is_back_after_the_undo(stage: Stage) -> None:
    runtime, listener = stage.runtime({"text": "hi"})
    looking(runtime)
    session = begun(runtime, listener)
    with_coder(stage, runtime, listener, {"text": "The marmalade is done."})
    runtime.team.delegate("delegate", ["coder"], "mend it")
    listener.until(te.DelegationFinished)
    listener.seen.clear()
    runtime.library.delete(session)
    listener.until(ev.SessionOpened, session_id="")
    runtime.close()
    with stored() as store:
        assert listed(store) == []
        assert len(listed(store, deleted=True)) == 3
        assert store.search("marmalade") == ()
        session_bin.take_back(store, session)
        assert len(listed(store)) == 3
    runtime, listener = stage.runtime(session=session)
    looking(runtime)
    view = until_view(runtime, listener, lambda v: v.row("coder"))
    assert names(view) == ["agent", "coder"]
    runtime.close()
    with stored() as store:
        session_bin.put_away(store, session)
        session_bin.erase(store, session)
        assert listed(store, deleted=True) == listed(store) == []
        assert store.search("marmalade") == ()
