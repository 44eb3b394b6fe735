"""Sessions of Codex: JSON lines in the order in which things happened.

Owns that format, its older form without envelopes included. What was rolled
back there stays here as a branch. Encrypted reasoning is left out: it is of use
to nobody else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from alloy_tui.domain.messages import (
    Block,
    ChatMessage,
    ResultContent,
    TextBlock,
    ThinkingBlock,
    ToolResultBlock,
)
from alloy_tui.domain.usage import TokenUsage
from alloy_tui.sessions.importing import blocks
from alloy_tui.sessions.importing.growth import Growth
from alloy_tui.sessions.importing.records import (
    Record,
    count,
    epoch_ms,
    mapping,
    parse,
    sequence,
    string,
)
from alloy_tui.sessions.nodes import (
    Answer,
    Compaction,
    Entry,
    LeafMove,
    ToolResult,
    UserMessage,
)

_EXITED = re.compile(r"^(?:Process exited with code|Exit code:) (\d+)$", re.MULTILINE)
_IMAGE = re.compile(r"\s*(?:<image name=[^>]*>|</image>)\s*")
"""Tags that stand round an image in a message."""
_HEAD = 400
"""Within so many characters a command tells how it ended."""
# Words that the program put in a person's mouth; they are no turn of their own.
_HARNESS = (
    "<environment_context",
    "<user_instructions",
    "<turn_aborted",
    "<permissions",
    "<user_shell_command",
    "<subagent_notification",
    "<skill",
    "# AGENTS.md instructions",
)


class Codex:
    """Takes the records of one file in order, gives entries; then `finish`."""

    def __init__(self, growth: Growth) -> None:
        self.title = ""
        self._growth = growth
        self._harnessed: bool | None = None  # whether it begins with words of the program
        self._provider, self._model = "openai", ""
        self._leaf: str | None = None
        self._turns: list[str | None] = []  # what stood before each turn of a person
        self._blocks: list[Block] = []
        self._results: list[tuple[int, ToolResultBlock]] = []
        self._names: dict[str, str] = {}
        self._usage = TokenUsage()
        self._began_ms: int | None = None

    def take(self, record: Record) -> Iterator[Entry]:
        """The entries that are complete now that `record` came."""
        at_ms = epoch_ms(record.get("timestamp"))
        kind = string(record.get("type"))
        payload = mapping(record.get("payload"))
        match kind:
            case "session_meta":
                self._provider = string(payload.get("model_provider")) or self._provider
            case "turn_context":
                self._model = string(payload.get("model")) or self._model
            case "response_item":
                yield from self._item(payload, at_ms)
            case "event_msg":
                yield from self._event(payload, at_ms)
            case "compacted":
                yield from self._compacted(payload, at_ms)
            case _ if not payload:  # the older form
                yield from self._item(record, at_ms)
            case _:
                pass

    def finish(self) -> Iterator[Entry]:
        """The entries that waited for more."""
        yield from self._close()

    def _item(self, item: Record, at_ms: int | None) -> Iterator[Entry]:
        kind, role = string(item.get("type")), string(item.get("role"))
        call = item.get("call_id") or item.get("id")
        if kind == "message" and role == "user":
            yield from self._say(item, at_ms)
        elif kind.endswith("_output") and isinstance(call, str):
            text, failed = _output(item.get("output", item.get("tools")))
            block = ToolResultBlock(call, text, failed)
            self._results.append((at_ms or self._growth.now_ms, block))
        elif made := self._part(item, kind, role, call):
            if self._results:  # what follows results is another answer
                yield from self._close()
            if not self._blocks:
                self._began_ms = at_ms
            self._blocks += made

    def _part(self, item: Record, kind: str, role: str, call: object) -> list[Block]:
        match kind:
            case "message" if role == "assistant":
                return list(blocks.said(item.get("content")))
            case "reasoning":
                parts = [*sequence(item.get("summary")), *sequence(item.get("content"))]
                texts = [string(mapping(p).get("text")) for p in parts]
                thought = "\n\n".join(filter(None, texts))
                return [ThinkingBlock(thought)] if thought else []
            case "web_search_call" | "image_generation_call":
                about = mapping(item.get("action"))
                what = string(about.get("query")) or string(about.get("url"))
                return [ThinkingBlock(f"({kind.removesuffix('_call').replace('_', ' ')}: {what})")]
            case _ if kind.endswith("_call") and isinstance(call, str):
                name = string(item.get("name")) or kind.removesuffix("_call")
                given = item.get("arguments", item.get("action"))
                if kind == "custom_tool_call":
                    given = {"input": item.get("input")}
                self._names[call] = name
                return [blocks.call(call, name, given)]
            case _:
                return []

    def _say(self, item: Record, at_ms: int | None) -> Iterator[Entry]:
        said = tuple(
            block
            for block in blocks.said(item.get("content"))
            if not (isinstance(block, TextBlock) and _IMAGE.fullmatch(block.text))
        )
        if not said:
            return
        words = blocks.words(said).strip()
        harness = words.startswith(_HARNESS)
        yield from self._close(cut=words.startswith("<turn_aborted"))
        if not harness:
            self._turns.append(self._leaf)
            # Left alone a session is called by the first words of all.
            if self._harnessed and not self.title:
                self.title = blocks.first_line(said)
        if self._harnessed is None:
            self._harnessed = harness
        self._growth.at(at_ms)
        yield self._put(UserMessage(ChatMessage("user", said, synthetic=harness)))

    def _event(self, event: Record, at_ms: int | None) -> Iterator[Entry]:
        match event.get("type"):
            case "token_count":
                last = mapping(mapping(event.get("info")).get("last_token_usage"))
                if last and self._blocks:
                    self._usage = _usage(last)
            case "thread_rolled_back":
                yield from self._close()
                turns = count(event.get("num_turns")) or 0
                if turns and self._turns:
                    goal = self._turns[-turns] if turns <= len(self._turns) else self._turns[0]
                    del self._turns[-turns:]
                    self._growth.at(at_ms)
                    yield self._growth.put(LeafMove(self._leaf, "rewind"), goal)
                    self._leaf = goal
            case _:
                pass

    def _compacted(self, payload: Record, at_ms: int | None) -> Iterator[Entry]:
        yield from self._close()
        kept = [
            ChatMessage("user" if m.get("role") == "user" else "assistant", said, synthetic=True)
            for m in map(mapping, sequence(payload.get("replacement_history")))
            if m.get("role") in ("user", "assistant") and (said := blocks.said(m.get("content")))
        ]
        summary = string(payload.get("message"))
        if summary and not any(summary in m.text for m in kept):
            kept.append(ChatMessage("user", (TextBlock(summary),), synthetic=True))
        if kept:
            self._growth.at(at_ms)
            size = sum(len(m.text) for m in kept) // 4
            yield self._put(Compaction(tuple(kept), 0, size))

    def _close(self, *, cut: bool = False) -> Iterator[Entry]:
        """The answer that was gathered is complete, or was `cut` by a person."""
        made, self._blocks = self._blocks, []
        results, self._results = self._results, []
        usage, self._usage = self._usage, TokenUsage()
        if made:
            self._growth.at(self._began_ms)
            model = f"{self._provider}/{self._model}" if self._model else ""
            message = ChatMessage("assistant", tuple(made), model or None)
            if cut and not results:
                message = msgspec.structs.replace(message, incomplete="interrupted")
            yield self._put(Answer(message, model, usage))
        for at_ms, result in results:
            self._growth.at(at_ms)
            yield self._put(ToolResult(result, self._names.get(result.call_id, "tool")))

    def _put(self, node: UserMessage | Answer | ToolResult | Compaction) -> Entry:
        entry = self._growth.put(node, self._leaf)
        self._leaf = entry.id
        return entry


def _usage(given: Record) -> TokenUsage:
    whole, cached = count(given.get("input_tokens")), count(given.get("cached_input_tokens"))
    fresh = None if whole is None else max(0, whole - (cached or 0))
    return TokenUsage(
        input=fresh,
        cache_read=cached,
        output=count(given.get("output_tokens")),
        reasoning=count(given.get("reasoning_output_tokens")),
    )


def _output(output: object) -> tuple[tuple[ResultContent, ...], bool]:
    """What a call brought, and whether it failed; shells say both in JSON of their own."""
    failed = False
    if isinstance(output, str) and output.startswith("{") and (found := parse(output.encode())):
        code = mapping(found.get("metadata")).get("exit_code")
        if isinstance(found.get("output"), str):
            return (TextBlock(string(found["output"])),), isinstance(code, int) and code != 0
    given = mapping(output)
    if given:
        failed = given.get("success") is False
        output = given.get("content", given.get("body"))
    brought = blocks.brought(output)
    texts = (b.text for b in brought if isinstance(b, TextBlock))
    head = next(texts, "")[:_HEAD].partition("\nOutput:")[0]
    if (ended := _EXITED.search(head)) is not None:
        failed = failed or int(ended[1]) != 0
    return brought, failed
