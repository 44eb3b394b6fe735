"""The document keeps its books whatever is done to it."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from rich.style import Style

from alloy_tui.ui.transcript.blocks import AgentText
from alloy_tui.ui.transcript.document import MAX_ROWS, Document, make_block
from alloy_tui.ui.transcript.look import look_of
from alloy_tui.ui.transcript.specs import AgentBlock, NoticeBlock, ToolBlock, UserBlock

_texts = st.text("ab \n`*-#", max_size=300)
_specs = st.one_of(
    st.builds(UserBlock, _texts),
    st.builds(AgentBlock, _texts),
    st.builds(NoticeBlock, _texts),
    st.builds(ToolBlock, st.just("bash"), result=_texts, state=st.just("done")),
)


class Books(RuleBasedStateMachine):
    """Random use of a document; heights, rows and the anchor must agree after each step."""

    def __init__(self) -> None:
        super().__init__()
        self.document = Document()
        self.anchor = (0, 0)
        self.document.look = look_of(lambda _: Style(), Style(), 40)

    @rule(specs=st.lists(_specs, min_size=1, max_size=30))
    def add(self, specs):
        for spec in specs:
            self.document.add(make_block(spec))

    @rule(width=st.integers(1, 120))
    def resize(self, width):
        self.document.restyle(look_of(lambda _: Style(), Style(), width))

    @precondition(lambda self: len(self.document))
    @rule(data=st.data(), text=_texts)
    def grow(self, data, text):
        index = data.draw(st.integers(0, len(self.document) - 1))
        block = self.document.blocks[index]
        if isinstance(block, AgentText):
            if block.append(text) is None:
                self.document.guess(index)
            else:
                self.document.measured(index)

    @precondition(lambda self: len(self.document))
    @rule(data=st.data(), height=st.integers(1, 50))
    def look_at(self, data, height):
        row = data.draw(st.integers(0, max(0, self.document.total)))
        anchor = self.document.settle(self.document.at(row), height)
        top = self.document.row_of(anchor)
        shown = [self.document.row_at(top + y)[0] for y in range(height)]
        missing = sum(strip is None for strip in shown)
        # Only a document shorter than the window leaves rows of it empty.
        assert missing == max(0, height - self.document.total)
        last = self.document.at(top + height - 1)[0]
        self.document.trim(anchor[0], last)
        seen = sum(len(self.document.blocks[i].rows or ()) for i in range(anchor[0], last + 1))
        assert self.document.held_rows <= MAX_ROWS + seen

    @rule(height=st.integers(1, 50))
    def look_at_the_end(self, height):
        anchor = self.document.settle_end(height)
        assert self.document.row_of(anchor) == max(0, self.document.total - height)

    @invariant()
    def heights_are_those_of_the_rows(self):
        document = self.document
        for index, block in enumerate(document.blocks):
            if block.rows is not None:
                assert document.heights[index] == len(block.rows)
        assert document.held_rows == sum(len(b.rows or ()) for b in document.blocks)
        assert document.total == sum(document.heights[i] for i in range(len(document)))


TestBooks = Books.TestCase
TestBooks.settings = settings(max_examples=60, stateful_step_count=15, deadline=None)
