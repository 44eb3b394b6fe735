"""What the benchmark of a hundred agents gives them to say, and what it counts as whole."""

from __future__ import annotations

from pathlib import Path

from alloy_tui.team.spec import read_team
from benchmarks.hundred_agents import words_of, write_team


def test_no_two_agents_have_a_word_in_common() -> None:
    """So an answer that went to the wrong agent is seen."""
    said = [words_of(agent, 40).split() for agent in range(100)]
    assert sum(map(len, said)) == len({word for words in said for word in words}) == 4_000


def test_a_token_is_eight_characters() -> None:
    assert len(words_of(7, 400)) == 8 * 400


def test_the_team_is_one_that_the_program_opens(tmp_path: Path) -> None:
    write_team(tmp_path, 100, 20, 4)
    team = read_team(tmp_path / ".alloy" / "teams" / "hundred.toml")
    assert len(team.members) == team.parallel == 100
    assert all((tmp_path / m.model.partition("/")[2]).exists() for m in team.members)
