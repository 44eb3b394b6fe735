"""A conversation that goes from service to service is right for whichever comes next."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alloy_tui.agent.prompts import built_in_prompt
from alloy_tui.domain.messages import ChatMessage, TextBlock, ToolResultBlock, tool_results, user
from alloy_tui.domain.models import ModelInfo, ModelRef
from alloy_tui.domain.provider import CompletionRequest
from alloy_tui.domain.tool import ToolSpec
from alloy_tui.domain.transcript import repair
from alloy_tui.providers.services import find_service
from alloy_tui.tools.core import core_tools
from tests.providers.answers import read
from tests.providers.conversations import MESSAGES
from tests.providers.conversations import READ as READ_TOOL
from tests.providers.rules import RULES
from tests.providers.streams import FORMATS, Call, Said
from tests.providers.test_service_conversations import SERVICES

STREAMS = {name: service.stream for name, service in SERVICES.items()}
STREAMS["compat"] = FORMATS["openai-chat"].stream
MODELS = {name: service.model for name, service in SERVICES.items()} | {"compat": "m"}


def mark(service: str) -> str:
    """A signature that tells whose it is."""
    return f"mark-{service}-="


def answer(service: str, history: list[ChatMessage], said: Said) -> ChatMessage:
    """What our decoder makes of an answer of `service`."""
    body = b"".join(STREAMS[service](said))
    message = read(service, body, history=history, model=MODELS[service]).message
    return ChatMessage("assistant", message.blocks, origin=f"{service}/{MODELS[service]}")


def results_of(message: ChatMessage, words: str) -> ChatMessage:
    """The answer to all calls of `message`."""
    return tool_results(*(ToolResultBlock(c.id, (TextBlock(words),)) for c in message.tool_calls))


def body_of(service: str, messages: tuple[ChatMessage, ...], **more: Any) -> bytes:
    """The request to `service`."""
    info = ModelInfo(ModelRef(service, MODELS[service]))
    given = {"system": "Be good.", "tools": (READ_TOOL,), "conversation": "c", **more}
    request = CompletionRequest(messages=messages, **given)
    return find_service(service).wire_for(MODELS[service]).encode(request, info)


_IDS = st.sampled_from(["", "call_1", "functions.read:0", "x" * 70, "toolu_01Ab", "a b"])
_CALLS = st.lists(
    st.builds(
        Call,
        _IDS,
        st.sampled_from(["read", "odd name"]),
        st.sampled_from([('{"p":', "1}"), ("{}",)]),
    ),
    max_size=3,
)
_STEPS = st.lists(
    st.tuples(
        st.sampled_from(sorted(STREAMS)),
        st.sampled_from([(), ("Well, ", "then."), (" ",)]),
        st.sampled_from([(), ("Hm",)]),
        _CALLS,
        st.sampled_from(["answered", "answered", "interrupted", "spoken to"]),
    ),
    min_size=1,
    max_size=6,
)


@given(_STEPS)
@settings(max_examples=150, deadline=None)
def test_any_way_through_the_services_is_right_for_each(steps: list[Any]) -> None:
    """What their decoders keep of real streams, spelled for each of the others."""
    history: list[ChatMessage] = [user("Go")]
    for service, text, thinking, calls, fate in steps:
        said = Said(text, thinking, tuple(calls), mark(service))
        message = answer(service, history, said)
        history.append(message)
        if message.tool_calls and fate != "interrupted":
            history.append(results_of(message, "found"))
        if not message.tool_calls or fate == "spoken to":
            history.append(user("On"))
    mended = repair([*history, user("End")])
    for target, rules in RULES.items():
        made = json.loads(body_of(target, mended))
        assert list(rules(made)) == [], target
        assert _foreign(target, json.dumps(made)) == [], target


def _foreign(target: str, body: str) -> list[str]:
    return [s for s in STREAMS if s != target and f'"{mark(s)}"' in body]


@pytest.mark.parametrize("target", RULES)
@given(messages=MESSAGES)
@settings(max_examples=40, deadline=None)
def test_any_conversation_keeps_the_rules(target: str, messages: list[ChatMessage]) -> None:
    """However strange it is: twins of ids, images, blank words, results without calls."""
    made = json.loads(body_of(target, repair([*messages, user("End")])))
    assert list(RULES[target](made)) == []


@pytest.mark.parametrize("service", sorted(STREAMS))
def test_what_a_service_signed_goes_back_to_it(service: str) -> None:
    """A switch to another service and back loses none of what the first one gave."""
    history = [user("Go")]
    said = Said(("Text.",), ("Hm",), (Call("call_1", "read", ("{}",)),), mark(service))
    first = answer(service, history, said)
    history += [first, results_of(first, "found")]
    other = "anthropic" if service != "anthropic" else "gemini"
    history += [answer(other, history, Said(("Yes.",), ("Ha",), (), mark(other))), user("On")]
    body = body_of(service, tuple(history)).decode()
    signs = service not in ("compat", "deepseek", "groq", "ollama")
    assert (mark(service) in body) == signs
    assert mark(other) not in body


@pytest.mark.parametrize("service", sorted(STREAMS))
def test_the_beginning_of_a_session_stays_the_same(service: str) -> None:
    """Over 20 turns with tools, each request repeats at least 99 % of the bytes of the last."""
    tools = tuple(t.spec for t in core_tools(Path.cwd()))
    system = built_in_prompt(Path("/home/someone/project"), 0)
    history = [user("Find out why the test fails, and mend it.")]
    before = b""
    for turn in range(20):
        said = Said((f"Step {turn}. ", "I look at it."), ("Hm, ", "well."), (), mark(service))
        if turn % 5 != 4:
            calls = (Call(f"call_{turn}", "read", ('{"file_path": "a.py"}',)),)
            said = Said(said.text, said.thinking, calls, said.mark)
        message = answer(service, history, said)
        words = "def f(x):\n    return x\n" * 20
        history += [message, results_of(message, words) if message.tool_calls else user("Go on.")]
        body = body_of(service, repair(history), system=system, tools=tools)
        same = next(
            (n for n, (a, b) in enumerate(zip(before, body, strict=False)) if a != b), len(before)
        )
        assert same >= 0.99 * len(before)
        before = body


@pytest.mark.parametrize("service", sorted(STREAMS))
def test_the_first_request_of_a_session_is_small(service: str) -> None:
    """System prompt, tools and all: under 6 kB."""
    tools: tuple[ToolSpec, ...] = tuple(t.spec for t in core_tools(Path.cwd()))
    system = built_in_prompt(Path("/home/someone/project"), 0)
    assert len(body_of(service, (user("Hi"),), system=system, tools=tools)) < 6000
