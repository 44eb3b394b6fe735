"""The Textual messages that cross from one part of the screen to another.

Owns the shapes only. Everything from the engine arrives as one of the first
two; the rest go up from widgets to the screen. Nothing here holds a widget.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

from textual.message import Message

from alloy_tui.domain.events import Decision, Envelope, Lane
from alloy_tui.ui.drafts import Draft

TokenKind: TypeAlias = Literal["text", "thinking", "arguments", "output"]


class TokensArrived(Message, bubble=False):
    """Text that grew since the last frame: one message a frame and source, however many tokens.

    `first` is the envelope that the text begins with; `text` joins it and the
    ones that followed it without a break. `source` is the tool call's id for
    "arguments" and "output", else None.
    """

    def __init__(self, kind: TokenKind, first: Envelope, text: str, source: str | None) -> None:
        super().__init__()
        self.kind = kind
        self.first = first
        self.text = text
        self.source = source


class EngineEvents(Message, bubble=False):
    """Envelopes other than growing text, in order."""

    def __init__(self, envelopes: Sequence[Envelope]) -> None:
        super().__init__()
        self.envelopes = tuple(envelopes)


class SessionChanged(Message, bubble=False):
    """The session on screen, its tree or our place in it has changed: look again."""


class PromptSubmitted(Message):
    """The user sent `text`; `lane` says what it is for while a run is under way.

    `draft` is how it stood in the prompt, to which it may come back.
    """

    def __init__(self, text: str, lane: Lane, draft: Draft | None = None) -> None:
        super().__init__()
        self.text = text
        self.lane: Lane = lane
        self.draft = draft or Draft(text)


class OwnCommandGiven(Message):
    """The user runs a command of their own; `private` ones are not for the model."""

    def __init__(self, command: str, *, private: bool) -> None:
        super().__init__()
        self.command = command
        self.private = private


class PasteWanted(Message):
    """What is on the clipboard, into the prompt; an image alone if `image_only`."""

    def __init__(self, *, image_only: bool = False) -> None:
        super().__init__()
        self.image_only = image_only


class EditorWanted(Message):
    """Write the prompt in the user's own editor."""


class QueueWanted(Message):
    """Look after what waits, or take the last of it back at once."""

    def __init__(self, *, take_last: bool = False) -> None:
        super().__init__()
        self.take_last = take_last


class MoveRequested(Message):
    """Give a waiting message another lane or place; `position` counts from 1."""

    def __init__(self, request_id: str, lane: Lane, position: int) -> None:
        super().__init__()
        self.request_id = request_id
        self.lane: Lane = lane
        self.position = position


class RemoveRequested(Message):
    """Drop a waiting message."""

    def __init__(self, request_id: str) -> None:
        super().__init__()
        self.request_id = request_id


class CommandInvoked(Message):
    """A slash command, from the prompt, the palette or a click."""

    def __init__(self, name: str, argument: str = "") -> None:
        super().__init__()
        self.name = name
        self.argument = argument


class Interrupted(Message):
    """Esc in the prompt: put away what is on top, or stop the run."""


class Continued(Message):
    """Enter in the empty prompt: go on from whatever is only there to be read."""


class WithdrawRequested(Message):
    """Take a waiting message back into the prompt."""

    def __init__(self, request_id: str) -> None:
        super().__init__()
        self.request_id = request_id


class ApprovalDecided(Message):
    """The user answered the approval `approval_id`; `feedback` is for the model."""

    def __init__(self, approval_id: str, decision: Decision, feedback: str | None = None) -> None:
        super().__init__()
        self.approval_id = approval_id
        self.decision: Decision = decision
        self.feedback = feedback


class DenialReasonWanted(Message):
    """The user wants to say why the approval `approval_id` is denied."""

    def __init__(self, approval_id: str) -> None:
        super().__init__()
        self.approval_id = approval_id
