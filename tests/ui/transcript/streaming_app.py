"""A transcript that streams at random in a real terminal.

"n" streams on, "m" moves the view at random, "k" covers a row or uncovers it,
"r" paints all anew. Run as a program by `test_direct_paint`. Its last row says
which step is done, and how many frames were painted directly since it began.
"""

from __future__ import annotations

import random
import sys

from textual.app import App, ComposeResult
from textual.screen import Screen
from textual.widgets import Static

from alloy_tui.ui.transcript import AgentBlock, PromptScreen, ToolBlock, Transcript, UserBlock
from tests.ui.transcript.stage import SHEET

PIECES = (
    "word ", "漢字 ", "👍 ", "e\u0301 ", "שלום ", "**bold** ", "`code` ", "\n", "\n\n", "- item\n",
    "# head\n", "```python\nx = 1\n", "```\n", "| a | b |\n|---|---|\n| 1 | 2 |\n", "> quote\n",
    "a longer piece of text that fills a good part of a row ", "end.\n\n",
)  # fmt: skip


class Prompt(PromptScreen[None]):
    def compose(self) -> ComposeResult:
        yield Transcript()
        yield Static("something else", id="cover")
        yield Static("ready", id="told")


class Streaming(App[None]):
    CSS_PATH = str(SHEET)
    CSS = """
    Screen { layers: under over; }
    #told { dock: bottom; height: 1; }
    #cover { display: none; layer: over; dock: bottom; height: 1; margin: 0 0 1 0; width: 100%; }
    """

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.random = random.Random(seed)
        self.step = 0

    def get_default_screen(self) -> Screen[None]:
        return Prompt()

    @property
    def transcript(self) -> Transcript:
        return self.screen.query_one(Transcript)

    def tell(self, words: str) -> None:
        self.screen.query_one("#told", Static).update(words)

    def key_n(self) -> None:
        t, draw = self.transcript, self.random
        t.add(UserBlock("go on"))
        block = t.add(draw.choice((AgentBlock(), AgentBlock(), ToolBlock("bash", state="running"))))
        self.stream(block, draw.randint(20, 60), t._direct.painted)

    def stream(self, block: int, left: int, before: int) -> None:
        t, draw = self.transcript, self.random
        text = "".join(draw.choices(PIECES, k=draw.randint(1, 4)))
        t.append_text(block, text)
        t.append_output(block, text)
        if draw.random() < 0.05:
            t.scroll_to_end() if draw.random() < 0.5 else t.action_page(-1)
        if left:
            self.set_timer(0.012, lambda: self.stream(block, left - 1, before))
            return
        t.scroll_to_end()
        t.finish(block)
        self.step += 1
        painted = t._direct.painted - before
        self.set_timer(0.05, lambda: self.tell(f"step {self.step} done, {painted} direct"))

    def key_m(self) -> None:
        self.move(self.random.randint(10, 30), self.transcript._direct.painted)

    def move(self, left: int, before: int) -> None:
        t, draw = self.transcript, self.random
        by = draw.choice((-40, -17, -3, -1, 1, 3, 5, 17))
        draw.choice(
            (
                lambda: t.action_page(-1 if by < 0 else 1),
                lambda: t.scroll_relative(y=by, animate=False),
                lambda: t._scroll_by(by),
                t.action_home if by < -30 else t.action_end,
            )
        )()
        if left:
            self.set_timer(0.012, lambda: self.move(left - 1, before))
            return
        self.step += 1
        painted = t._direct.painted - before
        self.set_timer(0.05, lambda: self.tell(f"step {self.step} done, {painted} direct"))

    def key_k(self) -> None:
        cover = self.screen.query_one("#cover")
        cover.display = not cover.display
        self.step += 1
        self.set_timer(0.05, lambda: self.tell(f"step {self.step} done, covered {cover.display}"))

    def key_r(self) -> None:
        self.screen.refresh()
        for part in (self.transcript, self.transcript.vertical_scrollbar):
            part.refresh()
        self.set_timer(0.05, lambda: self.tell(f"painted anew {self.step}"))


if __name__ == "__main__":
    Streaming(int(sys.argv[1])).run()
