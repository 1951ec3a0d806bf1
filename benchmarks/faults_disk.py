"""Kind of trial with a disk that fills up: the home is on a small file system of its own, filled before each step.

Needs the right to mount; without it the kind is left out, and said to be.
"""

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random

from faults_checks import accepted_lost, age
from faults_kills import Tally, made_good
from faults_process import STEPS, RunFailedError, Running, run
from faults_world import Act, World

#: Of the file system, in bytes; what a run of the last act needs is a fraction.
_SIZE = 128 << 20
_BALLAST = "ballast"
#: How the one line says that there is no room.
_NO_ROOM = ("空間不足", "No space left on device", "disk is full", "磁碟")


@contextmanager
def world_on_a_small_disk(work: Path, months: Sequence[str]) -> Iterator[World | None]:
    """The world with its home on a tmpfs of its own; None where mounting is not allowed."""
    home = work / "home"
    home.mkdir(parents=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={_SIZE}", "faults", str(home)], capture_output=True, check=False
    )
    if mounted.returncode:
        yield None
        return
    try:
        with World(work, months=months).open() as world:
            yield world
    finally:
        subprocess.run(["umount", str(home)], check=True)


def disks_full(world: World, rounds: int, seed: int) -> Tally:
    """Before a step, leave less room than it took undisturbed; after the run's one line make room and run again."""
    tally, rng = Tally("disk full"), Random(seed)
    needs = {act.number: _needs(world, act) for act in world.acts}
    with tally.timed():
        for number in range(rounds):
            act, step = rng.choice(world.acts), STEPS[number % len(STEPS)]
            world.restore(act)
            running = Running(world.task(act, waits=step))
            running.wait_for(step)
            _fill(world.home, leaving=int(rng.random() * needs[act.number][step]))
            running.go_on()
            wrong = _ended(running, tally)
            age(world.home)
            wrong += accepted_lost(world.home, world.ledger.url)
            (world.home / _BALLAST).unlink()
            tally.note(f"round {number}, act {act.number}, {step}", wrong + made_good(world, act, world.task(act, 1)))
    return tally


def _needs(world: World, act: Act) -> dict[str, int]:
    """Bytes that each step of an undisturbed run takes from the disk, and at least some pages."""
    needs = {}
    world.restore(act)
    before = _free(world.home)
    for step in STEPS:
        run(world.task(act, steps=(step,)))
        after = _free(world.home)
        needs[step] = max(before - after, 64 << 10)
        before = after
    return needs


def _ended(running: Running, tally: Tally) -> list[str]:
    """A run that had no room says so in one line."""
    try:
        running.finish()
    except RunFailedError as error:
        tally.hits[running.step] += 1
        return [] if any(words in str(error) for words in _NO_ROOM) else [f"said in {running.step}: {error}"]
    tally.hits["room enough after all"] += 1
    return []


def _fill(home: Path, leaving: int) -> None:
    with (home / _BALLAST).open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(1, _free(home) - leaving))


def _free(home: Path) -> int:
    found = os.statvfs(home)
    return found.f_bavail * found.f_frsize
