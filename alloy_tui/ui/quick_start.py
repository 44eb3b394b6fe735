"""What Textual does at each start that can be done in less time.

Owns every private name of Textual's that only start-up leans on. `begin` looks
at what is installed first: where it is not the release that this was written
for, all stays as it is and a start takes longer. Must be called before
Textual's widgets are imported, for it is the making of their classes that is
quickened. Guarded by a test, which holds the classes against Textual's own work.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from textual import events
from textual.css.model import RuleSet
from textual.dom import DOMNode
from textual.reactive import Reactive

if TYPE_CHECKING:
    from textual.screen import Screen

# What the method that is replaced calls upon: another text of it would call upon other things.
_NAMES = (
    "super",
    "__init_subclass__",
    "_reactives",
    "reversed",
    "__mro__",
    "update",
    "__dict__",
    "items",
    "_inherit_css",
    "_inherit_bindings",
    "_inherit_component_classes",
    "set",
    "_css_bases",
    "__name__",
    "_css_type_name",
    "add",
    "_merge_bindings",
    "_merged_bindings",
    "frozenset",
    "_css_type_names",
    "dir",
    "_computes",
)
_OF_SCREEN = ("stack_updates", "_update_auto_focus", "_refresh_layout")
_NOTIFY = "_refresh_notifications"
_COMPUTES = ("_compute_", "compute_")


def begin() -> bool:
    """Quicken what can be; whether all of it was."""
    return all([_quicken_classes(), _quicken_rules()])


def show_first(screen: Screen[Any], event: events.ScreenResume) -> None:
    """Show `screen` for the first time: laid out and painted once.

    Textual's own handler looks for styles that were only just found, and asks
    for a second paint of what it has painted.
    """
    event.refresh_styles = False
    private: Any = screen
    app: Any = private.app
    if not all(hasattr(screen, name) for name in _OF_SCREEN) or not hasattr(app, _NOTIFY):
        return
    if app.SUSPENDED_SCREEN_CLASS or not app.size or not screen.is_attached:
        return
    event.prevent_default()
    private.stack_updates += 1
    getattr(app, _NOTIFY)()
    private._update_auto_focus()  # noqa: SLF001 - looked for above
    private._refresh_layout(app.size)  # noqa: SLF001 - likewise


def _quicken_rules() -> bool:
    """Rules of style sheets are told apart by identity: without a call for each comparison."""
    usual = vars(RuleSet).get("__hash__")
    code = getattr(usual, "__code__", None)
    if code is None or code.co_names != ("id",):
        return False
    setattr(RuleSet, "__hash__", object.__hash__)  # noqa: B010 - a class of others
    return True


def _quicken_classes() -> bool:
    usual: Any = vars(DOMNode).get("__init_subclass__")
    code = getattr(getattr(usual, "__func__", None), "__code__", None)
    if code is None or code.co_names != _NAMES:
        return False
    setattr(DOMNode, "__init_subclass__", classmethod(_quick_classes()))  # noqa: B010 - a class of others
    return True


def _quick_classes() -> Callable[..., None]:
    """Textual looks through all names of all bases for each class: here each is looked at once."""
    reactives: dict[type, dict[str, Any]] = {}
    computed: dict[type, list[str]] = {}

    def look_at(base: type) -> None:
        own = vars(base)
        reactives[base] = {name: each for name, each in own.items() if isinstance(each, Reactive)}
        computed[base] = [name.lstrip("_")[8:] for name in own if name.startswith(_COMPUTES)]

    def init_subclass(
        cls: Any,
        inherit_css: bool = True,
        inherit_bindings: bool = True,
        inherit_component_classes: bool = True,
    ) -> None:
        super(DOMNode, cls).__init_subclass__()
        found: dict[str, Any] = {}
        computes: list[str] = []
        for base in reversed(cls.__mro__):
            if base not in reactives:
                look_at(base)
            found.update(reactives[base])
            computes += computed[base]
        cls._reactives = found
        cls._inherit_css = inherit_css
        cls._inherit_bindings = inherit_bindings
        cls._inherit_component_classes = inherit_component_classes
        bases = cls._css_bases(cls)
        cls._css_type_name = bases[0].__name__
        cls._merged_bindings = cls._merge_bindings()
        cls._css_type_names = frozenset(base.__name__ for base in bases)
        cls._computes = frozenset(computes)

    return init_subclass
