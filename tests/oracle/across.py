"""The oracle across submissions: W202, W206, W207 and W209 over what each agency-month counts."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from fractions import Fraction
from statistics import median
from typing import Any, NamedTuple

from tests.oracle.one_document import Judgement
from tests.oracle.tables import Found, counted_days, holds, moment, month_days, number, table

#: Agency code and month.
Place = tuple[str, str]
#: What each agency-month counts, judged.
Counted = Mapping[Place, Judgement]


class Taken(NamedTuple):
    """Hours of a leave within a month, as one agency reported it there; by when it counts."""

    month: str
    start: datetime
    agency: str
    index: int
    end: datetime
    leave_type: str
    hours: Fraction


def months_before(month: str, number: int) -> str:
    """The month so many months earlier."""
    day = date.fromisoformat(f"{month}-01")
    for _ in range(number):
        day = (day - timedelta(days=1)).replace(day=1)
    return day.isoformat()[:7]


def across(counted: Counted, place: Place) -> list[Found]:
    """What the rules across submissions find for one agency-month, by rule, dataset, index and value."""
    found = [*_quotas(counted, place), *_numbers(counted, place), *_headcount(counted, place)]
    found += _two_payrolls(counted, place)
    return sorted(found, key=lambda one: (one.rule, one.dataset, one.index or 0, one.value))


def _numbers(counted: Counted, place: Place) -> Iterable[Found]:
    agency, month = place
    before = [(agency, months_before(month, ago)) for ago in range(1, 13)]
    before = [one for one in before if one in counted]
    if len(before) < 6:
        return
    for dataset in ("leaves", "overtime"):
        entered = len(counted[place].let_in[dataset])
        middle = median(len(counted[one].let_in[dataset]) for one in before)
        if entered < middle / 2 or entered > 2 * middle:
            expected = f"{number(middle / 2)}–{number(2 * middle)} 筆"
            yield Found("W206", "warning", dataset, None, None, f"{month} {entered} 筆", expected)


def _headcount(counted: Counted, place: Place) -> Iterable[Found]:
    agency, month = place
    if (agency, months_before(month, 1)) not in counted:
        return
    entered = len(counted[place].let_in["employees"])
    before = len(counted[agency, months_before(month, 1)].let_in["employees"])
    if before >= 10 and abs(entered - before) * 5 > before:
        allowed = [people for people in range(2 * before) if abs(people - before) * 5 <= before]
        expected = f"{min(allowed)}–{max(allowed)} 人（上月 {before} 人）"
        yield Found("W207", "warning", "employees", None, None, f"{month} {entered} 人", expected)


def _two_payrolls(counted: Counted, place: Place) -> Iterable[Found]:
    agency, month = place
    for index, employee in counted[place].let_in["employees"]:
        days = set(counted[place].payroll_days(employee))
        for (other, of_month), judged in sorted(counted.items()):
            if other == agency or of_month != month:
                continue
            same = [one for _, one in judged.let_in["employees"] if one["person_id"] == employee["person_id"]]
            for theirs in same:
                both = sorted(days & set(judged.payroll_days(theirs)))
                if both:
                    value = f"{other} {both[0]}～{both[-1]}"
                    expected = "同日僅在一機關支薪 one payroll a day"
                    yield Found("W209", "warning", "employees", index, "person_id", value, expected)


def _quotas(counted: Counted, place: Place) -> Iterable[Found]:
    persons = {leave["person_id"] for _, leave in counted[place].let_in["leaves"]}
    for person in persons:
        kinds = [one["employment_type"] for _, one in counted[place].let_in["employees"] if one["person_id"] == person]
        taken = _taken(counted, person, place[1])
        for quota_type in sorted({row["leave_type"] for row in table("quotas")}):
            yield from _quota(taken, quota_type, kinds[0] if kinds else "", place)


def _taken(counted: Counted, person: str, month: str) -> list[Taken]:
    """The person's leaves in the thirteen months up to `month`, in all agencies, as they count."""
    taken, window = [], {months_before(month, ago) for ago in range(13)}
    for (agency, of_month), judged in counted.items():
        if of_month not in window:
            continue
        for index, leave in judged.let_in["leaves"]:
            if leave["person_id"] == person:
                days = counted_days(agency, leave, judged.closed)
                within = [day for day in days if day in month_days(of_month)]
                hours = Fraction(leave["hours"]) * len(within) / len(days)
                start, end = moment(leave["start"]), moment(leave["end"])
                taken.append(Taken(of_month, start, agency, index, end, leave["leave_type"], hours))
    return sorted(taken)


def _quota(taken: list[Taken], quota_type: str, kind: str, place: Place) -> Iterable[Found]:
    agency, month = place
    rows = [row for row in table("quotas") if row["leave_type"] == quota_type]
    year = _year(month, kind)
    if rows[0]["per"] == "event":
        used = _using_event([one for one in taken if one.leave_type == quota_type])
    elif rows[0]["per"] == "month":
        used = [[(one, one.hours) for one in taken if one.leave_type == quota_type and one.month == month]]
    else:
        used = [_using_year([one for one in taken if _year(one.month, kind) == year], quota_type)]
    over = []
    for together in used:
        so_far = Fraction(0)
        for one, hours in together:
            so_far += hours
            row = _in_force(rows, kind, one.start.date())
            if (one.agency, one.month) == (agency, month) and hours and row and so_far > Fraction(row["days"]) * 8:
                over.append((one, row, sum(hours for _, hours in together)))
    if over:
        one, row, total = min(over, key=lambda each: each[0])
        value = f"{quota_type} {number(float(total))} 小時"
        expected = f"≤ {number(float(row['days']) * 8)} 小時（{row['days']} 日）"
        yield Found("W202", "warning", "leaves", one.index, "hours", value, expected)


def _year(month: str, kind: str) -> int:
    """The calendar year; of teachers the school year, by the year in which it begins."""
    year, of_year = int(month[:4]), int(month[5:])
    return year - 1 if kind == "teacher" and of_year < 8 else year


def _in_force(rows: list[dict[str, str]], kind: str, day: date) -> Mapping[str, Any] | None:
    """The quota on that day: that for the kind of staff, else that for everybody."""
    held = [row for row in rows if holds(row, day)]
    own = [row for row in held if row["employment_type"] == kind]
    return next(iter(own or [row for row in held if not row["employment_type"]]), None)


def _using_year(taken: list[Taken], quota_type: str) -> list[tuple[Taken, Fraction]]:
    """What uses up a year's quota, with the types counted within it but for their free days."""
    free = {
        row["leave_type"]: Fraction(row["free_days"] or 0) * 8
        for row in table("quotas")
        if row["counted_within"] == quota_type
    }
    so_far: dict[str, Fraction] = defaultdict(Fraction)
    used = []
    for one in taken:
        before, so_far[one.leave_type] = so_far[one.leave_type], so_far[one.leave_type] + one.hours
        if one.leave_type == quota_type:
            used.append((one, one.hours))
        elif one.leave_type in free:
            beyond = max(Fraction(0), so_far[one.leave_type] - free[one.leave_type])
            used.append((one, beyond - max(Fraction(0), before - free[one.leave_type])))
    return used


def _using_event(taken: list[Taken]) -> list[list[tuple[Taken, Fraction]]]:
    """Chains of records no more than 30 days apart, each by when they count."""
    chains: list[list[Taken]] = []
    for one in sorted(taken, key=lambda each: each.start):
        ended = max((each.end for each in chains[-1]), default=None) if chains else None
        if ended is not None and one.start - ended <= timedelta(days=30):
            chains[-1].append(one)
        else:
            chains.append([one])
    return [[(one, one.hours) for one in sorted(chain)] for chain in chains]
