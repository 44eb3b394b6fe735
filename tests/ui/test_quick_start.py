"""What is quickened of Textual's start gives what Textual's own way gives."""

from __future__ import annotations

import subprocess
import sys

_COMPARE = """
from textual.dom import DOMNode
usual = vars(DOMNode)["__init_subclass__"]
from alloy_tui.ui import quick_start
assert quick_start.begin(), "another Textual: write quick_start anew, or take it out"
assert vars(DOMNode)["__init_subclass__"] is not usual
import alloy_tui.ui.app, textual.widgets
for name in textual.widgets.__all__:
    getattr(textual.widgets, name)

def below(cls):
    for each in cls.__subclasses__():
        yield each
        yield from below(each)

NAMES = ("_reactives", "_inherit_css", "_inherit_bindings", "_inherit_component_classes",
         "_css_type_name", "_css_type_names", "_computes")
count = 0
for cls in list(below(DOMNode)):
    quick = {name: vars(cls)[name] for name in NAMES}
    keys = vars(cls)["_merged_bindings"].key_to_bindings
    usual.__func__(cls, cls._inherit_css, cls._inherit_bindings, cls._inherit_component_classes)
    assert quick == {name: vars(cls)[name] for name in NAMES}, cls
    assert list(quick["_reactives"]) == list(vars(cls)["_reactives"]), cls
    assert keys == vars(cls)["_merged_bindings"].key_to_bindings, cls
    count += 1
assert count > 100
assert not quick_start.begin(), "what is ours already is not taken for Textual's"
print("the same")
"""


def test_classes_that_were_made_quickly_are_as_textual_makes_them() -> None:
    run = subprocess.run(
        [sys.executable, "-c", _COMPARE], capture_output=True, text=True, timeout=60, check=False
    )
    assert run.stdout.endswith("the same\n"), run.stderr
