"""Files come along with the conversation: previewed, put back, compared, brought across."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from alloy_tui.domain import events as ev
from tests.runtime.test_tree_port import asked, at, page, tree, words

FILE = "notes.txt"


def writing(*texts: str) -> list[dict[str, Any]]:
    """Replies that each write a text to the file, and say so."""
    replies: list[dict[str, Any]] = []
    for text in texts:
        arguments = {"command": f"printf '{text}\\n' > {FILE}"}
        replies.append({"tool_calls": [{"name": "bash", "arguments": arguments}]})
        replies.append({"text": f"wrote {text}"})
    return replies


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder that is not above the user's own."""
    (tmp_path / "project").mkdir()
    return tmp_path / "project"


@pytest.fixture
def written(open_runtime, script, project: Path) -> Any:
    """A conversation in which "1" wrote one and "2" wrote two; more would write three."""
    runtime, listener = open_runtime(script(*writing("one", "two", "three")), cwd=project)
    runtime.set_approval_mode("all")
    for number, text in (("1", "one"), ("2", "two")):
        runtime.submit(number)
        listener.until(ev.RunFinished, text=f"wrote {text}")
    assert (project / FILE).read_text() == "two\n"
    return runtime, listener


def preview(runtime: Any, node: str) -> Any:
    return asked(lambda then: runtime.tree.preview(node, then))


def test_a_rewind_shows_first_what_it_would_do(written) -> None:
    runtime, _ = written
    second, first = preview(runtime, at(runtime, "2")), preview(runtime, at(runtime, "1"))
    assert [(f.path, f.fate, f.plus, f.minus) for f in second.files] == [(FILE, "changed", 1, 1)]
    assert [(f.path, f.fate) for f in first.files] == [(FILE, "removed")]
    assert not second.files[0].conflict
    assert (second.prompt, second.messages) == ("2", 3)


def test_files_go_back_alone_or_with_the_conversation_or_not_at_all(written, project: Path) -> None:
    runtime, listener = written
    second, first, end = at(runtime, "2"), at(runtime, "1"), at(runtime, "wrote two")
    runtime.tree.rewind(second, "files")
    listener.until(ev.Notice, level="info")
    assert (project / FILE).read_text() == "one\n"
    assert runtime.tree.state.leaf == end
    runtime.tree.rewind(first, "both")
    listener.until(ev.LeafMoved)
    assert not (project / FILE).exists()
    assert words(page(runtime)) == []
    runtime.tree.redo()
    assert words(page(runtime))[-1] == "wrote two"
    assert not (project / FILE).exists()


def test_the_way_back_from_a_rewind_is_kept(written, project: Path) -> None:
    """What stood there before belongs to the node that was left."""
    runtime, listener = written
    end = at(runtime, "wrote two")
    runtime.tree.rewind(at(runtime, "1"), "both")
    listener.until(ev.LeafMoved)
    runtime.tree.redo()
    runtime.tree.rewind(end, "files")
    asked(runtime.tree.view)
    assert (project / FILE).read_text() == "two\n"


def test_redo_brings_back_the_files_that_went_with_the_conversation(written, project: Path) -> None:
    """It says first what it would do, and does as much of it as one asks for."""
    runtime, listener = written
    end = at(runtime, "wrote two")
    runtime.tree.rewind(at(runtime, "1"), "both")
    listener.until(ev.LeafMoved)
    found = asked(runtime.tree.preview_redo)
    assert (found.node, found.messages, found.again, found.scope) == (end, 6, True, "both")
    assert [(f.path, f.fate, f.conflict) for f in found.files] == [(FILE, "added", False)]
    runtime.tree.redo("both")
    assert words(page(runtime))[-1] == "wrote two"
    assert (project / FILE).read_text() == "two\n"
    assert runtime.tree.state.moves_back == 0


def test_files_that_went_back_alone_come_back_too(written, project: Path) -> None:
    """Even at the start of the conversation, where no node could keep them."""
    runtime, listener = written
    runtime.tree.rewind(at(runtime, "1"))
    listener.until(ev.LeafMoved)
    (project / FILE).write_text("mine\n")
    runtime.tree.rewind(at(runtime, "1"), "files", {FILE: "overwrite"})
    listener.until(ev.Notice, level="info")
    assert not (project / FILE).exists()
    found = asked(runtime.tree.preview_redo)
    assert (found.scope, [f.fate for f in found.files]) == ("files", ["added"])
    runtime.tree.redo("files")
    assert page(runtime).items == ()
    assert (project / FILE).read_text() == "mine\n"
    runtime.tree.redo()
    assert words(page(runtime))[-1] == "wrote two"


def test_files_alone_may_be_taken_back_of_a_going_back_of_both(written, project: Path) -> None:
    runtime, listener = written
    runtime.tree.rewind(at(runtime, "2"), "both")
    listener.until(ev.LeafMoved)
    runtime.tree.redo("files")
    assert words(page(runtime))[-1] == "wrote one"
    assert (project / FILE).read_text() == "two\n"
    assert runtime.tree.state.moves_back == 2
    runtime.tree.redo("files")
    asked(runtime.tree.view)
    assert (project / FILE).read_text() == "one\n"


def test_the_next_start_can_redo_with_files_and_others_work_is_a_conflict(
    written, open_runtime, project: Path
) -> None:
    runtime, listener = written
    runtime.tree.rewind(at(runtime, "2"), "both")
    listener.until(ev.LeafMoved)
    runtime.close()
    (project / FILE).write_text("mine\n")
    later, again = open_runtime(None, session="latest", cwd=project)
    again.until(ev.AgentStarted)
    (change,) = asked(later.tree.preview_redo).files
    assert (change.conflict, change.choices[0]) == (True, "keep")
    later.tree.redo("both", {FILE: "overwrite"})
    assert words(page(later))[-1] == "wrote two"
    assert (project / FILE).read_text() == "two\n"


def test_what_somebody_else_changed_is_kept_unless_they_say_otherwise(
    written, project: Path
) -> None:
    runtime, listener = written
    (project / FILE).write_text("mine\n")
    second = at(runtime, "2")
    (change,) = preview(runtime, second).files
    assert change.conflict
    assert change.choices[0] == "keep"
    runtime.tree.rewind(second, "files")
    asked(runtime.tree.view)
    assert (project / FILE).read_text() == "mine\n"
    runtime.tree.rewind(second, "both", {FILE: "overwrite"})
    listener.until(ev.LeafMoved)
    assert (project / FILE).read_text() == "one\n"


def test_branches_differ_in_files_too_and_one_brings_them_to_the_other(
    written, project: Path
) -> None:
    runtime, listener = written
    left = at(runtime, "wrote two")
    runtime.tree.rewind(at(runtime, "2"), "both")
    runtime.submit("3")
    listener.until(ev.RunFinished, text="wrote three")
    right = at(runtime, "wrote three")
    found = asked(lambda then: runtime.tree.compare(left, right, then))
    assert [(f.path, f.left, f.right) for f in found.files] == [(FILE, "two\n", "three\n")]
    assert (found.left.files, found.right.plus, found.right.minus) == (1, 1, 1)
    runtime.tree.rewind(at(runtime, "3"), "both")
    listener.seen.clear()
    runtime.tree.graft(left, "files")
    while "graft" not in [i.kind for i in page(runtime).items]:
        listener.until(ev.LeafMoved)
        listener.seen.clear()
    assert (project / FILE).read_text() == "two\n"


def test_the_next_start_can_go_back_as_well(written, open_runtime, project: Path) -> None:
    runtime, _ = written
    first = at(runtime, "2")
    runtime.close()
    later, listener = open_runtime(None, session="latest", cwd=project)
    listener.until(ev.AgentStarted)
    assert any(n.files for n in tree(later).nodes)
    later.tree.rewind(first, "both")
    listener.until(ev.LeafMoved)
    assert (project / FILE).read_text() == "one\n"


def test_what_was_put_back_is_nobody_elses_work_at_the_next_start(
    written, open_runtime, project: Path
) -> None:
    runtime, listener = written
    end = at(runtime, "wrote two")
    runtime.tree.rewind(at(runtime, "2"), "both")
    listener.until(ev.LeafMoved)
    runtime.close()
    later, again = open_runtime(None, session="latest", cwd=project)
    again.until(ev.AgentStarted)
    (change,) = preview(later, end).files
    assert (change.path, change.conflict) == (FILE, False)


def test_a_command_of_ones_own_is_taken_back_like_the_agents(written, project: Path) -> None:
    runtime, listener = written
    made = runtime.project.run_command(f"echo by hand > {FILE}", private=False)
    listener.until(ev.ToolFinished, id=made)
    (change,) = preview(runtime, at(runtime, "2")).files
    assert (change.path, change.conflict) == (FILE, False)


def test_a_fork_takes_the_files_along(written, project: Path) -> None:
    runtime, listener = written
    second = at(runtime, "2")
    runtime.tree.label(second, "here")
    runtime.library.fork()
    listener.until(ev.SessionOpened, title="1 (fork)")
    (named,) = [n for n in tree(runtime).nodes if n.label]
    assert named.title == "2"
    runtime.tree.rewind(named.id, "both")
    listener.until(ev.LeafMoved)
    assert (project / FILE).read_text() == "one\n"


@pytest.mark.parametrize(
    ("form", "suffix"), [("markdown", ".md"), ("json", ".json"), ("html", ".html")]
)
def test_a_session_is_exported_whole_and_replaces_nothing(
    open_runtime, script, tmp_path: Path, form: Any, suffix: str
) -> None:
    runtime, listener = open_runtime(script({"text": "An answer."}))
    runtime.submit("What about files?")
    listener.until(ev.RunFinished)
    path = asked(lambda then: runtime.library.export(form, "", then))
    assert Path(path).parent == tmp_path
    assert Path(path).name.startswith("What-about-files")
    assert path.endswith(suffix)
    assert "An answer." in Path(path).read_text()
    assert Path(path).stat().st_mode & 0o077 == 0
    assert asked(lambda then: runtime.library.export(form, path, then)) is None
    assert "already" in listener.until(ev.Notice).text
    assert asked(lambda then: runtime.library.export(form, "", then)) not in (None, path)
    assert not [p for p in tmp_path.iterdir() if p.name.startswith(".What")]
