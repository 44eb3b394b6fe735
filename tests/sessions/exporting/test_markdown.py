"""Markdown: what was said as it was said, and what tools brought safely fenced."""

from __future__ import annotations

from hypothesis import given
from markdown_it import MarkdownIt

from alloy_tui.domain.messages import TextBlock, ThinkingBlock, ToolCallBlock, ToolResultBlock
from alloy_tui.domain.messages import assistant as said
from alloy_tui.sessions import moves
from alloy_tui.sessions.exporting.markdown import code_span, conversation, fenced, plain
from alloy_tui.sessions.nodes import Answer, ToolResult
from alloy_tui.sessions.store import SessionStore
from tests.sessions.conftest import Talk
from tests.sessions.test_codec import any_text

_markdown = MarkdownIt("commonmark")


def written(talk: Talk, node: str | None = None) -> str:
    """The conversation to the leaf, or to `node`."""
    entries = talk.read(*talk.tree.path(node or talk.tree.leaf))
    return "".join(conversation(talk.store.session(talk.session), entries, talk.tree.labels))


def test_a_conversation_reads_from_top_to_bottom(store: SessionStore) -> None:
    """Title, who speaks, thinking, calls, results, labels."""
    talk = Talk.begin(store, title="A *title*", cwd="/project")
    asked = talk.ask("Look at **this**.")
    talk.keep(moves.checkpoint(talk.tree, asked.id, talk.stamps(), label="start"))
    call = ToolCallBlock("c", "bash", {"command": "ls"})
    blocks = (ThinkingBlock("hm\nhm"), TextBlock("I *look*."), call)
    talk.put(Answer(said(*blocks), "s/m"))
    talk.put(ToolResult(ToolResultBlock("c", (TextBlock("a ``` b"),)), "bash"))
    text = written(talk)
    expected = [
        "# A \\*title\\*",
        "`/project`",
        "## You — start",
        "Look at **this**.",
        "## s/m",
        "> *Thinking*",
        "> hm\n> hm",
        "I *look*.",
        "Call of **bash**:\n\n```sh\nls\n```",
        "Result of **bash**:\n\n````\na ``` b\n````",
    ]
    places = [text.index(piece) for piece in expected]
    assert places == sorted(places)


def test_another_branch_can_be_chosen(store: SessionStore) -> None:
    """Only its own messages are in it."""
    talk = Talk.begin(store)
    first = talk.ask("first")
    other = talk.answer("one way")
    talk.keep(moves.branch(talk.tree, first.id, talk.stamps()))
    talk.answer("another way")
    assert "one way" not in written(talk)
    assert "another way" not in written(talk, other.id)


@given(any_text)
def test_nothing_ends_a_fence_from_within(text: str) -> None:
    """One block of code, and nothing after it."""
    tokens = _markdown.parse(fenced(text, "sh"))
    assert [t.type for t in tokens] == ["fence"]
    assert tokens[0].info == "sh"


@given(any_text)
def test_a_line_stays_plain_text(text: str) -> None:
    """Neither a heading nor a link nor HTML comes of it."""
    inline = [t for t in _markdown.parse(f"# {plain(text)}") if t.type == "inline"]
    kinds = {child.type for token in inline for child in token.children or ()}
    assert kinds <= {"text", "text_special"}


@given(any_text)
def test_a_code_span_is_one_code_span(text: str) -> None:
    """Whatever ticks are in it."""
    spelled = code_span(text)
    inline = next(t for t in _markdown.parse(f"x {spelled} y") if t.type == "inline")
    kinds = [child.type for child in inline.children or ()]
    assert kinds == (["text", "code_inline", "text"] if spelled else ["text"])
