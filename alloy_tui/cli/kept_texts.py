"""Regular expressions and generated functions, translated once and for all starts.

Owns what stands in for the standard library's own translators while the program
starts. The text itself is the key, so a translation can be missing but never be
another text's. Where this Python has other names, its own translators are left alone.
"""

from __future__ import annotations

import builtins
import collections
import marshal
import re
import typing
import warnings
from types import CodeType, ModuleType
from typing import Any

if typing.TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Kind = str
    Text = tuple[Kind, Any, int]

_LOCALE, _DEBUG = int(re.LOCALE), int(re.DEBUG)
_MOST = 4_000
_LONGEST = 20_000
_MISSING = object()


class Translations:
    """What is `kept` from earlier starts, by kind and text, and what this one adds."""

    def __init__(self, kept: Mapping[Text, bytes]) -> None:
        self._kept = dict(kept)
        self._new: dict[Text, bytes | None] = {}

    @property
    def new(self) -> bool:
        """Whether anything was translated that was not known."""
        return bool(self._new)

    def added(self) -> dict[Text, bytes]:
        """The translations of this start that were not known before."""
        made = {
            key: _expression(key[1], key[2]) if each is None else each
            for key, each in self._new.items()
        }
        return {key: each for key, each in made.items() if each is not None}

    def begin(self) -> Callable[[], None]:
        """Stand in for the translators; the function that is returned ends that."""
        import dataclasses

        undo = [
            _put(dataclasses, "exec", self._exec),
            _put(collections, "eval", self._eval),
            _put(typing, "compile", self._compile),
        ]
        compiler = _compiler()
        if compiler is not None:
            self._usual: Callable[..., Any] = compiler.compile
            self._make: Callable[..., Any] = compiler._sre.compile  # noqa: SLF001 - looked for by `_compiler`
            undo.append(_put(compiler, "compile", self._expression))

        def end() -> None:
            for each in undo:
                each()
            self._kept.clear()  # half a megabyte that nobody asks any more

        return end

    def _note(self, key: Text, made: bytes | None) -> None:
        if len(self._kept) + len(self._new) < _MOST and len(key[1]) <= _LONGEST:
            self._new[key] = made

    def _code(self, text: str, mode: str) -> CodeType:
        key = (mode, text, 0)
        kept = self._kept.get(key)
        if kept is not None:
            return marshal.loads(kept)  # noqa: S302 - our own file, checked when it was read
        # What calls these has no `from __future__` of its own to be inherited.
        made = builtins.compile(text, "<string>", mode, dont_inherit=True)
        self._note(key, marshal.dumps(made))
        return made

    def _exec(self, text: Any, *names: Any) -> None:
        builtins.exec(self._code(text, "exec") if type(text) is str else text, *names)  # noqa: S102 - text of the standard library

    def _eval(self, text: Any, *names: Any) -> Any:
        code = self._code(text, "eval") if type(text) is str else text
        return builtins.eval(code, *names)  # noqa: S307 - likewise

    def _compile(self, text: Any, name: str, mode: str, *options: Any, **named: Any) -> Any:
        if type(text) is not str or name != "<string>" or options or named:
            usual: Callable[..., Any] = builtins.compile
            return usual(text, name, mode, *options, **named)
        return self._code(text, mode)

    def _expression(self, pattern: Any, flags: int = 0) -> Any:
        flags = int(flags)
        if type(pattern) not in (str, bytes) or flags & (_LOCALE | _DEBUG):
            return self._usual(pattern, flags)
        key = (type(pattern).__name__, pattern, flags)
        kept = self._kept.get(key)
        if kept is not None:
            return self._make(pattern, *marshal.loads(kept))  # noqa: S302 - likewise
        self._note(key, None)
        return self._usual(pattern, flags)


def _put(module: ModuleType, name: str, stand_in: object) -> Callable[[], None]:
    """Let `module` find `stand_in` by `name`; the function that is returned takes it back."""
    names: dict[str, Any] = vars(module)
    before = names.get(name, _MISSING)
    names[name] = stand_in

    def take_back() -> None:
        if before is _MISSING:
            names.pop(name, None)
        else:
            names[name] = before

    return take_back


def _compiler() -> ModuleType | None:
    """The module that translates expressions, if it is as we know it."""
    compiler = getattr(re, "_compiler", None)
    known = all(hasattr(compiler, name) for name in ("compile", "_code", "_sre", "_parser"))
    return compiler if known else None


def _expression(pattern: str | bytes, flags: int) -> bytes | None:
    """An expression's translation but for its text: what `re` itself would make of it."""
    compiler: Any = _compiler()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # told when it was translated for use
            parsed = compiler._parser.parse(pattern, flags)  # noqa: SLF001 - looked for by `_compiler`
        code = [int(word) for word in compiler._code(parsed, flags)]  # noqa: SLF001 - likewise
        state = parsed.state
        if state.flags & _LOCALE:
            return None
        by_number: list[str | None] = [None] * state.groups
        for name, number in state.groupdict.items():
            by_number[number] = name
        groups = (state.groups - 1, dict(state.groupdict), tuple(by_number))
        return marshal.dumps((int(flags | state.flags), code, *groups))
    except (re.error, AttributeError, TypeError, ValueError, OverflowError):
        return None
