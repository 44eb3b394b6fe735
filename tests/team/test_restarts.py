"""Which agents stop and start: the strategies as properties over random teams and ends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alloy_tui.team.restarts import Exit, Intensity, Place, due, plan

KINDS = st.sampled_from(["permanent", "transient", "temporary"])
STRATEGIES = st.sampled_from(["one_for_one", "one_for_all", "rest_for_one"])
EXITS = st.sampled_from(["normal", "crashed", "hung", "killed", "gave_up"]).map(Exit)


@st.composite
def places_and_one(draw):
    kinds = draw(st.lists(st.tuples(KINDS, st.booleans()), min_size=1, max_size=8))
    places = [Place(f"a{i}", kind, runs) for i, (kind, runs) in enumerate(kinds)]
    return places, draw(st.sampled_from(places)).name


@pytest.mark.parametrize(
    ("kind", "ended", "again"),
    [
        ("permanent", "normal", True),
        ("permanent", "crashed", True),
        ("transient", "normal", False),
        ("transient", "hung", True),
        ("temporary", "normal", False),
        ("temporary", "killed", False),
    ],
)
def test_the_kind_says_who_is_started_anew(kind, ended, again):
    assert due(kind, Exit(ended)) is again


@given(STRATEGIES, places_and_one(), EXITS)
def test_a_plan_keeps_to_its_strategy(strategy, team, ended):
    places, name = team
    by_name = {p.name: p for p in places}
    order = [p.name for p in places]
    made = plan(strategy, places, name, ended)
    if not due(by_name[name].restart, ended):
        assert made.stop == made.start == ()
        assert made.gone == ((name,) if by_name[name].restart == "temporary" else ())
        return
    touched = {
        "one_for_one": [name],
        "one_for_all": order,
        "rest_for_one": order[order.index(name) :],
    }[strategy]
    expected = [n for n in touched if by_name[n].runs or n == name]
    assert set(made.stop) == set(expected) - {name}
    assert list(made.stop) == sorted(made.stop, key=order.index, reverse=True)
    assert list(made.start) == [n for n in expected if by_name[n].restart != "temporary"]
    assert list(made.gone) == [n for n in expected if by_name[n].restart == "temporary"]


@given(
    st.integers(0, 5),
    st.integers(1, 60),
    st.lists(st.integers(0, 40), max_size=40),
)
def test_no_period_ever_holds_more_restarts_than_borne(most, period_s, gaps):
    intensity, now, borne = Intensity(most, period_s), 0, []
    for gap in gaps:
        now += gap
        if not intensity.bear(now):
            assert len([t for t in borne if t > now - period_s]) >= most
            return
        borne.append(now)
        assert len([t for t in borne if t > now - period_s]) <= most


def test_old_restarts_are_forgiven():
    intensity = Intensity(1, 10)
    assert intensity.bear(0)
    assert intensity.bear(10)
    assert not intensity.bear(15)
