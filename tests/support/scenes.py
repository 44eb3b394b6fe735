"""The scenes that pictures are taken of: each drives a stage into one state and leaves it there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from textual.pilot import Pilot

from alloy_tui.domain import events as ev
from alloy_tui.domain.usage import TokenUsage
from alloy_tui.runtime.port import ModelChoice
from tests.support import feed as fd
from tests.support.stage import Stage

Scene: TypeAlias = Callable[[Stage, Pilot[Any]], Awaitable[None]]

SONNET = "anthropic/claude-sonnet-5"
QUESTION = "Why does checkout round twice?"

FIRST_RUN = ModelChoice(
    model="local/smollm2-135m",
    kind="local",
    found=(
        "No key in the environment: ANTHROPIC_API_KEY, OPENAI_API_KEY and others are not set.",
        "No Ollama and no llama-server answers on this machine.",
        "A small local model came with the program.",
    ),
    reason="It is the only one that can answer here. It is small: expect short, simple answers.",
    how_to_change="set a key and start again, or type /model to pick another one.",
    first_run=True,
)
DEMO = ModelChoice(
    model="scripted/demo",
    kind="demo",
    found=("No model was found.",),
    reason="There is nothing else here that answers.",
    how_to_change="set a key, or start Ollama, and start again.",
)

ANSWER = """The inner `round` is applied **before** the sum, and the outer one after it, so half
cents are lost twice:

```python
def total(xs: list[float]) -> float:
    return round(sum(round(x, 2) for x in xs), 2)
```

1. Round once, at the end.
2. Or count in cents, as integers.
"""

_DIFF = """--- src/checkout.py
+++ src/checkout.py
@@ -40,2 +40,2 @@
 def total(xs: list[float]) -> float:
-    return round(sum(round(x, 2) for x in xs), 2)
+    return round(sum(xs), 2)
"""


def usage(prompt: int = 12_400, output: int = 812, cost: float | None = 0.12) -> ev.UsageUpdated:
    """Totals with a third of the window filled."""
    used = TokenUsage(input=prompt, output=output)
    return ev.UsageUpdated(
        usage=used,
        by_model={SONNET: used},
        cost=cost,
        context_tokens=62_000,
        context_window=200_000,
    )


async def asked(stage: Stage, pilot: Pilot[Any]) -> None:
    """A question was sent and the model thinks."""
    await stage.play(
        pilot,
        fd.started(SONNET),
        fd.run(QUESTION, SONNET),
        fd.turn(SONNET),
        ev.ThinkingDelta("The user asks about rounding. I should look at the code."),
        at=0,
    )


async def streaming(stage: Stage, pilot: Pilot[Any]) -> None:
    """An answer is on its way after some thinking."""
    await asked(stage, pilot)
    await stage.play(pilot, ev.TextDelta(ANSWER[:150]), at=4000)
    await stage.play(pilot, ev.TextDelta(ANSWER[150:]), usage(), at=6000)
    await stage.wait(pilot, 1)


async def two_tools(stage: Stage, pilot: Pilot[Any]) -> None:
    """One call is done, the other one prints."""
    await asked(stage, pilot)
    await stage.play(
        pilot,
        *fd.call("1", "read", path="src/checkout.py"),
        *fd.call("2", "bash", command="pytest -q tests/checkout"),
        fd.turn_done("tool_use"),
        fd.tool_started("1", "read", "src/checkout.py  1–80 of 212", path="src/checkout.py"),
        fd.tool_started(
            "2", "bash", "pytest -q tests/checkout", command="pytest -q tests/checkout"
        ),
        at=4000,
    )
    out = "........................F.......        [ 38%]\n\n___ test_total_rounds_once ___\n"
    await stage.play(pilot, ev.ToolOutput("2", out), fd.tool_done("1", "read", "def total"))
    await stage.play(pilot, ev.ToolOutput("2", "E  assert 10.01 == 10.02\n"), usage())
    await stage.wait(pilot, 12)


async def edited(stage: Stage, pilot: Pilot[Any]) -> None:
    """A change was made, with its diff."""
    await asked(stage, pilot)
    arguments = {"path": "src/checkout.py", "old_string": "a", "new_string": "b"}
    await stage.play(
        pilot,
        *fd.call("1", "edit", **arguments),
        fd.tool_started("1", "edit", "src/checkout.py", **arguments),
        fd.tool_done("1", "edit", "Edited src/checkout.py.", details={"diff": _DIFF}),
        fd.turn_done("tool_use"),
        fd.turn(SONNET),
        ev.TextDelta("It rounds once now."),
        fd.turn_done(),
        fd.done("It rounds once now.", duration_ms=9000),
        usage(),
        at=4000,
    )


async def approval(stage: Stage, pilot: Pilot[Any]) -> None:
    """Two calls want a person; the first is on show and armed."""
    await asked(stage, pilot)
    push = "git push --force origin main"
    await stage.play(
        pilot,
        *fd.call("1", "bash", command=push),
        *fd.call("2", "bash", command="rm -rf build"),
        fd.turn_done("tool_use"),
        fd.ask("a1", "1", "bash", rule="git push", command=push),
        fd.ask("a2", "2", "bash", rule="rm", command="rm -rf build"),
        usage(),
        at=4000,
    )
    await stage.wait(pilot, 3)
    stage.bench.composer.approval.arm()
    await pilot.pause()


async def hidden_edit(stage: Stage, pilot: Pilot[Any]) -> None:
    """An edit with a hidden character wants a person."""
    await asked(stage, pilot)
    arguments = {
        "path": "src/auth.py",
        "old_string": "if user.is_admin:\n    allow()",
        "new_string": "if user.is_admin:  # \u202echeck\n    allow()\n    log(user)",
    }
    await stage.play(
        pilot,
        *fd.call("1", "edit", **arguments),
        fd.ask("a1", "1", "edit", rule="src/**", **arguments),
        at=4000,
    )
    await stage.wait(pilot, 3)
    stage.bench.composer.approval.arm()
    await pilot.pause()


async def denied(stage: Stage, pilot: Pilot[Any]) -> None:
    """A call was denied with a reason, and the model goes on."""
    await approval(stage, pilot)
    await stage.play(
        pilot,
        ev.ApprovalAnswered("a1", "deny", "user", "never force-push"),
        fd.tool_done(
            "1", "bash", "Denied by the user: never force-push", is_error=True, started=False, ms=0
        ),
        ev.ApprovalAnswered("a2", "once", "user"),
        fd.tool_started("2", "bash", "rm -rf build", command="rm -rf build"),
        fd.tool_done("2", "bash", "(no output)"),
        fd.turn(SONNET),
        ev.TextDelta("Understood: I leave the remote as it is."),
        fd.turn_done(),
        fd.done("Understood: I leave the remote as it is.", duration_ms=9000),
    )


async def cancelled(stage: Stage, pilot: Pilot[Any]) -> None:
    """The run was stopped in the middle of a sentence."""
    await asked(stage, pilot)
    await stage.play(
        pilot,
        ev.TextDelta("The inner `round` is applied before the"),
        ev.Cancelled("running"),
        fd.turn_done("unknown", incomplete="cancelled"),
        fd.done("The inner `round` is applied before the", status="cancelled"),
        usage(cost=None),
        at=4000,
    )


async def failed(stage: Stage, pilot: Pilot[Any]) -> None:
    """The run failed with something to do about it."""
    await asked(stage, pilot)
    error = ev.ErrorInfo(
        kind="auth",
        message="anthropic refused the key (401).",
        hint="Check ANTHROPIC_API_KEY, or choose another model with /model.",
        status=401,
    )
    await stage.play(pilot, fd.done(status="error", error=error), at=4000)


async def retry(stage: Stage, pilot: Pilot[Any]) -> None:
    """The service asked us to wait; the status bar counts down."""
    await asked(stage, pilot)
    error = ev.ErrorInfo(kind="rate_limited", message="too many requests", status=429)
    await stage.play(pilot, ev.RetryScheduled(1, 4, 11.0, error), usage(), at=4000)
    await stage.wait(pilot, 3)


async def model_switch(stage: Stage, pilot: Pilot[Any]) -> None:
    """Another model answers from here on."""
    await asked(stage, pilot)
    await stage.play(
        pilot,
        ev.TextDelta("Because of the inner `round`."),
        fd.turn_done(),
        fd.done("Because of the inner `round`."),
        ev.ModelChanged(SONNET, "openai/gpt-6"),
        fd.run("And refunds?", "openai/gpt-6"),
        fd.turn("openai/gpt-6"),
        ev.TextDelta("Refunds go through the same function."),
        at=4000,
    )


async def queued(stage: Stage, pilot: Pilot[Any]) -> None:
    """Two messages wait in their lanes while a tool runs."""
    await two_tools(stage, pilot)
    await stage.play(pilot, ev.Queued("steer", 1, "also check refunds"), rid="q1")
    await stage.play(pilot, ev.Queued("follow_up", 1, "then write the changelog"), rid="q2")
    await stage.type(pilot, "and this is half typed")
    await pilot.pause()
