"""An app with nothing but a transcript, in the real style sheet."""

from __future__ import annotations

from pathlib import Path

from textual.app import App, ComposeResult
from textual.message import Message
from textual.widgets import Input

from alloy_tui.ui.transcript import BlockActivated, BlockToggled, FollowChanged, Transcript

SHEET = Path(__file__).resolve().parents[3] / "styles" / "transcript.tcss"


class Stage(App[None]):
    """Keeps the messages that reach the app."""

    CSS_PATH = str(SHEET)

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[Message] = []

    def compose(self) -> ComposeResult:
        yield Transcript(id="transcript")
        yield Input()

    @property
    def transcript(self) -> Transcript:
        return self.query_one(Transcript)

    def on_follow_changed(self, message: FollowChanged) -> None:
        self.heard.append(message)

    def on_block_toggled(self, message: BlockToggled) -> None:
        self.heard.append(message)

    def on_block_activated(self, message: BlockActivated) -> None:
        self.heard.append(message)

    def follows(self) -> list[tuple[bool, int]]:
        return [(m.following, m.unseen) for m in self.heard if isinstance(m, FollowChanged)]


def screen_of(transcript: Transcript) -> list[str]:
    """The rows on the screen, as a frame draws them."""
    rows = transcript.render_lines(transcript.size.region)
    width = transcript.scrollable_content_region.width
    assert not width or {row.cell_length for row in rows} <= {width}
    return [row.text.rstrip() for row in rows]


def row_with(transcript: Transcript, words: str) -> int:
    """The screen row that shows `words`."""
    return next(y for y, row in enumerate(screen_of(transcript)) if words in row)
