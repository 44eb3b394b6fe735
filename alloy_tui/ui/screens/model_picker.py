"""Which model answers: found by name, looked at, made a favourite, given a key, chosen.

Owns the list and what keys do to a row. Asks a `ProvidersPort`, whose answers
come from another thread. A key that is typed here is never shown: it goes from
the masked line into a `Secret` and is gone from the screen.
"""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from alloy_tui.domain.sanitise import clean_line
from alloy_tui.domain.secret import Secret
from alloy_tui.runtime.model_port import ModelList, ModelRow, ProvidersPort
from alloy_tui.ui import model_rows as shown
from alloy_tui.ui.field import Field
from alloy_tui.ui.screens.leaving import Dialog
from alloy_tui.ui.widgets.chrome import ActionLine, link, pack
from alloy_tui.ui.widgets.options import Options

_SEARCH = "type to narrow: a name, an alias, a service"


class ModelsCame(Message, bubble=False):
    """The list, from another thread; `live` when services were asked for it."""

    def __init__(self, models: ModelList | None, *, live: bool) -> None:
        super().__init__()
        self.models = models
        self.live = live


class KeyKept(Message, bubble=False):
    """Where the key of `service` is kept; None when it was refused, which a notice tells."""

    def __init__(self, service: str, where: str | None) -> None:
        super().__init__()
        self.service = service
        self.where = where


class ModelPicker(Dialog[str | None]):
    """Dismisses with `service/model`, or None when left with Esc.

    Letters go into the line; with the list in focus (Tab) `f`, `k` and `r` are keys.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False, priority=True),
        Binding("down", "move(1)", show=False, priority=True),
        Binding("up", "move(-1)", show=False, priority=True),
        Binding("pagedown", "move(10)", show=False, priority=True),
        Binding("pageup", "move(-10)", show=False, priority=True),
        Binding("tab,shift+tab", "other", show=False, priority=True),
        Binding("ctrl+f", "favourite", show=False, priority=True),
        Binding("ctrl+k", "key", show=False, priority=True),
        Binding("ctrl+r", "refresh_list", show=False, priority=True),
        Binding("f", "favourite", show=False),
        Binding("k", "key", show=False),
        Binding("r", "refresh_list", show=False),
        Binding("slash", "other", show=False),
    ]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (22, "-tall")]  # noqa: RUF012 - Textual's own declaration

    def __init__(self, providers: ProvidersPort, current: str) -> None:
        super().__init__()
        self._providers = providers
        self._current = current
        self._rows: tuple[ModelRow, ...] = ()
        self._entries: list[shown.Entry] = []
        self._query = ""
        self._key_for: ModelRow | None = None
        self._asking = False
        self._said = ""

    def compose(self) -> ComposeResult:
        """The line to type into, the list, what is known of the chosen one, keys."""
        with Vertical(id="page"):
            yield Static("Model", id="page-title", markup=False)
            field = Field(placeholder=_SEARCH, id="picker-filter")
            field.cursor_blink = False
            yield field
            yield Static("", id="picker-columns", markup=False)
            yield Options(id="picker-list")
            yield Static("", id="picker-about", markup=False)
            yield ActionLine(id="picker-keys")

    def on_mount(self) -> None:
        """Ask; the line has the focus."""
        self.query_one(Input).focus()
        self._paint()
        self._ask(live=False)

    def _ask(self, *, live: bool) -> None:
        self._providers.models(
            lambda models: self.post_message(ModelsCame(models, live=live)), live=live
        )

    def on_models_came(self, message: ModelsCame) -> None:
        """The list."""
        if message.live:
            self._asking = False
        if message.models is None:
            self._said = "The services could not be asked." if message.live else ""
        else:
            before = len(self._rows)
            self._rows = message.models.rows
            if message.live:
                new = len(self._rows) - before
                self._said = " ".join(message.models.problems) or f"Asked: {new} more models."
            self._fill()
        self._paint()

    # -- the list ---------------------------------------------------------------------------

    def on_input_changed(self, event: Input.Changed) -> None:
        """Narrow; a key that is being typed narrows nothing."""
        event.stop()
        query = event.value.strip()
        if self._key_for is None and query != self._query:
            self._query = query
            self._fill(first=True)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter in the line; with priority it would overtake letters, or a key, that come fast."""
        event.stop()
        self.action_take()

    def _fill(self, *, first: bool = False) -> None:
        options = self.query_one(OptionList)
        before = None if first else self.chosen
        width = max(24, options.size.width - 1)
        self._entries = shown.arranged(self._rows, self._query)
        as_typed = self._as_typed()
        if as_typed is not None:
            self._entries.append(as_typed)
        made: list[Option] = []
        for entry in self._entries:
            if isinstance(entry, str):
                made.append(Option(shown.heading(entry), disabled=True))
            else:
                words = shown.row_words(entry, width, now=entry.name == self._current)
                made.append(Option(words))
        options.clear_options()
        options.add_options(made)
        self.query_one("#picker-columns", Static).update(shown.columns(width))
        options.highlighted = self._place_of(before)
        if not made:
            nothing = "Nothing like that." if self._query else "Looking for models …"
            options.add_option(Option(Content.styled(nothing, "$text-muted"), disabled=True))
        self._tell()

    def _as_typed(self) -> ModelRow | None:
        """A full name that no list has may still be one."""
        service, slash, model = self._query.partition("/")
        if not (service and slash and model) or any(r.name == self._query for r in self._rows):
            return None
        return ModelRow(self._query, "as typed")

    def _place_of(self, row: ModelRow | None) -> int | None:
        models = [i for i, entry in enumerate(self._entries) if isinstance(entry, ModelRow)]
        if row is not None:
            for index in models:
                entry = self._entries[index]
                if isinstance(entry, ModelRow) and entry.name == row.name:
                    return index
        return models[0] if models else None

    @property
    def chosen(self) -> ModelRow | None:
        """The row under the cursor."""
        at = self.query_one(OptionList).highlighted
        entry = self._entries[at] if at is not None and at < len(self._entries) else None
        return entry if isinstance(entry, ModelRow) else None

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Say what is known of it."""
        event.stop()
        self._tell()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """A click."""
        event.stop()
        self.action_take()

    def _tell(self) -> None:
        row = self.chosen
        about = shown.about(row) if row is not None else Content("")
        self.query_one("#picker-about", Static).update(about)

    # -- deeds ------------------------------------------------------------------------------

    def action_move(self, by: int) -> None:
        """Move in the list while the line keeps the focus."""
        options = self.query_one(OptionList)
        if self._key_for is not None:
            return
        if abs(by) > 1:
            (options.action_page_down if by > 0 else options.action_page_up)()
        else:
            (options.action_cursor_down if by > 0 else options.action_cursor_up)()

    def action_other(self) -> None:
        """From the line to the list, where letters are keys, and back."""
        field, options = self.query_one(Input), self.query_one(OptionList)
        if self._key_for is None:
            (options if field.has_focus else field).focus()

    def action_take(self) -> None:
        """Let it answer; ask for its key where that is what is missing; or keep the key."""
        if self._key_for is not None:
            self._keep_key()
            return
        row = self.chosen
        if row is None:
            if self._query:
                self.dismiss(self._query)
        elif row.choosable:
            self.dismiss(row.name)
        elif row.missing and row.takes_key:
            self.action_key()
        elif row.missing:
            words = f"{row.service} needs {row.missing}."
            self.notify(clean_line(words, 300), severity="warning", markup=False, timeout=6)

    def action_favourite(self) -> None:
        """To the front, or back to its service."""
        row = self.chosen
        if row is not None and not row.name.endswith("/") and self._key_for is None:
            self._providers.set_favourite(row.name, on=not row.favourite)
            self._ask(live=False)

    def action_refresh_list(self) -> None:
        """Ask the services what they have, in the background."""
        if not self._asking and self._key_for is None:
            self._asking, self._said = True, ""
            self._ask(live=True)
            self._paint()

    def action_key(self) -> None:
        """Type a key for the service of the chosen row."""
        row = self.chosen
        if row is None or self._key_for is not None:
            return
        if not row.takes_key:
            words = f"{row.service} takes no key."
            self.notify(clean_line(words, 200), severity="warning", markup=False, timeout=4)
            return
        self._key_for = row
        field = self.query_one(Input)
        field.password = True
        field.value = ""
        field.focus()
        self._paint()

    def _keep_key(self) -> None:
        row, field = self._key_for, self.query_one(Input)
        key = Secret(field.value.strip())
        self._end_key()
        if row is not None and key:
            service = row.name.partition("/")[0]
            self._providers.set_key(
                service, key, lambda where: self.post_message(KeyKept(row.service, where))
            )

    def _end_key(self) -> None:
        # Emptied before it is unmasked: nothing of it may be drawn.
        field = self.query_one(Input)
        field.value = ""
        field.password = False
        field.value = self._query
        self._key_for = None
        self._paint()

    def on_key_kept(self, message: KeyKept) -> None:
        """Say where it is, and look again at what can be chosen."""
        if message.where is None:
            self._said = f"The key of {message.service} was not kept."
        else:
            self._said = f"The key of {message.service} is kept in {message.where}."
        self._ask(live=False)
        self._paint()

    def action_leave(self) -> None:
        """Give the key up, or choose nothing."""
        if self._key_for is not None:
            self._end_key()
        else:
            self.dismiss(None)

    def on_click(self, event: events.Click) -> None:
        """A click beside the list leaves."""
        if event.widget is self:
            self.dismiss(None)

    def on_resize(self) -> None:
        """Rows are composed for a width."""
        self.call_after_refresh(self._fill)

    def _paint(self) -> None:
        title, field = self.query_one("#page-title", Static), self.query_one(Input)
        row = self._key_for
        width = max(20, self.query_one("#picker-keys").size.width + 2)
        if row is not None:
            title.update(Content(f"The key of {clean_line(row.service, 40)}"))
            field.placeholder = (
                "paste it here; it is not shown, and kept where only you can read it"
            )
            keys = [
                link("Enter keeps it", "screen.take", "$primary"),
                link("Esc goes back", "screen.leave"),
            ]
        else:
            said = "Asking the services …" if self._asking else clean_line(self._said, 300)
            words = Content("Model")
            if said:
                words = words + Content.styled(f"   {said}", "not bold $text-muted")
            title.update(words)
            field.placeholder = _SEARCH
            keys = [
                link("Enter takes it", "screen.take", "$primary"),
                link("^F favourite", "screen.favourite"),
                link("^K key", "screen.key"),
                link("^R ask the services", "screen.refresh_list"),
                link("Esc leaves", "screen.leave"),
            ]
        self.query_one("#picker-keys", ActionLine).update(pack(keys, width, "  "))
