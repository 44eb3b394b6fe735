"""What can be set, of which type, and how to say so.

Owns the shape of the config file (`UserFile`), of the resolved `Settings`, and
the words that tell a person what to write. Reads nothing itself.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta

from alloy_tui.domain.access import ServiceAccess, Timeouts, WireName
from alloy_tui.domain.models import ModelFacts
from alloy_tui.domain.provider import Effort
from alloy_tui.domain.secret import Secret
from alloy_tui.domain.usage import Price

ApprovalMode: TypeAlias = Literal["ask", "edits", "all", "none"]
Notify: TypeAlias = Literal["off", "bell", "desktop", "both"]
ToolPolicy: TypeAlias = Literal["ask", "allow", "deny"]

Seconds: TypeAlias = Annotated[float, Meta(gt=0, le=86_400)]
Dollars: TypeAlias = Annotated[float, Meta(ge=0, le=1_000_000)]
Tokens: TypeAlias = Annotated[int, Meta(ge=1, le=10_000_000_000)]
Count: TypeAlias = Annotated[int, Meta(ge=1, le=1_000_000)]


class ApprovalSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What runs without asking: the mode, and exceptions by tool name."""

    mode: ApprovalMode = "ask"
    tools: dict[str, ToolPolicy] = {}


class TimeoutSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Patience with a service, in seconds; see `domain.access.Timeouts`."""

    connect_s: Seconds = 10.0
    chunk_s: Seconds = 120.0
    content_s: Seconds = 300.0

    def resolved(self) -> Timeouts:
        """As providers take it."""
        return Timeouts(self.connect_s, self.chunk_s, self.content_s)


class RetrySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How often and how patiently a failed request is repeated."""

    max_attempts: Annotated[int, Meta(ge=1, le=20)] = 4
    longest_wait_s: Seconds = 120.0


class ServiceEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One `[services.NAME]` table: a known service, or one of the user's own.

    `wire` is the format that it speaks, `key_variable` the environment variable
    that holds its key, `headers` go out with every request, `label` is its name
    for people.
    """

    api_key: Secret | None = None
    base_url: str | None = None
    wire: WireName | None = None
    key_variable: str | None = None
    headers: dict[str, Secret] = {}
    label: str | None = None


class ModelEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One `[models."service/model"]` table: tokens, and US dollars per million of them."""

    context_window: Tokens | None = None
    max_output: Tokens | None = None
    input_price: Dollars | None = None
    output_price: Dollars | None = None
    cache_read_price: Dollars | None = None
    cache_write_price: Dollars | None = None
    label: str | None = None

    def resolved(self) -> ModelFacts:
        """As providers take it."""
        prices = (
            self.input_price,
            self.output_price,
            self.cache_read_price,
            self.cache_write_price,
        )
        said = any(price is not None for price in prices)
        price = Price(*prices) if said else None
        return ModelFacts(self.context_window, self.max_output, price, self.label)


class BudgetSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What may be spent, in US dollars and in tokens; None is no limit.

    A day is one of this machine's calendar, and counts all sessions.
    """

    session_usd: Dollars | None = None
    day_usd: Dollars | None = None
    session_tokens: Tokens | None = None
    day_tokens: Tokens | None = None


class SessionSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where sessions are kept: the address of a database server, None = a folder of this machine.

    It may hold a password.
    """

    store: Secret | None = None


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What both the file and the resolved settings have; None leaves the engine's default."""

    model: str | None = None
    fallbacks: tuple[str, ...] = ()
    effort: Effort | None = None
    max_turns: Count = 50
    max_output: Count | None = None
    max_pending: Annotated[int, Meta(ge=1, le=10_000)] = 16
    timeout_s: Seconds | None = None
    tool_timeout_s: Seconds = 600.0
    system_prompt: str | None = None
    theme: str | None = None
    notify: Notify = "bell"
    reduced_motion: bool = False
    status: tuple[str, ...] = ()
    keys: dict[str, str] = {}
    approvals: ApprovalSettings = ApprovalSettings()
    timeouts: TimeoutSettings = TimeoutSettings()
    retry: RetrySettings = RetrySettings()
    sessions: SessionSettings = SessionSettings()
    budget: BudgetSettings = BudgetSettings()


class UserFile(Options, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The config file."""

    services: dict[str, ServiceEntry] = {}
    models: dict[str, ModelEntry] = {}


class Settings(Options, frozen=True, kw_only=True):
    """Everything resolved: file, environment and flags, nearest wins.

    `services` holds every service of which something is known. Its `access` is
    an AccessLookup.
    """

    services: dict[str, ServiceAccess] = {}

    def access(self, service: str) -> ServiceAccess:
        """How to reach `service`; unknown ones get the timeouts and nothing else."""
        known = self.services.get(service)
        return known or ServiceAccess(timeouts=self.timeouts.resolved())


# What to write, by key; `*` stands for any name.
WHAT_TO_WRITE: dict[str, str] = {
    "model": 'a model name in quotes, such as "anthropic/claude-sonnet-5" or "sonnet"',
    "fallbacks": 'a list of model names, such as ["openai/gpt-5"]',
    "effort": "one of none, minimal, low, medium, high, xhigh, max, in quotes",
    "max_turns": "a whole number of at least 1",
    "max_output": "a whole number of tokens, at least 1",
    "max_pending": "a whole number from 1 to 10000",
    "timeout_s": "a number of seconds above 0",
    "tool_timeout_s": "a number of seconds above 0",
    "system_prompt": "text in quotes",
    "theme": "the name of a theme, in quotes",
    "notify": "one of off, bell, desktop, both, in quotes",
    "reduced_motion": "true or false",
    "status": 'a list of fields, such as ["state", "cost", "gap", "model"]',
    "keys": "a table: [keys]",
    "keys.*": 'one or several keys in quotes, such as "ctrl+t,f9"',
    "approvals": "a table: [approvals]",
    "approvals.mode": "one of ask, edits, all, none, in quotes",
    "approvals.tools": "a table: [approvals.tools]",
    "approvals.tools.*": "one of ask, allow, deny, in quotes",
    "timeouts": "a table: [timeouts]",
    "timeouts.connect_s": "a number of seconds above 0",
    "timeouts.chunk_s": "a number of seconds above 0",
    "timeouts.content_s": "a number of seconds above 0",
    "retry": "a table: [retry]",
    "retry.max_attempts": "a whole number from 1 to 20",
    "retry.longest_wait_s": "a number of seconds above 0",
    "sessions": "a table: [sessions]",
    "sessions.store": 'an address such as "postgresql://user@host/database"',
    "services": "tables such as [services.anthropic]",
    "budget": "a table: [budget]",
    "budget.session_usd": "a number of US dollars",
    "budget.day_usd": "a number of US dollars",
    "budget.session_tokens": "a whole number of tokens",
    "budget.day_tokens": "a whole number of tokens",
    "models": 'tables such as [models."openai/gpt-6.1-sol"]',
    "models.*": "a table with context_window, max_output, input_price, output_price and so on",
    "models.*.context_window": "a whole number of tokens",
    "models.*.max_output": "a whole number of tokens",
    "models.*.input_price": "US dollars per million tokens",
    "models.*.output_price": "US dollars per million tokens",
    "models.*.cache_read_price": "US dollars per million tokens",
    "models.*.cache_write_price": "US dollars per million tokens",
    "models.*.label": "a name in quotes",
    "services.*": "a table with api_key, base_url, wire and so on",
    "services.*.api_key": "the key in quotes",
    "services.*.base_url": 'an address such as "https://example.org/v1"',
    "services.*.wire": "one of openai-chat, openai-responses, anthropic-messages, gemini, "
    "ollama-chat, bedrock-converse, in quotes",
    "services.*.key_variable": "the name of an environment variable, in quotes",
    "services.*.headers": 'a table of headers, such as { X-Team = "blue" }',
    "services.*.headers.*": "text in quotes",
    "services.*.label": "a name in quotes",
}
