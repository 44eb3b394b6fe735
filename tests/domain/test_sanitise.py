"""What may reach the terminal, and that cutting a text anywhere changes nothing."""

from __future__ import annotations

import base64
import json
import unicodedata
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from alloy_tui.domain.sanitise import Cleaner, clean, clean_line, disarm, reveal

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpora" / "terminal_escapes.json"

_PIECES = st.sampled_from(
    [
        "a",
        "é",
        "🦊",
        "\n",
        "\r",
        "\r\n",
        "\t",
        "\x1b",
        "[",
        "31",
        "m",
        "]",
        "52;c;",
        "\x07",
        "\\",
        "\x9b",
        "\x9d",
        "\x9c",
        "\x00",
        "\u202e",
        "\u200d",
        "\u2028",
        "\ud800",
        "P",
        " ",
        "(",
        "B",
    ]
)
_TEXTS = st.lists(_PIECES, max_size=40).map("".join)


def cut(text: str, points: list[int]) -> list[str]:
    edges = sorted({0, len(text), *(p % (len(text) + 1) for p in points)})
    return [text[a:b] for a, b in pairwise(edges)]


@given(_TEXTS, st.lists(st.integers(0, 200), max_size=8))
def test_cutting_a_text_into_deltas_changes_nothing(text: str, points: list[int]) -> None:
    cleaner = Cleaner()
    assert "".join(map(cleaner.feed, cut(text, points))) + cleaner.close() == clean(text)


@given(st.text())
def test_no_control_character_survives(text: str) -> None:
    assert not [c for c in clean(text) if (c < " " and c not in "\n\t") or "\x7f" <= c <= "\x9f"]


@given(st.text(st.characters(exclude_categories=("Cc", "Cf", "Cs", "Zl", "Zp", "Mn", "Cn"))))
def test_harmless_text_is_untouched(text: str) -> None:
    assert clean(text) == text


@pytest.mark.parametrize(
    ("dirty", "shown"),
    [
        ("a\x1b[31mred\x1b[0mb", "aredb"),
        ("a\x1b]8;;http://x\x1b\\link\x1b]8;;\x07b", "alinkb"),
        ("a\x1b]52;c;QUJD", "a52;c;QUJD"),
        ("a\x9b31mb", "ab"),
        ("a\x1b(Bb", "ab"),
        ("one\r\ntwo\rthree", "one\ntwo\nthree"),
        ("a\u202eb\u2066c", "abc"),
        ("family 👨\u200d👩\u200d👧", "family 👨\u200d👩\u200d👧"),
        ("tag\U000e0041\U000e0042!", "tag!"),
        ("half\ud83d", "half\ufffd"),
        ("\x1b", ""),
        ("a\x1bPq#0;2;0;0;0\x1b\\b", "ab"),
    ],
)
def test_what_is_shown_of(dirty: str, shown: str) -> None:
    assert clean(dirty) == shown


def test_an_endless_string_sequence_is_held_back_only_so_far() -> None:
    cleaner = Cleaner()
    shown = cleaner.feed("\x1b]0;" + "x" * 10_000)
    assert shown.endswith("x" * 10_000)
    assert "\x1b" not in shown


def test_a_line_for_chrome_has_no_breaks_and_keeps_its_limit() -> None:
    assert clean_line("a\nb\tc\x1b[2Jd") == "a b cd"
    assert clean_line("x" * 500, 20) == "x" * 19 + "…"
    assert len(clean_line("\x1b[31m" * 100_000 + "end", 30)) <= 30


def test_reveal_spells_out_what_would_be_hidden() -> None:
    assert reveal("rm \u202e-rf\x1b[8m x\n") == ("rm \\u{202e}-rf\\x1b[8m x\n", 2)


@pytest.mark.parametrize(
    "blank",
    "\xa0\u1680\u2000\u200a\u200d\u202f\u205f\u2800\u3000\u115f\u3164\uffa0\ufe0f\U000e0100",
)
def test_reveal_spells_out_blanks_that_are_no_space(blank: str) -> None:
    """What looks like a gap between words and is part of one, or like nothing, is shown."""
    code = ord(blank)
    spelled = f"\\x{code:02x}" if code < 0x100 else f"\\u{{{code:x}}}"
    assert reveal(f"rm{blank}-rf /") == (f"rm{spelled}-rf /", 1)


@pytest.mark.parametrize("text", ["git commit -m 'naïve café'\n\t日本語 한국어 עברית 😀"])
def test_reveal_leaves_what_can_be_read_alone(text: str) -> None:
    """Letters of any script, plain blanks, tabs and line breaks stay as they are."""
    assert reveal(text) == (text, 0)


@pytest.mark.corpus
@pytest.mark.skipif(not CORPUS.exists(), reason="the shared corpora are not beside the project")
def test_every_hostile_string_of_the_corpus_is_disarmed() -> None:
    """Whole and cut at every point, no forbidden byte comes through and the words stay."""
    cases = json.loads(CORPUS.read_text())["cases"]
    assert cases
    failures: list[str] = []
    for case in cases:
        text = base64.b64decode(case["payload_b64"]).decode("utf-8", "replace")
        step = max(1, len(text) // 40)
        for point in range(0, len(text), step):
            cleaner = Cleaner()
            shown = cleaner.feed(text[:point]) + cleaner.feed(text[point:]) + cleaner.close()
            raw = shown.encode("utf-8", "replace")
            forbidden = [base64.b64decode(b) for b in case["must_not_reach_terminal_b64"]]
            if any(b in raw for b in forbidden):
                failures.append(f"{case['id']} {case['title']}: a forbidden byte at cut {point}")
            if any(word not in shown for word in case["must_stay_visible"]):
                failures.append(f"{case['id']} {case['title']}: words vanished at cut {point}")
    assert not failures, "\n".join(failures[:20])


def test_what_disarm_takes_away_is_all_that_is_obeyed_and_no_cell_wide() -> None:
    """A row that is disarmed is as wide as before, and its letters are all there."""
    everything = "".join(map(chr, range(0x110000)))
    left = disarm(everything)
    gone = set(everything) - set(left)
    assert {cell_len(char) for char in gone} == {0}
    assert [char for char in left if unicodedata.category(char) == "Cc"] == []
    assert {"\x1b", "\x9b", "\u202e", "\u2028", "\ufeff"} <= gone
    assert disarm("naïve 日本 \u200d😀") == "naïve 日本 \u200d😀"
