"""What no file of the project may hold: bare suppressions, machine paths, registry hosts."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
_SUPPRESSION = re.compile(
    r"#\s*(?:noqa|type:\s*ignore|pyright:\s*ignore|pragma)"
    r"(?::\s*[A-Z]+[0-9]+(?:,\s*[A-Z]+[0-9]+)*|\[[^\]]*\])?(.*)"
)
_MACHINE = re.compile(r"(?<![\w.])/(?:work|farm|root)/[A-Za-z]")
_HOSTS = re.compile("py" + r"pi\.org|py" + r"thonhosted|registry\.n" + r"pmjs|deb\.de" + "bian")
_GRAB_BAGS = {"utils", "helpers", "manager", "common", "util", "misc"}


def _tracked(*patterns: str) -> list[Path]:
    if not (ROOT / ".git").exists():
        pytest.skip("this is no git checkout")
    out = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *patterns],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    return [ROOT / name for name in out.split("\0") if name and (ROOT / name).is_file()]


def test_every_suppression_carries_its_reason_on_its_line() -> None:
    bare = [
        f"{p.relative_to(ROOT)}:{n} {line.strip()}"
        for p in _tracked("*.py")
        if p != Path(__file__)
        for n, line in enumerate(p.read_text().splitlines(), 1)
        if (m := _SUPPRESSION.search(line)) and len(m[1].strip(" #-:")) < 8
    ]
    assert not bare, "\n".join(bare)


def test_no_file_names_a_machine_path_or_a_registry_host() -> None:
    found: list[str] = []
    for path in _tracked():
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        found += [
            f"{path.relative_to(ROOT)}: {m[0]}"
            for pattern in (_MACHINE, _HOSTS)
            for m in pattern.finditer(text)
        ]
    assert not found, "\n".join(found[:20])


def test_no_module_is_a_grab_bag() -> None:
    named = [p for p in (ROOT / "alloy_tui").rglob("*.py") if p.stem in _GRAB_BAGS]
    assert not named
