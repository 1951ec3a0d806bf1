"""What is asked of a report: the address's filters, checked, and whose rows they may be."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Query
from starlette.exceptions import HTTPException

from assets.report_words import OUTCOMES, roc_moment
from checks.model.roc import ROC_YEAR_OFFSET
from portal.access import Right
from portal.guard import NotAllowed, Visit
from portal.status import years
from warehouse.deadlines import TAIPEI
from warehouse.months import month_range
from warehouse.reports.selection import REPORTS, ROLLED_UP, Selection

#: The first year of the ROC: nothing was known before.
_BEGINNING = datetime(ROC_YEAR_OFFSET + 1, 1, 1, tzinfo=TAIPEI)
SCOPES = ("country", "authority", "agency")


@dataclass(frozen=True)
class Wanted:
    """The filters as the address has them: `m` a month of the year, `authority` a code, `alone` without those below."""

    year: Annotated[int | None, Query(ge=1912, le=9998)] = None
    m: Annotated[str, Query(pattern=r"^(|[1-9]|1[0-2])$")] = ""
    authority: Annotated[str, Query(pattern=r"^[0-9A-Za-z]{0,10}$")] = ""
    alone: bool = False
    scope: Annotated[str, Query(pattern=rf"^(|{'|'.join(SCOPES)})$")] = ""
    outcome: Annotated[str, Query(pattern=rf"^(|{'|'.join(OUTCOMES)})$")] = ""
    as_of: Annotated[str, Query(max_length=32)] = ""
    page: Annotated[int, Query(ge=1, le=100_000)] = 1


@dataclass(frozen=True)
class Asked:
    """A question that may be asked: of which rows, as of when (aware; None: as published), and its own address."""

    selection: Selection
    as_of: datetime | None
    filters: dict[str, Any]
    years: list[int]

    @property
    def year(self) -> int:
        """The year, Gregorian."""
        return self.selection.year

    def query(self, **changed: Any) -> str:
        """The filters as an address's query, some of them changed (None: left out)."""
        return urlencode({name: value for name, value in (self.filters | changed).items() if value not in (None, "")})

    @property
    def period(self) -> str:
        """`110年` or `110年6月`."""
        month = self.selection.month
        return f"{self.year - ROC_YEAR_OFFSET}年" + (f"{int(month[5:])}月" if month else "")

    @property
    def moment(self) -> str | None:
        """The moment as of which, `110-07-05 09:00`."""
        return None if self.as_of is None else roc_moment(self.as_of.astimezone(TAIPEI))


def asked(visit: Visit, table: str, wanted: Wanted) -> Asked:
    """The question about a report.  Raises 403 where it is not theirs to ask, 404 and 422 where it is none."""
    reach = visit.access.reach(Right.VIEW)
    if not (reach.everywhere or reach.authorities or reach.agencies):
        raise NotAllowed
    known = years(visit.desk)
    year = wanted.year or known[0]
    by_year = REPORTS[table] == "year"
    month = f"{year:04}-{int(wanted.m):02}" if wanted.m and not by_year else None
    authority = wanted.authority.upper() or None
    if authority is not None:
        _see_that_it_is_theirs(visit, authority, [month] if month else month_range(f"{year:04}-01", f"{year:04}-12"))
    only = {"scope": wanted.scope} if wanted.scope and table in ROLLED_UP else {}
    if wanted.outcome and table == "due_months":
        only = {"outcome": wanted.outcome}
    as_of = _moment(visit, wanted.as_of)
    filters = {
        "year": year,
        "m": wanted.m if month else None,
        "authority": authority,
        "alone": 1 if wanted.alone and authority else None,
        "as_of": f"{as_of.astimezone(TAIPEI):%Y-%m-%dT%H:%M}" if as_of else None,
        **only,
    }
    selection = Selection(table, year, month, authority, alone=wanted.alone, reach=reach, only=only)
    return Asked(selection, as_of, filters, sorted({*known, year}, reverse=True))


def of_another(question: Asked, table: str, **only: object) -> Asked:
    """The same question to another table, with other values of its columns."""
    month = question.selection.month if REPORTS[table] != "year" else None
    return replace(question, selection=replace(question.selection, report=table, month=month, only=only))


def _see_that_it_is_theirs(visit: Visit, code: str, months: list[str]) -> None:
    if not any(visit.access.may(Right.VIEW, code, month) for month in months):
        raise NotAllowed
    if visit.desk.remembered.register.name(code) is None:
        raise HTTPException(404, "機關代碼檔沒有這個機關 the register has no such agency")


def _moment(visit: Visit, text: str) -> datetime | None:
    """The moment that was meant, in Taipei unless it says otherwise."""
    if not text:
        return None
    try:
        said = datetime.fromisoformat(text)
        said = said if said.tzinfo else said.replace(tzinfo=TAIPEI)
        said = said.replace(second=0, microsecond=0)
        told, later = said >= _BEGINNING, said > visit.desk.platform.clock()
    except (ValueError, OverflowError):
        told = later = False
    if not told:
        raise HTTPException(422, "時點應為 YYYY-MM-DDThh:mm a moment is written YYYY-MM-DDThh:mm") from None
    if later:
        raise HTTPException(422, "時點尚未到來，請改為現在以前 that moment has not come yet: choose one before now")
    return said
