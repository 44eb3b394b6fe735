"""Everything that leans on private names of Textual, in one place.

`frames` has Textual paint sooner and draw less, `bars` a scroll bar at once;
`scrolled` and `rows` write past it what has changed; `direct` says when that may be
done; `names` what there must be for it. Where a name is missing (a test tells), nothing
here acts and Textual's own way is taken.
"""

from alloy_tui.ui.transcript.painting.bars import quicken_bar
from alloy_tui.ui.transcript.painting.frames import Frugal, PromptScreen, set_bar, set_geometry
from alloy_tui.ui.transcript.painting.names import app_of, missing_names
from alloy_tui.ui.transcript.painting.rows import DirectEcho, DirectRows
from alloy_tui.ui.transcript.painting.scrolled import DirectPaint

__all__ = [
    "DirectEcho",
    "DirectPaint",
    "DirectRows",
    "Frugal",
    "PromptScreen",
    "app_of",
    "missing_names",
    "quicken_bar",
    "set_bar",
    "set_geometry",
]
