r"""The conversation as one virtualised widget: any length, constant cost.

    transcript = Transcript(id="transcript")
    transcript.add(UserBlock("Why?", note="14:02"))
    answer = transcript.add(AgentBlock())
    transcript.append_text(answer, "Because **")    # once a frame, joined text
    transcript.finish(answer)                       # or finish(answer, "cancelled")

    thought = transcript.add(ThinkingBlock())
    transcript.set_title(thought, "thinking 4 s")   # while it lasts
    transcript.finish(thought, duration_ms=4200)    # then: thought for 4 s

    card = transcript.add(ToolBlock("bash", "pytest -q"))
    transcript.update_tool(card, state="running", duration_ms=12_000)
    transcript.append_output(card, "....F\n")      # last rows shown while it runs
    transcript.update_tool(card, state="error", result="1 failed", duration_ms=13_000)

Further: `NoticeBlock`, `MarkerBlock`, `ImageBlock`; `toggle`, `toggle_turn`,
`show_block`, `clear`, `text_of`; `follow`, `unseen`, `scroll_to_end`; `selected`.
Search: `open_search` (a line above the transcript), or `search`, `next_hit`,
`hit_count`, `close_search`, and `find_text` for all at once. Keys: up, down (with
shift any block), Enter, PageUp, PageDown, Home, End, and letters that act only
where they mean something: `/` n N o s y c.

Messages: `FollowChanged(following, unseen)` for a pill, `BlockToggled(block_id,
expanded)`, `BlockActivated(block_id)`, `NotePressed(block_id, step)` for a note
that is `‹ 2/3 ›`. A transcript may begin in the middle: with `more_above` it
posts `EarlierWanted`, and `add_above` takes what came before.

All text is sanitised on its way in; colours are component classes
(`transcript--…`), styled in `styles/transcript.tcss`. A screen derived from
`PromptScreen` paints keys and text at once. Use from the UI thread only.
"""

from alloy_tui.ui.transcript.messages import (
    BlockActivated,
    BlockToggled,
    EarlierWanted,
    FollowChanged,
    NotePressed,
)
from alloy_tui.ui.transcript.painting import PromptScreen
from alloy_tui.ui.transcript.specs import (
    AgentBlock,
    BlockId,
    BlockSpec,
    ImageBlock,
    MarkerBlock,
    NoticeBlock,
    ThinkingBlock,
    ToolBlock,
    ToolState,
    UserBlock,
)
from alloy_tui.ui.transcript.widget import Transcript

__all__ = [
    "AgentBlock",
    "BlockActivated",
    "BlockId",
    "BlockSpec",
    "BlockToggled",
    "EarlierWanted",
    "FollowChanged",
    "ImageBlock",
    "MarkerBlock",
    "NotePressed",
    "NoticeBlock",
    "PromptScreen",
    "ThinkingBlock",
    "ToolBlock",
    "ToolState",
    "Transcript",
    "UserBlock",
]
