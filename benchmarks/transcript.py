"""What the transcript costs: per token as a message grows, and to load and use a long history.

    python benchmarks/transcript.py            about half a minute
    python benchmarks/transcript.py --quick    a few seconds

Headless: layout and frames are made, no terminal is written to. CPU times.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from textual.app import App, ComposeResult

from alloy_tui.ui.markdown.page import Page
from alloy_tui.ui.markdown.palette import Palette
from alloy_tui.ui.markdown.stream import MarkdownStream, render
from alloy_tui.ui.transcript import AgentBlock, ToolBlock, Transcript, UserBlock
from benchmarks.keeping import keep

PROSE = "The inner `round` is applied **before** the sum, see [the docs](https://example.org). "
ANSWER = (
    f"## Finding\n\n{PROSE * 2}\n\n- first point with some words\n- second point\n  - nested\n\n"
    "```python\ndef total(xs):\n    # once\n    return round(sum(xs), 2)\n```\n\n"
    f"| file | lines |\n|---|--:|\n| cart.py | 12 |\n\n{PROSE}\n\n"
)
KINDS = {
    "mixed answer": ANSWER,
    "one paragraph": PROSE,
    "one list": f"- {PROSE}\n",
    "one code block": "x = total(rows)  # a line of code\n",
    "one table": "| cell one | cell two | cell three |\n",
}
SHOWN = {
    "load": "add all of it and show its end",
    "page up": "PageUp",
    "home": "to its beginning",
    "search miss": "a search that finds nothing",
    "new width": "resize to another width",
    "RSS +MB": "memory, MB more",
}
HEADS = {
    "one code block": "```python\n",
    "one table": "| cell one | cell two | cell three |\n|---|---|---|\n",
}


class Stage(App[None]):
    CSS_PATH = str(Path(__file__).resolve().parents[1] / "styles" / "transcript.tcss")

    def compose(self) -> ComposeResult:
        yield Transcript()


def timed(work: Callable[[], object], times: int = 1) -> float:
    """Median CPU milliseconds of one call."""
    found: list[float] = []
    for _ in range(times):
        start = time.process_time()
        work()
        found.append((time.process_time() - start) * 1000)
    return statistics.median(found)


def per_token(kind: str, sizes: list[int]) -> list[float]:
    """Microseconds per 4-character token, fed one at a time, at message sizes in tokens."""
    unit = KINDS[kind]
    stream = MarkdownStream(Page(100, Palette(), 2, 1))
    stream.feed(HEADS.get(kind, ""))
    found: list[float] = []
    fed, tokens = 0, 400
    for size in sizes:
        text = (unit * (max(0, size - fed) * 4 // len(unit) + 1))[: max(0, size - fed) * 4]
        stream.feed(text)
        stream.update()
        fed = size
        body = (unit * (tokens * 4 // len(unit) + 2))[: tokens * 4]
        start = time.process_time()
        for at in range(0, len(body), 4):
            stream.feed(body[at : at + 4])
            stream.update()
        found.append((time.process_time() - start) * 1e6 / tokens)
        fed += tokens
    return found


def row_bytes() -> float:
    """Bytes that a laid-out row holds, at 100 columns."""
    blocks = [ANSWER + f"paragraph {number}\n" for number in range(100)]
    render(blocks[0], Page(100, Palette(), 2, 1))
    tracemalloc.start()
    rows = [render(text, Page(100, Palette(), 2, 1)) for text in blocks]
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return held / sum(map(len, rows))


async def history(count: int) -> dict[str, float]:
    """Milliseconds for what one does with a conversation of `count` messages."""
    app = Stage()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        transcript = app.query_one(Transcript)
        tool = ToolBlock("bash", "pytest -q", "done", result="line\n" * 20)
        turn = (UserBlock(f"a question: {PROSE}"), tool, AgentBlock(ANSWER))
        specs = [turn[number % 3] for number in range(count)]
        region = transcript.size.region
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        found = {"load": timed(lambda: (transcript.add(*specs), transcript.render_lines(region)))}

        def page() -> None:
            transcript.action_page(-1)
            transcript.render_lines(region)

        found["page up"] = timed(page, 60)
        found["home"] = timed(lambda: (transcript.action_home(), transcript.render_lines(region)))
        transcript.scroll_to_end()
        found["search miss"] = timed(lambda: transcript.find_text("no such words"), 3)
        transcript.find_text("")
        found["new width"] = timed(
            lambda: (transcript.restyle(), transcript.render_lines(region)), 3
        )
        answer = transcript.add(AgentBlock())
        words = [word + " " for word in (ANSWER * 4).split(" ")]

        def stream() -> None:
            for word in words:
                transcript.append_text(answer, word)
            transcript.render_lines(region)

        found["delta"] = timed(stream) / len(words)
        found["RSS +MB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - memory
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    sizes = [100, 2_000] if quick else [100, 1_000, 5_000, 20_000]
    print("µs per token, one delta each, at message length in tokens")
    print(f"{'':16}" + "".join(f"{size:>9,}" for size in sizes))
    for kind in KINDS:
        print(f"{kind:16}" + "".join(f"{cost:9.0f}" for cost in per_token(kind, sizes)))
    text = ANSWER * (20 if quick else 200)

    def once() -> None:
        stream = MarkdownStream(Page(100, Palette(), 2, 1))
        stream.feed(text)
        stream.finish()
        stream.update()

    cost = timed(once)
    print(f"\nwhole text at once: {len(text) / 1000 / cost:.2f} MB/s ({len(text) / 1000:.0f} kB)")
    print(f"one laid-out row: {row_bytes():.0f} bytes")
    counts = [1_000] if quick else [1_000, 10_000]
    tables = [asyncio.run(history(count)) for count in counts]
    print("\nms in a history of messages" + "".join(f"{count:>10,}" for count in counts))
    for name in tables[0]:
        print(f"{name:27}" + "".join(f"{table[name]:10.2f}" for table in tables))
    if not quick:
        _keep(counts, tables)


def _keep(counts: list[int], tables: list[dict[str, float]]) -> None:
    head = "| CPU ms in a history of messages | " + " | ".join(f"{n:,}" for n in counts)
    rows = [
        f"| {words} | " + " | ".join(f"{table[name]:.1f}" for table in tables) + " |"
        for name, words in SHOWN.items()
    ]
    keep("transcript", "\n".join([f"{head} |", "|---" + "|--:" * len(counts) + "|", *rows]))


if __name__ == "__main__":
    main()
