"""Where the stylesheets are: inside the installed package, or beside it in a checkout.

Owns the look-up only; which widget a sheet is for is said by its name.
"""

from __future__ import annotations

from pathlib import Path, PurePath

_PACKAGE = Path(__file__).resolve().parent.parent


def stylesheet_folder() -> Path:
    """The folder of the sheets. Raises FileNotFoundError when the installation is broken."""
    for folder in (_PACKAGE / "styles", _PACKAGE.parent / "styles"):
        if (folder / "app.tcss").is_file():
            return folder
    raise FileNotFoundError(
        f"The stylesheets are missing beside {_PACKAGE}. Install Alloy again to bring them back."
    )


def stylesheets() -> list[str | PurePath]:
    """All sheets, `app.tcss` first so that the others may refine it."""
    folder = stylesheet_folder()
    first = folder / "app.tcss"
    return [first, *sorted(p for p in folder.glob("*.tcss") if p != first)]
