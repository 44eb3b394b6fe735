"""From what a service says went wrong to a typed error in words for a person.

Owns the classification by status, type, code and phrase, over every body shape
that the services (and the proxies before them) are known to send. The status
decides before the type, the specific codes before both. Knows no wire format
and does no input or output.
"""

from __future__ import annotations

import re
from typing import Any, cast

import msgspec

from alloy_tui.domain.errors import ErrorKind, ProviderError
from alloy_tui.domain.secret import Secret
from alloy_tui.providers.tolerant_json import mapping, read_any, scrub

MESSAGE_LIMIT = 4000
"""Characters that an error message may have."""

_OVERFLOW_CODES = {
    "context_length_exceeded",
    "exceed_context_size_error",
    "model_context_window_exceeded",
    "request_too_large",
}
_OVERFLOW_PHRASES = (
    "prompt is too long",
    "maximum context length",
    "context length exceeded",
    "context window",
    "available context size",
    "input is too long",
    "input length and `max_tokens` exceed",
    "exceeds the maximum number of tokens",
    "exceeds the context length",
    "reduce the length of the messages",
)
_QUOTA_CODES = {
    "insufficient_quota",
    "billing_error",
    "billing_hard_limit_reached",
    "enforced_spend_limit_reached",
    "insufficient_balance",
}
_QUOTA_PHRASES = ("credit balance is too low", "insufficient balance", "insufficient credits")
# Gemini answers a wrong key with status 400.
_AUTH_CODES = {"api_key_invalid", "api_key_service_blocked", "api_key_expired"}
_REFUSED_CODES = {"content_filter", "content_policy_violation", "moderation_blocked"}
_BY_CODE: dict[str, ErrorKind] = {
    "overloaded_error": "overloaded",
    "service_unavailable": "overloaded",
    "unavailable": "overloaded",
    "insufficient_system_resource": "overloaded",
    "rate_limit_error": "rate_limited",
    "rate_limit_exceeded": "rate_limited",
    "rate_limited": "rate_limited",
    "too_many_requests": "rate_limited",
    "resource_exhausted": "rate_limited",
    "server_error": "server_error",
    "api_error": "server_error",
    "internal_error": "server_error",
    "internal_server_error": "server_error",
    "internal": "server_error",
    "timeout_error": "timeout",
    "timeout": "timeout",
    "deadline_exceeded": "timeout",
    "authentication_error": "auth",
    "invalid_api_key": "auth",
    "permission_error": "auth",
    "permission_denied": "auth",
    "not_found_error": "not_found",
    "model_not_found": "not_found",
    "not_found": "not_found",
    "invalid_request_error": "invalid_request",
    "invalid_argument": "invalid_request",
    "throttlingexception": "rate_limited",
    "modelnotreadyexception": "overloaded",
    "serviceunavailableexception": "overloaded",
    "modelstreamerrorexception": "server_error",
    "internalserverexception": "server_error",
    "modelerrorexception": "server_error",
    "modeltimeoutexception": "timeout",
    "accessdeniedexception": "auth",
    "resourcenotfoundexception": "not_found",
    "validationexception": "invalid_request",
}
_BY_STATUS: dict[int, ErrorKind] = {
    400: "invalid_request",
    401: "auth",
    402: "quota",
    403: "auth",
    404: "not_found",
    405: "invalid_request",
    408: "timeout",
    # A conflict passes when the other request is done; both large SDKs retry it.
    409: "server_error",
    413: "context_overflow",
    422: "invalid_request",
    424: "server_error",
    429: "rate_limited",
    498: "overloaded",
    503: "overloaded",
    504: "timeout",
    529: "overloaded",
}
HINTS: dict[ErrorKind, str] = {
    "auth": "Check the key of this service, and that it may use this model.",
    "quota": "Top up the account or raise its spend limit, or choose another model.",
    "not_found": "Check the model's name (/model and `alloy models` list them), and the address.",
    "context_overflow": "The conversation is longer than the model can take: /reset it,"
    " or choose a model with a larger window.",
    "rate_limited": "Wait a moment, or choose another model.",
    "overloaded": "The service is busy: wait a moment, or choose another model.",
}
_DELAY = re.compile(r"(\d{1,6}(?:\.\d{1,9})?)s")
_TAG = re.compile(rb"<(script|style)\b.*?</\1\s*>|<[^>]*>", re.DOTALL | re.IGNORECASE)


class Fault(msgspec.Struct, frozen=True):
    """What a body says of an error, whatever its shape."""

    message: str = ""
    type: str = ""
    code: str = ""
    status: int | None = None
    delay_s: float | None = None


def classify(fault: Fault, status: int | None = None) -> ErrorKind:
    """The kind of `fault`; `status` is the HTTP status of the answer, None inside a stream."""
    codes = {fault.type.lower(), fault.code.lower()} - {""}
    words = fault.message.lower()
    status = status if status is not None and status >= 400 else fault.status
    if codes & _OVERFLOW_CODES or (
        # A rate limit counts tokens too and may speak of shorter prompts.
        status not in (401, 403, 404, 429) and any(p in words for p in _OVERFLOW_PHRASES)
    ):
        return "context_overflow"
    if codes & _QUOTA_CODES or any(p in words for p in _QUOTA_PHRASES):
        return "quota"
    if codes & _REFUSED_CODES:
        return "refused"
    if codes & _AUTH_CODES:
        return "auth"
    if status is not None:
        if status >= 500 and "overloaded_error" in codes:
            return "overloaded"
        if status in _BY_STATUS:
            return _BY_STATUS[status]
        return "server_error" if status >= 500 else "invalid_request"
    for code in sorted(codes):
        if code in _BY_CODE:
            return _BY_CODE[code]
    return "unknown"


def from_body(service: str, status: int, body: bytes) -> ProviderError:
    """The error for an HTTP answer of `status` with `body` (its first 64 kB will do)."""
    return _error(service, read_fault(body), status)


def from_stream(service: str, value: Any) -> ProviderError:
    """The error for an error object inside an answer that began with status 200."""
    return _error(service, fault_of(value), None)


def read_fault(body: bytes) -> Fault:
    """What a body says of the error; text and HTML come back as a short message."""
    text = body.lstrip(b"\xef\xbb\xbf \t\r\n")
    if text[:1] in (b"{", b"["):
        try:
            return fault_of(read_any(text))
        except ProviderError:
            pass  # cut or broken JSON: shown as the text it is
    if text[:1] == b"<":
        text = _TAG.sub(b" ", text[:65_536])
    return Fault(" ".join(text[:MESSAGE_LIMIT].decode("utf-8", "replace").split())[:300])


def fault_of(value: Any) -> Fault:
    """What a JSON value says of the error: `{error: …}` in all its shapes, or the fault itself."""
    if isinstance(value, list):
        items = cast("list[Any]", value)
        return fault_of(items[0]) if items else Fault()
    if not isinstance(value, dict):
        return Fault(_text(value))
    outer = cast("dict[str, Any]", value)
    inner = outer.get("error")
    if isinstance(inner, str):
        return Fault(inner, code=_text(outer.get("code")))
    fields = mapping(inner) or outer
    # AWS writes the second where another part of it than the service itself refuses.
    said = fields.get("message") or fields.get("Message")
    message = _text(said) or _detail(fields.get("detail"))
    metadata = mapping(fields.get("metadata"))
    upstream = _text(metadata.get("raw"))
    if upstream and upstream not in message:
        # A gateway's own message is often "Provider returned error"; the reason is below it.
        message = f"{message} ({upstream})" if message else upstream
    reason, delay_s = _details(fields.get("details"))
    number = fields.get("code", fields.get("raw_status_code"))
    return Fault(
        message,
        _text(fields.get("type") or fields.get("status")),
        reason or _text(number),
        number if isinstance(number, int) and 400 <= number <= 599 else None,
        delay_s,
    )


def fit_to_show(error: ProviderError, key: Secret | None) -> ProviderError:
    """`error` without the key in it, at most MESSAGE_LIMIT characters long, and encodable.

    The key goes first: a message cut inside it would keep the better part of it.
    """
    message, code = error.message, error.code
    if key is not None:
        message, code = key.redact(message), key.redact(code) if code else None
    message = scrub(message)
    error.message = (
        message if len(message) <= MESSAGE_LIMIT else message[: MESSAGE_LIMIT - 2] + " …"
    )
    error.code = scrub(code) if code else None
    error.args = (error.message,)
    return error


def _error(service: str, fault: Fault, status: int | None) -> ProviderError:
    kind = classify(fault, status)
    shown = f"{service} answered with status {status}" if status else f"{service} reported an error"
    return ProviderError(
        f"{shown}: {fault.message}" if fault.message else f"{shown}.",
        kind=kind,
        status=status,
        code=(fault.code or fault.type)[:200] or None,
        retry_after_s=fault.delay_s,
        hint=HINTS.get(kind),
    )


def _details(value: Any) -> tuple[str, float | None]:
    """The specific code in an error's details, and the seconds that it asks us to wait."""
    reason, delay_s = _text(mapping(value).get("error_code")), None
    for item in cast("list[Any]", value) if isinstance(value, list) else ():
        detail = mapping(item)
        reason = reason or _text(detail.get("reason"))
        match = _DELAY.fullmatch(_text(detail.get("retryDelay")))
        delay_s = float(match[1]) if match else delay_s
    return reason, delay_s


def _text(value: Any) -> str:
    if value is None or isinstance(value, (dict, list, bool)):
        return ""
    return str(value)[: MESSAGE_LIMIT * 2]


def _detail(value: Any) -> str:
    """FastAPI's `detail`: a sentence, or a list of what is wrong where."""
    if not isinstance(value, list):
        return _text(value)
    said: list[str] = []
    for item in cast("list[Any]", value)[:5]:
        entry = mapping(item)
        place = entry.get("loc")
        where = (
            ".".join(str(p) for p in cast("list[Any]", place)) if isinstance(place, list) else ""
        )
        said.append(f"{where}: {_text(entry.get('msg'))}".strip(": "))
    return "; ".join(s for s in said if s)
