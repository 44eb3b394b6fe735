"""A going back of files that was killed half-way is finished, and can be taken back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from alloy_tui.domain import events as ev
from alloy_tui.runtime.file_keeping import FileKeeper
from alloy_tui.runtime.kept_files import KeptFiles
from alloy_tui.settings import locate
from alloy_tui.workspace import journal, restoring
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
    folder, planned = begun[0]
    assert folder == locate().data / "workspace" / "restoring"
    assert all(isinstance(step, Step) for step in planned.steps)
    fresh = msgspec.structs.replace(planned, mark="0" * 16)  # its own was written down
    begin(folder, fresh).close()  # as a kill leaves it
    later, again = open_runtime(None, session="latest", cwd=project)
    again.until(ev.Notice, level="info")
    again.until(ev.AgentStarted)
    assert words(page(later))[-1] == "wrote two"
    assert (project / FILE).read_text() == "one\n"
    assert asked(later.tree.preview_redo).scope == "files"
    later.tree.redo("files")
    asked(later.tree.view)
    assert (project / FILE).read_text() == "two\n"


def test_a_new_conversation_finishes_it_and_the_old_one_keeps_the_way_back(
    written: Any, open_runtime: Any, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed before the first file; what was by hand is only in the plan's own manifest."""
    runtime, listener = written
    (project / FILE).write_text("by hand\n")
    carry_out = restoring._carry_out

    def die(_tracker: Any, held: Any, _others: Any) -> Any:
        held.close()
        raise OSError("as if it were killed")

    monkeypatch.setattr(restoring, "_carry_out", die)
    runtime.tree.rewind(page(runtime).items[4].id, "files", {FILE: "overwrite"})
    listener.until(ev.Notice)
    runtime.close()
    monkeypatch.setattr(restoring, "_carry_out", carry_out)
    fresh, heard = open_runtime(None, cwd=project)
    assert "interrupted" in heard.until(ev.Notice).text
    assert (project / FILE).read_text() == "one\n"
    fresh.close()
    later, again = open_runtime(None, session="latest", cwd=project)
    assert "interrupted" in again.until(ev.Notice).text
    again.until(ev.AgentStarted)
    later.tree.redo("files", {FILE: "overwrite"})
    asked(later.tree.view)
    assert (project / FILE).read_text() == "by hand\n"
    later.close()
    assert not list((locate().data / "workspace" / journal.JOURNALS).iterdir())


def test_what_was_done_and_not_written_down_is_written_down_at_the_next_start(
    written: Any, open_runtime: Any, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between the last file and the entry that tells of it."""
    runtime, listener = written
    monkeypatch.setattr(FileKeeper, "settle", _never)
    keep = KeptFiles._keep
    monkeypatch.setattr(KeptFiles, "_keep", _never)
    runtime.tree.rewind(page(runtime).items[4].id, "files")
    listener.until(ev.Notice, level="info")
    runtime.close()
    assert (project / FILE).read_text() == "one\n"
    monkeypatch.setattr(KeptFiles, "_keep", keep)
    for _ in range(2):  # the second time it is there, but was not settled
        later, again = open_runtime(None, session="latest", cwd=project)
        again.until(ev.Notice, level="info")
        again.until(ev.AgentStarted)
        nodes = len(page(later).items)
        assert asked(later.tree.preview_redo).files[0].path == FILE
        later.close()
    later, again = open_runtime(None, session="latest", cwd=project)
    again.until(ev.AgentStarted)
    assert len(page(later).items) == nodes
    later.tree.redo("files")
    asked(later.tree.view)
    assert (project / FILE).read_text() == "two\n"


async def _never(*_: Any) -> None:
    """As a kill just before leaves it."""
