"""A small installation for tests: four agencies, documents that break no rule unless asked to, a clock that stands."""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from assets.batches import store_batch, verdict
from assets.entering import result_of
from assets.platform import Platform
from checks.bulk import check_documents
from checks.context import CheckContext
from checks.document import SubmittedDocument
from pipelines.resources import platform
from pipelines.settings import Settings
from tests.support.dagster_storage import put_dagster_storage
from tests.support.ledger import put_migrated
from warehouse.ledger.bundles import record_bundles
from warehouse.ledger.engine import reading, writing
from warehouse.ledger.entries import pending, record_results
from warehouse.ledger.models import Agency
from warehouse.store import Store

AUTHORITY, FIRST, SECOND, THIRD = "376500000A", "376500001A", "376500002A", "376500003A"
AGENCIES = (AUTHORITY, FIRST, SECOND, THIRD)
NOW = datetime(2021, 7, 10, 1, 0, tzinfo=UTC)
PERSON = "A123456789"


def installation(root: Path, now: datetime = NOW, **settings: Any) -> Platform:
    """A platform whose register holds the four agencies."""
    if "ledger_url" not in settings:
        put_migrated(root / "ledger.sqlite")
        put_dagster_storage(root)
    opened = platform(Settings(home=root, **settings), actor="test", clock=lambda: now)
    add_agencies(opened, *AGENCIES)
    return opened


class MadeOnce:
    """A home that is filled once and brought back for each test, always under `home`: its warehouse names its files."""

    def __init__(self, home: Path, fill: Callable[[Path], None]) -> None:
        fill(home)
        self.home = home
        self._kept = home.rename(home.with_name("kept"))

    @contextmanager
    def brought_back(self) -> Iterator[Path]:
        """The home as it was filled, until the block ends."""
        shutil.copytree(self._kept, self.home, symlinks=True)
        try:
            yield self.home
        finally:
            shutil.rmtree(self.home, ignore_errors=True)


def ticking(opened: Platform, since: datetime) -> Platform:
    """The installation with a clock on which an hour passes with every look at it."""
    hours = iter(range(10_000))
    object.__setattr__(opened, "clock", lambda: since + timedelta(hours=next(hours)))
    return opened


def add_agencies(opened: Platform, *codes: str) -> None:
    with writing(opened.engine) as session:
        for code in codes:
            session.add(
                Agency(
                    agency_code=code,
                    name=f"機關 {code}",
                    parent_code=None if code == AUTHORITY else AUTHORITY,
                    authority_code=AUTHORITY,
                    active_from=date(2015, 1, 1),
                )
            )


def document(agency_code: str, month: str = "2021-06", produced_at: str = "2021-07-05T09:12:00+08:00", **more) -> bytes:
    """A submission of one person with a day of leave and an hour of overtime; `more` replaces whole properties."""
    return json.dumps(
        {
            "format_version": "1.0",
            "agency_code": agency_code,
            "month": month,
            "produced_by": {"system": "WebITR", "version": "2.4.1"},
            "produced_at": produced_at,
            "employees": [
                {"person_id": PERSON, "name": "王小明", "employment_type": "civil_servant", "from": None, "to": None}
            ],
            "leaves": [
                {
                    "record_id": "L-1",
                    "person_id": PERSON,
                    "leave_type": "03",
                    "start": f"{month}-03T08:30",
                    "end": f"{month}-03T17:30",
                    "hours": 8,
                    "certificate": False,
                    "reason": None,
                }
            ],
            "overtime": [
                {
                    "record_id": "O-1",
                    "person_id": PERSON,
                    "start": f"{month}-04T18:00",
                    "end": f"{month}-04T20:00",
                    "minutes": 120,
                    "compensation": "time_off",
                }
            ],
            "clockings": [],
            **more,
        },
        ensure_ascii=False,
    ).encode()


def with_error(agency_code: str, month: str = "2021-06") -> bytes:
    """One record too many: overtime of somebody who is not among the employees (R102)."""
    stranger = {
        "record_id": "O-1",
        "person_id": "B223456782",
        "start": f"{month}-04T18:00",
        "end": f"{month}-04T20:00",
        "minutes": 120,
        "compensation": "pay",
    }
    return document(agency_code, month, overtime=[stranger])


def of_every_kind() -> list[bytes]:
    """Documents of June 2021: sound, faulty, refused; of a month that was in the future; of no agency; and noise."""
    return [
        document(AUTHORITY),
        with_error(FIRST),
        refused(SECOND),
        document(AUTHORITY, "2021-12"),
        document("ZZZZZZZZZZ"),
        b"noise",
    ]


def refused(agency_code: str, month: str = "2021-06") -> bytes:
    """A document that is refused: a property that the format does not know (F006)."""
    return document(agency_code, month, unknown=1)


def refuse_by_older_rules(opened: Platform, month: str) -> None:
    """Judge what waits as a program would whose rules refused it (F006), which those of today do not."""
    with reading(opened.engine) as session:
        waiting = pending(session, month)
    documents = [SubmittedDocument(refused(one.agency_code, month), one.agency_code, month) for one in waiting]
    checked = check_documents(documents, CheckContext(today=opened.today()))
    store = Store(opened.home.store, opened.person_key(), opened.home.bundles)
    store_batch(store, waiting, checked)
    bundle = store.send()
    results = [result_of(verdict(*pair), "older") for pair in zip(waiting, checked.documents, strict=True)]
    with writing(opened.engine) as session:
        record_results(session, results, at=opened.clock())
        record_bundles(session, [bundle])
