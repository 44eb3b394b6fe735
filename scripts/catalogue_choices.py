"""Which models the catalogue holds, and what people had to say because no source does.

Owns data only; `make_catalogue` turns it into the file that is shipped.
"""

from __future__ import annotations

import re

# The first of a service is what a key alone leads to.
MODELS: dict[str, str] = {
    "anthropic": """claude-sonnet-5-5 claude-opus-5-5 claude-fable-5-2 claude-haiku-5-5
        claude-sonnet-5 claude-opus-5 claude-fable-5-1 claude-fable-5 claude-haiku-4-5
        claude-opus-4-8 claude-opus-4-7 claude-opus-4-6 claude-opus-4-5 claude-opus-4-1
        claude-sonnet-4-6 claude-sonnet-4-5 claude-sonnet-4-0""",
    "openai": """gpt-6.1-sol gpt-6.1-terra gpt-6-luna gpt-6-astra gpt-6-sol gpt-5.6-sol
        gpt-5.6-terra gpt-5.6-luna gpt-5.5 gpt-5.5-pro gpt-5.4 gpt-5.4-mini gpt-5.4-nano
        gpt-5.4-pro gpt-5.3-codex gpt-5.2 gpt-5.1 gpt-5 gpt-5-mini gpt-5-nano gpt-4.1 gpt-4.1-mini
        gpt-4.1-nano gpt-4o gpt-4o-mini o3 o3-pro o4-mini""",
    "gemini": """gemini-3.8-flash gemini-4-argon gemini-3.1-pro-preview gemini-3.5-flash-lite
        gemini-3.7-flash gemini-3.6-flash gemini-3.5-flash gemini-3.1-flash-lite
        gemini-3-flash-preview gemini-2.5-pro gemini-2.5-flash gemini-2.5-flash-lite
        gemma-4-31b-it gemma-4-26b-a4b-it""",
    "openrouter": """anthropic/claude-sonnet-5.5 anthropic/claude-opus-5.5
        anthropic/claude-haiku-5.5 anthropic/claude-fable-5.1 anthropic/claude-sonnet-5
        anthropic/claude-opus-5 openai/gpt-6.1-sol openai/gpt-6.1-terra openai/gpt-6-luna
        openai/gpt-6-astra openai/gpt-6-sol openai/gpt-5.5 openai/gpt-5.4-mini openai/gpt-oss-120b
        openai/gpt-oss-20b google/gemini-4-argon google/gemini-3.8-flash google/gemini-3.7-flash
        google/gemini-3.1-pro-preview google/gemini-3.5-flash-lite google/gemini-2.5-pro
        google/gemini-2.5-flash google/gemma-4-31b-it x-ai/grok-4.7 x-ai/grok-4.6 x-ai/grok-4.3
        deepseek/deepseek-v4-pro deepseek/deepseek-v4.1-flash deepseek/deepseek-v4-flash
        mistralai/mistral-large-4-0 mistralai/mistral-medium-3-5 mistralai/mistral-small-2603
        mistralai/devstral-2512 mistralai/codestral-2508 moonshotai/kimi-k3.1-pro
        moonshotai/kimi-k3 moonshotai/kimi-k2.7-code moonshotai/kimi-k2.6 z-ai/glm-5.3
        z-ai/glm-5.3-flash z-ai/glm-5.2 qwen/qwen3.8-max-0902 qwen/qwen3.8-flash qwen/qwen3.8-27b
        qwen/qwen3.7-max minimax/minimax-m3 minimax/minimax-m2.7 meta/muse-spark-1.3
        meta/muse-wonder meta-llama/llama-4-maverick meta-llama/llama-3.3-70b-instruct""",
    "xai": """grok-4.7 grok-4.6 grok-4.5 grok-4.3 grok-4-1-fast-reasoning
        grok-4-1-fast-non-reasoning grok-4-0709 grok-code-fast-1 grok-build-0.1""",
    "deepseek": "deepseek-v4-pro deepseek-flash deepseek-v4-flash",
    "mistral": """mistral-large-4 mistral-medium-3-5 mistral-small-2603 mistral-large-2512
        mistral-medium-3-1 codestral-2508 devstral-2512 ministral-14b-2512 ministral-8b-2512
        ministral-3b-2512 magistral-medium zai-glm-5-3""",
    "groq": """openai/gpt-oss-120b openai/gpt-oss-20b qwen/qwen3.8-27b qwen/qwen3-32b
        llama-3.3-70b-versatile llama-3.1-8b-instant moonshotai/kimi-k2-instruct
        meta-llama/llama-4-maverick-17b-128e-instruct
        meta-llama/llama-4-scout-17b-16e-instruct""",
    "bedrock": """global.anthropic.claude-sonnet-5-5 global.anthropic.claude-opus-5-5
        global.anthropic.claude-haiku-5-5 global.anthropic.claude-fable-5-2
        global.anthropic.claude-sonnet-5 global.anthropic.claude-opus-5
        global.anthropic.claude-fable-5-1 global.anthropic.claude-opus-4-8
        global.anthropic.claude-opus-4-7 global.anthropic.claude-opus-4-6-v1
        global.anthropic.claude-opus-4-5-20251101-v1:0 global.anthropic.claude-sonnet-4-6
        global.anthropic.claude-sonnet-4-5-20250929-v1:0
        global.anthropic.claude-haiku-4-5-20251001-v1:0 anthropic.claude-opus-4-1-20250805-v1:0
        global.openai.gpt-6.1-sol global.openai.gpt-6.1-terra global.openai.gpt-6-luna
        global.openai.gpt-6-astra global.openai.gpt-6-sol openai.gpt-oss-120b-1:0
        openai.gpt-oss-20b-1:0 global.moonshotai.kimi-k3 global.zai.glm-5.3
        global.amazon.nova-2-lite-v1:0 amazon.nova-premier-v1:0 amazon.nova-pro-v1:0
        amazon.nova-lite-v1:0 amazon.nova-micro-v1:0 deepseek.r1-v1:0
        meta.llama4-maverick-17b-instruct-v1:0 meta.llama4-scout-17b-instruct-v1:0
        meta.llama3-3-70b-instruct-v1:0 mistral.mistral-large-3-675b-instruct
        mistral.devstral-2-123b qwen.qwen3-coder-480b-a35b-v1:0""",
}

# Services by their names in the three sources.
NAMES = {
    "anthropic": ("anthropic", "anthropic", "anthropic"),
    "openai": ("openai", "openai", "openai"),
    "gemini": ("google", "google", "google"),
    "openrouter": ("openrouter", "openrouter", "openrouter"),
    "xai": ("x-ai", "xai", "xai"),
    "deepseek": ("deepseek", "deepseek", "deepseek"),
    "mistral": ("mistral", "mistral", "mistral"),
    "groq": ("groq", "groq", "groq"),
    "bedrock": ("aws", "amazon-bedrock", "amazon-bedrock"),
}

# Newer than the sources of limits: what the services' own pages say, as of November 2026.
LIMITS = {
    "claude-sonnet-5-5": (1_000_000, 128_000),
    "claude-fable-5-2": (1_000_000, 128_000),
    "gpt-6.1-sol": (1_050_000, 128_000),
    "gpt-6.1-terra": (1_050_000, 128_000),
}
# A model too new for the sources of abilities has at least those of the one before it.
BEFORE = {
    "claude-sonnet-5-5": "claude-sonnet-5",
    "claude-opus-5-5": "claude-opus-5",
    "claude-fable-5-2": "claude-fable-5",
    "claude-fable-5-1": "claude-fable-5",
    "claude-haiku-5-5": "claude-haiku-4-5",
    "gpt-6.1-sol": "gpt-5.6-sol",
    "gpt-6.1-terra": "gpt-5.6-terra",
    "gpt-6-sol": "gpt-5.6-sol",
    "gpt-6-astra": "gpt-5.6-sol",
    "gpt-6-luna": "gpt-5.6-luna",
    "grok-4.7": "grok-4.6",
    "gemini-3.8-flash": "gemini-3.7-flash",
    "gemini-4-argon": "gemini-3.1-pro-preview",
    "mistral-large-4": "mistral-large-2512",
}
# Sources that say otherwise what they name otherwise.
OTHERWISE = {
    "mistral-medium-3-5": "mistral-medium-2604",
    "mistral-medium-3-1": "mistral-medium-2508",
    "mistral-large-4-0": "mistral-large-4",
    "magistral-medium": "magistral-medium-latest",
    "codestral-2508": "codestral-latest",
    "deepseek-v4.1-flash": "deepseek-flash",
    "ministral-8b-2512": "ministral-8b-latest",
    "ministral-3b-2512": "ministral-3b-latest",
    "claude-sonnet-4-0": "claude-sonnet-4-20250514",
}
# Other names of a price's model that are other models, or that the program finds by rule.
SAID_BY_RULE = re.compile(
    r"/|chat|codex|search|-high$|^grok-latest$|\d-latest$|\d{4}-\d{2}-\d{2}$|\d{2}-\d{4}$"
    r"|(reasoning|fast|flash)-latest$(?<!gemini-flash-latest)"
)
VENDORS = {
    "anthropic": "anthropic",
    "openai": "openai",
    "google": "gemini",
    "x-ai": "xai",
    "deepseek": "deepseek",
    "mistralai": "mistral",
}
# A family's newest model, by what its name looks like without vendor, region and version's marks.
FAMILIES = {
    "sonnet": r"claude-sonnet-([\d-]+)",
    "opus": r"claude-opus-([\d-]+)",
    "haiku": r"claude-haiku-([\d-]+)",
    "fable": r"claude-fable-([\d-]+)",
    "claude": r"claude-sonnet-([\d-]+)",
    "gpt": r"gpt-([\d-]+)-sol",
    "gpt-mini": r"gpt-([\d-]+)-luna",
    "gpt-pro": r"gpt-([\d-]+)-astra",
    "sol": r"gpt-([\d-]+)-sol",
    "terra": r"gpt-([\d-]+)-terra",
    "luna": r"gpt-([\d-]+)-luna",
    "astra": r"gpt-([\d-]+)-astra",
    "gpt-oss": r"gpt-oss-(120)b(?:-1)?",
    "gemini": r"gemini-(\d+)-argon",
    "gemini-pro": r"gemini-([\d-]+)-pro(?:-preview)?",
    "gemini-flash": r"gemini-([\d-]+)-flash",
    "gemini-flash-lite": r"gemini-([\d-]+)-flash-lite",
    "gemma": r"gemma-(\d+)-31b-it",
    "grok": r"grok-(\d-\d+)",
    "deepseek": r"deepseek-v([\d-]+)-pro",
    "mistral": r"mistral-large-([\d-]+)",
    "mistral-medium": r"mistral-medium-([\d-]+)",
    "mistral-small": r"mistral-small-([\d-]+)",
    "codestral": r"codestral-([\d-]+)",
    "devstral": r"devstral-([\d-]+)",
    "kimi": r"kimi-k([\d-]+)(?:-pro)?",
    "glm": r"(?:zai-)?glm-([\d-]+)",
    "qwen": r"qwen([\d-]+)-max-\d+",
    "llama": r"llama-([\d-]+)-maverick(?:-.*)?",
    "minimax": r"minimax-m([\d-]+)",
    "nova": r"nova-(\d+)-lite",
}
