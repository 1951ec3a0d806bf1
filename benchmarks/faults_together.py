"""Kinds of trial without a kill: several runs of one agency-month at once, and a clock that goes back."""

from collections.abc import Sequence
from itertools import groupby
from random import Random

from faults_checks import differences, unsound
from faults_kills import Tally, made_good
from faults_process import STEPS, RunFailedError, Running, run
from faults_world import Act, World
from sqlalchemy import select

from pipelines.demo.plan import Round
from pipelines.resources import platform
from pipelines.settings import Settings
from warehouse.ledger.engine import reading
from warehouse.ledger.lifecycle import ENTERED, ENTERED_WITH_ERRORS, SUPERSEDED
from warehouse.ledger.models import AgencyMonth, Decision, Submission

#: Runs at once, in turn.
_AT_ONCE = (2, 4)
_WITHOUT_SUBMIT = STEPS[1:]


def runs_at_once(world: World, rounds: int, seed: int) -> Tally:
    """Two or four runs of the same act, while somebody hands in what is on the desk; then one more ordinary run.

    In every third round two publishers run beside them.
    """
    tally, rng = Tally("runs at once"), Random(seed)
    with tally.timed():
        for number in range(rounds):
            act, many = rng.choice(world.acts), _AT_ONCE[number % len(_AT_ONCE)]
            world.restore(act)
            running = [Running(world.task(act, 0.01 * one, _WITHOUT_SUBMIT)) for one in range(many)]
            running.append(Running(world.task(act, 0, STEPS[:1])))
            if number % 3 == 0:
                running += [Running(world.task(act, 0, ("publish",))) for _ in range(2)]
                tally.hits["two publishers beside"] += 1
            wrong = _all_ended(running)
            tally.hits[f"{many} runs"] += 1
            tally.note(
                f"round {number}, act {act.number}",
                wrong + made_good(world, act, world.task(act, 1, _WITHOUT_SUBMIT), once=False),
            )
    return tally


def _all_ended(running: Sequence[Running]) -> list[str]:
    wrong = []
    for one in running:
        try:
            one.finish()
        except RunFailedError as error:
            wrong.append(f"a run failed in {one.step}: {error}")
    return wrong


def clocks_going_back(world: World, rounds: int, seed: int) -> Tally:
    """A clock set back before a repeated run; between an original and its correction; and before the same bytes again.

    What counts stays as defined: the newest by the moment at which it was received, as the clock then said.
    """
    tally, rng = Tally("clock going back"), Random(seed)
    kinds = (_before_a_repeated_run, _before_the_correction, _before_the_same_again)
    with tally.timed():
        for number in range(rounds):
            kind = kinds[number % len(kinds)]
            tally.hits[kind.__name__.strip("_").replace("_", " ")] += 1
            try:
                wrong = kind(world, rng)
            except RunFailedError as error:
                wrong = [f"a run failed: {error}"]
            tally.note(f"round {number}", wrong)
    return tally


def _before_a_repeated_run(world: World, rng: Random) -> list[str]:
    act = rng.choice(world.acts)
    world.restore(act)
    running = Running(world.task(act))
    running.wait_for("enter")
    running.kill()
    return made_good(world, act, world.task(act, attempt=-rng.uniform(0.1, 8)))


def _before_the_correction(world: World, rng: Random) -> list[str]:
    """The later act of a month, with a clock that says that it is before the earlier one."""
    act = rng.choice([act for act in world.acts if act.when is Round.LATE])
    world.restore(act)
    hours = (act.when - Round.ON_TIME) * 24 + rng.uniform(1, 100)
    run(world.task(act, attempt=-hours))
    return [*unsound(world.home, world.ledger.url), *_not_as_defined(world, act)]


def _before_the_same_again(world: World, rng: Random) -> list[str]:
    """Everything on the desk is handed in again, by a clock that says that it is before the first time."""
    act = rng.choice([act for act in world.acts if act.when is Round.LATE])
    world.restore(act)
    run(world.task(act))
    (world.home / "desk.receipts").unlink()
    hours = rng.uniform(0.1, 8)
    run(world.task(act, attempt=-hours))
    return differences(world.home, world.ledger.url, world.pictures[act.number])


def _not_as_defined(world: World, act: Act) -> list[str]:
    """Agency-months of the act's month that do not count the newest of what was entered, by moment and then by id."""
    opened = platform(Settings(home=world.home, ledger_url=world.ledger.url))
    with reading(opened.engine) as session:
        of_month = select(Submission).where(Submission.month == act.month).order_by(Submission.agency_code)
        decided = set(session.scalars(select(Decision.agency_code).where(Decision.month == act.month)))
        counted = dict(
            session.execute(
                select(AgencyMonth.agency_code, AgencyMonth.submission_id).where(AgencyMonth.month == act.month)
            )
            .tuples()
            .all()
        )
        wrong = []
        for agency, submissions in groupby(session.scalars(of_month), lambda one: one.agency_code):
            entered = [one for one in submissions if one.state in (ENTERED, ENTERED_WITH_ERRORS, SUPERSEDED)]
            newest = max(entered, key=lambda one: (one.received_at, one.id), default=None)
            if agency not in decided and newest is not None and counted.get(agency) != newest.id:
                wrong.append(f"{agency} does not count its newest")
    opened.engine.dispose()
    return wrong
