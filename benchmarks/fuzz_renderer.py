"""Random text through the renderer and the transcript: nothing breaks, the grid holds.

    python benchmarks/fuzz_renderer.py                         100,000 inputs
    python benchmarks/fuzz_renderer.py --count 2000 --seed 7
    python benchmarks/fuzz_renderer.py --seconds 60            as many as fit

Of every input it is asked: no exception; every row exactly as wide as the
page; no control character in a row; the same rows however the text was cut
into pieces. A failing input is printed with its seed and makes the exit code 1.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from rich.cells import cell_len
from rich.style import Style

from alloy_tui.ui.markdown.page import Page
from alloy_tui.ui.markdown.palette import Palette
from alloy_tui.ui.markdown.rows import Row
from alloy_tui.ui.markdown.stream import MarkdownStream
from alloy_tui.ui.transcript.blocks import AgentText, Block
from alloy_tui.ui.transcript.cards import Thinking, ToolCard
from alloy_tui.ui.transcript.document import Document, make_block
from alloy_tui.ui.transcript.look import look_of
from alloy_tui.ui.transcript.specs import (
    AgentBlock,
    BlockSpec,
    ImageBlock,
    MarkerBlock,
    NoticeBlock,
    ThinkingBlock,
    ToolBlock,
    UserBlock,
)
from benchmarks.keeping import keep

COUNT = 100_000
_WIDTHS = (1, 2, 3, 5, 9, 20, 41, 80, 133)
_MARKUP = (
    *("- ", "* ", "+ ", "1. ", "2) ", "999999999. ", "> ", ">", "# ", "###### ", "#", "---", "==="),
    *("```", "~~~", "```py\n", "````", "***", "___", "|", "|---|", "| a | b |\n", "|:-:|--:|\n"),
    *("\n", "\n", "\n\n", "\r\n", "\r", "\t", "  ", "    ", "   ", "*", "**", "_", "~~", "`", "``"),
    *("[", "]", "[a]", "[a]: /u\n", "(x)", "](http://u.v)", "![", "<b>", "<", "<http://a.b>"),
    *("&amp;", "&#27;", "&#x202e;", "\\", "\\|", "[ ] ", "[x] ", "https://a.b/c_d", "$x^2$"),
)
_WORDS = (
    *("text", "word word", "x" * 40, "def f(x): return 'y'", "漢字", "漢" * 30, "e\u0301", "ﬁ"),
    *("👩\u200d👩\u200d👧", "❤\ufe0f", "🇩🇪", "👍🏽", "\u05e9\u05dc\u05d5\u05dd", "\u0627\u0644"),
    *("\u0e01\u0e33", "\u200d", "\ufe0f", "\u0301" * 5, "\u1100\u1161\u11a8", "\ufdfd", "\u3000"),
    *("\xa0", "\xad", "1", ".", "[@click=app.quit]x[/]", "[/b]", "{x}", "%s", "\ufffd"),
    *("\U000e0041", "\U0001f9d1\u200d\U0001f680"),
)
_HOSTILE = (
    *("\x1b", "\x1b[31m", "\x1b[2J", "\x1b]0;t\x07", "\x1b]52;c;QQ==\x1b\\", "\x1bP", "\x9b1m"),
    *("\x9d0;t\x9c", "\x00", "\x07", "\x08", "\x0b", "\x0c", "\x7f", "\x85", "\u2028", "\u202e"),
    *("\u200b", "\ufeff", "\ud800", "\x1b[", "\x1b]8;;http://x\x07l\x1b]8;;\x07"),
)
_CONTROLS = {chr(n) for n in (*range(32), *range(0x7F, 0xA0))} | {"\u202e", "\u200b", "\u2028"}


@dataclass
class Tally:
    """What was run, and the inputs that broke something, shortest first."""

    inputs: int = 0
    rows: int = 0
    broken: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])
    """Seed of the input, and what went wrong."""


def some_text(dice: random.Random) -> str:
    """Markup, words and escapes in a random mixture; now and then any characters at all."""
    if dice.random() < 0.05:
        return "".join(chr(dice.randrange(0x110000)) for _ in range(dice.randint(0, 40)))
    hostile = dice.choice((0.0, 0.0, 0.1, 0.4))
    markup = dice.uniform(0.1, 0.9)
    pieces: list[str] = []
    for _ in range(dice.randint(0, dice.choice((6, 25, 60)))):
        roll = dice.random()
        if roll < hostile:
            pieces.append(dice.choice(_HOSTILE))
        else:
            pieces.append(dice.choice(_MARKUP if dice.random() < markup else _WORDS))
    return "".join(pieces)


def pieces_of(text: str, dice: random.Random) -> Iterator[str]:
    """`text` cut at random places."""
    at = 0
    while at < len(text):
        step = dice.choice((1, 2, 3, 7, 20, 200))
        yield text[at : at + step]
        at += step


def check_rows(rows: list[Row], width: int) -> None:
    """Raise AssertionError for a row that is not exact or holds a control character."""
    for row in rows:
        text = "".join(segment.text for segment in row)
        measured = sum(cell_len(segment.text) for segment in row)
        assert measured == row.cell_length == width, f"{measured} cells, not {width}: {text!r}"
        found = _CONTROLS.intersection(text)
        assert not found, f"{found} in {text!r}"


def check_markdown(text: str, dice: random.Random) -> int:
    """Streamed and at once, open and closed; returns the rows that were looked at."""
    width = dice.choice(_WIDTHS)
    page = Page(width, Palette(), dice.randint(0, 2) if width > 3 else 0)
    stream, once = MarkdownStream(page), MarkdownStream(page)
    for piece in pieces_of(text, dice):
        stream.feed(piece)
        if dice.random() < 0.7:
            stream.update()
    once.feed(text)
    looked = 0
    for finish in (False, True):
        if finish:
            stream.finish()
            once.finish()
        stream.update()
        once.update()
        shown = [*stream.rows, *stream.tail]
        assert shown == [*once.rows, *once.tail], "pieces show something else than the whole"
        check_rows(shown, width)
        looked += len(shown)
    return looked


def some_spec(text: str, dice: random.Random) -> BlockSpec:
    """A block of any kind, with `text` in every place."""
    state = dice.choice(("writing", "ready", "waiting", "running", "done", "error", "denied"))
    diff = "@@ -1,2 +1,2 @@\n" + "\n".join(dice.choice(" +-") + row for row in text.split("\n"))
    return dice.choice((
        UserBlock(text, text), AgentBlock(text, text), ThinkingBlock(text, duration_ms=5),
        ToolBlock(text, text, state, text, result=text, duration_ms=1200),
        ToolBlock("edit", "a.py", "done", diff=dice.choice((diff, text))),
        NoticeBlock(text, dice.choice(("info", "warning", "error"))), MarkerBlock(text),
        ImageBlock(text, text, text.encode("utf-8", "replace")),
    ))  # fmt: skip


def grow(block: Block, text: str, dice: random.Random) -> None:
    """Add `text` to a block that can grow, in pieces, and end it."""
    if isinstance(block, ToolCard):
        for piece in pieces_of(text, dice):
            block.append_output(piece)
    elif isinstance(block, AgentText | Thinking):
        for piece in pieces_of(text, dice):
            block.append(piece)
        if isinstance(block, Thinking):
            block.finish(text, 5)
        else:
            block.finish(text)


def check_transcript(text: str, dice: random.Random) -> int:
    """A few blocks of any kind, grown, opened and resized; returns the rows looked at."""
    document = Document()
    document.restyle(look_of(lambda _: Style(), Style(), dice.choice(_WIDTHS)))
    looked = 0
    for spec in [some_spec(text, dice) for _ in range(dice.randint(1, 3))]:
        block = make_block(spec)
        block.expanded = dice.random() < 0.5
        index = document.add(block)
        document.ensure(index)
        grow(block, text, dice)
        if block.rows is not None:
            document.measured(index)
    for _ in range(2):
        width = dice.choice(_WIDTHS)
        document.restyle(look_of(lambda _: Style(), Style(), width))
        rows = [row for index in range(len(document)) for row in document.ensure(index)]
        check_rows(rows, width)
        assert document.total == len(rows), "heights and rows differ"
        looked += len(rows)
    return looked


def fuzz(count: int, seed: int, seconds: float | None = None, most: int = 5) -> Tally:
    """Run `count` inputs, fewer when `seconds` are over or `most` are broken."""
    tally = Tally()
    end = time.monotonic() + seconds if seconds is not None else float("inf")
    for number in range(seed, seed + count):
        if time.monotonic() > end or len(tally.broken) >= most:
            break
        dice = random.Random(number)
        text = some_text(dice)
        try:
            tally.rows += check_markdown(text, dice) + check_transcript(text, dice)
        except Exception as error:
            tally.broken.append((number, f"{type(error).__name__}: {error}\n  {text!r}"))
        tally.inputs += 1
    return tally


def main() -> int:
    """Run it and print what was found."""
    parser = argparse.ArgumentParser(description="Random text through renderer and transcript.")
    parser.add_argument("--count", type=int, default=COUNT)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float)
    chosen = parser.parse_args(sys.argv[1:] if __name__ == "__main__" else [])
    begun = time.monotonic()
    tally = fuzz(chosen.count, chosen.seed, chosen.seconds)
    for number, words in tally.broken:
        print(f"seed {number}: {words}")
    taken = time.monotonic() - begun
    words = f"{tally.inputs:,} random inputs, {tally.rows:,} rows, {len(tally.broken)} broken"
    print(f"{words}, {taken:.0f} s")
    if tally.inputs >= COUNT:
        keep("fuzz_renderer", f"{words}; every row exactly as wide as its page.")
    return 1 if tally.broken else 0


if __name__ == "__main__":
    sys.exit(main())
