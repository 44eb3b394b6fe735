"""`alloy models`: what could answer here, what it costs, and what is missing.

Owns the table on the screen; asks only servers on this machine.
"""

from __future__ import annotations

import asyncio
import sys

import msgspec

from alloy_tui.domain.errors import ConfigError
from alloy_tui.domain.models import ModelInfo, ModelRef
from alloy_tui.domain.sanitise import clean_line, json_safe
from alloy_tui.providers.catalogue import known_models, model_info
from alloy_tui.providers.resolving import missing
from alloy_tui.runtime.local_server import MODEL_NAME, find_installed
from alloy_tui.runtime.model_choice import DEMO_MODEL
from alloy_tui.runtime.running_servers import find_running
from alloy_tui.settings import Settings, load_settings
from alloy_tui.settings.services import KEY_VARIABLES


class Row(msgspec.Struct, frozen=True):
    """One model; `needs` says what is missing before it can answer, None = nothing.

    Windows and limits are tokens, prices US dollars per million tokens, None is unknown.
    """

    model: str
    needs: str | None
    context_window: int | None = None
    max_output: int | None = None
    input_price: float | None = None
    output_price: float | None = None


def run(*, as_json: bool) -> int:
    """Print the models within reach, then the others that are known."""
    rows = asyncio.run(find(load_settings()))
    if as_json:
        text = msgspec.json.format(msgspec.json.encode(rows)).decode()
        sys.stdout.write(json_safe(text) + "\n")
        return 0
    width = max(len(clean_line(r.model)) for r in rows)
    for row in rows:
        facts = [row.needs or _facts(row)]
        sys.stdout.write(f"{clean_line(row.model):<{width}}  {clean_line(facts[0])}\n")
    return 0


async def find(settings: Settings) -> list[Row]:
    """All models that are known of, those that can answer now first."""
    ready = [Row(m, None) for r in await find_running(settings.access) for m in r.models]
    missing_rows: list[Row] = []
    for service in dict.fromkeys((*KEY_VARIABLES, *settings.services)):
        access = settings.access(service)
        try:
            lacks = missing(service, access)
        except ConfigError:
            continue  # the doctor says so
        own = [ModelRef(service, name) for name in access.models]
        refs = dict.fromkeys((*known_models(service), *own))
        needs = f"needs {lacks}" if lacks else None
        into = missing_rows if lacks else ready
        into += [_row(model_info(ref, access.models.get(ref.model)), needs) for ref in refs]
    installed = find_installed() is not None
    local = Row(f"local/{MODEL_NAME}", None if installed else "needs the extra alloy-tui[local]")
    (ready if installed else missing_rows).append(local)
    ready.append(Row(DEMO_MODEL, None))
    return ready + missing_rows


def _row(info: ModelInfo, needs: str | None) -> Row:
    return Row(
        str(info.ref),
        needs,
        info.context_window,
        info.max_output,
        info.price.input,
        info.price.output,
    )


def _facts(row: Row) -> str:
    facts: list[str] = []
    if row.context_window is not None:
        facts.append(f"{row.context_window // 1000:,} k window")
    if row.input_price is not None and row.output_price is not None:
        facts.append(f"${row.input_price:g} in, ${row.output_price:g} out per million tokens")
    return ", ".join(facts) or "ready"
