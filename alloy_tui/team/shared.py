"""The shared context: short facts that every agent of a team sees, and who wrote them last.

Owns keys, versions and the passage of a system prompt that tells them. A write
may say which version it saw; one that saw an older one is refused.
"""

from __future__ import annotations

import re

from alloy_tui.domain.errors import TeamError
from alloy_tui.domain.team_events import SharedChanged
from alloy_tui.domain.team_values import Shared
from alloy_tui.team.recording import Channel

MOST_KEYS = 200
LONGEST = 20_000
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-/ ]{0,79}")
_IN_PROMPT = 300
_PROMPT = 6_000


class SharedContext:
    """The shared context of one team, in the order in which the keys first came."""

    def __init__(self, channel: Channel | None = None) -> None:
        self._channel = channel or Channel()
        self._entries: dict[str, Shared] = {}
        self._versions: dict[str, int] = {}

    @property
    def entries(self) -> tuple[Shared, ...]:
        """All keys that have a value."""
        return tuple(self._entries.values())

    def get(self, key: str) -> Shared | None:
        """One key, or None."""
        return self._entries.get(key)

    def put(self, by: str, key: str, value: str | None, *, seen: int | None = None) -> int:
        """Write a key, or take it away with None; returns its new version.

        `seen` is the version that the writer knew (0 = none). Raises TeamError:
        "conflict" when it is another by now, "invalid" for a bad key or too
        long a value, "limit" when there are too many.
        """
        if not _KEY.fullmatch(key):
            raise TeamError(
                f"{key[:80]!r} is no key.",
                kind="invalid",
                hint="Keys are up to 80 letters, digits, spaces and . _ - / after the first.",
            )
        if value is not None and len(value) > LONGEST:
            raise TeamError(
                f"The value has {len(value):,} characters; {LONGEST:,} are the most.",
                kind="invalid",
                hint="Write it to a file and share its path.",
            )
        now = self._entries.get(key)
        current = now.version if now is not None else 0
        if seen is not None and seen != current:
            raise TeamError(
                f"{key!r} was changed"
                + (f" by {now.by}; it is now: {now.value}" if now is not None else " away."),
                kind="conflict",
                hint="Read it and decide again.",
            )
        if now is None and value is not None and len(self._entries) >= MOST_KEYS:
            raise TeamError(f"The shared context holds {MOST_KEYS} keys.", kind="limit")
        event = SharedChanged(key, value, self._versions.get(key, 0) + 1)
        at_ms = self._channel.now_ms()
        self._channel.publish(by, event)
        self.apply(by, at_ms, event)
        return event.version

    def apply(self, by: str, at_ms: int, event: SharedChanged) -> None:
        """What the event says is so, without telling it again."""
        self._versions[event.key] = event.version
        if event.value is None:
            self._entries.pop(event.key, None)
        else:
            self._entries[event.key] = Shared(event.key, event.value, event.version, by, at_ms)

    def passage(self) -> str:
        """What a system prompt says of it, "" when there is nothing; long values are cut there.

        Bounded: what does not fit is counted, and the `context` tool has it.
        """
        lines: list[str] = []
        room = _PROMPT
        for entry in self._entries.values():
            value = " ".join(entry.value.split())
            cut = f"{value[:_IN_PROMPT]} …" if len(value) > _IN_PROMPT else value
            line = f"- {entry.key} (by {entry.by}): {cut}"
            room -= len(line)
            if room < 0:
                lines.append(f"- … and {len(self._entries) - len(lines)} more keys.")
                break
            lines.append(line)
        return "\n".join(["Shared context of the team:", *lines]) if lines else ""
