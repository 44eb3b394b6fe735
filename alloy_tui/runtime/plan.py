"""What a runtime is told at the start, and what it tells of itself.

Owns two values that cross threads. Light: whoever draws the first frame
imports this.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import msgspec

from alloy_tui.domain.usage import ZERO
from alloy_tui.runtime.port import ModelChoice, QueuedItem, UsageView
from alloy_tui.settings.paths import Paths
from alloy_tui.settings.schema import Settings


class Plan(msgspec.Struct, frozen=True):
    """How to run.

    `asked_model` is what the command line named. `interactive` says that a
    person can answer approvals; without one, what would ask is denied, and
    nothing is remembered for the next start. `session` is what to go on with,
    an id, its unique beginning, or "latest" (of this folder); `node` is the
    message that the next one follows, "" = where the session stands. `pick`
    asks the screen to offer the sessions there are. With `stored` false nothing
    is kept.
    """

    settings: Settings
    paths: Paths
    cwd: str
    asked_model: str | None = None
    demo: bool = False
    interactive: bool = True
    session: str | None = None
    node: str = ""
    pick: bool = False
    stored: bool = True


class Snapshot(msgspec.Struct, frozen=True):
    """What a screen may read at any time, from any thread.

    `model` is "" while one is being looked for; `scratch` is the demo's
    folder, which goes when the runtime is closed.
    """

    choice: ModelChoice
    model: str
    cwd: str
    models: tuple[str, ...] = ()
    queued: tuple[QueuedItem, ...] = ()
    usage: UsageView = UsageView(ZERO, {}, None, None, None)
    scratch: str | None = None


def scratch_folder() -> Path:
    """A place for the demo's folder, where nothing is yet."""
    # Named before it is made: a program that ends before it has begun leaves nothing behind.
    return Path(tempfile.gettempdir()).resolve() / f"alloy-demo-{os.urandom(6).hex()}"
