"""Nothing heavy is imported before it is needed."""

from __future__ import annotations

import subprocess
import sys

_SCRIPT = """
import sys
from alloy_tui.ui.markdown.page import Page
from alloy_tui.ui.markdown.palette import Palette
from alloy_tui.ui.markdown.stream import MarkdownStream
from alloy_tui.ui.transcript import Transcript
from rich.style import Style
def loaded():
    return [m for m in ("markdown_it", "pygments.lexers") if m in sys.modules]
stream = MarkdownStream(Page(40, Palette(tokens={"Keyword": Style(bold=True)})))
stream.feed("plain text"); stream.update(); print(loaded())
stream.feed(" and *more*"); stream.update(); print(loaded())
stream.feed("\\n```python\\nx = 1\\n"); stream.update(); print(loaded())
"""


def test_warming_loads_both():
    """After the warm-up the first answer has nothing left to import."""
    script = (
        "import sys; from alloy_tui.ui.transcript.warming import warm_up;"
        "warm_up().join(); print('markdown_it' in sys.modules, 'pygments.lexers' in sys.modules)"
    )
    found = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert found.stdout.split() == ["True", "True"]


def test_parser_and_lexers_come_with_the_first_need():
    """Plain text loads neither, emphasis the parser, code the lexers."""
    found = subprocess.run(
        [sys.executable, "-c", _SCRIPT], capture_output=True, text=True, check=True
    )
    assert found.stdout.splitlines() == [
        "[]",
        "['markdown_it']",
        "['markdown_it', 'pygments.lexers']",
    ]
