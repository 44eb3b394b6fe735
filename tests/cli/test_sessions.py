"""alloy sessions: looking at what is there, for people and for programs."""

from __future__ import annotations

import json
import os
import pty
import subprocess
from pathlib import Path

import pytest

from alloy_tui.domain.sanitise import clean
from alloy_tui.settings import locate
from tests.cli.session_stage import one, run, stored, two_ways
from tests.cli.support import ALLOY, alloy

Capture = pytest.CaptureFixture[str]


def test_looking_makes_no_store(capsys: Capture) -> None:
    """Where there are no sessions, none are listed, and no folder appears."""
    assert run("list") == 0
    assert capsys.readouterr().out == "There are no sessions yet.\n"
    assert run("show") == 2
    assert "no session yet" in capsys.readouterr().err
    assert not (locate().data / "sessions").exists()


def test_the_list_shows_the_latest_first(capsys: Capture) -> None:
    """With titles, or what was said first where there is none."""
    first, _ = two_ways()
    second = one("An untitled question", cwd="/elsewhere")
    assert run("list") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1:]] == [second, first]
    assert "An untitled question" in lines[1]
    assert "Apples" in lines[2]
    assert "just now" in lines[2]
    assert run("list", "--json", "--limit", "1") == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["id"], row["cwd"]) == (second, "/elsewhere")


def test_the_list_can_be_of_one_folder(
    capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That in which the command runs."""
    one("there", cwd="/elsewhere")
    here = one("here", cwd=str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert run("list", "--here", "--json") == 0
    assert [row["id"] for row in json.loads(capsys.readouterr().out)] == [here]


def test_a_conversation_can_be_read(capsys: Capture) -> None:
    """The current one, or another branch by the id or the label of its message."""
    session, nodes = two_ways()
    assert run("show") == 0
    text = capsys.readouterr().out
    assert "O Boskoop, rough and round." in text
    assert "Weighing" not in text
    assert run("show", session[:-1], "--node", nodes[4]) == 0
    text = capsys.readouterr().out
    assert "→ bash weigh boskoop" in text
    assert "      heavy" in text  # blanks at the beginning of a line mean something
    assert run("show", session, "--node", "numbers", "--json") == 0
    shown = json.loads(capsys.readouterr().out)
    assert [entry["id"] for entry in shown["entries"]] == nodes[:3]


def test_ids_may_be_cut_while_they_are_unique(capsys: Capture) -> None:
    """Else the candidates are named."""
    with stored() as store:
        from tests.sessions.conftest import Talk

        for name in ("aa1", "aa2"):
            Talk.begin(store, name).ask("hello")
    assert run("show", "aa") == 2
    assert "aa1, aa2" in capsys.readouterr().err.replace("aa2, aa1", "aa1, aa2")
    assert run("show", "aa1") == 0
    assert run("show", "nowhere") == 2
    assert "alloy sessions list" in capsys.readouterr().err
    assert run("show", "aa1", "--node", "zz") == 2


def test_a_search_looks_into_every_session(capsys: Capture) -> None:
    """And says where; nothing found is no success."""
    session, nodes = two_ways()
    other = one("Pears are better than apples")
    assert run("search", "boskoop", "--json") == 0
    hits = json.loads(capsys.readouterr().out)
    assert {hit["node"] for hit in hits} == {nodes[1], nodes[3], nodes[6]}
    assert run("search", "pears") == 0
    assert f"{other}:" in capsys.readouterr().out
    assert run("search", "than apples", "--session", session) == 1
    assert capsys.readouterr().out == "Nothing was found.\n"
    assert run("search", "apples than") == 1  # words in one argument stand side by side
    capsys.readouterr()


def test_the_tree_shows_branches_labels_and_where_it_stands(capsys: Capture) -> None:
    """A branch that was left is a step aside; results stay with their answers."""
    _, nodes = two_ways()
    assert run("tree") == 0
    lines = capsys.readouterr().out.splitlines()[1:]
    assert [line.split("  ")[0] for line in lines] == [
        "○ ❯ Which apple is best?",
        "○ m: The Boskoop.",
        "├─ · [numbers] ❯ Prove it with numbers.",
        "│",
        "○ ❯ Prove it with a poem.",
        "● m: O Boskoop, rough and round.",
    ]
    assert "· m: Weighing." in lines[3]
    assert "$0.25" in lines[3]
    assert run("tree", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["leaf"] == nodes[6]
    assert [n["id"] for n in told["nodes"] if n["current"]] == [nodes[n] for n in (0, 1, 5, 6)]
    assert [n["label"] for n in told["nodes"] if n["label"]] == ["numbers"]


def test_commands_of_ones_own_are_told_from_messages(capsys: Capture) -> None:
    from alloy_tui.domain.messages import ChatMessage, TextBlock
    from alloy_tui.sessions.nodes import UserMessage
    from tests.sessions.conftest import Talk

    with stored() as store:
        talk = Talk.begin(store)
        words = ChatMessage("user", (TextBlock("[The user ran …]\n$ make\nok"),), synthetic=True)
        talk.put(UserMessage(words, {"command": "make"}))
        talk.ask("what now?")
    assert run("tree") == 0
    tree = capsys.readouterr().out
    assert "! make" in tree
    assert "The user ran" not in tree
    assert run("show") == 0
    shown = capsys.readouterr().out
    assert shown.index("! a command of yours") < shown.index("❯ you")


def test_a_tree_of_ten_thousand_messages_in_a_row_is_drawn() -> None:
    """Depth means branches, not time."""
    from alloy_tui.cli.sessions_tree import draw
    from alloy_tui.sessions.memory import MemoryStore
    from tests.sessions.conftest import Talk

    store = MemoryStore()
    talk = Talk.begin(store)
    entries = {}
    for n in range(10_000):
        entry = talk.ask(str(n))
        entries[entry.id] = entry
    lines = list(draw(talk.tree, entries))
    assert len(lines) == 10_000
    assert {line.rails for line in lines} == {""}


@pytest.mark.parametrize("form", ["session", "message", "both"])
def test_two_branches_are_compared(capsys: Capture, form: str) -> None:
    """Named by session and message, by messages, or by a session and a message in it."""
    session, nodes = two_ways()
    names = {
        "session": (session, "numbers"),
        "message": (nodes[6], nodes[2]),
        "both": (f"latest:{nodes[6]}", f":{nodes[2]}"),
    }[form]
    assert run("compare", *names, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["ancestor"] == nodes[1]
    assert (found["left"]["node"], found["right"]["node"]) == (nodes[6], nodes[2])
    assert run("compare", *names) == 0
    text = capsys.readouterr().out
    assert "- Prove it with a poem." in text
    assert "+ Prove it with numbers." in text


def test_a_fork_is_compared_with_what_it_came_from(capsys: Capture) -> None:
    """Though it is another session, they share the path it began with."""
    from alloy_tui.domain.messages import user
    from alloy_tui.sessions.live import LiveSession
    from alloy_tui.sessions.nodes import UserMessage

    session, nodes = two_ways()
    with stored() as store:
        live = LiveSession.open(store, session, write=False)
        fork = live.fork(nodes[1])
        fork.say(UserMessage(user("Prove it with a picture.")))[1].result()
        fork.close()
    assert run("compare", session, fork.id) == 0
    text = capsys.readouterr().out
    assert f"They part after {nodes[1]}" in text
    assert "+ Prove it with a picture." in text
    assert run("compare", session, one("nothing alike")) == 0
    assert "They share no message." in capsys.readouterr().out


_EVIL = "\x1b]0;evil\x07\x1b[31mred\x1b[0m\u202e\x9b5n\ud800\x00"


@pytest.mark.parametrize(
    "command",
    [
        "list",
        "show",
        "tree",
        "search evil",
        "compare latest latest",
        "export",
        "export --format html",
    ],
)
def test_nothing_that_was_said_acts_on_a_terminal(capsys: Capture, command: str) -> None:
    """Whatever it is printed by, as words or as JSON."""
    from alloy_tui.domain.messages import ChatMessage, TextBlock, ToolCallBlock, ToolResultBlock
    from alloy_tui.domain.messages import assistant as said
    from alloy_tui.sessions import moves
    from alloy_tui.sessions.nodes import (
        Answer,
        EffortSwitch,
        ModelSwitch,
        ToolResult,
        UserMessage,
    )
    from tests.sessions.conftest import Talk

    with stored() as store:
        talk = Talk.begin(store, title=_EVIL, cwd=_EVIL, agent=_EVIL)
        asked = talk.ask(f"evil {_EVIL}")
        call = ToolCallBlock(_EVIL, _EVIL, {_EVIL: _EVIL})
        talk.put(Answer(said(_EVIL, call), _EVIL))
        talk.put(ToolResult(ToolResultBlock(_EVIL, (TextBlock(_EVIL),)), _EVIL))
        talk.put(ModelSwitch(_EVIL, _EVIL))
        talk.put(EffortSwitch(_EVIL, _EVIL))
        told = ChatMessage("user", (TextBlock(_EVIL),), synthetic=True)
        talk.put(UserMessage(told, {"command": "evil" + _EVIL.replace("\ud800", "")}))
        talk.keep(moves.checkpoint(talk.tree, asked.id, talk.stamps(), label=_EVIL))
    for flags in ([], ["--json"]):
        if flags and "html" in command:
            continue
        assert run(*command.split(), *flags) == 0
        out = capsys.readouterr().out
        assert clean(out) == out
        assert out.replace("\n", "").replace("\t", "").isprintable()
        if flags:
            json.loads(out)


def test_colours_are_for_terminals_alone() -> None:
    """And not where NO_COLOR is set."""
    two_ways()
    assert "\x1b" not in alloy("sessions", "list").stdout
    for asked, wanted in (({}, True), ({"NO_COLOR": "1"}, False)):
        ours, theirs = pty.openpty()
        environment = {**os.environ, "TERM": "xterm-256color", **asked}
        if not asked:
            environment.pop("NO_COLOR", None)
        child = subprocess.Popen(
            [*ALLOY, "sessions", "search", "boskoop"],
            stdin=subprocess.DEVNULL,
            stdout=theirs,
            env=environment,
        )
        os.close(theirs)
        text = b""
        try:
            while piece := os.read(ours, 65536):
                text += piece
        except OSError:  # how a terminal says that its last program is gone
            pass
        os.close(ours)
        assert child.wait(30) == 0
        assert (b"\x1b[33mBoskoop\x1b[0m" in text) is wanted


def test_a_reader_that_has_enough_is_no_error(tmp_path: Path) -> None:
    """As under `head`: quiet, and with the code of a broken pipe."""
    with stored() as store:
        from tests.sessions.conftest import Talk

        talk = Talk.begin(store)
        talk.ask("word\n" * 200_000)
    child = subprocess.Popen(
        [*ALLOY, "sessions", "show"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert child.stdout is not None
    assert child.stderr is not None
    child.stdout.readline()
    child.stdout.close()
    assert child.stderr.read() == b""
    child.stderr.close()
    assert child.wait(30) == 141
