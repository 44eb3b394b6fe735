"""What the pages say: help from the real keys and commands, usage, history. Pure.

Owns the lines; foreign text goes through the sanitiser here.
"""

from __future__ import annotations

from collections.abc import Sequence

from alloy_tui.domain.messages import ChatMessage
from alloy_tui.domain.provider import TokenCount
from alloy_tui.domain.sanitise import clean_line
from alloy_tui.domain.usage import TokenUsage
from alloy_tui.runtime.model_port import SpentSum, SpentView
from alloy_tui.runtime.port import UsageView
from alloy_tui.ui.commands import COMMANDS
from alloy_tui.ui.keymap import SECTIONS, Keymap
from alloy_tui.ui.lines import Line
from alloy_tui.ui.screens.spending_lines import spending_lines, turn_lines
from alloy_tui.ui.wording import money_of, tokens

_MOUSE = (
    ("click a tool call", "unfold it, and show it in the tool pane; ↑ ↓ Enter, after F6"),
    ("Shift and a click", "unfold all cards of the turn, as t does"),
    ("double click", "open a card in the tool pane; on text, take the word, a third time the line"),
    ("drag", "select, beyond the edge too; Ctrl+C copies"),
    ("drag the edge", "make the pane wider or narrower"),
    ("click what lights up", "in bars, tabs and questions: the same as its key"),
    ("wheel", "read back; the pill jumps down again"),
)


def _section(title: str) -> list[Line]:
    return [("plain", ""), ("heading", title)]


def help_lines(keymap: Keymap) -> list[Line]:
    """Every command and every key, as they are now."""
    lines: list[Line] = [("heading", "Commands")]
    lines.extend(("plain", f"  {f'/{c.name} {c.hint}'.strip():<25} {c.summary}") for c in COMMANDS)
    for title, keys in SECTIONS:
        lines.extend(_section(title))
        lines.extend(("plain", f"  {keymap.label(k):<25} {k.words}") for k in keys)
    lines.extend(_section("Other keys: a line each in the table [keys] of the settings file"))
    names = [key.name for _, keys in SECTIONS for key in keys if key.name]
    lines.append(("muted", f'  {names[0]} = "{keymap.keys_of(names[0])}"'))
    lines.append(("muted", f"  Actions: {', '.join(names)}"))
    lines.extend(_section("Mouse"))
    lines.extend(("plain", f"  {what:<25} {words}") for what, words in _MOUSE)
    return lines


def _count(count: int | None) -> str:
    return "unknown" if count is None else f"{count:,}"


def _usage_rows(usage: TokenUsage) -> list[tuple[str, str]]:
    rows = [
        ("prompt, fresh", _count(usage.input)),
        ("prompt, from cache", _count(usage.cache_read)),
        ("prompt, into cache", _count(usage.cache_write)),
        ("output", _count(usage.output)),
    ]
    if usage.reasoning is not None:
        rows.append(("  of it reasoning", _count(usage.reasoning)))
    return rows


def usage_lines(view: UsageView, spent: SpentView | None = None, width: int = 72) -> list[Line]:
    """Tokens by kind, model and turn, the cost, what limits allow, and how full the window is.

    Without `spent`, what the store knows, there are the totals that the agent knows.
    """
    if spent is not None:
        context = _context_lines(view, spent.context)
        return [
            *spending_lines(spent, width, _life(spent)),
            *context,
            *turn_lines(spent, width),
        ]
    lines: list[Line] = [("heading", "So far")]
    lines.extend(("plain", f"  {name:<24}{value:>14}") for name, value in _usage_rows(view.usage))
    cost = money_of(view).removeprefix("cost ")
    lines.append(("plain", f"  {'cost':<24}{cost:>14}"))
    if view.usage.partial:
        lines.append(("muted", "  Some answers came without figures: these are lower bounds."))
    if view.cost is None:
        words = "The price of a model used here is not known"
        rest = "." if view.cost_known is None else ": it is not in this sum."
        lines.append(("muted", f"  {words}{rest}"))
    lines += _context_lines(view)
    if len(view.by_model) > 1:
        lines.extend(_section("By model"))
        for model, used in view.by_model.items():
            name = clean_line(model, limit=40)
            figures = f"{tokens(used.prompt):>8} in {tokens(used.output):>8} out"
            lines.append(("plain", f"  {name:<42}{figures}"))
    return lines


def _life(spent: SpentView) -> SpentSum | None:
    """What the session took since the program's start, where that is not all of it."""
    life = spent.life
    return life if life is not None and 0 < life.requests < spent.session.requests else None


def _context_lines(view: UsageView, counted: TokenCount | None = None) -> list[Line]:
    """How full the window is: counted now, as the last answer said, or about."""
    filled, source = view.context_tokens, ""
    if counted is not None and counted.kind == "exact":
        filled, source = counted.tokens, ", counted by the service"
    elif filled is None and counted is not None:
        filled, source = counted.tokens, ", estimated"
    if filled is None:
        return []
    window = view.context_window
    of = f" of {tokens(window)}, {filled / window:.0%}" if window else ""
    words = f"{tokens(filled)} tokens{of}".replace("%", " %")
    return [*_section("Context"), ("plain", f"  {words}{source}")]


def history_lines(messages: Sequence[ChatMessage]) -> list[Line]:
    """One line a message, tool calls and results by name."""
    if not messages:
        return [("muted", "Nothing has been said yet.")]
    lines: list[Line] = []
    for number, message in enumerate(messages, 1):
        who = "you" if message.role == "user" else "alloy"
        results = message.tool_results
        if results:
            failed = sum(r.is_error for r in results)
            noun = "result" if len(results) == 1 else "results"
            words = f"{len(results)} tool {noun}" + (f", {failed} failed" if failed else "")
            lines.append(("muted", f"{number:>4}  tools  {words}"))
        text = clean_line(message.text, limit=400)
        if text:
            cut = (
                f"  (incomplete: {clean_line(message.incomplete, 40)})"
                if message.incomplete
                else ""
            )
            lines.append(("plain", f"{number:>4}  {who:<6} {text}{cut}"))
        if message.tool_calls:
            names = ", ".join(clean_line(call.name, limit=40) for call in message.tool_calls)
            lines.append(("muted", f"{number:>4}  {who:<6} called {names}"))
    return lines
