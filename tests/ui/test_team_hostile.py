"""The whole corpus of hostile texts through everything that a dashboard shows of others."""

from __future__ import annotations

import re
import unicodedata

import pytest
from msgspec.structs import replace

from alloy_tui.domain.sanitise import clean_line
from alloy_tui.domain.team_values import Collision, Lease, Mail, Shared, TeamTask
from alloy_tui.runtime.team_port import AgentRow, Delegation, TeamFile, TeamView
from alloy_tui.runtime.team_port import Span as TimeSpan
from alloy_tui.ui import team_items
from alloy_tui.ui.markdown.cells import clip, span_width
from alloy_tui.ui.screens.choice import Choice
from alloy_tui.ui.team_bars import TABS
from tests.program.hostile import needs_corpus, payloads
from tests.support.fake_team import asked, view
from tests.support.feed import START_MS
from tests.support.stage import Stage, screen_text
from tests.support.team_stage import dashboard

pytestmark = [pytest.mark.anyio, pytest.mark.corpus, needs_corpus]
SIZES = [(120, 36), (60, 15)]
ANCHOR = re.compile(r"\x1b\[\d+G|\x1b(\[\d*)?$", re.MULTILINE)
"""Where a cell is pinned to its column; at the end of a row it may be cut."""
MARKUP = ("[bold]x[/]", "[/]", "[@click=app.quit]q[/]", "[red", "\\[x]", "$error", "{x}", "%s")


def texts() -> list[str]:
    """Every case as text, and what could be taken for markup."""
    return [*(payload.text for payload in payloads()), *MARKUP]


def team() -> TeamView:
    """An agent, a letter, a task and all the rest of each text; every third agent asks."""
    given = [(f"{text}{number}", text) for number, text in enumerate(texts())]
    rows: list[AgentRow] = []
    for number, (name, text) in enumerate(given):
        state = ("waiting_approval", "tool", "failed")[number % 3]
        questions = (asked(name, f"q{number}", text),) if not number % 3 else ()
        facts = view(state, request_id="r", approvals=questions, model=text)
        row = AgentRow(name, facts, role=text, activity=text, tail=text, prompt=text)
        rows.append(replace(row, cause=text, worktree=text, parent=given[number // 2][0]))
    return TeamView(
        name=given[0][1],
        rows=tuple(rows),
        tasks=tuple(TeamTask(n, t, "claimed", t, (t,), t, t, t) for n, t in given),
        mail=tuple(Mail(n, t, (t,), t, START_MS) for n, t in given),
        shared=tuple(Shared(n, t, 1, t, START_MS) for n, t in given),
        leases=tuple(Lease(n, t, START_MS) for n, t in given),
        collisions=tuple(Collision(n, t, t, START_MS) for n, t in given),
        delegations=tuple(
            Delegation(n, t, n, t, "delegate", 1, START_MS, brought=t) for n, t in given
        ),
        gave_up=given[1][1],
    )


def assert_whole(stage: Stage, size: tuple[int, int], where: str) -> None:
    """Every row as wide as the screen, and nothing on it that the sanitiser would still change."""
    strips = stage.app.screen._compositor.render_strips(stage.app.size)
    assert {strip.cell_length for strip in strips} == {size[0]}, where
    rows = ANCHOR.sub("", screen_text(stage.app)).split("\n")
    assert len(rows) == size[1], where
    for row in rows:
        assert not [c for c in row if unicodedata.category(c) in {"Cc", "Cs"}], (where, row)
        assert clean_line(row, limit=10_000) == " ".join(row.split()), (where, row)


@pytest.mark.parametrize("size", SIZES)
async def test_no_hostile_text_breaks_the_dashboard(size: tuple[int, int]) -> None:
    stage = Stage()
    async with stage.app.run_test(size=size) as pilot:
        page = await dashboard(stage, pilot, team())
        stage.port.team.took = tuple(
            TimeSpan(row.name, "tool", text, START_MS, START_MS + 4_000, True)
            for row, text in zip(page.team.rows, texts(), strict=True)
        )
        page.peek.display = True
        for tab in TABS:
            page.show_tab(tab)
            await pilot.pause()
            window = page.window
            for at in range(0, window.count, max(1, window.size.height - 1)):
                window.cursor = at
                await pilot.pause()
                assert_whole(stage, size, f"{tab} {at}")
            width = window.size.width
            for place in range(window.count):
                assert span_width(clip(window.spans(place, width), width)) <= width, (tab, place)


async def test_no_hostile_text_breaks_the_peek_of_anybody() -> None:
    shown = team()
    for row in shown.rows:
        for item in team_items.peek(shown, row):
            words = item[1] if isinstance(item, tuple) else ""
            assert not [c for c in words if unicodedata.category(c) in {"Cc", "Cs"}], row.name
            assert clean_line(words, limit=100_000) == " ".join(words.split()), row.name


@pytest.mark.parametrize("size", SIZES)
async def test_no_name_of_a_team_file_breaks_the_list_of_teams(size: tuple[int, int]) -> None:
    stage = Stage()
    async with stage.app.run_test(size=size) as pilot:
        await dashboard(stage, pilot)
        stage.port.team.there = tuple(
            TeamFile(f"{text}{number}", f"/{number}", (text, text), text * (number % 2))
            for number, text in enumerate(texts())
        )
        await pilot.press("o")
        await pilot.pause()
        assert isinstance(stage.app.screen, Choice)
        for _ in range(len(texts()) // 8):
            assert_whole(stage, size, "files")
            await pilot.press("pagedown")
            await pilot.pause()
