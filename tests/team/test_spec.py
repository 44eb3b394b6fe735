"""Teams as people write them: what is read, and the words for what cannot be."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alloy_tui.domain.errors import ConfigError
from alloy_tui.team.spec import MemberSpec, TeamSpec, checked, member_of, parse_team, read_team

WHOLE = """
model = "scripted/x"
strategy = "rest_for_one"
max_restarts = 2
budget_usd = 2.0
shared = { branch = "main" }

[[members]]
name = "researcher"
role = "finds out how things are"
tools = ["read"]
approval_mode = "none"

[[members]]
name = "coder"
restart = "transient"
worktree = true

[[groups]]
name = "makers"
members = ["coder"]
strategy = "one_for_all"
"""


def test_a_file_is_read_and_names_the_team(tmp_path):
    path = tmp_path / "review-crew.toml"
    path.write_text(WHOLE)
    team = read_team(path)
    assert team.name == "review-crew"
    assert [m.name for m in team.members] == ["researcher", "coder"]
    assert team.members[0].tools == ("read",)
    assert team.members[1].restart == "transient"
    assert team.groups[0].members == ("coder",)
    assert team.shared == {"branch": "main"}


@pytest.mark.parametrize(
    ("text", "words", "hint"),
    [
        ("x = 1", "there is no `x`", "There are: name,"),
        ('[[members]]\nname = "a"\nmodle = "x"', "(“a”)", "Did you mean `model`?"),
        ('[[members]]\nrole = "a"', "`members[0]` lacks `name`", None),
        ('[[members]]\nname = "a"\nrestart = "often"', "`members[0].restart`", '"permanent"'),
        ('[[members]]\nname = "a"\ntools = [1]', "`members[0].tools[0]`", "a list of names"),
        ('[[members]]\nname = "a"\nmodel = "/x"', "`model` of “a”", "service/model"),
        ('[[members]]\nname = "a"\n[[members]]\nname = "a"', "two are named “a”", "another name"),
        ('[[members]]\nname = "user"', "nobody can be named “user”", None),
        ('[[members]]\nname = "a b"', "`name` cannot be “a b”", "letters, digits"),
        ('[[members]]\nname = "a"\nbudget_usd = 0', "`budget_usd` of “a”", None),
        ('[[members]]\nname = "a"\nshutdown_s = inf', "`shutdown_s` of “a”", None),
        ('members = ["a"]', "`members[0]` cannot be that", None),
        ("max_depth = 0", "`max_depth` must be at least 1", None),
        ('max_agents = 1\n[[members]]\nname="a"\n[[members]]\nname="b"', "`max_agents`", "= 2"),
        ('[[groups]]\nname = "g"\nmembers = ["a"]', "who is not in the team", None),
        (
            '[[groups]]\nname = "g"\nmembers = ["h"]\n[[groups]]\nname = "h"\nmembers = ["g"]',
            "inside itself",
            None,
        ),
        ("name =", "not valid TOML", None),
    ],
)
def test_what_cannot_be_is_refused_with_file_key_and_what_to_write(text, words, hint):
    with pytest.raises(ConfigError) as caught:
        parse_team(text, "crew.toml")
    assert "crew.toml" in caught.value.message
    assert words in caught.value.message
    if hint is not None:
        assert hint in (caught.value.hint or "")


def test_an_agent_in_two_groups_is_refused():
    text = '[[members]]\nname = "a"\n' + "".join(
        f'[[groups]]\nname = "{g}"\nmembers = ["a"]\n' for g in "gh"
    )
    with pytest.raises(ConfigError, match="in two groups"):
        parse_team(text, "crew.toml")


def test_a_missing_file_is_said(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        read_team(tmp_path / "none.toml")


def test_a_specification_comes_back_from_builtins():
    spec = MemberSpec("coder", role="writes", tools=("read", "edit"), budget_usd=0.5)
    assert member_of(msgspec.to_builtins(spec)) == spec


def test_an_unknown_field_of_an_agent_is_named():
    with pytest.raises(ConfigError, match="there is no `colour`"):
        member_of({"name": "a", "colour": "red"})


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused_in_words(text):
    try:
        team = parse_team(text, "crew.toml")
    except ConfigError as error:
        words = error.message
    else:
        words = "crew.toml" if checked(team) is team else ""
    assert words.startswith("crew.toml")


def test_the_empty_team_is_a_team():
    assert checked(TeamSpec()).members == ()
