"""The sessions there are: found by what was said in them, looked into, renamed, put away, opened.

Owns the list, its search and what keys do to a row. Asks a `LibraryPort`, whose
answers come from another thread; opening is the library's deed, too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from alloy_tui.domain.sanitise import clean_line
from alloy_tui.runtime.library_port import FoundMessage, LibraryPort, SessionRow
from alloy_tui.runtime.path_values import PathPage
from alloy_tui.ui.field import SEARCHED, Field
from alloy_tui.ui.lines import Line
from alloy_tui.ui.screens.leaving import Dialog
from alloy_tui.ui.screens.session_words import about_lines, found_words, peek_lines, row_words
from alloy_tui.ui.widgets.chrome import ActionLine, link, pack
from alloy_tui.ui.widgets.line_view import LineView
from alloy_tui.ui.widgets.options import Options
from alloy_tui.ui.widgets.top_bar import short_path

_MOST = 200


class RowsCame(Message, bubble=False):
    """The list, from another thread."""

    def __init__(self, rows: Sequence[SessionRow] | None) -> None:
        super().__init__()
        self.rows = rows


class FoundCame(Message, bubble=False):
    """What a search found; `query` is what was asked."""

    def __init__(self, query: str, found: Sequence[FoundMessage] | None) -> None:
        super().__init__()
        self.query = query
        self.found = found


class PeekCame(Message, bubble=False):
    """The end of a session's conversation."""

    def __init__(self, session: str, page: PathPage | None) -> None:
        super().__init__()
        self.session = session
        self.page = page


class SessionsScreen(Dialog[None]):
    """`query` is looked for at once; `now_ms` tells how long ago things were."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False, priority=True),
        Binding("tab", "everywhere", show=False, priority=True),
        Binding("down", "move(1)", show=False, priority=True),
        Binding("up", "move(-1)", show=False, priority=True),
        Binding("ctrl+r,f2", "rename", show=False, priority=True),
        Binding("ctrl+d,delete", "delete", show=False, priority=True),
        Binding("ctrl+u", "restore", show=False, priority=True),
        Binding("ctrl+f", "fork", show=False, priority=True),
    ]  # Enter is the line's: with priority it would overtake letters that come fast
    DEFAULT_CSS = """
    SessionsScreen > #sessions { width: 96%; height: 90%; background: $surface; padding: 1 2; }
    SessionsScreen #session-ask { height: 1; background: $surface; margin-bottom: 1; }
    SessionsScreen #session-main { height: 1fr; }
    SessionsScreen #picker-list { width: 3fr; height: 100%; max-height: 100%; }
    SessionsScreen #session-peek {
        width: 2fr; height: 100%; background: $surface; border-left: solid $line; padding: 0 1;
    }
    SessionsScreen.-narrow #session-peek { display: none; }
    SessionsScreen #session-foot { height: auto; }
    """
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]  # noqa: RUF012 - Textual's own declaration

    def __init__(
        self,
        library: LibraryPort,
        now_ms: Callable[[], int],
        *,
        query: str = "",
        folder: str = "",
        everywhere: bool = False,
        seek: Callable[[str, str], object] = lambda _session, _node: None,
    ) -> None:
        """`seek` is told session and node of what is about to be opened at a place of its own."""
        super().__init__()
        self._seek = seek
        self._library = library
        self._now_ms = now_ms
        self._first_query = query
        self._folder = folder
        self._everywhere = everywhere
        self._rows: list[SessionRow] = []
        self._looking = True  # until the first answer: a list that is not known is not empty
        self._found: list[FoundMessage] | None = None
        self._query = ""
        self._renaming: SessionRow | None = None
        self._deleted: list[SessionRow] = []
        self._forking = self._searching = self._open_found = False

    def compose(self) -> ComposeResult:
        """The line to type into, the list, the look into a session, keys."""
        with Vertical(id="sessions"):
            yield Static("Sessions", id="page-title", markup=False)
            field = Field(longest=SEARCHED, id="session-ask", compact=True)
            field.cursor_blink = False
            yield field
            with Horizontal(id="session-main"):
                yield Options(id="picker-list")
                yield LineView(id="session-peek", words=True)
            yield ActionLine(id="session-foot")

    def on_mount(self) -> None:
        """Ask."""
        self._fill()
        field = self.query_one(Input)
        field.focus()
        if self._first_query:
            field.value = self._first_query
        self._ask()

    def _ask(self) -> None:
        self._library.list(
            lambda rows: self.post_message(RowsCame(rows)), everywhere=self._everywhere
        )

    def on_rows_came(self, message: RowsCame) -> None:
        """The list."""
        self._rows = list(message.rows or ())
        self._looking = False
        self._fill()

    # -- searching --------------------------------------------------------------------------

    def on_input_changed(self, event: Input.Changed) -> None:
        """Look in all that was said, with every letter."""
        event.stop()
        if self._renaming is not None or event.value.strip() == self._query:
            return
        self._query = query = event.value.strip()
        self._searching, self._open_found = bool(query), False
        if not query:
            self._found = None
            self._fill()
            return
        self._library.search(
            query,
            lambda found: self.post_message(FoundCame(query, found)),
            everywhere=self._everywhere,
            limit=_MOST,
        )

    def on_found_came(self, message: FoundCame) -> None:
        """What was found, if it is still asked for."""
        if message.query == self._query:
            self._found, self._searching = list(message.found or ()), False
            self._fill()
            if self._open_found:
                self.action_open()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter: what is marked, once all that was typed is looked for."""
        event.stop()
        if self._searching and self._renaming is None:
            self._open_found = True
        else:
            self.action_open()

    # -- the list ---------------------------------------------------------------------------

    def _named(self) -> list[SessionRow]:
        words = self._query.lower().split()
        return [r for r in self._rows if all(w in r.title.lower() for w in words)]

    def _fill(self) -> None:
        options = self.query_one(OptionList)
        at = options.highlighted or 0
        options.clear_options()
        width = max(30, options.size.width - 2)
        now_ms = self._now_ms()
        shown = [row_words(row, width, now_ms, self._everywhere) for row in self._shown_rows()]
        shown += [found_words(hit, width, now_ms) for hit in self._found or ()]
        options.add_options([Option(words) for words in shown])
        if shown:
            options.highlighted = min(at, len(shown) - 1)
        else:
            options.add_option(Option(Content.styled(self._nothing, "$text-muted"), disabled=True))
            self._peek_at(None)
        self._paint()

    @property
    def _nothing(self) -> str:
        """Why no row is on show."""
        if self._looking:
            return "Looking …"
        nothing = "Nothing like that was said." if self._query else "There are no sessions yet."
        return nothing if self._everywhere else f"{nothing} Tab looks in all folders."

    def _shown_rows(self) -> list[SessionRow]:
        return self._named() if self._query else self._rows

    @property
    def chosen(self) -> tuple[str, str | None] | None:
        """Session and, for a message that was found, its node."""
        at = self.query_one(OptionList).highlighted
        rows = self._shown_rows()
        if at is None:
            return None
        if at < len(rows):
            return rows[at].id, None
        found = self._found or []
        hit = found[at - len(rows)] if at - len(rows) < len(found) else None
        return (hit.session, hit.node) if hit is not None else None

    def _row(self) -> SessionRow | None:
        chosen = self.chosen
        return next((r for r in self._rows if chosen and r.id == chosen[0]), None)

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Look into it."""
        event.stop()
        chosen = self.chosen
        self._peek_at(chosen[0] if chosen else None)

    def _peek_at(self, session: str | None) -> None:
        if session is None:
            self.query_one(LineView).set_lines([])
        else:
            self._library.peek(session, lambda page: self.post_message(PeekCame(session, page)))

    def on_peek_came(self, message: PeekCame) -> None:
        """The end of it, if it is still the one."""
        if self.chosen is None or self.chosen[0] != message.session:
            return
        lines: list[Line] = peek_lines(message.page)
        row = self._row()
        if row is not None:
            lines[:0] = about_lines(row, self._now_ms())
        view = self.query_one(LineView)
        view.set_lines(lines, "end")

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """A click."""
        event.stop()
        self.action_open()

    # -- deeds ------------------------------------------------------------------------------

    def action_move(self, by: int) -> None:
        """Move in the list while the line keeps the focus."""
        options = self.query_one(OptionList)
        (options.action_cursor_down if by > 0 else options.action_cursor_up)()

    def action_everywhere(self) -> None:
        """This folder's sessions, or all."""
        self._everywhere = not self._everywhere
        self._ask()
        if self._query:
            query, self._query = self._query, ""
            self.on_input_changed(Input.Changed(self.query_one(Input), query))

    def action_open(self) -> None:
        """Go on with it; or take the new name."""
        if self._renaming is not None:
            self._end_renaming(keep=True)
            return
        chosen = self.chosen
        if chosen is not None:
            session, node = chosen
            if node is not None:
                self._seek(session, node)
            self._library.open(session, node)
            self.dismiss()

    def action_fork(self) -> None:
        """Go on with a copy of it."""
        chosen = self.chosen
        if chosen is not None:
            self._library.open(*chosen)
            self._library.fork(chosen[1])
            self.dismiss()

    def action_rename(self) -> None:
        """Another title, typed in the line."""
        row = self._row()
        if row is None or self._renaming is not None:
            return
        self._renaming = row
        field = self.query_one(Input)
        field.value = row.title
        field.cursor_position = len(row.title)
        self._paint()

    def _end_renaming(self, *, keep: bool) -> None:
        row, field = self._renaming, self.query_one(Input)
        if row is not None and keep:
            self._library.rename(row.id, field.value.strip())
            self._ask()
        field.value = self._query
        self._renaming = None
        self._paint()

    def action_delete(self) -> None:
        """Into the bin; Ctrl+U brings the last one back."""
        row = self._row()
        if row is None or self._renaming is not None:
            return
        if row.owner is not None:
            words = f"Another program (pid {row.owner}) writes this session."
            self.notify(words, severity="warning", markup=False, timeout=4)
            return
        self._library.delete(row.id)
        self._deleted.append(row)
        self._rows = [other for other in self._rows if other.id != row.id]
        self._fill()

    def action_restore(self) -> None:
        """The last one that was put away; in a name, what stands before the cursor goes."""
        if self._renaming is not None:
            self.query_one(Input).action_delete_left_all()
        elif self._deleted:
            row = self._deleted.pop()
            self._library.restore(row.id)
            self._rows = sorted([*self._rows, row], key=lambda r: -r.updated_ms)
            self._fill()

    def action_leave(self) -> None:
        """End renaming, or close."""
        if self._renaming is not None:
            self._end_renaming(keep=False)
        else:
            self.dismiss()

    def on_click(self, event: events.Click) -> None:
        """A click beside the page closes it."""
        if event.widget is self:
            self.dismiss()

    def on_resize(self) -> None:
        """Rows are composed for a width."""
        self.call_after_refresh(self._fill)

    def _paint(self) -> None:
        folder = clean_line(short_path(self._folder, str(Path.home())), 60)
        where = "all folders" if self._everywhere else folder or "this folder"
        title = "Rename" if self._renaming is not None else f"Sessions of {where}"
        self.query_one("#page-title", Static).update(title)
        field = self.query_one(Input)
        field.placeholder = "search in all that was said"
        keys = [
            link("Enter opens", "screen.open", "$primary"),
            link("Tab " + ("this folder" if self._everywhere else "all"), "screen.everywhere"),
            link("^R rename", "screen.rename"),
            link("^D delete", "screen.delete"),
            link("^F fork", "screen.fork"),
            link("Esc closes", "screen.leave"),
        ]
        if self._deleted:
            keys.insert(4, link("^U brings it back", "screen.restore", "$warning"))
        width = max(20, self.query_one("#session-foot").size.width + 2)
        self.query_one("#session-foot", ActionLine).update(pack(keys, width, "  "))
