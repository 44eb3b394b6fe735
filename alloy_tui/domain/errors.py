"""Every error that Alloy raises on purpose, in one tree.

    AlloyError
    ├── ConfigError              settings, flags or files say something impossible
    ├── ProviderError            a model service failed; `kind` says how (see ErrorKind)
    ├── ToolError                a tool refuses its arguments or could not do its work
    ├── TranscriptError          a conversation breaks a rule that every wire format has
    ├── SessionError             a session cannot do what was asked of it
    │   ├── UnknownNodeError     no such node in that session
    │   └── StoreError           the store could not read or write; `kind` says why
    ├── WorkspaceError           files of the workspace cannot be followed or put back
    └── AgentError               an agent cannot take what was asked of it
        ├── QueueFullError
        ├── DuplicateRequestError
        ├── UnknownRequestError
        ├── MiddlewareError      a middleware answered with something its hook cannot do
        ├── AgentStoppedError
        └── TeamError            a team could not have done what was asked; `kind` says why

Messages are sentences for a person: what happened, where, what to do. They may
hold untrusted text (a server's words); whoever shows them passes them through
`domain.sanitise` first. Owns no behaviour beyond naming.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

ErrorKind: TypeAlias = Literal[
    "rate_limited",  # 429 and its cousins; worth a retry
    "overloaded",  # 503, 529; worth a retry
    "server_error",  # other 5xx and in-stream server errors; worth a retry
    "timeout",  # nothing came in time; worth a retry
    "network",  # no connection, or it broke before any answer; worth a retry
    "stream_cut",  # the answer ended without its terminal event
    "malformed",  # the answer breaks its own wire format
    "context_overflow",  # the request is longer than the model's window
    "output_limit",  # the answer hit the output token limit
    "refused",  # the model or a content filter declined
    "quota",  # no credit, or a spend limit; waiting does not help
    "auth",  # key missing, wrong or not allowed
    "not_found",  # no such model or path
    "invalid_request",  # the service rejects what we sent
    "script",  # the scripted provider ran out of, or kept, replies
    "internal",  # a defect of ours or of a middleware, caught at the run's edge
    "unknown",
]

StoreErrorKind: TypeAlias = Literal[
    "full",  # no room on the disk, or a quota is used up
    "io",  # the disk or file system failed
    "access",  # the file or folder may not be read or written
    "busy",  # another program held the store for longer than we wait
    "damaged",  # the file is broken; repair can salvage what is readable
    "newer",  # written by a newer version of the program
    "conflict",  # an id is taken by something else
    "owned",  # another program writes to this session
    "unknown",  # no such session
    "closed",  # the store was closed
]

TeamErrorKind: TypeAlias = Literal[
    "unknown_agent",  # nobody of that name
    "agent_exists",  # somebody has that name
    "crashed",  # the agent, or what it stood on, died
    "failed",  # its run ended with an error
    "timed_out",  # not done in time; the agent may still be at it
    "cancelled",
    "stopped",  # the team is over
    "limit",  # depth, number of agents, or budget
    "conflict",  # somebody else holds it, or it changed in the meantime
    "invalid",  # what was asked makes no sense
]

RETRYABLE_KINDS: frozenset[str] = frozenset(
    {"rate_limited", "overloaded", "server_error", "timeout", "network"}
)


class AlloyError(Exception):
    """Base of all errors raised on purpose.

    `hint` is one sentence saying what the user can do next, or None.
    """

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class ConfigError(AlloyError):
    """Settings, flags, environment or files ask for something impossible."""


class ProviderError(AlloyError):
    """A model service failed.

    `status` is the HTTP status if one was seen; `code` the service's own code
    or type string; `retry_after_s` what the service asked us to wait, in
    seconds; `should_retry` overrides the kind's default when the service said
    so itself (header `x-should-retry`).
    """

    def __init__(
        self,
        message: str,
        *,
        kind: ErrorKind = "unknown",
        status: int | None = None,
        code: str | None = None,
        retry_after_s: float | None = None,
        should_retry: bool | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.kind: ErrorKind = kind
        self.status = status
        self.code = code
        self.retry_after_s = retry_after_s
        self.should_retry = should_retry

    @property
    def retryable(self) -> bool:
        """Whether the same request may succeed later."""
        if self.should_retry is not None:
            return self.should_retry
        return self.kind in RETRYABLE_KINDS


class ToolError(AlloyError):
    """A tool refuses its arguments or could not do its work.

    The message is written for the model: what was wrong and what to send instead.
    """


class TranscriptError(AlloyError):
    """A conversation breaks a rule that every wire format has."""


class SessionError(AlloyError):
    """A session cannot do what was asked of it."""


class UnknownNodeError(SessionError):
    """A session has no node of that id."""


class StoreError(SessionError):
    """The store of sessions could not read or write; what was asked is not stored.

    `kind` is for programs, the message for people.
    """

    def __init__(self, message: str, *, kind: StoreErrorKind, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.kind: StoreErrorKind = kind


class WorkspaceError(AlloyError):
    """The files of the workspace cannot be followed, or not be put back as asked."""


class AgentError(AlloyError):
    """An agent cannot take what was asked of it."""


class QueueFullError(AgentError):
    """The agent's queue already holds `max_pending` requests."""


class DuplicateRequestError(AgentError):
    """A request id is in use or was used before by this agent."""


class UnknownRequestError(AgentError):
    """No running or queued request has that id."""


class MiddlewareError(AgentError):
    """A middleware answered with something that its hook cannot do."""


class AgentStoppedError(AgentError):
    """The agent was stopped and takes no more requests."""


class TeamError(AgentError):
    """A team could not have done what was asked of it.

    `agent` is who it was about, "" = nobody in particular; `partial` is what had
    been brought until then, by agent.
    """

    def __init__(
        self,
        message: str,
        *,
        kind: TeamErrorKind,
        agent: str = "",
        partial: Mapping[str, str] | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.kind: TeamErrorKind = kind
        self.agent = agent
        self.partial = dict(partial or {})
