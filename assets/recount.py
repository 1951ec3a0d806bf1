"""Recounting (重算): agency-months made again from landing, and compared with ledger, store and warehouse, row for row.

What is made goes into a temporary folder, as a rebuild would make it; nothing of the installation is changed.
"""

import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import duckdb
import pyarrow.parquet as pq
from pyarrow.lib import ArrowException
from sqlalchemy import select

from assets.batches import Desk, check_and_store, tasks
from assets.judged import Judged, judged_submissions, key_of
from assets.platform import Platform
from checks.model.stored import STORED
from warehouse.ledger.engine import reading
from warehouse.ledger.lifecycle import SubmissionKey
from warehouse.ledger.models import AgencyMonth
from warehouse.ledger.retirements import first_open_month
from warehouse.publish.database import from_files, open_warehouse
from warehouse.store import RECORDS, file_of
from warehouse.tables import TABLES


class Difference(NamedTuple):
    """An agency-month that is otherwise than its document makes it: `where` is ledger, store or warehouse."""

    agency_code: str
    month: str
    where: str

    def __str__(self) -> str:
        """In one word for a list."""
        return f"{self.agency_code} {self.month} ({self.where})"


@dataclass
class Recounted:
    """`agency_months` compared; of `older`, judged by rules of before and differing, nobody can tell why."""

    agency_months: int = 0
    older: int = 0
    differences: list[Difference] = field(default_factory=list)


def counted(platform: Platform) -> list[SubmissionKey]:
    """The submissions that the agency-months count, of months whose documents are still kept."""
    query = select(AgencyMonth.submission_id, AgencyMonth.agency_code, AgencyMonth.month).where(
        AgencyMonth.submission_id.is_not(None)
    )
    with reading(platform.engine) as session:
        opened = first_open_month(session)
        rows = session.execute(query.order_by(AgencyMonth.month, AgencyMonth.agency_code)).all()
    return [SubmissionKey(str(id_), agency, month) for id_, agency, month in rows if month >= opened]


def recount(
    platform: Platform,
    chosen: Collection[SubmissionKey],
    unpublished: Collection[str],
    advance: Callable[[], object] = lambda: None,
) -> Recounted:
    """Make what these submissions are, and compare.  The warehouse is not asked about `unpublished` months.

    Raises what `Landing.read` and `Store` do, and `SettingsError` where the person key is not at hand.
    """
    recounted, wanted, months = Recounted(), set(chosen), sorted({one.month for one in chosen})
    for month in months:
        ids = [one.id for one in wanted if one.month == month]
        for some in (ids[at : at + _AT_ONCE] for at in range(0, len(ids), _AT_ONCE)):
            judged = judged_submissions(platform, month, month, some)
            judged.submissions[:] = [one for one in judged.submissions if key_of(one) in wanted]
            _compare(platform, judged, recounted, published=month not in unpublished, advance=advance)
    return recounted


#: Submissions made again together; their files lie in the temporary folder until they are compared.
_AT_ONCE = 200


def _compare(
    platform: Platform, judged: Judged, recounted: Recounted, *, published: bool, advance: Callable[[], object]
) -> None:
    known = {key_of(one): one for one in judged.submissions}
    for context, submissions in judged.by_circumstances(platform, anew=False):
        with tempfile.TemporaryDirectory(prefix="recount-") as folder:
            desk = Desk(platform.landing, Path(folder) / "store", platform.person_key(), [context])
            store = desk.open_store()
            for task in tasks(submissions):
                for verdict in check_and_store(desk, store, task).verdicts:
                    key = SubmissionKey(*verdict.ticket)
                    ledger_differs = judged.differs(known[key], verdict)
                    found = list(_differing(platform, desk.store, key, ledger_differs, published=published))
                    recounted.agency_months += 1
                    if found and known[key].rule_set != platform.rule_set:
                        recounted.older += 1
                    else:
                        recounted.differences += found
                    advance()


def _differing(
    platform: Platform, made: Path, key: SubmissionKey, ledger_differs: bool, *, published: bool
) -> Iterator[Difference]:
    if ledger_differs:
        yield Difference(key.agency_code, key.month, "ledger")
    place = (key.agency_code, key.month, key.id)
    stored = {name: file_of(platform.home.store, name, *place) for name in STORED}
    anew = {name: file_of(made, name, *place) for name in STORED}
    if not all(_same(anew[name], stored[name]) for name in STORED):
        yield Difference(key.agency_code, key.month, "store")
    if published and platform.home.warehouse.exists() and not _shown(platform.home.warehouse, key, anew):
        yield Difference(key.agency_code, key.month, "warehouse")


def _same(made: Path, stored: Path) -> bool:
    """Whether two files hold the same rows in the same order; neither is there: no findings."""
    if not made.exists() or not stored.exists():
        return made.exists() == stored.exists()
    try:
        return bool(pq.read_table(made).equals(pq.read_table(stored)))
    except (ArrowException, OSError):
        return False


def _shown(warehouse: Path, key: SubmissionKey, made: Mapping[str, Path]) -> bool:
    """Whether the warehouse shows exactly these records of the agency-month, in whatever order."""
    try:
        with open_warehouse(warehouse) as connection:
            return all(_shows(connection, name, key, made[name]) for name in RECORDS)
    except duckdb.Error:
        return False


def _shows(connection: duckdb.DuckDBPyConnection, dataset: str, key: SubmissionKey, made: Path) -> bool:
    columns = ", ".join(f'"{name}"' for name in STORED[dataset].to_schema().columns)
    shown = f"SELECT {columns} FROM core.{dataset} WHERE agency_code = $agency AND month = $month"  # noqa: S608
    wanted = from_files(TABLES[f"core.{dataset}"], [made] if made.exists() else [])
    query = f"SELECT count(*) FROM ((({shown}) EXCEPT ALL ({wanted})) UNION ALL (({wanted}) EXCEPT ALL ({shown})))"  # noqa: S608
    values = {"agency": key.agency_code, "month": key.month}
    row = connection.execute(query, values).fetchone()
    return row == (0,)
