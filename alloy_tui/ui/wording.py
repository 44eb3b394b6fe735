"""The screen's words for figures and states: pure text, no colour, no width.

Owns how durations, tokens, money and states are said. Text that comes from a
model or a tool goes through the sanitiser here, so that whatever this module
returns may be shown.
"""

from __future__ import annotations

from alloy_tui.domain.limits import spelled
from alloy_tui.domain.sanitise import clean_line
from alloy_tui.runtime.agent_view import AgentView, Outcome, Retry
from alloy_tui.runtime.port import UsageView
from alloy_tui.runtime.team_port import TeamView


def duration(milliseconds: int) -> str:
    """`412 ms`, `12 s`, `1 m 04`, `2 h 07`."""
    if milliseconds < 1000:
        return f"{max(0, milliseconds)} ms"
    seconds = milliseconds // 1000
    if seconds < 60:
        return f"{seconds} s"
    minutes, seconds = divmod(seconds, 60)
    if minutes < 60:
        return f"{minutes} m {seconds:02}"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02}"


def seconds(milliseconds: int) -> str:
    """Like `duration`, for something that is still going on: whole seconds from 0 s."""
    return f"{max(0, milliseconds) // 1000} s" if milliseconds < 1000 else duration(milliseconds)


def tokens(count: int | None) -> str:
    """`812`, `4.2k`, `1.3M`, or `?` when unknown."""
    if count is None:
        return "?"
    if count < 1000:
        return str(count)
    if count < 99_950:
        return f"{count / 1000:.1f}k"
    return f"{round(count / 1000)}k" if count < 999_500 else f"{count / 1_000_000:.1f}M"


BUDGET = "budget"
"""The name under which the engine asks about a limit, which is no tool's."""
BUDGET_TITLE = "The next request would go beyond the budget"


def money(dollars: float | None, *, at_least: bool = False) -> str:
    """`$0.12`, `< $0.01`, `$0.00` for nothing at all, or `cost unknown`.

    `at_least` says that some of the tokens behind it are unknown: `≥ $0.12`.
    """
    if dollars is None:
        return "cost unknown"
    if at_least:
        return f"≥ ${dollars:,.2f}"
    if 0 < dollars < 0.005:
        return "< $0.01"
    return f"${dollars:,.2f}"


def money_of(totals: AgentView | UsageView) -> str:
    """The cost of `totals`; `≥` where some of it is not known."""
    unpriced = totals.cost is None
    cost = totals.cost_known if unpriced else totals.cost
    return money(cost, at_least=totals.usage.partial or unpriced)


def team_cost(team: TeamView) -> str:
    """`$0.87 of 2.00`; "" while nothing is known to cost and nothing is limited."""
    cost = money(team.cost, at_least=team.cost_partial) if team.cost is not None else ""
    if team.budget_usd is not None:
        return f"{cost or '$0.00'} of {spelled(team.budget_usd, 'usd').removeprefix('$')}"
    return cost


def shorten_middle(text: str, limit: int) -> str:
    """`text` in at most `limit` characters; what goes is taken out of its middle."""
    if len(text) <= limit:
        return text
    head = max(0, (limit - 1) // 3)
    return f"{text[:head]}…{text[len(text) - (limit - 1 - head) :]}"


def model_label(model: str, limit: int = 48) -> str:
    """A model's name for bars: `scripted//home/me/tour.json` is `scripted/tour.json`."""
    service, slash, name = clean_line(model, limit=1000).partition("/")
    if service == "scripted":
        name = name.rsplit("/", 1)[-1]
    return shorten_middle(f"{service}{slash}{name}", limit)


def rule_label(rule: str, cwd: str, limit: int = 40) -> str:
    """What "always" would remember: paths below the working folder as seen from there."""
    shown = clean_line(rule, limit=1000)
    if cwd and (shown == cwd or shown.startswith(f"{cwd}/")):
        shown = f".{shown[len(cwd) :]}"
    return shorten_middle(shown, limit)


_VERBS = {"bash": "running", "read": "reading", "write": "writing", "edit": "editing"}

_FAILURES = {
    "rate_limited": "rate-limited",
    "overloaded": "service overloaded",
    "server_error": "service in trouble",
    "timeout": "no answer",
    "network": "no connection",
    "stream_cut": "answer cut off",
    "malformed": "answer unreadable",
    "context_overflow": "too long for the model",
    "output_limit": "output limit reached",
    "refused": "model declined",
    "quota": "out of credit",
    "auth": "key refused",
    "not_found": "no such model",
    "invalid_request": "request refused",
    "no_model": "no model",
}


def failure(kind: str) -> str:
    """An error kind in a few words."""
    return _FAILURES.get(kind, "failed")


def retry_words(retry: Retry, now_ms: int) -> str:
    """`rate-limited, again in 8 s`."""
    left_ms = retry.until_ms - now_ms
    what = failure(retry.error.kind)
    if left_ms <= 0:
        return f"{what}, asking again"
    return f"{what}, again in {-(-left_ms // 1000)} s"


def outcome_words(outcome: Outcome) -> str:
    """How a run ended: `done in 32 s`, `stopped by you`, `failed: key refused`."""
    match outcome.status:
        case "completed":
            return f"done in {duration(outcome.duration_ms)}" if outcome.duration_ms else "ready"
        case "cancelled":
            return "stopped by you"
        case "max_turns":
            return f"stopped after {outcome.turns} turns"
        case "timed_out":
            return "stopped: out of time"
        case "halted":
            return "halted"
        case _:
            what = failure(outcome.error.kind) if outcome.error else "failed"
            return what if what == "failed" else f"failed: {what}"


def state_words(view: AgentView, now_ms: int) -> str:
    """What the agent does, in words, with the time it has taken where that grows.

    While it does nothing, a command of the user's own is told of.
    """
    if view.commands and not view.busy:
        taken = seconds(now_ms - view.commands[0].started_ms)
        what = view.commands[-1].subject or "your command"
        return f"running {clean_line(what, limit=32)} {taken}"
    match view.state:
        case "starting" | "restarting":
            return view.state
        case "idle":
            return "ready"
        case "queued":
            return "queued"
        case "thinking":
            return f"thinking {seconds(now_ms - view.since_ms)}"
        case "streaming":
            what = f"writing a {view.writing_call} call" if view.writing_call else "writing"
            return f"{clean_line(what, limit=40)} {seconds(now_ms - view.since_ms)}"
        case "tool":
            return _tool_words(view, now_ms)
        case "waiting_approval":
            return "needs you"
        case "compacting":
            return f"compacting {seconds(now_ms - view.since_ms)}"
        case "rate_limited":
            return retry_words(view.retry, now_ms) if view.retry else "asking again"
        case "done" | "failed" | "cancelled":
            return outcome_words(view.outcome) if view.outcome else "ready"


def _tool_words(view: AgentView, now_ms: int) -> str:
    first = min(view.tools, key=lambda t: t.started_ms)
    taken = seconds(now_ms - first.started_ms)
    if len(view.tools) > 1:
        return f"running {len(view.tools)} tools {taken}"
    verb = _VERBS.get(first.name)
    if verb and first.subject:
        return f"{verb} {first.subject} {taken}"
    return f"running {clean_line(first.name, limit=32)} {taken}"
