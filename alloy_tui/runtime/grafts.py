"""Grafts: something of another branch is brought to where the conversation stands.

Owns what is brought (an answer, a summary that a model writes, changes to files)
and the words around it. All methods belong to the engine's loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import msgspec

from alloy_tui.agent.agent import Agent
from alloy_tui.domain.errors import SessionError
from alloy_tui.domain.events import EngineEvent, Notice
from alloy_tui.domain.messages import ChatMessage, TextBlock
from alloy_tui.domain.results import RunResult
from alloy_tui.runtime.branch_values import GraftWhat
from alloy_tui.runtime.conversing import Conversing
from alloy_tui.runtime.kept_files import KeptFiles
from alloy_tui.runtime.session_desk import SessionDesk
from alloy_tui.sessions import moves
from alloy_tui.sessions.live import LiveSession
from alloy_tui.sessions.nodes import Answer, Graft, UserMessage
from alloy_tui.sessions.words import words_of

_LONGEST = 60_000
"""How many characters of a branch a summary is made of; its end counts most."""
_TASK = (
    "Below is one branch of a conversation between a user and an assistant. Summarise what was "
    "asked, what was found out, decided and done, so that someone who has not seen it can go on "
    "from there. Name files and commands exactly. Be brief; add nothing of your own.\n\n"
)


class Grafts:
    """`files` is asked when needed; `summariser` makes an agent without tools or listeners."""

    def __init__(
        self,
        desk: SessionDesk,
        conversing: Conversing,
        *,
        files: Callable[[], KeptFiles | None],
        summariser: Callable[[], Awaitable[Agent]],
        publish: Callable[[EngineEvent], object],
    ) -> None:
        self._desk = desk
        self._conversing = conversing
        self._files = files
        self._summariser = summariser
        self._publish = publish
        self._task: asyncio.Task[RunResult] | None = None

    async def bring(self, node: str, what: GraftWhat) -> None:
        """Bring `what` of the branch that ends at `node`. Raises AlloyError."""
        await self._conversing.quiet()
        with self._conversing.held():
            await self._conversing.ready()
            await self._bring(node, what)

    def cancel(self) -> None:
        """Give a summary up that is being written."""
        if self._task is not None:
            self._task.cancel()

    async def _bring(self, node: str, what: GraftWhat) -> None:
        live = self._desk.session()
        if live.stored.is_ancestor(node, live.stored.leaf):
            raise SessionError("That message is on this branch already.")
        made = Graft(live.id, node, what)
        if what == "answer":
            words = await asyncio.to_thread(_answer, live, node)
        elif what == "summary":
            model, result = await self._summary(live, node)
            words = f"[The user brought a summary of another branch here:]\n\n{result.text}"
            made = msgspec.structs.replace(made, model=model, usage=result.usage, cost=result.cost)
        else:
            files = self._files()
            if files is None:
                raise SessionError("Files are not kept here.")
            paths = await files.bring(node)
            words = "[The user brought changes to files here from another branch:]\n"
            words += "\n".join(paths)
        said = ChatMessage("user", (TextBlock(words),), synthetic=True)
        graft = msgspec.structs.replace(made, messages=(said,))
        await self._desk.do([moves.follow(live.tree, graft, self._desk.stamps())])
        await self._conversing.arrived()

    async def _summary(self, live: LiveSession, node: str) -> tuple[str, RunResult]:
        """The model that wrote it, and what it wrote."""
        told = await asyncio.to_thread(_told, live, node)
        agent = await self._summariser()
        self._publish(Notice("info", f"{agent.model} summarises the other branch …"))
        self._task = asyncio.create_task(_summarise(agent, told), name="summarising a branch")
        try:
            return agent.model, await self._task
        except asyncio.CancelledError:
            if self._task.cancelled():
                raise SessionError("The summary was given up; nothing was brought.") from None
            raise
        finally:
            self._task = None
            await agent.stop()


async def _summarise(agent: Agent, told: str) -> RunResult:
    result = await agent.chat(_TASK + told)
    if not result.ok or not result.text.strip():
        why = result.error.message if result.error is not None else result.status
        raise SessionError(f"The branch could not be summarised: {why}")
    return result


def _answer(live: LiveSession, node: str) -> str:
    """The last words of a model on the path to `node`."""
    tree = live.stored
    for each in reversed(tree.path(node)):
        if tree.kind(each) != "answer":
            continue
        (entry,) = live.read((each,))
        if isinstance(entry.node, Answer) and entry.node.message.text.strip():
            about = (
                f"[The user brought this answer of {entry.node.model} here from another branch:]"
            )
            return f"{about}\n\n{entry.node.message.text}"
    raise SessionError("There is no answer on that branch to bring.")


def _told(live: LiveSession, node: str) -> str:
    """What was said on the branch since it left ours."""
    tree = live.stored
    shared = tree.path(tree.common_ancestor(node, tree.leaf))
    parts: list[str] = []
    for entry in live.read(tree.path(node)[len(shared) :]):
        who = "User" if isinstance(entry.node, UserMessage) else "Assistant"
        who = who if isinstance(entry.node, UserMessage | Answer) else entry.node.kind
        if words := words_of(entry.node).strip():
            parts.append(f"{who}: {words}")
    text = "\n\n".join(parts)
    if not text:
        raise SessionError("There is nothing on that branch to summarise.")
    return text if len(text) <= _LONGEST else "…" + text[-_LONGEST:]
