"""Kinds of trial with SIGKILL: at a random moment of a run; the next ordinary run must make good."""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random

from faults_checks import accepted_lost, age, differences, traces
from faults_process import DAGSTER, DONE, STEPS, RunFailedError, Running, Task, run
from faults_world import Act, World

#: Of the recoveries, one in so many is killed too.
_KILLED_AGAIN = 4
#: Processes that check, where several do.
WORKERS = 2


@dataclass
class Tally:
    """What came of the trials of a kind: rounds, where they were hit, what was left half done, what went wrong."""

    kind: str
    rounds: int = 0
    hits: Counter[str] = field(default_factory=Counter)
    traces: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def lines(self) -> list[str]:
        """The figures, for people."""
        right = self.rounds - len(self.wrong)
        lines = [f"{self.kind}: {self.rounds} rounds, {right} made good, {self.seconds:.0f} s"]
        for title, counted in (("hit in", self.hits), ("left half done", self.traces)):
            if counted:
                lines.append(f"  {title}: " + ", ".join(f"{name} {times}" for name, times in counted.most_common()))
        return [*lines, *(f"  WRONG {one}" for one in self.wrong)]

    @contextmanager
    def timed(self) -> Iterator["Tally"]:
        """Count the block's seconds."""
        began = time.monotonic()
        yield self
        self.seconds += time.monotonic() - began

    def note(self, name: str, wrong: list[str]) -> None:
        """Count a round, and say at once what was wrong with it."""
        self.rounds += 1
        if wrong:
            self.wrong.append(f"{name}: " + "; ".join(wrong))
            print(f"WRONG {self.kind}: {self.wrong[-1]}", flush=True)


def kills(world: World, rounds: int, seed: int) -> Tally:
    """Kill runs, each step in turn; one recovery in four is killed too."""
    tally, rng = Tally("kill -9 of a run"), Random(seed)
    with tally.timed():
        for number in range(rounds):
            act, wrong = rng.choice(world.acts), list[str]()
            world.restore(act)
            step = STEPS[number % len(STEPS)]
            for attempt in range(1 + (rng.randrange(_KILLED_AGAIN) == 0)):
                running = Running(world.task(act, attempt))
                tally.hits[kill_in(running, step, rng.random() * world.durations[act.number][step])] += 1
                wrong += after_death(world, tally)
                step = rng.choice(STEPS)
            wrong += made_good(world, act, world.task(act, attempt=2))
            tally.note(f"round {number}, act {act.number}", wrong)
    return tally


def dagster_kills(world: World, rounds: int, seed: int) -> Tally:
    """The same through Dagster's job, at any moment of it."""
    tally, rng = Tally("kill -9 of Dagster's job"), Random(seed)
    act = world.acts[-1]
    with tally.timed():
        world.restore(act)
        whole = run(world.task(act, steps=DAGSTER)).began
        lasts = whole[DONE] - whole[DAGSTER[0]]
        for number in range(rounds):
            world.restore(act)
            running = Running(world.task(act, steps=DAGSTER))
            tally.hits[kill_in(running, DAGSTER[0], rng.random() * lasts)] += 1
            wrong = after_death(world, tally)
            tally.note(f"round {number}", wrong + made_good(world, act, world.task(act, 1, DAGSTER)))
    return tally


def worker_kills(world: World, rounds: int, seed: int) -> Tally:
    """With several processes that check: one of them is killed, or the parent of all."""
    tally, rng = Tally("kill -9 with worker processes"), Random(seed)
    act = world.acts[0]
    with tally.timed():
        world.restore(act)
        began = run(world.task(act, workers=WORKERS)).began
        lasts = began["review"] - began["enter"]
        for number in range(rounds):
            world.restore(act)
            running = Running(world.task(act, workers=WORKERS))
            seconds = rng.uniform(0.3, 1.0) * lasts
            wrong = _kill_worker(running, seconds, rng, tally) if number % 2 else _kill_parent(running, seconds, tally)
            wrong += after_death(world, tally)
            wrong += made_good(world, act, world.task(act, 1, workers=WORKERS))
            tally.note(f"round {number}", wrong)
    return tally


def _kill_parent(running: Running, seconds: float, tally: Tally) -> list[str]:
    tally.hits[f"parent, in {kill_in(running, 'enter', seconds)}"] += 1
    return []


def _kill_worker(running: Running, seconds: float, rng: Random, tally: Tally) -> list[str]:
    """A worker that dies ends the run with one line that says so, unless there was none left."""
    running.wait_for("enter")
    time.sleep(seconds)
    killed = running.kill_a_worker(rng.randrange(WORKERS))
    tally.hits["a worker" if killed else "no worker any more"] += 1
    try:
        running.finish()
    except RunFailedError as error:
        return [] if killed and "worker process was killed" in str(error) else [f"said: {error}"]
    return []


def kill_in(running: Running, step: str, seconds: float) -> str:
    """Kill it so many seconds after it has begun the step; what it was at by then."""
    if running.wait_for(step):
        time.sleep(seconds)
    return running.kill()


def after_death(world: World, tally: Tally) -> list[str]:
    """What must hold at once after a process has died; counts what that left half done."""
    tally.traces.update(traces(world.home, world.ledger.url))
    age(world.home)
    return accepted_lost(world.home, world.ledger.url)


def made_good(world: World, act: Act, task: Task, *, once: bool = True) -> list[str]:
    """Do the next ordinary run; what is not then as it should be."""
    try:
        run(task)
    except RunFailedError as error:
        return [f"the next run failed: {error}"]
    return differences(world.home, world.ledger.url, world.pictures[act.number], once=once)
