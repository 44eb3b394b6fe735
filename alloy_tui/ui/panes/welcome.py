"""What an empty conversation shows: how the model was chosen, and how to begin.

Shown in the conversation's place, never over the prompt, so that it stops
nobody from typing. Owns its words; goes with the first message.
"""

from __future__ import annotations

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from alloy_tui.domain.sanitise import clean_line
from alloy_tui.runtime.port import ModelChoice
from alloy_tui.ui.transcript.painting import app_of
from alloy_tui.ui.wording import model_label

_KINDS = {
    "remote": "",
    "local": "It runs on this machine; nothing you write leaves it.",
    "demo": "No model answers here: a scripted agent shows what Alloy does, in a scratch folder.",
    "scripted": "A script answers here, not a model.",
}


_TALL = 26


class Welcome(Widget, can_focus=False):
    """The long form on a first run, the short one later."""

    choice: reactive[ModelChoice | None] = reactive(None, layout=True)

    def render(self) -> Content:
        """The words."""
        choice = self.choice
        if choice is None:
            return Content()
        if app_of(self).size.height < _TALL:
            # Every word counts more than the air between them, what was chosen most of all.
            lines = [line for part in self._parts(choice)[::-1] for line in part]
            if not choice.first_run:
                lines += _hints()
            return Content("\n").join(line for line in lines if line.plain)
        name = "Welcome to Alloy" if choice.first_run else "Alloy"
        lines = [Content.styled(name, "bold $primary"), Content("")]
        for part in self._parts(choice):
            lines += [*part, Content("")]
        return Content("\n").join([*lines, *_hints()])

    def _parts(self, choice: ModelChoice) -> list[list[Content]]:
        if choice.first_run:
            return [self._found(choice), self._chosen(choice)]
        if not choice.model:
            return [[Content("Looking for a model …")]]
        said = " ".join(part for part in (choice.reason, _KINDS[choice.kind]) if part)
        lines = [Content(model_label(choice.model, 60))]
        if said:
            lines.append(Content.styled(clean_line(said, limit=240), "$text-muted"))
        return [lines]

    @staticmethod
    def _found(choice: ModelChoice) -> list[Content]:
        return [
            Content("This is what was looked for, and found:"),
            Content(""),
            *(
                Content.styled("  · ", "$text-muted") + Content(clean_line(found, limit=160))
                for found in choice.found
            ),
        ]

    @staticmethod
    def _chosen(choice: ModelChoice) -> list[Content]:
        model = Content.styled(model_label(choice.model, 60) or "…", "bold $primary")
        lines = [Content("Chosen: ") + model]
        if choice.reason:
            lines.append(Content(clean_line(choice.reason, limit=240)))
        if _KINDS[choice.kind]:
            lines.append(Content(_KINDS[choice.kind]))
        if choice.how_to_change:
            words = clean_line(choice.how_to_change, limit=240)
            lines += [Content(""), Content.styled("To change it: ", "$text-muted") + Content(words)]
        words = "Type whenever you like; Enter goes on."
        return [*lines, Content(""), Content.styled(words, "$text-muted")]


def _hints() -> list[Content]:
    hints = (("/", "commands"), ("Ctrl+P", "everything by name"), ("F1", "keys"))
    return [
        Content.styled(f"{key:<8}", "$foreground") + Content.styled(words, "$text-muted")
        for key, words in hints
    ]
