"""Listing a project's files and finding one: git, walks, limits, names, and best matches."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alloy_tui.domain import fuzzy
from alloy_tui.runtime import file_index
from alloy_tui.runtime.file_index import FileIndex, Listing, browse, list_files


def ignore(_process: object) -> None:
    """Nobody has to end git here."""


def git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


def fill(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repo"
    fill(folder, "src/cart.py", "src/shop/pay.py", "new.txt", "out/built.bin", ".env.example")
    (folder / ".gitignore").write_text("out/\n")
    git(folder, "init", "-q")
    git(folder, "add", "src", ".gitignore")
    git(folder, "commit", "-qm", "Begin")
    return folder


def test_git_lists_tracked_and_new_files_and_leaves_out_what_it_ignores(repository: Path) -> None:
    assert set(list_files(repository, ignore).paths) == {
        "src/cart.py",
        "src/shop/pay.py",
        "new.txt",
        ".gitignore",
        ".env.example",
    }


def test_a_deleted_file_is_not_listed_though_git_still_knows_it(repository: Path) -> None:
    (repository / "src/cart.py").unlink()
    assert "src/cart.py" not in list_files(repository, ignore).paths


def test_below_the_top_of_a_repository_paths_are_relative_to_where_one_is(repository: Path) -> None:
    assert set(list_files(repository / "src", ignore).paths) == {"cart.py", "shop/pay.py"}


def test_a_repository_cannot_have_git_start_its_programs(repository: Path) -> None:
    trap, sprung = repository / "trap.sh", repository / "sprung"
    trap.write_text(f"#!/bin/sh\ntouch {sprung}\n")
    trap.chmod(0o755)
    git(repository, "config", "core.fsmonitor", str(trap))
    assert "trap.sh" in list_files(repository, ignore).paths
    assert not sprung.exists()


def test_without_a_repository_the_folder_is_walked_and_the_usual_rubbish_left_out(
    tmp_path: Path,
) -> None:
    fill(tmp_path, "a.py", "b/c.py", "node_modules/x/y.js", ".venv/lib/z.py", "__pycache__/q.pyc")
    (tmp_path / "b" / "loop").symlink_to(tmp_path)
    listing = list_files(tmp_path, ignore)
    assert {p for p in listing.paths if not p.startswith("home/")} == {"a.py", "b/c.py", "b/loop"}
    assert listing.complete


def test_a_walk_ends_at_its_limit_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path, *(f"d{n}/{n}.py" for n in range(30)))
    monkeypatch.setattr(file_index, "MOST_FILES", 10)
    listing = list_files(tmp_path, ignore)
    assert len(listing.paths) == 10
    assert not listing.complete


def test_names_that_could_not_be_typed_are_left_out(tmp_path: Path) -> None:
    fill(tmp_path, "good name.py", "ümläut.py")
    for bad in (b"esc\x1b[31m", b"two\nlines", b"\xff\xfe", "rtl\u202egpj.exe".encode()):
        try:
            (tmp_path / os.fsdecode(bad)).write_text("x")
        except OSError:
            pytest.skip("this file system takes no such names")
    paths = {p for p in list_files(tmp_path, ignore).paths if not p.startswith("home")}
    assert paths == {"good name.py", "ümläut.py"}


def found(index: FileIndex, query: str, limit: int = 10) -> list[str]:
    return [file.path for file in index.search(query, limit) or ()]


def test_folders_are_found_too_with_a_slash_at_their_end() -> None:
    index = FileIndex(Listing(["src/shop/pay.py"]))
    assert set(found(index, "sh")) == {"src/shop/", "src/shop/pay.py"}


def test_without_a_query_the_folder_itself_is_shown() -> None:
    index = FileIndex(Listing(["src/a/b.py", "README.md", "docs/x.md"]))
    assert found(index, "", 3) == ["README.md", "docs/", "src/"]


_PATHS = st.lists(
    st.lists(st.text("abcd_.", min_size=1, max_size=6), min_size=1, max_size=4).map("/".join),
    max_size=20,
    unique=True,
)


@given(_PATHS, st.text("abcd/", min_size=1, max_size=4))
def test_everything_that_matches_is_found_and_nothing_else(paths: list[str], query: str) -> None:
    index = FileIndex(Listing(paths))
    wanted = {p for p in index.paths if fuzzy.match(query, p) is not None}
    assert set(found(index, query, 1000)) == wanted


@given(_PATHS, st.text("abcd/", min_size=1, max_size=4))
def test_typing_on_finds_the_same_as_asking_at_once(paths: list[str], query: str) -> None:
    typed = FileIndex(Listing(paths))
    for end in range(len(query)):
        typed.search(query[:end], 5)
    assert found(typed, query) == found(FileIndex(Listing(paths)), query)


def test_among_very_many_the_best_still_comes_first() -> None:
    paths = [f"lib/part{n}/shadow_{n}.py" for n in range(3000)]
    index = FileIndex(Listing([*paths, "src/ad.py", "z/a_deep.py"]))
    assert found(index, "ad")[0] == "src/ad.py"
    assert found(index, "ad")[1] == "z/a_deep.py"


def test_a_search_that_nobody_waits_for_is_given_up() -> None:
    index = FileIndex(Listing([f"{n}.py" for n in range(10)]))
    assert index.search("py", 5, lambda: True) is None
    assert len(found(index, "py")) == 10


def test_places_outside_are_browsed_one_folder_at_a_time(tmp_path: Path) -> None:
    fill(tmp_path, "one/alpha.txt", "one/beta.txt", "one/.hidden", "two.txt")
    here = tmp_path / "one"
    assert [f.path for f in browse(here, "../tw", 5)] == ["../two.txt"]
    assert [f.path for f in browse(here, f"{tmp_path}/o", 1)] == [f"{tmp_path}/one/"]
    assert [f.path for f in browse(here, "./", 5)] == ["./alpha.txt", "./beta.txt"]
    assert [f.path for f in browse(here, "./.h", 5)] == ["./.hidden"]
    assert browse(here, "/no/such/place/x", 5) == []
