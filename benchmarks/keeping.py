"""Where results are kept, and how much else the machine did meanwhile."""

from __future__ import annotations

import os
from pathlib import Path

RESULTS = Path(__file__).parent / "results"


def keep(name: str, words: str) -> None:
    """Keep Markdown as the newest result of the benchmark `name`, with the load average."""
    RESULTS.mkdir(exist_ok=True)
    load = f"(load average {os.getloadavg()[0]:.1f})"
    (RESULTS / f"{name}.md").write_text(f"{words.rstrip()}\n\n{load}\n")
