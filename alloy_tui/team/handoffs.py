"""A pipeline of agents, step by step: what each is given, and what is kept when it breaks.

Owns the words by which work is handed on. Pure; must not know how an agent is asked.
"""

from __future__ import annotations

from collections.abc import Sequence

from alloy_tui.domain.errors import TeamError
from alloy_tui.team.delegations import Step
from alloy_tui.team.passages import cut

MOST_TASK = 40_000
"""How many characters of the task later steps are given."""
MOST_LAST = 20_000
"""How many of what the step before brought."""
MOST_EARLIER = 20_000
"""How many of what all before that brought, together."""


class Handoff:
    """`task` on its way through `names`.

    `called` is the name of all steps together, "" for a single one.
    """

    def __init__(self, task: str, names: Sequence[str], called: str) -> None:
        self._task = task
        self._names = tuple(names)
        self._id = called
        self._brought: list[str] = []

    @property
    def step(self) -> Step | None:
        """The step that comes now, None where there is but one."""
        return Step(self._id, self._at + 1, len(self._names)) if self._id else None

    @property
    def _at(self) -> int:
        return len(self._brought)

    def words(self) -> str:
        """What the agent of this step is told: the first one the task and no more."""
        if not self._brought:
            return self._task
        *earlier, last = self._brought
        each = MOST_EARLIER // max(1, len(earlier))
        shown = [cut(text, each) for text in earlier] + [cut(last, MOST_LAST)]
        steps, follows = len(self._names), self._names[self._at + 1 :]
        parts = [cut(self._task, MOST_TASK)]
        for number, text in enumerate(shown, 1):
            name = self._names[number - 1]
            parts.append(f"[Step {number} of {steps}: what {name} brought]\n{text}")
        goes = f"it goes to {follows[0]} with all of this" if follows else "it is the result"
        parts.append(f"[Your answer is step {self._at + 1} of {steps}: {goes}.]")
        return "\n\n".join(parts)

    def take(self, text: str) -> None:
        """What this step brought. Raises TeamError when that is nothing and others follow."""
        name, follows = self._names[self._at], self._names[self._at + 1 :]
        if not text.strip() and follows:
            words = f"{name} said nothing that could be handed on to {follows[0]}."
            raise TeamError(words, kind="failed", agent=name)
        self._brought.append(text)

    def broken(self, error: TeamError) -> TeamError:
        """The one error for all of it: at which step it broke, and what is kept."""
        if not self._id:
            return error
        at = self._at
        partial = {self._called(number): text for number, text in enumerate(self._brought)}
        partial |= {self._called(at): text for text in error.partial.values() if text}
        message = f"The handoff broke at step {at + 1} of {len(self._names)}: {error.message}"
        if self._brought:
            kept = ", ".join(dict.fromkeys(self._names[:at]))
            message += f" What {kept} brought is kept."
        return TeamError(
            message, kind=error.kind, agent=self._names[at], partial=partial, hint=error.hint
        )

    def _called(self, number: int) -> str:
        """Who of the pipeline, told from an earlier step of the same agent."""
        name = self._names[number]
        return name if name not in self._names[:number] else f"{name} ({number + 1})"
