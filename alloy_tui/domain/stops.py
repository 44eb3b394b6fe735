"""Why a model stopped, in one enumeration for all wire formats.

Decisions are taken from content first (a message with tool calls asks for
tools whatever its stop reason says); the reason tells the rest apart.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

StopReason: TypeAlias = Literal[
    "end_turn",  # the model is done
    "stop_sequence",  # a stop sequence of ours was met
    "tool_use",  # the model wants its tool calls run
    "max_tokens",  # the output limit cut the answer
    "context_overflow",  # the window is full
    "refusal",  # the model declined
    "content_filter",  # a filter of the service removed or stopped the answer
    "pause",  # the service asks for the turn to be sent back to go on
    "malformed",  # the service says that the model produced something unusable
    "unknown",  # a reason that we do not know; `raw` has its word
]


class Stop(msgspec.Struct, frozen=True, omit_defaults=True):
    """A stop reason, the service's own word for it, and its explanation if it gave one."""

    reason: StopReason
    raw: str | None = None
    detail: str | None = None
