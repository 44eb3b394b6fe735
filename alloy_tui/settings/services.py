"""Which environment variables belong to which service.

Owns the table of conventional key variables, and the names of our own
(`ALLOY_<SERVICE>_BASE_URL`, `ALLOY_<SERVICE>_API_KEY`), which any service has.
Knows nothing of how a service is spoken to; `providers` has a table of its own,
and a test keeps the two in step.
"""

from __future__ import annotations

import re

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

_OURS = re.compile(r"ALLOY_([A-Z0-9_]+)_(?:BASE_URL|API_KEY)")


def key_variables(service: str) -> tuple[str, ...]:
    """The variables that may hold the key of `service`, the first one set counts."""
    return tuple(dict.fromkeys((*KEY_VARIABLES.get(service, ()), _variable(service, "API_KEY"))))


def base_url_variable(service: str) -> str:
    """The variable that moves `service` elsewhere."""
    return _variable(service, "BASE_URL")


def service_of(variable: str) -> str | None:
    """The service that one of our own variables speaks of, or None."""
    match = _OURS.fullmatch(variable)
    return match[1].lower().replace("_", "-") if match else None


def _variable(service: str, what: str) -> str:
    return f"ALLOY_{service.upper().replace('-', '_')}_{what}"
