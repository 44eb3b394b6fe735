"""One shell command: what comes back, and what a command may see."""

from __future__ import annotations

import json
import os
import re
import stat
import time
from pathlib import Path

import msgspec
import pytest

from alloy_tui.domain.errors import ToolError
from alloy_tui.domain.messages import TextBlock
from alloy_tui.domain.tool import ToolReply
from alloy_tui.tools.bash import BashTool
from alloy_tui.tools.environment import is_secret
from alloy_tui.tools.read import ReadTool

pytestmark = pytest.mark.anyio
BASH = BashTool()


def contents(path: Path) -> str:
    return path.read_text()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def text(reply: ToolReply) -> str:
    block = reply.content[0]
    assert isinstance(block, TextBlock)
    return block.text


async def test_output_comes_with_the_exit_code(call):
    """Success is no error."""
    reply = await call(BASH, command="echo hello")
    assert text(reply) == "hello\nexit code: 0"
    assert not reply.is_error
    assert reply.details["exit_code"] == 0


async def test_a_failing_command_is_an_error_with_its_output(call):
    """Both streams, in the order written."""
    reply = await call(BASH, command="echo out; echo err >&2; exit 42")
    assert text(reply) == "out\nerr\nexit code: 42"
    assert reply.is_error
    assert reply.details["exit_code"] == 42


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("true", "(no output)\nexit code: 0"),
        ("nonexistent-program 2>/dev/null", "exit code: 127 (command not found)"),
        ("kill -SEGV $$", "exit code: 139 (ended by SIGSEGV)"),
        ("yes | head -2", "y\ny\nexit code: 0"),
    ],
)
async def test_the_end_is_told_in_words(call, command, words):
    """Silence, missing programs, signals; a closed pipe ends its writer as in any shell."""
    assert text(await call(BASH, command=command)).endswith(words)


async def test_it_runs_bash_in_the_working_folder(call, workspace):
    """With the features that bash has and sh has not."""
    reply = await call(BASH, command='[[ $BASH_VERSION ]] && a=(x y) && echo "${a[1]} $PWD"')
    assert text(reply).splitlines()[0] == f"y {workspace}"


async def test_without_bash_it_falls_back_on_sh(call, context, tmp_path, monkeypatch):
    """A small container may have nothing else."""
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    (bin_folder / "sh").symlink_to("/bin/sh")
    monkeypatch.setattr("alloy_tui.tools.bash._FALLBACK_PATH", str(bin_folder))
    lonely = msgspec.structs.replace(context, environment={"PATH": str(bin_folder)})
    reply = await BASH.run(BASH.prepare({"command": "echo $0"}), lonely)
    assert text(reply).startswith(f"{bin_folder}/sh\n")


async def test_standard_input_is_empty(call):
    """A program that asks gets an end of file instead of waiting for ever."""
    assert text(await call(BASH, command="cat; read x || echo none")) == "none\nexit code: 0"


async def test_there_is_no_terminal_to_ask_on(call):
    """Password prompts fail at once."""
    reply = await call(BASH, command="(echo x > /dev/tty) 2>/dev/null || echo none")
    assert text(reply).startswith("none")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"command": "  \n"}, "command is empty"),
        ({"command": "echo \0"}, "NUL"),
        ({"command": "echo \ud800"}, "surrogate"),
        ({"command": "x", "timeout": 0}, "`timeout` must be"),
        ({"command": "x", "timeout": 601}, "`timeout` must be"),
        ({"command": ["ls"]}, "`command` must be `str`"),
    ],
)
def test_unusable_arguments_are_refused_in_words(arguments, words):
    """Before anything runs."""
    with pytest.raises(ToolError, match=words):
        BASH.prepare(arguments)


async def test_a_working_folder_that_is_gone_is_an_error(call, workspace):
    """Rather than running somewhere else."""
    workspace.rmdir()
    with pytest.raises(ToolError, match="does not exist any more"):
        await call(BASH, command="pwd")


async def test_secrets_are_not_in_the_environment(context):
    """Neither in the command's own nor in that of the process above it."""
    names = ["ANTHROPIC_API_KEY", "gh_token", "AWS_SECRET_ACCESS_KEY", "DB_PASSWORD"]
    names += ["GOOGLE_APPLICATION_CREDENTIALS"]
    environment = {**context.environment, **dict.fromkeys(names, "canary-7f3a"), "PLAIN": "kept"}
    scene = msgspec.structs.replace(context, environment=environment)
    look = "env; cat /proc/self/environ /proc/$PPID/environ 2>/dev/null; cat /proc/$PPID/cmdline"
    shown = text(await BASH.run(BASH.prepare({"command": look}), scene))
    assert "canary-7f3a" not in shown
    assert "PLAIN=kept" in shown


def test_names_that_mean_secrets():
    """Whatever the case, wherever in the name."""
    assert all(is_secret(n) for n in ("OPENAI_API_KEY", "npm_Token", "PGPASSWORD", "X_SECRET_Y"))
    assert not any(is_secret(n) for n in ("PATH", "HOME", "LANG", "SSH_AUTH_SOCK", "EDITOR"))


async def test_what_is_not_text_is_made_text(call):
    """Bad bytes replaced; NUL, colours and all but the last state of a progress bar gone."""
    printed = r"printf 'caf\xe9 \0\a nul\n\033[31mred\033[0m\n 1%%\r50%%\r100%%\r\ndone\r\n'"
    reply = await call(BASH, command=printed)
    assert text(reply) == "caf�  nul\nred\n100%\ndone\nexit code: 0"
    json.dumps(text(reply)).encode()


async def test_long_output_keeps_head_and_tail_and_the_whole_in_a_file(call, context):
    """The file is private, named in the result, and readable with `read`."""
    reply = await call(BASH, command="seq 1 20000; exit 3")
    shown, path = text(reply), Path(reply.details["spill_path"])
    assert shown.startswith("1\n2\n3\n")
    assert shown.endswith("19999\n20000\nexit code: 3")
    assert f"characters left out; the whole output is in {path}" in shown
    assert len(shown) < 28_500
    assert reply.details["truncated"]
    assert contents(path) == "".join(f"{n}\n" for n in range(1, 20_001))
    assert path.parent == context.spill_dir
    assert mode(path) == 0o600
    assert mode(path.parent) == 0o700
    part = await call(ReadTool(), file_path=str(path), offset=12_345, limit=1)
    assert " 12345\t12345" in text(part)


async def test_short_output_makes_no_file(call, context):
    """Nothing is left on the disk."""
    await call(BASH, command="seq 1 1000")
    assert not context.spill_dir.exists()


async def test_a_call_id_cannot_lead_the_file_elsewhere(context):
    """Ids come from a service, that is, from outside."""
    scene = msgspec.structs.replace(context, call_id="../../x/../" + "y" * 300)
    reply = await BASH.run(BASH.prepare({"command": "seq 1 20000"}), scene)
    assert Path(reply.details["spill_path"]).parent == context.spill_dir


async def test_a_file_that_cannot_be_written_costs_only_the_middle(context, tmp_path):
    """The command's result matters more; the reason is told."""
    (tmp_path / "file").touch()
    scene = msgspec.structs.replace(context, spill_dir=tmp_path / "file" / "spill")
    reply = await BASH.run(BASH.prepare({"command": "seq 1 20000"}), scene)
    assert "left out; it could not be kept (Not a directory) …]" in text(reply)
    assert text(reply).endswith("20000\nexit code: 0")


async def test_output_is_reported_while_the_command_runs(context, workspace):
    """The command waits for a file that appears only once its first words were seen."""

    def on_progress(words: str, _stream: str) -> None:
        if "ready" in words:
            (workspace / "go").touch()

    scene = msgspec.structs.replace(context, progress=on_progress)
    waiting = "echo ready; while [ ! -e go ]; do sleep 0.01; done; echo went"
    reply = await BASH.run(BASH.prepare({"command": waiting, "timeout": 20}), scene)
    assert text(reply) == "ready\nwent\nexit code: 0"


async def test_a_timeout_brings_what_was_printed_and_the_likely_causes(call):
    """It is an error without an exit code."""
    reply = await call(BASH, command="echo before; sleep 1000", timeout=1.5)
    assert text(reply).startswith("before\ntimed out after 1.5 s:")
    assert "waits for input" in text(reply)
    assert reply.is_error
    assert reply.details["timed_out"]
    assert reply.details["exit_code"] is None


async def test_the_deadline_of_the_request_shortens_the_patience(context):
    """So that the partial output still reaches the model."""
    scene = msgspec.structs.replace(context, deadline=time.monotonic() + 2.9)
    reply = await BASH.run(BASH.prepare({"command": "echo x; sleep 1000"}), scene)
    assert re.match(r"x\ntimed out after 1\.\d+ s", text(reply))


def test_what_a_person_sees_of_a_call():
    """The whole command on one line; always-allow remembers exactly it."""
    prepared = BASH.prepare({"command": "cd x &&\nmake"})
    assert BASH.headline(prepared) == "cd x && ⏎ make"
    assert BASH.rule(prepared) == "cd x &&\nmake"
    assert BASH.access(prepared) == "execute"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become someone else")
async def test_it_works_without_root(context, workspace):
    """Nothing of the supervisor needs a privilege."""
    command = "setpriv --reuid=65534 --regid=65534 --clear-groups id -u"
    reply = await BASH.run(BASH.prepare({"command": command}), context)
    assert text(reply) == "65534\nexit code: 0"
