"""Whatever the engine says, in whatever field: every screen shows it clean, and as no markup.

The values are made from the types, so that a new field is hostile here without anybody
remembering to make it so. `Disarm.met` proves that each was cleaned where it is shown.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any, get_args

import pytest
from msgspec.structs import replace
from textual.pilot import Pilot

from alloy_tui.domain import events as ev
from alloy_tui.domain.messages import ChatMessage, ToolCallBlock, ToolResultBlock
from alloy_tui.runtime.branch_values import ComparisonView, Racer, RewindPreview
from alloy_tui.runtime.library_port import FoundMessage, SessionRow
from alloy_tui.runtime.model_port import ModelRow, SpentView
from alloy_tui.runtime.path_values import PathItem, PathPage, TreeNode
from alloy_tui.runtime.port import GitState, ModelChoice, UsageView
from alloy_tui.ui.drafts import Draft
from alloy_tui.ui.history import PromptHistory
from tests.support import feed as fd
from tests.support.hostile_values import HOSTILE, hostile, variants
from tests.support.stage import Stage, screen_text

pytestmark = pytest.mark.anyio
SIZES = [(120, 40), (60, 15)]
TOOLS = ("bash", "read", "write", "edit", "budget", "!", HOSTILE)
ARGUMENTS: dict[str, Any] = dict.fromkeys(
    ("command", "file_path", "path", "content", "old_string", "new_string", HOSTILE), HOSTILE
)
_ANCHOR = re.compile(r"\x1b\[\d+G|\x1b(\[\d*)?$", re.MULTILINE)


def assert_clean(stage: Stage, where: str) -> None:
    rows = _ANCHOR.sub("", screen_text(stage.app)).split("\n")
    assert stage.app.disarm.met == 0, where
    for row in rows:
        assert not [c for c in row if unicodedata.category(c) in {"Cc", "Cs"}], (where, row)
        assert not taken_for_markup(row), (where, row)


def taken_for_markup(row: str) -> bool:
    """Whether the brackets are gone from before a word that does not begin its row."""
    before = [row[: match.start()] for match in re.finditer("QZ", row)]
    return any(re.search(r"\w", part) and not part.endswith(("]", "…")) for part in before)


async def seen(stage: Stage, pilot: Pilot[Any], where: str) -> None:
    await pilot.pause()
    await pilot.pause()
    assert_clean(stage, where)


def conversation() -> list[ev.EngineEvent]:
    """One of each kind of event, calls by known tools and unknown ones, and a question."""
    told: list[ev.EngineEvent] = [
        fd.started(HOSTILE),
        hostile(ev.RunStarted),
        hostile(ev.TurnStarted),
    ]
    for number, name in enumerate(TOOLS):
        call = f"c{number}"
        told += [
            ev.ToolCallStarted(call, name),
            ev.ToolArgumentsDelta(call, HOSTILE),
            ev.ToolCallReady(call, name, ARGUMENTS, None if number % 2 else HOSTILE),
            ev.ToolStarted(call, name, ARGUMENTS, HOSTILE),
            ev.ToolOutput(call, HOSTILE),
            replace(hostile(ev.ToolFinished), id=call, name=name, is_error=bool(number % 2)),
        ]
    return told


def every_event() -> list[ev.EngineEvent]:
    """Every event there is, in each of its ways; those that go away last."""
    gone = (ev.HistoryReset, ev.SessionOpened, ev.LeafMoved)
    kinds = sorted(get_args(ev.EngineEvent), key=lambda kind: kind in gone)
    return [event for kind in kinds for event in variants(kind)]


@pytest.mark.parametrize("size", SIZES)
async def test_every_event_of_the_engine(size: tuple[int, int]) -> None:
    stage = Stage()
    async with stage.app.run_test(size=size, notifications=True) as pilot:
        for event in (*conversation(), *every_event()):
            await stage.play(pilot, event)
            assert_clean(stage, type(event).__name__)
            await pilot.press("end")


@pytest.mark.parametrize("name", TOOLS)
@pytest.mark.parametrize("size", SIZES)
async def test_a_tool_at_work_a_question_and_the_pane(name: str, size: tuple[int, int]) -> None:
    stage = Stage()
    async with stage.app.run_test(size=size, notifications=True) as pilot:
        begun = ev.ToolStarted("c", name, ARGUMENTS, HOSTILE)
        asked = ev.ApprovalRequested("q", "c", name, ARGUMENTS, HOSTILE, HOSTILE, HOSTILE)
        await stage.play(pilot, fd.started(HOSTILE), fd.run(HOSTILE), fd.turn(HOSTILE), begun)
        await seen(stage, pilot, "running")
        await stage.play(
            pilot, ev.ToolOutput("c", HOSTILE), ev.ToolOutput("c", "\x1b[2J\x9b", "stderr")
        )
        await stage.play(pilot, asked)
        for key in ("alt+d", "pagedown", "alt+e", "escape", "ctrl+o"):
            await pilot.press(key)
            await seen(stage, pilot, f"asked {key}")
        await stage.play(pilot, replace(hostile(ev.ToolFinished), id="c", name=name))
        for key in ("1", "2", "3", "4", "5"):
            await pilot.press(f"alt+{key}")
            await seen(stage, pilot, f"tab {key}")
        await pilot.press("f6", "up", "enter", "o", "s", "t")
        await seen(stage, pilot, "unfolded")


async def test_all_that_stands_in_the_bars_and_pages() -> None:
    for choice in variants(ModelChoice):
        stage = Stage(choice=choice)
        port = stage.port
        port.choose(choice, f"/home/{HOSTILE}")
        port.project.git = hostile(GitState)
        port.totals = replace(
            hostile(UsageView),
            by_model={HOSTILE: hostile(UsageView).usage, "b": hostile(UsageView).usage},
        )
        # The spans of limits are words of ours.
        port.providers.figures = replace(hostile(SpentView), limits=())
        port.messages = tuple(variants(ChatMessage))
        async with stage.app.run_test(size=(120, 40), notifications=True) as pilot:
            await seen(stage, pilot, "first look")
            await stage.play(pilot, fd.started(HOSTILE), hostile(ev.UsageUpdated))
            for page in ("help", "usage", "history", "settings"):
                stage.app.open_page(page)
                await seen(stage, pilot, page)
                await pilot.press("escape")
            for argument in ("", HOSTILE):
                for command in (
                    "theme",
                    "effort",
                    "approve",
                    "model",
                    "export",
                    "label",
                    "rename",
                    HOSTILE,
                ):
                    stage.bench.post_message(_invoked(command, argument))
                    await seen(stage, pilot, f"/{command} {argument}")
                    while stage.app.screen is not stage.bench:
                        await pilot.press("escape")
                        await pilot.pause()


def _invoked(name: str, argument: str) -> Any:
    from alloy_tui.ui.messages import CommandInvoked

    return CommandInvoked(name, argument)


@pytest.mark.parametrize("size", SIZES)
async def test_models_and_what_is_completed(size: tuple[int, int]) -> None:
    stage = Stage()
    stage.port.model_names = (f"compat/{HOSTILE}", "compat/other")
    stage.port.providers.rows = variants(ModelRow)
    stage.port.providers.lists = variants(ModelRow)
    stage.port.providers.problems = (HOSTILE,)
    async with stage.app.run_test(size=size, notifications=True) as pilot:
        await stage.type(pilot, "/model comp")
        await seen(stage, pilot, "completions")
        await pilot.press("tab")
        await seen(stage, pilot, "only the name that can be typed is offered")
        assert stage.bench.prompt.text == "/model compat/other"
        await pilot.press("ctrl+u")
        stage.app.open_model_picker()
        for key in ("down", "down", "down", "ctrl+r", "ctrl+k", "escape", "Q", "Z", "enter"):
            await seen(stage, pilot, f"picker, before {key}")
            await pilot.press(key)
        await seen(stage, pilot, "picked")


@pytest.mark.parametrize("key", ["up", "ctrl+r"])
async def test_old_prompts_taken_again(key: str) -> None:
    history = PromptHistory()
    history.append(Draft(f"once {HOSTILE}"))
    stage = Stage(history=history)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await pilot.press(key)
        await seen(stage, pilot, key)
        if key == "ctrl+r":
            await pilot.press("enter")
        await seen(stage, pilot, "in the prompt")
        assert "once" in stage.bench.prompt.text
        assert "QZ" in stage.bench.prompt.text


async def test_a_message_from_elsewhere_to_be_sent_anew() -> None:
    """The words of a session that was brought in from another program."""
    stage = Stage()
    preview = RewindPreview("n", HOSTILE, 2)
    stage.port.tree.previews["n"] = preview
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await stage.play(pilot, fd.started())
        stage.bench.rewind_to("n")
        await pilot.pause()
        await stage.play(pilot, ev.LeafMoved("n", "m"))
        await seen(stage, pilot, "in the prompt")
        assert "QZ" in stage.bench.prompt.text


@pytest.mark.parametrize("size", SIZES)
async def test_sessions_trees_and_what_is_on_their_paths(size: tuple[int, int]) -> None:
    stage = Stage()
    tree, library = stage.port.tree, stage.port.library
    now = stage.feed.now_ms
    nodes = [
        replace(node, id=f"n{n}", parent=f"n{n - 1}" if n else None, hidden=False, at_ms=now)
        for n, node in enumerate(variants(TreeNode))
    ]
    twig = replace(nodes[-1], id="twig", parent="n0")
    tree.state = replace(tree.state, id="s", title=HOSTILE, leaf=nodes[-1].id)
    tree.nodes = [*nodes, twig]
    items = [replace(item, id=f"n{n}") for n, item in enumerate(path_items())]
    tree.path = items
    for preview in variants(RewindPreview):
        tree.previews["n0"] = preview
    tree.comparison = hostile(ComparisonView)
    library.rows = [
        replace(row, id=f"s{n}", deleted_ms=None, updated_ms=now)
        for n, row in enumerate(variants(SessionRow) * 3)
    ]
    library.found = variants(FoundMessage)
    library.peeks = {row.id: PathPage(row.id, None, tuple(items), 0) for row in library.rows}
    async with stage.app.run_test(size=size, notifications=True) as pilot:
        await stage.play(pilot, fd.started(), ev.SessionOpened("s", HOSTILE))
        await seen(stage, pilot, "stored")
        for key in ("f6", "home", "up", "enter", "t", "pageup", "pagedown", "escape"):
            await pilot.press(key)
            await seen(stage, pilot, f"stored {key}")
        await pilot.press("ctrl+t")
        for key in (
            "down",
            "up",
            "f",
            "f",
            "l",
            "escape",
            "n",
            "escape",
            "c",
            "slash",
            "Q",
            "escape",
        ):
            await pilot.press(key)
            await seen(stage, pilot, f"tree {key}")
        for open_page in (
            lambda: stage.bench.compare("n0", "twig"),
            lambda: stage.bench.pick_compare(""),
            lambda: stage.bench.graft("n0", HOSTILE),
            lambda: stage.bench.rewind_to("n0"),
            stage.bench.pick_rewind,
            stage.bench.open_sessions,
            lambda: stage.bench.open_sessions(HOSTILE, found=True),
        ):
            open_page()
            await seen(stage, pilot, "opened")
            for key in ("down", "1", "2", "3", "tab", "left", "r", "space", "Q"):
                await pilot.press(key)
                await seen(stage, pilot, f"page {key}")
            while stage.app.screen is not stage.bench:
                await pilot.press("escape")
                await pilot.pause()


def path_items() -> list[PathItem]:
    """Items of every kind, messages of both sides with every block there is."""
    blocks: tuple[Any, ...] = (
        *(block for message in variants(ChatMessage) for block in message.blocks),
        *(ToolCallBlock(f"c{n}", name, ARGUMENTS) for n, name in enumerate(TOOLS)),
    )
    made: list[PathItem] = []
    for item in variants(PathItem):
        for role in ("user", "assistant"):
            message = ChatMessage(role, blocks, HOSTILE, HOSTILE)
            made.append(replace(item, message=message, siblings=(), details={HOSTILE: HOSTILE}))
    for number, name in enumerate(TOOLS):
        result = replace(hostile(ToolResultBlock), call_id=f"c{number}")
        made.append(replace(made[0], kind="tool_result", message=None, result=result, name=name))
    return made


async def test_a_race_of_models() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(120, 40), notifications=True) as pilot:
        await stage.play(pilot, fd.started())
        stage.bench.race([HOSTILE, f"b{HOSTILE}"])
        await seen(stage, pilot, "asked")
        await stage.type(pilot, "which")
        await pilot.press("enter")
        await seen(stage, pilot, "begun")
        tell = stage.port.tree.tell_race
        assert tell is not None
        racers = [
            replace(racer, agent=f"race-{n}", over=bool(n))
            for n, racer in enumerate((hostile(Racer), hostile(Racer)))
        ]
        tell(tuple(racers))
        await seen(stage, pilot, "they run")
