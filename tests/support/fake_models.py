"""A `ProvidersPort` that records what is asked and answers from values a test sets, at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from alloy_tui.domain.models import Capabilities
from alloy_tui.domain.provider import Effort
from alloy_tui.domain.secret import Secret
from alloy_tui.domain.usage import TokenUsage
from alloy_tui.runtime.model_port import (
    Limit,
    ModelList,
    ModelRow,
    SpentSum,
    SpentTurn,
    SpentView,
)

_ALL = Capabilities(tools=True, vision=True, thinking="adaptive")
_WORDS = Capabilities(tools=True, vision=False, thinking="none")


def row(
    name: str,
    service: str,
    window: int | None = None,
    prices: tuple[float | None, float | None] = (None, None),
    **more: object,
) -> ModelRow:
    """A row; prices in and out, US dollars per million."""
    made = ModelRow(name, service, context_window=window, price_in=prices[0], price_out=prices[1])
    return replace(made, **more)


ROWS: tuple[ModelRow, ...] = (
    row(
        "anthropic/claude-sonnet-5",
        "Anthropic",
        1_000_000,
        (3.0, 15.0),
        label="Claude Sonnet 5",
        aliases=("sonnet",),
        capabilities=_ALL,
        recent=1,
    ),
    row(
        "anthropic/claude-opus-5",
        "Anthropic",
        1_000_000,
        (15.0, 75.0),
        label="Claude Opus 5",
        aliases=("opus",),
        capabilities=_ALL,
        favourite=True,
    ),
    row("scripted/tour", "A script", None, recent=2),
    row(
        "openai/gpt-6",
        "OpenAI",
        1_050_000,
        (2.0, 10.0),
        label="GPT-6",
        capabilities=_ALL,
        missing="OPENAI_API_KEY",
        takes_key=True,
    ),
    row(
        "groq/llama-4-8b",
        "Groq",
        131_072,
        (0.05, 0.08),
        label="Llama 4 8B",
        capabilities=_WORDS,
        missing="GROQ_API_KEY",
        takes_key=True,
    ),
    row("azure/", "Azure OpenAI", missing="AZURE_OPENAI_API_KEY", takes_key=True),
)


def spent_view() -> SpentView:
    """A session of two models with three requests, one of no known price, and two limits."""
    sonnet = TokenUsage(input=2_400, cache_read=39_000, cache_write=3_100, output=812, reasoning=90)
    local = TokenUsage(input=1_200, output=40)
    start = 1_760_000_000_000
    turns = (
        SpentTurn(start, "anthropic/claude-sonnet-5", sonnet, 0.0421),
        SpentTurn(start + 60_000, "anthropic/claude-sonnet-5", sonnet, 0.2),
        SpentTurn(start + 120_000, "compat/mine", local, None),
    )
    both = sonnet + sonnet
    return SpentView(
        session=SpentSum(3, both + local, 0.2421, at_least=True),
        by_model={
            "anthropic/claude-sonnet-5": SpentSum(2, both, 0.2421),
            "compat/mine": SpentSum(1, local, None, at_least=True),
        },
        turns=turns,
        day=SpentSum(14, both + both + local, 0.87, at_least=True),
        limits=(Limit("session", "$", 0.2421, 2.0), Limit("day", "tokens", 96_000, 100_000)),
    )


class FakeProviders:
    """`rows` are the models, `lists` what services add when they are asked."""

    def __init__(self, ask: Callable[..., None]) -> None:
        self._ask = ask
        self.rows: Sequence[ModelRow] = ROWS
        self.lists: Sequence[ModelRow] = ()
        self.problems: tuple[str, ...] = ()
        self.held: list[Callable[[ModelList | None], object]] | None = None
        """Set to a list to have questions to services wait there."""
        self.effort: Effort | None = None
        self.efforts: tuple[Effort, ...] = ("none", "low", "medium", "high")
        self.figures: SpentView | None = None

    def set_effort(self, effort: Effort | None) -> None:
        self._ask("set_effort", effort)
        self.effort = effort

    def models(self, then: Callable[[ModelList | None], object], *, live: bool = False) -> None:
        self._ask("models", live)
        if live and self.held is not None:
            self.held.append(then)
        else:
            then(self.answer(live=live))

    def answer(self, *, live: bool) -> ModelList:
        """What is known, with what the services say if they are asked."""
        more = tuple(self.lists) if live else ()
        return ModelList((*self.rows, *more), self.problems if live else ())

    def set_favourite(self, model: str, *, on: bool) -> None:
        self._ask("set_favourite", model, on)

    def set_key(self, service: str, key: Secret, then: Callable[[str | None], object]) -> None:
        self._ask("set_key", service, key)
        self.rows = tuple(
            replace(r, missing="") if r.name.startswith(f"{service}/") else r for r in self.rows
        )
        then("the key file")

    def spent(self, then: Callable[[SpentView | None], object]) -> None:
        self._ask("spent")
        then(self.figures)
