"""The words by which an agent is told of its team: who it is, who else, what is new.

Owns those words alone. The passage of the system prompt stays the same for an
agent's life, so that providers' caches hit; what changes is told with a request.
"""

from __future__ import annotations

from collections.abc import Sequence

from alloy_tui.team.mail import Mail
from alloy_tui.team.spec import MemberSpec

_MOST_NAMED = 30
_BY_TOOLS = " Work with the others by tools."


def member_passage(
    team: str, spec: MemberSpec, parent: str, others: Sequence[MemberSpec], *, alone: bool = False
) -> str:
    """What an agent's system prompt says of its team; who is `alone` cannot reach the others."""
    if parent:
        return (
            f"You are {spec.name}. {parent} gave you one task. Your last message is all that "
            f"{parent} sees of your work: make it whole and brief."
        )
    role = f": {spec.role.rstrip('.')}" if spec.role else ""
    lines = [f"You are {spec.name} in the team {team}{role}. Nobody else sees what you write here;"]
    lines.append(f"your last message is your answer to whoever asked.{'' if alone else _BY_TOOLS}")
    lines += [
        f"- {other.name}{': ' + other.role if other.role else ''}" for other in others[:_MOST_NAMED]
    ]
    if len(others) > _MOST_NAMED:
        lines.append(f"- and {len(others) - _MOST_NAMED} more")
    return "\n".join(lines)


def cut(text: str, most: int) -> str:
    """`text`, in the middle shortened to about `most` characters, and by how many."""
    if len(text) <= most:
        return text
    head = most * 2 // 3
    return f"{text[:head]}\n[… {len(text) - most:,} characters …]\n{text[head - most :]}"


def news(mail: Sequence[Mail], shared: str) -> str:
    """What an agent is told before its next step, "" when there is nothing."""
    parts = [shared] if shared else []
    parts += [f"[Message from {each.sender}]\n{each.text}" for each in mail]
    return "\n\n".join(parts)
