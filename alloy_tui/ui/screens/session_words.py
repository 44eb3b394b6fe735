"""Sessions and what was found in them as rows of text. Pure; foreign text is sanitised here."""

from __future__ import annotations

from pathlib import PurePath

from textual.content import Content

from alloy_tui.domain.sanitise import clean, clean_line
from alloy_tui.runtime.library_port import FoundMessage, SessionRow
from alloy_tui.runtime.path_values import PathPage
from alloy_tui.ui.lines import Line

_PEEK_CHARS = 1200


def ago(at_ms: int, now_ms: int) -> str:
    """`now`, `12 min ago`, `3 h ago`, `5 d ago`."""
    minutes = max(0, now_ms - at_ms) // 60_000
    if minutes < 1:
        return "now"
    if minutes < 60:
        return f"{minutes} min ago"
    if minutes < 48 * 60:
        return f"{minutes // 60} h ago"
    return f"{minutes // (24 * 60):,} d ago"


def _spread(left: Content, right: Content, width: int) -> Content:
    room = max(8, width - right.cell_length - 2)
    return left.truncate(room, ellipsis=True, pad=True) + Content("  ") + right


def row_words(row: SessionRow, width: int, now_ms: int, everywhere: bool) -> Content:
    """A session in one line: title, whose it is, size and age."""
    title = Content(clean_line(row.title or row.preview, limit=200) or "(nothing said yet)")
    if row.owner is not None:
        title = Content.styled("open elsewhere  ", "$warning") + title
    if row.from_session is not None:
        title += Content.styled("  forked", "$text-muted")
    said = [f"{row.messages:,} msg", f"{ago(row.updated_ms, now_ms):>11}"]
    if everywhere:
        said.insert(0, clean_line(PurePath(row.cwd).name, limit=18))
    return _spread(title, Content.styled("  ".join(said), "$text-muted"), width)


def about_lines(row: SessionRow, now_ms: int) -> list[Line]:
    """What stands over the look into a session: size and age, who writes it, its folder."""
    noun = "message" if row.messages == 1 else "messages"
    lines: list[Line] = [("muted", f"{row.messages:,} {noun}, {ago(row.updated_ms, now_ms)}")]
    if row.owner is not None:
        lines.append(("plain", f"open in another program (pid {row.owner})"))
    return [*lines, ("muted", clean_line(row.cwd, limit=200)), ("plain", "")]


def found_words(hit: FoundMessage, width: int, now_ms: int) -> Content:
    """A message that was found: the words around what was looked for, then where that was."""
    snippet = clean_line(hit.snippet, limit=400)
    words = Content(snippet)
    if snippet == hit.snippet:  # else the marks are of another text
        for start, end in hit.marks:
            words = words.stylize("bold $warning", start, end)
    who = "you: " if hit.kind == "user" else "alloy: "
    title = clean_line(hit.title, limit=24)
    right = Content.styled(f"{title}  {ago(hit.at_ms, now_ms):>11}", "$text-muted")
    return _spread(Content.styled(f"  {who}", "$text-muted") + words, right, width)


def peek_lines(page: PathPage | None) -> list[Line]:
    """The end of a conversation in plain lines."""
    if page is None:
        return [("muted", "This one cannot be looked into.")]
    lines: list[Line] = []
    for item in page.items:
        message = item.message
        if item.kind in {"user", "answer"} and message is not None:
            text = clean(message.text)[:_PEEK_CHARS].strip()
            calls = len(message.tool_calls)
            if not text and not calls:
                continue
            lines.append(("heading", "you" if item.kind == "user" else "alloy"))
            lines.extend(("plain", line) for line in text.split("\n") if text)
            if calls:
                names = ", ".join(clean_line(call.name, limit=30) for call in message.tool_calls)
                lines.append(("muted", f"called {names}"))
            lines.append(("plain", ""))
        elif item.kind == "compaction":
            lines.append(("muted", clean_line(item.words, limit=120) or "history shortened"))
    return lines or [("muted", "Nothing was said yet.")]
