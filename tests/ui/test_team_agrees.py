"""Whatever agents do, every view of them says the same: all are made of one projection.

Told are the events that the engine lets through; what each view shows is held against a
fold of every agent by itself.
"""

from __future__ import annotations

import asyncio
import re

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from alloy_tui.domain import events as ev
from alloy_tui.domain import team_events as te
from alloy_tui.domain.events import Envelope
from alloy_tui.runtime.agent_view import AgentView
from alloy_tui.runtime.posting import _agents as posted  # what `alloy agents --json` prints
from alloy_tui.runtime.projection import fold
from alloy_tui.runtime.roster import Roster, sums
from alloy_tui.runtime.team_port import TeamView
from alloy_tui.runtime.timeline import Timeline
from alloy_tui.runtime.watching import ALWAYS
from alloy_tui.ui import team_items
from alloy_tui.ui.screens.team import TeamBase
from tests.support import feed as fd
from tests.support.feed import Feed
from tests.support.stage import Stage, screen_text
from tests.support.team_stage import dashboard

NAMES = ("ann", "bob", "cid")
_BUSY = {"thinking", "streaming", "tool", "compacting", "rate_limited"}


@st.composite
def runs(draw: st.DrawFn, name: str) -> list[ev.EngineEvent]:
    """A run in the engine's order, that may be cut off anywhere."""
    out: list[ev.EngineEvent] = []
    for number in range(draw(st.integers(1, 3))):
        call = f"{name}-c{draw(st.integers(0, 10**9))}"
        out += [fd.turn(), ev.TextDelta(f"words {number}"), *fd.call(call, "bash", command="ls")]
        out.append(fd.turn_done("tool_use"))
        out.append(fd.ask(f"a-{call}", call, "bash", command=draw(st.sampled_from(["ls", "rm"]))))
        out.append(ev.ApprovalAnswered(f"a-{call}", draw(st.sampled_from(["once", "deny"])), "u"))
        out.append(fd.tool_started(call, "bash", "ls", command="ls"))
        out.append(ev.UsageUpdated(fd.TokenUsage(9, output=number + 1), {}, cost=0.25))
        out.append(fd.tool_done(call, "bash", "ok"))
    kept = out[: draw(st.integers(0, len(out)))]
    end = draw(st.sampled_from(["none", "completed", "cancelled", "error", "crash", "stop"]))
    if end == "crash":
        kept.append(ev.AgentCrashed("boom"))
    elif end == "stop":
        kept.append(ev.AgentStopped())
    elif end != "none":
        kept.append(fd.done(status=end))
    if end == "crash" and draw(st.booleans()):
        kept += [ev.AgentRestarted("boom", 1), fd.started()]
    return [fd.started(), ev.RunStarted(model="a/b", prompt="x"), *kept]


@st.composite
def stories(draw: st.DrawFn) -> list[tuple[str, ev.EngineEvent]]:
    """The runs of three agents, mixed; now and then one is taken out of the team."""
    lives = {name: draw(runs(name)) for name in NAMES}
    told: list[tuple[str, ev.EngineEvent]] = []
    while any(lives.values()):
        name = draw(st.sampled_from([name for name, life in lives.items() if life]))
        told.append((name, lives[name].pop(0)))
    if draw(st.integers(0, 3)) == 0:
        told.append((draw(st.sampled_from(NAMES)), te.MemberRemoved("")))
    return told


class Engine:
    """The one projection, its timeline, and a fold of each agent by itself."""

    def __init__(self) -> None:
        self.roster, self.timeline = Roster(), Timeline()
        self.alone = {name: AgentView(name=name) for name in NAMES}
        self._feeds = {name: Feed(name) for name in NAMES}
        self.roster.know("agent", main=True)
        for name in NAMES:
            self.roster.know(name, parent="agent", depth=1)

    def tell(self, name: str, event: ev.EngineEvent) -> Envelope | None:
        """What of it goes to the screen."""
        envelope = self._feeds[name].wrap(event, request_id="r")
        if isinstance(event, te.MemberRemoved):
            self.roster.drop(name)
            del self.alone[name]
            return self._feeds[name].wrap(te.MemberRemoved(name))
        self.roster.take(envelope)
        self.timeline.take(envelope)
        self.alone[name] = fold(self.alone[name], envelope)
        return envelope if isinstance(event, ALWAYS) else None

    def view(self, now_ms: int) -> TeamView:
        """As `TeamPort.view` gives it."""
        rows = self.roster.rows(now_ms)
        total = sums(rows)
        return TeamView(rows=rows, cost=total.cost, cost_partial=total.partial, turns=total.turns)

    def asking(self) -> dict[str, str]:
        """Each question that waits, and who asks."""
        return {a.request.id: name for name, v in self.alone.items() for a in v.approvals}


def assert_dashboard(page: TeamBase, engine: Engine, text: str) -> None:
    """Rows, head, tabs and inbox."""
    asking = engine.asking()
    shown = {row.name: row.view for row in page.team.rows if not row.main}
    assert shown == engine.alone
    inbox = [id_ for item in team_items.inbox(page.team, 0) for id_ in item.ids]
    assert sorted(inbox) == sorted(asking)
    head, tabs = text.split("\n")[:2]
    needs = set(asking.values())
    failed = {n for n, v in engine.alone.items() if v.state == "failed"} - needs
    assert f"needs you {len(asking)} " in head
    assert (f"failed {len(failed)} " in head) == bool(failed)
    idle = sum(row.group == "idle" for row in page.team.rows)
    assert (f"ready {idle} " in head) == bool(idle)
    # The heading of the group, the bar, the tab and the inbox count the same questions.
    assert bool(re.search(rf"(?m)^ needs you {len(asking)} *$", text)) == bool(asking)
    counted = re.search(r"Inbox (\d+)", tabs)
    assert (int(counted[1]) if counted else 0) == len(asking)
    for name, view in engine.alone.items():
        (line,) = [line for line in text.split("\n")[3:14] if re.match(rf".. ?{name} ", line)]
        assert ("!" in line[:4]) == (name in needs), line
        assert ("×" in line[:4]) == (name in failed), line
        if view.state in _BUSY and not view.approvals:
            assert "●" in line[:4], line


def assert_bench(stage: Stage, engine: Engine, text: str) -> None:
    """The bar over the prompt, and the count beside the model; the title is made of the same."""
    asking = engine.asking()
    bench = stage.bench
    assert {a.request.id for a in bench.with_others(bench.view).approvals} == set(asking)
    assert {a.request.id for a in bench.composer.approval.approvals} == set(asking)
    top = text.split("\n", maxsplit=1)[0]
    assert ("need you" in top or "needs you" in top) == bool(asking)
    if len(asking) > 1:
        assert f"{len(asking)} need you" in top


def assert_told(engine: Engine, team: TeamView) -> None:
    """What other programs are told, and the timeline."""
    others = {agent.name: agent for agent in posted(team) if agent.name in engine.alone}
    assert {n: (a.state, len(a.waiting)) for n, a in others.items()} == {
        n: (v.state, len(v.approvals)) for n, v in engine.alone.items()
    }
    open_ = [span for span in engine.timeline.spans() if span.end_ms is None]
    waits = sorted(span.agent for span in open_ if span.kind == "wait" and span.agent in others)
    assert waits == sorted(engine.asking().values())
    for name, view in engine.alone.items():
        assert any(s.agent == name and s.kind == "run" for s in open_) == (
            view.request_id is not None
        ), name


async def live(story: list[tuple[str, ev.EngineEvent]]) -> None:
    stage, engine = Stage(), Engine()
    async with stage.app.run_test(size=(120, 36)) as pilot:
        page = await dashboard(stage, pilot, engine.view(stage.feed.now_ms))
        for name, event in story:
            envelope = engine.tell(name, event)
            if envelope is not None:
                stage.port.feed(envelope)
        team = stage.port.team.shown = engine.view(stage.feed.now_ms)
        (changed,) = stage.feed(te.TeamChanged(2))
        stage.port.feed(replace(changed, agent="team"))
        await stage.port.until_quiet()
        await pilot.pause()
        await pilot.pause()
        assert_dashboard(page, engine, screen_text(stage.app))
        assert_told(engine, team)
        await pilot.press("escape")
        await pilot.pause()
        assert_bench(stage, engine, screen_text(stage.app))


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # each step of shrinking opens a screen
)
@given(stories())
def test_every_view_agrees_whatever_agents_do(story: list[tuple[str, ev.EngineEvent]]) -> None:
    asyncio.run(live(story))
