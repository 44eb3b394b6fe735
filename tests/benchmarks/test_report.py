"""The report puts what was measured where the README has a place for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.report import BEGIN, END, ROOT, section, written


def test_results_and_plots_stand_between_the_marks(tmp_path: Path) -> None:
    """All else stays, what stood there before goes, and plots come along."""
    results, plots = tmp_path / "results", tmp_path / "plots"
    results.mkdir()
    (results / "per_token.md").write_text("| 1 | 2 |\n")
    (results / "per_token.svg").write_text("<svg/>")
    (results / "four_agents.md").write_text("8 % of a core")
    words = section(results, plots, tmp_path)
    assert words.index("| 1 | 2 |") < words.index("](plots/per_token.svg)") < words.index("8 %")
    assert (plots / "per_token.svg").read_text() == "<svg/>"
    readme = f"above\n{BEGIN}\nold\n{END}\nbelow\n"
    once = written(readme, words)
    assert once == f"above\n{BEGIN}\n\n{words}\n\n{END}\nbelow\n"
    assert written(once, words) == once


def test_nothing_measured_is_nothing_to_say(tmp_path: Path) -> None:
    assert section(tmp_path, tmp_path, tmp_path) == ""


def test_the_readme_has_the_place() -> None:
    """Without the two marks the report says which are missing."""
    assert written((ROOT / "README.md").read_text(), "x")
    with pytest.raises(ValueError, match="missing"):
        written("nothing here", "x")
