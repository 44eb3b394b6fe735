"""Files of other programs, made of Python values."""

from __future__ import annotations

import io
import json
from typing import Any

from alloy_tui.domain import transcript
from alloy_tui.domain.messages import ChatMessage
from alloy_tui.sessions.importing.loading import bring_in
from alloy_tui.sessions.importing.report import Imported
from alloy_tui.sessions.memory import MemoryStore
from alloy_tui.sessions.nodes import Entry
from alloy_tui.sessions.tree import SessionTree
from alloy_tui.sessions.view import view

START = "2026-03-01T10:00:00.000Z"


def lines(*records: Any) -> bytes:
    """Records as JSON lines; strings go in as they are."""
    texts = (r if isinstance(r, str) else json.dumps(r) for r in records)
    return "".join(f"{text}\n" for text in texts).encode()


class Brought:
    """What an import made, at hand for questions."""

    def __init__(self, data: bytes, *beside: tuple[str, bytes]) -> None:
        self.store = MemoryStore()
        files = [(call, io.BytesIO(each)) for call, each in beside]
        self.report: Imported = bring_in(self.store, io.BytesIO(data), beside=files)
        self.tree: SessionTree = self.store.tree(self.report.session)

    def entries(self, node: str | None = None) -> tuple[Entry, ...]:
        """The path to `node`, the leaf if None."""
        return self.store.read(self.report.session, self.tree.path(node or self.tree.leaf))

    def kinds(self, node: str | None = None) -> list[str]:
        """Their kinds."""
        return [e.node.kind for e in self.entries(node)]

    def view(self, node: str | None = None) -> tuple[ChatMessage, ...]:
        """What a model would be shown there; checked."""

        def read(nodes: Any) -> tuple[Entry, ...]:
            return self.store.read(self.report.session, nodes)

        made = view(self.tree, read, node or self.tree.leaf)
        if made:
            transcript.check(made, continuing=True)
        return made

    def check_every_path(self) -> None:
        """Every branch is a request that could be sent."""
        for tip in self.tree.tips():
            self.view(tip)
