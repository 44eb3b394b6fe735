"""Sessions of pi: a tree in JSON lines, versions 1 to 3.

Owns that format. Labels, names, summaries of branches and compactions come
along; signatures of thinking do not (see `claude_code`).
"""

from __future__ import annotations

from collections.abc import Iterator

from alloy_tui.domain.messages import (
    Block,
    ChatMessage,
    TextBlock,
    ThinkingBlock,
    ToolResultBlock,
)
from alloy_tui.domain.usage import TokenUsage
from alloy_tui.sessions.importing import blocks
from alloy_tui.sessions.importing.growth import Growth
from alloy_tui.sessions.importing.records import Record, count, epoch_ms, mapping, sequence, string
from alloy_tui.sessions.nodes import (
    Answer,
    Checkpoint,
    Compaction,
    Entry,
    Graft,
    KnownNode,
    ModelSwitch,
    Note,
    Renamed,
    ToolResult,
    UserMessage,
)

_INCOMPLETE = {"aborted": "cancelled", "error": "error", "length": "output_limit"}
# A price of more dollars than this is no price.
_DEAREST = 1e6


class Pi:
    """Takes the records of one file in order, gives entries; then `finish`."""

    def __init__(self, growth: Growth, session: str) -> None:
        """`session` is the id that the session has with us."""
        self.title = ""
        self._growth = growth
        self._session = session
        self._model = ""

    def take(self, record: Record) -> Iterator[Entry]:
        """The entries that `record` becomes."""
        kind, name = string(record.get("type")), string(record.get("id"))
        if kind == "session" or (name and self._growth.knows(name)):
            return
        above = string(record.get("parentId")) or None
        chained = "parentId" in record
        parent = self._growth.place_of(above) if chained else self._growth.tip
        self._growth.at(epoch_ms(record.get("timestamp")))
        mark = self._mark(record, kind, parent)
        if mark is not None:
            yield mark
        node = None if mark is not None else self._node(record, kind)
        if node is not None:
            entry = self._growth.put(node, parent)
            yield entry
            parent = entry.id
        if name:
            self._growth.call(name, parent)

    def finish(self) -> Iterator[Entry]:
        """Nothing waits here."""
        yield from ()

    def _mark(self, record: Record, kind: str, parent: str | None) -> Entry | None:
        if kind == "label":
            target = string(record.get("targetId"))
            if not self._growth.knows(target):
                return None
            place = self._growth.place_of(target)
            label = Checkpoint(label=string(record.get("label")))
            return None if place is None else self._growth.put(label, place)
        if kind == "session_info":
            self.title = string(record.get("name"))
            return self._growth.put(Renamed(self.title), None)
        said = mapping(record.get("message"))
        if said.get("role") == "bashExecution" and said.get("excludeFromContext") and parent:
            return self._growth.put(Note(_shell(said)), parent)
        return None

    def _node(self, record: Record, kind: str) -> KnownNode | None:
        match kind:
            case "message":
                return self._message(mapping(record.get("message")))
            case "model_change":
                before = self._model
                name = f"{string(record.get('provider'))}/{string(record.get('modelId'))}"
                self._model = name
                return ModelSwitch(before, name) if before and before != name else None
            case "compaction":
                first = string(record.get("firstKeptEntryId"))
                kept = self._growth.place_of(first) if self._growth.knows(first) else None
                return _compaction(record, kept)
            case "branch_summary":
                return self._brought(record)
            case "custom_message":
                return _synthetic(record.get("content"))
            case _:
                return None

    def _message(self, message: Record) -> KnownNode | None:
        match message.get("role"):
            case "user":
                said = blocks.said(message.get("content"))
                return UserMessage(ChatMessage("user", said)) if said else None
            case "assistant":
                return self._answer(message)
            case "toolResult":
                result = ToolResultBlock(
                    string(message.get("toolCallId")),
                    blocks.brought(message.get("content")),
                    message.get("isError") is True,
                )
                return ToolResult(result, string(message.get("toolName")) or "tool")
            case "bashExecution":
                return _synthetic(_shell(message))
            case "custom" | "hookMessage":
                return _synthetic(message.get("content"))
            case "compactionSummary":
                return _compaction(message, None)
            case "branchSummary":
                return self._brought(message)
            case _:
                return None

    def _answer(self, message: Record) -> Answer | None:
        made = tuple(_blocks(message.get("content")))
        if not made and message.get("errorMessage"):
            made = (TextBlock(string(message.get("errorMessage"))),)
        if not made:
            return None
        model = f"{string(message.get('provider'))}/{string(message.get('model'))}"
        self._model = model
        reason = string(message.get("stopReason"))
        usage = mapping(message.get("usage"))
        cost = mapping(usage.get("cost")).get("total")
        return Answer(
            ChatMessage("assistant", made, model, _INCOMPLETE.get(reason)),
            model,
            TokenUsage(
                input=count(usage.get("input")),
                cache_read=count(usage.get("cacheRead")),
                cache_write=count(usage.get("cacheWrite")),
                output=count(usage.get("output")),
            ),
            float(cost) if isinstance(cost, int | float) and 0 <= cost < _DEAREST else None,
            reason or None,
        )

    def _brought(self, record: Record) -> Graft | None:
        summary, origin = string(record.get("summary")), string(record.get("fromId"))
        if not summary:
            return None
        place = self._growth.place_of(origin) if self._growth.knows(origin) else None
        message = ChatMessage("user", (TextBlock(summary),), synthetic=True)
        return Graft(self._session, place or "", "summary", (message,))


def _blocks(content: object) -> Iterator[Block]:
    if isinstance(content, str):
        yield from blocks.said(content)
    for part in map(mapping, sequence(content)):
        match part:
            case {"type": "thinking", "thinking": str(text)}:
                if text:
                    yield ThinkingBlock(text)
            case {"type": "toolCall"}:
                yield blocks.call(part.get("id"), part.get("name"), part.get("arguments"))
            case _:
                yield from blocks.said([part])


def _synthetic(content: object) -> UserMessage | None:
    said = blocks.said(content)
    return UserMessage(ChatMessage("user", said, synthetic=True)) if said else None


def _shell(message: Record) -> str:
    code = message.get("exitCode")
    ending = "" if code in (0, None) else f"\n(exit code {code})"
    return f"Ran `{string(message.get('command'))}`:\n{string(message.get('output'))}{ending}"


def _compaction(record: Record, kept: str | None) -> Compaction | None:
    summary = string(record.get("summary"))
    if not summary:
        return None
    message = ChatMessage("user", (TextBlock(summary),), synthetic=True)
    return Compaction(
        (message,), count(record.get("tokensBefore")) or 0, len(summary) // 4, kept_from=kept
    )
