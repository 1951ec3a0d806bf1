"""Faults: what the platform makes of being killed, of full disks, of clocks that go back, of two runs at once.

`make faults ARGS="--kills 200 --seed 1"`.  After each fault the next ordinary run must leave what an undisturbed one
leaves: see `faults_checks`.  Prints a figure for each kind; ends with 1 where anything was wrong.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from faults_kills import Tally, dagster_kills, kills, worker_kills
from faults_world import World

Trial = Callable[[World, int, int], Tally]

#: Kind → the trial on the world whose ledger is SQLite, and its rounds for each 200 kills.
ON_SQLITE: dict[str, tuple[Trial, int]] = {
    "kill": (kills, 200),
    "dagster": (dagster_kills, 10),
    "workers": (worker_kills, 12),
}


def main() -> int:
    """Run the trials that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200, help="rounds of the kind `kill`; the others go with it")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="+", choices=[*ON_SQLITE], default=[*ON_SQLITE])
    parser.add_argument("--work", type=Path, help="a folder to work in; default: a temporary one")
    asked = parser.parse_args()
    tallies: list[Tally] = []
    with tempfile.TemporaryDirectory(prefix="faults-", dir=asked.work) as work:
        on_sqlite = [ON_SQLITE[kind] for kind in asked.only if kind in ON_SQLITE]
        if on_sqlite:
            with World(Path(work) / "sqlite").open() as world:
                tallies += [_tried(trial, world, share, asked) for trial, share in on_sqlite]
    print("\n".join(line for tally in tallies for line in tally.lines()))
    return 1 if any(tally.wrong for tally in tallies) else 0


def _tried(trial: Trial, world: World, share: int, asked: argparse.Namespace) -> Tally:
    tally = trial(world, max(1, round(share * asked.kills / 200)), asked.seed)
    print(f"… {tally.lines()[0]}", flush=True)
    return tally


if __name__ == "__main__":
    sys.exit(main())
