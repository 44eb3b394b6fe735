"""The demo: a scripted agent that really reads, edits and runs things in a scratch folder.

Owns the little project in the folder and what the agent says about it. It is a
provider like any other: the engine, the tools, approvals and events are the
real ones, and what it says of a result it has read in that result. No model is
involved, and every answer of a new conversation says so.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import anyio
import msgspec

from alloy_tui.domain.errors import ConfigError
from alloy_tui.domain.messages import (
    Block,
    ChatMessage,
    TextBlock,
    ThinkingBlock,
    ToolCallBlock,
    ToolResultBlock,
)
from alloy_tui.domain.models import ModelInfo, ModelRef
from alloy_tui.domain.provider import (
    ArgumentsPart,
    CallPart,
    Completion,
    CompletionRequest,
    StreamPart,
    TextPart,
    ThinkingPart,
)
from alloy_tui.domain.stops import Stop
from alloy_tui.domain.usage import Price, TokenUsage

CODE = '''\
"""Adds up what a customer buys."""


def total(prices, discount=0.0):
    """The sum of `prices`, less `discount` (0.1 is ten per cent), rounded to cents."""
    return round(sum(round(p) for p in prices) * (1 - discount), 2)
'''
TEST = """\
import unittest

from prices import total


class Total(unittest.TestCase):
    def test_whole_prices(self):
        self.assertEqual(total([1, 2, 3]), 6)

    def test_cents_are_kept(self):
        self.assertEqual(total([0.99, 1.49]), 2.48)

    def test_discount(self):
        self.assertEqual(total([10, 10], discount=0.1), 18)


if __name__ == "__main__":
    unittest.main()
"""
_BUG = "sum(round(p) for p in prices)"
_MENDED = "sum(prices)"
_RUN_TESTS = "python3 -m unittest -v test_prices 2>&1"
_RECEIPT = """\
from prices import total

BASKET = {"bread": 2.49, "milk": 1.19, "apples": 3.05}

for name, price in BASKET.items():
    print(f"{name:<10}{price:>8.2f}")
print("-" * 18)
print(f"{'total':<10}{total(BASKET.values()):>8.2f}")
"""


class _Step(msgspec.Struct, frozen=True):
    """One answer of the agent."""

    text: str
    thinking: str = ""
    calls: tuple[tuple[str, dict[str, Any]], ...] = ()


def lay_out(folder: Path) -> None:
    """Write the little project, with its bug, into the new `folder`, for its owner's eyes only.

    Raises ConfigError when it cannot be made; one that is there already is not ours.
    """
    try:
        folder.mkdir(mode=0o700)
    except OSError as error:
        raise ConfigError(
            f"The demo's folder {folder} cannot be made: {error.strerror}.",
            hint="TMPDIR says where there is room for it.",
        ) from None
    (folder / "prices.py").write_text(CODE)
    (folder / "test_prices.py").write_text(TEST)


class DemoProvider:
    """Answers any prompt by working on the project; fills `domain.provider.Provider`.

    What to do next is read off the conversation alone, so that cancelling,
    denying and resetting work as with a model. `delay_s` is between two words.
    """

    def __init__(
        self, *, delay_s: float = 0.015, sleep: Callable[[float], Awaitable[None]] = anyio.sleep
    ) -> None:
        self._delay_s = delay_s
        self._sleep = sleep
        self._info = ModelInfo(
            ModelRef("demo", "guide"),
            context_window=100_000,
            price=Price(input=0.0, output=0.0),
            label="Demo, no model",
        )

    @property
    def ref(self) -> ModelRef:
        """The name under which it appears."""
        return self._info.ref

    @property
    def info(self) -> ModelInfo:
        """It costs nothing, and its tokens are words."""
        return self._info

    async def aclose(self) -> None:
        """Nothing is held."""

    async def stream(self, request: CompletionRequest) -> AsyncGenerator[StreamPart, None]:
        """The next step, word by word."""
        step = next_step(request.messages)
        blocks: list[Block] = []
        for word in _words(step.thinking):
            yield ThinkingPart(word)
            await self._sleep(self._delay_s)
        if step.thinking:
            blocks.append(ThinkingBlock(step.thinking))
        for word in _words(step.text):
            yield TextPart(word)
            await self._sleep(self._delay_s)
        blocks.append(TextBlock(step.text))
        for number, (name, arguments) in enumerate(step.calls):
            call = ToolCallBlock(f"demo-{len(request.messages)}-{number}", name, arguments)
            yield CallPart(call.id, name)
            yield ArgumentsPart(call.id, msgspec.json.encode(arguments).decode())
            blocks.append(call)
        said = len(_words(step.text)) + len(_words(step.thinking)) + 20 * len(step.calls)
        heard = sum(len(_words(m.text)) + 40 * len(m.tool_results) for m in request.messages)
        yield Completion(
            ChatMessage("assistant", tuple(blocks), origin=str(self.ref)),
            Stop("tool_use" if step.calls else "end_turn"),
            TokenUsage(input=heard, output=said),
        )


def next_step(messages: Sequence[ChatMessage]) -> _Step:
    """What to do now: which prompt this is, how far the work on it has come, what it brought."""
    prompts = [i for i, m in enumerate(messages) if m.role == "user" and _is_prompt(m)]
    prompt = messages[prompts[-1]].text if prompts else ""
    since = messages[prompts[-1] + 1 :] if prompts else ()
    results = tuple(r for m in since if m.role == "user" for r in m.tool_results)
    done = sum(1 for m in since if m.role == "assistant")
    refused = next((r for r in results[-2:] if r.is_error and "enied" in r.text), None)
    if refused is not None:
        return _Step(
            "Fine, I leave it at that: the call was denied, and nothing was changed by it. "
            "A real model gets your feedback the same way. Send anything to go on."
        )
    course = (_mend, _extend, _explain)[(len(prompts) - 1) % 3]
    return course(done, prompt, results, first=len(prompts) == 1)


def _mend(done: int, prompt: str, results: Sequence[ToolResultBlock], *, first: bool) -> _Step:
    """Find the bug, mend it, prove it."""
    if done == 0:
        label = (
            "**This is a demo: no model answers, a script does.** The tools are real, and work in "
            "a scratch folder that is deleted when you leave.\n\n"
        )
        again = "Let us begin again: I put the bug back first.\n\n"
        reads: tuple[tuple[str, dict[str, Any]], ...] = (
            ("read", {"file_path": "prices.py"}),
            ("read", {"file_path": "test_prices.py"}),
        )
        put_back = (("bash", {"command": f"sed -i.bak 's/{_MENDED}/{_BUG}/' prices.py"}),)
        return _Step(
            f"{label if first else again}You wrote “{_short(prompt)}”. I look at the little "
            "project here: both files at once, for reading needs no approval.",
            thinking="A small project with a test. First read the code and the test, then run it.",
            calls=reads if first else put_back + reads,
        )
    if done == 1:
        return _Step(
            "A function that adds up prices, and three tests. Now I run them; this asks you "
            "first, unless you allowed commands.",
            calls=(("bash", {"command": _RUN_TESTS}),),
        )
    if done == 2:
        if _passed(results[-1].text):
            return _Step("All tests pass, so there is nothing to mend. Send anything to go on.")
        return _Step(
            f"{_tally(results[-1].text)} `total` rounds every price to whole units before it "
            "adds them up. It has to round once, at the end:",
            thinking="0.99 and 1.49 became 1 and 1. The inner round is wrong; the outer stays.",
            calls=(
                (
                    "edit",
                    {"file_path": "prices.py", "old_string": _BUG, "new_string": _MENDED},
                ),
            ),
        )
    if done == 3:
        return _Step("Changed. The tests again:", calls=(("bash", {"command": _RUN_TESTS}),))
    outcome = "All pass." if _passed(results[-1].text) else "They still fail."
    return _Step(
        f"{outcome} {_tally(results[-1].text)}\n\n"
        "What happened here:\n\n"
        "1. two files read in parallel\n2. the tests run, with your approval\n"
        "3. one line changed, as a diff beside the conversation\n4. the proof\n\n"
        "Send anything to see a new file made. For real answers: `/model`, or leave and set a key."
    )


def _extend(done: int, prompt: str, results: Sequence[ToolResultBlock], *, first: bool) -> _Step:
    """Add a file and run it."""
    del first
    if done == 0:
        return _Step(
            f"(Still the demo.) “{_short(prompt)}”: I add a small program that uses `total` and "
            "prints a receipt.",
            calls=(("write", {"file_path": "receipt.py", "content": _RECEIPT}),),
        )
    if done == 1:
        return _Step("And run it:", calls=(("bash", {"command": "python3 receipt.py"}),))
    return _Step(
        f"It prints:\n\n```text\n{_output(results[-1].text)}\n```\n\nSend anything to go on."
    )


def _explain(done: int, prompt: str, results: Sequence[ToolResultBlock], *, first: bool) -> _Step:
    """Show what an answer can look like, without a tool."""
    del done, results, first
    return _Step(
        f"(Still the demo.) You wrote “{_short(prompt)}”. An answer can hold **Markdown**:\n\n"
        "| key | does |\n|---|---|\n| Esc | stops a run, keeps what arrived |\n"
        "| Ctrl+P | every command by name |\n| F1 | all keys |\n\n"
        f"```python\n{CODE}```\n\nThe next prompt begins again with the bug.",
        thinking="No tool is needed for this one.",
    )


def _is_prompt(message: ChatMessage) -> bool:
    return not message.synthetic and not message.tool_results and bool(message.text.strip())


def _words(text: str) -> list[str]:
    return re.findall(r"\s*\S+\s*?(?=\s|$)|\s+$", text)


def _short(prompt: str) -> str:
    line = " ".join(prompt.split()).replace("`", "'")
    return line if len(line) <= 60 else line[:59] + "…"


def _passed(output: str) -> bool:
    return bool(re.search(r"^OK\b", output, re.MULTILINE))


def _tally(output: str) -> str:
    ran = re.search(r"^Ran (\d+) tests?", output, re.MULTILINE)
    failed = re.search(r"failures=(\d+)", output)
    if ran is None:
        return "The tests could not be run here."
    return f"{ran[1]} tests ran, {failed[1] if failed else 0} failed."


def _output(text: str) -> str:
    """What the program printed, without what the tool says about it."""
    lines = [line for line in text.splitlines() if re.search(r"\S +\d+\.\d\d$|^-+$", line)]
    return "\n".join(lines) or text.strip()
