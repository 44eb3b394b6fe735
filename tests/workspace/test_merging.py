"""Line counts, diffs and three-way merges of text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from alloy_tui.workspace.merging import count, is_text, merge, unified

LINES = st.lists(st.sampled_from([b"a\n", b"b\n", b"c\r\n", b"\xff\n", b"\n"]), max_size=12)
TEXT = st.tuples(LINES, st.sampled_from([b"", b"last", b"c"])).map(lambda t: b"".join(t[0]) + t[1])


@given(TEXT, TEXT)
def test_one_sided_changes_merge_to_that_side(base: bytes, other: bytes) -> None:
    for now, want in ((base, other), (other, base), (other, other)):
        merged = merge(base, now, want)
        assert merged is not None
        assert (merged.data, merged.conflicts) == (other, 0)


@given(TEXT, TEXT, TEXT)
def test_a_merge_without_conflicts_is_the_same_from_both_sides(
    base: bytes, one: bytes, other: bytes
) -> None:
    there, back = merge(base, one, other), merge(base, other, one)
    assert there is not None
    assert back is not None
    assert there.conflicts == back.conflicts
    if not there.conflicts:
        assert there.data == back.data


def test_changes_far_apart_are_both_taken() -> None:
    base = b"".join(b"line %d\n" % n for n in range(20))
    one, other = base.replace(b"line 2\n", b"two\n"), base.replace(b"line 17\n", b"")
    merged = merge(base, one, other)
    assert merged is not None
    assert merged.data == one.replace(b"line 17\n", b"")
    assert merged.conflicts == 0


def test_the_same_line_changed_twice_is_marked() -> None:
    merged = merge(b"a\nb\nc\n", b"a\nours\nc\n", b"a\ntheirs")
    assert merged is not None
    assert merged.conflicts == 1
    assert merged.data == (
        b"a\n<<<<<<< as it is now\nours\nc\n=======\ntheirs\n>>>>>>> from the checkpoint\n"
    )


def test_what_is_no_text_is_neither_counted_nor_merged() -> None:
    assert not is_text(b"a\0b")
    assert count(b"a\0b", b"") is None
    assert merge(b"", b"\0", b"") is None


@given(TEXT, TEXT)
def test_counts_are_those_of_the_difference(old: bytes, new: bytes) -> None:
    counted = count(old, new)
    assert counted is not None
    added, removed = counted
    assert new.count(b"\n") + (not new.endswith(b"\n") and new != b"") - added == (
        old.count(b"\n") + (not old.endswith(b"\n") and old != b"") - removed
    )
    assert (added, removed) != (0, 0) or old == new


def test_a_small_change_in_a_long_text_is_shown_at_its_line() -> None:
    old = b"".join(b"%d\n" % n for n in range(5_000))
    shown = unified(old, old.replace(b"\n4000\n", b"\nfour\n")).splitlines()
    assert shown[0] == "@@ -3998,7 +3998,7 @@"
    assert shown[4:6] == ["-4000", "+four"]


def test_texts_too_large_to_compare_count_as_wholly_replaced() -> None:
    old = b"".join(b"%d\n" % n for n in range(3_000))
    new = b"".join(b"x%d\n" % n for n in range(3_000))
    assert count(old, new) == (3_000, 3_000)
    assert merge(old, new, b"") is None
    assert unified(old, new, most=10).endswith("[… 5,991 more lines]")
