"""Editing: exact, guarded, and errors that lead to the next attempt."""

from __future__ import annotations

import pytest

from alloy_tui.domain.errors import ToolError
from alloy_tui.domain.messages import TextBlock
from alloy_tui.domain.tool import ToolReply
from alloy_tui.tools.edit import EditTool
from alloy_tui.tools.read import ReadTool
from alloy_tui.tools.write import WriteTool

pytestmark = pytest.mark.anyio
READ, EDIT, WRITE = ReadTool(), EditTool(), WriteTool()


def text(reply: ToolReply) -> str:
    block = reply.content[0]
    assert isinstance(block, TextBlock)
    return block.text


@pytest.fixture
def edit(call, workspace):
    """A file of given bytes is read, then edited; gives the reply and the new bytes."""

    async def do(data: bytes, old: str, new: str, **options):
        path = workspace / "a.txt"
        path.write_bytes(data)
        await call(READ, file_path="a.txt")
        reply = await call(EDIT, file_path="a.txt", old_string=old, new_string=new, **options)
        return reply, path.read_bytes()

    return do


async def test_one_occurrence_is_replaced(edit, workspace):
    """The reply says where and how much; the diff is for views."""
    reply, data = await edit(b"one\ntwo\nthree\n", "two", "2\nzwei")
    assert data == b"one\n2\nzwei\nthree\n"
    assert text(reply) == f"Edited {workspace}/a.txt in one place, at line 2 (+2 −1 lines)."
    details = reply.details
    assert (details["line"], details["added"], details["removed"]) == (2, 2, 1)
    assert details["diff"] == (
        "--- a/a.txt\n+++ b/a.txt\n@@ -1,3 +1,4 @@\n one\n-two\n+2\n+zwei\n three"
    )


async def test_an_ambiguous_text_is_refused_with_count_and_lines(edit, workspace):
    """The model can add context or choose replace_all."""
    with pytest.raises(ToolError, match=r"occurs 3 times in .* \(lines 1, 2, 4\).*replace_all"):
        await edit(b"x\nx\ny\nx\n", "x", "z")
    assert (workspace / "a.txt").read_bytes() == b"x\nx\ny\nx\n"


async def test_replace_all_replaces_every_occurrence(edit):
    """Also several on one line."""
    reply, data = await edit(b"x x\ny\nx\n", "x", "zz", replace_all=True)
    assert data == b"zz zz\ny\nzz\n"
    assert "in 3 places, first at line 1" in text(reply)
    assert reply.details["replacements"] == 3


def test_empty_and_identical_strings_are_refused():
    """An empty old_string would match between all characters."""
    for options in ({}, {"replace_all": True}):
        with pytest.raises(ToolError, match="old_string is empty"):
            EDIT.prepare({"file_path": "a", "old_string": "", "new_string": "x", **options})
    with pytest.raises(ToolError, match="are the same"):
        EDIT.prepare({"file_path": "a", "old_string": "x\r\n", "new_string": "x\n"})
    with pytest.raises(ToolError, match="new_string holds half of a surrogate pair"):
        EDIT.prepare({"file_path": "a", "old_string": "x", "new_string": "\udc80"})


@pytest.mark.parametrize(
    ("old", "hint"),
    [
        ("def f(a):\n  return a", r"Lines 2–3 differ only in white space; line 2 is '    def"),
        ("     2\t    def f(a):\n     3\t        return a", "without the line numbers"),
        ("Def F(a)", "Line 2 differs only in upper and lower case"),
        ("say(“hi”)", "typographic"),
        ("    def f(b):", r"The closest to its first line is line 2: '    def f\(a\):'"),
        ("class A:\n    def g(a):", "Its first line is line 1, but what follows there differs"),
        ("zzzzzzzz", "No line resembles"),
        ("\n\n\n\n", "copy the text exactly"),
    ],
)
async def test_a_text_that_is_not_there_gets_the_likely_reason(edit, old, hint):
    """What models get wrong most: white space, line numbers, case, quotes, memory."""
    data = b'class A:\n    def f(a):\n        return a\n        say("hi")\n'
    with pytest.raises(ToolError, match=rf"old_string does not occur in .*a\.txt\. .*{hint}"):
        await edit(data, old, "new")


async def test_crlf_stays_crlf_though_the_model_sends_lf(edit):
    """In the match and in what is put in."""
    _, data = await edit(b"one\r\ntwo\r\nthree\r\n", "one\ntwo", "1\n2\n2b")
    assert data == b"1\r\n2\r\n2b\r\nthree\r\n"


async def test_crlf_from_the_model_is_understood_too(edit):
    """In a file of either kind."""
    _, data = await edit(b"one\ntwo\n", "one\r\ntwo", "1\r\n2")
    assert data == b"1\n2\n"


async def test_mixed_endings_stay_where_nothing_changed(edit):
    """New lines end as the lines around them."""
    _, data = await edit(b"a\nb\r\nc\nd\r\n", "b", "b\nb2")
    assert data == b"a\nb\r\nb2\r\nc\nd\r\n"
    _, data = await edit(b"a\nb\r\nc\nd\r\n", "c", "c\nc2")
    assert data == b"a\nb\r\nc\nc2\nd\r\n"


async def test_a_byte_order_mark_stays(edit):
    """And does not hinder a match at the very beginning."""
    _, data = await edit(b"\xef\xbb\xbfone\r\ntwo\r\n", "one\n", "1\n")
    assert data == b"\xef\xbb\xbf1\r\ntwo\r\n"
    _, data = await edit(b"\xef\xbb\xbfone\n", "\ufeffone", "\ufeff1")
    assert data == b"\xef\xbb\xbf1\n"


async def test_bytes_that_are_no_utf8_survive(edit):
    """Only the text asked for changes."""
    reply, data = await edit(b"caf\xe9\nplain words here\n", "words", "text")
    assert data == b"caf\xe9\nplain text here\n"
    assert "caf�" in reply.details["diff"]


async def test_a_binary_file_is_refused(call, workspace, context):
    """Even where a mark claims that it was read."""
    path = workspace / "a.txt"
    path.write_text("text")
    await call(READ, file_path="a.txt")
    await call(WRITE, file_path="a.txt", content="a\0b")
    with pytest.raises(ToolError, match="binary data; edit takes UTF-8 text only"):
        await call(EDIT, file_path="a.txt", old_string="a", new_string="b")


async def test_a_file_must_have_been_read_and_be_unchanged(call, workspace):
    """Then edit, edit and edit without reading in between."""
    path = workspace / "a.txt"
    path.write_text("one two three")
    arguments = {"file_path": "a.txt", "old_string": "two", "new_string": "2"}
    with pytest.raises(ToolError, match="was not read yet"):
        await call(EDIT, **arguments)
    await call(READ, file_path="a.txt")
    path.write_text("one two four!")
    with pytest.raises(ToolError, match="has changed since it was read"):
        await call(EDIT, **arguments)
    await call(READ, file_path="a.txt")
    await call(EDIT, **arguments)
    await call(EDIT, file_path="a.txt", old_string="one", new_string="1")
    assert path.read_text() == "1 2 four!"


async def test_a_missing_file_gets_near_names(call, workspace):
    """Like reading."""
    (workspace / "main.py").touch()
    with pytest.raises(ToolError, match=r"does not exist\. Did you mean main\.py\?"):
        await call(EDIT, file_path="mian.py", old_string="a", new_string="b")


async def test_an_edit_is_a_replacement_by_rename(call, workspace, tmp_path):
    """The file is whole at any moment; mode, links and the other hard name stay."""
    (tmp_path / "outside").write_text("old text")
    (workspace / "a.txt").hardlink_to(tmp_path / "outside")
    (workspace / "a.txt").chmod(0o640)
    (workspace / "link").symlink_to("a.txt")
    await call(READ, file_path="link")
    await call(EDIT, file_path="link", old_string="old", new_string="new")
    assert (workspace / "link").is_symlink()
    assert (workspace / "a.txt").read_text() == "new text"
    assert (workspace / "a.txt").stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "outside").read_text() == "old text"
    assert sorted(p.name for p in workspace.iterdir()) == ["a.txt", "link"]


async def test_absolute_and_relative_paths_are_one_file(call, workspace):
    """A read by one name allows an edit by the other."""
    (workspace / "a.txt").write_text("one")
    await call(READ, file_path=str(workspace / "a.txt"))
    await call(EDIT, file_path="./a.txt", old_string="one", new_string="1")
    assert (workspace / "a.txt").read_text() == "1"


async def test_a_large_file_is_edited_in_reasonable_memory_and_diffed_near_the_change(
    call, workspace
):
    """The diff looks at the changed part only."""
    path = workspace / "big.txt"
    path.write_text("".join(f"line {n}\n" for n in range(200_000)))
    await call(READ, file_path="big.txt", offset=150_000, limit=3)
    reply = await call(
        EDIT, file_path="big.txt", old_string="line 150000\n", new_string="changed\n"
    )
    assert reply.details["line"] == 150_001
    assert "@@ -149998,7 +149998,7 @@" in reply.details["diff"]
