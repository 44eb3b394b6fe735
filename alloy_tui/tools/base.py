"""What the core tools have in common: arguments as a Struct, a specification made from it."""

# ruff: noqa: ARG002 - the Tool protocol gives a method more than each tool needs

from __future__ import annotations

from typing import Any, ClassVar, Generic, TypeVar

import msgspec

from alloy_tui.domain.tool import Access, ToolContext, ToolSpec
from alloy_tui.tools.schema import input_schema, parse

A = TypeVar("A", bound=msgspec.Struct)


class CoreTool(Generic[A]):
    """A tool whose arguments are the Struct `arguments`; subclasses add `run` and `headline`."""

    name: ClassVar[str]
    description: ClassVar[str]
    arguments: ClassVar[type[Any]]

    def __init__(self) -> None:
        self._spec: ToolSpec | None = None

    @property
    def spec(self) -> ToolSpec:
        """What the model is told; the same object every time."""
        if self._spec is None:
            self._spec = ToolSpec(self.name, self.description, input_schema(self.arguments))
        return self._spec

    def prepare(self, arguments: dict[str, Any]) -> A:
        """The checked arguments; ToolError when they are unusable."""
        return parse(self.arguments, arguments, self.name)

    def access(self, prepared: A) -> Access:
        """Looking only, unless a subclass says otherwise."""
        return "read"

    def lock_keys(self, prepared: A, context: ToolContext) -> tuple[str, ...]:
        """Nothing, unless a subclass says otherwise."""
        return ()

    def rule(self, prepared: A) -> str:
        """Every call of this tool, unless a subclass says otherwise."""
        return "*"
