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
from warehouse.register.closure_file import ClosureScope, Declared, read_closures
from warehouse.register.postal_codes import Area

#: `agency_code`, `day`, `hours` closed (1–8): what `checks.closures.Closures` holds.
SCHEMA = {"agency_code": pl.String, "day": pl.Date, "hours": pl.Int64}

#: Scope → day → hours closed.
_Hours = Mapping[ClosureScope, Mapping[date, int]]


@dataclass(frozen=True, slots=True)
class ClosureImport:
    """What an import did: lines, what was new, and which (agency, month) entered before it concerns.

    `unplaced`: agencies in force on those days that no county reaches, as their postal code is not known.
    """

    rows: int
    added: int
    concerned: list[tuple[str, str]]
    unplaced: int


def import_closures(session: Session, file: Path | bytes, *, by: str, at: datetime) -> ClosureImport:
    """Take in what was declared; lines that say what is known already change nothing.

    Raises `OfficeFileRefused`, also for codes that are not in the register on that day, and OSError.
    """
    declared = read_closures(file if isinstance(file, bytes) else file.read_bytes())
    register = RegisterAgencies(session)
    unknown = [
        f"{declaration.scope} {declaration.day}: 機關代碼不存在或當月未生效 not in the register in that month"
        for declaration in declared
        if isinstance(declaration.scope, str) and not register.in_force(declaration.scope, f"{declaration.day:%Y-%m}")
    ]
    if unknown:
        raise OfficeFileRefused(unknown)
    known = _newest(session)
    new = [one for one in declared if known.get((one.scope, one.day), (0, None)) != (one.hours, one.reason)]
    if new:
        session.execute(insert(Closure), [_row(declaration, by, at) for declaration in new])
        note(session, (_deed(declaration, by, at) for declaration in new))
    return ClosureImport(len(declared), len(new), _concerned(session, register, new), _unplaced(register, new))


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
    by_month = _by_month((scope, day, hours) for (scope, day), (hours, _) in newest.items())
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
    """What holds of what was declared: newest row of each scope and day, by day and scope; 0 hours are left out.

    `code`: what was declared for that very agency.
    """
    query = select(Closure).order_by(Closure.id)
    rows = session.scalars(query if code is None else query.filter_by(code=code))
    newest = {(_scope_of(row.code, row.county, row.town), row.day): row for row in rows}
    held = {key: row for key, row in newest.items() if row.hours and month in (None, f"{row.day:%Y-%m}")}
    return [held[key] for key in sorted(held, key=lambda key: (key[1], str(key[0])))]


def _scope_of(code: str | None, county: str | None, town: str | None) -> ClosureScope:
    return Area(cast("str", county), town) if code is None else code


def _row(declared: Declared, by: str, at: datetime) -> dict[str, object]:
    scope, day, hours, reason = declared
    code, (county, town) = (scope, (None, None)) if isinstance(scope, str) else (None, scope)
    place = {"code": code, "county": county, "town": town}
    return {**place, "day": day, "hours": hours, "reason": reason, "by": by, "at": at}


def _deed(declaration: Declared, by: str, at: datetime) -> Deed:
    """Of an agency by its code, else the area is what it concerns."""
    code, where = (declaration.scope, "") if isinstance(declaration.scope, str) else (None, f"{declaration.scope} ")
    concerns = f"{where}{declaration.day} {declaration.hours} h"
    return Deed("closure_declared", by, code, f"{declaration.day:%Y-%m}", concerns, declaration.reason, at)


def _newest(
    session: Session, first: date = date.min, last: date = date.max, at: datetime | None = None
) -> dict[tuple[ClosureScope, date], tuple[int, str | None]]:
    """(scope, day) → hours and reason that hold."""
    place = (Closure.code, Closure.county, Closure.town)
    query = select(*place, Closure.day, Closure.hours, Closure.reason).where(Closure.day.between(first, last))
    if at is not None:
        query = query.where(Closure.at <= at)
    rows = session.execute(query.order_by(Closure.id))
    return {(_scope_of(code, county, town), day): (hours, reason) for code, county, town, day, hours, reason in rows}


def _by_month(declared: Iterable[tuple[ClosureScope, date, int]]) -> dict[str, _Hours]:
    """Month → what was declared of its days, in order of time."""
    months: dict[str, dict[ClosureScope, dict[date, int]]] = {}
    for scope, day, hours in declared:
        months.setdefault(f"{day:%Y-%m}", {}).setdefault(scope, {})[day] = hours
    return dict(sorted(months.items()))


def _resolved(register: RegisterAgencies, month: str, declared: _Hours) -> dict[str, dict[date, int]]:
    """Agency → day → hours, by the nearest declaration of the day."""
    found = _of_the_tree(register.tree(month).parents, declared)
    if any(isinstance(scope, Area) for scope in declared):
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
    for month, declared in _by_month(
        (declaration.scope, declaration.day, declaration.hours) for declaration in new
    ).items():
        query = select(AgencyMonth.agency_code).where(
            AgencyMonth.month == month, AgencyMonth.submission_id.is_not(None)
        )
        entered = set(session.scalars(query))
        agencies = _resolved(register, month, declared)
        concerned += [(agency, month) for agency in sorted(agencies) if agency in entered]
    return concerned


def _unplaced(register: RegisterAgencies, new: Iterable[Declared]) -> int:
    """Agencies in force whose county is not known, where something was declared for one."""
    months = {f"{declaration.day:%Y-%m}" for declaration in new if isinstance(declaration.scope, Area)}
    return len({code for month in months for code, period in register.of_month(month).items() if period.area is None})
