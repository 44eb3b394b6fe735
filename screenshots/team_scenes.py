"""The team behind its picture: its file, and what each of its agents says.

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

FILES = {".alloy/teams/crew.toml": CREW}


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
