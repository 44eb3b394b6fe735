"""Where the settings say that sessions are kept."""

from __future__ import annotations

import sys

import pytest

from alloy_tui.domain.errors import ConfigError, StoreError
from alloy_tui.runtime.session_folder import has_store, open_store, store_file
from alloy_tui.sessions.sqlite import SqliteStore
from alloy_tui.settings.paths import Paths, locate
from alloy_tui.settings.schema import Settings
from tests.sessions.conftest import Talk
from tests.support.postgres import PostgresServer, postgres, postgres_if_any

__all__ = ["postgres", "postgres_if_any"]


def settings(text: str) -> Paths:
    """The user's folders, with that config file."""
    paths = locate()
    paths.config.mkdir(parents=True, exist_ok=True)
    paths.config_file.write_text(text)
    return paths


def test_without_a_word_in_the_settings_sessions_lie_in_a_folder() -> None:
    paths = locate()
    assert not has_store(paths)
    store = open_store(paths)
    assert isinstance(store, SqliteStore)
    store.close()
    assert has_store(paths)


def test_a_server_named_in_the_settings_keeps_the_sessions(postgres: PostgresServer) -> None:
    paths = settings(f'[sessions]\nstore = "{postgres.url.reveal()}"\n')
    assert has_store(paths)
    store = open_store(paths)
    talk = Talk.begin(store)
    entry = talk.ask("kept far away")
    store.close()
    again = open_store(paths)
    assert again.read(talk.session, [entry.id]) == (entry,)
    again.purge(talk.session).result()
    again.close()
    assert not store_file(paths).exists()


def test_without_the_library_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "alloy_tui.sessions.postgres", raising=False)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    for name in [n for n in sys.modules if n.startswith("alloy_tui.sessions.postgres_")]:
        monkeypatch.delitem(sys.modules, name)
    paths = settings('[sessions]\nstore = "postgresql://me:hunter2@127.0.0.1:1/x"\n')
    with pytest.raises(StoreError, match="psycopg cannot be loaded") as caught:
        open_store(paths)
    assert "alloy-tui[postgres]" in str(caught.value.hint)
    assert "hunter2" not in caught.value.message


@pytest.mark.parametrize("value", ['"mysql://me:hunter2@h/x"', "5", '"hunter2"'])
def test_an_address_that_is_none_is_refused_without_being_shown(value: str) -> None:
    with pytest.raises(ConfigError, match=r"sessions\.store") as caught:
        has_store(settings(f"[sessions]\nstore = {value}\n"))
    assert "postgresql://user@host/database" in str(caught.value.hint)
    assert "hunter2" not in caught.value.message


def test_resolved_settings_do_not_show_the_address() -> None:
    from alloy_tui.settings import load_settings

    paths = settings('[sessions]\nstore = "postgresql://me:hunter2@h/x"\n')
    loaded: Settings = load_settings({}, paths=paths)
    assert loaded.sessions.store is not None
    assert "hunter2" not in repr(loaded)
