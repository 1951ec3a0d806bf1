"""The tree survives whatever parents a register states, and finds each agency's supervising authority."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warehouse.register.tree import Ancestor, Node, Tree

CODES = [f"{number:010}" for number in range(12)]
#: Any parents at all: none, itself, one that does not exist, cycles, levels that make no sense.
NODES = st.dictionaries(
    st.sampled_from(CODES),
    st.builds(Node, st.none() | st.sampled_from([*CODES, "9999999999"]), st.none() | st.integers(1, 5)),
)


@given(NODES, NODES)
def test_whatever_the_parents_it_is_a_forest(nodes, lapsed):
    tree = Tree(nodes, lapsed)
    closure = list(tree.closure())
    assert len(closure) == len(set(closure))
    strict = {(row.agency_code, row.ancestor_code) for row in closure if row.depth > 0}
    assert all(agency != ancestor for agency, ancestor in strict)
    assert not strict & {(ancestor, agency) for agency, ancestor in strict}
    for code in nodes:
        assert Ancestor(code, code, 0) in closure
        above = list(tree.ancestors_of(code))
        assert [
            row.ancestor_code for row in sorted(closure, key=lambda row: row.depth) if row.agency_code == code
        ] == above
        assert set(tree.descendants_of(code)) == {row.agency_code for row in closure if row.ancestor_code == code}
        assert tree.authority_of(code) in above
    for cycle in tree.cycles:
        assert len(cycle) > 1
        assert all(tree.parents[member] is None for member in cycle)


@given(NODES)
def test_only_what_is_wrong_is_cut(nodes):
    tree = Tree(nodes)
    cut = {member for cycle in tree.cycles for member in cycle}
    for code, node in nodes.items():
        if code in cut or node.parent_code in (None, code):
            assert tree.parents[code] is None
        elif node.parent_code not in nodes:
            assert tree.missing[code] == node.parent_code
        else:
            assert tree.parents[code] == node.parent_code


def test_cycle_members_become_roots_and_keep_what_hangs_on_them():
    tree = Tree({"A": Node("B", 3), "B": Node("C", 3), "C": Node("A", 3), "D": Node("A", 4), "E": Node("D", 5)})
    assert [set(cycle) for cycle in tree.cycles] == [{"A", "B", "C"}]
    assert list(tree.ancestors_of("E")) == ["E", "D", "A"]
    assert tree.authority_of("E") == "A"
    assert tree.children_of("A") == ["D"]


def test_a_parent_no_longer_in_force_is_passed_over():
    tree = Tree({"A": Node(None, 1), "C": Node("B", 3)}, {"B": Node("A", 2)})
    assert tree.parents["C"] == "A"
    assert tree.missing == {}


def test_a_deep_tree():
    depth = 3_000
    tree = Tree({str(number): Node(str(number - 1) if number else None, None) for number in range(depth)})
    assert sum(1 for _ in tree.ancestors_of(str(depth - 1))) == depth
    assert tree.authority_of(str(depth - 1)) == "1"


@pytest.mark.parametrize(
    ("nodes", "code", "authority"),
    [
        ({"Y": Node(None, 1)}, "Y", "Y"),
        ({"Y": Node(None, 1), "M": Node("Y", 2), "B": Node("M", 3), "O": Node("B", 4)}, "O", "M"),
        ({"Y": Node(None, 1), "M": Node("Y", 2), "O": Node("M", 5)}, "O", "M"),  # a gap in the levels
        ({"Y": Node(None, 1), "I": Node("Y", 3), "O": Node("I", 4)}, "O", "I"),  # independent, of the third level
        ({"C": Node(None, 2), "T": Node("C", 3), "S": Node("T", 4)}, "S", "C"),  # a register that begins at a county
        ({"T": Node("9999999999", 3), "S": Node("T", 4)}, "S", "T"),  # nothing above: the root
        ({"Y": Node(None, None), "M": Node("Y", None), "O": Node("M", None)}, "O", "M"),  # no levels at all
    ],
)
def test_authority(nodes, code, authority):
    assert Tree(nodes).authority_of(code) == authority
