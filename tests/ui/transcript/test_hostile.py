"""Nothing that others wrote reaches the terminal as more than text."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console
from rich.style import Style

from alloy_tui.ui.transcript.blocks import AgentText, Block, UserText
from alloy_tui.ui.transcript.cards import Thinking, ToolCard
from alloy_tui.ui.transcript.document import Document
from alloy_tui.ui.transcript.look import look_of
from alloy_tui.ui.transcript.notes import Marker, Notice
from alloy_tui.ui.transcript.specs import ToolBlock

CORPUS = Path(__file__).resolve().parents[4] / "shared" / "corpora" / "terminal_escapes.json"


def every_kind(text: str) -> list[Block]:
    """The text in every place where others' words are shown."""
    thinking = Thinking(text, "alloy", None)
    thinking.expanded = True
    done = ToolCard(ToolBlock(text, text, "done", text, result=text))
    done.expanded = True
    live = ToolCard(ToolBlock("bash", state="running"))
    grown = AgentText("", "alloy")
    for char in text:
        live.append_output(char)
        grown.append(char)
    diff = ToolCard(ToolBlock("edit", diff=f"@@ -1 +1 @@\n-{text}\n+{text}\n {text}\n"))
    failed = ToolCard(ToolBlock("bash", state="error", result=text))
    grown.finish(text)
    return [
        UserText(text, text, text), AgentText(text, "alloy"), grown, thinking, done, live, diff,
        failed, Notice(text, "error"), Marker(text),
    ]  # fmt: skip


def drawn(text: str, width: int) -> Document:
    document = Document()
    document.look = look_of(lambda _: Style(), Style(), width)
    for block in every_kind(text):
        document.ensure(document.add(block))
    return document


def cases() -> list[pytest.param]:
    if not CORPUS.is_file():
        return [pytest.param({}, marks=pytest.mark.skip(reason="the shared corpora are not here"))]
    found = json.loads(CORPUS.read_text())["cases"]
    return [pytest.param(case, id=case["id"]) for case in found]


@pytest.mark.corpus
@pytest.mark.parametrize("case", cases())
def test_no_forbidden_bytes_are_drawn(case):
    """Whatever the kind of block, the bytes of a frame hold nothing of the sequence."""
    payload = base64.b64decode(case["payload_b64"]).decode("utf-8", "surrogateescape")
    console = Console(color_system=None, force_terminal=True, width=80)
    document = drawn(payload, 80)
    for block in document.blocks:
        for row in block.rows or ():
            sent = row.make_strip().render(console).encode("utf-8", "surrogateescape")
            for forbidden in case["must_not_reach_terminal_b64"]:
                assert base64.b64decode(forbidden) not in sent


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=60), st.integers(1, 60))
def test_rows_of_every_kind_are_exact(text, width):
    """No text makes any kind of block draw a row of another width."""
    for block in drawn(text, width).blocks:
        for row in block.rows or ():
            assert sum(cell_len(segment.text) for segment in row) == width


def test_markup_is_text():
    """Brackets are brackets: no action, no error."""
    document = drawn("[@click=app.quit]x[/] list[int] [/bold]", 60)
    for block in document.blocks[:2]:
        assert any("[@click=app.quit]x[/] list[int]" in row.text for row in block.rows or ())
        for row in block.rows or ():
            assert all(not (s.style and s.style.meta) for s in row)
