"""The seam for shortening: the model's view shrinks, the history never does."""

from __future__ import annotations

import pytest

from alloy_tui.agent.compaction import Compacted
from alloy_tui.agent.middleware import Halt
from alloy_tui.domain.events import CompactionFinished, CompactionStarted, Notice
from alloy_tui.domain.messages import user
from alloy_tui.providers.scripted import ScriptedProvider, say
from tests.agent.desk import make
from tests.agent.spies import hooking

pytestmark = pytest.mark.anyio


class Shortener:
    """Keeps the last message, whenever there are more than two."""

    def __init__(self, error: Exception | None = None):
        self.error = error

    def due(self, load):
        return 100 if len(load.messages) > 2 else None

    async def compact(self, load, provider):
        if self.error:
            raise self.error
        return Compacted((user("Summary."), *load.messages[-1:]), 10)


async def test_compaction_shortens_the_view_and_keeps_the_history():
    log = []
    provider = ScriptedProvider([say("A."), say("B.")])
    agent, seen = make(provider, compactor=Shortener(), middleware=[hooking(log=log)])
    await agent.chat("One")
    await agent.chat("Two")
    assert [m.text for m in provider.requests[1].messages] == ["Summary.Two"]
    assert [m.text for m in agent.messages] == ["One", "A.", "Two", "B."]
    assert seen.of(CompactionStarted)[0].tokens_before == 100
    assert seen.of(CompactionFinished)[0].tokens_after == 10
    assert log.index("before_compaction") < log.index("after_compaction")
    assert log[log.index("after_compaction") + 1] == "before_completion"


async def test_a_compactor_that_fails_is_noticed_and_the_run_goes_on():
    agent, seen = make([say("A."), say("B.")], compactor=Shortener(ValueError("no")))
    await agent.chat("One")
    assert (await agent.chat("Two")).ok
    assert "could not be shortened" in seen.of(Notice)[0].text


async def test_a_halt_before_compaction_keeps_it_from_running():
    agent, seen = make(
        [say("A.")],
        compactor=Shortener(),
        middleware=[hooking({"before_compaction": Halt("no")})],
    )
    await agent.chat("One")
    assert (await agent.chat("Two")).status == "halted"
    assert not seen.of(CompactionStarted)
