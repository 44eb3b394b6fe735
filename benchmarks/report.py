"""The newest results, between two marks of the README: tables, lines and plots.

python -m benchmarks report

Results are kept where they were measured; what the README shows goes into
benchmarks/plots/ with the repository.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from benchmarks.keeping import RESULTS

ROOT = Path(__file__).resolve().parents[1]
PLOTS = ROOT / "benchmarks" / "plots"
BEGIN, END = "<!-- benchmarks: written by `make bench` -->", "<!-- end of benchmarks -->"
_PARTS = (
    ("peers", "Beside the peers"),
    ("opening", "Opening a stored session, beside a start without one"),
    ("sessions", "What a session costs against its size"),
    ("crashes", "What sessions survive"),
    ("kills", "The program killed at random moments, beside a model that knows what it was told"),
    ("transcript", "In a long history"),
    ("per_token", "The cost of a token, as its message and the history grow"),
    ("four_agents", "Four agents at once"),
    ("dashboard", "A hundred agents on the dashboard"),
    ("hundred_agents", "A hundred agents that write, in the program itself"),
    ("team_engine", "What a team costs, without a screen"),
    ("workspace", "Following a workspace of 50,000 files"),
    ("fuzz_renderer", "Random text through the renderer"),
    ("decoding", "Answers decoded, beside the services' libraries; ms until delivery"),
    ("fuzz_streams", "Damaged answers through the decoders"),
    ("peers_faults", "Faults of independent servers, survived"),
)


def section(results: Path, plots: Path, root: Path) -> str:
    """What is in the folder `results`, as Markdown, its plots copied to `plots`; "" if nothing."""
    parts: list[str] = []
    for name, title in _PARTS:
        words, plot = results / f"{name}.md", results / f"{name}.svg"
        shown = [words.read_text().strip()] if words.exists() else []
        if plot.exists():
            plots.mkdir(exist_ok=True)
            kept = Path(shutil.copyfile(plot, plots / plot.name))
            shown.append(f"![{title}]({kept.relative_to(root).as_posix()})")
        if shown:
            parts.append("\n\n".join([f"**{title}**", *shown]))
    return "\n\n".join(parts)


def written(readme: str, words: str) -> str:
    """`readme` with `words` between the marks. Raises ValueError without the two marks."""
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"The README has no place for results: {BEGIN} and {END} are missing.")
    return f"{before}{BEGIN}\n\n{words}\n\n{END}{after}"


def main() -> None:
    """Write the README."""
    readme = ROOT / "README.md"
    words = section(RESULTS, PLOTS, ROOT)
    if not words:
        print("there are no results to report")
        return
    readme.write_text(written(readme.read_text(), words))
    print(f"{readme.name} has the newest results")


if __name__ == "__main__":
    main()
