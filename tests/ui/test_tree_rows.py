"""The rows of a session's tree: every node once, connectors that fit, ancestry kept."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from alloy_tui.runtime.path_values import SessionState, TreeNode, TreeView
from alloy_tui.ui.tree_rows import FILTERS, TreeLayout
from tests.support.stored import node, shop_tree

_KINDS = ("user", "answer", "tool_result", "model", "compaction", "graft")


def view_of(nodes: list[TreeNode], leaf: str | None = None) -> TreeView:
    """A view of `nodes`, standing at `leaf`."""
    return TreeView(SessionState(id="s", leaf=leaf), tuple(nodes))


def drawn(layout: TreeLayout) -> list[str]:
    """Each row's connectors and title."""
    return [f"{layout.prefix(row)}{row.node.title}" for row in layout.rows]


@st.composite
def trees(draw: st.DrawFn) -> list[TreeNode]:
    """Any tree, in log order."""
    made: list[TreeNode] = []
    for number in range(draw(st.integers(0, 40))):
        parent = draw(st.sampled_from([None, *(n.id for n in made), *(n.id for n in made[-3:])]))
        more: dict[str, Any] = {
            "label": draw(st.sampled_from(["", "", "", "good"])),
            "hidden": draw(st.integers(0, 9)) == 0,
            "cost": draw(st.sampled_from([None, 0.5])),
        }
        made.append(node(str(number), parent, f"n{number}", draw(st.sampled_from(_KINDS)), **more))
    return made


def test_history_is_flat_until_it_parts() -> None:
    layout = TreeLayout(view_of(shop_tree(), "4"))
    assert drawn(layout) == [
        "why does checkout round twice?",
        "├─fix inner round",
        "│ also check refunds",
        "├─use Decimal",
        "└─use integer cents",
    ]
    assert layout.here == 1
    assert layout.rows[1].cost == 0.10
    assert layout.rows[1].end == "4"
    assert round(layout.below("3").cost or 0, 6) == 0.14


def test_a_search_finds_answers_too_and_keeps_what_they_part_from() -> None:
    layout = TreeLayout(view_of(shop_tree()), query="cents")
    assert [row.node.id for row in layout.rows] == ["9", "10"]
    layout = TreeLayout(view_of(shop_tree()), query="IT")
    assert drawn(layout) == [
        "why does checkout round twice?",
        "├─Switching the money type.",
        "└─use integer cents",
        "  Cents it is.",
    ]
    assert [row.hit for row in layout.rows] == [False, True, True, True]


def test_labels_and_notes_show_with_the_message_they_part_at() -> None:
    layout = TreeLayout(view_of(shop_tree()), "labelled")
    assert [(row.node.id, row.hit) for row in layout.rows] == [
        ("1", False),
        ("3", True),
        ("9", True),
    ]


@given(trees(), st.sampled_from(FILTERS), st.data())
def test_every_wanted_node_has_one_row_below_the_one_it_comes_from(
    nodes: list[TreeNode], show: Any, data: st.DataObject
) -> None:
    leaf = data.draw(st.sampled_from([None, *(n.id for n in nodes)]))
    layout = TreeLayout(view_of(nodes, leaf), show)
    ids = [row.node.id for row in layout.rows]
    assert len(ids) == len(set(ids))
    if show == "all":
        assert sorted(ids) == sorted(n.id for n in nodes)
    by_id = {n.id: n for n in nodes}
    for place, row in enumerate(layout.rows):
        parent = layout.parent_row(place)
        if parent is not None:
            assert parent < place
            above, ancestors = row.node.parent, set[str]()
            while above is not None:
                ancestors.add(above)
                above = by_id[above].parent
            assert layout.rows[parent].node.id in ancestors
            assert layout.depth(row) in {
                layout.depth(layout.rows[parent]),
                layout.depth(layout.rows[parent]) + 1,
            }


@given(trees())
def test_connectors_meet_their_like_in_the_rows_above_and_below(nodes: list[TreeNode]) -> None:
    lines = [
        layout_line
        for layout in [TreeLayout(view_of(nodes), "all")]
        for layout_line in (layout.prefix(row) for row in layout.rows)
    ]
    for place, line in enumerate(lines):
        for column, char in enumerate(line):
            below = lines[place + 1] if place + 1 < len(lines) else ""
            under = below[column] if column < len(below) else " "
            if char in "├│":
                assert under in "├│└", (lines, place, column)
            elif char == "└":
                assert under not in "├│└" or under == "├", (lines, place, column)


@given(trees(), st.sampled_from(["user", "all"]), st.integers(0, 40))
def test_nodes_that_come_later_end_up_where_a_new_layout_has_them(
    nodes: list[TreeNode], show: Any, cut: int
) -> None:
    cut = min(cut, len(nodes))
    layout = TreeLayout(view_of(nodes[:cut]), show)
    for count in range(cut, len(nodes) + 1):
        leaf = nodes[count - 1].id if count else None
        layout.update(view_of(nodes[:count], leaf))
    afresh = TreeLayout(view_of(nodes, nodes[-1].id if nodes else None), show)
    assert drawn(layout) == drawn(afresh)
    assert layout.here == afresh.here
    assert [(r.cost, r.end, r.folded) for r in layout.rows] == [
        (r.cost, r.end, r.folded) for r in afresh.rows
    ]


@given(trees(), st.data())
def test_folding_hides_all_below_and_loses_nothing(
    nodes: list[TreeNode], data: st.DataObject
) -> None:
    folded = data.draw(st.sets(st.sampled_from([n.id for n in nodes]))) if nodes else set[str]()
    layout = TreeLayout(view_of(nodes), "all", folded=folded)
    assert len(layout.rows) + sum(row.folded for row in layout.rows) == len(nodes)
    whole = [n.cost for n in nodes if n.cost is not None]
    assert sum(row.cost or 0 for row in layout.rows) == sum(whole)
    by_id = {n.id: n for n in nodes}
    for row in layout.rows:
        above = row.node.parent
        while above is not None:
            assert above not in folded
            above = by_id[above].parent


def test_going_on_at_the_end_lays_nothing_out_anew() -> None:
    nodes = [node("0", None, "start")]
    layout = TreeLayout(view_of(nodes, "0"))
    first = layout.rows[0]
    for number in range(1, 50):
        nodes.append(node(str(number), str(number - 1), f"go on {number}"))
        assert layout.update(view_of(nodes, str(number)))
    assert layout.rows[0] is first
    assert len(layout) == 50
    nodes.append(node("x", "3", "another way"))
    assert not layout.update(view_of(nodes, "x"))


def test_an_answer_with_a_label_has_a_row_of_its_own() -> None:
    nodes = [node("1", None, "why"), node("2", "1", "because", "answer", label="works")]
    for show in FILTERS:
        layout = TreeLayout(view_of(nodes, "2"), show)
        assert "works" in [row.node.label for row in layout.rows], show
        assert layout.here == len(layout.rows) - 1


def test_on_the_path_a_row_takes_nothing_of_other_branches() -> None:
    nodes = [node("1", None, "why"), node("2", "1", "so", "answer", cost=0.5)]
    nodes += [
        node("3", "2", "go on"),
        node("4", "2", "or"),
        node("5", "4", "x", "answer", cost=9.0),
    ]
    layout = TreeLayout(view_of(nodes, "3"), "path")
    assert [row.cost for row in layout.rows] == [0.5, None]
