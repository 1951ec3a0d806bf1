"""What the rules across submissions read: counted records of a few months, out of reading copies or partition files."""

import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path

import duckdb
import polars as pl
import pyarrow as pa
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from warehouse.bundle_cache import bring
from warehouse.home import Home
from warehouse.ledger.base import same_submission
from warehouse.ledger.engine import reading
from warehouse.ledger.models import AgencyMonth, DatasetCount
from warehouse.months import month_range, shifted
from warehouse.publish.copies import Copies
from warehouse.publish.database import from_files, open_empty
from warehouse.publish.manifest import Manifest
from warehouse.store import file_of
from warehouse.tables import TABLES

#: Agency code and month.
Place = tuple[str, str]

#: Up to so many submissions of a month are read from their own files; more from the month's reading copy.
_FEW = 40


def counted_submissions(session: Session) -> dict[Place, str]:
    """Which submission each agency-month counts; those that count none are left out."""
    rows = session.execute(select(AgencyMonth.agency_code, AgencyMonth.month, AgencyMonth.submission_id))
    return {(agency, month): submission for agency, month, submission in rows if submission is not None}


def counts_of_months(session: Session, month: str, months_before: int) -> pl.DataFrame:
    """Records entered by what the months count, from so many months before to `month` itself.

    Columns: `agency_code`, `submission_id`, `dataset`, `months_ago` (0 the month), `submitted`, `entered`.
    """
    months = month_range(shifted(month, -months_before), month)
    query = (
        select(
            AgencyMonth.agency_code,
            AgencyMonth.submission_id,
            DatasetCount.dataset,
            AgencyMonth.month,
            DatasetCount.read,
            DatasetCount.entered,
        )
        .join(DatasetCount, same_submission(DatasetCount, AgencyMonth))
        .where(AgencyMonth.month.in_(months))
    )
    names = {"agency_code": pl.String, "submission_id": pl.String, "dataset": pl.String, "month": pl.String}
    frame = pl.DataFrame(
        session.execute(query).all(), schema={**names, "submitted": pl.Int64, "entered": pl.Int64}, orient="row"
    )
    ago = pl.DataFrame({"month": months, "months_ago": range(len(months) - 1, -1, -1)})
    return frame.join(ago, on="month").drop("month")


class CountedRecords:
    """Employees and leaves of what the agency-months count; use `open_records`."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        copies: Copies,
        store: Path,
        counted: Mapping[Place, str],
        bring: Callable[[Collection[str]], None],
    ) -> None:
        """`bring` has the store's files of some months at hand."""
        self._connection = connection
        self._copies = copies
        self._store = store
        self.bring = bring
        self._of_month: dict[str, dict[str, str]] = {}
        for (agency, month), submission in counted.items():
            self._of_month.setdefault(month, {})[agency] = submission
        self._whole: dict[tuple[str, str], str] = {}

    def remember_persons(self, name: str, dataset: str, submissions: Iterable[tuple[str, str, str]]) -> None:
        """Keep as table `name` (`month`, `person_key`) who is in these submissions (agency, month, id)."""
        named = list(submissions)
        self.bring({month for _, month, _ in named})
        files = [file_of(self._store, dataset, *one) for one in named]
        there = [file for file in files if file.exists()]  # a refused or withdrawn one may have been cleaned away
        source = from_files(TABLES[f"core.{dataset}"], there)
        query = f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT DISTINCT month, person_key FROM ({source})"  # noqa: S608
        self._connection.execute(query)

    def agencies_with(
        self, persons: str, dataset: str, month: str, since: str, leave_type: str | None = None
    ) -> set[str]:
        """Agencies that in `month` have records of somebody whom the table `persons` has from `since` to `month`.

        `leave_type`: of leaves, only those of it.
        """
        of_type = "" if leave_type is None else "leave_type = $leave_type AND "
        query = (
            f"SELECT DISTINCT agency_code FROM ({self._source(dataset, month)}) WHERE {of_type}person_key IN "  # noqa: S608
            f"(SELECT person_key FROM {persons} WHERE month BETWEEN $since AND $month)"
        )
        asked = {"since": since, "month": month} | ({} if leave_type is None else {"leave_type": leave_type})
        return {row[0] for row in self._connection.execute(query, asked).fetchall()}

    def days_reached(self, dataset: str, month: str, days: Collection[date]) -> list[tuple[str, date]]:
        """Agency and day, where a leave or overtime of the month touches one of these days.

        One that ends at midnight does not touch the day that begins there.
        """
        query = (
            "SELECT DISTINCT agency_code, day "  # noqa: S608
            f"FROM ({self._source(dataset, month)}) JOIN (SELECT unnest($days) AS day) "
            "ON start_at < day + INTERVAL 1 DAY AND end_at > day"
        )
        return self._connection.execute(query, {"days": sorted(days)}).fetchall()

    def employment(self, month: str, agencies: Collection[str]) -> pl.DataFrame:
        """These agencies' employees: `agency_code`, `person_key`, `employment_type`, `annual_leave_hours`."""
        source = self._source("employees", month, agencies)
        return self._frame(
            f"SELECT agency_code, person_key, employment_type, annual_leave_hours FROM ({source}) WHERE agency_code IN "  # noqa: S608
            "(SELECT unnest($agencies)) ORDER BY agency_code, record_index",
            {"agencies": sorted(agencies)},
        )

    def listed_twice(self, month: str, agencies: Collection[str]) -> pl.DataFrame:
        """The month's employees who are listed by two agencies or more, of which one is among `agencies`."""
        source = self._source("employees", month)
        return self._frame(
            f"WITH e AS ({source}), twice AS (SELECT person_key FROM e GROUP BY person_key "  # noqa: S608
            "HAVING count(DISTINCT agency_code) > 1 AND bool_or(agency_code IN (SELECT unnest($agencies)))) "
            "SELECT agency_code, submission_id, record_index, person_key, payroll_from, payroll_to, status "
            "FROM e JOIN twice USING (person_key)",
            {"agencies": sorted(agencies)},
        )

    def leaves_of_heavy_users(
        self, month: str, months_before: int, agencies: Collection[str], users: pl.DataFrame
    ) -> pl.DataFrame:
        """The window's leaves of everybody with leaves in these agencies this month who may have used up a quota.

        `users` (see `checks.across.leave_quotas.users_of_quotas`) says which hours add up, and from how many on.
        """
        months = [one for one in month_range(shifted(month, -months_before), month) if one in self._of_month]
        window = " UNION ALL ".join(f"({self._source('leaves', one)})" for one in months)
        self._connection.register("users", users.to_arrow())
        frame = self._frame(
            f"""WITH leaves AS ({window}),
            sums AS (SELECT person_key, month, leave_type, sum(hours_in_month) AS hours FROM leaves GROUP BY ALL),
            heavy AS (
                SELECT DISTINCT person_key FROM (
                    SELECT person_key FROM sums JOIN users USING (leave_type)
                    WHERE per <> 'month' OR month = $month
                    GROUP BY person_key, quota_type, least_hours HAVING sum(hours) > least_hours)
                WHERE person_key IN
                    (SELECT person_key FROM leaves WHERE month = $month AND agency_code IN (SELECT unnest($agencies))))
            SELECT agency_code, month, submission_id, record_index, record_id, person_key, leave_type, start_at, end_at,
                hours, hours_in_month, event_id
            FROM leaves JOIN heavy USING (person_key)""",  # noqa: S608
            {"month": month, "agencies": sorted(agencies)},
        )
        self._connection.unregister("users")
        return frame

    def time_off(self, month: str, agencies: Collection[str], leave_type: str) -> pl.DataFrame:
        """The month's leaves of a type, in all agencies, of everybody with one in these."""
        source = self._source("leaves", month)
        return self._frame(
            f"""WITH leaves AS (FROM ({source}) WHERE leave_type = $leave_type)
            SELECT agency_code, submission_id, record_index, record_id, person_key, start_at, end_at, hours_in_month
            FROM leaves WHERE person_key IN
                (SELECT person_key FROM leaves WHERE agency_code IN (SELECT unnest($agencies)))""",  # noqa: S608
            {"leave_type": leave_type, "agencies": sorted(agencies)},
        )

    def earned(self, leaves: pl.DataFrame, month: str, months_before: int) -> pl.DataFrame:
        """Of persons whose `leaves` (as `time_off` gives them) are beyond what they earned in the window: what that is.

        `person_key`, the `minutes` of overtime to be taken as time off, and in how many `months` an agency lists them;
        0 where not every month of the window is there.
        """
        months = [one for one in month_range(shifted(month, -months_before), month) if one in self._of_month]
        if leaves.is_empty():  # and the overtime of two years need not be read
            return pl.DataFrame(schema={"person_key": pl.String, "minutes": pl.Int64, "months": pl.Int64})
        overtime = " UNION ALL ".join(f"({self._source('overtime', one)})" for one in months)
        self._connection.register("taken", leaves.select("person_key", "hours_in_month").to_arrow())
        short = self._frame(
            f"""WITH taken AS (SELECT person_key, sum(hours_in_month) AS hours FROM taken GROUP BY person_key),
            earned AS (SELECT person_key, sum(minutes_in_month) AS minutes FROM ({overtime})
                WHERE compensation = 'time_off' AND person_key IN (SELECT person_key FROM taken) GROUP BY person_key)
            SELECT person_key, coalesce(minutes, 0)::BIGINT AS minutes
            FROM taken LEFT JOIN earned USING (person_key) WHERE hours * 60 > coalesce(minutes, 0)""",  # noqa: S608
            {},
        )
        self._connection.unregister("taken")
        if short.is_empty() or len(months) <= months_before:
            return short.with_columns(months=pl.lit(0, dtype=pl.Int64))
        employees = " UNION ALL ".join(f"({self._source('employees', one)})" for one in months)
        self._connection.register("short", short.to_arrow())
        listed = self._frame(
            f"""SELECT person_key, short.minutes, count(DISTINCT month) AS months
            FROM ({employees}) JOIN short USING (person_key) GROUP BY ALL""",  # noqa: S608
            {},
        )
        self._connection.unregister("short")
        return listed

    def overtime_beyond(self, month: str, months: int, agencies: Collection[str], minutes: float) -> pl.DataFrame:
        """The overtime of the last so many months of everybody with more than `minutes` who has some in these now."""
        window = [one for one in month_range(shifted(month, 1 - months), month) if one in self._of_month]
        source = " UNION ALL ".join(f"({self._source('overtime', one)})" for one in window)
        return self._frame(
            f"""WITH overtime AS ({source}),
            heavy AS (SELECT person_key FROM overtime GROUP BY person_key HAVING sum(minutes_in_month) > $minutes
                AND bool_or(month = $month AND agency_code IN (SELECT unnest($agencies))))
            SELECT agency_code, month, submission_id, record_index, record_id, person_key, start_at, end_at,
                minutes_in_month
            FROM overtime JOIN heavy USING (person_key)""",  # noqa: S608
            {"month": month, "minutes": minutes, "agencies": sorted(agencies)},
        )

    def _source(self, dataset: str, month: str, agencies: Collection[str] | None = None) -> str:
        """A SELECT of a month's counted records, of the agencies named or of more."""
        counted = self._of_month.get(month, {})
        wanted = [code for code in agencies if code in counted] if agencies is not None else list(counted)
        table = TABLES[f"core.{dataset}"]
        if (dataset, month) not in self._whole:
            self.bring([month])
        if len(wanted) <= _FEW and (dataset, month) not in self._whole:
            return from_files(table, [file_of(self._store, dataset, code, month, counted[code]) for code in wanted])
        if (dataset, month) not in self._whole:
            self._whole[dataset, month] = from_files(table, self._copies.detail(dataset, month))
        return self._whole[dataset, month]

    def _frame(self, query: str, values: Mapping[str, object]) -> pl.DataFrame:
        frame = pl.from_arrow(self._connection.sql(query, params=dict(values)).to_arrow_table())
        return frame if isinstance(frame, pl.DataFrame) else frame.to_frame()


@contextmanager
def open_records(home: Home, engine: Engine, counted: Mapping[Place, str], now: datetime) -> Iterator[CountedRecords]:
    """Give the counted records; only while holding publishing's lock.

    Reading copies that are made on the way are named by what is in them, and so are those that publishing makes next.
    """
    home.published.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as spill, open_empty(":memory:", Path(spill)) as connection:
        connection.execute("ATTACH ':memory:' AS ledger")
        connection.execute("CREATE TABLE ledger.counted (agency_code VARCHAR, month VARCHAR, id VARCHAR)")
        rows = [(agency, month, submission) for (agency, month), submission in counted.items()]
        agency, month, submission = zip(*rows, strict=True) if rows else ((), (), ())
        text = pa.string()
        arrow = pa.table({
            "agency_code": pa.array(agency, text), "month": pa.array(month, text), "id": pa.array(submission, text),
        })  # fmt: skip
        connection.register("incoming", arrow)
        connection.execute("INSERT INTO ledger.counted BY NAME FROM incoming")
        connection.unregister("incoming")
        copies = Copies(connection, Manifest.load(home.published), home.store, now)

        def brought(months: Collection[str]) -> None:
            with reading(engine) as session:
                bring(home, session, months)

        yield CountedRecords(connection, copies, home.store, counted, brought)
