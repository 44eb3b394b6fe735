"""Mail, shared context, leases, and the team that comes back from its records."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from alloy_tui.domain import team_events as te
from alloy_tui.domain.errors import TeamError, ToolError
from alloy_tui.domain.tool import ToolContext, ToolReply
from alloy_tui.team.leases import Leases
from alloy_tui.team.log import Record, Restored
from alloy_tui.team.mail import MOST_UNREAD, Mailboxes
from alloy_tui.team.recording import Channel
from alloy_tui.team.shared import SharedContext
from alloy_tui.tools.core import core_tools

pytestmark = pytest.mark.anyio


class Told:
    """A channel that remembers."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.channel = Channel(self._publish, lambda: len(self.records))

    def _publish(self, by: str, event: te.TeamEvent) -> None:
        self.records.append(Record(by, len(self.records), event))


def test_a_message_is_read_once_by_each_of_its_readers() -> None:
    mail = Mailboxes(Told().channel)
    mail.send("lead", ["a", "b", "a"], "hello")
    assert [m.text for m in mail.take("a")] == ["hello"]
    assert mail.take("a") == ()
    assert [m.text for m in mail.unread("b")] == ["hello"]
    assert mail.timeline[0].read_by == ("a",)


def test_a_full_box_refuses_the_message_for_everybody() -> None:
    mail = Mailboxes(Told().channel)
    for _ in range(MOST_UNREAD):
        mail.send("lead", ["a"], "again")
    with pytest.raises(TeamError) as refused:
        mail.send("lead", ["b", "a"], "one more")
    assert refused.value.kind == "limit"
    assert mail.unread("b") == ()


def test_a_write_upon_an_older_version_of_a_key_is_refused_with_what_it_is_now() -> None:
    shared = SharedContext(Told().channel)
    seen = shared.put("a", "branch", "main")
    shared.put("b", "branch", "release")
    with pytest.raises(TeamError, match="changed by b; it is now: release"):
        shared.put("a", "branch", "dev", seen=seen)
    entry = shared.get("branch")
    assert entry is not None
    assert (entry.value, entry.by, entry.version) == ("release", "b", 2)


def test_the_passage_for_the_prompt_names_writers_and_says_what_it_left_out() -> None:
    shared = SharedContext(Told().channel)
    assert shared.passage() == ""
    for number in range(60):
        shared.put("a", f"key {number}", "long " * 50)
    passage = shared.passage()
    assert "- key 0 (by a): long" in passage
    assert "more keys" in passage
    assert len(passage) < 7_000


def test_a_key_that_was_taken_away_goes_on_counting_its_versions() -> None:
    shared = SharedContext(Told().channel)
    shared.put("a", "k", "1")
    shared.put("a", "k", None)
    assert shared.get("k") is None
    assert shared.put("a", "k", "2", seen=0) == 3


def _context(agent: str, folder: Path) -> ToolContext:
    return ToolContext(folder, agent, "call", {}, folder, {}, lambda _text, _stream: None)


def _tools(leases: Leases, folder: Path) -> Callable[..., Any]:
    tools = {tool.spec.name: tool for tool in leases.wrap(core_tools(folder))}
    contexts = {name: _context(name, folder) for name in ("a", "b")}

    async def call(agent: str, name: str, **arguments: object) -> ToolReply:
        tool = tools[name]
        return await tool.run(tool.prepare(dict(arguments)), contexts[agent])

    return call


async def test_a_file_that_one_agent_writes_is_refused_to_the_others_until_it_is_given_back(
    tmp_path: Path,
) -> None:
    told = Told()
    leases = Leases(told.channel)
    call = _tools(leases, tmp_path)
    await call("a", "write", file_path="x.txt", content="of a\n")
    await call("b", "read", file_path="x.txt")
    with pytest.raises(ToolError, match="a is changing"):
        await call("b", "edit", file_path="x.txt", old_string="of a", new_string="of b")
    assert (tmp_path / "x.txt").read_text() == "of a\n"
    leases.give_back("a")
    await call("b", "edit", file_path="x.txt", old_string="of a", new_string="of b")
    assert [lease.holder for lease in leases.held] == ["b"]
    assert [c.agent for c in leases.collisions] == ["b"]


async def test_who_waits_for_another_lends_it_what_it_holds(tmp_path: Path) -> None:
    """A file that was written before its mending was passed on can be mended."""
    leases = Leases(Told().channel, lambda holder, agent: (holder, agent) == ("a", "b"))
    call = _tools(leases, tmp_path)
    await call("a", "write", file_path="x.txt", content="of a\n")
    await call("b", "read", file_path="x.txt")
    await call("b", "edit", file_path="x.txt", old_string="of a", new_string="of b")
    assert [lease.holder for lease in leases.held] == ["b"]
    # What it gets back is not as it knew it.
    with pytest.raises(ToolError, match="b changed"):
        await call("a", "write", file_path="x.txt", content="of a again\n")


async def test_a_write_upon_what_another_agent_changed_is_refused_until_it_is_read_again(
    tmp_path: Path,
) -> None:
    leases = Leases(Told().channel)
    call = _tools(leases, tmp_path)
    (tmp_path / "x.txt").write_text("one\ntwo\n")
    await call("a", "read", file_path="x.txt")
    await call("b", "read", file_path="x.txt")
    await call("b", "edit", file_path="x.txt", old_string="one", new_string="1")
    leases.give_back("b")
    with pytest.raises(ToolError, match=r"b changed .* since you last saw it"):
        await call("a", "edit", file_path="x.txt", old_string="two", new_string="2")
    await call("a", "read", file_path="x.txt")
    await call("a", "edit", file_path="x.txt", old_string="two", new_string="2")
    assert (tmp_path / "x.txt").read_text() == "1\n2\n"


async def test_a_refused_write_leaves_no_lease_behind(tmp_path: Path) -> None:
    leases = Leases(Told().channel)
    call = _tools(leases, tmp_path)
    (tmp_path / "x.txt").write_text("one\n")
    with pytest.raises(ToolError):
        await call("a", "edit", file_path="x.txt", old_string="one", new_string="1")
    assert leases.held == ()


def test_a_team_comes_back_from_its_records() -> None:
    told = Told()
    live = Restored(told.channel)
    publish = told.channel.publish
    publish("user", te.MemberAdded("a", {"name": "a"}, session="s1"))
    publish("user", te.MemberAdded("b", {"name": "b"}))
    task = live.board.add("user", "fix it")
    live.board.claim("a", task.id)
    live.mail.send("a", ["b"], "look at this")
    live.mail.send("b", ["a"], "seen")
    live.mail.take("b")
    live.shared.put("a", "branch", "main")
    publish("user", te.DelegationStarted("d1", "a", "fix it"))
    publish("user", te.DelegationStarted("d2", "b", "review it"))
    publish("user", te.DelegationFinished("d1", "a", "completed", "fixed"))
    publish("user", te.MemberPaused("b"))
    publish("user", te.BudgetRaised("", usd=3.0))
    back = Restored().fold(told.records)
    assert list(back.roster) == ["a", "b"]
    assert back.board.tasks == live.board.tasks
    assert back.mail.timeline == live.mail.timeline
    assert back.mail.unread("a") == live.mail.unread("a") != ()
    assert back.shared.entries == live.shared.entries
    assert back.paused == {"b"}
    assert list(back.broken_off) == ["d2"]
    assert back.limits[""].usd == 3.0
    publish("user", te.MemberRemoved("b"))
    assert list(Restored().fold(told.records).roster) == ["a"]
