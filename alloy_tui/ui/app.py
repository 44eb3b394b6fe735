"""The full-screen application: its life from the first frame to the last, and its commands.

Owns start-up order, the pump's life, themes and leaving. What is on the screen
is `screens.workbench`'s business; the engine is seen as a `RuntimePort` alone.
"""

from __future__ import annotations

import gc
import sys
from typing import ClassVar

from textual.app import App
from textual.binding import BindingType
from textual.screen import Screen

from alloy_tui.domain.sanitise import clean_line
from alloy_tui.runtime.port import RuntimePort
from alloy_tui.ui import terminal_keys
from alloy_tui.ui.actions import PageName, Severity, run_command
from alloy_tui.ui.clock import SYSTEM_CLOCK, Clock
from alloy_tui.ui.history import PromptHistory
from alloy_tui.ui.keymap import APP_KEYS, bindings
from alloy_tui.ui.messages import CommandInvoked
from alloy_tui.ui.palette import CommandPaletteRows
from alloy_tui.ui.pump import Pump
from alloy_tui.ui.screens.workbench import Workbench
from alloy_tui.ui.stylesheets import stylesheets
from alloy_tui.ui.themes import THEMES

SWITCH_INTERVAL_S = 0.0005
"""How long the engine thread may hold the interpreter while a key waits for its echo."""
_TWICE_S = 1.5


class AlloyApp(App[None]):
    """Runs the screen over `runtime`, which it starts after the first frame and closes at the end.

    `history` is where prompts are remembered; `theme_word` is "dark" or "light".
    """

    TITLE = "Alloy"
    CSS_PATH = stylesheets()
    COMMANDS = {CommandPaletteRows}  # noqa: RUF012 - Textual's own declaration
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(APP_KEYS),
    ]
    ENABLE_COMMAND_PALETTE = True

    def __init__(
        self,
        runtime: RuntimePort,
        *,
        history: PromptHistory | None = None,
        clock: Clock = SYSTEM_CLOCK,
        theme_word: str = "dark",
    ) -> None:
        terminal_keys.teach()
        super().__init__()
        for theme in THEMES.values():
            self.register_theme(theme)
        self.theme = THEMES.get(theme_word, THEMES["dark"]).name
        self._runtime = runtime
        self._clock = clock
        self._pump: Pump | None = None
        self._quit_asked_s = float("-inf")
        self.workbench = Workbench(runtime, history or PromptHistory(), clock)

    @property
    def runtime(self) -> RuntimePort:
        """The engine."""
        return self._runtime

    def get_default_screen(self) -> Screen[None]:
        """The workbench is the bottom of the stack: no empty screen comes before it."""
        return self.workbench

    def on_load(self) -> None:
        """No collections until there is something to see; a headless app leaves its host alone."""
        if not self.is_headless:
            gc.disable()

    def on_mount(self) -> None:
        """Leave the engine alone until there is something to see."""
        self.call_after_refresh(self._after_first_frame)

    def _after_first_frame(self) -> None:
        self._pump = Pump(self._runtime, self.workbench.post_message)
        self._pump.start()
        self._runtime.start()
        self.workbench.engine_started()
        if not self.is_headless:
            sys.setswitchinterval(SWITCH_INTERVAL_S)
            # What start-up made lives as long as the program: collectors need not look again.
            gc.enable()
            gc.collect()
            gc.freeze()

    def on_unmount(self) -> None:
        """Stop listening, then stop the engine with everything it started."""
        if self._pump is not None:
            self._pump.stop()
        self._runtime.close()

    def on_command_invoked(self, message: CommandInvoked) -> None:
        """From the prompt, the palette or a click."""
        run_command(self, message.name, message.argument)

    def say(self, text: str, severity: Severity = "information") -> None:
        """A short word in the corner."""
        self.notify(clean_line(text, limit=300), severity=severity, markup=False, timeout=4)

    def open_page(self, page: PageName) -> None:
        """Help, usage or history over the workbench."""
        from alloy_tui.ui.screens import reports
        from alloy_tui.ui.screens.page import Page

        match page:
            case "help":
                self.push_screen(Page("Help", reports.help_lines()))
            case "usage":
                self.push_screen(Page("Usage", reports.usage_lines(self._runtime.usage())))
            case "history":
                self.push_screen(Page("History", reports.history_lines(self._runtime.history())))

    def open_model_picker(self) -> None:
        """The list of models; the choice goes to the engine."""
        from alloy_tui.ui.screens.model_picker import ModelPicker

        def chosen(model: str | None) -> None:
            if model:
                self._runtime.set_model(model)

        self.push_screen(ModelPicker(self._runtime.models(), self._runtime.model), chosen)

    def use_theme(self, word: str) -> None:
        """Light, dark, or the other one."""
        other = "light" if self.theme == THEMES["dark"].name else "dark"
        self.theme = THEMES[word or other].name

    def toggle_output(self) -> None:
        """The tool pane."""
        self.workbench.action_toggle_output()

    def copy_answer(self) -> None:
        """The last answer, to the terminal's clipboard."""
        text = self.workbench.work.chat.last_answer
        if text:
            self.copy_to_clipboard(text)
            self.say(f"Copied the last answer, {len(text):,} characters, through the terminal.")
        else:
            self.say("There is no answer to copy yet.", "warning")

    def leave(self) -> None:
        """End the program."""
        self.exit()

    def action_leave(self) -> None:
        """Ctrl+Q."""
        self.exit()

    def action_help(self) -> None:
        """F1."""
        self.open_page("help")

    def action_quit_soon(self) -> None:
        """Ctrl+C copies what is selected; with nothing selected, twice leaves."""
        selected = self.screen.get_selected_text() or self.workbench.prompt.selected_text
        if selected:
            self.copy_to_clipboard(selected)
            self.screen.clear_selection()
            self.say(f"Copied {len(selected):,} characters through the terminal.")
            return
        now_s = self._clock.monotonic_s()
        if now_s - self._quit_asked_s <= _TWICE_S:
            self.exit()
            return
        self._quit_asked_s = now_s
        busy = self.workbench.view.busy
        self.say("Ctrl+C again leaves." + (" Esc only stops the run." if busy else ""))
