"""A real PostgreSQL server for tests, in a temporary folder and on a socket that only we reach.

Debian's package `postgresql` brings it; without the server's programs the
tests that need it are skipped.
"""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from alloy_tui.domain.secret import Secret

_PLACES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin")
_SETTINGS = ("listen_addresses=", "fsync=off", "max_connections=60", "shared_buffers=16MB")
_PATIENCE_S = 60
_schemas = itertools.count(1)


class PostgresServer:
    """A server that can be stopped, killed and started again."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs, self._folder = programs, folder
        self._process: subprocess.Popen[bytes] | None = None
        self._as_user: dict[str, Any] = {}
        if os.geteuid() == 0:  # the server refuses to run as root
            user = _other_user()
            self._as_user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
            os.chown(folder, user.pw_uid, user.pw_gid)
        self._run("initdb", "-U", "alloy", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C")

    @property
    def url(self) -> Secret:
        """The address of its one database."""
        return Secret(f"postgresql://alloy@/postgres?host={self._folder}")

    def schema(self) -> str:
        """A name that no other test uses."""
        return f"alloy_{next(_schemas)}"

    def start(self) -> None:
        """Start it and wait until it answers."""
        options = [part for setting in _SETTINGS for part in ("-c", setting)]
        program = [str(self._programs / "postgres"), "-D", str(self._folder / "data")]
        # It must not outlive tests that are killed.
        leash = ["setpriv", "--pdeathsig", "INT"] if shutil.which("setpriv") else []
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*leash, *program, "-k", str(self._folder), *options],
                stdout=log,
                stderr=log,
                cwd=self._folder,
                **self._as_user,
            )
        deadline = time.monotonic() + _PATIENCE_S
        while self._call("pg_isready", "-q", "-h", str(self._folder)).returncode:
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((self._folder / "log").read_text()[-2000:])
            time.sleep(0.02)

    def end(self, how: int = signal.SIGINT) -> None:
        """Stop it: in order with SIGINT, at once with SIGQUIT, as by a crash with SIGKILL."""
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(how)
        try:
            process.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise

    def _run(self, program: str, *arguments: str) -> None:
        done = self._call(program, "-D", str(self._folder / "data"), *arguments)
        if done.returncode:
            raise RuntimeError(done.stderr.decode(errors="replace")[-2000:])

    def _call(self, program: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        environment: Mapping[str, str] = {**os.environ, "LC_ALL": "C"}
        return subprocess.run(
            [str(self._programs / program), *arguments],
            capture_output=True,
            check=False,
            cwd=self._folder,
            env=environment,
            **self._as_user,
        )


def _other_user() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise RuntimeError("there is no user to run a server as")


def find_programs() -> Path | None:
    """The folder of the server's programs; None when they are not installed."""
    found = [
        path
        for pattern in _PLACES
        for path in sorted(Path("/").glob(pattern.lstrip("/")), reverse=True)
        if (path / "initdb").exists() and (path / "postgres").exists()
    ]
    if found:
        return found[0]
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path and shutil.which("postgres") else None


@contextmanager
def running_server() -> Iterator[PostgresServer | None]:
    """A server for the block; None when none is installed."""
    programs = find_programs()
    if programs is None:
        yield None
        return
    # Short, because the path of a socket may have no more than a hundred characters.
    with tempfile.TemporaryDirectory(prefix="alloy-pg-", ignore_cleanup_errors=True) as folder:
        server = PostgresServer(programs, Path(folder))
        try:
            server.start()
            yield server
        finally:
            server.end()


@pytest.fixture(scope="session")
def postgres_if_any() -> Iterator[PostgresServer | None]:
    """One server for the whole session, or None."""
    with running_server() as server:
        yield server


@pytest.fixture
def postgres(postgres_if_any: PostgresServer | None) -> PostgresServer:
    """The server; the test is skipped where there is none."""
    if postgres_if_any is None:
        pytest.skip("no PostgreSQL server is installed (Debian: apt install postgresql)")
    return postgres_if_any
