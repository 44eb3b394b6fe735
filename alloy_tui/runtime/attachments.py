"""What a user sends along with a message, from the disk.

Owns where a path begins. Must not know what a model does with it.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from alloy_tui.domain.messages import ImageBlock


async def image_at(path: str, cwd: str) -> ImageBlock:
    """The image at `path`, absolute or from `cwd`. Raises ToolError when it cannot be had."""

    def read() -> ImageBlock:
        from alloy_tui.tools.read import read_image

        return read_image((Path(cwd) / Path(path).expanduser()).resolve())

    return await asyncio.to_thread(read)
