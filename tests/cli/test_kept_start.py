"""What one start finds out serves the next; whatever is wrong with it, the start is as without."""

from __future__ import annotations

import collections
import dataclasses
import importlib
import importlib.util
import os
import re
import sys
import typing
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alloy_tui.cli import kept_modules
from alloy_tui.cli.kept_start import KeptStart
from alloy_tui.cli.kept_texts import Translations

EXPRESSIONS: list[tuple[str | bytes, int]] = [
    (r"(?P<year>\d{4})-(?P<month>\d\d)", 0),
    (r"a(b)?c|[^x-z\s]+?(?=end)", re.IGNORECASE | re.DOTALL),
    (r"(?x) w \w+  # words", 0),
    (r"(?i:α|ß)+", 0),
    (rb"\x1b\[[0-9;]*m", 0),
    (r"", re.MULTILINE),
]


def quietly(pattern: str | bytes, flags: int = 0) -> re.Pattern[typing.Any]:
    """What `re` makes of it, whatever it thinks of it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return re.compile(pattern, flags)


def translated(pattern: str | bytes, flags: int, by: Translations) -> re.Pattern[typing.Any]:
    """`pattern` as a start with `by` finds it."""
    end = by.begin()
    re.purge()
    try:
        return quietly(pattern, flags)
    finally:
        end()
        re.purge()


def translated_twice(pattern: str | bytes, flags: int) -> re.Pattern[typing.Any]:
    """`pattern` as a second start finds it."""
    first = Translations({})
    translated(pattern, flags, first)
    second = Translations(first.added())
    made = translated(pattern, flags, second)
    assert not second.new
    return made


@pytest.mark.parametrize(("pattern", "flags"), EXPRESSIONS)
def test_a_kept_expression_is_the_one_that_would_be_made(pattern: str | bytes, flags: int) -> None:
    kept, fresh = translated_twice(pattern, flags), re.compile(pattern, flags)
    for name in ("pattern", "flags", "groups", "groupindex"):
        assert getattr(kept, name) == getattr(fresh, name)
    assert kept == fresh  # compares what they were translated to


@given(st.from_regex(r"[a-c(|)*+?.\[\]^$\\]{1,12}", fullmatch=True))
def test_any_expression_is_kept_right_or_refused_in_the_usual_words(pattern: str) -> None:
    try:
        fresh = quietly(pattern)
    except re.error as error:
        with pytest.raises(re.error, match=re.escape(str(error))):
            translated_twice(pattern, 0)
    else:
        assert translated_twice(pattern, 0) == fresh


def test_classes_made_from_kept_texts_are_the_same() -> None:
    kept: dict[typing.Any, bytes] = {}
    for start in range(2):
        translations = Translations(kept)
        end = translations.begin()
        try:

            @dataclasses.dataclass(frozen=True, order=True)
            class Point:
                x: int
                y: int = 3

            pair = collections.namedtuple("pair", "left right", defaults=[9])  # noqa: PYI024 - what is kept
            reference = typing.ForwardRef("list[int] | None")
        finally:
            end()
        assert translations.new == (start == 0)
        kept |= translations.added()
        assert Point(1) == Point(1, 3) < Point(2)
        assert repr(Point(1)).endswith("Point(x=1, y=3)")
        assert pair(4) == (4, 9)
        assert eval(reference.__forward_code__) == list[int] | None


def test_when_the_start_is_over_the_librarys_own_translators_are_back() -> None:
    compiler = vars(re)["_compiler"]
    usual = compiler.compile
    end = Translations({}).begin()
    assert compiler.compile != usual
    assert "exec" in vars(dataclasses)
    end()
    assert compiler.compile == usual
    for module, name in ((dataclasses, "exec"), (collections, "eval"), (typing, "compile")):
        assert name not in vars(module)


class Installation:
    """A folder of modules on the path, and the file of a program that starts from it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "library"
        self.folder.mkdir()
        self.file = folder / "start.test"
        self.package = self.folder / "kept_example"
        self.package.mkdir()
        (self.package / "__init__.py").write_text("from kept_example.inner import WORD\n")
        self.write("first")

    def write(self, word: str) -> None:
        (self.package / "inner.py").write_text(f"WORD = {word!r}\n")

    def start(self) -> tuple[str, str]:
        """What the package says, and the kind of its loader; the file is kept at the end."""
        importlib.invalidate_caches()
        for name in ("kept_example", "kept_example.inner"):
            sys.modules.pop(name, None)
        kept = KeptStart(str(self.file))
        kept.begin()
        try:
            module = importlib.import_module("kept_example")
            inner = sys.modules["kept_example.inner"]
            kept.keep()
        finally:
            kept.end()
        assert inner.__spec__ is not None
        assert inner.__file__ == str(self.package / "inner.py")
        return module.WORD, type(inner.__spec__.loader).__name__


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installation]:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    made = Installation(tmp_path)
    # The first folder is the script's own, and is never trusted.
    monkeypatch.setattr(sys, "path", [str(tmp_path), str(made.folder), *sys.path])
    yield made
    for name in ("kept_example", "kept_example.inner"):
        sys.modules.pop(name, None)


def steady(installed: Installation) -> None:
    installed.start()
    assert installed.start() == ("first", "KnownLoader")


def test_a_second_start_finds_its_modules_without_looking(installed: Installation) -> None:
    assert installed.start() == ("first", "SourceFileLoader")
    steady(installed)
    spec = importlib.util.find_spec("kept_example")
    assert spec is not None
    assert spec.submodule_search_locations == [str(installed.package)]


def test_a_source_that_was_changed_is_read(installed: Installation) -> None:
    steady(installed)
    installed.write("second, and longer")
    assert installed.start() == ("second, and longer", "SourceFileLoader")


def test_byte_code_that_is_not_the_right_one_is_made_anew(installed: Installation) -> None:
    steady(installed)
    compiled = Path(importlib.util.cache_from_source(str(installed.package / "inner.py")))
    compiled.write_bytes(b"nothing of the kind")
    assert installed.start()[0] == "first"


def test_a_new_module_in_a_folder_of_the_path_makes_everything_be_looked_for(
    installed: Installation,
) -> None:
    steady(installed)
    (installed.folder / "other.py").write_text("")
    os.utime(installed.folder, ns=(1, 1))
    assert installed.start() == ("first", "SourceFileLoader")


@pytest.mark.parametrize("harm", ["empty", "cut", "flipped", "foreign", "writable", "link"])
def test_a_file_that_cannot_be_believed_is_as_none(installed: Installation, harm: str) -> None:
    steady(installed)
    data = installed.file.read_bytes()
    match harm:
        case "empty":
            installed.file.write_bytes(b"")
        case "cut":
            installed.file.write_bytes(data[: len(data) // 2])
        case "flipped":
            installed.file.write_bytes(data[:-9] + bytes([data[-9] ^ 1]) + data[-8:])
        case "foreign":
            installed.file.write_bytes(data.replace(sys.version.encode(), b"?" * len(sys.version)))
        case "writable":
            installed.file.chmod(0o666)
        case _:
            target = installed.package / "elsewhere"
            target.write_bytes(data)
            installed.file.unlink()
            installed.file.symlink_to(target)
    assert installed.start() == ("first", "SourceFileLoader")


def test_where_nothing_can_be_written_a_start_only_takes_its_time(
    installed: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed.file = installed.folder / "nowhere" / "start.test"
    assert installed.start() == installed.start() == ("first", "SourceFileLoader")
    assert not installed.file.exists()


def test_nothing_is_kept_of_the_folder_that_the_program_was_started_in(
    installed: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", sys.path[1:])
    kept = KeptStart(str(installed.file))
    kept.begin()
    try:
        importlib.import_module("kept_example")
        assert not {n for n in kept_modules.met(set()) if n.startswith("kept_example")}
    finally:
        kept.end()
