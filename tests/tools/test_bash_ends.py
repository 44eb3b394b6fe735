"""Nothing that a command started outlives it: timeout, cancel, and the program's own death."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import anyio
import pytest

from alloy_tui.domain.messages import TextBlock
from alloy_tui.domain.tool import ToolReply
from alloy_tui.tools.bash import BashTool
from tests.tools.processes import alive, needs_proc, unique_seconds, until_asleep, until_gone

pytestmark = [pytest.mark.anyio, needs_proc]
BASH = BashTool()
PROJECT = Path(__file__).resolve().parents[2]

# Each leaves a `sleep` behind in its own way; NUMBER marks it.
WAYS = {
    "plain": "sleep NUMBER",
    "a child of a child": "bash -c 'bash -c \"sleep NUMBER; true\"; true'; true",
    "in the background": "sleep NUMBER & wait",
    "in a pipe": "sleep NUMBER | cat",
    "in a session of its own": "setsid sleep NUMBER & wait; sleep 1000",
    "a daemon": "(setsid sh -c '(sleep NUMBER &) ; true' &) ; sleep 1000",
    "deaf to TERM": "trap '' TERM; sleep NUMBER; sleep NUMBER; sleep NUMBER",
    "stopped": "sleep NUMBER & until grep -q sleep /proc/$!/comm; do :; done; kill -STOP $!; wait",
    "without the pipe": "setsid nohup sleep NUMBER >/dev/null 2>&1 & sleep 1000",
}
by_way = pytest.mark.parametrize("way", list(WAYS.values()), ids=list(WAYS))


def size(path: str) -> int:
    return Path(path).stat().st_size


def text(reply: ToolReply) -> str:
    block = reply.content[0]
    assert isinstance(block, TextBlock)
    return block.text


def offered() -> int:
    return int(Path("/proc/self/oom_score_adj").read_text())


@by_way
async def test_a_timeout_ends_every_process(call, way):
    """Two of two survived in the reference."""
    number = unique_seconds()
    with anyio.fail_after(60):
        reply = await call(BASH, command=way.replace("NUMBER", number), timeout=0.7)
    assert "timed out" in text(reply)
    assert not alive(number)


@by_way
async def test_a_cancel_ends_every_process_before_it_returns(call, way):
    """No grace after the return: the list is empty at once."""
    number = unique_seconds()
    with anyio.fail_after(60):
        async with anyio.create_task_group() as group:
            group.start_soon(lambda: call(BASH, command=way.replace("NUMBER", number)))
            await until_asleep(number)
            group.cancel_scope.cancel()
        assert not alive(number)


@by_way
async def test_a_plain_task_cancel_does_the_same_and_tells_what_was_printed(call, way):
    """That is how the engine cancels; the partial output is kept."""
    number = unique_seconds()
    command = f"echo so far; {way.replace('NUMBER', number)}"
    with anyio.fail_after(60):
        task = asyncio.create_task(call(BASH, command=command))
        await until_asleep(number)
        task.cancel()
        reply = await task
    assert not alive(number)
    assert text(reply) == "so far\ncancelled: the command and all it had started were ended."
    assert reply.is_error
    assert reply.details["cancelled"]


async def test_a_cancel_while_the_command_floods_is_prompt(call, progress):
    """Reading output leaves time to look at the stop."""
    number = unique_seconds()
    with anyio.fail_after(60):
        async with anyio.create_task_group() as group:
            group.start_soon(lambda: call(BASH, command=f"sleep {number} & yes"))
            await until_asleep(number)
            group.cancel_scope.cancel()
    assert not alive(number)


async def test_background_processes_end_with_the_command_and_do_not_delay_it(call):
    """One holds the output pipe open, one has left the session; the note counts them."""
    number = unique_seconds()
    with anyio.fail_after(60):
        reply = await call(
            BASH, command=f"sleep {number} & setsid sleep {number} >/dev/null & echo started"
        )
    assert text(reply) == (
        "started\nnote: 2 background processes were still running; ended.\nexit code: 0"
    )
    assert not alive(number)


async def test_what_ends_by_itself_right_after_the_command_is_waited_for(call):
    """Output of a process substitution is not lost, and is no leftover."""
    reply = await call(BASH, command="echo x > >(sed s/x/late/)")
    assert text(reply) == "late\nexit code: 0"


async def test_the_command_may_kill_its_supervisor(call):
    """It goes down with it, and the call ends with words."""
    number = unique_seconds()
    with anyio.fail_after(60):
        reply = await call(BASH, command=f"kill -9 $PPID; sleep {number}")
        await until_gone(number)
    assert reply.is_error
    assert "exit code: unknown" in text(reply)


async def test_signals_to_the_group_of_the_command_do_not_reach_us(call):
    """`kill 0` in a script is its own affair."""
    reply = await call(BASH, command="trap 'exit 7' TERM; kill -TERM 0; sleep 1000", timeout=20)
    assert text(reply).endswith("exit code: 7")


PARENT = """
import anyio, os, sys
from pathlib import Path
from alloy_tui.domain.tool import ToolContext
from alloy_tui.tools.bash import BashTool

async def main():
    here = Path.cwd()
    context = ToolContext(here, "a", "c", {}, here / "spill", dict(os.environ), lambda *_: None)
    tool = BashTool()
    await tool.run(tool.prepare({"command": sys.argv[1]}), context)

anyio.run(main)
"""


async def ends_with_its_program(command: str, seconds: str, number: int, cwd: Path) -> None:
    """Start a program that runs `command`, kill it once `sleep` runs, wait for all to go."""
    parent = await anyio.open_process(
        [sys.executable, "-c", PARENT, command],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(PROJECT), *sys.path])},
        stdin=None,
        stdout=None,
        stderr=subprocess.DEVNULL,
    )
    try:
        await until_asleep(seconds)
        parent.send_signal(number)
        await until_gone(seconds, 20)
    finally:
        with contextlib.suppress(ProcessLookupError):
            parent.kill()
        await parent.wait()


@by_way
async def test_kill_9_of_the_program_leaves_no_child(way, tmp_path):
    """The kernel closes the program's pipe; the supervisor does the rest."""
    seconds = unique_seconds()
    await ends_with_its_program(way.replace("NUMBER", seconds), seconds, signal.SIGKILL, tmp_path)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
async def test_other_deaths_of_the_program_leave_no_child_either(number, tmp_path):
    """Interrupt from the keyboard included."""
    seconds = unique_seconds()
    await ends_with_its_program(f"setsid sleep {seconds} & wait", seconds, number, tmp_path)


async def test_endless_output_costs_bounded_memory_and_disk(call, progress, monkeypatch):
    """`yes` prints hundreds of megabytes; we keep kilobytes, and the file has its limit."""
    monkeypatch.setattr("alloy_tui.tools.bash._SPILL", 1_000_000)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    reply = await call(BASH, command="yes", timeout=1.5)
    grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert reply.details["characters"] > 2_000_000
    assert grown_kib < 50_000
    assert len(text(reply)) < 29_000
    assert "of which more than 1,000,000 characters is not kept," in text(reply)
    assert size(reply.details["spill_path"]) == 1_000_000
    assert max(len(words) for words, _ in progress) <= 16_100
    assert sum(len(words) for words, _ in progress) < 3_000_000


async def test_where_memory_runs_out_the_command_goes_before_the_program(call):
    """The kernel chooses by this figure; the program's own stays as it was."""
    before = offered()
    reply = await call(BASH, command="cat /proc/self/oom_score_adj")
    assert int(text(reply).split()[0]) == max(500, before)
    assert offered() == before
