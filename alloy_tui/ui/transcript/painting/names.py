"""The private names of Textual that painting leans on, and whether the installed one has them.

Where one is missing (a test tells), nothing that needs it acts, and Textual's own
way is taken. No other module than those of this folder reads one of them.
"""

from __future__ import annotations

from typing import Any, cast

from textual._compositor import Compositor
from textual.app import App
from textual.screen import Screen
from textual.widget import Widget

_METHODS = (
    "_on_idle",
    "_on_timer_update",
    "_invoke_and_clear_callbacks",
    "_compositor_refresh",
)
_FLAGS = (
    "_layout_required",
    "_scroll_required",
    "_repaint_required",
    "_dirty_widgets",
    "_callbacks",
    "_repaint_regions",
)
_PENDING = ("_repaint_regions", "_layout_required", "_scroll_required", "_repaint_required")
_OF_BAR = ("_layout_cache", "_styles_cache", "_dirty_regions")
_OF_COMPOSITOR = ("_render_chops", "visible_widgets", "cuts")
_OF_APP = ("_batch_count", "_driver", "_begin_update", "_end_update")


def app_of(node: Widget) -> App[Any]:
    """The app, typed."""
    return cast("App[Any]", node.app)  # pyright: ignore[reportUnknownMemberType] - untyped upstream


def held(owner: object, name: str) -> Any:
    """A private attribute that `missing_names` has looked for."""
    return getattr(owner, name)


def unsettled(screen: Screen[Any]) -> bool:
    """Whether places and sizes are to be worked out anew, or all of the screen painted."""
    return any(held(screen, flag) for flag in _FLAGS[:3])


def unpainted(widget: Widget) -> bool:
    """Whether something of the widget waits for Textual's next frame."""
    return any(held(widget, flag) for flag in _PENDING)


def bar_is_known(bar: Widget) -> bool:
    """Whether what Textual keeps of a scroll bar's looks is where it was."""
    return all(hasattr(bar, name) for name in _OF_BAR)


def can_be_frugal() -> bool:
    """Whether `Frugal` finds what it draws from."""
    return all(hasattr(Compositor, name) for name in _OF_COMPOSITOR)


def missing_names(screen: Screen[Any]) -> list[str]:
    """The private names used here that `screen` and its app lack; empty when all is well."""
    missing = [f"Screen.{name}" for name in _METHODS if not hasattr(Screen, name)]
    missing += [f"Screen.{name}" for name in _FLAGS if not hasattr(screen, name)]
    missing += [f"App.{name}" for name in _OF_APP if not hasattr(app_of(screen), name)]
    missing += [f"Widget.{name}" for name in (*_OF_BAR, *_PENDING) if not hasattr(screen, name)]
    missing += [f"Compositor.{n}" for n in _OF_COMPOSITOR if not hasattr(Compositor, n)]
    kept = getattr(screen, "_compositor", None)
    missing += [
        f"Screen._compositor.{name}"
        for name in ("visible_widgets", "_dirty_regions")
        if not hasattr(kept, name)
    ]
    return missing
