"""Going back, or forward again, asked first: conversation, files or both, and what each changes.

Owns the choice and the words; what was chosen is the screen's result.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from alloy_tui.domain.sanitise import clean_line
from alloy_tui.runtime.branch_values import FileChange, FileChoice, RewindPreview, RewindScope
from alloy_tui.ui.screens.leaving import Dialog
from alloy_tui.ui.widgets.chrome import ActionLine, link, pack
from alloy_tui.ui.widgets.options import Options
from alloy_tui.ui.wording import shorten_middle

SCOPES: tuple[tuple[RewindScope, str], ...] = (
    ("conversation", "conversation"),
    ("files", "files"),
    ("both", "both"),
)
_FATES = {
    "added": "comes back",
    "changed": "as it was",
    "removed": "goes",
    "mode": "mode as it was",
    "same": "stays",
}
_CHOICES: dict[FileChoice, str] = {
    "keep": "keep what is there",
    "overwrite": "overwrite it",
    "merge": "merge the two",
}


@dataclass(frozen=True, slots=True)
class RewindWish:
    """What goes back, and what becomes of files that somebody else changed since."""

    scope: RewindScope
    choices: Mapping[str, FileChoice] = field(default_factory=dict[str, FileChoice])


def lines_changed(plus: int | None, minus: int | None) -> str:
    """`+2 −1`, or "no text"."""
    if plus is None or minus is None:
        return "no text"
    return f"+{plus:,} −{minus:,}"


_BESIDE = 48
"""What the figures and the fate of a file take beside its path, in cells."""


def _moving(preview: RewindPreview) -> str:
    """What becomes of the conversation, in a sentence or two."""
    count = preview.messages
    if preview.again:
        noun = "message comes back" if count == 1 else "messages come back"
        return f"{count:,} {noun}." if count else "The conversation goes where it stood before."
    noun = "message leaves" if count == 1 else "messages leave"
    return f"{count:,} {noun} the path. Nothing is deleted: /redo."


class RewindDialog(Dialog[RewindWish | None]):
    """Dismisses with the wish, or None when left."""

    VERTICAL_BREAKPOINTS = [(0, "-short"), (22, "-tall")]  # noqa: RUF012 - Textual's own declaration
    # All alike with priority: those with it overtake those without when keys come fast.
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "leave", show=False, priority=True),
        Binding("enter", "go", show=False, priority=True),
        Binding("left", "turn(-1)", show=False, priority=True),
        Binding("right,tab", "turn(1)", show=False, priority=True),
        Binding("up", "step(-1)", show=False, priority=True),
        Binding("down", "step(1)", show=False, priority=True),
        Binding("space", "choose", show=False, priority=True),
        *(Binding(str(n), f"scope({n - 1})", show=False, priority=True) for n in (1, 2, 3)),
    ]

    def __init__(self, preview: RewindPreview) -> None:
        super().__init__()
        self._preview = preview
        # Where no message leaves, files are all that can change.
        self._scope = 0 if preview.messages or preview.prompt else 1
        if preview.again:
            self._scope = [scope for scope, _ in SCOPES].index(preview.scope)
        self._choices: dict[str, FileChoice] = {
            f.path: f.choices[0] for f in preview.files if f.conflict and f.choices
        }

    @property
    def wish(self) -> RewindWish:
        """As it stands."""
        scope = SCOPES[self._scope][0]
        return RewindWish(scope, {} if scope == "conversation" else dict(self._choices))

    def compose(self) -> ComposeResult:
        """What goes back, what that does, and the files."""
        with Vertical(id="page", classes="-list"):
            title = "Redo" if self._preview.again else "Go back"
            yield Static(title, id="page-title", markup=False)
            yield ActionLine(id="rewind-scope")
            yield Static("", id="rewind-words", markup=False)
            yield Options(id="picker-list")
            yield ActionLine(id="page-foot")

    DEFAULT_CSS = """
    #rewind-scope { height: 1; margin-bottom: 1; }
    #rewind-words { height: auto; margin-bottom: 1; }
    """

    def on_mount(self) -> None:
        """Show it."""
        self.query_one(OptionList).focus()
        # All that can be done, on as many lines as it takes; other pages have one.
        self.query_one("#page-foot").styles.height = "auto"
        self._paint()

    def on_resize(self) -> None:
        """Composed for a width."""
        self.call_after_refresh(self._paint)

    def action_scope(self, index: int) -> None:
        """One of the three."""
        self._scope = index % len(SCOPES)
        self._paint()

    def action_turn(self, by: int) -> None:
        """The next of the three."""
        self.action_scope(self._scope + by)

    def action_step(self, by: int) -> None:
        """The file above or below."""
        files = self.query_one(OptionList)
        files.action_cursor_down() if by > 0 else files.action_cursor_up()

    def action_choose(self) -> None:
        """Something else for the file in conflict that is marked."""
        at = self.query_one(OptionList).highlighted
        if at is None or at >= len(self._preview.files):
            return
        change = self._preview.files[at]
        if change.path in self._choices:
            now = change.choices.index(self._choices[change.path])
            self._choices[change.path] = change.choices[(now + 1) % len(change.choices)]
            self._paint()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """A click on a file."""
        event.stop()
        self.action_choose()

    def action_go(self) -> None:
        """So be it."""
        self.dismiss(self.wish)

    def action_leave(self) -> None:
        """All stays as it is."""
        self.dismiss(None)

    def on_click(self, event: events.Click) -> None:
        """A click beside the page leaves."""
        if event.widget is self:
            self.dismiss(None)

    def _paint(self) -> None:
        width = max(20, self.query_one("#rewind-scope").size.width)
        scopes = [
            link(
                f"{n + 1} {words}",
                f"screen.scope({n})",
                "bold $primary reverse" if n == self._scope else "$text-muted",
            )
            for n, (_, words) in enumerate(SCOPES)
        ]
        self.query_one("#rewind-scope", ActionLine).update(Content("  ").join(scopes))
        self.query_one("#rewind-words", Static).update(self._words())
        options = self.query_one(OptionList)
        at = options.highlighted or 0
        options.clear_options()
        files = self._preview.files
        options.add_options([Option(self._row(change, width)) for change in files])
        options.display = bool(files)
        if files:
            options.highlighted = min(at, len(files) - 1)
        keys = [
            link(
                "Enter takes it back" if self._preview.again else "Enter goes back",
                "screen.go",
                "$primary",
            ),
            link("← → what", "screen.turn(1)", "$text-muted"),
            link("Esc leaves all as it is", "screen.leave", "$text-muted"),
        ]
        if self._choices:
            keys.insert(1, link("Space what of a conflict", "screen.choose", "$text-muted"))
        self.query_one("#page-foot", ActionLine).update(pack(keys, width + 2))

    def _words(self) -> Content:
        preview, scope = self._preview, SCOPES[self._scope][0]
        said: list[Content] = []
        if scope != "files":
            said.append(Content(_moving(preview)))
            if preview.prompt:
                words = clean_line(preview.prompt, limit=160)
                said.append(Content.styled(f"Into the prompt: {words}", "$text-muted"))
        if scope == "conversation":
            said.append(Content("The files stay as they are."))
        elif not preview.files:
            said.append(Content("No file has changed since."))
        said += [
            Content.styled(clean_line(words, limit=300), "$warning") for words in preview.problems
        ]
        return Content("\n").join(said)

    def _row(self, change: FileChange, width: int) -> Content:
        quiet = self._scope == 0
        room = max(16, width - _BESIDE)
        column = min(
            room, max(cell_len(clean_line(f.path, limit=400)) for f in self._preview.files)
        )
        path = set_cell_size(shorten_middle(clean_line(change.path, limit=400), room), column)
        row = Content.styled(path, "dim" if quiet else "")
        figures = change.what or lines_changed(change.plus, change.minus)
        row += Content.styled(f"  {figures:>12}", "$text-muted")
        if change.why_not:
            why = clean_line(change.why_not, limit=120)
            return row + Content.styled(f"  cannot: {why}", "$error")
        if change.path in self._choices:
            choice = self._choices[change.path]
            words = _CHOICES[choice]
            if choice == "merge" and change.clashes:
                places = "1 place" if change.clashes == 1 else f"{change.clashes:,} places"
                words = f"merge, marks in {places}"
            return row + Content.styled(f"  conflict: {words}", "$warning")
        return row + Content.styled(f"  {_FATES[change.fate]}", "$text-muted")
