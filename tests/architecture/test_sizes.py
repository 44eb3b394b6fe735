"""The ratchet: modules, functions and classes stay small, sheets and tests included."""

from __future__ import annotations

import ast
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[2]
MODULE_LINES = 400
MEDIAN_LINES = 160
STATEMENTS = 40
PUBLIC_METHODS = 20


def _sources(*folders: str) -> list[Path]:
    return sorted(p for f in folders for p in (ROOT / f).rglob("*.py"))


def _statements(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    inner = [n for n in ast.walk(node) if isinstance(n, ast.stmt) and n is not node]
    docstring = isinstance(node.body[0], ast.Expr) and isinstance(node.body[0].value, ast.Constant)
    return len(inner) - docstring


def test_no_module_test_or_sheet_is_over_the_limit() -> None:
    files = [*_sources("alloy_tui", "tests", "benchmarks"), *(ROOT / "styles").glob("*.tcss")]
    lines = {p: len(p.read_text().splitlines()) for p in files}
    over = [f"{n} {p.relative_to(ROOT)}" for p, n in lines.items() if n > MODULE_LINES]
    assert not over, "\n".join(over)


def test_the_median_module_is_small() -> None:
    sizes = [len(p.read_text().splitlines()) for p in _sources("alloy_tui")]
    assert median([s for s in sizes if s > 10]) <= MEDIAN_LINES


def test_functions_and_classes_are_small() -> None:
    over: list[str] = []
    for path in _sources("alloy_tui"):
        where = path.relative_to(ROOT)
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                if (count := _statements(node)) > STATEMENTS:
                    over.append(f"{where}:{node.lineno} {node.name}: {count} statements")
            elif isinstance(node, ast.ClassDef):
                methods = [
                    n.name
                    for n in node.body
                    if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)
                    and not n.name.startswith("_")
                    and not any(
                        isinstance(d, ast.Name) and d.id == "property" for d in n.decorator_list
                    )
                ]
                if len(methods) > PUBLIC_METHODS:
                    over.append(f"{where}:{node.lineno} {node.name}: {len(methods)} methods")
    assert not over, "\n".join(over)


def test_every_module_says_what_it_owns() -> None:
    silent = [
        str(p.relative_to(ROOT))
        for p in _sources("alloy_tui")
        if ast.get_docstring(ast.parse(p.read_text())) is None
    ]
    assert not silent, "\n".join(silent)
