"""Sessions of Claude Code: JSON lines that name the line they follow.

Owns that format. An answer is spread over several lines there, one a block, and
the results of its calls hang below single blocks; here they become one answer
with its results behind it. Signatures of thinking are left out: only its words
come along, so that any model can go on. What a subagent did stands beside the
conversation, below the answer that called it, be it in the same file or in one
of its own.
"""

from __future__ import annotations

from collections.abc import Iterator

from alloy_tui.domain.messages import (
    Block,
    ChatMessage,
    TextBlock,
    ThinkingBlock,
    ToolCallBlock,
    ToolResultBlock,
)
from alloy_tui.domain.usage import TokenUsage
from alloy_tui.sessions.importing import blocks
from alloy_tui.sessions.importing.growth import Growth
from alloy_tui.sessions.importing.records import Record, count, epoch_ms, mapping, sequence, string
from alloy_tui.sessions.nodes import Answer, Compaction, Entry, ToolResult, UserMessage

SUBAGENT = "subagent"
_WORDS = "words"
_TITLES = {"custom-title": "customTitle", "ai-title": "aiTitle", "summary": "summary"}
# Words that the program put in a person's mouth.
_HARNESS = (
    "<command-name>",
    "<command-message>",
    "<local-command-",
    "<bash-stdout>",
    "<bash-stderr>",
    "<task-notification>",
)
# A price of more dollars than this is no price.
_DEAREST = 1e6


class _Turn:
    """An answer that is still gathered, and what its calls brought."""

    def __init__(self, parent: str | None, at_ms: int, *, aside: bool) -> None:
        self.parent = parent
        self.at_ms = at_ms
        self.aside = aside
        self.lines: list[str] = []
        self.blocks: list[Block] = []
        self.results: list[tuple[int, ToolResultBlock]] = []
        self.model = ""
        self.usage = TokenUsage()
        self.cost: float | None = None
        self.stop_reason: str | None = None


class ClaudeCode:
    """Takes the records of one file in order, gives entries; then `finish`."""

    def __init__(self, growth: Growth) -> None:
        self.title = ""
        self._titled_by = ""
        self._harnessed: bool | None = None  # whether it begins with words of the program
        self._growth = growth
        # A subagent's own file is all sidechain: there it is the conversation itself.
        self._own_file: bool | None = None
        self._turns: dict[str, _Turn] = {}  # by the answer's own id
        self._lines: dict[str, _Turn] = {}  # by the id of a line that is part of one
        self._calls: dict[str, tuple[_Turn, str]] = {}  # a call's turn and name
        self._asked: dict[str, str] = {}  # the answer that made a call
        self._below: str | None = None

    def take(self, record: Record) -> Iterator[Entry]:
        """The entries that are complete now that `record` came."""
        kind = string(record.get("type"))
        if kind in _TITLES:
            self._heed_title(kind, string(record.get(_TITLES[kind])))
        line = string(record.get("uuid"))
        if line and (self._growth.knows(line) or line in self._lines):
            return  # a session that was resumed repeats what it began with
        if kind == "assistant":
            yield from self._answer(record, line)
        elif kind == "user":
            yield from self._user(record, line)
        elif line:  # of another kind, yet others follow it
            parent, ready = self._parent(record)
            yield from ready
            self._growth.call(line, parent)

    def beside(self, call: str) -> bool:
        """The records of a subagent's own file come next; whether its call is known."""
        self._below = self._asked.get(call)
        return self._below is not None

    def finish(self) -> Iterator[Entry]:
        """The entries that waited for more."""
        for turn in list(self._turns.values()):
            yield from self._close(turn)

    def _heed_title(self, kind: str, title: str) -> None:
        order = [*_TITLES, _WORDS]
        if title and (not self._titled_by or order.index(kind) <= order.index(self._titled_by)):
            self.title, self._titled_by = title, kind

    def _answer(self, record: Record, line: str) -> Iterator[Entry]:
        message = mapping(record.get("message"))
        name = string(message.get("id")) or line or f"line {len(self._lines)}"
        turn = self._turns.get(name)
        if turn is None:
            aside = self._aside(record)
            if not aside:
                yield from self._close_main()
            parent, ready = self._parent(record)
            yield from ready
            at_ms = epoch_ms(record.get("timestamp"))
            turn = _Turn(parent, self._growth.now_ms if at_ms is None else at_ms, aside=aside)
            self._turns[name] = turn
        if line:
            turn.lines.append(line)
            self._lines[line] = turn
        self._add(turn, record, message)

    def _add(self, turn: _Turn, record: Record, message: Record) -> None:
        for block in _blocks(message.get("content")):
            turn.blocks.append(block)
            if isinstance(block, ToolCallBlock):
                self._calls[block.id] = (turn, block.name)
        model = string(message.get("model"))
        turn.model = f"anthropic/{model}" if model and not model.startswith("<") else turn.model
        usage = mapping(message.get("usage"))
        if usage:
            turn.usage = TokenUsage(
                input=count(usage.get("input_tokens")),
                cache_read=count(usage.get("cache_read_input_tokens")),
                cache_write=count(usage.get("cache_creation_input_tokens")),
                output=count(usage.get("output_tokens")),
            )
        cost = record.get("costUSD")
        if isinstance(cost, int | float) and 0 < cost < _DEAREST:
            turn.cost = (turn.cost or 0.0) + cost
        turn.stop_reason = string(message.get("stop_reason")) or turn.stop_reason

    def _user(self, record: Record, line: str) -> Iterator[Entry]:
        content = mapping(record.get("message")).get("content")
        rest: list[object] = []
        at_ms = epoch_ms(record.get("timestamp"))
        place: str | None = None
        placed = False
        for part in sequence(content):
            given = mapping(part)
            if given.get("type") != "tool_result":
                rest.append(part)
                continue
            result = ToolResultBlock(
                string(given.get("tool_use_id")),
                blocks.brought(given.get("content")),
                given.get("is_error") is True,
            )
            turn, name = self._calls.get(result.call_id, (None, "tool"))
            if turn is not None and turn in self._turns.values():
                turn.results.append((at_ms or self._growth.now_ms, result))
                if line:
                    self._lines[line] = turn
                    turn.lines.append(line)
                continue
            if not placed:
                place, ready = self._parent(record)
                yield from ready
                placed = True
            self._growth.at(at_ms)
            entry = self._growth.put(ToolResult(result, name), place, aside=self._aside(record))
            yield entry
            place = entry.id
            if line:
                self._growth.call(line, place)
        said = blocks.said(rest if isinstance(content, list) else content)
        if said:
            yield from self._say(record, line, said)
        elif line and not placed and line not in self._lines:
            place, ready = self._parent(record)
            yield from ready
            self._growth.call(line, place)

    def _say(self, record: Record, line: str, said: tuple[blocks.Said, ...]) -> Iterator[Entry]:
        aside = self._aside(record)
        if not aside:
            yield from self._close_main()
        own = self._lines.pop(line, None)  # words beside results follow them
        if own is not None:
            yield from self._close(own)
        known = line and self._growth.knows(line)
        parent, ready = (self._growth.place_of(line), ()) if known else self._parent(record)
        yield from ready
        self._growth.at(epoch_ms(record.get("timestamp")))
        compacted = record.get("isCompactSummary") is True
        harness = blocks.words(said).lstrip().startswith(_HARNESS)
        synthetic = compacted or harness or record.get("isMeta") is True
        if not aside:
            if self._harnessed is None:
                self._harnessed = synthetic
            if self._harnessed and not synthetic and not self.title:
                # Left alone a session is called by the first words of all.
                self._heed_title(_WORDS, blocks.first_line(said))
        message = ChatMessage("user", said, synthetic=synthetic)
        node = _compaction(record, message) if compacted else UserMessage(message)
        entry = self._growth.put(node, parent, agent=SUBAGENT if aside else "", aside=aside)
        if line:
            self._growth.call(line, entry.id)
        yield entry

    def _parent(self, record: Record) -> tuple[str | None, list[Entry]]:
        """Where the record hangs, and the entries that must come before it."""
        above = record.get("parentUuid") or record.get("logicalParentUuid")
        if not isinstance(above, str):
            chained = "parentUuid" in record or record.get("isSidechain") is True
            return (self._below if chained else self._growth.tip), []
        turn = self._lines.get(above)
        ready = list(self._close(turn)) if turn is not None else []
        return self._growth.place_of(above), ready

    def _aside(self, record: Record) -> bool:
        """Whether a subagent said it beside the conversation."""
        sidechain = record.get("isSidechain") is True
        if self._own_file is None:
            self._own_file = sidechain
        return sidechain and not self._own_file

    def _close_main(self) -> Iterator[Entry]:
        """The main conversation goes on: whatever it waited for is complete."""
        for turn in [t for t in self._turns.values() if not t.aside]:
            yield from self._close(turn)

    def _close(self, turn: _Turn) -> Iterator[Entry]:
        name = next((n for n, t in self._turns.items() if t is turn), None)
        if name is None:
            return
        del self._turns[name]
        agent = SUBAGENT if turn.aside else ""
        place = turn.parent
        if turn.blocks:
            self._growth.at(turn.at_ms)
            cut = "output_limit" if turn.stop_reason == "max_tokens" else None
            answer = Answer(
                ChatMessage("assistant", tuple(turn.blocks), turn.model or None, cut),
                turn.model,
                turn.usage,
                turn.cost,
                turn.stop_reason,
            )
            entry = self._growth.put(answer, place, agent=agent, aside=turn.aside)
            self._asked.update(
                (block.id, entry.id) for block in turn.blocks if isinstance(block, ToolCallBlock)
            )
            yield entry
            place = entry.id
        for at_ms, result in turn.results:
            self._growth.at(at_ms)
            node = ToolResult(result, self._calls[result.call_id][1])
            entry = self._growth.put(node, place, agent=agent, aside=turn.aside)
            yield entry
            place = entry.id
        for line in turn.lines:
            self._lines.pop(line, None)
            self._growth.call(line, place)


def _blocks(content: object) -> Iterator[Block]:
    if isinstance(content, str):
        if content:
            yield TextBlock(content)
        return
    for part in map(mapping, sequence(content)):
        match part:
            case {"type": "thinking", "thinking": str(text)}:
                if text:
                    yield ThinkingBlock(text)
            case {"type": "redacted_thinking"}:
                pass
            case {"type": "tool_use"}:
                yield blocks.call(part.get("id"), part.get("name"), part.get("input"))
            case _:
                yield from blocks.said([part])


def _compaction(record: Record, message: ChatMessage) -> Compaction:
    about = mapping(record.get("compactMetadata"))
    before = count(about.get("preTokens")) or 0
    after = count(about.get("postTokens"))
    return Compaction((message,), before, len(message.text) // 4 if after is None else after)
