"""Waiting for several things that were begun together.

Owns that none of them outlives who waits. Must not know what they are.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


async def all_of(tasks: Sequence[asyncio.Task[T]]) -> list[T]:
    """Their outcomes, in order; cancelled, it cancels them and waits for their end."""
    try:
        return list(await asyncio.gather(*tasks))
    except BaseException:
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        raise
