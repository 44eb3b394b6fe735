"""What an agent is sent out with: tools and system prompt, by the size of its model.

Owns the lighter outfit of the local extra's model. It reads its prompt at the
speed of a slow processor and is easily led astray: the full set of tools costs
it most of a minute before the first word, and it then talks about nothing else.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from alloy_tui.agent.prompts import built_in_prompt
from alloy_tui.domain.tool import Tool
from alloy_tui.runtime.local_server import MODEL_NAME
from alloy_tui.runtime.model_choice import LOCAL_SERVICE
from alloy_tui.tools.core import core_tools

LOCAL_MODEL = f"{LOCAL_SERVICE}/{MODEL_NAME}"

_LIGHT_TOOLS = ("read", "bash")
_LIGHT_PROMPT = (
    "You are Alloy, a helpful assistant in a terminal. Answer briefly and to the point. "
    "Call a function only when the user asks for a file or a command."
)


class Outfit(msgspec.Struct, frozen=True):
    """Tools and system prompt."""

    tools: tuple[Tool, ...]
    system_prompt: str


def outfit(model: str, cwd: str, *, own_prompt: str | None, now_ms: int) -> Outfit:
    """What suits `model`; `own_prompt` is the user's and goes before any of ours."""
    tools = core_tools(cwd)
    if model == LOCAL_MODEL:
        light = tuple(tool for tool in tools if tool.spec.name in _LIGHT_TOOLS)
        return Outfit(light, own_prompt or _LIGHT_PROMPT)
    return Outfit(tools, own_prompt or built_in_prompt(Path(cwd), now_ms))
