"""The demo does real work and says that it is one."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from alloy_tui.agent.agent import Agent
from alloy_tui.agent.approvals import Approvals
from alloy_tui.domain.errors import ConfigError
from alloy_tui.runtime.demo import DemoProvider, lay_out
from alloy_tui.runtime.plan import scratch_folder

pytestmark = pytest.mark.anyio


async def agent_in(folder: Path, **options) -> Agent:
    lay_out(folder / "demo")
    return Agent(DemoProvider(delay_s=0), cwd=folder / "demo", **options)


def test_nothing_is_made_before_the_engine_runs_and_nothing_foreign_is_taken() -> None:
    """A start that is interrupted leaves no folder; one that is there already is left alone."""
    place = scratch_folder()
    assert not place.exists()
    lay_out(place)
    assert place.stat().st_mode & 0o777 == 0o700
    with pytest.raises(ConfigError, match="cannot be made"):
        lay_out(place)
    shutil.rmtree(place)


async def test_the_demo_finds_and_mends_the_bug(tmp_path: Path) -> None:
    """The first prompt ends with the tests green, by real reads, runs and an edit."""
    agent = await agent_in(tmp_path, approval_mode="all")
    result = await agent.chat("What is wrong here?")
    said = "".join(m.text for m in result.messages)
    assert result.ok, result.error
    assert result.turns == 5
    assert "This is a demo" in said
    assert "What is wrong here?" in said
    assert "3 tests ran, 1 failed." in said
    assert "All pass. 3 tests ran, 0 failed." in result.text
    assert "sum(prices)" in (tmp_path / "demo" / "prices.py").read_text()
    await agent.stop()


async def test_the_demo_goes_on_with_any_prompt(tmp_path: Path) -> None:
    """Three courses, then the first again, with its bug put back."""
    agent = await agent_in(tmp_path, approval_mode="all")
    await agent.chat("one")
    second = await agent.chat("two")
    assert "6.73" in second.text
    assert (tmp_path / "demo" / "receipt.py").exists()
    assert "|---|---|" in (await agent.chat("three")).text
    fourth = await agent.chat("four")
    assert "3 tests ran, 1 failed." in "".join(m.text for m in fourth.messages)
    assert "All pass" in fourth.text
    await agent.stop()


async def test_the_demo_takes_no_for_an_answer(tmp_path: Path) -> None:
    """A denied call ends the course politely."""
    agent = await agent_in(tmp_path, approvals=Approvals(interactive=False))
    result = await agent.chat("Mend it")
    assert result.ok
    assert "denied" in result.text
    await agent.stop()
