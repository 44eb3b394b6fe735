"""Which cells of a row are others than before. Pure; knows rows only as strips of cells."""

from __future__ import annotations

from rich.style import Style
from textual.strip import Strip


def changed_cells(before: Strip | None, after: Strip) -> tuple[int, int]:
    """The first cell that differs and the one after the last; all where widths are uncertain."""
    width = after.cell_length
    if before is None or before.cell_length != width:
        return 0, width
    looks: dict[Style | None, Style | None] = {}
    old, new = _cells(before, looks), _cells(after, looks)
    if not len(old) == len(new) == width:
        return 0, width
    start = next((x for x in range(width) if old[x] != new[x]), width)
    end = next((x + 1 for x in range(width - 1, start - 1, -1) if old[x] != new[x]), start)
    return start, end


def _cells(strip: Strip, looks: dict[Style | None, Style | None]) -> list[tuple[str, Style | None]]:
    """Each character with its style, equal ones the same object; nothing where not all is ASCII."""
    cells: list[tuple[str, Style | None]] = []
    for text, style, _ in strip:
        if not text.isascii():
            return []
        look = looks.setdefault(style, style)
        cells += [(character, look) for character in text]
    return cells
