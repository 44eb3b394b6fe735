"""The user's own commands and attachments, through the whole engine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from alloy_tui.domain import events as ev
from alloy_tui.runtime.port import OWN_COMMAND
from tests.runtime.test_tree_port import page, tree

PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)


def told(runtime: Any) -> str:
    return "\n".join(message.text for message in runtime.history())


def test_a_command_is_shown_live_and_told_to_the_model(
    open_runtime: Callable[..., Any], script: Callable[..., str], tmp_path: Path
) -> None:
    (tmp_path / "note.txt").write_text("milk\n")
    runtime, listener = open_runtime(script({"text": "Yes."}))
    made = runtime.project.run_command("cat note.txt; echo $0", private=False)
    begun = listener.until(ev.ToolStarted, id=made)
    assert begun.name == OWN_COMMAND
    assert begun.arguments == {"command": "cat note.txt; echo $0", "private": False}
    assert "milk" in listener.until(ev.ToolOutput, id=made).text
    done = listener.until(ev.ToolFinished, id=made)
    assert (done.is_error, done.details["exit_code"]) == (False, 0)
    assert "$ cat note.txt" in told(runtime)
    assert "milk" in told(runtime)
    assert {e.turn for e in listener.seen if e.request_id == made} == {0}


def test_a_private_command_is_never_told(
    open_runtime: Callable[..., Any], script: Callable[..., str]
) -> None:
    runtime, listener = open_runtime(script({"text": "Yes."}))
    made = runtime.project.run_command("echo pssst", private=True)
    assert listener.until(ev.ToolFinished, id=made).details["private"] is True
    runtime.submit("Hello")
    listener.until(ev.RunFinished)
    assert "pssst" not in told(runtime)


def test_what_the_user_has_in_the_environment_their_command_has_too(
    open_runtime: Callable[..., Any],
    script: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MY_DEPLOY_TOKEN", "t0k3n")
    monkeypatch.setenv("SHELL", "/bin/sh")
    runtime, listener = open_runtime(script({"text": "Yes."}))
    made = runtime.project.run_command("echo $MY_DEPLOY_TOKEN", private=True)
    assert "t0k3n" in listener.until(ev.ToolFinished, id=made).content[0].text


def test_a_stopped_command_keeps_what_it_printed_and_leaves_nothing_running(
    open_runtime: Callable[..., Any], script: Callable[..., str]
) -> None:
    runtime, listener = open_runtime(script({"text": "Yes."}))
    made = runtime.project.run_command("echo begun; sleep 600", private=False)
    listener.until(ev.ToolOutput, id=made)
    runtime.project.stop_command(made)
    done = listener.until(ev.ToolFinished, id=made)
    assert done.details["cancelled"] is True
    assert "begun" in told(runtime)


def test_a_message_waits_for_the_command_whose_output_it_is_about(
    open_runtime: Callable[..., Any], script: Callable[..., str]
) -> None:
    runtime, listener = open_runtime(script({"text": "Yes."}))
    made = runtime.project.run_command("read x < fifo; echo $x", private=False)
    listener.until(ev.ToolFinished, id=made)
    made = runtime.project.run_command("sleep 600", private=False)
    listener.until(ev.ToolStarted, id=made)
    asked = runtime.submit("What does it say?")
    assert listener.until(ev.Queued).text == "What does it say?"
    runtime.project.stop_command(made)
    listener.until(ev.RunFinished)
    order = [type(e.event).__name__ for e in listener.seen if e.request_id in {made, asked}]
    assert order.index("ToolFinished") < order.index("RunStarted")


def test_closing_ends_a_command_that_runs(
    open_runtime: Callable[..., Any], script: Callable[..., str]
) -> None:
    runtime, listener = open_runtime(script({"text": "Yes."}))
    made = runtime.project.run_command("sleep 600", private=True)
    listener.until(ev.ToolStarted, id=made)
    runtime.close()


def test_an_image_goes_with_the_message(
    open_runtime: Callable[..., Any], script: Callable[..., str], tmp_path: Path
) -> None:
    (tmp_path / "shot.png").write_bytes(PNG)
    runtime, listener = open_runtime(script({"text": "Yes."}))
    runtime.submit("See [image: shot.png]", attachments=["shot.png"])
    listener.until(ev.RunFinished)
    image, text = runtime.history()[0].blocks
    assert (image.media_type, image.data) == ("image/png", PNG)
    assert text.text == "See [image: shot.png]"


def test_an_image_that_cannot_be_had_is_said_so_and_nothing_is_sent(
    open_runtime: Callable[..., Any], script: Callable[..., str], tmp_path: Path
) -> None:
    (tmp_path / "words.png").write_text("no image")
    runtime, listener = open_runtime(script({"text": "Yes."}))
    runtime.submit("See", attachments=["words.png"])
    assert "is no PNG" in listener.until(ev.Notice, level="error").text
    assert runtime.history() == ()


def test_a_waiting_message_can_be_moved(
    open_runtime: Callable[..., Any], script: Callable[..., str]
) -> None:
    runtime, listener = open_runtime(script({"text": "A."}, {"text": "B."}))
    command = runtime.project.run_command("sleep 600", private=False)
    listener.until(ev.ToolStarted, id=command)
    runtime.submit("one")
    second = runtime.submit("two")
    listener.until(ev.Queued, text="two")
    runtime.move(second, "prompt", 1)
    listener.until(ev.Queued, text="two", position=1)
    assert [item.text for item in runtime.queued()] == ["two", "one"]
    runtime.project.stop_command(command)
    listener.until(ev.RunStarted, prompt="two")
    listener.until(ev.RunStarted, prompt="one")


def test_after_the_next_start_a_command_is_the_call_that_it_was(
    open_runtime: Callable[..., Any], script: Callable[..., str], tmp_path: Path
) -> None:
    """Whatever its lines are, how it ended and how long it took are known; it was no message."""
    runtime, listener = open_runtime(script({"text": "Yes."}))
    command = "echo one\necho '$ two' >&2; exit 3"
    made = runtime.project.run_command(command, private=False)
    live = listener.until(ev.ToolFinished, id=made)
    runtime.submit("Hello")
    listener.until(ev.RunFinished)
    runtime.close()
    later, again = open_runtime(None, session="latest")
    again.until(ev.AgentStarted)
    item = page(later).items[0]
    assert (item.name, item.details["command"]) == (OWN_COMMAND, command)
    assert (item.result.is_error, item.duration_ms) == (live.is_error, live.duration_ms)
    assert item.result.text == "\n".join(part.text for part in live.content)
    assert item.details["exit_code"] == 3
    assert tree(later).nodes[0].title.startswith("! echo one echo")
