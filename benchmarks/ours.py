"""The platform's own way of a month: the functions that its Dagster job calls, without Dagster's book-keeping."""

from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from time import perf_counter

from measure import Outcome
from nation import MONTH
from person_texts import DATASETS

from assets.entering import enter
from assets.intake import HandedIn, hand_in
from assets.publishing import publish_now
from pipelines.resources import platform
from pipelines.settings import Settings
from warehouse.ledger.engine import writing
from warehouse.register import import_register


def run_platform(files: list[str], register: Path, out: Path) -> Outcome:
    """Land, check, store and publish in a home of its own.

    `check` includes reading from landing, `store` recording in the ledger.  Making the home and importing the
    register are not counted: they happen once, not each month.
    """
    opened = platform(Settings(home=out / "home"), actor="benchmark")
    with writing(opened.engine) as session:
        import_register(session, register, date(2021, 1, 1))
    try:
        started = perf_counter()
        size = sum(receipt.size for receipt in hand_in(opened, _read(files)))
        landed = perf_counter()
        entered = enter(opened, MONTH)
        stored = perf_counter()
        publish_now(opened, [MONTH])
        published = perf_counter()
    finally:
        opened.engine.dispose()
    records: Counter[str] = Counter()
    for outcome in entered.outcomes:
        records.update(outcome.rows)
    storing = entered.seconds["store"] + entered.seconds["record"]
    seconds = {
        "land": landed - started,
        "check": stored - landed - storing,
        "store": storing,
        "publish": published - stored,
    }
    return Outcome(seconds, {name: records[name] for name in DATASETS}, size)


def _read(files: list[str]) -> Iterator[HandedIn]:
    for name in files:
        yield HandedIn(name, Path(name).read_bytes())
