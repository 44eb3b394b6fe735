"""Alloy: an agent workbench for the terminal, and its engine as a library.

    from alloy_tui import run_sync
    print(run_sync("Why is the sky blue?", model="anthropic/claude-sonnet-5-5").text)

A team of agents, supervised, each with a conversation of its own:

    async with Team({"reader": {}, "writer": {}}, model="anthropic/claude-sonnet-5") as team:
        result = await team.handoff(["reader", "writer"], "Sum up README.md in one sentence.")

Everything in `__all__` is the public interface. Names are imported when they
are first used, so that `import alloy_tui` costs next to nothing.
"""

from __future__ import annotations

__version__ = "0.1.0"

# Said here and not imported: the typing module alone costs as much as the interpreter's start.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from alloy_tui.agent.agent import Agent
    from alloy_tui.agent.approvals import Approvals
    from alloy_tui.agent.hub import Hub
    from alloy_tui.agent.middleware import Block, EditedCall, Halt, HookContext, Middleware
    from alloy_tui.agent.oneshot import run, run_sync
    from alloy_tui.agent.permissions import ModePolicy, PermissionPolicy
    from alloy_tui.agent.telemetry import Telemetry
    from alloy_tui.domain import errors, events, messages
    from alloy_tui.domain.access import ServiceAccess
    from alloy_tui.domain.errors import (
        AlloyError,
        ConfigError,
        ProviderError,
        TeamError,
        ToolError,
    )
    from alloy_tui.domain.events import Envelope
    from alloy_tui.domain.messages import ChatMessage
    from alloy_tui.domain.provider import CompletionRequest, Provider
    from alloy_tui.domain.results import Health, RunResult, SessionExport
    from alloy_tui.domain.secret import Secret
    from alloy_tui.domain.tool import Tool, ToolContext, ToolReply
    from alloy_tui.domain.usage import TokenUsage
    from alloy_tui.providers.retry import RetryPolicy
    from alloy_tui.providers.scripted import ScriptedProvider
    from alloy_tui.settings.loader import load_settings
    from alloy_tui.team.spec import MemberSpec, TeamSpec
    from alloy_tui.team.team import Team
    from alloy_tui.tools.core import core_tools
    from alloy_tui.tools.decorator import tool

__all__ = [
    "Agent",
    "AlloyError",
    "Approvals",
    "Block",
    "ChatMessage",
    "CompletionRequest",
    "ConfigError",
    "EditedCall",
    "Envelope",
    "Halt",
    "Health",
    "HookContext",
    "Hub",
    "MemberSpec",
    "Middleware",
    "ModePolicy",
    "PermissionPolicy",
    "Provider",
    "ProviderError",
    "RetryPolicy",
    "RunResult",
    "ScriptedProvider",
    "Secret",
    "ServiceAccess",
    "SessionExport",
    "Team",
    "TeamError",
    "TeamSpec",
    "Telemetry",
    "TokenUsage",
    "Tool",
    "ToolContext",
    "ToolError",
    "ToolReply",
    "__version__",
    "core_tools",
    "errors",
    "events",
    "load_settings",
    "messages",
    "run",
    "run_sync",
    "tool",
]

# Where each name lives, below this package.
_HOMES = {
    "agent.agent": ("Agent",),
    "agent.approvals": ("Approvals",),
    "agent.hub": ("Hub",),
    "agent.middleware": ("Block", "EditedCall", "Halt", "HookContext", "Middleware"),
    "agent.oneshot": ("run", "run_sync"),
    "agent.permissions": ("ModePolicy", "PermissionPolicy"),
    "agent.telemetry": ("Telemetry",),
    "domain.access": ("ServiceAccess",),
    "domain.errors": ("AlloyError", "ConfigError", "ProviderError", "TeamError", "ToolError"),
    "domain.events": ("Envelope",),
    "domain.messages": ("ChatMessage",),
    "domain.provider": ("CompletionRequest", "Provider"),
    "domain.results": ("Health", "RunResult", "SessionExport"),
    "domain.secret": ("Secret",),
    "domain.tool": ("Tool", "ToolContext", "ToolReply"),
    "domain.usage": ("TokenUsage",),
    "providers.retry": ("RetryPolicy",),
    "providers.scripted": ("ScriptedProvider",),
    "settings.loader": ("load_settings",),
    "team.spec": ("MemberSpec", "TeamSpec"),
    "team.team": ("Team",),
    "tools.core": ("core_tools",),
    "tools.decorator": ("tool",),
}
_MODULES = frozenset({"errors", "events", "messages"})


def __getattr__(name: str) -> Any:
    import importlib

    if name in _MODULES:
        value: Any = importlib.import_module(f"alloy_tui.domain.{name}")
    else:
        home = next((m for m, names in _HOMES.items() if name in names), None)
        if home is None:
            raise AttributeError(f"module 'alloy_tui' has no attribute '{name}'")
        value = getattr(importlib.import_module(f"alloy_tui.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
