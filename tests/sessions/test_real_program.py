"""The real program, killed; `python -m benchmarks kills` does it a thousand times."""

from __future__ import annotations

import random
from pathlib import Path

from tests.sessions.real_program import kill_program
from tests.sessions.real_program_files import kill_going_back


def test_no_message_that_a_model_was_sent_is_lost_to_a_kill(tmp_path: Path) -> None:
    """20 kills while it starts, is typed into, streams, and runs a tool."""
    longest_s = 2.0
    toll = kill_program(tmp_path, 20, random.Random(20), longest_s=longest_s)
    while not toll.acknowledged and longest_s < 60:  # so busy a machine needs longer lives
        longest_s *= 3
        toll = kill_program(tmp_path / str(longest_s), 20, random.Random(20), longest_s=longest_s)
    assert toll.kills + toll.ended == 20
    assert toll.acknowledged


def test_files_that_go_back_are_of_one_state_or_the_other_after_a_kill(tmp_path: Path) -> None:
    """3 kills, and the next starts; `python -m benchmarks kills` does it a hundred times."""
    assert kill_going_back(tmp_path, 3, random.Random(5)).kills == 3
