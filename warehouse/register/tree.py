"""The tree of agencies in one month (or at one import): parents, ancestors, and each agency's supervising authority.

Whatever parents the register states, this is a forest: unknown parents and cycles are cut and told.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

#: 機關層級 down to which an agency is a supervising authority (主管機關): see `Tree.authority_of`.
AUTHORITY_LEVEL = 2
TOP_LEVEL = 1


class Node(NamedTuple):
    """What the register says of an agency's place: the immediate parent and 機關層級 (1 = top), None if unknown."""

    parent_code: str | None
    level: int | None


class Ancestor(NamedTuple):
    """A row of the closure: `depth` 0 is the agency itself, 1 its parent."""

    agency_code: str
    ancestor_code: str
    depth: int


class Tree:
    """A forest of the agencies in `nodes`.

    A parent that is only in `lapsed` (in the register, but not in force) is passed over: its own parent, or the
    next ancestor in force, stands in, so that an agency does not drop out of its county because a layer went.
    """

    def __init__(self, nodes: Mapping[str, Node], lapsed: Mapping[str, Node] | None = None) -> None:
        self._nodes = nodes
        #: Agency → the parent that the register states and does not know.
        self.missing: dict[str, str] = {}
        #: Agency → parent in force; None for a root.
        self.parents: dict[str, str | None] = {code: self._resolve(code, lapsed or {}) for code in nodes}
        #: Agencies whose parents pointed at each other, cycle by cycle; each is a root of its own now.
        self.cycles = self._break_cycles()
        self._children: dict[str, list[str]] = {}
        for code, parent in self.parents.items():
            if parent is not None:
                self._children.setdefault(parent, []).append(code)

    def _resolve(self, code: str, lapsed: Mapping[str, Node]) -> str | None:
        parent = self._nodes[code].parent_code
        passed = {code}
        while parent is not None and parent not in self._nodes:
            if parent not in lapsed:
                self.missing[code] = parent
                return None
            if parent in passed:  # lapsed agencies that point at each other lead nowhere
                return None
            passed.add(parent)
            parent = lapsed[parent].parent_code
        return None if parent == code else parent

    def _break_cycles(self) -> list[tuple[str, ...]]:
        cycles: list[tuple[str, ...]] = []
        settled: set[str] = set()
        for start in self.parents:
            path: dict[str, int] = {}
            code: str | None = start
            while code is not None and code not in settled and code not in path:
                path[code] = len(path)
                code = self.parents[code]
            if code is not None and code in path:
                cycle = tuple(path)[path[code] :]
                cycles.append(cycle)
                self.parents.update(dict.fromkeys(cycle))
            settled.update(path)
        return cycles

    def children_of(self, code: str) -> list[str]:
        """List the agencies directly below, by code."""
        return sorted(self._children.get(code, ()))

    def ancestors_of(self, code: str) -> Iterator[str]:
        """Climb from the agency itself to its root, both included.  Raises KeyError where it is not in the tree."""
        above: str | None = code
        while above is not None:
            yield above
            above = self.parents[above]

    def descendants_of(self, code: str) -> Iterator[str]:
        """Find the agency itself and all below it, at every depth; none where it is not in the tree."""
        waiting = [code] if code in self.parents else []
        while waiting:
            below = waiting.pop()
            yield below
            waiting.extend(self._children.get(below, ()))

    def closure(self) -> Iterator[Ancestor]:
        """Every agency with each of its ancestors, itself included."""
        codes = list(self.parents)
        members, ancestors, depths = self.closure_indices()
        for member, ancestor, depth in zip(members.tolist(), ancestors.tolist(), depths.tolist(), strict=True):
            yield Ancestor(codes[member], codes[ancestor], depth)

    def closure_indices(self) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], npt.NDArray[np.int32]]:
        """Give the closure as three arrays: agency and ancestor as positions in `parents`, and depth; by depth."""
        position = {code: index for index, code in enumerate(self.parents)}
        above = np.fromiter(
            (-1 if parent is None else position[parent] for parent in self.parents.values()), np.int32, len(position)
        )
        members = np.arange(len(position), dtype=np.int32)
        ancestors, layers, depth = members, [], 0
        while members.size:
            layers.append((members, ancestors, np.full(members.size, depth, dtype=np.int32)))
            higher = above[ancestors]
            members, ancestors, depth = members[higher >= 0], higher[higher >= 0], depth + 1
        if not layers:
            return members, members, members
        columns = tuple(np.concatenate(column) for column in zip(*layers, strict=True))
        return columns[0], columns[1], columns[2]

    def authority_of(self, code: str) -> str:
        """Find the supervising authority (主管機關): the nearest of the agency and its ancestors that is one.

        One is: an agency of 機關層級 1 or 2 (the five Yuan, ministries and commissions; governments and councils
        of special municipalities, counties and cities); what stands directly under a top agency whatever its level
        (the independent 飛航安全調查委員會 is level 3 under the Executive Yuan); and, failing these, the root.
        Source of the rule: the list of authorities in docs/register.md.
        An unknown level is one more than the parent's; an unknown root's is 1.
        Raises KeyError where the agency is not in the tree.
        """
        chain = list(self.ancestors_of(code))
        levels = self._levels(chain)
        root = chain[-1]
        for member in chain:
            below_top = self.parents[member] == root and levels[root] == TOP_LEVEL
            if levels[member] <= AUTHORITY_LEVEL or below_top:
                return member
        return root

    def authority_under(self, code: str, node: Node) -> str:
        """Find the authority of an agency that once had another place: `node`, under today's ancestors."""
        parent = node.parent_code
        if parent not in self.parents or (node.level is not None and node.level <= AUTHORITY_LEVEL):
            return code
        chain = list(self.ancestors_of(parent))
        level = self._levels(chain)[parent]
        below_top = len(chain) == 1 and level == TOP_LEVEL
        inferred = node.level is None and level + 1 <= AUTHORITY_LEVEL
        return code if below_top or inferred else self.authority_of(parent)

    def _levels(self, chain: list[str]) -> dict[str, int]:
        """Give the level of each of a chain that ends at its root."""
        levels: dict[str, int] = {}
        above = TOP_LEVEL - 1
        for member in reversed(chain):
            stated = self._nodes[member].level
            above = levels[member] = above + 1 if stated is None else stated
        return levels
