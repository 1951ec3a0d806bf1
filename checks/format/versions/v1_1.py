"""Format 1.1: all of the model: rosters, work patterns, who clocks, unpaid leave, part time, events, special duty."""

from collections.abc import Mapping

NAME = "1.1"
LATER: tuple[str, ...] = ()
WITHOUT: Mapping[str, tuple[str, ...]] = {}
