"""Editions of the office calendar: keeping what was imported, and what was known of which day, now or at a moment.

A day is recorded where an edition says something else of it than is known, so the newest row of a day holds and the
same file again changes nothing.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from checks.model.office_days import OfficeDays
from warehouse.ledger.audit import Deed, note
from warehouse.ledger.office_calendar import CalendarEdition, OfficeDay
from warehouse.office_calendar.published import PublishedDay, read_published

#: PostgreSQL's advisory lock of an import ("cale" in ASCII): of two at once the rows would be mixed day by day.
_IMPORT_LOCK = 0x63616C65


@dataclass(frozen=True, slots=True)
class CalendarImport:
    """What an import did: the years and days of the file, and the days of which it says something new.

    `moved`: those of them that are worked now and were not, or the other way round.
    """

    years: list[int]
    days: int
    added: int
    moved: list[date]


class EditionSummary(NamedTuple):
    """A year of a file that was imported; `days`: of how many it said something new."""

    year: int
    days: int
    by: str
    at: datetime
    sha256: str


def import_calendar(session: Session, data: bytes, *, by: str, at: datetime) -> CalendarImport:
    """Take in a calendar as published; what it says that is known already changes nothing.

    Raises `OfficeFileRefused`.
    """
    published = read_published(data)
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(_IMPORT_LOCK)))
    known = _newest(session)
    before = OfficeDays({day: worked for day, (worked, _) in known.items()})
    new = [day for day in published if known.get(day.day) != (day.worked, day.remark)]
    years = sorted({day.day.year for day in published})
    sha256 = hashlib.sha256(data).hexdigest()
    moved = [day.day for day in new if before.is_worked(day.day) != day.worked]
    for year in years:
        of_year = [day for day in new if day.day.year == year]
        if of_year:
            _record(session, CalendarEdition(year=year, sha256=sha256, by=by, at=at), of_year)
            turned = " ".join(str(day) for day in moved if day.year == year) or "-"
            reason = f"{len(of_year)} days, worked otherwise than before: {turned}"
            note(session, [Deed("calendar_imported", by, concerns=f"{year} {sha256}", reason=reason, at=at)])
    return CalendarImport(years, len(published), len(new), moved)


def load_office_days(session: Session, at: datetime | None = None) -> OfficeDays:
    """The office calendar with what had been imported `at` a moment (default: now)."""
    return OfficeDays({day: worked for day, (worked, _) in _newest(session, at).items()})


def import_moments(session: Session) -> list[datetime]:
    """When anything was imported, in order: between two of them nothing else was known."""
    return sorted(session.scalars(select(CalendarEdition.at).distinct()))


def list_editions(session: Session, year: int | None = None) -> list[EditionSummary]:
    """The editions imported, of one year or all, in the order of their import."""
    edition = CalendarEdition
    query = (
        select(edition.year, func.count(OfficeDay.id), edition.by, edition.at, edition.sha256)
        .join(OfficeDay, OfficeDay.edition_id == edition.id)
        .group_by(edition.id, edition.year, edition.by, edition.at, edition.sha256)
        .order_by(edition.id)
    )
    if year is not None:
        query = query.where(edition.year == year)
    return [EditionSummary(*row) for row in session.execute(query)]


def _record(session: Session, edition: CalendarEdition, days: Sequence[PublishedDay]) -> None:
    session.add(edition)
    session.flush()
    session.execute(insert(OfficeDay), [{"edition_id": edition.id, **day._asdict()} for day in days])


def _newest(session: Session, at: datetime | None = None) -> dict[date, tuple[bool, str | None]]:
    """Day → whether it is worked, and its remark."""
    query = select(OfficeDay.day, OfficeDay.worked, OfficeDay.remark).order_by(OfficeDay.id)
    if at is not None:
        query = query.join(CalendarEdition).where(CalendarEdition.at <= at)
    return {day: (worked, remark) for day, worked, remark in session.execute(query)}
