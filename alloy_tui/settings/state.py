"""What the program remembers by itself: the last model, what was always allowed, a pane's width.

Owns small JSON files in the data folder; atomic, 0600. A damaged file is
moved aside and said so: it never stops the program. Not settings: a person is
not expected to write these.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import msgspec

from alloy_tui.domain.errors import ConfigError
from alloy_tui.settings.paths import Paths, private_folder, write_private

_T = TypeVar("_T")
_WIDEST = 10_000
_RECENT = 8


class LastModel(msgspec.Struct, frozen=True):
    """The file `last-model.json`; `model` is None until one was chosen by a person."""

    model: str | None = None
    v: int = 1


class AlwaysRules(msgspec.Struct, frozen=True):
    """The file `approvals.json`: pairs of tool name and rule."""

    always: tuple[tuple[str, str], ...] = ()
    v: int = 1


class PaneWidth(msgspec.Struct, frozen=True):
    """The file `pane.json`: columns of the side pane, None until somebody moved its edge."""

    columns: int | None = None
    v: int = 1


class ModelPicks(msgspec.Struct, frozen=True):
    """The file `models.json`: full names, favourites as they were made, recent ones newest first.

    `effort` is the thinking level that was chosen last, "" for the model's own.
    """

    favourites: tuple[str, ...] = ()
    recent: tuple[str, ...] = ()
    effort: str | None = None
    v: int = 1


class State:
    """Reads and writes the files; every method may be called from any thread.

    `notice` gets a sentence for the user when a file was damaged or could not
    be written; nothing here raises for that.
    """

    def __init__(self, paths: Paths, notice: Callable[[str], None]) -> None:
        self._folder = paths.data
        self._notice = notice

    @property
    def first_run(self) -> bool:
        """Whether the program never finished a start before."""
        return not (self._folder / "last-model.json").exists()

    def last_model(self) -> str | None:
        """The model that a person chose last."""
        return self._read("last-model.json", LastModel).model

    def remember_model(self, model: str | None) -> None:
        """Keep `model` for the next start; None only notes that there was a start."""
        self._write("last-model.json", LastModel(model))

    def picks(self) -> ModelPicks:
        """Models that a person keeps at hand, and how hard they were told to think."""
        return self._read("models.json", ModelPicks)

    def remember_pick(self, model: str) -> None:
        """`model` was chosen just now."""

        def first(now: ModelPicks) -> ModelPicks:
            others = [name for name in now.recent if name != model]
            return msgspec.structs.replace(now, recent=(model, *others)[:_RECENT])

        self._change_picks(first)

    def remember_favourite(self, model: str, *, on: bool) -> None:
        """Keep `model` among the favourites, or no more."""

        def changed(now: ModelPicks) -> ModelPicks:
            others = tuple(name for name in now.favourites if name != model)
            return msgspec.structs.replace(now, favourites=(*others, model) if on else others)

        self._change_picks(changed)

    def remember_effort(self, effort: str | None) -> None:
        """Keep the thinking level for the next start; None is the model's own."""
        self._change_picks(lambda now: msgspec.structs.replace(now, effort=effort or ""))

    def _change_picks(self, change: Callable[[ModelPicks], ModelPicks]) -> None:
        try:
            with self._locked():
                self._write("models.json", change(self.picks()))
        except (OSError, ConfigError) as error:
            self._notice(f"The choice could not be remembered: {error}")

    def pane_columns(self) -> int | None:
        """How wide the side pane was left."""
        columns = self._read("pane.json", PaneWidth).columns
        return columns if columns is not None and 0 < columns <= _WIDEST else None

    def remember_pane(self, columns: int) -> None:
        """Keep the side pane's width for the next start."""
        self._write("pane.json", PaneWidth(columns))

    def always_rules(self) -> tuple[tuple[str, str], ...]:
        """What "always" was answered for, oldest first."""
        return self._read("approvals.json", AlwaysRules).always

    def remember_rule(self, tool: str, rule: str) -> None:
        """Add one; several programs may do so at once and none is lost."""
        try:
            with self._locked():
                known = self.always_rules()
                if (tool, rule) not in known:
                    self._write("approvals.json", AlwaysRules((*known, (tool, rule))))
        except (OSError, ConfigError) as error:
            self._notice(f"“Always” could not be remembered: {error}")

    @contextmanager
    def _locked(self) -> Generator[None]:
        private_folder(self._folder)
        handle = os.open(self._folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _read(self, name: str, kind: Callable[[], _T]) -> _T:
        path = self._folder / name
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return kind()
        except OSError as error:
            self._notice(f"{path} cannot be read: {error.strerror}.")
            return kind()
        try:
            return msgspec.json.decode(data, type=kind)  # pyright: ignore[reportCallIssue, reportArgumentType, reportReturnType, reportUnknownVariableType] -- `kind` is a Struct class
        except msgspec.DecodeError:
            self._put_aside(path)
            return kind()

    def _put_aside(self, path: Path) -> None:
        for number in range(1, 100):
            aside = path.with_name(f"{path.name}.damaged-{number}")
            if not aside.exists():
                break
        else:
            aside = path.with_name(f"{path.name}.damaged-1")
        try:
            path.replace(aside)
        except OSError:
            self._notice(f"{path} is damaged and was ignored.")
            return
        self._notice(f"{path} was damaged; it was moved to {aside.name} and begun anew.")

    def _write(self, name: str, value: msgspec.Struct) -> None:
        try:
            write_private(self._folder / name, msgspec.json.encode(value) + b"\n")
        except ConfigError as error:
            self._notice(error.message)
