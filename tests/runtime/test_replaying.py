"""What was said long ago, as events: nothing is lost and nothing runs together."""

from __future__ import annotations

from alloy_tui.domain import events as ev
from alloy_tui.domain.messages import ChatMessage, TextBlock, ToolCallBlock, ToolResultBlock
from alloy_tui.runtime.replaying import replayed


def test_blocks_of_a_message_stay_apart_and_steering_is_told() -> None:
    call = ToolCallBlock("c1", "read", {"file_path": "a.py"})
    messages = (
        ChatMessage("user", (TextBlock("Shared context: main"), TextBlock("Fix it"))),
        ChatMessage("assistant", (TextBlock("I look."), call)),
        ChatMessage(
            "user", (ToolResultBlock("c1", (TextBlock("text"),)), TextBlock("[Message] hurry"))
        ),
        ChatMessage("assistant", (TextBlock("Done."),)),
        ChatMessage("user", (TextBlock("Again"),)),
    )
    events = [envelope.event for envelope in replayed("coder", "m", messages, 5)]
    prompts = [event.prompt for event in events if isinstance(event, ev.RunStarted)]
    assert prompts == ["Shared context: main\n\nFix it", "Again"]
    steered = [event for event in events if isinstance(event, ev.Steered)]
    assert steered == [ev.Steered("[Message] hurry", "past-1")]
    kinds = [type(event).__name__ for event in events]
    assert kinds.index("ToolFinished") < kinds.index("Steered") < kinds.index("RunFinished")
    assert kinds.count("RunFinished") == 2
