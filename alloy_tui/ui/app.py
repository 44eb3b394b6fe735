"""The full-screen application: its life from the first frame to the last, and its commands.

Owns start-up order, the pump's life, what a person prefers, and leaving. What
is on the screen is `screens.workbench`'s business; the engine is seen as a
`RuntimePort` alone.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, cast

from msgspec.structs import replace
from textual import events, on
from textual.app import App
from textual.await_complete import AwaitComplete
from textual.binding import BindingType
from textual.driver import Driver
from textual.filter import LineFilter
from textual.screen import Screen
from textual.signal import Signal

from alloy_tui.domain.sanitise import clean_line
from alloy_tui.runtime.agent_view import AgentView
from alloy_tui.runtime.model_port import SpentView
from alloy_tui.runtime.port import ApprovalMode, RuntimePort
from alloy_tui.ui import terminal_keys
from alloy_tui.ui.actions import run_command
from alloy_tui.ui.attention import Attention
from alloy_tui.ui.clipboard import copy_and_tell
from alloy_tui.ui.clock import SYSTEM_CLOCK, Clock
from alloy_tui.ui.commands import offer_themes
from alloy_tui.ui.first_look import FirstLook, begin_with_size, begin_with_theme, first_look
from alloy_tui.ui.history import PromptHistory
from alloy_tui.ui.host import PageName, Severity
from alloy_tui.ui.kept_sheets import KeptSheets
from alloy_tui.ui.keymap import APP_KEYS, Keymap, bindings
from alloy_tui.ui.messages import CommandInvoked, PromptSubmitted
from alloy_tui.ui.palette import CommandPaletteRows, Palette
from alloy_tui.ui.panes.side import SideArea
from alloy_tui.ui.preferences import Preferences, checked
from alloy_tui.ui.pump import Pump
from alloy_tui.ui.screens.workbench import Workbench
from alloy_tui.ui.stylesheets import stylesheets
from alloy_tui.ui.terminal.base import TerminalApp
from alloy_tui.ui.terminal.choosing import driver_class
from alloy_tui.ui.terminal.disarming import Disarm
from alloy_tui.ui.terminal.typed_ahead import Keyboard
from alloy_tui.ui.themes import NO_COLOUR, UserTheme, themes_with

SWITCH_INTERVAL_S = 0.0005
"""How long the engine thread may hold the interpreter while a key waits for its echo."""
ENGINE_AFTER_S = 0.05
"""From the first frame to the engine's imports: the keys of who typed meanwhile come first."""
_SETTLED_AFTER_S = 1.0
_TWICE_S = 1.5
_NOTICE_S = 12.0
_DEEPEST = 6
"""Pages above each other; Textual draws them within each other, until the stack is used up."""

OnPreference = Callable[[str, object], None]
"""Told the name and the new value of a preference; called on a thread, may raise."""


class AlloyApp(TerminalApp):
    """Runs the screen over `runtime`, which it starts after the first frame and closes at the end.

    `history` is where prompts are remembered. `keys` gives actions other keys
    (see `keymap`), `user_themes` adds themes, `on_preference` keeps what is
    changed on the screen. What of these cannot be is told to the user.
    `pick_session` begins with the list of sessions; with `resumes` there is one to be
    shown. `sheets` spares reading style sheets, `on_settled` is called when start-up is over.
    """

    TITLE = "Alloy"
    CSS_PATH = stylesheets()
    COMMANDS = {CommandPaletteRows}  # noqa: RUF012 - Textual's own declaration
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(APP_KEYS)]
    ENABLE_COMMAND_PALETTE = True

    def __init__(
        self,
        runtime: RuntimePort,
        *,
        history: PromptHistory | None = None,
        clock: Clock = SYSTEM_CLOCK,
        theme_word: str | None = None,
        preferences: Preferences | None = None,
        keys: Mapping[str, str] | None = None,
        user_themes: Sequence[UserTheme] = (),
        on_preference: OnPreference | None = None,
        notices: Sequence[str] = (),
        pick_session: bool = False,
        resumes: bool = False,
        sheets: KeptSheets | None = None,
        on_settled: Callable[[], object] | None = None,
    ) -> None:
        terminal_keys.teach()
        self.disarm = Disarm()
        self.keyboard = Keyboard()
        self.first_look: FirstLook | None = None
        super().__init__()
        self.themes, wrong_themes = themes_with(user_themes)
        for theme in self.themes.values():
            self.register_theme(theme)
        offer_themes(tuple(self.themes))
        wanted = preferences or Preferences()
        if theme_word is not None:
            wanted = replace(wanted, theme=theme_word)
        self.preferences, wrong = checked(wanted, tuple(self.themes))
        self.keymap = Keymap(keys)
        self._notices = [*notices, *wrong_themes, *wrong, *self.keymap.problems]
        self._on_preference = on_preference
        self._pick_session = pick_session
        self._at_once = resumes or pick_session
        self._sheets = sheets
        self._on_settled = on_settled
        self._runtime = runtime
        self._clock = clock
        self._pump: Pump | None = None
        self._quit_asked_s = float("-inf")
        self.attention = Attention(self._send, runtime.cwd)
        self.workbench = Workbench(runtime, history or PromptHistory(), clock, self._follow)
        self.workbench.prompt.keys = self.keymap.prompt_keys()
        self.workbench.work.chat.transcript.keys = self.keymap.reading()
        begin_with_theme(self, self.themes[self.preferences.theme])
        if sheets is not None:
            sheets.use(cast("App[Any]", self))
        self._apply_all()

    @property
    def runtime(self) -> RuntimePort:
        """The engine."""
        return self._runtime

    def get_driver_class(self) -> type[Driver]:
        """Textual's choice, taught to take over what was typed before."""
        return driver_class(super().get_driver_class())

    def get_default_screen(self) -> Screen[None]:
        """The workbench is the bottom of the stack: no empty screen comes before it."""
        return self.workbench

    def get_line_filters(self) -> Sequence[LineFilter]:
        """No controls; the theme without colours lets none through, others were chosen for them."""
        if self.preferences.theme == NO_COLOUR:
            from textual.filter import NoColor

            return [self.disarm, NoColor()]
        from textual.filter import Monochrome

        return [
            self.disarm,
            *(f for f in super().get_line_filters() if not isinstance(f, Monochrome)),
        ]

    def on_load(self) -> None:
        """No collections until there is something to see; a headless app leaves its host alone."""
        if not self.is_headless:
            gc.disable()
        begin_with_size(self.workbench, self.size)
        typed = self.keyboard.take_text()
        if typed:
            self.workbench.prompt.put(typed)

    def on_mount(self) -> None:
        """Leave the engine alone until there is something to see."""
        self.set_keymap(self.keymap.overrides())
        self.attention.begin()
        self.call_after_refresh(self._after_first_frame)

    def _after_first_frame(self) -> None:
        suspended = cast("Signal[Any]", self.app_suspend_signal)  # pyright: ignore[reportUnknownMemberType] - untyped upstream
        suspended.subscribe(self.workbench, self._suspended, immediate=True)
        resumed = cast("Signal[Any]", self.app_resume_signal)  # pyright: ignore[reportUnknownMemberType] - untyped upstream
        resumed.subscribe(self.workbench, self._resumed)
        self.keyboard.open()
        if self.is_headless:
            self._begin_engine()
            return
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        if self._at_once:  # what is wanted is not there yet
            self._begin_engine()
        else:
            self.set_timer(ENGINE_AFTER_S, self._begin_engine)
        self.set_timer(_SETTLED_AFTER_S, self._settle)

    def _settle(self) -> None:
        # What start-up made lives as long as the program: collectors need never look at it.
        # An enabled one would walk through all of it at once, so it is put aside first.
        gc.freeze()
        gc.enable()
        if self._on_settled is not None:
            self._on_settled()

    @on(PromptSubmitted)
    def _begin_engine(self) -> None:
        # After the first frame, or as soon as somebody waits for an answer.
        if self._pump is not None:
            return
        self._pump = Pump(self._runtime, self.workbench.post_message)
        self._pump.start()
        self._runtime.start()
        self.workbench.engine_started()
        if self._pick_session:
            self.workbench.open_sessions("", found=False)
        for words in self._notices:
            self.notify(clean_line(words, 300), severity="warning", markup=False, timeout=_NOTICE_S)
        self.first_look = first_look(self, self.workbench.prompt)
        if not self.is_headless:
            from alloy_tui.ui.terminal_watch import watch_terminal

            watch_terminal(sys.__stdin__.fileno() if sys.__stdin__ else 0, self._terminal_gone)

    def _terminal_gone(self) -> None:
        # Nothing that is still to be drawn can be: only the engine is left to be ended well.
        self.call_from_thread(self.exit)

    def on_unmount(self) -> None:
        """Stop listening, then stop the engine with everything it started."""
        self.attention.end()
        if self._sheets is not None:
            self._sheets.note(cast("App[Any]", self))
        if self._pump is not None:
            self._pump.stop()
        self._runtime.close()

    def _follow(self, view: AgentView) -> None:
        self.attention.follow(view)

    def _send(self, sequence: str) -> None:
        if not self.is_headless:
            terminal_keys.send(cast("App[Any]", self), sequence)

    def _suspended(self, _app: object) -> None:
        self.attention.end()

    def _resumed(self, _app: object) -> None:
        self.attention.begin()
        self.attention.follow(self.workbench.view)

    @on(events.AppFocus)
    def _somebody_looks(self) -> None:
        self.attention.focused = True

    @on(events.AppBlur)
    def _nobody_looks(self) -> None:
        self.attention.focused = False  # an end or a question calls

    def on_command_invoked(self, message: CommandInvoked) -> None:
        """From the prompt, the palette or a click."""
        run_command(self, message.name, message.argument)

    def say(self, text: str, severity: Severity = "information") -> None:
        """A short word in the corner."""
        self.notify(clean_line(text, limit=300), severity=severity, markup=False, timeout=4)

    def open_page(self, page: PageName) -> None:
        """Help, usage, history or settings over the workbench."""
        from alloy_tui.ui.screens import reports
        from alloy_tui.ui.screens.page import Page

        if isinstance(self.screen, Page) and self.screen.words.lower() == page:
            return
        match page:
            case "help":
                self.push_screen(Page("Help", reports.help_lines(self.keymap)))
            case "usage":
                self._open_usage()
            case "history":
                self.push_screen(Page("History", reports.history_lines(self._runtime.history())))
            case "settings":
                from alloy_tui.ui.screens.settings import SettingsScreen

                self.push_screen(SettingsScreen(self.preferences, tuple(self.themes), self.prefer))

    def _open_usage(self) -> None:
        from alloy_tui.ui.screens.page import LinesCame, Page
        from alloy_tui.ui.screens.reports import usage_lines

        now = self._runtime.usage()
        page = Page("Usage", usage_lines(now))

        def came(spent: SpentView | None) -> None:
            if spent is not None and spent.session.requests:
                page.post_message(LinesCame(lambda width: usage_lines(now, spent, width)))

        # Mounted before the store is asked: what is not there yet hears nothing.
        self.push_screen(page)
        page.call_after_refresh(lambda: self._runtime.providers.spent(came))

    def open_model_picker(self) -> None:
        """The list of models; the choice goes to the engine."""
        from alloy_tui.ui.screens.model_picker import ModelPicker

        def chosen(model: str | None) -> None:
            if model:
                self._runtime.set_model(model)

        self.push_screen(ModelPicker(self._runtime.providers, self._runtime.model), chosen)

    def prefer(self, name: str, value: object) -> None:
        """Change the preference of that name from now on, and have it kept."""
        before = getattr(self.preferences, name)
        if value == before:
            return
        self.preferences = replace(self.preferences, **{name: value})
        if name == "approvals":
            self._runtime.set_approval_mode(cast("ApprovalMode", value))
        self._apply_all()
        keep = self._on_preference
        if keep is not None:
            self.run_worker(lambda: self._keep(keep, name, value), thread=True, group="keep")

    @on(SideArea.Sized)
    def _pane_sized(self, message: SideArea.Sized) -> None:
        self.prefer("pane_columns", message.columns)

    def _keep(self, keep: OnPreference, name: str, value: object) -> None:
        try:
            keep(name, value)
        except Exception as error:  # noqa: BLE001 - the change holds, only keeping it failed
            words = f"This holds for now, but could not be kept: {error}"
            self.call_from_thread(self.say, words, "warning")

    def _apply_all(self) -> None:
        now = self.preferences
        self.no_color = now.theme == NO_COLOUR
        self.theme = self.themes[now.theme].name
        self.animation_level = "none" if now.reduced_motion else "full"
        self.attention.how = now.notify
        self.workbench.prefer(now)

    def use_theme(self, word: str) -> None:
        """The theme of that word, or the next one for ""."""
        words = list(self.themes)
        following = words[(words.index(self.preferences.theme) + 1) % len(words)]
        if word and word not in self.themes:
            self.say(f"/theme takes one of: {', '.join(words)}.", "warning")
        else:
            self.prefer("theme", word or following)

    def leave(self) -> None:
        """End the program."""
        self.exit()

    def action_leave(self) -> None:
        """At once."""
        self.exit()

    def action_help(self) -> None:
        """Every key and command."""
        self.open_page("help")

    def action_settings(self) -> None:
        """What may be chosen."""
        self.open_page("settings")

    def action_suspend(self) -> None:
        """Back to the shell; the engine goes on as far as it can while we are stopped."""
        self.action_suspend_process()

    def push_screen(self, screen: Any, *how: Any, **more: Any) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride] - passed on as it is
        """Open a page over the others, of which each draws all that are below it."""
        if len(self.screen_stack) > _DEEPEST:
            self.say("So many pages are open already. Esc closes one.", "warning")
            return AwaitComplete()
        return super().push_screen(screen, *how, **more)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] - untyped upstream

    def action_command_palette(self) -> None:
        """Everything by name, unless it is there already."""
        if not any(isinstance(screen, Palette) for screen in self.screen_stack):
            self.push_screen(Palette())

    def action_quit_soon(self) -> None:
        """Copy what is selected; with nothing selected, twice leaves."""
        selected = self.screen.get_selected_text() or self.workbench.prompt.selected_text
        if selected:
            copy_and_tell(self, selected, f"{len(selected):,} characters")
            self.screen.clear_selection()
            return
        now_s = self._clock.monotonic_s()
        if now_s - self._quit_asked_s <= _TWICE_S:
            self.exit()
            return
        self._quit_asked_s = now_s
        busy = self.workbench.view.busy
        self.say("Ctrl+C again leaves." + (" Esc only stops the run." if busy else ""))
