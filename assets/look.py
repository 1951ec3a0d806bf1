"""One look at who is late and missing (逾期與未報送一覽): the reports' rows, the reminders and what happened lately.

The same look is printed by `attendance status`, shown in Dagster and drawn in charts.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import duckdb
import pyarrow as pa
from sqlalchemy.orm import Session

from assets.platform import Platform
from warehouse.deadlines import TAIPEI
from warehouse.duties import Duties, calendar_of
from warehouse.lateness import Lateness, OwedMonth, lateness
from warehouse.ledger.engine import reading
from warehouse.months import shifted
from warehouse.publish.database import open_warehouse
from warehouse.publish.known import known_months
from warehouse.publish.past import warehouse_as_of
from warehouse.recent import Event, events_between
from warehouse.reminders import reminded

#: "Since yesterday".
LATELY = timedelta(days=1)
#: Months in one look, where none is named.
MOST_MONTHS = 14

#: Kind of event → what it is called.
EVENTS = {
    "came": "新入檔 came in",
    "corrected": "更正 corrected",
    "refused": "退件 refused",
    "withdrawn": "撤回 withdrawn",
    "exemption": "核准免報 exempted",
    "extension": "核准展延 extended",
    "ungranted": "撤銷核准 grant withdrawn",
}

_ROWS = """
    SELECT d.agency_code, d.agency_name, d.authority_code, d.month, d.due, d.deadline, d.first_entered_at, s.state,
        coalesce(s.pending, 0) AS pending
    FROM reports.due_months d
    LEFT JOIN reports.submission_status s USING (agency_code, month)
    WHERE d.month IN (SELECT unnest($months))
      AND ($authority IS NULL OR EXISTS (
        FROM core.agency_ancestors a
        WHERE a.agency_code = d.agency_code AND a.ancestor_code = $authority
          AND d.month BETWEEN a.first_month AND a.last_month))
    ORDER BY d.agency_code, d.month
"""


@dataclass(frozen=True)
class Look:
    """The look `of` these months, what happened since `since`, which agency-months went overdue since, and names.

    `corrections_close`: month → until when what was found is to be corrected; `names`: agency → its newest name.
    """

    of: Sequence[str]
    late: Lateness
    since: datetime
    events: Sequence[Event]
    newly_overdue: Sequence[OwedMonth]
    corrections_close: Mapping[str, datetime]
    names: Mapping[str, str]

    @property
    def happened(self) -> Counter[str]:
        """How often each kind of event happened."""
        return Counter(one.kind for one in self.events)


def look(
    platform: Platform, month: str | None = None, *, as_of: datetime | None = None, authority: str | None = None
) -> Look:
    """Look at one month, or at all whose year is not closed; as published, or as known at a moment (aware).

    Where nothing was published yet, as the ledger has it now.  Raises `StoreIncomplete`, `CalendarRefused`.
    """
    at = as_of or platform.clock()
    with reading(platform.engine) as session:
        duties = Duties(session, calendar_of(platform.home), as_of=as_of)
        months = [month] if month else _open_months(platform, session, duties, at)
        reminders = reminded(session, months, as_of)
        names = {code: periods[-1].name for code, periods in duties.register.periods.items()}
        events = events_between(session, months, at - LATELY, at)
        corrections = {one: duties.calendar.corrections_close(one) for one in months}
    rows = _rows(platform, months, authority, None if as_of is None and platform.home.warehouse.exists() else at)
    late = lateness(rows, at, reminders, names)
    since = (at - LATELY).astimezone(TAIPEI)
    own = {row["agency_code"] for row in rows}
    return Look(
        months,
        late,
        since,
        [one for one in events if authority is None or one.agency_code in own],
        [one for one in late.owed if one.outcome == "missing" and one.deadline > since.replace(tzinfo=None)],
        corrections,
        names,
    )


def _open_months(platform: Platform, session: Session, duties: Duties, at: datetime) -> list[str]:
    """Months that are open and whose year is not closed, at most the newest few; in any case the newest owed."""
    owed = known_months(session, platform.first_month, at).owed
    month = at.astimezone(TAIPEI).strftime("%Y-%m")
    newest = max([*owed, shifted(month, -1)])
    calendar = duties.calendar
    found = [one for one in owed if calendar.opens(one) <= at <= calendar.year_closes(int(one[:4]))]
    return (found or [newest])[-MOST_MONTHS:]


def _rows(
    platform: Platform, months: Sequence[str], authority: str | None, as_of: datetime | None
) -> list[dict[str, Any]]:
    values = {"months": list(months), "authority": authority}
    found: list[dict[str, Any]] = []
    with _warehouses(platform, {int(month[:4]) for month in months}, as_of) as warehouses:
        for warehouse in warehouses:
            table: pa.Table = warehouse.sql(_ROWS, params=values).to_arrow_table()
            found += table.to_pylist()
    return found


@contextmanager
def _warehouses(
    platform: Platform, years: Collection[int], as_of: datetime | None
) -> Iterator[Iterator[duckdb.DuckDBPyConnection]]:
    """The published warehouse, or one as of the moment for each year, one after the other."""
    if as_of is None:
        with open_warehouse(platform.home.warehouse) as published:
            yield iter([published])
        return

    def of_years() -> Iterator[duckdb.DuckDBPyConnection]:
        for year in sorted(years):
            with warehouse_as_of(
                platform.home, platform.engine, as_of, year, first_month=platform.first_month
            ) as warehouse:
                yield warehouse

    yield of_years()
