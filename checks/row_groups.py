"""Groups of rows that stand together: their running sums, totals and first rows, without a pass a group.

Polars' window functions hash what here is in order already.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from checks.rostered_duties import Flags, Hours, Numbers


class RowGroups:
    """Rows in order of their groups; `of` is the number of each row's group, counted from 0."""

    def __init__(self, *keys: npt.NDArray[Any]) -> None:
        """A group is the rows, one after another, that are alike in all `keys` (an array each, of all rows)."""
        changes = np.ones(len(keys[0]), dtype=bool)
        changes[1:] = np.any([key[1:] != key[:-1] for key in keys], axis=0)
        self.of: Numbers = np.cumsum(changes) - 1
        self._begins = np.flatnonzero(changes)

    def running(self, values: Hours) -> Hours:
        """The sum of each row's group up to the row, itself included."""
        sums = np.concatenate([[0.0], np.cumsum(values)])
        running: Hours = sums[1:] - sums[self._begins][self.of]
        return running

    def total(self, values: Hours) -> Hours:
        """The sum of each row's group."""
        total: Hours = np.add.reduceat(values, self._begins)[self.of] if len(values) else values
        return total

    def any(self, flags: Flags) -> Flags:
        """Whether any row of each row's group has the flag."""
        of_group: Flags = np.logical_or.reduceat(flags, self._begins)[self.of] if len(flags) else flags
        return of_group

    def first(self, flags: Flags) -> Flags:
        """Of each group the first row with the flag."""
        rows = np.flatnonzero(flags)
        first = np.zeros(len(flags), dtype=bool)
        first[rows[np.unique(self.of[rows], return_index=True)[1]]] = True
        return first
