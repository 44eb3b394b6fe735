"""Further scenes for pictures: what is read, looked for and written, beyond a turn's course."""

from __future__ import annotations

import struct
from typing import Any

from textual import events
from textual.pilot import Pilot

from alloy_tui.domain import events as ev
from alloy_tui.domain.messages import ImageBlock, TextBlock
from alloy_tui.runtime.port import OWN_COMMAND, PRIVATE_COMMAND
from tests.support import feed as fd
from tests.support import scenes
from tests.support.pointer import until
from tests.support.stage import Stage

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00\x00\x00\rIHDR" + struct.pack(">II", 640, 480) + bytes(2000)
FILES = ("src/checkout.py", "src/check/rules.py", "tests/test_checkout.py", "docs/checking out.md")

MARKDOWN = """# Rounding

Some **bold** and *slanted* words, `code`, ~~gone~~ and a [link](https://example.org/money).

- [x] read the code
- [ ] fix it
  - once, at the end
    1. or in cents

> Round once.
>
> > At the end.

| currency | digits | sign |
|:---------|-------:|:----:|
| 円       |      0 | ¥    |
| Kč       |      2 | Kč   |
| euro     |      2 | €    |

```python
def total(xs: list[float]) -> float:
    return round(sum(xs), 2)  # once
```

---

That is all.
"""


async def markdown(stage: Stage, pilot: Pilot[Any]) -> None:
    """Every construct of an answer."""
    await scenes.asked(stage, pilot)
    await stage.play(
        pilot, ev.TextDelta(MARKDOWN), fd.turn_done(), fd.done(MARKDOWN), scenes.usage(), at=4000
    )


async def reading_above(stage: Stage, pilot: Pilot[Any]) -> None:
    """Thoughts are unfolded and read while the answer goes on below, out of sight."""
    await scenes.asked(stage, pilot)
    await stage.play(pilot, ev.TextDelta(scenes.ANSWER * 6), at=4000)
    transcript = stage.bench.work.chat.transcript
    transcript.focus()
    transcript.action_home()
    await pilot.pause()
    await pilot.press("down", "enter")
    await stage.play(
        pilot, ev.TextDelta("And on."), *fd.call("1", "read", path="src/checkout.py"), at=6000
    )


async def search(stage: Stage, pilot: Pilot[Any]) -> None:
    """A word is looked for in the conversation, and stands there several times."""
    await scenes.edited(stage, pilot)
    await stage.play(
        pilot, fd.run("Show it."), fd.turn(), ev.TextDelta(scenes.ANSWER), fd.turn_done(), fd.done()
    )
    await pilot.press("ctrl+f")
    await stage.type(pilot, "round")
    transcript = stage.bench.work.chat.transcript
    await until(pilot, lambda: transcript.hit_count[2] and transcript.hit_count[1] > 0)


async def side_by_side(stage: Stage, pilot: Pilot[Any]) -> None:
    """Old and new beside each other, as far as the width allows."""
    await scenes.edited(stage, pilot)
    await pilot.press("ctrl+o", "f7")


async def images(stage: Stage, pilot: Pilot[Any]) -> None:
    """A tool brought an image."""
    await scenes.asked(stage, pilot)
    done = ev.ToolFinished(
        "1", "read", False, (TextBlock("An image."), ImageBlock("image/png", PNG)), duration_ms=80
    )
    await stage.play(
        pilot,
        *fd.call("1", "read", path="docs/shot.png"),
        fd.tool_started("1", "read", "docs/shot.png", path="docs/shot.png"),
        done,
        ev.TextDelta("It shows the total twice."),
        at=4000,
    )


async def markers(stage: Stage, pilot: Pilot[Any]) -> None:
    """The history was shortened, and another model answers."""
    await scenes.model_switch(stage, pilot)
    await stage.play(
        pilot, ev.CompactionStarted(41_000), ev.CompactionFinished(41_000, 6_000), at=9000
    )


async def own_commands(stage: Stage, pilot: Pilot[Any]) -> None:
    """One command of the user's is over, another one, for nobody else, still prints."""
    await stage.play(pilot, fd.started(scenes.SONNET), at=0)
    for number, (name, command, printed) in enumerate(
        [
            (OWN_COMMAND, "git status --short", " M src/checkout.py\n"),
            (PRIVATE_COMMAND, "env", "A="),
        ]
    ):
        own = f"own-{number}"
        await stage.play(
            pilot,
            ev.ToolStarted(own, name, {"command": command}, command),
            ev.ToolOutput(own, printed),
            at=1000,
        )
        if not number:
            done = ev.ToolFinished(own, name, False, (TextBlock(printed),), duration_ms=120)
            await stage.play(pilot, done, at=1200)
    await stage.wait(pilot, 3)


async def mention(stage: Stage, pilot: Pilot[Any]) -> None:
    """A file is looked for by a few letters."""
    stage.port.project.files = FILES  # pyright: ignore[reportAttributeAccessIssue] - the fake's own
    await stage.play(pilot, fd.started(scenes.SONNET), at=0)
    await stage.type(pilot, "look at @chk")
    await pilot.pause()


async def recall(stage: Stage, pilot: Pilot[Any]) -> None:
    """Earlier messages are searched, of all projects."""
    history = stage.bench.prompt._history
    for folder, text in (
        ("/home/ada/src/blog", "fix the feed"),
        ("/home/ada/src/shop", "fix the rounding\nof refunds"),
        ("/home/ada/src/shop", "why is it fixed?"),
    ):
        history.folder = folder
        history.append(text)
    await stage.play(pilot, fd.started(scenes.SONNET), at=0)
    await stage.type(pilot, "a draft")
    await pilot.press("ctrl+r")
    await stage.type(pilot, "fix")
    await pilot.pause()


async def queue_chosen(stage: Stage, pilot: Pilot[Any]) -> None:
    """The keys act on what waits."""
    await scenes.queued(stage, pilot)
    await pilot.press("alt+down", "up")


async def reason(stage: Stage, pilot: Pilot[Any]) -> None:
    """A call is denied, and the words why are being typed."""
    await scenes.approval(stage, pilot)
    await pilot.press("alt+e")
    await stage.type(pilot, "never force-push")


async def folded(stage: Stage, pilot: Pilot[Any]) -> None:
    """Two large pastes stand as labels among what is typed."""
    await stage.play(pilot, fd.started(scenes.SONNET), at=0)
    await stage.type(pilot, "compare ")
    for lines in (40, 12):
        text = "\n".join(f"line {n}" for n in range(lines))
        stage.bench.prompt.post_message(events.Paste(text))
        await pilot.pause()
        await stage.type(pilot, " with ")
    await pilot.press("ctrl+j", "o", "k")
