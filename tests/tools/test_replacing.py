"""Properties of replacement: reversible, and no byte outside the span changes."""

from __future__ import annotations

from hypothesis import assume, example, given
from hypothesis import strategies as st

from alloy_tui.tools.diffs import unified
from alloy_tui.tools.replacing import BOM, Text, plain

LINE = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\r\n"), max_size=8)
SMALL = st.text(st.sampled_from("ab \n"), max_size=6)


def swap(raw: str, old: str, new: str) -> str:
    text = Text(raw)
    return text.replace(old, new, text.find(old)).text


@given(st.lists(LINE, min_size=1), LINE, LINE, st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_replacing_and_reversing_gives_the_original(lines, old, new, ending, with_bom):
    """For any text, with either kind of line ending, with and without a byte order mark."""
    old, new = f"<{old}\n{old}>", f"[{new}\n\n{new}]"
    raw = (BOM if with_bom else "") + ending.join([*lines, old.replace("\n", ending), *lines])
    assume(Text(raw).plain.count(old) == 1)
    assume(new not in Text(raw).plain)
    there = swap(raw, old, new)
    assume(Text(there).plain.count(new) == 1)
    assert swap(there, new, old) == raw


@given(st.lists(st.tuples(LINE, st.sampled_from(["\n", "\r\n"]))), LINE, LINE)
def test_one_line_in_mixed_endings_is_reversible_too(lines, old, new):
    """The ending of every line stays its own."""
    old, new = f"<{old}>", f"[{new}]"
    raw = "".join(a + b for a, b in lines) + old + "".join(a + b for a, b in lines)
    assume(Text(raw).plain.count(old) == 1)
    assume(new not in raw)
    assert swap(swap(raw, old, new), new, old) == raw


@given(
    st.text(st.sampled_from("ab\r\n"), min_size=1, max_size=30),
    st.integers(0, 30),
    st.integers(1, 4),
    SMALL,
)
@example("a\r\r\nb", 2, 1, "x")
@example("\r\n", 0, 1, "\n\n")
def test_what_is_outside_the_spans_stays_byte_for_byte(raw, start, length, new):
    """However wild the line breaks are, the pieces between the matches are the original's."""
    text = Text(raw)
    start %= len(text.plain)
    old = text.plain[start : start + length]
    places = text.find(old)
    assert places
    marked = text.replace(old, "\0", places).text
    # Taken apart at the marks, the pieces are found in the original in order.
    position = 0
    for piece in marked.split("\0"):
        found = raw.find(piece, position)
        assert found >= 0
        position = found + len(piece)
    assert Text(marked).plain == text.plain.replace(plain(old), "\0")
    assert text.replace(old, new, places).lines == tuple(
        text.plain.count("\n", 0, place) + 1 for place in places
    )


@given(st.text(st.sampled_from("ab\r\n"), max_size=20))
def test_a_crlf_file_gets_no_bare_line_feed(filler):
    """Every new line break is a pair where all others are."""
    raw = filler.replace("\r", "").replace("\n", "\r\n") + "X\r\n"
    made = swap(raw, "X", "1\n2\r\n3")
    assert made.replace("\r\n", "").count("\n") == 0
    assert made.endswith("1\r\n2\r\n3\r\n")


@given(
    st.lists(st.sampled_from(["a", "b", "c", "d"]), max_size=25),
    st.lists(st.sampled_from(["a", "b", "c", "d"]), max_size=25),
)
def test_a_diff_applied_to_the_old_text_gives_the_new(old, new):
    """Its hunks stand at the lines that they name, though equal ends are set aside first."""
    diff = unified("".join(f"{x}\n" for x in old), "".join(f"{x}\n" for x in new), "f")
    assert (not diff.text) == (old == new)
    assert diff.added - diff.removed == len(new) - len(old)
    made: list[str] = []
    position = 0
    for line in diff.text.splitlines()[2:]:
        if line.startswith("@@"):
            start, _, count = line.split(" ")[1][1:].partition(",")
            at = int(start) - (count != "0")
            made += old[position:at]
            position = at
        elif line.startswith("+"):
            made.append(line[1:])
        else:
            assert old[position] == line[1:]
            position += 1
            if line.startswith(" "):
                made.append(line[1:])
    assert made + old[position:] == new


def test_a_diff_too_large_to_compare_counts_as_all_replaced():
    """Bounded in time and in size, and it says that it goes on."""
    old = "".join(f"{n}\n" for n in range(5_000))
    new = "".join(f"{n}x\n" for n in range(5_000))
    diff = unified(old, new, "f")
    assert (diff.added, diff.removed) == (5_000, 5_000)
    big = unified("", "y" * 50 + "\n" + "z\n" * 50_000, "f")
    assert len(big.text) < 61_000
    assert "the diff goes on for" in big.text
