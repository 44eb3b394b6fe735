"""Which environment variables belong to which service.

Owns the table of conventional key variables. Knows nothing of how a service is
spoken to; `providers` has a table of its own, and a test keeps the two in step.
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
    "compat": ("ALLOY_COMPAT_API_KEY",),
    "compat-anthropic": ("ALLOY_COMPAT_ANTHROPIC_API_KEY",),
}

_BASE_URL = re.compile(r"ALLOY_([A-Z0-9_]+)_BASE_URL")


def base_url_variable(service: str) -> str:
    """The variable that moves `service` elsewhere."""
    return f"ALLOY_{service.upper().replace('-', '_')}_BASE_URL"


def service_of_base_url(variable: str) -> str | None:
    """The service whose address `variable` sets, or None."""
    match = _BASE_URL.fullmatch(variable)
    return match[1].lower().replace("_", "-") if match else None
