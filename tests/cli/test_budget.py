"""A budget where nobody can be asked: it stops, with words and an exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from alloy_tui.domain import events as ev
from tests.cli.support import alloy, envelopes


@pytest.fixture
def priced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A script whose answers cost more than a cent each."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "priced.json"
    reply = {"text": "Hello.", "usage": {"input": 1000, "output": 10}}
    path.write_text(json.dumps({"price": {"input": 100.0, "output": 400.0}, "replies": [reply]}))
    return f"scripted/{path}"


def test_a_script_stops_before_the_request_that_would_go_beyond(priced: str) -> None:
    """Nothing is sent; the words say what was spent, what was coming, and what to do."""
    assert alloy("config", "set", "budget.session_usd", "0.001").returncode == 0
    done = alloy("run", "-p", "hi", "--model", priced)
    assert done.returncode == 3
    assert done.stdout == ""
    assert "Stopped at the budget of this session: $0.00 of $0.0010 are spent" in done.stderr
    assert "Nobody is here to be asked" in done.stderr
    assert "alloy config set budget.session_usd" in done.stderr
    assert "middleware" not in done.stderr
    assert "requests that came: 0" in done.stderr


def test_its_events_say_what_is_spent_and_what_would_be(priced: str) -> None:
    """One `budget_reached`, one question that policy denied, and the run is halted."""
    assert alloy("config", "set", "budget.day_tokens", "10").returncode == 0
    done = alloy("run", "-p", "hi", "--json", "--model", priced)
    assert done.returncode == 3
    events = [each.event for each in envelopes(done.stdout)]
    (reached,) = [e for e in events if isinstance(e, ev.BudgetReached)]
    assert (reached.spent, reached.limit, reached.unit, reached.span) == (0, 10, "tokens", "day")
    (answered,) = [e for e in events if isinstance(e, ev.ApprovalAnswered)]
    assert (answered.decision, answered.by) == ("deny", "policy")
    assert isinstance(events[-1], ev.RunFinished)
    assert events[-1].status == "halted"


def test_a_request_that_fits_is_sent(priced: str) -> None:
    """A limit far off changes nothing."""
    assert alloy("config", "set", "budget.session_usd", "100").returncode == 0
    done = alloy("run", "-p", "hi", "--model", priced)
    assert (done.returncode, done.stdout) == (0, "Hello.\n")
