"""alloy sessions: export, import, the bin, and repair."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from alloy_tui.cli import main
from alloy_tui.runtime.session_folder import store_file
from alloy_tui.settings import locate
from tests.cli.session_stage import one, run, stored, two_ways
from tests.cli.support import alloy

Capture = pytest.CaptureFixture[str]


@pytest.mark.parametrize(
    ("name", "sign"),
    [("a.md", "# Apples"), ("a.json", '{"format":"alloy-session"'), ("a.html", "<!doctype html>")],
)
def test_the_name_of_the_file_says_the_form(
    capsys: Capture, tmp_path: Path, name: str, sign: str
) -> None:
    """The file is private, and one that is there is not replaced unasked."""
    two_ways()
    path = tmp_path / name
    assert run("export", "-o", str(path)) == 0
    assert path.read_text().startswith(sign)
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_text("mine")
    assert run("export", "-o", str(path)) == 2
    assert "--force" in capsys.readouterr().err
    assert path.read_text() == "mine"
    assert run("export", "-o", str(path), "--force", "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert report["bytes"] == path.stat().st_size
    assert [p.name for p in tmp_path.iterdir() if p.name != "home"] == [name]


def test_an_export_goes_to_standard_output_too(capsys: Capture) -> None:
    """Markdown unless told otherwise; a branch can be chosen."""
    session, _ = two_ways()
    assert run("export") == 0
    assert "rough and round" in capsys.readouterr().out
    assert run("export", session, "--node", "numbers") == 0
    text = capsys.readouterr().out
    assert "Prove it with numbers." in text
    assert "rough and round" not in text
    assert run("export", "--json") == 0
    assert json.loads(capsys.readouterr().out)["session"] == session
    assert run("export", "--json", "--node", "numbers") == 2
    assert run("export", "--files") == 2


def test_a_folder_that_is_not_there_is_told(capsys: Capture, tmp_path: Path) -> None:
    """In words."""
    two_ways()
    assert run("export", "-o", str(tmp_path / "no" / "a.md")) == 2
    assert "cannot be written" in capsys.readouterr().err


def test_what_was_exported_is_imported_elsewhere(
    capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same session, down to the ids."""
    session, nodes = two_ways()
    path = str(tmp_path / "apples.json")
    assert run("export", "-o", path) == 0
    assert run("import", path) == 0
    assert "here already" in capsys.readouterr().err
    monkeypatch.setenv("ALLOY_HOME", str(tmp_path / "other"))
    assert run("import", path) == 0
    assert session in capsys.readouterr().out
    with stored() as store:
        assert store.tree(session).leaf == nodes[6]
        assert store.session(session).title == "Apples"


def test_one_bad_file_does_not_hinder_the_others(capsys: Capture, tmp_path: Path) -> None:
    """It is told by name, and the command fails in the end."""
    good, bad = tmp_path / "good.jsonl", tmp_path / "bad.jsonl"
    line = {"type": "user", "uuid": "u", "sessionId": "s", "message": {"content": "Hello"}}
    good.write_text(json.dumps(line) + "\n{broken\n")
    bad.write_text("no session at all")
    missing = tmp_path / "missing.jsonl"
    assert run("import", str(bad), str(missing), str(tmp_path), str(good)) == 1
    out, err = capsys.readouterr()
    assert "Claude Code" in out
    assert "bad.jsonl: It is no session of" in err
    assert "missing.jsonl: It cannot be read: No such file" in err
    assert "1 line could not be read" in err
    assert run("import", "--json", "--again", str(good), str(bad)) == 1
    reports = json.loads(capsys.readouterr().out)
    assert reports[0]["report"]["source"] == "claude-code"
    assert "error" in reports[1]


def test_a_session_goes_to_the_bin_and_comes_back(capsys: Capture) -> None:
    """Nothing of it is found in between; purged from the bin, it is gone."""
    session, _ = two_ways()
    assert run("delete", "latest") == 0
    assert "delete --undo" in capsys.readouterr().err
    assert run("search", "boskoop") == 1
    assert run("show", session) == 2
    assert "is in the bin" in capsys.readouterr().err
    assert run("list", "--deleted", "--json") == 0
    assert [row["id"] for row in json.loads(capsys.readouterr().out)] == [session]
    assert run("delete", "--undo", session[:14]) == 0
    assert run("search", "boskoop") == 0
    assert run("delete", "--purge", session) == 2  # only what is in the bin
    capsys.readouterr()
    assert run("delete", session, "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"deleted": [session]}
    assert run("delete", "--purge", session) == 0
    assert run("delete", "--undo", session) == 2


def test_what_its_team_did_goes_along(capsys: Capture) -> None:
    """Named or not; one that a program writes keeps all of it."""
    session = one("hello")
    member = one("to the coder", agent="session/coder", from_session=session)
    with stored() as store:
        claim = store.claim(member).result()
        assert run("delete", session) == 2
        assert "in use by another" in capsys.readouterr().err
        store.release(claim.token or "").result()
    assert run("delete", session, member) == 0
    assert "Along with them: what its team did, 1 conversation." in capsys.readouterr().out
    assert run("delete", "--undo", session, "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"restored": [session], "along": [member]}
    assert run("delete", session) == run("delete", "--purge", session) == 0
    with stored() as store:
        assert store.sessions() == store.sessions(deleted=True) == ()
    capsys.readouterr()


def test_several_are_deleted_or_none(capsys: Capture) -> None:
    """A mistake in one name leaves all where they are."""
    first = one("first")
    assert run("delete", first, "nowhere") == 2
    assert run("show", first) == 0
    capsys.readouterr()


def test_a_session_in_use_is_not_deleted() -> None:
    """While another program writes it."""
    session = one("hello")
    with stored() as store:
        assert store.claim(session).result().token
        done = alloy("sessions", "delete", session)
        assert done.returncode == 2
        assert "in use by another Alloy" in done.stderr
        assert store.session(session).deleted_ms is None


def test_a_sound_store_is_not_repaired(capsys: Capture) -> None:
    """The doctor says how it is, and changes nothing."""
    two_ways()
    before = store_file(locate()).read_bytes()
    main(["doctor", "--repair"])
    out = capsys.readouterr().out
    assert "the store of sessions is sound; nothing was changed" in out
    assert "1 session, 10 entries" in out
    assert store_file(locate()).read_bytes() == before


@pytest.mark.parametrize("flags", [[], ["--json"]])
def test_a_damaged_store_is_salvaged(capsys: Capture, flags: list[str]) -> None:
    """Copies are kept, and what is readable is there again."""
    for n in range(40):
        one(f"message {n} " + "x" * 3000)
    path = store_file(locate())
    data = bytearray(path.read_bytes())
    middle = len(data) // 2 // 4096 * 4096
    data[middle : middle + 4096] = b"\xff" * 4096
    path.write_bytes(data)
    main(["doctor", *flags])
    assert "--repair" in capsys.readouterr().out
    main(["doctor", "--repair", *flags])
    out = capsys.readouterr().out
    assert "the damaged files were kept" in out
    assert list(path.parent.glob("sessions.damaged-*.db"))
    main(["doctor", "--repair", *flags])
    assert "is sound" in capsys.readouterr().out
    assert run("list", "--json") == 0
    assert len(json.loads(capsys.readouterr().out)) >= 35


def test_a_store_that_another_program_has_open_is_left_alone() -> None:
    """Repair needs it for itself."""
    one("hello")
    with stored() as store:
        store.sessions()
        path = store_file(locate())
        torn = path.with_name("sessions.torn-20260101-000000.db")
        torn.write_bytes(b"")
        done = alloy("doctor", "--repair")
        assert done.returncode == 1
        assert "in use" in done.stdout
