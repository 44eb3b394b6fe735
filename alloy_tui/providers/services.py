"""The table of services: a service is a row, and a row is all that a new one needs.

Owns addresses, authentication, wire formats and quirks by service name. Must
not know settings: who holds keys hands them in as `ServiceAccess`.
"""

from __future__ import annotations

import re
from typing import Any, Literal, TypeAlias
from urllib.parse import urlsplit

import msgspec

from alloy_tui.domain.access import ServiceAccess, WireName
from alloy_tui.domain.errors import ConfigError, ProviderError
from alloy_tui.domain.secret import Secret
from alloy_tui.providers import wires
from alloy_tui.providers.wire.anthropic_request import VERSION, MessagesQuirks
from alloy_tui.providers.wire.openai_chat_request import ChatQuirks
from alloy_tui.providers.wire.responses_request import ResponsesQuirks
from alloy_tui.providers.wires import Wire

Auth: TypeAlias = Literal["bearer", "x-api-key", "api-key", "x-goog-api-key", "aws"]

_VERSION = re.compile(r"/v\d+[a-z0-9]*$")
# What these can do, the older format does; some of them the newer one does not take.
_OLD_GPT = re.compile(r"(gpt-3|gpt-4|chatgpt-4|o1-mini|o1-preview|davinci|babbage)")


class Service(msgspec.Struct, frozen=True):
    """One row.

    `label` is the service's name for people; `base_url` None means that the
    user must give one. `key_needed` is false for servers that usually run
    without a key. `headers` go out with every request. Models whose names match
    `older` are spoken to in `older_wire`; so are all where a server at another
    address does not have the newer one. `content_s` is the least patience with
    a model that thinks in silence. `own_headers` are the user's.
    """

    name: str
    label: str
    base_url: str | None
    key_variables: tuple[str, ...]
    wire: Wire
    auth: Auth = "bearer"
    key_needed: bool = True
    headers: dict[str, str] = {}
    older: re.Pattern[str] | None = None
    older_wire: Wire | None = None
    content_s: float = 0.0
    own_headers: dict[str, Secret] = {}

    def wire_for(self, model: str, base_url: str = "") -> Wire:
        """The format in which this model is spoken to at that address."""
        if self.name == "azure" and "/deployments/" in base_url and self.older_wire is not None:
            # One deployment's own address, whose interface is the older one, without a version.
            return msgspec.structs.replace(self.older_wire, version="")
        if self.older is not None and self.older_wire is not None and self.older.match(model):
            return self.older_wire
        return self.wire


_OPENAI_CHAT = ChatQuirks(
    max_tokens_field="max_completion_tokens", cache_key=True, documents=True, longest_id=40
)
_ROWS = (
    Service(
        "anthropic",
        "Anthropic",
        "https://api.anthropic.com",
        ("ANTHROPIC_API_KEY",),
        wires.messages(MessagesQuirks(caching=True, thinking=True)),
        auth="x-api-key",
        headers={"anthropic-version": VERSION},
    ),
    Service(
        "openai",
        "OpenAI",
        "https://api.openai.com/v1",
        ("OPENAI_API_KEY",),
        wires.responses(),
        older=_OLD_GPT,
        older_wire=wires.chat(_OPENAI_CHAT),
    ),
    Service(
        "gemini",
        "Google Gemini",
        "https://generativelanguage.googleapis.com",
        ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
        wires.GEMINI,
        auth="x-goog-api-key",
    ),
    Service(
        "openrouter",
        "OpenRouter",
        "https://openrouter.ai/api/v1",
        ("OPENROUTER_API_KEY",),
        wires.chat(ChatQuirks(effort_form="object", cache_marks=("anthropic/",))),
    ),
    Service(
        "xai",
        "xAI",
        "https://api.x.ai/v1",
        ("XAI_API_KEY",),
        wires.responses(ResponsesQuirks(documents=False, summaries=False)),
        older_wire=wires.chat(),
        content_s=900,
    ),
    Service(
        "deepseek",
        "DeepSeek",
        "https://api.deepseek.com",
        ("DEEPSEEK_API_KEY",),
        wires.chat(
            ChatQuirks(
                efforts={"minimal": "low", "medium": "high", "xhigh": "high"}, reasoning_due=True
            )
        ),
    ),
    Service(
        "mistral",
        "Mistral",
        "https://api.mistral.ai/v1",
        ("MISTRAL_API_KEY",),
        wires.chat(
            ChatQuirks(
                stream_usage=False,
                cache_key=True,
                short_ids=True,
                bridge=True,
                tool_names=True,
                reasoning_fields=False,
            )
        ),
    ),
    Service(
        "groq",
        "Groq",
        "https://api.groq.com/openai/v1",
        ("GROQ_API_KEY",),
        wires.chat(
            ChatQuirks(
                max_tokens_field="max_completion_tokens",
                efforts={"minimal": "low", "xhigh": "high", "max": "high"},
            )
        ),
    ),
    Service(
        "azure",
        "Azure OpenAI",
        None,
        ("AZURE_OPENAI_API_KEY",),
        wires.responses(),
        auth="api-key",
        older=_OLD_GPT,
        older_wire=wires.chat(_OPENAI_CHAT),
    ),
    Service(
        "bedrock",
        "AWS Bedrock",
        None,
        ("AWS_BEARER_TOKEN_BEDROCK",),
        wires.BEDROCK,
        auth="aws",
        key_needed=False,
    ),
    Service("ollama", "Ollama", "http://127.0.0.1:11434", (), wires.OLLAMA, key_needed=False),
    Service(
        "local", "The local model", "http://127.0.0.1:8080", (), wires.chat(), key_needed=False
    ),
    Service(
        "compat", "The server", None, ("ALLOY_COMPAT_API_KEY",), wires.chat(), key_needed=False
    ),
    Service(
        "compat-responses",
        "The server",
        None,
        ("ALLOY_COMPAT_RESPONSES_API_KEY",),
        wires.responses(),
        key_needed=False,
    ),
    Service(
        "compat-anthropic",
        "The server",
        None,
        ("ALLOY_COMPAT_ANTHROPIC_API_KEY",),
        wires.messages(MessagesQuirks(caching=False)),
        auth="x-api-key",
        key_needed=False,
        headers={"anthropic-version": VERSION},
    ),
)
SERVICES: dict[str, Service] = {row.name: row for row in _ROWS}
"""All services by name."""


def find_service(name: str, access: ServiceAccess | None = None) -> Service:
    """The row of `name`, changed by what the user says of the service in `access`.

    A service that only the user knows is made of that. Raises ConfigError.
    """
    said = access or ServiceAccess()
    row = SERVICES.get(name)
    if row is None:
        if said.wire is None and said.base_url is None:
            raise ConfigError(
                f"There is no service named “{name}”.",
                hint=f"Known are {', '.join(SERVICES)} and scripted.",
            )
        row = _own_service(name, said.wire or "openai-chat")
    changes: dict[str, Any] = {}
    if said.wire is not None and said.wire != row.wire.name:
        changes = {"wire": wires.PLAIN[said.wire], "older": None, "older_wire": None}
    if said.label is not None:
        changes["label"] = said.label
    if said.headers:
        changes["own_headers"] = said.headers
    return msgspec.structs.replace(row, **changes) if changes else row


def _own_service(name: str, wire: WireName) -> Service:
    """What a service is taken for of which only its format is known."""
    auths: dict[WireName, Auth] = {
        "anthropic-messages": "x-api-key",
        "gemini": "x-goog-api-key",
        "bedrock-converse": "aws",
    }
    version = {"anthropic-version": VERSION} if wire == "anthropic-messages" else {}
    return Service(
        name,
        name,
        None,
        (f"ALLOY_{name.upper().replace('-', '_')}_API_KEY",),
        wires.PLAIN[wire],
        auth=auths.get(wire, "bearer"),
        key_needed=False,
        headers=version,
    )


def base_address(service: Service, given: str | None) -> str:
    """Where `service` is: the `given` address if there is one. Raises ConfigError."""
    variable = f"ALLOY_{service.name.upper().replace('-', '_')}_BASE_URL"
    url = (given or service.base_url or "").strip()
    if not url:
        if service.name == "azure":
            hint = "Set AZURE_OPENAI_ENDPOINT, for example to https://NAME.openai.azure.com."
        else:
            hint = f"Set {variable}, for example to http://127.0.0.1:8080/v1."
        raise ConfigError(f"{service.name} has no address of its own.", hint=hint)
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
    return _azure(url) if service.name == "azure" else url


def _azure(url: str) -> str:
    """The address of a resource as one of its newer interface; any longer one is as meant."""
    bare = url.rstrip("/")
    return f"{bare}/openai/v1" if urlsplit(bare).path == "" else bare


def endpoint(base_url: str, path: str, version: str = "v1") -> str:
    """`path` below `base_url`, with one version part whether or not the address has it.

    An address that is the endpoint itself stays as it is; a query of its own
    (Azure's `api-version`) stays at the end. `version` "" adds none, and takes
    away one that belongs to another format of the same server.
    """
    base, _, query = base_url.split("#", 1)[0].partition("?")
    base = base.rstrip("/")
    path, _, more = path.partition("?")
    if not version:
        base = _VERSION.sub("", base)
    if not base.endswith(path):
        base += path if not version or _VERSION.search(base) else f"/{version}{path}"
    asked = "&".join(q for q in (more, query if "api-version=" in query else "") if q)
    return f"{base}?{asked}" if asked else base


def auth_headers(service: Service, key: Secret | None) -> dict[str, str]:
    """The headers that identify us. Raises ProviderError, kind "auth", for an impossible key."""
    headers = dict(service.headers)
    own = {name.lower(): value.reveal() for name, value in service.own_headers.items()}
    if not key:
        return headers | own
    text = key.reveal()
    # Checked here, for the HTTP library would quote a bad header, key and all.
    if not all("!" <= c <= "~" for c in text):
        raise ProviderError(
            f"The key for {service.label} has characters that no key has (spaces, line breaks or"
            " letters outside ASCII).",
            kind="auth",
            hint="Copy the key again and set it anew.",
        )
    # An Entra token comes where a key of Azure may stand, and travels like any token.
    if service.auth in ("bearer", "aws") or (service.auth == "api-key" and text[:3] == "eyJ"):
        headers["authorization"] = f"Bearer {text}"
    else:
        headers[service.auth] = text
    return headers | own
