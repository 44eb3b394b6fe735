"""Editing in the prompt: kill ring, undo, folded pastes, and labels that stay in one piece.

Owns what a key does to the text, and that whatever gets into it is harmless; nothing of
what the text is for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.widgets.text_area import Edit, EditResult, Location

from alloy_tui.domain.sanitise import clean
from alloy_tui.ui.drafts import Draft
from alloy_tui.ui.messages import PasteWanted
from alloy_tui.ui.prompt import mentions
from alloy_tui.ui.prompt.echoing import EchoingArea
from alloy_tui.ui.prompt.folding import Folds, is_large
from alloy_tui.ui.prompt.kill_ring import KillRing

_YANKS = frozenset({"ctrl+y", "alt+y"})
_KILLS = frozenset(
    {"ctrl+k", "ctrl+u", "ctrl+w", "alt+backspace", "ctrl+backspace", "alt+d", "alt+delete"}
)


class EditingArea(EchoingArea):
    """A text area with a kill ring, whose large pastes are labels."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"prompt--label", "prompt--mention"}

    def __init__(self, *, id: str | None = None, placeholder: str = "") -> None:  # noqa: A002 - Textual's own parameter name
        super().__init__(id=id, placeholder=placeholder)
        self.folds = Folds()
        self._kills = KillRing()
        self._yanked: tuple[Location, Location] | None = None
        self._keys: dict[str, Callable[[], object]] = {
            "ctrl+k": self.kill_to_line_end,
            "ctrl+u": self.kill_to_line_start,
            "ctrl+w": self.kill_word_left,
            "alt+backspace": self.kill_word_left,
            "ctrl+backspace": self.kill_word_left,
            "alt+d": self.kill_word_right,
            "alt+delete": self.kill_word_right,
            "ctrl+y": self.yank,
            "alt+y": self._yank_before,
            "ctrl+underscore": self.undo,
            "alt+z": self.undo,
            "alt+shift+z": self.redo,
            "ctrl+shift+z": self.redo,
            "alt+b": self.action_cursor_word_left,
            "alt+left": self.action_cursor_word_left,
            "alt+f": self.action_cursor_word_right,
            "alt+right": self.action_cursor_word_right,
            "alt+p": self.open_label,
            "ctrl+v": self.action_paste,
        }

    @property
    def yanking(self) -> bool:
        """Whether the last key was a yank, so that Alt+Y turns the ring."""
        return self._yanked is not None

    @property
    def draft(self) -> Draft:
        """The text and what its labels stand for."""
        return self.folds.draft(self.text)

    def edit_with(self, key: str) -> bool:
        """Do what `key` does to the text; false if it does nothing of its own."""
        deed = self._keys.get(key)
        if key not in _YANKS:
            self._yanked = None
        if key not in _KILLS:
            self._kills.rest()
        if deed is None:
            return False
        deed()
        return True

    def put(self, text: str) -> None:
        """Replace everything, with the cursor at the end; undo brings back what was there."""
        self.history.checkpoint()
        self.replace(text, (0, 0), self.document.end, maintain_selection_offset=False)
        self.history.checkpoint()
        self.move_cursor(self.document.end)

    def undo(self) -> None:
        """Take the last change back."""
        if self.history.undo_stack:
            self._safe_cursor()
            super().undo()

    def redo(self) -> None:
        """Make the change again that was taken back last."""
        if self.history.redo_stack:
            self._safe_cursor()
            super().redo()

    def _safe_cursor(self) -> None:
        # While lines go, the widget looks at the cursor before it has moved it: on a
        # line that is there no more it would fail. The change brings its own place.
        self.move_cursor((0, 0))

    # Labels

    def edit(self, edit: Edit) -> EditResult:
        """Widen an edit that would cut a label in two; one inside a label goes behind it.

        Old prompts, messages to be sent anew and names of models are foreign as pastes are.
        """
        self.notice_edit()
        edit.text = clean(edit.text)
        start, end = edit.top, edit.bottom
        wide = (self._outside(start, after=start == end), self._outside(end, after=True))
        if wide != (start, end):
            edit = Edit(edit.text, *wide, maintain_selection_offset=False)
        return super().edit(edit)

    def load_text(self, text: str) -> None:
        """Replace everything, without a way back; what is set as `text` comes here too."""
        super().load_text(clean(text))

    def notice_edit(self) -> None:
        """Called before each change."""

    def _outside(self, location: Location, *, after: bool) -> Location:
        row, column = location
        for start, end in self._labels(row):
            if start < column < end:
                return (row, end if after else start)
        return location

    def _labels(self, row: int) -> list[tuple[int, int]]:
        if row >= self.document.line_count:
            return []
        return list(self.folds.labels_in(self.document.get_line(row)))

    def get_cursor_left_location(self) -> Location:
        """A label is one step."""
        return self._outside(super().get_cursor_left_location(), after=False)

    def get_cursor_right_location(self) -> Location:
        """A label is one step."""
        return self._outside(super().get_cursor_right_location(), after=True)

    def get_line(self, line_index: int) -> Text:
        """The line, with labels and mentions to be told from what was typed."""
        line = super().get_line(line_index)
        plain = line.plain
        for name, spans in (
            ("prompt--label", self.folds.labels_in(plain)),
            ("prompt--mention", mentions.spans(plain) if "@" in plain else ()),
        ):
            for start, end in spans:
                line.stylize(self.get_component_rich_style(name, partial=True), start, end)
        return line

    def open_label(self) -> None:
        """Put a folded paste into the prompt to be edited: the one at the cursor, or the last."""
        row, column = self.cursor_location
        spots = [(row, spot) for spot in self._labels(row) if spot[0] <= column <= spot[1]]
        for each in range(self.document.line_count - 1, -1, -1):
            spots += [(each, spot) for spot in reversed(self._labels(each))]
        for each, (start, end) in spots:
            text = self.folds.content(self.document.get_line(each)[start:end])
            if text is not None:
                self.history.checkpoint()
                self.replace(text, (each, start), (each, end), maintain_selection_offset=False)
                return

    async def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        self._kills.rest()
        self._yanked = None
        if event.text:
            self.insert_pasted(clean(event.text))  # what is folded away, too
        else:
            # With an image alone on the clipboard, terminals paste nothing.
            self.post_message(PasteWanted(image_only=True))

    def insert_pasted(self, text: str) -> None:
        """Insert clean foreign text; large ones and images as labels."""
        paths = _dropped_images(text)
        if paths:
            self.attach(paths)
        else:
            self._insert_whole(self.folds.fold(text, self.text) if is_large(text) else text)

    def attach(self, paths: Sequence[str]) -> None:
        """Insert labels for the images at `paths`."""
        labels: list[str] = []
        for path in paths:
            labels.append(self.folds.attach(path, "".join([self.text, *labels])))
        self._insert_whole(f"{' '.join(labels)} ")

    def _insert_whole(self, text: str) -> None:
        start, end = self.selection
        self.history.checkpoint()
        result = self.replace(text, start, end, maintain_selection_offset=False)
        self.move_cursor(result.end_location)

    def action_paste(self) -> None:
        """What is on the clipboard."""
        self.post_message(PasteWanted())

    # Kill ring

    def kill_to_line_end(self) -> None:
        """To the end of the line, or the line break when there."""
        start = self.selection.end
        end = (start[0], len(self.document.get_line(start[0])))
        self._kill(start, end if end != start else self.get_cursor_right_location())

    def kill_to_line_start(self) -> None:
        """To the beginning of the line, or the line break before it."""
        end = self.selection.end
        start = (end[0], 0)
        self._kill(start if start != end else self.get_cursor_left_location(), end, before=True)

    def kill_word_left(self) -> None:
        """The word before the cursor, or what is selected."""
        self._kill(self.get_cursor_word_left_location(), self.selection.end, before=True)

    def kill_word_right(self) -> None:
        """The word after the cursor, or what is selected."""
        self._kill(self.selection.end, self.get_cursor_word_right_location())

    def _kill(self, start: Location, end: Location, *, before: bool = False) -> None:
        if not self.selection.is_empty:
            start, end = self.selection
        start, end = sorted((start, end))
        start, end = self._outside(start, after=False), self._outside(end, after=True)
        self._kills.kill(self.get_text_range(start, end), before=before)
        self.delete(start, end, maintain_selection_offset=False)

    def yank(self) -> None:
        """Insert what was killed last."""
        self._insert_yanked(self._kills.last, *self.selection)

    def _yank_before(self) -> None:
        """After a yank: what was killed before that, in its place."""
        if self._yanked is not None:
            self._insert_yanked(self._kills.turn(), *self._yanked)

    def _insert_yanked(self, text: str, start: Location, end: Location) -> None:
        if text:
            self.history.checkpoint()
            start, end = sorted((start, end))
            result = self.replace(text, start, end, maintain_selection_offset=False)
            self.move_cursor(result.end_location)
            self._yanked = (start, result.end_location)


def _dropped_images(text: str) -> Sequence[str]:
    """The images whose paths `text` is, quoted, escaped, as addresses or plain; else nothing."""
    for paths in (mentions.dropped_paths(text), text.split()):
        if paths and all(path.startswith(("/", "~/")) and _is_image(path) for path in paths):
            return paths
    return ()


def _is_image(path: str) -> bool:
    if not mentions.is_image_name(path):
        return False
    try:
        return Path(path).expanduser().is_file()
    except (OSError, RuntimeError, ValueError):
        return False
