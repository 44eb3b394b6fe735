"""Files of any program in any state: read as they are, and never a crash."""

from __future__ import annotations

import contextlib
import io
import json
import tracemalloc
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alloy_tui.sessions.importing import records
from alloy_tui.sessions.importing.loading import bring_in
from alloy_tui.sessions.importing.report import NotImportableError
from alloy_tui.sessions.memory import MemoryStore
from tests.sessions.importing.lines import START, Brought, lines
from tests.sessions.importing.test_claude_code import asked, piece, text

_names = st.sampled_from(["", "a", "b", "c", "d"])
_words = st.sampled_from([
    "user", "assistant", "system", "message", "text", "thinking", "tool_use", "tool_result",
    "toolCall", "toolResult", "reasoning", "function_call", "function_call_output", "compacted",
    "response_item", "event_msg", "thread_rolled_back", "token_count", "compaction", "label",
    "branch_summary", "model_change", "session_info", "input_text", "image", "\ud800", "",
])  # fmt: skip
_keys = st.sampled_from([
    "type", "role", "content", "message", "payload", "uuid", "parentUuid", "id", "parentId",
    "timestamp", "text", "tool_use_id", "call_id", "output", "arguments", "input", "usage",
    "isSidechain", "isMeta", "isCompactSummary", "num_turns", "targetId", "summary", "fromId",
    "replacement_history", "cost", "total", "source", "data", "name", "toolCallId", "thinking",
    "info", "last_token_usage", "input_tokens", "firstKeptEntryId", "label", "exitCode",
])  # fmt: skip
_values = st.recursive(
    _names | _words | st.none() | st.booleans() | st.integers() | st.floats() | st.just(START),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_keys, inner, max_size=5),
    max_leaves=12,
)
_records = st.dictionaries(_keys, _values, max_size=8)
_heads = st.sampled_from([
    {"type": "session", "version": 3, "id": "x", "cwd": "/c"},
    {"type": "session_meta", "payload": {"id": "x"}},
    {"type": "user", "message": {"content": "hi"}, "uuid": "a", "sessionId": "s"},
])  # fmt: skip


def _shaped(kind: str, name: str, above: str | None, body: dict[str, Any]) -> dict[str, Any]:
    """A record that looks like one of every program at once."""
    base = {"type": kind, "uuid": name, "id": name, "parentUuid": above, "parentId": above}
    return {**base, "message": body, "payload": body}


_shapes = st.builds(
    _shaped, _words, _names, st.none() | _names, st.fixed_dictionaries({"role": _words}).flatmap(
        lambda given: _records.map(lambda more: {**more, **given})
    )
)  # fmt: skip


@given(_heads, st.lists(_records | _shapes, max_size=12))
@settings(max_examples=150, deadline=None)
def test_any_records_become_paths_that_can_be_sent(head: Any, others: list[Any]) -> None:
    """Whatever they say, the tree is sound and every branch is a valid request."""
    try:
        got = Brought(lines(head, *others))
    except NotImportableError:
        return
    got.check_every_path()
    assert got.report.branches == len(got.tree.tips())


@given(st.binary(max_size=300))
@settings(max_examples=100, deadline=None)
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    """In words, and nothing else is raised."""
    with contextlib.suppress(NotImportableError):
        Brought(data)


@pytest.mark.parametrize("depth", [500, 100_000])
def test_nesting_without_end_is_a_damaged_line(depth: int) -> None:
    """It costs that line alone."""
    deep = '{"type":"user","message":' + "[" * depth + "]" * depth + "}"
    got = Brought(lines(asked("u1", None, "hello"), deep, asked("u2", "u1", "more")))
    assert got.kinds() == ["user", "user"]
    got.check_every_path()


def test_a_line_too_long_is_a_damaged_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is passed over without being held."""
    monkeypatch.setattr(records, "LONGEST", 1000)
    got = Brought(
        lines(asked("u1", None, "hello"), asked("u2", "u1", "x" * 5000), asked("u3", "u2", "on"))
    )
    assert (got.report.skipped, got.kinds()) == (1, ["user", "user"])


def test_numbers_beyond_all_measure_are_kept_within() -> None:
    """Money and counts without sense are unknown."""
    usage = {"input_tokens": -1, "output_tokens": 1e400, "cache_read_input_tokens": "x"}
    line = piece("a1", "u1", "m1", text("hi"))
    line["message"]["usage"] = usage
    line["costUSD"] = float("inf")
    got = Brought(lines(asked("u1", None, "hello"), line))
    answer = got.entries()[1].node
    assert (answer.cost, answer.usage.output, answer.usage.input) == (None, None, None)  # type: ignore[union-attr] -- it is an answer


def test_a_file_is_read_as_it_comes() -> None:
    """Long before its end the first messages are stored, and nothing is held twice."""

    class Counting(MemoryStore):
        held = 0

        def append(self, session: str, entries: Any, token: str) -> Any:
            self.held = max(self.held, len(entries))
            return super().append(session, [], token)  # forgets: only the reading is weighed

    def written() -> bytes:
        made = [json.dumps(asked("u0", None, "start"))]
        made += [json.dumps(asked(f"u{n}", f"u{n - 1}", "x" * 20_000)) for n in range(1, 1000)]
        return "\n".join(made).encode()

    data, store = written(), Counting()
    file = io.BytesIO(data)
    tracemalloc.start()
    report = bring_in(store, file)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert report.entries == 1001
    assert store.held <= 64
    # The first handful is in the store, and another on its way.
    assert most < len(data) / 4
