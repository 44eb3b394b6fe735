"""Model servers that already run on this machine, as the choice of a model sees them.

Owns where to look. Must not start anything; asking is `providers.discovery`'s
business.
"""

from __future__ import annotations

from alloy_tui.domain.access import AccessLookup
from alloy_tui.providers.discovery import LLAMA_SERVER_URL, OLLAMA_URL, find_local
from alloy_tui.runtime.model_choice import LOCAL_SERVICE, Running

_LABELS = {"ollama": "Ollama", "llama-server": "llama-server"}


async def find_running(access: AccessLookup) -> tuple[Running, ...]:
    """Ollama and llama-server, at their own or their configured addresses, if they answer.

    Anything may listen on llama-server's usual port: what does not sign its
    models as llama.cpp does is left alone.
    """
    places = {
        "ollama": access("ollama").base_url or OLLAMA_URL,
        LOCAL_SERVICE: access(LOCAL_SERVICE).base_url or LLAMA_SERVER_URL,
    }
    found = await find_local(tuple(dict.fromkeys(places.values())))
    return tuple(
        Running(_LABELS[f.kind], tuple(f"{f.service}/{m}" for m in f.models))
        for f in found
        if f.kind in _LABELS and f.ready and f.models and places[f.service] == f.base_url
    )
