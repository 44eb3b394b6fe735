"""The wheel, built and installed into a fresh environment, boots outside the checkout."""

from __future__ import annotations

import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from tests.support.terminal import Terminal

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), "."],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (path,) = out.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def bin_dir(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with the wheel; dependencies are borrowed from the one that tests.

    Borrowing keeps the test off the network; the wheel itself is installed for real.
    """
    home = tmp_path_factory.mktemp("fresh")
    venv.create(home, with_pip=True)
    pip = [home / "bin" / "python", "-m", "pip", "--disable-pip-version-check"]
    subprocess.run(
        [*pip, "install", "-q", "--no-deps", "--no-index", wheel], check=True, capture_output=True
    )
    (site,) = (home / "lib").glob("python3*/site-packages")
    # Only the folder is borrowed, not its .pth files: the checkout stays out of the path.
    (borrowed,) = {p for p in sys.path if p.endswith("site-packages")}
    (site / "borrowed.pth").write_text(f"{borrowed}\n")
    return home / "bin"


def test_the_wheel_holds_sheets_types_marker_catalogue_and_licence(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert "alloy_tui/py.typed" in names
    assert "alloy_tui/providers/catalogue.json" in names
    assert any(n.startswith("alloy_tui/styles/") and n.endswith(".tcss") for n in names)
    assert any(n.endswith("LICENSE") for n in names)
    assert not [n for n in names if n.startswith(("tests/", "styles/", "scripts/"))]


def test_the_installed_program_comes_from_the_wheel_with_its_sheets(
    bin_dir: Path, tmp_path: Path
) -> None:
    code = (
        "import alloy_tui.ui.stylesheets as s, alloy_tui\n"
        "assert 'site-packages' in alloy_tui.__file__, alloy_tui.__file__\n"
        "assert 'site-packages' in str(s.stylesheet_folder())\n"
    )
    subprocess.run([bin_dir / "python", "-c", code], cwd=tmp_path, check=True)
    run = subprocess.run(
        [bin_dir / "alloy", "--version"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert run.stdout.startswith("alloy ")


def test_the_installed_program_opens_and_answers(bin_dir: Path, tmp_path: Path) -> None:
    """The wheel's own console script, in a real terminal, on a scripted model."""
    script = tmp_path / "hello.json"
    script.write_text('{"replies": [{"text": "Hello from the wheel."}]}')
    argv = [str(bin_dir / "alloy"), "--model", f"scripted/{script}"]
    with Terminal(argv, cwd=tmp_path) as terminal:
        terminal.wait_for("scripted")
        terminal.type("hi\r")
        terminal.wait_for("Hello from the wheel.")
        terminal.type("/quit\r")
        assert terminal.wait_exit() == 0
