"""A long conversation is read for the model while its first request waits in sight."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from alloy_tui.domain import events as ev
from alloy_tui.runtime import conversing, path_reading
from alloy_tui.sessions.live import LiveSession
from tests.runtime.test_tree_port import at, page, talked, words


class Disk:
    """Reads of a session wait while it is shut."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.asked = threading.Event()
        self.open.set()

    def shut(self) -> None:
        self.asked.clear()
        self.open.clear()


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Disk]:
    made, read = Disk(), LiveSession.read

    def slow(live: LiveSession, nodes: Any) -> Any:
        if len(nodes) > 1:
            made.asked.set()
            assert made.open.wait(20)
        return read(live, nodes)

    monkeypatch.setattr(LiveSession, "read", slow)
    monkeypatch.setattr(path_reading, "LONG", 3)
    monkeypatch.setattr(conversing, "_SHORT", 3)
    yield made
    made.open.set()


@pytest.fixture
def reopened(open_runtime: Any, script: Any, disk: Disk) -> Any:
    """A conversation of four messages at the next start; the model would say "c"."""
    runtime, _ = talked(open_runtime, script, "a", "b")
    runtime.close()
    later, listener = open_runtime(script({"text": "c"}, name="next"), session="latest")
    listener.until(ev.AgentStarted)
    page(later)
    return later, listener


def test_the_first_request_waits_in_sight_and_then_knows_everything(
    reopened: Any, disk: Disk
) -> None:
    runtime, listener = reopened
    disk.shut()
    made = runtime.submit("3")
    listener.until(ev.Queued, text="3")
    assert disk.asked.wait(20)
    said = next(e.event for e in listener.seen if isinstance(e.event, ev.Notice))
    assert "Reading what was said here" in said.text
    disk.open.set()
    assert listener.until(ev.RunFinished).text == "c"
    assert [m.text for m in runtime.history()] == ["1", "a", "2", "b", "3", "c"]
    assert [e.request_id for e in listener.seen if isinstance(e.event, ev.RunStarted)] == [made]


def test_it_can_be_taken_back_while_it_waits(reopened: Any, disk: Disk) -> None:
    runtime, listener = reopened
    disk.shut()
    made = runtime.submit("3")
    listener.until(ev.Queued, text="3")
    runtime.withdraw(made)
    assert listener.until(ev.Dequeued).reason == "withdrawn"
    disk.open.set()
    runtime.submit("4")
    listener.until(ev.RunFinished, text="c")
    assert [m.text for m in runtime.history()] == ["1", "a", "2", "b", "4", "c"]


def test_going_elsewhere_meanwhile_leaves_nothing_of_the_old_path(
    reopened: Any, disk: Disk
) -> None:
    runtime, listener = reopened
    second = at(runtime, "2")
    disk.shut()
    runtime.submit("3")
    listener.until(ev.Queued, text="3")
    assert disk.asked.wait(20)
    runtime.tree.rewind(second)
    listener.until(ev.Dequeued)
    disk.open.set()
    listener.until(ev.LeafMoved)  # and the model that answered there does again
    runtime.submit("2, better")
    listener.until(ev.RunFinished, text="a")
    assert [m.text for m in runtime.history()] == ["1", "a", "2, better", "a"]
    assert words(page(runtime)) == ["1", "a", "2, better", "a"]


def test_the_program_ends_while_it_reads(reopened: Any, disk: Disk) -> None:
    runtime, listener = reopened
    disk.shut()
    runtime.submit("3")
    listener.until(ev.Queued, text="3")
    assert disk.asked.wait(20)
    disk.open.set()
    runtime.close()
    assert not runtime.stuck
