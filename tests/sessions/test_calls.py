"""Stores whose programs are killed, or whose disk fails, at chosen calls to the kernel.

A sample; `python -m benchmarks crashes` strikes at every call.
"""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

from tests.sessions.injecting import (
    CALLS,
    ERRORS,
    FAULTS,
    NoTracingError,
    Scene,
    Told,
    check,
    fault,
    kill_migrations,
    kills,
    large_older_store,
    scenes,
)

_AT = {"pwrite64": (61, 307, 900), "fdatasync": (5, 50)}


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Scene]:
    """The scenes, by name."""
    try:
        return {s.name: s for s in scenes(tmp_path_factory.mktemp("scenes"), 20)}
    except NoTracingError as reason:
        pytest.skip(str(reason))


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    "name",
    [
        "a first conversation",
        "a conversation goes on",
        "opened after a kill",
        "a later version opens it",
        "a repair",
    ],
)
def test_nothing_acknowledged_is_lost_to_a_kill_at_a_call(
    stage: dict[str, Scene], tmp_path: Path, name: str, call: str
) -> None:
    scene = stage[name]
    at = _AT.get(call, (1,)) if scene.what == "turns" else (4,) if call == "pwrite64" else (1,)
    for _ in kills(scene, tmp_path, call, at):
        pass


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize(("what", "call", "nth"), FAULTS[::3])
def test_a_call_that_fails_is_told_and_nothing_is_acknowledged_that_is_not_stored(
    stage: dict[str, Scene], tmp_path: Path, what: str, call: str, nth: str, error: str
) -> None:
    scene = next(s for s in stage.values() if s.what == what and s.template is not None)
    told = fault(scene, tmp_path, call, nth, error)
    assert told.struck


def test_a_migration_killed_at_any_moment_leaves_the_old_store_or_the_new(tmp_path: Path) -> None:
    scene = large_older_store(tmp_path / "older", 300)
    kill_migrations(scene, tmp_path, 8, random.Random(8))


def test_the_check_itself_notices_what_is_lost_or_twice(
    stage: dict[str, Scene], tmp_path: Path
) -> None:
    scene = stage["a conversation goes on"]
    assert scene.template is not None
    shutil.copytree(scene.template, tmp_path / "copy")
    check(scene, tmp_path / "copy", Told())
    for told in (Told(acks=["never stored"]), Told(blobs=["0" * 64])):
        with pytest.raises(AssertionError, match="lost"):
            check(scene, tmp_path / "copy", told)
