"""Which rows of a report are meant, and whose they may be: conditions that are all SQL, with every value bound.

A report of the country has a million rows; whoever asks gets a page of them, a stream, or a sum, never a frame.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import duckdb

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
#: Those with rows rolled up for authorities and the country, beside each agency's own.
ROLLED_UP = frozenset({"summary", "submission_ratios"})
_BY_SCOPE = "CASE scope WHEN 'country' THEN 0 WHEN 'authority' THEN 1 ELSE 2 END"
#: Total orders, so that pages neither repeat nor leave out a row.
_ORDERS = {
    "submission_status": "month, agency_code",
    "monthly_counts": "month, agency_code, dataset",
    "summary": f"month, {_BY_SCOPE}, agency_code, leave_type",
    "due_months": "month, agency_code",
    "submission_ratios": f"{_BY_SCOPE}, agency_code",
    "client_versions": "months_behind DESC NULLS LAST, versions_behind DESC NULLS LAST, agency_code",
}
#: Rows that a stream fetches at a time.
_BATCH = 10_000


class UnknownReport(ValueError):  # noqa: N818 — reads as what it is
    """No report has this name; `known` are those that there are."""

    def __init__(self, report: str) -> None:
        self.report, self.known = report, tuple(REPORTS)
        super().__init__(f"沒有這種報表 no such report: {report!r}; known: {', '.join(self.known)}")


@dataclass(frozen=True, slots=True)
class Reach:
    """Whose rows somebody may have: all; or those of `authorities` and all below them in each month, and `agencies`'.

    Of `agencies` only their own rows: what is rolled up over those below them is the authority's.
    """

    everywhere: bool = False
    authorities: tuple[str, ...] = ()
    agencies: tuple[str, ...] = ()


EVERYWHERE = Reach(everywhere=True)


@dataclass(frozen=True, slots=True)
class Selection:
    """Rows of a report: of a year or one month `YYYY-MM` of it, within a reach.

    `authority`: only that agency and all below it, at every depth, in that month (for a year's rows, in any of its
    months); with `alone`, only what is its own.  `only` are further columns and the value that each must have.
    Raises `UnknownReport`, and ValueError for a month outside the year or a column that the report has not.
    """

    report: str
    year: int
    month: str | None = None
    authority: str | None = None
    alone: bool = False
    reach: Reach = EVERYWHERE
    only: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.report not in REPORTS:
            raise UnknownReport(self.report)
        if self.month is not None and month_days(self.month)[0].year != self.year:
            raise ValueError(f"月份不在該年度內 {self.month} is not a month of {self.year}")
        unknown = set(self.only) - set(TABLES[f"reports.{self.report}"].headings)
        if unknown:
            raise ValueError(f"報表沒有這些欄位 the report has no such columns: {', '.join(sorted(unknown))}")

    def query(self, what: str, then: str = "") -> tuple[str, dict[str, object]]:
        """`SELECT what FROM these rows then`, with the values to bind; `what` and `then` are the caller's own SQL."""
        conditions, values = self._of_time()
        of_place, more = self._of_place()
        conditions += of_place
        values |= more
        for number, (column, value) in enumerate(self.only.items()):
            conditions.append(f"r.{column} = $only{number}")
            values[f"only{number}"] = value
        table = TABLES[f"reports.{self.report}"].qualified
        # Table, columns and conditions are ours; whatever came from outside is bound.
        text = f"SELECT {what} FROM {table} r WHERE {' AND '.join(conditions)} {then}"  # noqa: S608
        return text, {name: value for name, value in values.items() if f"${name}" in text}

    def _of_time(self) -> tuple[list[str], dict[str, object]]:
        first, last = self.month or f"{self.year:04}-01", self.month or f"{self.year:04}-12"
        if REPORTS[self.report] == "year":
            return ["r.year = $year"], {"first": first[:4] + "-01", "last": last[:4] + "-12", "year": self.year}
        return ["r.month BETWEEN $first AND $last"], {"first": first, "last": last}

    def _of_place(self) -> tuple[list[str], dict[str, object]]:
        own = " AND r.scope = 'agency'" if self.report in ROLLED_UP else ""
        conditions: list[str] = []
        values: dict[str, object] = {}
        if self.authority is not None:
            values["authority"] = self.authority
            conditions.append(f"r.agency_code = $authority{own}" if self.alone else self._below("[$authority]"))
        if not self.reach.everywhere:
            values |= {"authorities": list(self.reach.authorities), "agencies": list(self.reach.agencies)}
            mine = f"(list_contains($agencies::VARCHAR[], r.agency_code){own})"
            conditions.append(f"({mine} OR {self._below('$authorities::VARCHAR[]')})")
        return conditions, values

    def _below(self, ancestors: str) -> str:
        overlap = (
            "a.first_month <= $last AND a.last_month >= $first"
            if REPORTS[self.report] == "year"
            else "r.month BETWEEN a.first_month AND a.last_month"
        )
        return (
            "EXISTS (FROM core.agency_ancestors a WHERE a.agency_code = r.agency_code "
            f"AND list_contains({ancestors}, a.ancestor_code) AND {overlap})"
        )


def count(connection: duckdb.DuckDBPyConnection, selection: Selection) -> int:
    """How many rows they are."""
    row = connection.execute(*selection.query("count(*)")).fetchone()
    return int(row[0]) if row else 0


def rows(
    connection: duckdb.DuckDBPyConnection,
    selection: Selection,
    columns: Sequence[str],
    *,
    limit: int | None = None,
    offset: int = 0,
) -> Iterator[tuple[Any, ...]]:
    """The rows in the report's order, fetched a batch at a time; `columns` are the report's."""
    part = "" if limit is None else f" LIMIT {limit:d} OFFSET {offset:d}"
    named = ", ".join(f'r."{column}"' for column in columns)
    asked = connection.execute(*selection.query(named, f"ORDER BY {_ORDERS[selection.report]}{part}"))
    while batch := asked.fetchmany(_BATCH):
        yield from batch


def summed(connection: duckdb.DuckDBPyConnection, selection: Selection, what: str, then: str) -> list[dict[str, Any]]:
    """Rows by name of `SELECT what … then`, for sums over a selection; both are the caller's own SQL."""
    asked = connection.execute(*selection.query(what, then))
    names = [column[0] for column in asked.description or ()]
    return [dict(zip(names, row, strict=True)) for row in asked.fetchall()]
