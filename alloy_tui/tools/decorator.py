"""`@tool`: a typed Python function as something that a model may call.

Owns reading the signature and turning what the function returns into a reply.
Must not know any agent; the engine sees only the `Tool` protocol.
"""

# ruff: noqa: ARG002 - the Tool protocol gives a method more than each tool needs

from __future__ import annotations

import functools
import inspect
import typing
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, ParamSpec, TypeVar, cast, overload

import msgspec

from alloy_tui.domain.errors import ToolError
from alloy_tui.domain.messages import ImageBlock, TextBlock
from alloy_tui.domain.tool import Access, ToolContext, ToolReply, ToolSpec
from alloy_tui.tools.docstrings import describe
from alloy_tui.tools.schema import input_schema, parse
from alloy_tui.tools.threads import in_daemon_thread

P = ParamSpec("P")
R = TypeVar("R")


class FunctionTool(Generic[P, R]):
    """A function as a `Tool`; calling it calls the function, as if undecorated.

    A synchronous function runs in a thread of its own and never blocks the
    event loop; cancelling the call abandons that thread, for Python cannot
    stop it. A parameter annotated `ToolContext` receives the call's context
    and stays out of the schema. What the function returns becomes the reply:
    a `ToolReply`, text or image blocks as they are, a string as text, None as
    "(no output)", anything else as JSON.
    """

    def __init__(
        self,
        function: Callable[P, R],
        *,
        name: str | None = None,
        description: str | None = None,
        access: Access = "execute",
    ) -> None:
        functools.update_wrapper(self, function)
        self._function = function
        words, parameters = describe(function.__doc__)
        self._name = name or function.__name__
        self._access: Access = access
        self._context_name, self._arguments = _arguments(function, self._name, parameters)
        self._spec = ToolSpec(
            self._name, description or words or self._name, input_schema(self._arguments)
        )

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call the function itself."""
        return self._function(*args, **kwargs)

    @property
    def spec(self) -> ToolSpec:
        """What the model is told."""
        return self._spec

    def prepare(self, arguments: dict[str, Any]) -> msgspec.Struct:
        """The checked arguments; ToolError when they are unusable."""
        return parse(self._arguments, arguments, self._name)

    def access(self, prepared: msgspec.Struct) -> Access:
        """As the decorator was told."""
        return self._access

    def lock_keys(self, prepared: msgspec.Struct, context: ToolContext) -> tuple[str, ...]:
        """A function holds nothing alone."""
        return ()

    def headline(self, prepared: msgspec.Struct) -> str:
        """The call as Python would write it, cut to one line."""
        given = ", ".join(f"{n}={_brief(v)}" for n, v in _values(prepared).items())
        return f"{self._name}({given})"

    def rule(self, prepared: msgspec.Struct) -> str:
        """Any call of this tool."""
        return "*"

    async def run(self, prepared: msgspec.Struct, context: ToolContext) -> ToolReply:
        """Call the function and make a reply of what it returns."""
        values = _values(prepared)
        if self._context_name is not None:
            values[self._context_name] = context
        call = functools.partial(cast("Callable[..., Any]", self._function), **values)
        if inspect.iscoroutinefunction(self._function):
            result = await call()
        else:
            result = await in_daemon_thread(call, self._name)
            if inspect.isawaitable(result):
                result = await result
        return _reply(result)


@overload
def tool(function: Callable[P, R], /) -> FunctionTool[P, R]: ...
@overload
def tool(
    *, name: str | None = None, description: str | None = None, access: Access = "execute"
) -> Callable[[Callable[P, R]], FunctionTool[P, R]]: ...
def tool(
    function: Callable[..., Any] | None = None,
    /,
    *,
    name: str | None = None,
    description: str | None = None,
    access: Access = "execute",
) -> Any:
    """Make a tool of a typed function, sync or async; with or without parentheses.

    The docstring becomes the description, its "Args:" section the arguments'
    words, the type hints the schema. `access` says what a call may do; without
    it a call counts as "execute", which is asked about. Raises TypeError at
    once for a signature that no JSON object can fill.
    """

    def make(function: Callable[..., Any]) -> FunctionTool[..., Any]:
        return FunctionTool(function, name=name, description=description, access=access)

    return make if function is None else make(function)


def _arguments(
    function: Callable[..., Any], name: str, words: dict[str, str]
) -> tuple[str | None, type[msgspec.Struct]]:
    """The parameter that takes the context, if any, and a Struct for the rest."""
    try:
        hints = typing.get_type_hints(function, include_extras=True)
    except NameError as error:
        # Hints as strings are looked up in the module, not where `def` stands.
        raise TypeError(f"tool {name}: {error}; define the type at module level.") from error
    context_name: str | None = None
    fields: list[Any] = []
    for parameter in inspect.signature(function).parameters.values():
        hint = hints.get(parameter.name)
        if hint is None:
            raise TypeError(f"tool {name}: the parameter {parameter.name} has no type hint.")
        if parameter.kind in {parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD}:
            raise TypeError(f"tool {name}: *{parameter.name} has no place in a JSON object.")
        if parameter.kind is parameter.POSITIONAL_ONLY:
            raise TypeError(f"tool {name}: {parameter.name} must not be positional-only.")
        if hint is ToolContext or ToolContext in typing.get_args(hint):
            context_name = parameter.name
            continue
        if parameter.name in words:
            hint = Annotated[hint, msgspec.Meta(description=words[parameter.name])]
        if parameter.default is parameter.empty:
            fields.append((parameter.name, hint))
        else:
            fields.append((parameter.name, hint, _default(parameter.default)))
    kind = msgspec.defstruct(
        f"{name}_arguments", fields, kw_only=True, frozen=True, forbid_unknown_fields=True
    )
    return context_name, kind


def _default(value: Any) -> Any:
    """A filled list or dict must be made anew for every call; msgspec insists on it."""
    if isinstance(value, list | dict | set | bytearray):
        made = cast("Any", value)
        return msgspec.field(default_factory=made.copy)
    return value


def _values(prepared: msgspec.Struct) -> dict[str, Any]:
    return {name: getattr(prepared, name) for name in prepared.__struct_fields__}


def _brief(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:59]}…"


def _reply(result: object) -> ToolReply:
    if isinstance(result, ToolReply):
        return result
    if isinstance(result, str):
        return ToolReply.of(result)
    if result is None:
        return ToolReply.of("(no output)")
    if isinstance(result, TextBlock | ImageBlock):
        return ToolReply((result,))
    if isinstance(result, list | tuple):
        items = cast("Sequence[object]", result)
        blocks = tuple(item for item in items if isinstance(item, TextBlock | ImageBlock))
        if blocks and len(blocks) == len(items):
            return ToolReply(blocks)
    try:
        return ToolReply.of(msgspec.json.encode(cast("Any", result)).decode())
    except (TypeError, ValueError) as error:
        kind = type(cast("Any", result)).__name__
        raise ToolError(f"The tool returned a {kind}, which has no JSON form: {error}") from None
