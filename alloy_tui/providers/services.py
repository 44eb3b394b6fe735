"""The table of services: a service is a row, and a row is all that a new one needs.

Owns addresses, authentication, wire formats and quirks by service name. Must
not know settings: who holds keys hands them in as `ServiceAccess`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Literal, TypeAlias
from urllib.parse import urlsplit

import msgspec

from alloy_tui.domain.errors import ConfigError, ProviderError
from alloy_tui.domain.models import ModelInfo
from alloy_tui.domain.provider import CompletionRequest
from alloy_tui.domain.secret import Secret
from alloy_tui.providers.wire import anthropic_request, openai_chat_request
from alloy_tui.providers.wire.answer import Decoder
from alloy_tui.providers.wire.anthropic_messages import AnthropicDecoder
from alloy_tui.providers.wire.anthropic_request import MessagesQuirks
from alloy_tui.providers.wire.calls import CallIds
from alloy_tui.providers.wire.openai_chat import OpenAIChatDecoder
from alloy_tui.providers.wire.openai_chat_request import ChatQuirks

Encode: TypeAlias = Callable[[CompletionRequest, ModelInfo], bytes]
MakeDecoder: TypeAlias = Callable[[str, str, CallIds], Decoder]
Auth: TypeAlias = Literal["bearer", "x-api-key"]

_PLAIN = ChatQuirks()
_VERSION = re.compile(r"/v\d+[a-z0-9]*$")


class Service(msgspec.Struct, frozen=True):
    """One row.

    `label` is the service's name for people; `base_url` None means that the
    user must give one. `key_needed` is false for servers that usually run
    without a key. `path` follows the version part of the address. `headers`
    go out with every request.
    """

    name: str
    label: str
    base_url: str | None
    key_variables: tuple[str, ...]
    path: str
    encode: Encode
    decoder: MakeDecoder
    auth: Auth = "bearer"
    key_needed: bool = True
    headers: dict[str, str] = {}


def _chat(
    name: str,
    label: str,
    base_url: str | None,
    key_variable: str | None,
    quirks: ChatQuirks = _PLAIN,
    *,
    key_needed: bool = True,
) -> Service:
    return Service(
        name,
        label,
        base_url,
        (key_variable,) if key_variable else (),
        "/chat/completions",
        partial(openai_chat_request.encode_request, quirks=quirks),
        OpenAIChatDecoder,
        key_needed=key_needed,
    )


def _messages(
    name: str,
    label: str,
    base_url: str | None,
    key_variable: str,
    quirks: MessagesQuirks,
    *,
    key_needed: bool = True,
) -> Service:
    return Service(
        name,
        label,
        base_url,
        (key_variable,),
        "/messages",
        partial(anthropic_request.encode_request, quirks=quirks),
        AnthropicDecoder,
        auth="x-api-key",
        key_needed=key_needed,
        headers={"anthropic-version": anthropic_request.VERSION},
    )


_ROWS = (
    _messages(
        "anthropic",
        "Anthropic",
        "https://api.anthropic.com",
        "ANTHROPIC_API_KEY",
        MessagesQuirks(caching=True, thinking=True),
    ),
    _chat(
        "openai",
        "OpenAI",
        "https://api.openai.com/v1",
        "OPENAI_API_KEY",
        ChatQuirks(
            max_tokens_field="max_completion_tokens", cache_key=True, documents=True, longest_id=40
        ),
    ),
    _chat(
        "deepseek",
        "DeepSeek",
        "https://api.deepseek.com",
        "DEEPSEEK_API_KEY",
        ChatQuirks(
            efforts={"minimal": "low", "medium": "high", "xhigh": "high"}, reasoning_due=True
        ),
    ),
    _chat("openrouter", "OpenRouter", "https://openrouter.ai/api/v1", "OPENROUTER_API_KEY"),
    _chat("groq", "Groq", "https://api.groq.com/openai/v1", "GROQ_API_KEY"),
    _chat("ollama", "Ollama", "http://127.0.0.1:11434", None, key_needed=False),
    _chat("local", "The local model", "http://127.0.0.1:8080", None, key_needed=False),
    _chat("compat", "The server", None, "ALLOY_COMPAT_API_KEY", key_needed=False),
    _messages(
        "compat-anthropic",
        "The server",
        None,
        "ALLOY_COMPAT_ANTHROPIC_API_KEY",
        MessagesQuirks(caching=False),
        key_needed=False,
    ),
)
SERVICES: dict[str, Service] = {row.name: row for row in _ROWS}
"""All services by name."""


def find_service(name: str) -> Service:
    """The row of `name`. Raises ConfigError."""
    service = SERVICES.get(name)
    if service is None:
        raise ConfigError(
            f"There is no service named “{name}”.",
            hint=f"Known are {', '.join(SERVICES)} and scripted.",
        )
    return service


def base_address(service: Service, given: str | None) -> str:
    """Where `service` is: the `given` address if there is one. Raises ConfigError."""
    variable = f"ALLOY_{service.name.upper().replace('-', '_')}_BASE_URL"
    url = (given or service.base_url or "").strip()
    if not url:
        raise ConfigError(
            f"{service.name} has no address of its own.",
            hint=f"Set {variable}, for example to http://127.0.0.1:8080/v1.",
        )
    try:
        parts = urlsplit(url)
        right = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        right = False
    if not right:
        raise ConfigError(
            f"The address of {service.name} is not an http or https URL.",
            hint=f"Set {variable} to something like http://127.0.0.1:8080/v1.",
        )
    return url


def endpoint(base_url: str, path: str) -> str:
    """`path` below `base_url`, with one version part whether or not the address has it.

    An address that is the endpoint itself stays as it is.
    """
    base = base_url.split("#", 1)[0].split("?", 1)[0].rstrip("/")
    if base.endswith(path):
        return base
    return base + path if _VERSION.search(base) else f"{base}/v1{path}"


def auth_headers(service: Service, key: Secret | None) -> dict[str, str]:
    """The headers that identify us. Raises ProviderError, kind "auth", for an impossible key."""
    headers = dict(service.headers)
    if not key:
        return headers
    text = key.reveal()
    # Checked here, for the HTTP library would quote a bad header, key and all.
    if not all("!" <= c <= "~" for c in text):
        raise ProviderError(
            f"The key for {service.label} has characters that no key has (spaces, line breaks or"
            " letters outside ASCII).",
            kind="auth",
            hint="Copy the key again and set it anew.",
        )
    if service.auth == "bearer":
        headers["authorization"] = f"Bearer {text}"
    else:
        headers["x-api-key"] = text
    return headers
