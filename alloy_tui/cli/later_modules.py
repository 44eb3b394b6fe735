"""Modules that others import at the start and touch much later, if at all: loaded when touched.

Owns the list, and the loader that puts a module off until its first attribute
is asked for. A module on the list must not be needed while the others load, or
it is loaded then as ever; which that is, a test tells.
"""

from __future__ import annotations

import _thread
import sys
from importlib.machinery import PathFinder
from types import ModuleType

# Said here and not imported: see `alloy_tui`.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from typing import Any

PUT_OFF = {
    "asyncio.format_helpers": "",
    "asyncio.sslproto": "_ssl",
    "asyncio.staggered": "",
    "asyncio.trsock": "",
    "bz2": "_bz2",
    "ipaddress": "",
    "linecache": "",
    "locale": "",
    "lzma": "_lzma",
    "mimetypes": "",
    "msgspec.inspect": "",
    "shlex": "",
    "ssl": "_ssl",
    "textwrap": "",
    "tokenize": "",
}
"""Each with the part of Python that it cannot do without, for not every Python has all of them."""
_ASKED_BY_IMPORTING = frozenset({"__path__", "__package__", "__loader__", "__file__", "__cached__"})


class Later(ModuleType):
    """A module that is not loaded yet; it becomes an ordinary one when it is."""

    def __getattr__(self, name: str) -> Any:
        """Load the module; raises AttributeError for what it then does not have."""
        if name in _ASKED_BY_IMPORTING:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        _load(self)
        return ModuleType.__getattribute__(self, name)


class _PutOff:
    """A loader in front of `usual`: it makes the module and loads nothing."""

    def __init__(self, usual: Any) -> None:
        self.usual = usual
        self.lock = _thread.RLock()
        self.loading = False

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return Later(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Nothing: `_load` does it."""


def _load(module: Later) -> None:
    spec = module.__spec__
    put_off = spec.loader if spec is not None else None
    if spec is None or not isinstance(put_off, _PutOff):
        return  # another thread was faster
    with put_off.lock:
        if put_off.loading or spec.loader is not put_off:
            return  # it asks itself while it loads, or is loaded
        put_off.loading = True
        try:
            module.__loader__ = put_off.usual
            put_off.usual.exec_module(module)
            spec.loader = put_off.usual
            object.__setattr__(module, "__class__", ModuleType)
        finally:
            put_off.loading = False


def _there(part: str) -> bool:
    """Whether this Python has `part`; who finds that out by importing must be told at once."""
    return not part or part in sys.builtin_module_names or PathFinder.find_spec(part) is not None


class _Finder:
    """Finds the modules of `PUT_OFF` where they are, and puts them off."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """None for all others."""
        part = PUT_OFF.get(fullname)
        if part is None or not _there(part):
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _PutOff(spec.loader)  # pyright: ignore[reportAttributeAccessIssue] - it has what importing uses
        return spec


def begin() -> Callable[[], None]:
    """Put off what is on the list and not loaded; the function that is returned ends that."""
    finder: Any = _Finder()
    sys.meta_path.insert(0, finder)
    return lambda: sys.meta_path.remove(finder)
