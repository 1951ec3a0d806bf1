"""What an installation holds of each table and year, and removing it.

A document's year is that of its month; of one that names no month, the year in which it came (Taipei).
"""

import shutil
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Integer, cast, delete, func, select
from sqlalchemy.orm import Session

from warehouse.deadlines import TAIPEI
from warehouse.home import Home
from warehouse.landing import Landing
from warehouse.ledger.bundles import StoreBundle
from warehouse.ledger.models import DatasetCount, Submission
from warehouse.ledger.outbox import Notice
from warehouse.ledger.retirements import retired
from warehouse.months import is_month
from warehouse.retention.policy import FINDINGS, LANDING, NOTICES, TABLES
from warehouse.store import RECORDS, REVIEWS, file_of

#: Table → the folders of the store that hold it.
_FOLDERS = {**{name: (name,) for name in RECORDS}, FINDINGS: ("findings", REVIEWS)}
#: Characters of a year, which a month begins with.
_YEAR = 4
_BOUND = 500


@dataclass(frozen=True, slots=True)
class Held:
    """How much of a table there is of a year by the ledger: documents (and bytes), records, findings or notices."""

    table: str
    year: int
    items: int
    bytes: int


def held(session: Session) -> list[Held]:
    """What was ever there, by year and table, in order; of nothing, no row."""
    found: dict[tuple[int, str], list[int]] = defaultdict(lambda: [0, 0])
    for _, year, size, findings in _documents(session):
        for table, items, weight in ((LANDING, 1, size), (FINDINGS, findings, 0)):
            found[year, table][0] += items
            found[year, table][1] += weight
    year_of_month = cast(func.substr(DatasetCount.month, 1, _YEAR), Integer)
    counted = select(year_of_month, DatasetCount.dataset, func.sum(DatasetCount.entered))
    for year, dataset, entered in session.execute(counted.group_by(year_of_month, DatasetCount.dataset)):
        found[year, dataset][0] += int(entered)
    told = cast(func.substr(Notice.month, 1, _YEAR), Integer)
    for year, number in session.execute(select(told, func.count()).group_by(told)):
        found[year, NOTICES][0] += number
    order = list(TABLES)
    rows = sorted(found.items(), key=lambda item: (item[0][0], order.index(item[0][1])))
    return [Held(table, year, *numbers) for (year, table), numbers in rows]


@dataclass(frozen=True, slots=True)
class Leftovers:
    """What is gone by the ledger and still there: ids in landing, folders and files of the store, names of bundles."""

    documents: Sequence[str]
    folders: Sequence[Path]
    files: Sequence[Path]
    bundles: Sequence[str]

    def __bool__(self) -> bool:
        return bool(self.documents or self.folders or self.files or self.bundles)

    def remove(self, landing: Landing) -> None:
        """Remove documents and files; safe to do again."""
        for id_ in self.documents:
            landing.remove(id_)
        for path in self.files:
            path.unlink(missing_ok=True)
        for folder in self.folders:
            shutil.rmtree(folder)

    def forget_bundles(self, session: Session) -> None:
        """Have the ledger name the bundles no more; publishing then sweeps them from the object store."""
        for first in range(0, len(self.bundles), _BOUND):
            session.execute(delete(StoreBundle).where(StoreBundle.name.in_(self.bundles[first : first + _BOUND])))


def leftovers(home: Home, landing: Landing, session: Session) -> Leftovers:
    """What a removal has left."""
    years: dict[str, set[int]] = {table: set() for table in TABLES}
    for table, year in retired(session):
        years[table].add(year)
    folders = [
        path
        for table, names in _FOLDERS.items()
        for year in years[table]
        for name in names
        for path in (home.store / name).glob(f"month={year:04}-*")
    ]
    return Leftovers(
        sorted(removed_documents(session).intersection(landing.ids()) if years[LANDING] else ()),
        sorted(folders),
        _findings_left(home, session, years[FINDINGS]),
        [] if home.objects is None else _bundles_left(session, set.intersection(*(years[table] for table in _FOLDERS))),
    )


def removed_documents(session: Session) -> set[str]:
    """Ids of the documents that are gone by the ledger: every submission of theirs is of a year removed of landing."""
    years = {year for table, year in retired(session) if table == LANDING}
    if not years:
        return set()
    found = defaultdict[str, set[int]](set)
    for id_, year, _, _ in _documents(session):
        found[id_].add(year)
    return {id_ for id_, own in found.items() if own <= years}


def _findings_left(home: Home, session: Session, years: set[int]) -> list[Path]:
    """Findings of documents that name no month, which lie in no folder of a month."""
    if not years:
        return []
    columns = (Submission.agency_code, Submission.month, Submission.id, Submission.first_received_at)
    paths = [
        file_of(home.store, "findings", agency, month, id_)
        for agency, month, id_, at in session.execute(select(*columns))
        if not is_month(month) and at.astimezone(TAIPEI).year in years
    ]
    return [path for path in paths if path.exists()]


def _bundles_left(session: Session, years: set[int]) -> list[str]:
    """Bundles that hold nothing but months of these years."""
    months = defaultdict[str, set[str]](set)
    for name, month in session.execute(select(StoreBundle.name, StoreBundle.month)):
        months[name].add(month)
    return sorted(name for name, own in months.items() if all(is_month(one) and int(one[:4]) in years for one in own))


def remove_notices(session: Session, year: int) -> None:
    """Remove a year's notices; that they went out stays in the audit."""
    session.execute(delete(Notice).where(Notice.month.startswith(f"{year:04}-")))


def _documents(session: Session) -> Iterator[tuple[str, int, int, int]]:
    """Of each submission: id, year, bytes, findings."""
    columns = (Submission.id, Submission.month, Submission.first_received_at, Submission.bytes)
    numbers = (Submission.fatal + Submission.errors + Submission.warnings).label("findings")
    for id_, month, at, size, findings in session.execute(select(*columns, numbers)):
        yield id_, int(month[:_YEAR]) if is_month(month) else at.astimezone(TAIPEI).year, size, findings
