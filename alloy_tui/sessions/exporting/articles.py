"""One entry of a session as HTML: who spoke, what was said, calls that fold.

Owns the shape of a message on the page. A call and what it brought stand
together; all text passes `rendering`.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from alloy_tui.domain.messages import (
    ChatMessage,
    DocumentBlock,
    ImageBlock,
    TextBlock,
    ThinkingBlock,
    ToolCallBlock,
    ToolResultBlock,
)
from alloy_tui.sessions.exporting import rendering
from alloy_tui.sessions.exporting.markdown import moment, spelled
from alloy_tui.sessions.nodes import (
    Answer,
    Compaction,
    EffortSwitch,
    Entry,
    Graft,
    ModelSwitch,
    ToolResult,
    UserMessage,
)
from alloy_tui.sessions.words import words_of

# Signs of Markdown that would only disturb in a row of the side bar.
_MARKUP = re.compile(r"\*\*|`+|^#+ |^```.*$", re.MULTILINE)
# Pictures that browsers show and that can hold no program.
_PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
_LARGEST_PICTURE = 8 << 20


class Place(msgspec.Struct, frozen=True):
    """Where an entry is on the page: its anchor's number, its label, whether it is the leaf."""

    number: int
    label: str | None = None
    leaf: bool = False


def article(entry: Entry, place: Place, results: Sequence[Entry]) -> Iterator[str]:
    """The pieces of an entry's HTML; `results` are what its calls brought."""
    kind, name, facts = _about(entry)
    yield f'<article id="m{place.number}" class="{kind}">\n<header>'
    yield f'<a class="who" href="#m{place.number}">{rendering.line(name, 80)}</a>'
    if place.label:
        yield f'<span class="label">{rendering.line(place.label, 80)}</span>'
    if place.leaf:
        yield '<span class="leaf">here now</span>'
    facts = [*facts, moment(entry.at_ms)]
    yield f'<span class="facts">{rendering.line(" · ".join(facts), 200)}</span></header>\n'
    yield from _body(entry, results)
    yield "</article>\n"


def heading(entry: Entry) -> tuple[str, str]:
    """An entry in the side bar: its class, and its first words as HTML."""
    kind, name, _ = _about(entry)
    words = words_of(entry.node)
    if isinstance(entry.node, Answer) and not (words := entry.node.message.text.strip()):
        words = ", ".join(c.name for c in entry.node.message.tool_calls)
    return kind, rendering.line(_MARKUP.sub("", words[:400]), 90) or rendering.line(name, 60)


def _about(entry: Entry) -> tuple[str, str, list[str]]:
    """The class, who speaks, and the facts."""
    match entry.node:
        case UserMessage(message=message):
            return ("harness", "harness", []) if message.synthetic else ("you", "you", [])
        case Answer(message=message, model=model, cost=cost, duration_ms=duration_ms, usage=usage):
            facts = [] if cost is None else [f"${cost:.4f}".rstrip("0").rstrip(".")]
            facts += [] if usage.output is None else [f"{usage.output:,} tokens"]
            facts += [f"{duration_ms / 1000:.1f} s"] if duration_ms else []
            facts += [f"not whole: {message.incomplete}"] if message.incomplete else []
            return "model", model or "model", facts
        case ToolResult(name=name):
            return "result", f"result of {name}", []
        case ModelSwitch():
            return "switch", "model", []
        case EffortSwitch():
            return "switch", "thinking", []
        case Compaction(tokens_before=before, tokens_after=after):
            facts = [f"{before:,} → {after:,} tokens"] if before else []
            return "compaction", "compacted", facts
        case Graft(brings=brings):
            return "graft", f"{brings} from another branch", []
        case other:
            return "other", other.kind, []


def _body(entry: Entry, results: Sequence[Entry]) -> Iterator[str]:
    match entry.node:
        case UserMessage(message=message) if message.synthetic:
            yield f"<details><summary>{rendering.line(message.text, 120)}</summary>"
            yield from _message(message, {}, as_markdown=False)
            yield "</details>\n"
        case UserMessage(message=message):
            yield from _message(message, {}, as_markdown=False)
        case Answer(message=message):
            brought = {e.node.result.call_id: e for e in results if isinstance(e.node, ToolResult)}
            yield from _message(message, brought, as_markdown=True)
        case ToolResult():
            yield _result(entry.node)
        case ModelSwitch() | EffortSwitch():
            yield f"<p>{rendering.line(words_of(entry.node))}</p>\n"
        case Compaction() | Graft():
            for message in entry.node.messages:
                yield from _message(message, {}, as_markdown=True)
        case _:
            yield "<p>This version cannot show it.</p>\n"


def _message(
    message: ChatMessage, brought: Mapping[str, Entry], *, as_markdown: bool
) -> Iterator[str]:
    for block in message.blocks:
        match block:
            case TextBlock(text=words) if words.strip():
                if as_markdown:
                    yield f'<div class="prose">{rendering.markdown(words)}</div>\n'
                else:
                    yield f'<div class="words">{rendering.text(words.strip())}</div>\n'
            case ThinkingBlock(text=words) if words.strip():
                yield '<details class="thinking"><summary>Thinking</summary>'
                yield f'<div class="words">{rendering.text(words.strip())}</div></details>\n'
            case ToolCallBlock():
                yield from _call(block, brought.get(block.id))
            case ImageBlock():
                yield _picture(block)
            case DocumentBlock(name=name, media_type=kind):
                yield f'<p class="file">{rendering.line(name)} · {rendering.line(kind)}</p>\n'
            case ToolResultBlock():
                yield f"<pre>{rendering.text(block.text)}</pre>\n"
            case _:
                pass


def _call(call: ToolCallBlock, answered: Entry | None) -> Iterator[str]:
    result = answered.node if answered and isinstance(answered.node, ToolResult) else None
    state, words = "open", "no result"
    if result is not None:
        failed = result.result.is_error
        state, words = ("failed", "failed") if failed else ("done", "")
        if result.duration_ms:
            words = f"{words} {result.duration_ms / 1000:.1f} s".strip()
    values = (v if isinstance(v, str) else spelled(v) for v in call.arguments.values())
    yield f'<details class="tool {state}"><summary><b>{rendering.line(call.name, 60)}</b>'
    yield f"<code>{rendering.line(call.invalid or '  '.join(values), 160)}</code>"
    yield f'<span class="facts">{words}</span></summary>\n'
    yield _arguments(call)
    if result is not None:
        yield _result(result)
    yield "</details>\n"


def _arguments(call: ToolCallBlock) -> str:
    if call.invalid is not None:
        return rendering.code(call.invalid, "")
    match call.arguments:
        case {"command": str(command)} if len(call.arguments) == 1:
            return rendering.code(command, "bash")
        case arguments:
            return rendering.code(spelled(arguments), "json")


def _result(node: ToolResult) -> str:
    kind = "result bad" if node.result.is_error else "result"
    pieces = [f'<div class="{kind}">']
    diff = (node.details or {}).get("diff")
    if isinstance(diff, str) and diff:
        pieces.append(rendering.code(diff, "diff"))
    if node.result.text.strip():
        pieces.append(f"<pre>{rendering.text(node.result.text.strip(chr(10)))}</pre>\n")
    pieces += [_picture(b) for b in node.result.content if isinstance(b, ImageBlock)]
    return "".join([*pieces, "</div>\n"])


def _picture(image: ImageBlock) -> str:
    if image.media_type not in _PICTURES or len(image.data) > _LARGEST_PICTURE:
        about = f"image, {image.media_type}, {len(image.data):,} bytes"
        return f'<p class="file">{rendering.line(about)}</p>\n'
    data = base64.b64encode(image.data).decode()
    return f'<img alt="image" src="data:{image.media_type};base64,{data}">\n'
