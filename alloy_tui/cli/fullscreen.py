"""The full-screen program: the runtime, the app, and a clean end by any signal.

Owns the composition and what is printed afterwards. The terminal is the app's;
here it is only made sure that the app ends whenever the program is asked to.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Generator
from types import FrameType
from typing import TYPE_CHECKING

from alloy_tui.cli import exits, hints, kept_start, skeleton
from alloy_tui.cli.composing import make_plan
from alloy_tui.cli.ending import complain_late, leave
from alloy_tui.cli.logbook import logging_to
from alloy_tui.cli.printing import usage_line
from alloy_tui.domain.errors import ConfigError
from alloy_tui.domain.sanitise import clean_line
from alloy_tui.runtime.runtime import Runtime

if TYPE_CHECKING:
    from argparse import Namespace

    from alloy_tui.runtime.plan import Plan
    from alloy_tui.ui.app import AlloyApp

_CODES = {
    signal.SIGTERM: exits.TERMINATED,
    signal.SIGHUP: exits.HUNG_UP,
    # Python would die of these on the spot and leave the terminal as it is.
    **{n: 128 + n for n in (signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2, signal.SIGALRM)},
}
_PATIENCE_S = 2.0


def run(arguments: Namespace) -> int:
    """Run the app until it is left. Raises ConfigError without a terminal."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise ConfigError(
            "The full screen needs a terminal.",
            hint="For scripts and pipes there is `alloy run -p TEXT`.",
        )
    for name in ("COLUMNS", "LINES"):
        # Where they are exported they would stand for the window's size for ever.
        os.environ.pop(name, None)
    plan = make_plan(arguments, interactive=True)
    runtime = Runtime(plan)
    ended: list[int] = []
    with logging_to(plan.paths.logs):
        app = _show(runtime, plan, ended)
    whole, now = runtime.tree.state, runtime.usage()
    # Without a store to ask there is what the agent knows.
    used, cost = (whole.life, whole.life_cost) if whole.life else (now.usage, now.cost)
    code = _CODES[signal.Signals(ended[0])] if ended else app.return_code or exits.COMPLETED
    with contextlib.suppress(OSError):  # the terminal may be gone
        if used.total:
            print(f"{clean_line(runtime.model)}: {usage_line(used, cost)}")
        if whole.usage is not None and (whole.usage.total or 0) > (used.total or 0):
            print(f"The session in all: {usage_line(whole.usage, whole.cost)}")
    _say_how_to_resume(runtime, plan)
    complain_late(runtime)
    kept_start.keep()
    return leave(code) if runtime.stuck else code


def _say_how_to_resume(runtime: Runtime, plan: Plan) -> None:
    session = runtime.tree.state
    if session.id and session.leaf is not None and plan.stored:
        with contextlib.suppress(OSError):
            print(f"Go on with this session: alloy --resume {session.id}")


def _show(runtime: Runtime, plan: Plan, ended: list[int]) -> AlloyApp:
    """Run the app to its end and close the runtime; `ended` gets the signals that came.

    Raises what a handler of the app raised.
    """
    try:
        from alloy_tui.cli.screen_choices import make_app

        app = make_app(runtime, plan)
        app.keyboard.early = skeleton.current()
        with _ending_on_signals(app.exit, ended.append):
            app.run()
        if app.first_look is not None:
            hints.remember(os.environ, *app.first_look)
    finally:
        runtime.close(_PATIENCE_S)
    if app.defect is not None:
        raise app.defect
    return app


@contextlib.contextmanager
def _ending_on_signals(end: Callable[[], object], note: Callable[[int], None]) -> Generator[None]:
    """Within it, the signals of `_CODES` end the app as its own command would."""

    def ask(number: int, _frame: FrameType | None) -> None:
        note(number)
        try:
            # The handler interrupts the app's own thread; its loop must be woken.
            asyncio.get_running_loop().call_soon_threadsafe(end)
        except RuntimeError:
            raise SystemExit(_CODES[signal.Signals(number)]) from None

    before = {number: signal.signal(number, ask) for number in _CODES}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
