"""What a token costs on the screen, against the length of its message and of the history.

    python -m benchmarks per_token [--quick]

Headless: tokens go through the transcript as the pump hands them over, and the
visible rows are drawn each time; no terminal is written to. CPU microseconds a token; the
lines of the plot should be flat.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import time

from alloy_tui.ui.transcript import AgentBlock, Transcript, UserBlock
from benchmarks.keeping import RESULTS, keep
from benchmarks.plot import lines
from benchmarks.transcript import ANSWER, Stage

TOKENS = 2000
BATCH = 7  # 200 tokens a second at 30 frames


async def _cost(before: int, history: int) -> float:
    """CPU µs a token, the next `TOKENS` after `before` in one message, over `history` others."""
    app = Stage()
    async with app.run_test(size=(120, 40)) as pilot:
        transcript = app.query_one(Transcript)
        kinds = (AgentBlock, UserBlock)
        transcript.add(*(kinds[n % 2](f"Message {n}. {ANSWER}") for n in range(history)))
        answer = transcript.add(AgentBlock())
        words = [f"{word} " for word in ANSWER.split(" ")]
        text = itertools.cycle(words)
        transcript.append_text(answer, "".join(itertools.islice(text, before)))
        await pilot.pause()
        began = time.process_time()
        for _ in range(TOKENS // BATCH):
            transcript.append_text(answer, "".join(itertools.islice(text, BATCH)))
            transcript.render_lines(transcript.size.region)
        await pilot.pause()
        return (time.process_time() - began) / TOKENS * 1e6


def main() -> None:
    """Print the table and write the plot."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks per_token")
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    steps = [100, 1_000, 10_000] if quick else [100, 1_000, 10_000, 50_000]
    by_message = [(float(n), asyncio.run(_cost(n, 0))) for n in steps]
    by_history = [(float(n), asyncio.run(_cost(0, n))) for n in steps]
    print(f"{'length':>10}{'of the message':>18}{'of the history':>18}   CPU µs a token")
    for (n, message), (_, history) in zip(by_message, by_history, strict=True):
        print(f"{n:10,.0f}{message:18.1f}{history:18.1f}")
    keep(
        "per_token",
        "| length | a token of that message, CPU µs | over that history, CPU µs |\n|--:|--:|--:|\n"
        + "\n".join(
            f"| {n:,.0f} | {message:.0f} | {history:.0f} |"
            for (n, message), (_, history) in zip(by_message, by_history, strict=True)
        ),
    )
    (RESULTS / "per_token.svg").write_text(
        lines(
            "Cost of a token on the screen",
            "tokens before it in its message, or messages before it",
            "CPU µs",
            [("of the message", by_message), ("of the history", by_history)],
        )
    )


if __name__ == "__main__":
    main()
