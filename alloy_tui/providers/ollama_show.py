"""What an Ollama server knows of a model: its window, and whether it is there at all.

Owns one question and the reading of its answer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, cast

import msgspec

from alloy_tui.domain.access import Timeouts
from alloy_tui.domain.errors import ProviderError
from alloy_tui.domain.models import ModelInfo
from alloy_tui.providers.services import endpoint
from alloy_tui.providers.tolerant_json import count, encode, mapping, read_any
from alloy_tui.providers.transport import Transport
from alloy_tui.providers.wire.ollama_request import WINDOW

# A server of another make says that it does not know the question; that is no missing model.
_MISSING: Final = re.compile(r"model\b.*\bnot found", re.IGNORECASE)


async def describe(
    transport: Transport,
    base_url: str,
    headers: Mapping[str, str],
    timeouts: Timeouts,
    info: ModelInfo,
) -> ModelInfo:
    """`info` with the window that requests will ask for, and what the model can do.

    Raises ProviderError: "not_found" with the command that fetches a missing
    model. A server that cannot be asked this is one of another make, and left alone.
    """
    body = encode({"model": info.ref.model})
    url = endpoint(base_url, "/api/show", "")
    try:
        sent = {"content-type": "application/json", **headers}
        shown = mapping(read_any(await transport.ask(url, sent, body, timeouts)))
    except ProviderError as error:
        if error.kind == "not_found" and _MISSING.search(error.message):
            error.hint = f"Fetch it first: ollama pull {info.ref.model}"
            raise
        if error.status is None and error.kind != "malformed":
            raise
        return info
    info = _able(info, shown.get("capabilities"))
    facts = mapping(shown.get("model_info"))
    windows = (count(v) for k, v in facts.items() if k.endswith(".context_length"))
    window = next((w for w in windows if w), None)
    if window is None:
        return info
    return msgspec.structs.replace(info, context_window=min(window, WINDOW))


def _able(info: ModelInfo, told: Any) -> ModelInfo:
    """`info` with the abilities that the server names; older ones name none."""
    if not isinstance(told, list):
        return info
    can = cast("list[Any]", told)
    known = msgspec.structs.replace(
        info.capabilities,
        tools="tools" in can,
        vision="vision" in can,
        thinking=(info.capabilities.thinking or "effort") if "thinking" in can else "none",
    )
    return msgspec.structs.replace(info, capabilities=known)
