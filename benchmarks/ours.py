"""The platform's own way of a month: the functions that its Dagster job calls, without Dagster's book-keeping."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from measure import Outcome, Stages
from nation import MONTH
from person_texts import DATASETS

from assets.entering import enter
from assets.intake import HandedIn, hand_in
from assets.publishing import publish_now
from assets.reviewing import review
from pipelines.resources import platform
from pipelines.settings import Settings
from warehouse.duties.calendar import shipped
from warehouse.ledger.engine import writing
from warehouse.register import import_register


def run_platform(files: list[str], register: Path, out: Path) -> Outcome:
    """Land, enter, review and publish in a home of its own.

    `enter` is reading from landing, checking, storing and recording.  Making the home and importing the register are
    not counted: they happen once, not each month.
    """
    # By the clock of the close: the month before is the only one owed.
    closing = shipped().due(MONTH) + timedelta(hours=3)
    opened = platform(Settings(home=out / "home"), actor="benchmark", clock=lambda: closing)
    with writing(opened.engine) as session:
        import_register(session, register, date(2021, 1, 1))
    try:
        stages = Stages()
        size = sum(receipt.size for receipt in hand_in(opened, _read(files)))
        stages.end("land")
        entered = enter(opened, MONTH)
        stages.end("enter")
        review(opened)
        stages.end("review")
        publish_now(opened, [MONTH])
        stages.end("publish")
    finally:
        opened.engine.dispose()
    records: Counter[str] = Counter()
    for outcome in entered.outcomes:
        records.update(outcome.rows)
    return Outcome(stages.seconds, {name: records[name] for name in DATASETS}, size, stages.cpu)


def _read(files: list[str]) -> Iterator[HandedIn]:
    for name in files:
        yield HandedIn(name, Path(name).read_bytes())
