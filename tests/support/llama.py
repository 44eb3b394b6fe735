"""A real model server for tests: llama.cpp with a small model, as the extra `local` starts it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from anyio.from_thread import start_blocking_portal

from alloy_tui.domain.access import ServiceAccess, Timeouts
from alloy_tui.runtime.local_server import Endpoint, LocalServer, find_installed


@pytest.fixture(scope="session")
def llama() -> Iterator[Endpoint]:
    """One server for the whole session, on a free loopback port with a random key."""
    installed = find_installed()
    if installed is None:
        pytest.skip("the packages of the extra `local` are not installed")
    with start_blocking_portal() as portal:
        server = LocalServer(installed)
        endpoint = portal.call(server.start)
        try:
            yield endpoint
        finally:
            portal.call(server.stop)


def access_to(endpoint: Endpoint) -> ServiceAccess:
    """How a provider reaches it, with patience for a busy machine."""
    timeouts = Timeouts(connect_s=10, chunk_s=120, content_s=120)
    return ServiceAccess(endpoint.base_url, endpoint.api_key, timeouts=timeouts)
