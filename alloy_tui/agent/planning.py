"""From a model's tool call to a plan for running it, or to the result that says why not.

Owns look-up, validation and the questions put to a tool before it runs; every
defect of a tool's own code ends here as a result. Runs nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import msgspec

from alloy_tui.domain.errors import ToolError
from alloy_tui.domain.messages import ToolCallBlock
from alloy_tui.domain.tool import Access, Tool, ToolContext, ToolReply

_log = logging.getLogger(__name__)

LONGEST_ECHO = 200
"""Characters of a call's broken arguments that the model is shown again."""


class Plan(msgspec.Struct, frozen=True):
    """A call that may run, if it is approved."""

    call: ToolCallBlock
    tool: Tool
    prepared: Any
    access: Access
    headline: str
    rule: str
    context: ToolContext


class Refused(msgspec.Struct, frozen=True):
    """A call that cannot run, and what the model is told."""

    call: ToolCallBlock
    reply: ToolReply


def by_name(tools: Sequence[Tool]) -> dict[str, Tool]:
    """The tools by name; a later one replaces an earlier of the same name."""
    return {tool.spec.name: tool for tool in tools}


def vet(call: ToolCallBlock, tools: dict[str, Tool]) -> Refused | None:
    """Refuse a call whose arguments are no JSON object or whose tool does not exist."""
    if call.name not in tools:
        there = ", ".join(sorted(tools)) or "none"
        words = f"There is no tool named {call.name}. The tools there are: {there}."
        return refuse(call, words, skipped="unknown_tool")
    if call.invalid is not None:
        start = call.invalid[:LONGEST_ECHO]
        more = "…" if len(call.invalid) > LONGEST_ECHO else ""
        return refuse(
            call,
            f"Not run: the arguments of {call.name} are not a JSON object. "
            f"They began with: {start}{more}\nSend the call again with one complete JSON object.",
            skipped="invalid",
        )
    return None


def plan(call: ToolCallBlock, tools: dict[str, Tool], context: ToolContext) -> Plan | Refused:
    """Check the arguments and ask the tool what the call is; `call` passed `vet`."""
    tool = tools[call.name]
    try:
        prepared = tool.prepare(call.arguments)
        return Plan(
            call=call,
            tool=tool,
            prepared=prepared,
            access=tool.access(prepared),
            headline=tool.headline(prepared),
            rule=tool.rule(prepared),
            context=context,
        )
    except ToolError as error:
        return refuse(call, said(error), skipped="invalid")
    except (Exception, SystemExit) as error:  # noqa: BLE001  # foreign code must not end a run
        _log.exception("The tool %s failed before it ran", call.name)
        return refuse(call, crashed(call.name, error), skipped="crashed")


def refuse(call: ToolCallBlock, words: str, **details: Any) -> Refused:
    """A refusal in `words` for the model; `details` hold `denied` or `skipped` for views."""
    return Refused(call, ToolReply.of(words, is_error=True, **details))


def said(error: ToolError) -> str:
    """A tool's own words, with its hint."""
    return f"{error.message} {error.hint}" if error.hint else error.message


def crashed(name: str, error: BaseException) -> str:
    """What the model is told of a tool's defect."""
    return f"The tool {name} crashed: {type(error).__name__}: {error}"
