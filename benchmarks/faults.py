"""Faults: what the platform makes of being killed, of full disks, of clocks that go back, of two runs at once.

`make faults ARGS="--kills 200 --seed 1"`.  After each fault the next ordinary run must leave what an undisturbed one
leaves: see `faults_checks`.  Prints a figure for each kind; ends with 1 where anything was wrong.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from faults_database import database_kills, world_on_postgres
from faults_disk import disks_full, world_on_a_small_disk
from faults_kills import Tally, dagster_kills, kills, worker_kills
from faults_together import clocks_going_back, runs_at_once
from faults_world import World

from pipelines.demo.plan import MONTHS

Trial = Callable[[World, int, int], Tally]
Opened = Callable[[Path, Sequence[str]], AbstractContextManager[World | None]]

#: Kind → the trial, its rounds for each 200 kills, and its rounds in the short version.
Kinds = dict[str, tuple[Trial, int, int]]

ON_SQLITE: Kinds = {
    "kill": (kills, 200, 3),
    "dagster": (dagster_kills, 10, 0),
    "workers": (worker_kills, 12, 0),
    "together": (runs_at_once, 24, 0),
    "clock": (clocks_going_back, 18, 1),
}
#: The same with the ledger on PostgreSQL.
ON_POSTGRES: Kinds = {
    "database": (database_kills, 40, 1),
    "together-postgres": (runs_at_once, 12, 0),
}
#: The same with the home on a small file system of its own.
ON_A_SMALL_DISK: Kinds = {
    "disk": (disks_full, 30, 1),
}
#: The worlds: how each is opened, what is tried in it, and what is missing where it cannot be.
WORLDS: tuple[tuple[Opened, Kinds, str], ...] = (
    (lambda work, months: World(work, months=months).open(), ON_SQLITE, ""),
    (world_on_postgres, ON_POSTGRES, "PostgreSQL is not on this machine"),
    (world_on_a_small_disk, ON_A_SMALL_DISK, "mounting is not allowed here"),
)
KINDS = [kind for _, kinds, _ in WORLDS for kind in kinds]


def main() -> int:
    """Run the trials that are asked for."""
    asked = _arguments()
    tallies: list[Tally] = []
    with tempfile.TemporaryDirectory(prefix="faults-", dir=asked.work) as work:
        for number, (opened, kinds, missing) in enumerate(WORLDS):
            chosen = {kind: rounds for kind in kinds if kind in asked.only and (rounds := _rounds(kinds[kind], asked))}
            if not chosen:
                continue
            with opened(Path(work) / str(number), MONTHS[-1:] if asked.short else MONTHS[-3:]) as world:
                if world is None:
                    print(f"left out, as {missing}: {', '.join(chosen)}")
                    continue
                for kind, rounds in chosen.items():
                    tallies.append(kinds[kind][0](world, rounds, asked.seed))
                    print(f"… {tallies[-1].lines()[0]}", flush=True)
    print("\n".join(line for tally in tallies for line in tally.lines()))
    return 1 if any(tally.wrong for tally in tallies) else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200, help="rounds of the kind `kill`; the others go with it")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--short", action="store_true", help="a few rounds over one month, for the tests")
    parser.add_argument("--work", type=Path, help="a folder to work in; default: a temporary one")
    return parser.parse_args()


def _rounds(kind: tuple[Trial, int, int], asked: argparse.Namespace) -> int:
    _, rounds, short = kind
    return short if asked.short else max(1, round(rounds * asked.kills / 200))


if __name__ == "__main__":
    sys.exit(main())
