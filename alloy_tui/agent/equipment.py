"""Where an agent's parts come from when it is not given them.

Owns the defaults: settings, core tools, shared locks, providers by name. The
imports are late because the concrete parts are heavy and often not needed.
"""

from __future__ import annotations

import logging
import shutil
import tempfile
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path

from alloy_tui.agent.completion import Retrying
from alloy_tui.agent.tool_task import Locks
from alloy_tui.domain.access import AccessLookup
from alloy_tui.domain.models import ModelRef
from alloy_tui.domain.provider import Provider
from alloy_tui.domain.tool import Tool


def core_tools(cwd: Path) -> tuple[Tool, ...]:
    """The five tools that an agent in `cwd` has unless it is given others."""
    from alloy_tui.tools import core

    return core.core_tools(cwd)


def shared_locks() -> Locks:
    """The locks that all agents of the process share."""
    from alloy_tui.tools.locks import SHARED_LOCKS

    return SHARED_LOCKS


_log = logging.getLogger(__name__)


class Providers:
    """Makes providers from names, and gives back those it made."""

    def __init__(self, access: AccessLookup | None) -> None:
        self._access = access
        self._made: list[Provider] = []

    def get(self, model: str | ModelRef | Provider) -> Provider:
        """`model` itself if it is a provider, else one made for its name.

        Raises ConfigError for an unknown service, a missing key or a bad script.
        """
        if not isinstance(model, str | ModelRef):
            return model
        from alloy_tui.providers import registry

        if self._access is None:
            from alloy_tui.settings.loader import load_settings

            self._access = load_settings().access
        provider = registry.create(model, self._access)
        self._made.append(provider)
        return provider

    async def release(self, keep: Sequence[Provider] = ()) -> None:
        """Close every provider made here except those in `keep`."""
        gone = [p for p in self._made if not any(p is kept for kept in keep)]
        self._made = [p for p in self._made if any(p is kept for kept in keep)]
        for provider in gone:
            try:
                await provider.aclose()
            except Exception:  # noqa: BLE001  # it is going anyway
                _log.exception("%s could not be closed", provider.ref)


class SpillFolder:
    """Where output too long for the model is kept whole: a given folder, or a private one.

    A private folder is made when it is first needed and removed by `remove`,
    or with this object.
    """

    def __init__(self, given: Path | None = None) -> None:
        self._path = given
        self._remove: Callable[[], object] | None = None

    def path(self) -> Path:
        """The folder; it exists."""
        if self._path is None:
            self._path = Path(tempfile.mkdtemp(prefix="alloy-"))
            self._remove = weakref.finalize(self, _remove_tree, self._path)
        self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self._path

    def remove(self) -> None:
        """Remove the private folder, if there is one."""
        if self._remove is not None:
            self._remove()


def _remove_tree(path: Path) -> None:
    shutil.rmtree(path, ignore_errors=True)


def retry_policy() -> Retrying:
    """The policy that an agent has unless it is given another."""
    from alloy_tui.providers.retry import RetryPolicy

    return RetryPolicy()
