"""Messages between agents: who wrote whom, and what of it was not read yet.

Owns the boxes and the timeline. Everything happens by `MailSent` and `MailRead`;
how a message reaches a model is `Team`'s affair.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from alloy_tui.domain.errors import TeamError
from alloy_tui.domain.team_events import MailRead, MailSent
from alloy_tui.domain.team_values import Mail
from alloy_tui.team.recording import Channel, Numbers

MOST_UNREAD = 200
LONGEST = 32_000
_KEPT = 5_000


class Mailboxes:
    """The mail of one team. The timeline keeps what is unread, and of the rest the latest 5,000."""

    def __init__(self, channel: Channel | None = None) -> None:
        self._channel = channel or Channel()
        self._mail: dict[str, Mail] = {}
        self._unread: dict[str, dict[str, None]] = {}
        self._numbers = Numbers("m")

    @property
    def timeline(self) -> tuple[Mail, ...]:
        """All messages that are kept, oldest first."""
        return tuple(self._mail.values())

    def send(self, by: str, to: Sequence[str], text: str) -> Mail:
        """Put a message into the boxes of `to`.

        Raises TeamError: "invalid" when it is empty, too long or for nobody,
        "limit" when a box is full. Nobody gets it then.
        """
        to = tuple(dict.fromkeys(to))
        if not to:
            raise TeamError("A message needs somebody to read it.", kind="invalid")
        if not text.strip():
            raise TeamError("The message is empty.", kind="invalid")
        if len(text) > LONGEST:
            raise TeamError(
                f"The message has {len(text):,} characters; {LONGEST:,} are the most.",
                kind="invalid",
                hint="Write it to a file and say where it is.",
            )
        for name in to:
            if len(self._unread.get(name, ())) >= MOST_UNREAD:
                raise TeamError(
                    f"{name} has {MOST_UNREAD} unread messages.",
                    kind="limit",
                    agent=name,
                    hint="Wait until they are read.",
                )
        event, at_ms = MailSent(self._numbers(), to, text), self._channel.now_ms()
        self._channel.publish(by, event)
        return self.apply_sent(by, at_ms, event)

    def unread(self, name: str) -> tuple[Mail, ...]:
        """What waits in the box of `name`, oldest first; it stays there."""
        return tuple(self._mail[id_] for id_ in self._unread.get(name, ()))

    def take(self, name: str) -> tuple[Mail, ...]:
        """What waits in the box of `name`, which is read with that."""
        waiting = self.unread(name)
        if waiting:
            event = MailRead(tuple(mail.id for mail in waiting))
            self._channel.publish(name, event)
            self.apply_read(name, event)
        return waiting

    def forget(self, name: str) -> None:
        """Close the box of one who is gone for good; the timeline stays."""
        self._unread.pop(name, None)

    def apply_sent(self, by: str, at_ms: int, event: MailSent) -> Mail:
        """What the event says is so, without telling it again."""
        mail = Mail(event.id, by, event.to, event.text, at_ms)
        self._mail[event.id] = mail
        self._numbers.skip(event.id)
        for name in event.to:
            self._unread.setdefault(name, {})[event.id] = None
        self._trim()
        return mail

    def apply_read(self, name: str, event: MailRead) -> None:
        """What the event says is so, without telling it again."""
        box = self._unread.get(name, {})
        for id_ in event.ids:
            box.pop(id_, None)
            mail = self._mail.get(id_)
            if mail is not None and name in mail.to and name not in mail.read_by:
                self._mail[id_] = replace(mail, read_by=(*mail.read_by, name))

    def _trim(self) -> None:
        spare = len(self._mail) - _KEPT
        if spare < _KEPT // 10:
            return
        unread = {id_ for box in self._unread.values() for id_ in box}
        for id_ in [id_ for id_ in self._mail if id_ not in unread][:spare]:
            del self._mail[id_]
