"""The prompts' history: projects, search, many entries, several programs at once."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alloy_tui.ui import history as module
from alloy_tui.ui.drafts import Draft, Fold
from alloy_tui.ui.history import PromptHistory


def test_the_walk_keeps_to_the_project_and_shows_each_text_once(tmp_path: Path) -> None:
    path = tmp_path / "prompts.jsonl"
    shop, blog = PromptHistory(path, "/shop"), PromptHistory(path, "/blog")
    for where, text in ((shop, "one"), (shop, "two"), (blog, "other"), (shop, "one")):
        where.append(text)
    walked = [shop.older(""), shop.older(""), shop.older("")]
    assert [d and d.text for d in walked] == ["one", "two", None]


def test_the_search_covers_all_projects_or_this_one_newest_first(tmp_path: Path) -> None:
    path = tmp_path / "prompts.jsonl"
    shop, blog = PromptHistory(path, "/shop"), PromptHistory(path, "/blog")
    for where, text in ((shop, "fix the cart"), (blog, "fix the feed"), (shop, "cart again, fix")):
        where.append(text)
    assert [e.text for e in shop.search("FIX cart", here=False)] == [
        "cart again, fix",
        "fix the cart",
    ]
    assert [e.text for e in shop.search("fix", here=False)] == [
        "cart again, fix",
        "fix the feed",
        "fix the cart",
    ]
    assert [e.text for e in blog.search("fix", here=True)] == ["fix the feed"]
    assert [e.text for e in blog.search("fxfd", here=False)] == ["fix the feed"]


def test_pastes_survive_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "prompts.jsonl"
    draft = Draft("see [pasted 12 lines]", {"[pasted 12 lines]": Fold(text="x\n" * 12)})
    PromptHistory(path).append(draft)
    assert PromptHistory(path).older("") == draft


def test_what_another_program_appends_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "prompts.jsonl"
    ours, theirs = PromptHistory(path), PromptHistory(path)
    ours.append("ours")
    theirs.append("theirs")
    assert ours.entries == ("ours", "theirs")


def test_a_line_that_somebody_left_unfinished_costs_only_itself(tmp_path: Path) -> None:
    path = tmp_path / "prompts.jsonl"
    PromptHistory(path).append("one")
    path.write_bytes(path.read_bytes() + b'{"text":"tor')
    PromptHistory(path).append("two")
    assert PromptHistory(path).entries == ("one", "two")


def test_lines_of_the_first_version_are_still_read(tmp_path: Path) -> None:
    path = tmp_path / "prompts.jsonl"
    path.write_text('{"text":"old"}\n')
    assert PromptHistory(path, "/shop").entries == ("old",)
    older = PromptHistory(path, "/shop").older("")
    assert older is not None
    assert older.text == "old"


_WRITER = """
import sys
from pathlib import Path
from alloy_tui.ui.history import PromptHistory
history = PromptHistory(Path(sys.argv[1]), "/" + sys.argv[2])
for number in range(60):
    history.append(f"{sys.argv[2]} {number} " + "x" * (number * 200))
"""


def test_several_programs_at_once_lose_and_tear_nothing(tmp_path: Path) -> None:
    path = tmp_path / "prompts.jsonl"
    running = [
        subprocess.Popen([sys.executable, "-c", _WRITER, str(path), name]) for name in "abcd"
    ]
    assert [process.wait(60) for process in running] == [0] * 4
    texts = [json.loads(line)["text"].split()[:2] for line in path.read_text().splitlines()]
    for name in "abcd":
        assert [number for who, number in texts if who == name] == [str(n) for n in range(60)]


def test_a_full_file_is_cut_back_to_its_newest_and_nobody_loses_what_comes_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "KEPT", 20)
    path = tmp_path / "prompts.jsonl"
    ours, theirs = PromptHistory(path), PromptHistory(path)
    for number in range(40):
        ours.append(f"ours {number}")
        theirs.append(f"theirs {number}")
    assert len(path.read_bytes().splitlines()) <= 22
    assert PromptHistory(path).entries[-2:] == ("ours 39", "theirs 39")
    assert ours.entries[-2:] == ("ours 39", "theirs 39")
    assert path.stat().st_mode & 0o777 == 0o600


@given(st.lists(st.sampled_from("abc"), max_size=12), st.text(max_size=3))
def test_walking_up_and_down_again_ends_at_the_draft(typed: list[str], draft: str) -> None:
    history = PromptHistory()
    for text in typed:
        history.append(text)
    steps = 0
    while history.older(draft) is not None:
        steps += 1
    assert steps == len(set(typed))
    back = None
    for _ in range(steps):
        back = history.newer()
    assert back == (Draft(draft) if steps else None)
