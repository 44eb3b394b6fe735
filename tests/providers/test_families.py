"""The families of damage that the shared corpora have, for the formats that they do not cover."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.providers import families, replay
from tests.providers.families_odd import ODD
from tests.providers.streams import FORMATS

pytestmark = pytest.mark.corpus

CASES = {name: families.cases(name) for name in ODD}


@pytest.fixture(scope="session")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What came of every case; each format's are played when the first of them is asked for."""
    return _Played(tmp_path_factory.mktemp("families"))


class _Played(dict[str, Any]):
    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    def __missing__(self, name: str) -> dict[str, Any]:
        path = self._folder / f"{name}.json"
        path.write_text(json.dumps({"cases": CASES[name]}))
        self[name] = made = replay.play_all(path, FORMATS[name].service)
        return made


@pytest.mark.skipif(not replay.CORPORA.is_dir(), reason=f"no replay server at {replay.CORPORA}")
@pytest.mark.parametrize(
    ("name", "case"),
    [
        pytest.param(n, c, id=f"{c['id']} {c['title']}".replace(" ", "_"))
        for n in CASES
        for c in CASES[n]
    ],
)
def test_case(name: str, case: dict[str, Any], outcomes: dict[str, Any]) -> None:
    """What survives of the answer, and what is reported, is what is due."""
    replay.verdict(case, outcomes[name][case["id"]])
