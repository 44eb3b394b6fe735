"""Sessions in the store that the command line opens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from alloy_tui.cli import main
from alloy_tui.domain.messages import TextBlock, ToolCallBlock, ToolResultBlock
from alloy_tui.domain.messages import assistant as said
from alloy_tui.domain.usage import TokenUsage
from alloy_tui.runtime.session_folder import open_store
from alloy_tui.sessions import moves
from alloy_tui.sessions.nodes import Answer, ToolResult
from alloy_tui.sessions.store import SessionStore
from alloy_tui.settings import locate
from tests.sessions.conftest import Talk

Alloy = Callable[..., tuple[int, str, str]]


@contextmanager
def stored() -> Iterator[SessionStore]:
    """The user's store."""
    store = open_store(locate())
    try:
        yield store
    finally:
        store.close()


def two_ways(title: str = "Apples", cwd: str = "/orchard") -> tuple[str, list[str]]:
    """A session with two branches after the first answer; its id, and those of its nodes.

    The nodes: question, answer, on the left a question and an answer with a
    call and its result, on the right (where it stands) a question and an answer.
    """
    with stored() as store:
        talk = Talk.begin(store, title=title, cwd=cwd)
        made = [talk.ask("Which apple is best?"), talk.answer("The Boskoop.")]
        made.append(talk.ask("Prove it with numbers."))
        call = ToolCallBlock("c1", "bash", {"command": "weigh boskoop"})
        usage = TokenUsage(input=9, output=3)
        made.append(talk.put(Answer(said("Weighing.", call), "s/m", usage, 0.25)))
        result = ToolResultBlock("c1", (TextBlock("312 g\n  heavy"),))
        made.append(talk.put(ToolResult(result, "bash")))
        talk.keep(moves.checkpoint(talk.tree, made[2].id, talk.stamps(), label="numbers"))
        talk.keep(moves.branch(talk.tree, made[1].id, talk.stamps()))
        made += [talk.ask("Prove it with a poem."), talk.answer("O Boskoop, rough and round.")]
        store.release(talk.token).result()
        return talk.session, [entry.id for entry in made]


def one(text: str, **opened: str) -> str:
    """A session of one message; its id."""
    with stored() as store:
        talk = Talk.begin(store, **opened)
        talk.ask(text)
        return talk.session


def run(*arguments: str) -> int:
    """The command line within this process."""
    return main(["sessions", *arguments])
