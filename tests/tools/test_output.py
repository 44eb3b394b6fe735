"""Properties of what is kept of a command's output."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from alloy_tui.tools.output import HeadTail, Spill, TerminalText

PIECES = st.lists(st.text(st.characters(exclude_categories=("Cs",)), max_size=40), max_size=12)
PRINTED = st.binary(max_size=60) | st.text(
    st.sampled_from("ab\r\n\x1b[]0;m\x07\x00é"), max_size=60
).map(str.encode)


@given(PIECES, st.integers(0, 20), st.integers(1, 20))
def test_head_and_tail_are_the_ends_and_the_file_is_the_whole(pieces, head, tail):
    """For every text in every division into pieces."""
    whole = "".join(pieces)
    with TemporaryDirectory() as folder:
        spill = Spill(Path(folder), "x", 10**6)
        kept = HeadTail(head, tail, spill)
        for piece in pieces:
            kept.feed(piece)
        spill.close()
        assert kept.characters == len(whole)
        if len(whole) <= head + tail:
            assert not kept.truncated
            assert kept.text() == whole
            assert spill.path is None
        else:
            assert kept.truncated
            assert kept.head == whole[:head]
            assert kept.tail == whole[-tail:]
            assert spill.path is not None
            assert spill.path.read_bytes() == whole.encode()
            assert f"{len(whole) - head - tail:,} of {len(whole):,}" in kept.text()


@given(st.lists(PRINTED, max_size=8))
def test_how_output_is_cut_into_pieces_does_not_matter(pieces):
    """The same bytes give the same text, whatever the reads brought."""
    whole = TerminalText()
    expected = whole.feed(b"".join(pieces)) + whole.close()
    parts = TerminalText()
    assert "".join(parts.feed(p) for p in pieces) + parts.close() == expected


@given(PRINTED)
def test_no_control_character_survives(printed):
    """Only tabs and line breaks; so the text is safe in JSON and in logs."""
    clean = TerminalText()
    shown = clean.feed(printed) + clean.close()
    assert all(c in "\t\n" or c.isprintable() or ord(c) >= 0xA0 for c in shown)


@given(st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=80))
def test_plain_text_passes_unchanged(printed):
    """Whatever the script."""
    clean = TerminalText()
    assert clean.feed(printed.encode()) + clean.close() == printed


def test_a_line_without_an_end_is_not_held_for_ever():
    """Memory is bounded though nothing ends the line."""
    clean = TerminalText()
    shown = sum(len(clean.feed(b"x" * 10_000)) for _ in range(100))
    assert shown > 980_000
    assert shown + len(clean.close()) == 1_000_000


def test_a_progress_bar_leaves_its_last_state():
    """As a person would see it after the fact."""
    clean = TerminalText()
    clean.feed(b"get: 1%\rget: 50%")
    assert clean.feed(b"\rget: 100%\nnext\r\n") == "get: 100%\nnext\n"


def test_titles_links_and_colours_go():
    """Escape sequences are for a terminal, not for a model."""
    clean = TerminalText()
    printed = (
        b"\x1b]0;title\x07\x1b[1;31mred\x1b[0m \x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\\x1b(B\n"
    )
    assert clean.feed(printed) == "red link\n"


def test_a_spill_stops_at_its_limit_and_says_so(tmp_path):
    """The disk is not filled by a loop."""
    spill = Spill(tmp_path, "x", 10)
    for _ in range(5):
        spill.write("abcd")
    spill.close()
    assert spill.path is not None
    assert spill.path.read_text() == "abcdabcdab"
    assert "of which more than 10 characters is not kept," in spill.note()
