"""A function's docstring as a model reads it: the description and the arguments' words.

Understands the Google layout ("Args:" with indented `name: words`). Pure.
"""

from __future__ import annotations

import inspect
import re
from itertools import pairwise

_SECTION = re.compile(
    r"^(Args|Arguments|Parameters|Returns|Return|Raises|Yields|Examples?|Notes?):$"
)
_PARAMETER = re.compile(r"^\*{0,2}(?P<name>\w+)(?:\s*\([^)]*\))?:\s*(?P<words>.*)$")


def describe(text: str | None) -> tuple[str, dict[str, str]]:
    """The words before the first section, and the words for each argument."""
    if not text:
        return "", {}
    lines = inspect.cleandoc(text).splitlines()
    sections = [i for i, line in enumerate(lines) if _SECTION.match(line)]
    head = lines[: sections[0]] if sections else lines
    parameters: dict[str, str] = {}
    for start, end in pairwise([*sections, len(lines)]):
        if lines[start] in {"Args:", "Arguments:", "Parameters:"}:
            parameters.update(_parameters(lines[start + 1 : end]))
    return _joined(head), parameters


def _parameters(lines: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    name: str | None = None
    indent: int | None = None
    for line in lines:
        if not line.strip():
            continue
        depth = len(line) - len(line.lstrip())
        indent = depth if indent is None else indent
        match = _PARAMETER.match(line.strip()) if depth <= indent else None
        if match:
            name = str(match["name"])
            found[name] = match["words"]
        elif name is not None:
            found[name] = f"{found[name]} {line.strip()}".strip()
    return found


def _joined(lines: list[str]) -> str:
    """Paragraphs stay, line breaks inside them go: they are the editor's, not the author's."""
    paragraphs = "\n".join(lines).strip().split("\n\n")
    return "\n\n".join(" ".join(p.split("\n")) for p in paragraphs)
