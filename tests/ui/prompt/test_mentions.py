"""How mentions are spelt, found and told from other uses of the sign."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alloy_tui.ui.drafts import Draft
from alloy_tui.ui.prompt import mentions

_PATHS = (
    st.text(
        st.characters(exclude_characters='"\n\r\t', exclude_categories=["C", "Z"]) | st.just(" "),
        min_size=1,
        max_size=20,
    )
    .map(str.strip)
    .filter(bool)
)


@given(_PATHS)
def test_what_is_spelt_is_found_again(path: str) -> None:
    line = f"see {mentions.spell(path)} now"
    ((start, end),) = list(mentions.spans(line))
    assert line[start:end] == mentions.spell(path)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("@", (0, "")),
        ("look at @src/ca", (8, "src/ca")),
        ('look at @"my di', (8, "my di")),
        ("(@a", (1, "a")),
        ("mail ada@example.org", None),
        ("@a b", None),
        ("a@", None),
        ('@"a b" c', None),
    ],
)
def test_a_mention_is_typed_where_one_may_begin(line: str, found: tuple[int, str] | None) -> None:
    assert mentions.typed_at(line, len(line)) == found


def test_only_images_that_are_there_go_along(tmp_path: Path) -> None:
    (tmp_path / "a b.png").write_bytes(b"x")
    (tmp_path / "c.py").write_bytes(b"x")
    text = 'see @"a b.png", @missing.png and @c.py'
    assert mentions.attachments(Draft(text), str(tmp_path)) == ("a b.png",)
    (tmp_path / "shot.jpg").write_bytes(b"x")
    assert mentions.attachments(Draft("what is @shot.jpg?"), str(tmp_path)) == ("shot.jpg",)


@pytest.mark.parametrize(
    ("pasted", "paths"),
    [
        ("/home/ada/a.png", ["/home/ada/a.png"]),
        ("'/home/ada/a b.png' ", ["/home/ada/a b.png"]),
        (r"/home/ada/a\ b.png /x/c.png", ["/home/ada/a b.png", "/x/c.png"]),
        ("file:///home/ada/a%20b.png", ["/home/ada/a b.png"]),
        ("fix the bug", []),
        ("'unclosed", []),
        ("/a\n/b", []),
        ("", []),
    ],
)
def test_dropped_files_are_recognised_as_terminals_paste_them(
    pasted: str, paths: list[str]
) -> None:
    assert mentions.dropped_paths(pasted) == paths
