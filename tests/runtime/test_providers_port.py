"""Models, keys, the thinking level and spending as a screen asks for them."""

from __future__ import annotations

import json
import stat
from typing import Any

import pytest

from alloy_tui.domain import events as ev
from alloy_tui.domain.secret import Secret
from alloy_tui.runtime.model_port import ModelList, ModelRow
from alloy_tui.settings import locate
from tests.runtime.test_tree_port import asked

KEYED = {"ANTHROPIC_API_KEY": "sk-ant-of-a-test"}


def rows(runtime: Any, **given: Any) -> dict[str, ModelRow]:
    found: ModelList = asked(lambda then: runtime.providers.models(then, **given))
    return {row.name: row for row in found.rows}


@pytest.fixture
def ready(open_runtime, script) -> Any:
    runtime, listener = open_runtime(script({"text": "hello"}), environment=KEYED)
    listener.until(ev.AgentStarted)
    return runtime, listener


def test_models_of_services_without_a_key_say_what_to_set(ready) -> None:
    runtime, _ = ready
    known = rows(runtime)
    assert not known["anthropic/claude-opus-5-5"].missing
    assert known["anthropic/claude-opus-5-5"].choosable
    gpt = next(row for name, row in known.items() if name.startswith("openai/"))
    assert gpt.missing == "OPENAI_API_KEY"
    assert gpt.takes_key
    assert not gpt.choosable


def test_a_row_has_the_catalogues_figures_and_aliases(ready) -> None:
    runtime, _ = ready
    opus = rows(runtime)["anthropic/claude-opus-5-5"]
    assert opus.service == "Anthropic"
    assert "opus" in opus.aliases
    assert opus.context_window == 1_000_000
    assert opus.price_in is not None
    assert opus.capabilities.thinking == "adaptive"


def test_a_service_without_known_models_has_a_row_that_says_what_it_lacks(ready) -> None:
    runtime, _ = ready
    azure = rows(runtime)["azure/"]
    assert "AZURE" in azure.missing
    assert not azure.choosable


def test_a_key_that_was_entered_holds_at_once_and_is_kept_privately(ready) -> None:
    runtime, listener = ready
    key = "sk-entered-by-hand"
    where = asked(lambda then: runtime.providers.set_key("openai", Secret(key), then))
    path = locate().key_file
    assert str(path) in where
    assert key not in where
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert json.loads(path.read_text())["keys"] == {"openai": key}
    known = rows(runtime)
    name = next(n for n in known if n.startswith("openai/"))
    assert known[name].choosable
    runtime.set_model(name)
    assert listener.until(ev.ModelChanged).to_model == name


def test_a_new_key_of_the_service_that_answers_is_used_by_the_next_request(ready) -> None:
    runtime, listener = ready
    runtime.set_model("anthropic/claude-opus-5-5")
    listener.until(ev.ModelChanged)
    where = asked(lambda then: runtime.providers.set_key("anthropic", Secret("sk-2"), then))
    assert "environment variable ANTHROPIC_API_KEY goes before it" in where
    listener.until(ev.ModelChanged, from_model="anthropic/claude-opus-5-5")


def test_a_key_that_cannot_be_one_is_refused_in_words_and_not_shown(ready) -> None:
    runtime, listener = ready
    said = asked(lambda then: runtime.providers.set_key("openai", Secret("bad\nkey"), then))
    assert said is None
    notice = listener.until(ev.Notice)
    assert "bad" not in notice.text
    assert not locate().key_file.exists()


def test_favourites_and_what_was_chosen_last_are_kept(ready, open_runtime, script) -> None:
    runtime, listener = ready
    runtime.providers.set_favourite("anthropic/claude-opus-5-5", on=True)
    runtime.set_model("anthropic/claude-sonnet-5-5")
    listener.until(ev.ModelChanged)
    runtime.set_model("anthropic/claude-haiku-5-5")
    listener.until(ev.ModelChanged, to_model="anthropic/claude-haiku-5-5")
    rows(runtime)
    runtime.close()
    again, heard = open_runtime(script(name="other"), environment=KEYED)
    heard.until(ev.AgentStarted)
    known = rows(again)
    assert known["anthropic/claude-opus-5-5"].favourite
    assert known["anthropic/claude-haiku-5-5"].recent == 1
    assert known["anthropic/claude-sonnet-5-5"].recent == 2
    again.providers.set_favourite("anthropic/claude-opus-5-5", on=False)
    assert not rows(again)["anthropic/claude-opus-5-5"].favourite


def test_the_thinking_level_is_told_and_remembered(ready, open_runtime, script) -> None:
    runtime, listener = ready
    runtime.providers.set_effort("high")
    assert listener.until(ev.AgentConfigured).what == ("effort",)
    assert runtime.providers.effort == "high"
    runtime.close()
    again, heard = open_runtime(script(name="other"), environment=KEYED)
    heard.until(ev.AgentStarted)
    assert again.providers.effort == "high"


def test_the_words_for_thinking_are_those_that_the_model_knows(ready) -> None:
    runtime, listener = ready
    assert runtime.providers.efforts == ()
    runtime.set_model("anthropic/claude-opus-5-5")
    listener.until(ev.ModelChanged)
    assert runtime.providers.efforts == ("none", "low", "medium", "high", "xhigh", "max")


def test_what_was_spent_comes_from_the_store_by_turn_and_model(ready) -> None:
    runtime, listener = ready
    runtime.submit("hi")
    listener.until(ev.RunFinished)
    spent = asked(runtime.providers.spent)
    assert len(spent.turns) == 1
    assert spent.session.requests == 1
    assert spent.session.at_least
    assert spent.day.requests == 1
    assert list(spent.by_model) == [spent.turns[0].model]


def test_services_that_do_not_answer_are_told_of_and_change_nothing(open_runtime, script) -> None:
    environment = {**KEYED, "ALLOY_ANTHROPIC_BASE_URL": "http://127.0.0.1:9"}
    runtime, listener = open_runtime(script({"text": "x"}), environment=environment)
    listener.until(ev.AgentStarted)
    found: ModelList = asked(lambda then: runtime.providers.models(then, live=True))
    assert any(words.startswith("Anthropic: ") for words in found.problems)
    assert any(row.name == "anthropic/claude-opus-5-5" for row in found.rows)
