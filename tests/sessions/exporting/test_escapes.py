"""What is exported may be shown by a terminal: no file of any form holds what one obeys."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from alloy_tui.runtime import session_files
from alloy_tui.sessions.importing.loading import bring_in
from alloy_tui.sessions.memory import MemoryStore
from tests.program.hostile import leaks, needs_corpus, payloads
from tests.program.hostile_sessions import session_file

pytestmark = [pytest.mark.corpus, needs_corpus]


@pytest.mark.parametrize("form", ["markdown", "json", "html"])
def test_no_export_of_a_hostile_session_is_armed(form: Any, tmp_path: Path) -> None:
    store = MemoryStore()
    for number, payload in enumerate(p for p in payloads() if len(p.data) < 300):
        with session_file(payload, number, tmp_path).open("rb") as file:
            session = bring_in(store, file).session
        out = io.BytesIO()
        session_files.write(store, store.session(session), form, out)
        assert b"QZ" in out.getvalue(), payload.name
        assert leaks(out.getvalue()) == [], payload.name
        assert b"\x1b" not in out.getvalue(), payload.name
