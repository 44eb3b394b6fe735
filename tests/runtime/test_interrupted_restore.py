"""A going back of files that was killed half-way is finished, and can be taken back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from alloy_tui.domain import events as ev
from alloy_tui.settings import locate
from alloy_tui.workspace import journal
from alloy_tui.workspace.journal import Step
from tests.runtime.test_files_come_along import FILE, project, writing, written
from tests.runtime.test_tree_port import asked, page, words

__all__ = ["project", "writing", "written"]


def test_what_the_next_start_finishes_can_be_redone(
    written: Any, open_runtime: Any, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime, listener = written
    begun: list[tuple[Any, ...]] = []
    begin = journal.begin

    def note(*given: Any) -> Any:
        begun.append(given)
        return begin(*given)

    monkeypatch.setattr(journal, "begin", note)
    runtime.tree.rewind(page(runtime).items[4].id, "files")
    listener.until(ev.Notice, level="info")
    runtime.tree.redo("files")
    asked(runtime.tree.view)
    assert (project / FILE).read_text() == "two\n"
    runtime.close()
    folder, place, before, target, steps = begun[0]
    assert folder == locate().data / "workspace" / "restoring"
    assert all(isinstance(step, Step) for step in steps)
    begin(folder, place, before, target, steps).close()  # as a kill leaves it
    later, again = open_runtime(None, session="latest", cwd=project)
    again.until(ev.Notice, level="info")
    again.until(ev.AgentStarted)
    assert words(page(later))[-1] == "wrote two"
    assert (project / FILE).read_text() == "one\n"
    assert asked(later.tree.preview_redo).scope == "files"
    later.tree.redo("files")
    asked(later.tree.view)
    assert (project / FILE).read_text() == "two\n"
