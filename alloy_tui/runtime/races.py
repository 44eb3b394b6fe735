"""Races: one prompt to several models, each in a branch of its own beside the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from alloy_tui.domain.errors import SessionError
from alloy_tui.runtime.session_port import Racer


class Races:
    """Begins and ends races."""

    def begin(
        self, text: str, models: Sequence[str], then: Callable[[tuple[Racer, ...] | None], object]
    ) -> None:
        """Ask several models the same."""
        del text, then
        raise SessionError(f"A race of {len(models)} models is not possible yet.")

    async def close(self) -> None:
        """End them."""
