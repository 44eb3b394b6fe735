"""The page in a real browser: no script runs, and nothing is asked of any server."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.sessions.exporting.hostile import MARK, attacks, hostile
from tests.sessions.exporting.test_page import made

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_BROWSER = next(filter(None, map(shutil.which, _NAMES)), None)

pytestmark = pytest.mark.skipif(_BROWSER is None, reason="no Chromium is installed")


@contextmanager
def listening() -> Iterator[tuple[str, list[str]]]:
    """A server on loopback, and the paths that it is asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- likewise
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def loaded(path: Path, scratch: Path) -> str:
    """The document after the browser has loaded it and let time pass."""
    assert _BROWSER is not None
    command = [
        _BROWSER,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-dev-shm-usage",
        f"--user-data-dir={scratch / 'profile'}",
        "--virtual-time-budget=2000",
        "--dump-dom",
        path.as_uri(),
    ]
    child = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        out, _ = child.communicate(timeout=90)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
    return out.decode()


def test_a_hostile_session_does_nothing_in_a_browser(tmp_path: Path) -> None:
    """No script has run, and no request came; all the words are there."""
    with listening() as (server, asked):
        file = tmp_path / "page.html"
        file.write_text(made(*hostile(server)), errors="replace")
        document = loaded(file, tmp_path)
    assert not asked
    assert f'{MARK}="1"' not in document
    assert "<script" not in document
    assert document.rstrip().endswith("</html>")
    assert document.count("<article") > len(attacks(server)) * 5


def test_the_policy_holds_even_where_the_escaping_would_not(tmp_path: Path) -> None:
    """Attacks that are put into the finished page as they are still do nothing."""
    with listening() as (server, asked):
        file = tmp_path / "page.html"
        html = made(*hostile(server)).replace("</main>", "".join(attacks(server)[:4]) + "</main>")
        file.write_text(html, errors="replace")
        document = loaded(file, tmp_path)
    assert "<script>" in document
    assert f'{MARK}="1"' not in document
    assert not asked


def test_the_same_attacks_work_on_a_page_without_protection(tmp_path: Path) -> None:
    """So the test above would notice."""
    with listening() as (server, asked):
        file = tmp_path / "page.html"
        file.write_text("<!doctype html><title>x</title>" + attacks(server)[0] + attacks(server)[2])
        document = loaded(file, tmp_path)
    assert f'{MARK}="1"' in document
    assert "/img" in asked


def test_the_address_chooses_the_branch(tmp_path: Path) -> None:
    """Style rules alone show the branch that holds the message that is named."""
    store, session = hostile("http://127.0.0.1:9")
    html = made(store, session)
    # Nothing on the page may run; so a copy without its policy asks the browser what it shows.
    probe = (
        "<script>addEventListener('load', () => {"
        "const shown = [...document.querySelectorAll('.run')].map(r => r.offsetParent !== null);"
        "location.hash = '#m' + 3;"
        "setTimeout(() => { const now = [...document.querySelectorAll('.run')]"
        ".map(r => r.offsetParent !== null);"
        "document.title = JSON.stringify([shown, now]); }, 100);"
        "});</script></body>"
    )
    bare = html.replace('http-equiv="Content-Security-Policy"', 'name="policy"')
    file = tmp_path / "page.html"
    file.write_text(bare.replace("</body>", probe), errors="replace")
    document = loaded(file, tmp_path)
    title = document.partition("<title>")[2].partition("</title>")[0]
    # The first run is before the fork; the leaf is on the second branch, message 3 on the first.
    assert title == "[[true,false,true],[true,true,false]]"
