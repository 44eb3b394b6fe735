"""Labels for large pastes and images: there and back without loss."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from alloy_tui.ui.drafts import Draft, Fold
from alloy_tui.ui.prompt.folding import Folds, is_large

_WORDS = st.text(st.sampled_from("ab [#]\npasted123lines"), max_size=40)
_LARGE = st.text(st.sampled_from("xy\n[pasted 12 lines]"), min_size=1, max_size=200)


@given(_WORDS, _LARGE, _WORDS)
def test_what_is_folded_is_sent_as_it_was(before: str, paste: str, after: str) -> None:
    folds = Folds()
    label = folds.fold(paste, before + after)
    assert folds.draft(f"{before}{label}{after}").whole == f"{before}{paste}{after}"


@given(st.lists(_LARGE, max_size=6))
def test_several_pastes_keep_apart(pastes: list[str]) -> None:
    folds, text = Folds(), ""
    for paste in pastes:
        text += folds.fold(paste, text) + "|"
    assert folds.draft(text).whole == "".join(f"{paste}|" for paste in pastes)


@given(_LARGE, _LARGE)
def test_a_draft_from_elsewhere_keeps_its_meaning_beside_our_own_labels(
    ours: str, theirs: str
) -> None:
    folds, others = Folds(), Folds()
    mine = folds.fold(ours, "")
    text = folds.adopt(others.draft(others.fold(theirs, "")))
    assert folds.draft(f"{mine}\n{text}").whole == f"{ours}\n{theirs}"


@given(_WORDS, _LARGE)
def test_folding_again_after_the_editor_loses_nothing(words: str, paste: str) -> None:
    folds = Folds()
    draft = folds.draft(folds.fold(paste, words) + words)
    again = folds.refold(draft.whole + "!", draft)
    assert folds.draft(again).whole == draft.whole + "!"


def test_a_label_counts_lines_or_characters() -> None:
    folds = Folds()
    assert folds.fold("x\n" * 213, "") == "[pasted 213 lines]"
    assert folds.fold("x" * 1500, "") == "[pasted 1,500 characters]"
    assert folds.fold("y\n" * 213, "") == "[pasted 213 lines #2]"


def test_more_than_ten_lines_or_a_thousand_characters_are_large() -> None:
    assert not is_large("x\n" * 10)
    assert is_large("x\n" * 11)
    assert not is_large("x" * 1000)
    assert is_large("x" * 1001)


def test_a_label_that_nobody_made_stands_for_itself() -> None:
    assert Folds().draft("[pasted 213 lines]") == Draft("[pasted 213 lines]")


def test_an_image_keeps_its_label_and_names_its_path() -> None:
    folds = Folds()
    draft = folds.draft(f"see {folds.attach('/tmp/a[1].png', '')}")
    assert draft.whole == "see [image: a(1).png]"
    assert draft.images == ("/tmp/a[1].png",)
    assert draft.folds == {"[image: a(1).png]": Fold(image="/tmp/a[1].png")}
