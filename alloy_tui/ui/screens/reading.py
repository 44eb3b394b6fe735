"""What keys and clicks do to what is being read: the conversation and the area beside it.

Owns the actions of the tool pane, of searching and of paging. The workbench
adds what talks to the engine.
"""

from __future__ import annotations

from textual.widget import Widget

from alloy_tui.ui.panes.work_area import WorkArea
from alloy_tui.ui.transcript import PromptScreen
from alloy_tui.ui.widgets.prompt import Prompt


class ReadingScreen(PromptScreen[None]):
    """A prompt under a work area."""

    work: WorkArea
    prompt: Prompt

    def action_toggle_output(self) -> None:
        """Open or close the side area."""
        self.work.toggle_pane()
        if not self.work.side.display:
            self.prompt.focus()

    def action_show_panel(self, name: str) -> None:
        """Open the side area on that panel, or close it when it is there already."""
        self.work.show_panel(name)
        if self.work.side.display:
            self.work.side.panel.focus()
        else:
            self.set_focus(self.prompt)  # at once: the next key may have been typed already

    def action_show_tab(self, index: int) -> None:
        """Open the tool pane on that tab."""
        self.work.show_tab(index)

    def action_step_tool(self, by: int) -> None:
        """The call before or after, in the pane."""
        self.work.step(by)

    def action_widen(self, by: int) -> None:
        """Move the edge between conversation and side area."""
        self.work.widen(by)

    def action_maximise(self) -> None:
        """The whole width for the side area, or back."""
        self.work.maximise()

    def action_open_whole(self) -> None:
        """All of a long output, from the file that it was kept in."""
        pane = self.work.tool_pane
        if self.work.side.display and pane.can_open_whole:
            pane.open_whole()
        else:
            self.notify("Nothing of this call was left out.", markup=False, timeout=4)

    def action_copy_pane(self) -> None:
        """What the tool pane shows, or what is selected there, to the clipboard."""
        if self.work.side.display:
            self.work.tool_pane.copy()
        else:
            self.notify("The tool pane is not open.", markup=False, timeout=4)

    def action_beside(self) -> None:
        """The diff on show side by side, or old and new one below the other."""
        self.work.turn_beside()

    def action_find(self) -> None:
        """Search in what is being read: the pane while it has the focus or covers all."""
        side = self.work.side
        if side.display and side.current == "tool" and (self.work.covered or side.has_focus_within):
            self.work.tool_pane.find.open()
        else:
            self.work.chat.transcript.open_search()

    def action_find_in_pane(self) -> None:
        """Search in the tool pane; a click on its “find”."""
        self.work.tool_pane.find.open()

    def action_prompt_key(self, key: str) -> None:
        """What that key usually does in the prompt; a row of the palette."""
        self.prompt.focus()
        self.prompt.do(key)

    async def action_read(self, name: str) -> None:
        """What a key of the conversation does there; a row of the palette."""
        self.work.chat.transcript.focus()
        await self.work.chat.transcript.do(name)

    def action_next_pane(self) -> None:
        """Prompt, conversation, side area, and round again."""
        stops: list[Widget] = [self.prompt]
        if not self.work.covered:
            stops.append(self.work.chat.transcript)
        if self.work.side.display:
            tool = self.work.side.current == "tool"
            stops.append(self.work.tool_pane.lines if tool else self.work.side.panel)
        at = stops.index(self.focused) if self.focused in stops else -1
        stops[(at + 1) % len(stops)].focus()

    def action_page(self, direction: int) -> None:
        """A page back or on in whatever is being read."""
        self.work.page(direction)

    def action_to_end(self) -> None:
        """To the newest line, and follow it."""
        self.work.chat.follow()
