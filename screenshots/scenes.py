"""The scripted conversations behind the pictures: what the model says, and to what.

Owns data only; `__main__` plays them in the real program.
"""

from __future__ import annotations

from typing import Any

PRICE = {"input": 3.0, "output": 15.0, "cache_read": 0.3}

CART = '''"""The cart of a small shop."""


def total(prices: list[float]) -> float:
    """The sum of the prices, in euros."""
    return round(sum(round(p, 2) for p in prices), 2)
'''

TEST = """from cart import total


def test_a_total_is_rounded_once() -> None:
    assert total([0.004, 0.004, 0.004]) == 0.01


if __name__ == "__main__":
    test_a_total_is_rounded_once()
    print("1 passed")
"""

FILES = {"cart.py": CART, "test_cart.py": TEST}


def _call(name: str, **arguments: Any) -> dict[str, Any]:
    return {"name": name, "arguments": arguments}


SESSION: dict[str, Any] = {
    "context_window": 200_000,
    "price": PRICE,
    "replies": [
        {
            "thinking": "A rounding question. The function and its test will tell; "
            "I can read both at once.",
            "text": "I'll look at the function and its test.",
            "tool_calls": [
                _call("read", file_path="cart.py"),
                _call("read", file_path="test_cart.py"),
            ],
            "chunk": 6,
            "chunk_delay_ms": 25,
            "usage": {"input": 1_240, "output": 96, "cache_write": 1_100},
        },
        {
            "text": "`total` rounds every price **before** it adds them up, so small "
            "amounts are lost. I'll round once, at the end.",
            "tool_calls": [
                _call(
                    "edit",
                    file_path="cart.py",
                    old_string="    return round(sum(round(p, 2) for p in prices), 2)",
                    new_string="    return round(sum(prices), 2)",
                )
            ],
            "chunk": 6,
            "chunk_delay_ms": 25,
            "usage": {"input": 310, "output": 122, "cache_read": 2_300},
        },
        {
            "text": "Now the test.",
            "tool_calls": [_call("bash", command="python3 test_cart.py && git push --force")],
            "chunk": 6,
            "chunk_delay_ms": 25,
            "usage": {"input": 180, "output": 54, "cache_read": 2_700},
        },
        {
            "text": "Understood: no push. Only the test, then.",
            "tool_calls": [_call("bash", command="python3 test_cart.py")],
            "chunk": 6,
            "chunk_delay_ms": 25,
            "usage": {"input": 150, "output": 40, "cache_read": 2_900},
        },
        {
            "text": "It passes.\n\n| | before | after |\n|---|---|---|\n"
            "| `total([0.004] * 3)` | 0.0 | **0.01** |\n\n"
            "```python\ndef total(prices: list[float]) -> float:\n"
            '    """The sum of the prices, in euros."""\n'
            "    return round(sum(prices), 2)\n```\n\n"
            "Nothing was pushed.",
            "chunk": 8,
            "chunk_delay_ms": 20,
            "usage": {"input": 120, "output": 130, "cache_read": 3_000},
        },
        {
            "text": "Rounding has a long history. In the beginning merchants " + "counted " * 60,
            "chunk": 8,
            "chunk_delay_ms": 30,
        },
        {
            "error": {
                "kind": "overloaded",
                "message": "The service is overloaded.",
                "status": 529,
                "retry_after_s": 3.0,
            }
        },
        {
            "text": "Round once, at the end; or count in whole cents.",
            "chunk": 6,
            "chunk_delay_ms": 25,
            "usage": {"input": 240, "output": 20, "cache_read": 3_300},
        },
    ],
}

SECOND: dict[str, Any] = {
    "context_window": 1_000_000,
    "price": PRICE,
    "replies": [
        {
            "text": "I am another model, and I have read all of the above.",
            "chunk": 6,
            "chunk_delay_ms": 25,
            "usage": {"input": 3_700, "output": 16},
        }
    ],
}

_FIX = _call(
    "edit",
    file_path="cart.py",
    old_string="    return round(sum(round(p, 2) for p in prices), 2)",
    new_string="    return round(sum(prices), 2)",
)
_RUN = _call("bash", command="python3 test_cart.py")
_CENTS = _call(
    "write",
    file_path="cart.py",
    content=CART.replace(
        "    return round(sum(round(p, 2) for p in prices), 2)",
        "    cents = sum(round(p * 1000) for p in prices)\n    return round(cents / 1000, 2)",
    ),
)
_NOTES = _call("write", file_path="CHANGES.md", content="# Changes\n\n- totals round once\n")
_USED = {"input": 2_400, "output": 160}

BRANCHES: dict[str, Any] = {
    "context_window": 200_000,
    "price": PRICE,
    "replies": [
        {
            "text": "I'll look at the function.",
            "tool_calls": [_call("read", file_path="cart.py")],
            "usage": _USED,
        },
        {"text": "The inner `round` drops small amounts.", "tool_calls": [_FIX], "usage": _USED},
        {"text": "Now the test.", "tool_calls": [_RUN], "usage": _USED},
        {"text": "It passes: rounding happens **once**, at the end.", "usage": _USED},
        {"text": "I note it down.", "tool_calls": [_NOTES], "usage": _USED},
        {"text": "`CHANGES.md` has a line about it.", "usage": _USED},
        {
            "text": "Counting in thousandths avoids the question.",
            "tool_calls": [_CENTS],
            "usage": _USED,
        },
        {"text": "The total is exact until its last step.", "usage": _USED},
    ],
}


def _racer(text: str) -> dict[str, Any]:
    reply = {"text": text, "chunk": 6, "chunk_delay_ms": 60, "usage": _USED}
    return {"context_window": 200_000, "price": PRICE, "replies": [reply]}


SCRIPTS: dict[str, dict[str, Any]] = {
    "first": SESSION,
    "second": SECOND,
    "branches": BRANCHES,
    "careful": _racer(
        "Use `Decimal`.\n\n1. Prices are decimal by nature.\n2. The mode of rounding is said "
        "where it happens.\n3. Tests compare exactly.\n\n```python\n"
        'total = sum(prices, Decimal("0"))\nreturn total.quantize(CENT, ROUND_HALF_EVEN)\n```\n\n'
        "It is slower, by a little."
    ),
    "quick": _racer(
        "Count whole **cents** in an `int`.\n\n- exact, small, fast\n- nothing to import\n\n"
        "Divide by 100 where a price is shown, and nowhere else."
    ),
}
