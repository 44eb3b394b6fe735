"""What each start finds out anew, kept from the last one: where modules are, what texts compile to.

A third of a start went into looking for five hundred files and into translating
the same expressions and generated functions from text. This module owns one
file of such findings beside its own byte code, and the life of it: `begin` uses
them, `settle` ends their noting, `keep` writes what was new. What it says is
believed only for this interpreter and the same folders in the same state; each
module's source is looked at as ever, and its code always comes from its usual
byte code. A missing, foreign or damaged file costs the time it would have
saved, nothing more. Imports only what is built into the interpreter.
"""

from __future__ import annotations

import _imp
import marshal
import os
import sys

from alloy_tui import __version__

# Said here and not imported: see `alloy_tui`.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from alloy_tui.cli.kept_modules import Place
    from alloy_tui.cli.kept_texts import Text, Translations

    # Translations; the state of the folders; modules; what else is kept.
    Findings = tuple[dict[Text, bytes], str, dict[str, Place], dict[str, bytes]]

_FORM = 3
_LARGEST = 8_000_000
_CHECK_BYTES = 8


class KeptStart:
    """The findings of one interpreter in one installation; `place` is their file."""

    def __init__(self, place: str) -> None:
        self._place = place
        self._modules: dict[str, Place] = {}
        self._before: set[str] = set()
        self._translations: Translations | None = None
        self.values: dict[str, bytes] = {}
        """What parts of the program keep for themselves, by name."""
        self._values_before: dict[str, bytes] = {}
        self._settled: list[Callable[[], None]] = []
        self._ended: list[Callable[[], None]] = []

    def begin(self) -> None:
        """Use what is known from now on, and note what is not."""
        from alloy_tui.cli import kept_modules, later_modules

        folders = _folders()
        texts, there, self._modules, self.values = _read(self._place, _key()) or ({}, "", {}, {})
        if there != folders:
            self._modules, self.values = {}, {}
        self._values_before = dict(self.values)
        self._ended.append(kept_modules.begin(self._modules))
        from alloy_tui.cli.kept_texts import Translations

        self._translations = Translations(texts)
        self._settled += [self._translations.begin(), later_modules.begin()]
        self._before = {name for name in sys.modules if name not in self._modules}

    def settle(self) -> None:
        """The start is over: what is translated from here on may be anybody's text."""
        while self._settled:
            self._settled.pop()()

    def keep(self) -> None:
        """Write the file, if there is anything new; not being able to is no matter."""
        self.settle()
        if self._translations is None or sys.dont_write_bytecode:
            return
        from alloy_tui.cli import kept_modules

        met = kept_modules.met(self._before)
        changed = self.values != self._values_before
        if not met and not self._translations.new and not changed:
            return
        there = _read(self._place, _key())
        texts = (there[0] if there else {}) | self._translations.added()
        try:
            _write(self._place, _key(), (texts, _folders(), self._modules | met, self.values))
        except (OSError, ValueError):
            return

    def end(self) -> None:
        """Find modules in the usual way again."""
        self.settle()
        while self._ended:
            self._ended.pop()()


def _key() -> bytes:
    """What all findings depend on: the program and the interpreter."""
    said = (str(_FORM), __version__, sys.version, sys.executable, str(sys.flags.optimize))
    return marshal.dumps("\n".join(said))


def _folders() -> str:
    """What modules and what is made of them depend on: the folders of the path, as they are."""
    # The first folder is the script's or, with -m, the one we were started in.
    folders = sys.path if sys.flags.safe_path else sys.path[1:]
    states: list[str] = []
    for folder in folders:
        try:
            states.append(f"{folder}:{os.stat(folder).st_mtime_ns}")
        except OSError:
            states.append(folder)
    return "\n".join(states)


def _read(place: str, key: bytes) -> Findings | None:
    """The findings in the file; None if they are not for us."""
    try:
        handle = os.open(place, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        state = os.fstat(handle)
        # Nobody but ourselves and the administrator may say what this program runs.
        if state.st_uid not in (0, os.geteuid()) or state.st_mode & 0o022:
            return None
        data = os.read(handle, min(state.st_size, _LARGEST))
    except OSError:
        return None
    finally:
        os.close(handle)
    body = data[_CHECK_BYTES:]
    if _imp.source_hash(_FORM, body) != data[:_CHECK_BYTES] or not body.startswith(key):
        return None
    try:
        return marshal.loads(body[len(key) :])  # noqa: S302 - checked above: written by ourselves
    except (EOFError, ValueError, TypeError):
        return None


def _write(place: str, key: bytes, findings: Findings) -> None:
    body = key + marshal.dumps(findings)
    if len(body) + _CHECK_BYTES > _LARGEST:
        return
    draft = f"{place}.{os.getpid()}"
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(_imp.source_hash(_FORM, body) + body)
        os.replace(draft, place)
    except OSError:
        os.unlink(draft)
        raise


def place() -> str | None:
    """The file: beside this module's byte code, so made by whoever may write there."""
    own, tag = getattr(__spec__, "cached", None), sys.implementation.cache_tag
    return os.path.join(os.path.dirname(own), f"start.{tag}") if own and tag else None


_current: KeptStart | None = None


def begin() -> None:
    """Make this start a quick one."""
    global _current  # noqa: PLW0603 - a process starts once
    where = place()
    if where is not None and _current is None:
        _current = KeptStart(where)
        _current.begin()


def values() -> dict[str, bytes]:
    """What parts of the program keep for their next start; nobody's where nothing is kept."""
    return {} if _current is None else _current.values


def settle() -> None:
    """The program is up."""
    if _current is not None:
        _current.settle()


def keep() -> None:
    """The program ends: write what this start has found out."""
    if _current is not None:
        _current.keep()
