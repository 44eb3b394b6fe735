"""Which environment variables belong to which service.

Owns the table of conventional key variables, and the names of our own
(`ALLOY_<SERVICE>_BASE_URL`, `ALLOY_<SERVICE>_API_KEY`), which any service has.
Knows nothing of how a service is spoken to; `providers` has a table of its own,
and a test keeps the two in step.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

# In the order in which a first start prefers them.
KEY_VARIABLES: dict[str, tuple[str, ...]] = {
    "anthropic": ("ANTHROPIC_API_KEY",),
    "openai": ("OPENAI_API_KEY",),
    "gemini": ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
    "openrouter": ("OPENROUTER_API_KEY",),
    "xai": ("XAI_API_KEY",),
    "deepseek": ("DEEPSEEK_API_KEY",),
    "mistral": ("MISTRAL_API_KEY",),
    "groq": ("GROQ_API_KEY",),
    "azure": ("AZURE_OPENAI_API_KEY",),
    "bedrock": ("AWS_BEARER_TOKEN_BEDROCK",),
    "compat": ("ALLOY_COMPAT_API_KEY",),
    "compat-responses": ("ALLOY_COMPAT_RESPONSES_API_KEY",),
    "compat-anthropic": ("ALLOY_COMPAT_ANTHROPIC_API_KEY",),
}

_ADDRESS_VARIABLES = {"azure": "AZURE_OPENAI_ENDPOINT", "ollama": "OLLAMA_HOST"}
_OURS = re.compile(r"ALLOY_([A-Z0-9_]+)_(?:BASE_URL|API_KEY)")


def key_variables(service: str) -> tuple[str, ...]:
    """The variables that may hold the key of `service`, the first one set counts."""
    return tuple(dict.fromkeys((*KEY_VARIABLES.get(service, ()), _variable(service, "API_KEY"))))


def base_url_variable(service: str) -> str:
    """The variable that moves `service` elsewhere."""
    return _variable(service, "BASE_URL")


def given_address(service: str, environment: Mapping[str, str]) -> tuple[str | None, str]:
    """The address that the environment gives `service`, and the variable that does.

    Ours goes before the service's conventional one, which may be a mere host.
    """
    own = base_url_variable(service)
    if text := environment.get(own, "").strip():
        return text, own
    variable = _ADDRESS_VARIABLES.get(service, "")
    text = environment.get(variable, "").strip()
    if text and service == "ollama":
        text = _ollama_host(text)
    return text or None, variable or own


def _ollama_host(text: str) -> str:
    """What OLLAMA_HOST says as an address: its scheme and port may be missing."""
    scheme, found, rest = text.partition("://")
    if not found:
        scheme, rest = "http", text
    host, slash, path = rest.partition("/")
    name, colon, port = host.rpartition(":")
    if not colon or "]" in port:
        name, port = host, {"https": "443"}.get(scheme, "80") if found else "11434"
    # A server told to listen everywhere is asked here.
    name = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "[::]": "[::1]"}.get(name, name)  # noqa: S104 -- it is what a server's variable may say
    return f"{scheme}://{name}:{port}{slash}{path}".rstrip("/")


def service_of(variable: str) -> str | None:
    """The service that one of our own variables speaks of, or None."""
    match = _OURS.fullmatch(variable)
    return match[1].lower().replace("_", "-") if match else None


def _variable(service: str, what: str) -> str:
    return f"ALLOY_{service.upper().replace('-', '_')}_{what}"
