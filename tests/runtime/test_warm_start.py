"""A connection is opened before the first message is sent, in programs that a person types into."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from alloy_tui.domain import events as ev

ADDRESS = {"ALLOY_COMPAT_BASE_URL": "https://service.test/v1"}


class Proxy:
    """Takes connections and notes the first line of what each asks for; then hangs up."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.came = threading.Event()
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            with connection:
                line = connection.recv(65_536).split(b"\r\n")[0].decode()
            if not line:
                return
            self.asked.append(line)
            self.came.set()

    def close(self) -> None:
        socket.create_connection(self._server.getsockname()).close()  # wakes the thread
        self._thread.join()
        self._server.close()


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    made = Proxy()
    monkeypatch.setenv("HTTPS_PROXY", made.url)
    yield made
    made.close()


def test_the_first_connection_is_opened_while_a_person_still_types(
    open_runtime: Callable[..., Any], proxy: Proxy
) -> None:
    """No message was sent; what fails about it is not told."""
    _, listener = open_runtime("compat/m", environment=ADDRESS)
    assert proxy.came.wait(60)
    assert proxy.asked == ["CONNECT service.test:443 HTTP/1.1"]
    assert "Notice" not in listener.texts()


def test_a_script_opens_none_ahead(open_runtime: Callable[..., Any], proxy: Proxy) -> None:
    """Its request comes at once anyway."""
    runtime, listener = open_runtime("compat/m", environment=ADDRESS, interactive=False)
    runtime.submit("hi")
    listener.until(ev.RetryScheduled)
    runtime.cancel()
    listener.until(ev.RunFinished)
    assert len(proxy.asked) == 1
