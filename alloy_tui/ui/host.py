"""What a command may ask of the app and of the main screen: two protocols, nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

from alloy_tui.runtime.port import RuntimePort

Severity = Literal["information", "warning", "error"]
PageName = Literal["help", "usage", "history", "settings"]


class Bench(Protocol):
    """What a command may ask of the main screen."""

    def action_toggle_output(self) -> None:
        """Open or close the tool pane."""
        ...

    def copy_answer(self) -> None:
        """Copy the last answer."""
        ...

    def retry(self) -> None:
        """Send the last message again."""
        ...

    def action_show_panel(self, name: str) -> None:
        """Open a panel beside the conversation, or close it."""
        ...

    def tell(self, words: str) -> None:
        """Say something, from any thread."""
        ...

    def pick_rewind(self) -> None:
        """Choose an earlier message to go back to."""
        ...

    def redo(self) -> None:
        """Take the last going back back."""
        ...

    def pick_compare(self, words: str) -> None:
        """Choose a branch to compare with."""
        ...

    def pick_graft(self, words: str) -> None:
        """Choose a branch to bring something from."""
        ...

    def race(self, models: Sequence[str]) -> None:
        """Ask several models the same."""
        ...

    def open_sessions(self, query: str = "", *, found: bool = False) -> None:
        """All sessions, or what was found in them."""
        ...

    def open_team(self, deed: str = "") -> None:
        """The team's dashboard."""
        ...


class Host(Protocol):
    """What a command may ask of the app."""

    @property
    def runtime(self) -> RuntimePort:
        """The engine."""
        ...

    def say(self, text: str, severity: Severity = "information") -> None:
        """A short word in the corner; `text` is sanitised and no markup."""
        ...

    def open_page(self, page: PageName) -> None:
        """Open one of the pages."""
        ...

    def open_model_picker(self) -> None:
        """Let the user choose a model."""
        ...

    def use_theme(self, word: str) -> None:
        """Switch to the theme of that word, or to the next one for ""."""
        ...

    @property
    def workbench(self) -> Bench:
        """The main screen."""
        ...

    def leave(self) -> None:
        """End the program."""
        ...
