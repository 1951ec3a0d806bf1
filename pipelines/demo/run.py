"""The demo: the made-up country handed in through all three channels, month by month, by Dagster's own job.

Time is made up too: each month is gone round twice, before its deadline and after it, as the plan says, and the
ledger's moments are those of the country.
"""

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Self

import dagster as dg
from sqlalchemy import func, select

from assets.channels.documents import read_submissions
from assets.channels.protocol import MANUAL, Channel, Delivery, FetchMemory, Land
from assets.channels.webitr import NAME as WEBITR
from assets.intake import HandedIn, hand_in
from assets.platform import Platform
from pipelines.dagster_home import prepare
from pipelines.definitions import defs
from pipelines.demo.country import COUNTIES, SUBSYSTEMS, Country, Handing
from pipelines.demo.manual_files import write_manual_files
from pipelines.demo.office_files import write_office_files
from pipelines.demo.plan import MONTHS, OUTAGES, SLOW, WEBHR_DOWN, Round
from pipelines.demo.systems import database_url, write_sources
from pipelines.demo.webhr_database import fill
from pipelines.demo.webitr_server import WebItrServer
from pipelines.jobs import monthly
from pipelines.resources import platform
from pipelines.runs import MonthRun, run_one
from pipelines.settings import Settings
from warehouse.ledger.engine import reading, writing
from warehouse.ledger.models import Agency, Submission
from warehouse.register import import_register

#: What the demo shows unless told otherwise: the plan's last three months.
SHOWN = MONTHS[-3:]
_SLOW_SECONDS = 1.0
_BEGIN = date(2021, 1, 1)


class DemoRefused(RuntimeError):  # noqa: N818 — says what happened
    """The home holds data already, which made-up data must not be mixed with."""

    def __init__(self, root: Path) -> None:
        super().__init__(
            f"{root} 已有資料，示範資料不得混入；請另設 ATTENDANCE_HOME "
            f"{root} holds data already: set ATTENDANCE_HOME to another folder for the demo"
        )


@dataclass(frozen=True)
class RoundRun:
    """One round of a month: when it was, in the country's time, and what its run did."""

    when: Round
    at: datetime
    run: MonthRun


class _Clock:
    """The country's time; it stands still within a round."""

    def __init__(self) -> None:
        self.now = Round.ON_TIME.begins(MONTHS[0])

    def __call__(self) -> datetime:
        return self.now


class _InItsTime:
    """A channel whose deliveries come at the country's time, not at this machine's."""

    def __init__(self, channel: Channel, clock: Callable[[], datetime]) -> None:
        self.name = channel.name
        self._channel = channel
        self._clock = clock
        #: As the country sees it → as the channel knows it.
        self._brought: dict[Delivery, Delivery] = {}

    def collect(self, month: str, agencies: Sequence[str], memory: FetchMemory, land: Land) -> Iterator[Delivery]:
        """What the channel itself collects."""
        for delivery in self._channel.collect(month, agencies, memory, land):
            stamped = replace(delivery, received_at=self._clock())
            self._brought[stamped] = delivery
            yield stamped

    def confirm(self, delivery: Delivery) -> None:
        """Tell the channel of its own delivery."""
        self._channel.confirm(self._brought.pop(delivery))


class DemoPlatform(Platform):
    """The platform, in the country's time."""

    def channels(self) -> dict[str, Channel]:
        """The channels of `sources.toml`."""
        return {name: _InItsTime(channel, self.clock) for name, channel in super().channels().items()}


def run_demo(
    settings: Settings, months: Sequence[str] = SHOWN, on_round: Callable[[RoundRun], None] | None = None
) -> list[RoundRun]:
    """Make the country in the settings' home and run `months` (of the plan's), two rounds each.

    `on_round` is told of each round as it is done.  Raises `DemoRefused` where the home holds data, and what the
    stages raise.
    """
    country, clock = Country(), _Clock()
    opened = platform(settings, actor="attendance demo", clock=clock)
    try:
        _refuse_if_used(opened)
        with writing(opened.engine) as session:
            import_register(session, country.register, _BEGIN, by=opened.actor, at=clock())
        write_office_files(opened.home.root, country.agencies)
        with (
            _Systems(country, opened) as systems,
            dg.DagsterInstance.from_config(str(prepare(settings))) as instance,
        ):
            done = []
            for month in months:
                for when in Round:
                    clock.now = when.begins(month)
                    with systems.round(month, when):
                        done.append(RoundRun(when, clock.now, _run_month(instance, opened, month)))
                    if on_round:
                        on_round(done[-1])
            return done
    finally:
        opened.engine.dispose()


def _refuse_if_used(opened: Platform) -> None:
    with reading(opened.engine) as session:
        for table in (Agency, Submission):
            if session.scalar(select(func.count()).select_from(table)):
                raise DemoRefused(opened.home.root)


def _run_month(instance: dg.DagsterInstance, opened: Platform, month: str) -> MonthRun:
    return run_one(defs.resolve_job_def(monthly.name), instance, DemoPlatform(**vars(opened)), month)


class _Systems:
    """The country's systems: running while the demo runs, and in each round in the state that the plan says."""

    def __init__(self, country: Country, opened: Platform) -> None:
        self._country = country
        self._opened = opened
        self._folder = opened.home.demo
        self._server = WebItrServer()
        self._webitr = [agency.agency_code for agency in country.agencies if agency.channel == WEBITR]

    def __enter__(self) -> Self:
        """Fill the databases, start the server, and write where both are."""
        self._folder.mkdir(exist_ok=True)
        for subsystem in SUBSYSTEMS:
            url = database_url(self._opened.home, subsystem.name)
            fill(url, MONTHS, list(self._country.webhr_rows(subsystem)))
        self._server.__enter__()
        write_sources(self._opened.home, self._country, self._server)
        self._server.slow = {self._webitr[SLOW]: _SLOW_SECONDS}
        return self

    def __exit__(self, *error: object) -> None:
        """Stop the server; the databases stay."""
        self._server.__exit__(None, None, None)

    @contextmanager
    def round(self, month: str, when: Round) -> Iterator[None]:
        """What is handed in in this round stands ready, and what is down in it is down."""
        handings = self._country.handed_in(month, when)
        self._server.offer(one for one in handings if one.channel == WEBITR)
        self._server.down = {self._webitr[n] for down, n in OUTAGES if down == month and when is Round.ON_TIME}
        self._hand_in([one for one in handings if one.channel == MANUAL], month, when)
        database = self._folder / f"{COUNTIES.name}.sqlite"
        away = database.with_suffix(".away")
        down = month == WEBHR_DOWN and when is Round.ON_TIME
        if down:
            database.rename(away)
        try:
            yield
        finally:
            if down:
                away.replace(database)

    def _hand_in(self, handings: Sequence[Handing], month: str, when: Round) -> None:
        """Into the inbox before the deadline; after it, by `attendance submit`, as people do who are reminded."""
        if when is Round.ON_TIME:
            write_manual_files(Path(self._opened.inbox), handings, month)
            return
        files = write_manual_files(self._folder / "files", handings, month)
        hand_in(self._opened, [HandedIn(name, data) for name, data in read_submissions(files)])
        shutil.rmtree(self._folder / "files")
