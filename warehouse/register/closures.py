"""Closures (停止上班): keeping what was declared, and which agencies were closed on which days.

The nearest declaration holds: an agency's own over its superiors', theirs over that of the town that the agency lies
in, that over its county's.  What was declared is never changed, only declared anew, so that any moment's knowledge can
be asked for.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import cast

import polars as pl
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from warehouse.ledger.audit import Deed, note
from warehouse.ledger.models import AgencyMonth
from warehouse.ledger.office_calendar import Closure
from warehouse.office_text import OfficeFileRefused
from warehouse.register.agencies import RegisterAgencies
from warehouse.register.closure_file import Declared, Place, read_closures
from warehouse.register.postal_codes import Area

#: `agency_code`, `day`, `hours` closed (1–8): what `checks.closures.Closures` holds.
SCHEMA = {"agency_code": pl.String, "day": pl.Date, "hours": pl.Int64}

#: Place → day → hours closed.
_Hours = Mapping[Place, Mapping[date, int]]


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did: lines, what was new, and which (agency, month) entered before it concerns.

    `unplaced`: agencies in force on those days that no county reaches, as their postal code is not known.
    """

    rows: int
    added: int
    concerned: list[tuple[str, str]]
    unplaced: int


def import_closures(session: Session, file: Path | bytes, *, by: str, at: datetime) -> Imported:
    """Take in what was declared; lines that say what is known already change nothing.

    Raises `OfficeFileRefused`, also for codes that are not in the register on that day, and OSError.
    """
    declared = read_closures(file if isinstance(file, bytes) else file.read_bytes())
    register = RegisterAgencies(session)
    unknown = [
        f"{one.place} {one.day}: 機關代碼不存在或當月未生效 not in the register in that month"
        for one in declared
        if isinstance(one.place, str) and not register.in_force(one.place, f"{one.day:%Y-%m}")
    ]
    if unknown:
        raise OfficeFileRefused(unknown)
    known = _newest(session)
    new = [one for one in declared if known.get((one.place, one.day), (0, None)) != (one.hours, one.reason)]
    if new:
        session.execute(insert(Closure), [_row(one, by, at) for one in new])
        note(session, (_deed(one, by, at) for one in new))
    return Imported(len(declared), len(new), _concerned(session, register, new), _unplaced(register, new))


def closed_days(session: Session, months: Collection[str], at: datetime | None = None) -> pl.DataFrame:
    """Which agencies were closed on which days, and for how long, as known `at` (default: now), in `SCHEMA`.

    Of the years of `months` (`YYYY-MM`) and those beside them, as leaves reach over.
    """
    if not months:
        return pl.DataFrame(schema=SCHEMA)
    first, last = date(int(min(months)[:4]) - 1, 1, 1), date(int(max(months)[:4]) + 1, 12, 31)
    newest = _newest(session, first, last, at)
    if not newest:
        return pl.DataFrame(schema=SCHEMA)
    register = RegisterAgencies(session)
    by_month = _by_month((place, day, hours) for (place, day), (hours, _) in newest.items())
    rows = [
        (agency, day, hours)
        for month, declared in by_month.items()
        for agency, days in _resolved(register, month, declared).items()
        for day, hours in sorted(days.items())
        if hours
    ]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def moments_declared(session: Session) -> list[datetime]:
    """When anything was declared, in order: between two of them nothing else was known."""
    return sorted(session.scalars(select(Closure.at).distinct()))


def list_closures(session: Session, month: str | None = None, code: str | None = None) -> list[Closure]:
    """What holds of what was declared: newest row of each place and day, by day and place; 0 hours are left out.

    `code`: what was declared for that very agency.
    """
    query = select(Closure).order_by(Closure.id)
    rows = session.scalars(query if code is None else query.filter_by(code=code))
    newest = {(_place_of(row.code, row.county, row.town), row.day): row for row in rows}
    held = {key: row for key, row in newest.items() if row.hours and month in (None, f"{row.day:%Y-%m}")}
    return [held[key] for key in sorted(held, key=lambda key: (key[1], str(key[0])))]


def _place_of(code: str | None, county: str | None, town: str | None) -> Place:
    return Area(cast("str", county), town) if code is None else code


def _row(one: Declared, by: str, at: datetime) -> dict[str, object]:
    area = one.place if isinstance(one.place, Area) else Area("")
    code = one.place if isinstance(one.place, str) else None
    place = {"code": code, "county": area.county or None, "town": area.town}
    return {**place, "day": one.day, "hours": one.hours, "reason": one.reason, "by": by, "at": at}


def _deed(one: Declared, by: str, at: datetime) -> Deed:
    """Of an agency by its code, else the area is what it concerns."""
    code, where = (one.place, "") if isinstance(one.place, str) else (None, f"{one.place} ")
    concerns = f"{where}{one.day} {one.hours} h"
    return Deed("closure_declared", by, code, f"{one.day:%Y-%m}", concerns, one.reason, at)


def _newest(
    session: Session, first: date = date.min, last: date = date.max, at: datetime | None = None
) -> dict[tuple[Place, date], tuple[int, str | None]]:
    """(place, day) → hours and reason that hold."""
    place = (Closure.code, Closure.county, Closure.town)
    query = select(*place, Closure.day, Closure.hours, Closure.reason).where(Closure.day.between(first, last))
    if at is not None:
        query = query.where(Closure.at <= at)
    rows = session.execute(query.order_by(Closure.id))
    return {(_place_of(code, county, town), day): (hours, reason) for code, county, town, day, hours, reason in rows}


def _by_month(declared: Iterable[tuple[Place, date, int]]) -> dict[str, _Hours]:
    """Month → what was declared of its days, in order of time."""
    months: dict[str, dict[Place, dict[date, int]]] = {}
    for place, day, hours in declared:
        months.setdefault(f"{day:%Y-%m}", {}).setdefault(place, {})[day] = hours
    return dict(sorted(months.items()))


def _resolved(register: RegisterAgencies, month: str, declared: _Hours) -> dict[str, dict[date, int]]:
    """Agency → day → hours, by the nearest declaration of the day."""
    found = _of_the_tree(register.tree(month).parents, declared)
    if any(isinstance(place, Area) for place in declared):
        for agency, period in register.of_month(month).items():
            if (area := period.area) is not None:
                of_area = {**declared.get(Area(area.county), {}), **declared.get(area, {})}
                found[agency] = {**of_area, **found[agency]}
    return {agency: days for agency, days in found.items() if days}


def _of_the_tree(parents: Mapping[str, str | None], declared: _Hours) -> dict[str, dict[date, int]]:
    """Agency → day → hours: the nearest of itself and its superiors that declared something for the day."""
    found: dict[str, dict[date, int]] = {}
    for agency in parents:
        path, above = [], cast("str | None", agency)
        while above is not None and above not in found:
            path.append(above)
            above = parents[above]
        days = found[above] if above is not None else {}
        for code in reversed(path):
            days = found[code] = {**days, **declared.get(code, {})}
    return found


def _concerned(session: Session, register: RegisterAgencies, new: Iterable[Declared]) -> list[tuple[str, str]]:
    """Agency-months that count something and were judged without knowing this."""
    concerned: list[tuple[str, str]] = []
    for month, declared in _by_month((one.place, one.day, one.hours) for one in new).items():
        query = select(AgencyMonth.agency_code).where(
            AgencyMonth.month == month, AgencyMonth.submission_id.is_not(None)
        )
        entered = set(session.scalars(query))
        agencies = _resolved(register, month, declared)
        concerned += [(agency, month) for agency in sorted(agencies) if agency in entered]
    return concerned


def _unplaced(register: RegisterAgencies, new: Iterable[Declared]) -> int:
    """Agencies in force whose county is not known, where something was declared for one."""
    months = {f"{one.day:%Y-%m}" for one in new if isinstance(one.place, Area)}
    return len({code for month in months for code, period in register.of_month(month).items() if period.area is None})
