"""Closures (停止上班): reading what was declared, keeping it, and which agencies were closed on which days.

Counties and towns declare them for all agencies below; what an agency declares itself holds over what its superiors
did.  What was declared is never changed, only declared anew, so that any moment's knowledge can be asked for.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import cast

import polars as pl
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from checks.model.roc import parse_roc_date
from warehouse.ledger.audit import Deed, note
from warehouse.ledger.models import AgencyMonth, Closure
from warehouse.office_text import office_text
from warehouse.register.agencies import RegisterAgencies

#: Source: format 1.0, "A working day is 8 hours".
MOST_HOURS = 8
_REASON_LENGTH = 200
#: Column → the names that a file may give it.
_COLUMNS = {
    "code": ("code", "機關代碼", "代碼"),
    "day": ("day", "日期"),
    "hours": ("hours", "停止上班時數", "時數"),
    "reason": ("reason", "原因"),
}
_CODE = re.compile(r"[0-9A-Z]{10}")
_DAY = re.compile(r"(\d{2,4})[-/.](\d{1,2})[-/.](\d{1,2})")
#: A year written with fewer digits is one of the Republic's.
_GREGORIAN_DIGITS = 4
_ROC_OFFSET = 1911

#: `agency_code`, `day`, `hours` closed (1–8): what `checks.closures.Closures` holds.
SCHEMA = {"agency_code": pl.String, "day": pl.Date, "hours": pl.Int64}


class ClosuresRefused(ValueError):  # noqa: N818 — says what happened
    """The file cannot be taken in; `faults` are all that is wrong, with lines.  Nothing was imported."""

    def __init__(self, faults: list[str]) -> None:
        self.faults = faults
        super().__init__(f"未匯入任何資料 nothing was imported: {'; '.join(faults)}")


@dataclass(frozen=True, slots=True)
class Declared:
    """A line of the file: hours closed on the day, for the agency of that code and all below it."""

    code: str
    day: date
    hours: int
    reason: str | None


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did: lines, what was new, and which (agency, month) entered before it concerns."""

    rows: int
    added: int
    concerned: list[tuple[str, str]]


def read_closures(data: bytes) -> list[Declared]:
    """Read a file (CSV; UTF-8 or CP950).  Raises `ClosuresRefused` with every fault."""
    text = office_text(data)
    if text is None:
        raise ClosuresRefused(["檔案須為 UTF-8 或 CP950 編碼 the file must be UTF-8 or CP950"])
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        rows = [(reader.line_num, cells) for cells in reader if any(cell.strip() for cell in cells)]
    except csv.Error as error:
        raise ClosuresRefused([f"第 {reader.line_num} 行無法讀取 line {reader.line_num}: {error}"]) from None
    names = [unicodedata.normalize("NFKC", cell).strip() for cell in rows[0][1]] if rows else []
    places = {column: next((names.index(n) for n in known if n in names), None) for column, known in _COLUMNS.items()}
    if missing := [known[1] for column, known in _COLUMNS.items() if places[column] is None and column != "reason"]:
        raise ClosuresRefused([f"標題列缺少 the header lacks: {'、'.join(missing)}（code,day,hours,reason）"])
    declared, faults = [], list[str]()
    seen: dict[tuple[str, date], int] = {}
    for line, cells in rows[1:]:
        said = {name: cells[at].strip() if at is not None and at < len(cells) else "" for name, at in places.items()}
        one, wrong = _declared(said)
        if one and (one.code, one.day) in seen:
            wrong = [f"與第 {seen[one.code, one.day]} 行重複 the same code and day as line {seen[one.code, one.day]}"]
        elif one:
            seen[one.code, one.day] = line
            declared.append(one)
        faults += [f"第 {line} 行 line {line}: {fault}" for fault in wrong]
    if faults:
        raise ClosuresRefused(faults)
    return declared


def import_closures(session: Session, file: Path | bytes, *, by: str, at: datetime) -> Imported:
    """Take in what was declared; lines that say what is known already change nothing.

    Raises `ClosuresRefused`, also for codes that are not in the register on that day, and OSError.
    """
    declared = read_closures(file if isinstance(file, bytes) else file.read_bytes())
    register = RegisterAgencies(session)
    unknown = [
        f"{one.code} {one.day}: 機關代碼不存在或當月未生效 not in the register in that month"
        for one in declared
        if not register.in_force(one.code, f"{one.day:%Y-%m}")
    ]
    if unknown:
        raise ClosuresRefused(unknown)
    known = _newest(session)
    new = [one for one in declared if known.get((one.code, one.day), (0, None)) != (one.hours, one.reason)]
    if new:
        rows = [
            {"code": one.code, "day": one.day, "hours": one.hours, "reason": one.reason, "by": by, "at": at}
            for one in new
        ]
        session.execute(insert(Closure), rows)
        note(
            session,
            (
                Deed("closure_declared", by, one.code, f"{one.day:%Y-%m}", f"{one.day} {one.hours} h", one.reason, at)
                for one in new
            ),
        )
    return Imported(len(declared), len(new), _concerned(session, register, new))


def closed_days(session: Session, months: Collection[str], at: datetime | None = None) -> pl.DataFrame:
    """Which agencies were closed on which days, and for how long, as known `at` (default: now), in `SCHEMA`.

    Of the years of `months` (`YYYY-MM`) and those beside them, as leaves reach over.
    """
    if not months:
        return pl.DataFrame(schema=SCHEMA)
    first, last = date(int(min(months)[:4]) - 1, 1, 1), date(int(max(months)[:4]) + 1, 12, 31)
    by_month: dict[str, dict[str, dict[date, int]]] = {}
    for (code, day), (hours, _) in _newest(session, first, last, at).items():
        by_month.setdefault(f"{day:%Y-%m}", {}).setdefault(code, {})[day] = hours
    if not by_month:
        return pl.DataFrame(schema=SCHEMA)
    register = RegisterAgencies(session)
    rows = [
        (agency, day, hours)
        for month, declared in sorted(by_month.items())
        for agency, days in _resolved(register.tree(month).parents, declared).items()
        for day, hours in sorted(days.items())
        if hours
    ]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def moments_declared(session: Session) -> list[datetime]:
    """When anything was declared, in order: between two of them nothing else was known."""
    return sorted(session.scalars(select(Closure.at).distinct()))


def list_closures(session: Session, month: str | None = None, code: str | None = None) -> list[Closure]:
    """What holds of what was declared: newest row of each code and day, by day and code; 0 hours are left out."""
    query = select(Closure).order_by(Closure.id)
    newest = {
        (one.code, one.day): one for one in session.scalars(query if code is None else query.filter_by(code=code))
    }
    held = [one for one in newest.values() if one.hours and (month is None or f"{one.day:%Y-%m}" == month)]
    return sorted(held, key=lambda one: (one.day, one.code))


def _declared(said: Mapping[str, str]) -> tuple[Declared | None, list[str]]:
    faults = []
    code = said["code"].upper()
    if not _CODE.fullmatch(code):
        faults.append(
            f"機關代碼應為 10 碼數字或大寫英文字母 the code must be 10 digits or capitals: {said['code'][:20]!r}"
        )
    day = _day(said["day"])
    if day is None:
        faults.append(
            "日期寫成 2021-09-12 或 1100912 a day is written 2021-09-12 or, in ROC years, 1100912: "
            f"{said['day'][:20]!r}"
        )
    if not re.fullmatch(r"[0-8]", said["hours"]):
        faults.append(f"時數應為 0 至 8 的整數（0：照常上班） hours must be 0 to 8 (0: open): {said['hours'][:20]!r}")
    if len(said["reason"]) > _REASON_LENGTH:
        faults.append(f"原因最多 {_REASON_LENGTH} 字 the reason has at most {_REASON_LENGTH} characters")
    if faults or day is None:
        return None, faults
    return Declared(code, day, int(said["hours"]), said["reason"] or None), []


def _day(text: str) -> date | None:
    try:
        if matched := _DAY.fullmatch(text):
            year, month, day = matched.groups()
            offset = 0 if len(year) == _GREGORIAN_DIGITS else _ROC_OFFSET
            return date(int(year) + offset, int(month), int(day))
        return parse_roc_date(text)
    except ValueError:
        return None


def _newest(
    session: Session, first: date = date.min, last: date = date.max, at: datetime | None = None
) -> dict[tuple[str, date], tuple[int, str | None]]:
    """(code, day) → hours and reason that hold."""
    query = select(Closure.code, Closure.day, Closure.hours, Closure.reason).where(Closure.day.between(first, last))
    if at is not None:
        query = query.where(Closure.at <= at)
    return {(code, day): (hours, reason) for code, day, hours, reason in session.execute(query.order_by(Closure.id))}


def _resolved(
    parents: Mapping[str, str | None], declared: Mapping[str, Mapping[date, int]]
) -> dict[str, dict[date, int]]:
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
    return {agency: days for agency, days in found.items() if days}


def _concerned(session: Session, register: RegisterAgencies, new: Iterable[Declared]) -> list[tuple[str, str]]:
    """Agency-months that count something and were judged without knowing this."""
    concerned: list[tuple[str, str]] = []
    months: dict[str, dict[str, dict[date, int]]] = {}
    for one in new:
        months.setdefault(f"{one.day:%Y-%m}", {}).setdefault(one.code, {})[one.day] = one.hours
    for month, declared in sorted(months.items()):
        query = select(AgencyMonth.agency_code).where(
            AgencyMonth.month == month, AgencyMonth.submission_id.is_not(None)
        )
        entered = set(session.scalars(query))
        agencies = _resolved(register.tree(month).parents, declared)
        concerned += [(agency, month) for agency in sorted(agencies) if agency in entered]
    return concerned
