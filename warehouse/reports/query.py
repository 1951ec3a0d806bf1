"""Asking the reports: one question with its filters, against the published warehouse or one as of a moment."""

from collections.abc import Iterable
from datetime import datetime

import duckdb
import pandas as pd
from sqlalchemy import Engine

from warehouse.home import Home
from warehouse.publish.database import open_warehouse
from warehouse.publish.past import warehouse_as_of
from warehouse.register.agencies import month_days
from warehouse.tables import TABLES

#: Report → the column that holds its time: a month, or a year.
REPORTS = {
    "submission_status": "month",
    "monthly_counts": "month",
    "summary": "month",
    "due_months": "month",
    "submission_ratios": "year",
    "client_versions": "month",
}


class UnknownReport(ValueError):  # noqa: N818 — reads as what it is
    """No report has this name; `known` are those that there are."""

    def __init__(self, report: str) -> None:
        self.report, self.known = report, tuple(REPORTS)
        super().__init__(f"沒有這種報表 no such report: {report!r}; known: {', '.join(self.known)}")


class NothingPublished(FileNotFoundError):  # noqa: N818 — reads as what it is
    """There is no warehouse yet."""

    def __init__(self, home: Home) -> None:
        super().__init__(
            f"尚未發布資料庫 {home.warehouse}，請先執行 attendance run nothing has been published yet; "
            "attendance run does it"
            if home.objects is None
            else f"本機沒有資料庫 {home.warehouse}，請先執行 attendance fetch this machine has no warehouse: "
            "attendance fetch brings what was published"
        )


def report_frame(
    home: Home, report: str, year: int, month: str | None = None, authority: str | None = None
) -> pd.DataFrame:
    """Return a report's rows of a year, or of one month `YYYY-MM` of it, in Arrow types (decimals stay exact).

    `authority`: only that agency and all below it, at every depth, in that month (for a year's rows, in any of its
    months).  Raises `UnknownReport`, `NothingPublished`, and ValueError for a month outside the year.
    """
    _check(report, year, month)
    if not home.warehouse.exists():
        raise NothingPublished(home)
    with open_warehouse(home.warehouse) as connection:
        return _ask(connection, report, year, month, authority)


def report_frame_as_of(
    home: Home,
    engine: Engine,
    report: str,
    year: int,
    *,
    as_of: datetime,
    month: str | None = None,
    authority: str | None = None,
    first_month: str | None = None,
) -> pd.DataFrame:
    """Return the same as it was known at `as_of` (aware): what had arrived by then counts."""
    _check(report, year, month)
    with warehouse_as_of(home, engine, as_of, year, first_month=first_month) as connection:
        return _ask(connection, report, year, month, authority)


def report_frames_as_of(
    home: Home,
    engine: Engine,
    names: Iterable[str],
    year: int,
    *,
    as_of: datetime,
    authority: str | None = None,
    first_month: str | None = None,
) -> dict[str, pd.DataFrame]:
    """Return several reports of a year as known at `as_of` (aware), by name; the past is built once for all of them."""
    with warehouse_as_of(home, engine, as_of, year, first_month=first_month) as connection:
        return {name: _ask(connection, name, year, None, authority) for name in names}


def _check(report: str, year: int, month: str | None) -> None:
    if report not in REPORTS:
        raise UnknownReport(report)
    if month is not None and month_days(month)[0].year != year:
        raise ValueError(f"月份不在該年度內 {month} is not a month of {year}")


def _ask(
    connection: duckdb.DuckDBPyConnection, report: str, year: int, month: str | None, authority: str | None
) -> pd.DataFrame:
    values: dict[str, object] = {"first": month or f"{year:04}-01", "last": month or f"{year:04}-12"}
    if REPORTS[report] == "year":
        values = {"first": f"{year:04}-01", "last": f"{year:04}-12", "year": year}
        of_time, overlap = "year = $year", "a.first_month <= $last AND a.last_month >= $first"
    else:
        of_time, overlap = "month BETWEEN $first AND $last", "r.month BETWEEN a.first_month AND a.last_month"
    of_place = "true"
    if authority is not None:
        values["authority"] = authority
        of_place = (
            "EXISTS (FROM core.agency_ancestors a WHERE a.agency_code = r.agency_code "
            f"AND a.ancestor_code = $authority AND {overlap})"
        )
    # The table's name and the conditions are ours; whatever came from outside is bound.
    query = f"SELECT r.* FROM {TABLES[f'reports.{report}'].qualified} r WHERE {of_time} AND {of_place}"  # noqa: S608
    asked = connection.sql(query, params={name: value for name, value in values.items() if f"${name}" in query})
    frame: pd.DataFrame = asked.to_arrow_table().to_pandas(types_mapper=pd.ArrowDtype)
    return frame
