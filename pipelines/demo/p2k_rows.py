"""Rows of the P2K tables as WebHR's databases hold them, with the traps that real ones have.

ROC dates as text, `D.H` durations, `2400`, codes that lost their zero, forms still under approval; shapes and traps
from `spec/sources.md`, status columns from docs/channels.md.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from pipelines.demo.agencies import DemoAgency, Person
from pipelines.demo.documents import PersonMonth
from pipelines.demo.people import national_id, spoil_check_digit
from pipelines.demo.working_month import Clocking, Leave, Overtime, Shift

Row = dict[str, str | float]
#: Table name → rows to add.
Rows = dict[str, list[Row]]

PERSONNEL, LEAVES, TRIPS, OVERTIME = "CPAPE05M", "CPAPO15M", "CPAPP16M", "CPAPR18M"
ROSTER = "DUTYROSTER"
_CONFIRMED = ("已簽核", "審核完成")
_UNDER_APPROVAL = "簽核中"
#: One form in so many is followed by another that is still under approval.
_UNCONFIRMED_EVERY = 15
_POST_CODES = {"civil_servant": "01", "teacher": "", "contract": "2", "labour": "04", "other": "03"}
#: Kinds of person, with and without the leading zero as real tables have them.
KIND_CODES = {"civil_servant": "1", "teacher": "2", "contract": "03", "labour": "4", "other": "9"}
IN_SERVICE, UNPAID_LEAVE = "現職", "留職停薪"
#: The years of which the entitlements are: a teacher's is the school year.
_YEAR, _SCHOOL_YEAR = "110", "109"
_OFFICIAL_TRIP = "05"
_HOURS_A_DAY = 8
#: Hours of annual leave saved from the year before: 1.4 in D.H.
_SAVED_HOURS = 12


def attendance_table(month: str) -> str:
    """`2021-06` → `CPAPK11006`."""
    return f"CPAPK{roc(date.fromisoformat(f'{month}-01'))[:5]}"


def roc(day: date) -> str:
    """2021-06-03 → `1100603`; years below 100 without their zero, as real tables have them: 2010-12-25 → `991225`."""
    return f"{day.year - 1911}{day:%m%d}"


def days_and_hours(hours: float) -> float:
    """Whole hours as D.H: 12 → 1.4."""
    days, rest = divmod(max(1, int(hours)), _HOURS_A_DAY)
    return days + rest / 10


def personnel_rows(agency: DemoAgency) -> Rows:
    """Everybody of the agency; no date of leaving is said in the three ways that real tables say it."""
    return {
        PERSONNEL: [
            {
                "PEIDNO": person.person_id,
                "PENAME": person.name,
                "PECARD": person.card,
                "PEORG": agency.agency_code,
                "PEMEMCOD": _POST_CODES[person.employment_type],
                "PEYKIND": "2" if person.employment_type == "teacher" else "1",
                "PEACTDATE": roc(person.joined or date(2010, 12, 25)),
                "PELEVDATE": roc(person.left) if person.left else ("", "0", "0000000")[n % 3],
                **_terms(person),
            }
            for n, person in enumerate(agency.people)
        ]
    }


def _terms(person: Person) -> Row:
    """The columns that these installations have beside the usual ones."""
    terms, teacher = person.terms, person.employment_type == "teacher"
    days = "" if terms.annual_leave_hours is None else f"{days_and_hours(terms.annual_leave_hours - _SAVED_HOURS)}"
    return {
        "PEKIND": KIND_CODES[person.employment_type],
        "PESTATE": UNPAID_LEAVE if terms.unpaid_from else IN_SERVICE,
        "PESUSB": roc(terms.unpaid_from) if terms.unpaid_from else "",
        "PESUSE": "",
        "PECLOCK": "Y" if terms.clocks else "N",
        "PEHDAY": days,
        "PERDAY1": f"{days_and_hours(_SAVED_HOURS)}",
        "PERDAY2": "0",
        "PEHYEAR": _SCHOOL_YEAR if teacher else _YEAR,
    }


def month_rows(month: str, months: Sequence[PersonMonth], codes: Mapping[str, str]) -> Rows:
    """A month of an agency; `codes` goes from the format's leave types to the subsystem's own."""
    attendance = attendance_table(month)
    rows: Rows = {LEAVES: [], TRIPS: [], OVERTIME: [], ROSTER: [], attendance: []}
    for one in months:
        for n, leave in enumerate(one.done.leaves, start=1):
            number = f"{month[2:4]}{month[5:]}{one.person.card}{n}"
            table, row = _form_row(one.person, leave, number, codes, n)
            rows[table].append(row)
            if int(one.person.card) % _UNCONFIRMED_EVERY == 0:
                rows[table].append(_under_approval(row))
        rows[OVERTIME] += [_overtime_row(one.person, entry) for entry in one.done.overtime]
        rows[ROSTER] += [_roster_row(one.person, shift) for shift in one.done.shifts]
        rows[attendance] += _attendance_rows(one.person, one.done.clockings)
    return rows


def _form_row(person: Person, leave: Leave, number: str, codes: Mapping[str, str], n: int) -> tuple[str, Row]:
    trip = leave.leave_type == _OFFICIAL_TRIP
    begin, end = leave.start, leave.end
    values = (
        person.person_id,
        "1" if trip else codes[leave.leave_type],
        *(roc(begin.date()), f"{begin:%H%M}", roc(end.date()), f"{end:%H%M}"),
        days_and_hours(leave.hours),
        leave.reason or "",
        f"{'B' if trip else 'A'}{number}",
        _CONFIRMED[n % 2],
    )
    names = _TRIP_COLUMNS if trip else _LEAVE_COLUMNS
    row: Row = dict(zip(names, values, strict=True))
    if not trip and n % 2:
        row["POVTYPE"] = str(row["POVTYPE"]).removeprefix("0")
    return TRIPS if trip else LEAVES, row


_LEAVE_COLUMNS = (
    *("POIDNO", "POVTYPE", "POVDATEB", "POVTIMEB", "POVDATEE", "POVTIMEE"),
    *("POVDAYS", "POREMARK", "POGUID", "POSTATUS"),
)
_TRIP_COLUMNS = (
    *("PPIDNO", "PPBUSTYPE", "PPBUSDATEB", "PPTIMEB", "PPBUSDATEE", "PPTIMEE"),
    *("PPBUSDH", "PPREASON", "PPGUID", "PPSTATUS"),
)


def _under_approval(row: Row) -> Row:
    """The same form filed again with another beginning, and not signed yet: it must not be submitted."""
    changes: Row = {
        name: _UNDER_APPROVAL if name.endswith("STATUS") else f"{value}X" if name.endswith("GUID") else "0831"
        for name, value in row.items()
        if name.endswith(("STATUS", "GUID", "TIMEB"))
    }
    return row | changes


def _overtime_row(person: Person, entry: Overtime) -> Row:
    hours = round(entry.minutes / 60, 2)
    midnight = entry.end.time() == time(0)
    last_day = (entry.end - timedelta(days=1) if midnight else entry.end).date()
    return {
        "PRIDNO": person.person_id,
        "PRADDD": roc(entry.start.date()),
        "PRADDE": roc(last_day),
        "PRSTIME": f"{entry.start:%H%M}",
        "PRETIME": "2400" if midnight else f"{entry.end:%H%M}",
        "PRADDH": hours,
        "PRATYPE": "1" if entry.category == "ordinary" else "2",
        "PRPAYH": hours if entry.compensation == "time_off" else 0.0,
        "PRMNYH": hours if entry.compensation == "pay" else 0.0,
        "PRSTATUS": _CONFIRMED[0],
    }


def _roster_row(person: Person, shift: Shift) -> Row:
    return {
        "IDNO": person.person_id,
        "DUTYDATE": roc(shift.start.date()),
        "STIME": f"{shift.start:%H%M}",
        "ETIME": f"{shift.end:%H%M}",
        "HOURS": shift.hours,
    }


def _attendance_rows(person: Person, clockings: Sequence[Clocking]) -> list[Row]:
    """A row an arrival: when that was and the leaving after it, be it on the next day; the table holds no more."""
    by_day: dict[date, dict[str, datetime]] = {}
    for clocking in clockings:
        if clocking.kind == "in":
            day = clocking.at.date()
            by_day[day] = {}
        by_day[day][clocking.kind] = clocking.at
    return [
        {
            "PKCARD": person.card,
            "PKWDATE": roc(day),
            "PKSTIME": f"{kinds['in']:%H%M}",
            "PKETIME": f"{kinds['out']:%H%M}" if "out" in kinds else "",
            "PKWORKH": "8",
            "PKWKTPE": "1",
        }
        for day, kinds in by_day.items()
    ]


@dataclass(frozen=True)
class WebHrCase:
    """Rows that come on top for the agency's first person, the rule that finds them, records refused by dataset."""

    rule: str
    rows: Callable[[Person, DemoAgency, Sequence[date]], Rows]
    refused: dict[str, int]


def _leave_row(person: Person, day: date, **changes: str | float) -> Row:
    start = datetime.combine(day, time(8, 30))
    leave = Leave("03", start, start.replace(hour=17), _HOURS_A_DAY)
    _, row = _form_row(person, leave, f"case{day:%m%d}", {"03": "03"}, 0)
    return row | changes


def _mistyped_in_roster(person: Person, agency: DemoAgency, days: Sequence[date]) -> Rows:
    """Somebody who was there in that month only, and never clocked."""
    misspelt = spoil_check_digit(national_id(25_000_000 + int(person.card), woman=True))
    row = personnel_rows(agency)[PERSONNEL][0]
    changes: Row = {"PEIDNO": misspelt, "PENAME": "林?美", "PECARD": f"X{person.card}"}
    return {PERSONNEL: [row | changes | {"PEACTDATE": roc(days[0]), "PELEVDATE": roc(days[-1])}]}


WEBHR_CASES: dict[str, WebHrCase] = {
    "ninth hour of a day": WebHrCase(
        "R106",
        lambda person, _agency, days: {LEAVES: [_leave_row(person, days[2], POVDAYS=0.9)]},
        {"leaves": 1},
    ),
    "code of another system": WebHrCase(
        "R107",
        lambda person, _agency, days: {LEAVES: [_leave_row(person, days[3], POVTYPE="11")]},
        {"leaves": 1},
    ),
    "no real date": WebHrCase(
        "R104",
        lambda person, _agency, days: {LEAVES: [_leave_row(person, days[4], POVDATEE="1100631")]},
        {"leaves": 1},
    ),
    "clocked at 25 o'clock": WebHrCase(
        "R105",
        lambda person, _agency, days: {
            attendance_table(f"{days[0]:%Y-%m}"): [
                {"PKCARD": person.card, "PKWDATE": roc(days[5]), "PKSTIME": "2500", "PKETIME": "", "PKWORKH": "0"}
            ]
        },
        {"clockings": 1},
    ),
    "mistyped ID in the roster": WebHrCase("R101", _mistyped_in_roster, {"employees": 1}),
}
