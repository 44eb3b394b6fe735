"""An answer that grew on the screen is what it would have been at once, up to its end."""

from __future__ import annotations

from hypothesis import example, given, settings
from rich.style import Style

from alloy_tui.ui.transcript.blocks import AgentText
from alloy_tui.ui.transcript.look import look_of
from tests.ui.markdown.documents import cut

LOOK = look_of(lambda name: Style(bold=name == "agent"), Style(), 40)


@settings(max_examples=150, deadline=None)
@given(cut())
@example(["a ", "par", "agraph\n\n```py\nx = 1"])
@example(["| a |\n", "|---|\n| b"])
@example(["held back \x1b["])
def test_a_finished_answer_is_what_it_would_have_been_at_once(pieces):
    """The rows that were changed last are all that differ from those before the end."""
    grown = AgentText("", "alloy")
    grown.lay_out(LOOK)
    for piece in pieces:
        grown.append(piece)
    before = list(grown.rows or ())
    first = grown.finish("")
    assert first is not None
    assert grown.rows is not None
    assert grown.rows[:first] == before[:first]
    once = AgentText("".join(pieces), "alloy")
    once.finish("")
    once.lay_out(LOOK)
    assert grown.rows == once.rows


def test_what_is_not_laid_out_or_not_whole_is_drawn_anew():
    """Then there is a row more, or nothing to go on from."""
    unseen = AgentText("x", "alloy")
    assert unseen.finish("") is None
    cut_off = AgentText("x", "alloy")
    cut_off.lay_out(LOOK)
    assert cut_off.finish("cancelled") is None
    cut_off.lay_out(LOOK)
    assert "incomplete: cancelled" in (cut_off.rows or [])[-1].text
