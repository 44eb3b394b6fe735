"""Questions for files: the newest counts, an index is made once and anew, and all of it ends."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

from alloy_tui.runtime.file_finder import FileFinder
from alloy_tui.runtime.file_index import Listing
from alloy_tui.runtime.port import FoundFiles


class Answers:
    """Collects answers and waits for one that is settled."""

    def __init__(self) -> None:
        self.seen: list[FoundFiles] = []
        self._bell = threading.Condition()

    def __call__(self, found: FoundFiles) -> None:
        with self._bell:
            self.seen.append(found)
            self._bell.notify_all()

    def until(self, test: Callable[[FoundFiles], bool]) -> FoundFiles:
        with self._bell:
            assert self._bell.wait_for(lambda: any(map(test, self.seen)), 20), self.seen
            return next(found for found in self.seen if test(found))

    def settled(self, query: str) -> list[str]:
        answer = self.until(lambda f: f.query == query and f.settled)
        return [file.path for file in answer.files]


class Lister:
    """Lists what it is told, once it is let go; counts how often it was asked."""

    def __init__(self, *paths: str) -> None:
        self.paths = paths
        self.asked = 0
        self.reached = threading.Event()
        self.go = threading.Event()
        self.go.set()

    def __call__(
        self, folder: Path, started: Callable[[subprocess.Popen[bytes]], object]
    ) -> Listing:
        del folder, started
        self.asked += 1
        self.reached.set()
        assert self.go.wait(20)
        return Listing(self.paths)


def test_a_question_is_answered_once_the_files_are_listed() -> None:
    lister, answers = Lister("src/cart.py", "src/pay.py"), Answers()
    finder = FileFinder(lambda: "/", lister=lister)
    finder.find("cart", 5, answers)
    assert answers.settled("cart") == ["src/cart.py"]
    assert not answers.seen[0].settled
    finder.close()


def test_a_second_question_uses_the_same_index() -> None:
    lister, answers = Lister("a.py", "b.py"), Answers()
    finder = FileFinder(lambda: "/", lister=lister)
    for query in ("a", "b"):
        finder.find(query, 5, answers)
        assert answers.settled(query) == [f"{query}.py"]
    assert lister.asked == 1
    finder.close()


def test_another_folder_has_another_index() -> None:
    folder = ["/one"]
    lister, answers = Lister("a.py"), Answers()
    finder = FileFinder(lambda: folder[0], lister=lister)
    finder.find("a", 5, answers)
    answers.settled("a")
    folder[0], lister.paths = "/two", ("ab.py",)
    finder.find("ab", 5, answers)
    assert answers.settled("ab") == ["ab.py"]
    finder.close()


def test_only_the_newest_of_several_questions_is_answered() -> None:
    lister, answers = Lister("a.py", "ab.py", "abc.py"), Answers()
    lister.go.clear()
    finder = FileFinder(lambda: "/", lister=lister)
    finder.find("a", 5, answers)
    assert lister.reached.wait(20)
    finder.find("ab", 5, answers)
    finder.find("abc", 5, answers)
    lister.go.set()
    assert answers.settled("abc") == ["abc.py"]
    assert not [f for f in answers.seen if f.query == "ab"]
    finder.close()


def test_closing_ends_the_thread_and_takes_no_more_questions(tmp_path: Path) -> None:
    answers = Answers()
    finder = FileFinder(lambda: str(tmp_path))
    finder.find("x", 5, answers)
    answers.settled("x")
    finder.close()
    finder.find("y", 5, answers)
    assert not [t for t in threading.enumerate() if t.name == "alloy-files"]
