"""Finding modules where they were last time, instead of looking through folders.

Owns the way from a known place to a module's specification. A source that is
not as it was, or byte code that is not its own, sends the import the usual way.
"""

from __future__ import annotations

import marshal
import os
import sys
from importlib.machinery import ModuleSpec, SourceFileLoader

# Said here and not imported: see `alloy_tui`.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from collections.abc import Set as AbstractSet
    from types import CodeType, ModuleType

    # Source, its modification time in ns and its size; byte code, its size and its head.
    Place = tuple[str, int, int, str, int, bytes]

_HEAD_BYTES = 16
_PACKAGE = os.sep + "__init__.py"


class KnownLoader(SourceFileLoader):
    """A source file's loader that knows beforehand which byte code is the right one."""

    def __init__(self, name: str, path: str, compiled: str, size: int, head: bytes) -> None:
        super().__init__(name, path)
        self._compiled, self._size, self._head = compiled, size, head

    def get_code(self, fullname: str) -> CodeType | None:
        """The module's code, from the byte code if that is still what it was."""
        try:
            handle = os.open(self._compiled, os.O_RDONLY | os.O_CLOEXEC)
            try:
                data = os.read(handle, self._size + 1)
            finally:
                os.close(handle)
            if len(data) == self._size and data.startswith(self._head):
                return marshal.loads(memoryview(data)[_HEAD_BYTES:])  # noqa: S302 - byte code, as ever
        except (OSError, EOFError, ValueError, TypeError):
            pass
        return super().get_code(fullname)


class KnownPlaces:
    """A finder over `places`, each by its module's name."""

    def __init__(self, places: dict[str, Place]) -> None:
        self._places = places

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The specification of a module whose source is as it was; None sends it the usual way."""
        del path, target
        known = self._places.get(fullname)
        if known is None:
            return None
        source, changed_ns, size, compiled, compiled_size, head = known
        try:
            state = os.stat(source)
        except OSError:
            return None
        if state.st_mtime_ns != changed_ns or state.st_size != size:
            return None
        loader = KnownLoader(fullname, source, compiled, compiled_size, head)
        spec = ModuleSpec(fullname, loader, origin=source)
        spec.has_location = True
        spec.cached = compiled
        if source.endswith(_PACKAGE):
            spec.submodule_search_locations = [source[: -len(_PACKAGE)]]
        return spec


def begin(places: dict[str, Place]) -> Callable[[], None]:
    """Look into `places` first; the function that is returned ends that."""
    if not places:
        return lambda: None
    finder = KnownPlaces(places)
    sys.meta_path.insert(0, finder)
    return lambda: sys.meta_path.remove(finder)


def met(before: AbstractSet[str]) -> dict[str, Place]:
    """The places of modules that were found the usual way since only `before` were loaded."""
    made: dict[str, Place] = {}
    outside = () if sys.flags.safe_path else tuple(sys.path[:1])
    for name, module in list(sys.modules.items()):
        spec: ModuleSpec | None = getattr(module, "__spec__", None)
        if name in before or spec is None or type(spec.loader) is not SourceFileLoader:
            continue
        if spec.name != name or not spec.origin or not spec.cached or _top(spec) in outside:
            continue
        place = _place(spec.origin, spec.cached)
        if place is not None:
            made[name] = place
    return made


def _top(spec: ModuleSpec) -> str:
    """The folder in which the outermost package of the module was found."""
    folder = os.path.dirname(spec.origin or "")
    for _ in range(spec.name.count(".") + (spec.submodule_search_locations is not None)):
        folder = os.path.dirname(folder)
    return folder


def _place(source: str, compiled: str) -> Place | None:
    """None where the byte code is missing, or not of this source as it is now."""
    try:
        state = os.stat(source)
        size = os.stat(compiled).st_size
        with open(compiled, "rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError:
        return None
    expected = (int(state.st_mtime) & 0xFFFFFFFF).to_bytes(4, "little")
    expected += (state.st_size & 0xFFFFFFFF).to_bytes(4, "little")
    # The four bytes before are flags: none but “by time and size”.
    if head[4:] != bytes(4) + expected:
        return None
    return source, state.st_mtime_ns, state.st_size, compiled, size, head
