"""The real program, killed; `python -m benchmarks kills` does it a thousand times."""

from __future__ import annotations

import random
from pathlib import Path

from tests.sessions.real_program import kill_program


def test_no_message_that_a_model_was_sent_is_lost_to_a_kill(tmp_path: Path) -> None:
    """20 kills while it starts, is typed into, streams, and runs a tool."""
    toll = kill_program(tmp_path, 20, random.Random(20), longest_s=2.0)
    assert toll.kills + toll.ended == 20
    assert toll.acknowledged
