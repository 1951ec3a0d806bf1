"""The calendar of duties: dated rows that say when a month opens, is due, closes to corrections, and its year closes.

The rows that are shipped are `warehouse/data/duties.csv`; an installation's own `duties.csv` in its home replaces them.
A month is judged by the row that is in force for it, today or in ten years: a change is a new row, and the one before
gets its last month.
"""

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from itertools import pairwise

from sqlalchemy.orm import Session

from checks.model.office_days import OfficeDays
from warehouse.duties.reckoning import Reckoned
from warehouse.home import Home
from warehouse.months import is_month, shifted
from warehouse.office_calendar import load_office_days

#: The kind of a row that holds for every agency whose own kind has no row in force.
EVERY_KIND = "*"
#: What becomes of a due day on which offices are closed: nothing, or the next working day (行政程序法 §48).
STAYS, NEXT_WORKING_DAY = "stays", "next_working_day"

COLUMNS = (
    *("kind", "first_month", "last_month", "opens", "due", "due_on_day_off", "corrections_close", "year_closes"),
    "source",
)
_BEGIN, _END = "0001-01", "9998-12"
#: A year in which rows are tried out for their order.
_TRIED = [f"2023-{month:02}" for month in range(1, 13)]


class CalendarRefused(ValueError):  # noqa: N818 — says what happened
    """The calendar cannot be used; `faults` are all that is wrong, with lines."""

    def __init__(self, source: str, faults: Sequence[str]) -> None:
        self.source, self.faults = source, tuple(faults)
        super().__init__(f"{source}: 報送行事曆無法使用 the calendar of duties cannot be used: {'; '.join(faults)}")


@dataclass(frozen=True, slots=True)
class DutyRow:
    """What holds for a kind of agency from `first_month` to `last_month`, both included (None: open)."""

    kind: str
    first_month: str | None
    last_month: str | None
    opens: Reckoned
    due: Reckoned
    due_on_day_off: str
    corrections_close: Reckoned
    #: Counted from the year's last month.
    year_closes: Reckoned
    source: str

    def covers(self, month: str) -> bool:
        """Whether it is in force for the month."""
        return (self.first_month or _BEGIN) <= month <= (self.last_month or _END)

    @property
    def moves(self) -> bool:
        """Whether its due day gives way to days off."""
        return self.due_on_day_off == NEXT_WORKING_DAY

    def due_at(self, month: str, works: Callable[[date], bool]) -> datetime:
        """When the month is due (aware, Taipei); `works` says on which days the agency's office is open."""
        return self.due.of(month, works if self.moves else None)


@dataclass(frozen=True)
class DutyCalendar:
    """The rows in their order.  Months are `YYYY-MM`, moments aware and in Taipei; ValueError for what is no month.

    `office_days` say which days are off where a due day gives way to them.
    """

    rows: tuple[DutyRow, ...]
    office_days: OfficeDays = field(default_factory=OfficeDays)

    def known(self, session: Session, as_of: datetime | None = None) -> "DutyCalendar":
        """The same with the office calendar as imported, `as_of` a moment; nothing is asked where no due day moves."""
        if not any(row.moves for row in self.rows):
            return self
        return replace(self, office_days=load_office_days(session, as_of))

    def row(self, month: str, kind: str | None = None) -> DutyRow:
        """The row in force for the month: the kind's own where it has one, else every kind's."""
        if not is_month(month):
            raise ValueError(f"not a month YYYY-MM: {month!r}")
        in_force = {row.kind: row for row in self.rows if row.covers(month)}
        return in_force.get(kind or EVERY_KIND, in_force[EVERY_KIND])

    def kinds(self, month: str) -> dict[str, DutyRow]:
        """Kinds of agency that have a row of their own in that month."""
        return {row.kind: row for row in self.rows if row.kind != EVERY_KIND and row.covers(month)}

    def opens(self, month: str, kind: str | None = None) -> datetime:
        """From when on the month is asked for."""
        return self.row(month, kind).opens.of(month)

    def due(self, month: str, kind: str | None = None) -> datetime:
        """Until when the month is due, without what was granted or closed."""
        return self.row(month, kind).due_at(month, self.office_days.is_worked)

    def corrections_close(self, month: str, kind: str | None = None) -> datetime:
        """Until when what was found is to be corrected."""
        return self.row(month, kind).corrections_close.of(month)

    def year_closes(self, year: int, kind: str | None = None) -> datetime:
        """When the year's figures are final."""
        december = f"{year:04}-12"
        return self.row(december, kind).year_closes.of(december)


def read_calendar(text: str, source: str) -> DutyCalendar:
    """Read the rows (CSV with the header `COLUMNS`).  Raises `CalendarRefused` with every fault."""
    reader = csv.DictReader(io.StringIO(text, newline=""))
    header = [name.strip() for name in reader.fieldnames or ()]
    if missing := [name for name in COLUMNS if name not in header]:
        raise CalendarRefused(source, [f"標題列缺少 the header lacks: {', '.join(missing)}"])
    reader.fieldnames = header
    rows, faults = [], list[str]()
    for cells in reader:
        said = {name: (cells.get(name) or "").strip() for name in COLUMNS}
        if not any(said.values()):
            continue
        row, wrong = _row(said)
        faults += [f"第 {reader.line_num} 行 line {reader.line_num}: {fault}" for fault in wrong]
        if row is not None:
            rows.append(row)
    faults += _gaps(rows) if not faults else []
    if faults:
        raise CalendarRefused(source, faults)
    return DutyCalendar(tuple(rows))


@cache
def shipped() -> DutyCalendar:
    """The rows that come with the program."""
    return read_calendar(files("warehouse").joinpath("data/duties.csv").read_text(encoding="utf-8"), "duties.csv")


def calendar_of(home: Home) -> DutyCalendar:
    """The installation's rows, or the shipped ones where it has no file.  Raises `CalendarRefused`, OSError."""
    try:
        data = home.duties.read_bytes()
    except FileNotFoundError:
        return shipped()
    try:
        return read_calendar(data.decode("utf-8-sig"), str(home.duties))
    except UnicodeDecodeError:
        raise CalendarRefused(str(home.duties), ["檔案須為 UTF-8 編碼 the file must be UTF-8"]) from None


def _row(said: Mapping[str, str]) -> tuple[DutyRow | None, list[str]]:
    faults = [
        f"{name}: 年月寫成 YYYY-MM a month is written YYYY-MM: {said[name][:20]!r}"
        for name in ("first_month", "last_month")
        if said[name] and not is_month(said[name])
    ]
    if said["first_month"] and said["last_month"] and said["last_month"] < said["first_month"]:
        faults.append("last_month 早於 first_month is before first_month")
    if not said["kind"]:
        faults.append(f"kind: 機關類別，全部寫 {EVERY_KIND} a kind of agency, {EVERY_KIND} for all")
    if said["due_on_day_off"] not in {STAYS, NEXT_WORKING_DAY}:
        faults.append(f"due_on_day_off: {STAYS} 或 or {NEXT_WORKING_DAY}")
    moments: dict[str, Reckoned] = {}
    for name in ("opens", "due", "corrections_close", "year_closes"):
        try:
            moments[name] = Reckoned.parse(said[name])
        except ValueError as error:
            faults.append(f"{name}: {error}")
    if faults:
        return None, faults
    row = DutyRow(
        kind=said["kind"],
        first_month=said["first_month"] or None,
        last_month=said["last_month"] or None,
        due_on_day_off=said["due_on_day_off"],
        source=said["source"],
        **moments,
    )
    return (row, []) if _in_order(row) else (None, ["順序須為 the order must be: opens < due ≤ corrections_close"])


def _in_order(row: DutyRow) -> bool:
    december = _TRIED[-1]
    return all(row.opens.of(m) < row.due.of(m) <= row.corrections_close.of(m) for m in _TRIED) and row.due.of(
        december
    ) <= row.year_closes.of(december)


def _gaps(rows: Iterable[DutyRow]) -> list[str]:
    """What rows of one kind must not do: overlap; and those of every kind must leave no month out."""
    by_kind: dict[str, list[DutyRow]] = {EVERY_KIND: []}
    for row in rows:
        by_kind.setdefault(row.kind, []).append(row)
    faults = []
    for kind, of_kind in by_kind.items():
        ordered = sorted(of_kind, key=lambda row: row.first_month or _BEGIN)
        for earlier, later in pairwise(ordered):
            follows = shifted(earlier.last_month, 1) if earlier.last_month else None
            begins = later.first_month or _BEGIN
            if follows is None or begins < follows:
                faults.append(f"{kind}: {begins} 起的期間與前一列重疊 the row from {begins} overlaps the one before")
            elif kind == EVERY_KIND and begins > follows:
                faults.append(f"{kind}: {follows} 起缺少期間 no row is in force from {follows} to {begins}")
        whole = ordered and ordered[0].first_month is None and ordered[-1].last_month is None
        if kind == EVERY_KIND and not whole:
            faults.append(f"{EVERY_KIND}: 首列 first_month、末列 last_month 須留白 the first and last must be open")
    return faults
