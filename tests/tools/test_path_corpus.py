"""The shared corpus of hostile paths, as far as the tools alone decide.

Played under the policy "edits": what a tool calls an edit runs, what it calls
execute would be asked about and so is not run. Reads outside the workspace are
not asked about yet; those cases, a swap of folders during a call, and names
outside the tools wait for the permission engine and for the parts that own them.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import msgspec
import pytest

from alloy_tui.domain.errors import ToolError
from alloy_tui.domain.messages import TextBlock
from alloy_tui.tools.core import core_tools

CORPORA = Path(__file__).resolve().parents[2].parent / "shared" / "corpora"
SECRET = "TOPSECRET-7f3a"

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.corpus,
    pytest.mark.skipif(not CORPORA.is_dir(), reason="the shared corpora are not here"),
]


def cases() -> Iterator[Any]:
    path = CORPORA / "path_escape.json"
    if not path.is_file():
        return
    for case in json.loads(path.read_text())["cases"]:
        ours = case["tool"] in {"read", "write", "edit"} and "repeat" not in case
        # A read outside is asked about only once a permission engine exists; path-055
        # is one, too, by a link and dots after it.
        outside = case["expect"] == "ask" or case["id"] == "path-055"
        if ours and not (case["tool"] == "read" and outside):
            yield pytest.param(case, id=case["id"])


def set_up(case: dict[str, Any], root: Path) -> None:
    spec = importlib.util.spec_from_file_location("setup_path", CORPORA / "setup_path.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.setup(case, str(root))


def bytes_below(paths: list[str], root: Path) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for text in paths:
        top = Path(text.replace("{ROOT}", str(root)))
        for path in [top, *top.rglob("*")]:
            if path.is_file():
                found[str(path)] = path.read_bytes()
    return found


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # the set-up leaves its socket open
@pytest.mark.parametrize("case", cases())
async def test_the_corpus(case, tmp_path, context, monkeypatch):
    """No crash, no hang, nothing outside changed, no secret where none is due."""
    set_up(case, tmp_path)
    cwd = tmp_path / ("wslink" if "cwd {ROOT}/wslink" in case.get("note", "") else "ws")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    scene = msgspec.structs.replace(context, cwd=cwd, memory={})
    tools = {tool.spec.name: tool for tool in core_tools(cwd)}
    path = case["path"].replace("{ROOT_NOSLASH}", str(tmp_path)[1:])
    path = path.replace("{ROOT}", str(tmp_path))
    arguments = {"file_path": path}
    if case["tool"] == "write":
        arguments["content"] = "changed\n"
    elif case["tool"] == "edit":
        arguments |= {"old_string": SECRET, "new_string": "changed"}
    before = bytes_below(case["unchanged"], tmp_path)
    shown = ""

    tool = tools[case["tool"]]
    prepared = tool.prepare(arguments)
    access = tool.access(prepared)
    succeeded = False
    if access != "execute":
        with anyio.fail_after(case["max_s"]):
            if case["expect"] == "outside_unchanged":
                await tools["read"].run(tools["read"].prepare({"file_path": path}), scene)
            try:
                reply = await tool.run(prepared, scene)
            except ToolError as error:
                shown = error.message
            else:
                shown = "".join(b.text for b in reply.content if isinstance(b, TextBlock))
                succeeded = True

    assert bytes_below(case["unchanged"], tmp_path) == before
    match case["expect"]:
        case "allow":
            assert succeeded, shown
        case "ask":
            assert access == "execute"
        case "outside_unchanged":
            assert succeeded, shown
        case "refuse_or_literal":
            assert SECRET not in shown
        case unknown:
            pytest.fail(f"the corpus has a new word: {unknown}")
