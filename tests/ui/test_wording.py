"""The words for figures and states, and the lines that must fit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.content import Content

from alloy_tui.domain import events as ev
from alloy_tui.domain.usage import TokenUsage
from alloy_tui.runtime.agent_view import AgentView
from alloy_tui.runtime.projection import fold
from alloy_tui.runtime.subjects import subject_of
from alloy_tui.ui import wording
from alloy_tui.ui.commands import COMMANDS, completions, parse, rank
from alloy_tui.ui.stylesheets import stylesheet_folder, stylesheets
from alloy_tui.ui.tool_view import ToolRecord, diff_lines
from alloy_tui.ui.widgets.chrome import pack, spread
from tests.support import feed as fd
from tests.support.feed import Feed


@pytest.mark.parametrize(
    ("ms", "words"),
    [(412, "412 ms"), (12_000, "12 s"), (64_000, "1 m 04"), (7_620_000, "2 h 07")],
)
def test_durations_have_units(ms: int, words: str) -> None:
    assert wording.duration(ms) == words


@pytest.mark.parametrize(
    ("count", "words"),
    [(None, "?"), (0, "0"), (812, "812"), (4210, "4.2k"), (128_000, "128k"), (1_250_000, "1.2M")],
)
def test_token_counts_are_short_and_unknown_is_a_question_mark(
    count: int | None, words: str
) -> None:
    assert wording.tokens(count) == words


@pytest.mark.parametrize(
    ("dollars", "words"),
    [(None, "cost unknown"), (0.0, "$0.00"), (0.001, "< $0.01"), (0.12, "$0.12")],
)
def test_money_is_dollars_or_unknown_and_never_a_false_zero(
    dollars: float | None, words: str
) -> None:
    assert wording.money(dollars) == words


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"command": "FOO=1 /usr/bin/pytest -q"}, "pytest"),
        ({"path": "src/shop/checkout.py"}, "checkout.py"),
        ({"command": ""}, "bash"),
        ({"depth": 3}, ""),
    ],
)
def test_a_call_is_named_by_its_program_or_its_file(
    arguments: dict[str, object], words: str
) -> None:
    assert subject_of("bash", arguments) == words


def test_states_are_said_in_words_with_the_time_they_take() -> None:
    f = Feed()
    view = AgentView()
    for envelope in f(
        fd.started(),
        fd.run("x"),
        fd.turn(),
        fd.tool_started("1", "bash", "pytest -q", command="pytest -q"),
    ):
        view = fold(view, envelope)
    assert wording.state_words(view, fd.START_MS + 12_300) == "running pytest 12 s"
    error = ev.ErrorInfo(kind="rate_limited", message="x")
    for envelope in f(fd.tool_done("1", "bash", "x"), ev.RetryScheduled(1, 4, 8.0, error)):
        view = fold(view, envelope)
    assert wording.state_words(view, fd.START_MS + 500) == "rate-limited, again in 8 s"
    assert wording.state_words(view, fd.START_MS + 9000) == "rate-limited, asking again"


_PIECES = st.lists(st.text("ab漢 ", min_size=1, max_size=30).map(Content), max_size=6)


@given(_PIECES, _PIECES, st.integers(10, 200))
def test_a_bar_is_never_wider_than_its_line(
    left: list[Content], right: list[Content], width: int
) -> None:
    assert spread(left, right, width).cell_length <= width


@given(_PIECES, st.integers(10, 200))
def test_packed_pieces_keep_to_the_width(pieces: list[Content], width: int) -> None:
    for line in pack(pieces, width).split("\n"):
        assert line.cell_length <= width


def test_commands_are_told_from_messages() -> None:
    assert parse("/model a/b") == ("model", "a/b")
    assert parse("/MODEL") == ("model", "")
    assert parse("/etc/hosts") is None
    assert parse("/two\nlines") is None
    assert parse("plain") is None


def test_completion_ranks_and_leaves_out_what_cannot_match() -> None:
    assert [c.label for c in completions("/us", list)] == ["/usage"]
    assert len(completions("/", list)) == len(COMMANDS)
    assert next(c.insert for c in completions("/approve e", list)) == "/approve edits"
    assert completions("/usage x", list) == []
    assert rank("zzz", ["abc"]) == []


def test_models_are_asked_for_only_when_one_is_wanted() -> None:
    def models() -> list[str]:
        raise AssertionError("asked for models")

    assert completions("/us", models)
    with pytest.raises(AssertionError, match="asked"):
        completions("/model x", models)


def test_the_sheets_are_found_and_the_general_one_comes_first() -> None:
    sheets = [str(sheet) for sheet in stylesheets()]
    assert sheets[0].endswith("app.tcss")
    assert len(sheets) == len(list(stylesheet_folder().glob("*.tcss")))


def test_a_large_change_is_shown_whole_without_being_compared() -> None:
    lines = diff_lines({"old_string": "a\n" * 40_000, "new_string": "b\n" * 2}, None)
    assert [kind for kind, _ in lines].count("remove") == 40_000


def test_live_output_is_cleaned_across_pieces_and_bounded() -> None:
    record = ToolRecord("1", "bash")
    assert record.take_output("a\x1b]0;tit") + record.take_output("le\x07b") == "ab"
    for _ in range(50):
        record.take_output("x" * 100_000)
    assert len(record.output) <= 4_000_000
    assert record.dropped > 0


def test_money_behind_which_tokens_are_unknown_is_a_lower_bound() -> None:
    assert wording.money(0.123, at_least=True) == "≥ $0.12"
    assert wording.money(None, at_least=True) == "cost unknown"


@pytest.mark.parametrize(
    ("cost", "known", "partial", "words"),
    [
        (0.5, 0.5, False, "$0.50"),
        (None, 0.5, False, "≥ $0.50"),
        (None, None, False, "cost unknown"),
        (0.5, 0.5, True, "≥ $0.50"),
        (0.0, 0.0, False, "$0.00"),
    ],
)
def test_a_cost_of_which_only_some_is_known_is_a_lower_bound(
    cost: float | None, known: float | None, partial: bool, words: str
) -> None:
    """Neither unknown as a whole nor passed off as all of it."""
    usage = TokenUsage(1, output=1, partial=partial)
    assert wording.money_of(AgentView(usage=usage, cost=cost, cost_known=known)) == words


def test_a_command_of_the_users_own_is_told_of_while_the_agent_does_nothing() -> None:
    f = Feed()
    view = AgentView()
    events = [fd.started(), fd.tool_started("own-1", "!", "make test", command="make test")]
    for envelope in f(*events):
        view = fold(view, envelope)
    assert wording.state_words(view, fd.START_MS + 12_000) == "running make 12 s"
    for envelope in f(fd.tool_done("own-1", "!", "ok")):
        view = fold(view, envelope)
    assert wording.state_words(view, fd.START_MS + 13_000) == "ready"
