"""Fills the conversation from the session on screen: its end first, what came before when wanted.

Owns which node stands in which block, what of a new path is on show already,
and the pages above. How a node looks is `history_blocks`' business; asking goes
to a `TreePort`, whose answers come back as `PageCame`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from msgspec.structs import replace
from textual.message import Message

from alloy_tui.runtime.path_values import NodeKind, PathItem, PathPage
from alloy_tui.runtime.session_port import TreePort
from alloy_tui.ui.panes.history_blocks import Piece, leading_results, pieces_of, turn_words
from alloy_tui.ui.transcript import BlockId, Transcript

FIRST_ITEMS = 120
"""Nodes of the first page: more than a screen shows, and few enough to be there at once."""
MORE_ITEMS = 400
"""Nodes of each page above: what one frame can take without being late."""
_MARKED_ITEMS = 64


class PageCame(Message, bubble=False):
    """An answer to the question `asked`, None when there is none."""

    def __init__(self, asked: int, page: PathPage | None) -> None:
        super().__init__()
        self.asked = asked
        self.page = page


class Cards(Protocol):
    """Who keeps the calls behind the cards."""

    def history_cards(self, cards: Sequence[tuple[BlockId, Piece]], *, above: bool) -> None:
        """These cards were put up; `above` all others, or below."""
        ...

    def history_images(self, images: Mapping[BlockId, bytes]) -> None:
        """These blocks show images, all of whose bytes these are."""
        ...

    def history_cut(self, block: BlockId | None) -> None:
        """Everything from this block on is gone; None = everything."""
        ...


class ChatHistory:
    """The stored part of a transcript; `post` takes answers to the screen's thread."""

    def __init__(
        self,
        transcript: Transcript,
        tree: TreePort,
        cards: Cards,
        post: Callable[[Message], object],
    ) -> None:
        self._transcript = transcript
        self._tree = tree
        self._cards = cards
        self._post = post
        self._asked = 0
        self._wanted: str = ""  # "first", "above", "marks" or nothing
        self._opened_ms = 0
        self._session = ""
        self._blocks: dict[str, BlockId] = {}
        self._nodes: dict[BlockId, PathItem] = {}
        self._items: list[PathItem] = []
        self._end: BlockId | None = None
        self._before = 0
        self._unplaced: list[PathItem] = []
        self._sought: str | None = None
        self._live: list[BlockId] = []
        self.late = False
        """Whether messages that were sent since wait to be put up when the page has come."""

    @property
    def filling(self) -> bool:
        """Whether the end of another path is on its way; what happens meanwhile must wait."""
        return self._wanted == "first"

    def reload(self, at_ms: int) -> None:
        """The conversation stands elsewhere since `at_ms`: take its end anew."""
        self._opened_ms, self.late = at_ms, False
        self._ask("first", FIRST_ITEMS)

    def earlier(self) -> None:
        """What came before is wanted."""
        if not self._wanted and self._before:
            self._ask("above", MORE_ITEMS, before=self._first_id)

    def saved(self) -> None:
        """Something is on disk: live messages may have got a place beside others."""
        if self._live and not self._wanted:
            self._ask("marks", _MARKED_ITEMS)

    def last_said(self, kind: NodeKind) -> str:
        """The text of the last message of that kind, as far as it is here; else ""."""
        found = (i.message.text for i in reversed(self._items) if i.kind == kind and i.message)
        return next((text for text in found if text), "")

    def tells_of(self, model: str) -> bool:
        """Whether what is on show ends with that model's answer, or with the switch to it."""
        models = (i.model for i in reversed(self._items) if i.kind in {"model", "answer"})
        return not self._live and next(models, "") == model

    def live_message(self, block: BlockId) -> None:
        """A message of the user was put up that no page has told of."""
        self._live.append(block)

    def node_of(self, block: BlockId) -> PathItem | None:
        """The message of the user that stands in a block, if it is known."""
        return self._nodes.get(block)

    def last_turn(self, before: BlockId | None = None) -> PathItem | None:
        """The last message with others beside it, at or above a block if one is named."""
        found: PathItem | None = None
        for block, item in sorted(self._nodes.items()):
            if before is not None and block > before:
                break
            found = item if len(item.siblings) > 1 else found
        return found

    def show(self, node: str) -> None:
        """Bring a node into view, loading what is above until it is there."""
        block = self._blocks.get(node)
        self._sought = None
        if block is not None:
            self._transcript.follow = False
            self._transcript.show_block(block, at_top=True)
        elif self._before or self._wanted:
            self._sought = node
            self.earlier()

    def seek(self, node: str, *, here: bool) -> None:
        """Show a node when it comes; `here` if the session on screen is its own already."""
        if node in self._blocks or (here and (self._before or self._wanted)):
            self.show(node)
        else:
            self._sought = node

    def take(self, message: PageCame) -> bool:
        """An answer; whether it was the end of another path."""
        if message.asked != self._asked:
            return False
        wanted, self._wanted = self._wanted, ""
        page = message.page
        if page is None:
            self._transcript.more_above = bool(self._before) and wanted != "above"
        elif wanted == "first":
            self._fill(self._as_it_was(page))
        elif wanted == "above":
            self._put_above(page)
        else:
            self._mark(page.items)
        if self._sought is not None:
            self.show(self._sought)
        return wanted == "first"

    # -- asking ---------------------------------------------------------------------------

    def _ask(self, what: str, limit: int, before: str | None = None) -> None:
        self._asked += 1
        self._wanted = what
        asked, post = self._asked, self._post

        def then(page: PathPage | None) -> None:
            post(PageCame(asked, page))

        self._tree.items(then, before=before, limit=limit)

    @property
    def _first_id(self) -> str | None:
        return (self._unplaced or self._items)[0].id if self._unplaced or self._items else None

    # -- the end of a path ----------------------------------------------------------------

    def _as_it_was(self, page: PathPage) -> PathPage:
        """The page without what was sent since it was asked for: that is put up as it happens."""
        if not self.late:
            return page
        return replace(page, items=tuple(i for i in page.items if i.at_ms <= self._opened_ms))

    def _fill(self, page: PathPage) -> None:
        kept = self._kept(page)
        if kept is None:
            self._forget()
            self._before = page.before
            cut = leading_results(page.items) if page.before else 0
            self._unplaced = list(page.items[:cut])
            self._add(page.items[cut:])
        else:
            self._add(page.items[kept:])
        self._transcript.more_above = bool(self._before or self._unplaced)
        self._session = page.session

    def _kept(self, page: PathPage) -> int | None:
        """How many items of `page` are on show; the rest of what is on show goes. None = all go."""
        ids = {item.id: n for n, item in enumerate(self._items)}
        start = next((n for n, item in enumerate(page.items) if item.id in ids), None)
        if start is None or page.session != self._session:
            return None
        old, new = self._items, page.items[start:]
        at = ids[new[0].id]
        end = at
        for one, other in zip(old[at:], new, strict=False):
            if one.id != other.id or one.growing or other.growing:
                break
            end += 1
        # A call and its results are one card: what follows begins with no result.
        while end > 0 and (_is_result(old, end) or (end >= at and _is_result(new, end - at))):
            end -= 1
        if end < max(1, at):
            return None
        for item in new[: end - at]:
            self._renew(item)
        self._cut(end)
        return start + end - at

    def _cut(self, end: int) -> None:
        gone = self._items[end:]
        del self._items[end:]
        first = next((self._blocks[item.id] for item in gone if item.id in self._blocks), None)
        if first is None and self._end is not None:
            first = self._end + 1  # what was live since
        for item in gone:
            self._blocks.pop(item.id, None)
        self._live.clear()
        if first is not None:
            self._nodes = {block: item for block, item in self._nodes.items() if block < first}
            self._transcript.cut_from(first)
            self._cards.history_cut(first)
            self._end = first - 1

    def _renew(self, item: PathItem) -> None:
        block = self._blocks.get(item.id)
        known = self._nodes.get(block) if block is not None else None
        if block is not None and known is not None and known.siblings != item.siblings:
            self._nodes[block] = item
            self._transcript.set_title(block, turn_words(item.siblings, item.id))

    def _forget(self) -> None:
        self._blocks.clear()
        self._nodes.clear()
        self._items.clear()
        self._live.clear()
        self._unplaced = []
        self._end = None
        self._before = 0
        self._transcript.clear()
        self._cards.history_cut(None)

    def forget(self) -> None:
        """Nothing of the session is on show any more."""
        self._asked += 1
        self._wanted = ""
        self._forget()

    def _add(self, items: Sequence[PathItem]) -> None:
        pieces = pieces_of(items)
        self._items += items
        if pieces:
            self._end = self._transcript.add(*(piece.spec for piece in pieces))
            self._place(pieces, self._end - len(pieces) + 1, items, above=False)

    # -- pages above ----------------------------------------------------------------------

    def _put_above(self, page: PathPage) -> None:
        items = [*page.items, *self._unplaced]
        cut = leading_results(items) if page.before else 0
        self._unplaced, items = items[:cut], items[cut:]
        pieces = pieces_of(items)
        self._items[:0] = items
        self._before = page.before
        if pieces:
            first = self._transcript.add_above(*(piece.spec for piece in pieces))
            self._place(pieces, first, items, above=True)
        self._transcript.more_above = bool(self._before)

    def _place(
        self, pieces: Sequence[Piece], first: BlockId, items: Sequence[PathItem], *, above: bool
    ) -> None:
        # A command of the user's own is a card, and has no place among messages to turn.
        by_id = {item.id: item for item in items if item.kind == "user" and not item.name}
        for block, piece in enumerate(pieces, first):
            if piece.node not in self._blocks:
                self._blocks[piece.node] = block
                if piece.node in by_id:
                    self._nodes[block] = by_id[piece.node]
        cards = [(block, p) for block, p in enumerate(pieces, first) if p.key is not None]
        self._cards.history_cards(cards, above=above)
        self._cards.history_images({b: p.data for b, p in enumerate(pieces, first) if p.data})

    # -- live messages --------------------------------------------------------------------

    def _mark(self, items: Sequence[PathItem]) -> None:
        """Find the live messages among the last nodes, the newest first."""
        said = [i for i in items if i.kind == "user" and i.message and not i.message.synthetic]
        left: list[BlockId] = []
        for block in reversed(self._live):
            text = self._transcript.text_of(block)
            while said and said[-1].message and said[-1].message.text.strip() != text.strip():
                said.pop()
            if not said:
                left.insert(0, block)
                continue
            item = said.pop()
            self._nodes[block], self._blocks[item.id] = item, block
            words = turn_words(item.siblings, item.id)
            if words:
                self._transcript.set_title(block, words)
        self._live = left


def _is_result(items: Sequence[PathItem], place: int) -> bool:
    return place < len(items) and items[place].kind == "tool_result"
