"""Tools that take all memory or whose process dies: a failed result, and no agent notices."""

from __future__ import annotations

import sys

import pytest

from alloy_tui.domain.events import AgentCrashed, AgentRestarted, ToolFinished
from alloy_tui.team.team import Team
from alloy_tui.tools.bash import BashTool
from tests.agent.desk import Probe
from tests.team.crew import Heard, Model, call, echo, quiet, results
from tests.tools.processes import needs_proc

pytestmark = pytest.mark.anyio

GREEDY = f"ulimit -v 500000; {sys.executable} -I -S -c \"b'x' * 10**11\""
FORKS = "ulimit -v 200000; x=y; while true; do x=$x$x; done"


def runs(command):
    """A model that runs `command` and says how it ended."""

    def answer(request):
        brought = results(request)
        return brought[-1] if brought else [call("bash", command=command)]

    return Model(answer)


@needs_proc
@pytest.mark.parametrize(
    ("command", "says"),
    [
        (GREEDY, "MemoryError"),
        (FORKS, ""),
        ("echo before; kill -9 $$", "137"),
        ("kill -9 $PPID; sleep 100", ""),
    ],
    ids=["no memory", "a shell without memory", "killed", "its supervisor killed"],
)
async def test_a_command_that_dies_is_a_failed_result_and_no_crash(command, says):
    members = {
        "a": quiet(runs(command), tools=[BashTool()]),
        "b": quiet(runs("echo fine"), tools=[BashTool()]),
    }
    async with Team(members) as team:
        heard = Heard(team)
        outcomes = await team.broadcast("go")
        (ended,) = heard.of(ToolFinished, "a")
        assert ended.is_error
        assert says in outcomes["a"].text
        assert "fine" in outcomes["b"].text
        assert heard.of(AgentCrashed | AgentRestarted) == []


async def test_memory_that_runs_out_in_a_tool_of_the_program_is_a_failed_result():
    async def work(_arguments, _context):
        return str(len(bytearray(1 << 62)))

    def answer(request):
        brought = results(request)
        return brought[-1] if brought else [call("probe")]

    members = {"a": quiet(answer, tools=[Probe(work=work)]), "b": quiet(echo)}
    async with Team(members) as team:
        heard = Heard(team)
        outcomes = await team.broadcast("go")
        (ended,) = heard.of(ToolFinished, "a")
        assert ended.is_error
        assert outcomes["a"].ok
        assert outcomes["b"].text == "re: go"
        assert heard.of(AgentCrashed | AgentRestarted) == []
