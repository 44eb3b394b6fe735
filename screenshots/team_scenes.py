"""The teams behind the pictures: their files, and what each of their agents says.

Owns data only; `__main__` plays it in the real program.
"""

from __future__ import annotations

from typing import Any

PRICE = {"input": 3.0, "output": 15.0, "cache_read": 0.3}

CREW = """name = "crew"
budget_usd = 2.0
shared = { branch = "fix-rounding" }

[[members]]
name = "researcher"
role = "finds out how things are"
model = "scripted/researcher.json"

[[members]]
name = "coder"
role = "changes the code"
model = "scripted/coder.json"
restart = "transient"

[[members]]
name = "reviewer"
role = "reads what the others wrote"
model = "scripted/reviewer.json"
budget_usd = 0.5
"""

TRIO = """name = "trio"
model = "local/smollm2-135m"

[[members]]
name = "researcher"
role = "finds out how things are"
system_prompt = "Answer in one sentence."
tools = []

[[members]]
name = "coder"
role = "writes the code"
system_prompt = "Write a Python function of two lines."
tools = []

[[members]]
name = "reviewer"
role = "says what to mend"
system_prompt = "Say in one sentence whether it is right."
tools = []
"""

AREAS = (
    "cart",
    "checkout",
    "mail",
    "prices",
    "refunds",
    "reports",
    "search",
    "stock",
    "tax",
    "web",
)
AREA = 10
"""Agents for each area: a hundred together."""

HUNDRED = "\n".join(
    ['name = "hundred"', "budget_usd = 20.0"]
    + [
        f'[[members]]\nname = "{area}-{number}"\nrole = "reads {area}, part {number}"\n'
        f'model = "scripted/{area}-{number}.json"'
        for area in AREAS
        for number in range(AREA)
    ]
)

FILES = {
    ".alloy/teams/crew.toml": CREW,
    ".alloy/teams/trio.toml": TRIO,
    ".alloy/teams/hundred.toml": HUNDRED,
}


def _says(text: str, *calls: dict[str, Any], input_: int = 41_000) -> dict[str, Any]:
    usage = {"input": input_, "output": 1_900}
    reply = {"text": text, "chunk": 6, "chunk_delay_ms": 40, "usage": usage}
    return {**reply, "tool_calls": list(calls)} if calls else reply


def _call(name: str, **arguments: Any) -> dict[str, Any]:
    return {"name": name, "arguments": arguments}


def _model(*replies: dict[str, Any]) -> dict[str, Any]:
    return {"context_window": 200_000, "price": PRICE, "replies": list(replies)}


SCRIPTS: dict[str, dict[str, Any]] = {
    "researcher": _model(
        _says("I read the cart first.", _call("read", file_path="cart.py")),
        _says(
            "`total` rounds every price before the sum, and then the sum once more. "
            + "So 10.005 comes out as 10.01 where 10.00 was meant; the tests know one case of it. "
            * 6,
            input_=23_000,
        ),
    ),
    "coder": _model(
        _says(
            "The test tells first whether it is so.",
            _call("message", to=["researcher"], text="I run the tests before I change it."),
            _call("bash", command="python3 test_cart.py"),
            input_=18_000,
        ),
        _says("It fails, as it should."),
    ),
    "reviewer": _model(
        _says(
            "Nothing to read yet; what is there can go up.",
            _call("bash", command="git push --force origin main"),
            input_=12_000,
        ),
        _says("Understood."),
    ),
}


def _reads_a_part(area: str, number: int) -> dict[str, Any]:
    """One of the hundred, at 20 tokens a second; one in thirty wants to run something first."""
    place = AREAS.index(area) * AREA + number
    words = (
        f"Part {number} of {area} rounds {place % 4 + 1} amounts where it adds them up. "
        f"Its callers hand whole cents on, so line {place * 7 % 180 + 12} can keep them. "
    )
    first = _says("First what is there.", _call("read", file_path="cart.py"), input_=9_000 + place)
    if place % 30 == 17:
        first = _says(
            "The tests tell it.", _call("bash", command=f"pytest -q tests/{area}"), input_=9_000
        )
    long = {**_says(words * 8, input_=14_000 + 37 * place), "chunk": 4, "chunk_delay_ms": 50}
    return _model({**first, "chunk_delay_ms": 20 + place % 7 * 12}, long)


SCRIPTS.update(
    {f"{area}-{number}": _reads_a_part(area, number) for area in AREAS for number in range(AREA)}
)
