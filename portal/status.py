"""入檔情形 by agency and month, as published, with what has come since and waits to be judged."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from portal.desk import Desk
from warehouse.deadlines import TAIPEI
from warehouse.ledger import lifecycle
from warehouse.ledger.engine import reading
from warehouse.ledger.models import Submission
from warehouse.months import month_range
from warehouse.publish.database import open_warehouse

_ROWS = """
    SELECT agency_code, month, due, deadline, state, on_time, days_late, received_at, coalesce(fatal, 0) AS fatal,
           coalesce(errors, 0) AS errors, coalesce(warnings, 0) AS warnings,
           coalesce(warnings - warnings_explained, 0) AS unexplained
    FROM reports.submission_status
    WHERE month BETWEEN $first AND $last AND agency_code IN (SELECT unnest($codes))
"""
_SPAN = "SELECT min(month), max(month) FROM reports.submission_status"
#: What somebody has to do something about, by the filter's name.
OWING = {"missing": ("missing",), "refused": ("refused",), "errors": ("entered_with_errors",)}
_OWING = """
    SELECT DISTINCT agency_code, CASE WHEN owed THEN 'missing' ELSE state END AS state
    FROM (SELECT *, on_time IS NULL AND state <> 'refused' AS owed FROM reports.submission_status)
    WHERE month BETWEEN $first AND $last AND due AND (NOT owed OR deadline < $now)
"""


@dataclass(frozen=True, slots=True)
class Cell:
    """One agency-month: `state` None where none is published; `waiting`: documents that wait to be judged.

    `unexplained` are warnings that nobody has answered.  Moments are in Taipei, without an offset.
    """

    month: str
    due: bool | None = None
    deadline: datetime | None = None
    state: str | None = None
    on_time: bool | None = None
    days_late: int | None = None
    received_at: datetime | None = None
    fatal: int = 0
    errors: int = 0
    warnings: int = 0
    unexplained: int = 0
    waiting: int = 0

    @property
    def early(self) -> bool:
        """Whether what was entered came before the month had ended: it is still owed."""
        return self.on_time is None and self.state in ("entered", "entered_with_errors")

    def asks(self, now: datetime) -> str | None:
        """What somebody has to do about it, a name of `OWING` or `unexplained`; None: nothing, or nothing yet."""
        if not self.due or self.waiting:
            return None
        if self.state == "missing" or self.early:
            return "missing" if self.deadline and self.deadline < now else None
        asked = next((name for name, states in OWING.items() if self.state in states), None)
        return asked or ("unexplained" if self.unexplained else None)


def now(desk: Desk) -> datetime:
    """The moment it is, as the warehouse has moments."""
    return desk.platform.clock().astimezone(TAIPEI).replace(tzinfo=None)


def months_of(desk: Desk, year: int) -> list[str]:
    """The months of a year, up to this one."""
    return [month for month in month_range(f"{year:04}-01", f"{year:04}-12") if month <= desk.this_month]


def years(desk: Desk) -> list[int]:
    """The years that anything is published of, the newest first; this one where nothing is yet.

    The first of them is what pages show unless they are asked: in January that is still the year before.
    """
    first = last = desk.this_month
    if desk.platform.home.warehouse.exists():
        with open_warehouse(desk.platform.home.warehouse) as connection:
            row = connection.execute(_SPAN).fetchone()
        if row is not None and row[0] is not None:
            first, last = row
    return list(range(int(last[:4]), int(first[:4]) - 1, -1))


def grid(desk: Desk, codes: Collection[str], year: int) -> Mapping[str, Sequence[Cell]]:
    """Each of the agencies with its months of the year; for a page of them, not for all."""
    months = months_of(desk, year)
    published, waiting = _published(desk, codes, months), _waiting(desk, codes, months)
    return {
        code: [
            Cell(month=month, waiting=waiting.get((code, month), 0), **published.get((code, month), {}))
            for month in months
        ]
        for code in codes
    }


def owing(desk: Desk, year: int) -> dict[str, set[str]]:
    """What of `OWING` → the agencies with a month of the year, due, in such a state; none is missing ahead of time."""
    found: dict[str, set[str]] = {what: set() for what in OWING}
    if desk.platform.home.warehouse.exists():
        values = {"first": f"{year:04}-01", "last": f"{year:04}-12", "now": now(desk)}
        with open_warehouse(desk.platform.home.warehouse) as connection:
            for code, state in connection.execute(_OWING, values).fetchall():
                for what, states in OWING.items():
                    if state in states:
                        found[what].add(code)
    return found


def _published(desk: Desk, codes: Collection[str], months: Sequence[str]) -> dict[tuple[str, str], dict[str, Any]]:
    if not desk.platform.home.warehouse.exists() or not months:
        return {}
    values = {"first": months[0], "last": months[-1], "codes": list(codes)}
    with open_warehouse(desk.platform.home.warehouse) as connection:
        asked = connection.execute(_ROWS, values)
        names = [column[0] for column in asked.description or ()][2:]
        return {(code, month): dict(zip(names, rest, strict=True)) for code, month, *rest in asked.fetchall()}


def _waiting(desk: Desk, codes: Collection[str], months: Sequence[str]) -> dict[tuple[str, str], int]:
    query = (
        select(Submission.agency_code, Submission.month, func.count())
        .where(
            Submission.state == lifecycle.RECEIVED,
            Submission.agency_code.in_(codes),
            Submission.month.in_(months),
        )
        .group_by(Submission.agency_code, Submission.month)
    )
    found: dict[tuple[str, str], int] = defaultdict(int)
    with reading(desk.platform.engine) as session:
        for code, month, number in session.execute(query):
            found[code, month] = number
    return found
