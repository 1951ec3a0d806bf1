"""The oracle across submissions: W202, W206, W207, W209 and W212–W214 over what each agency-month counts."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from fractions import Fraction
from statistics import median
from typing import NamedTuple

from tests.oracle.one_document import Judgement
from tests.oracle.people import Record, days_touched, on_payroll
from tests.oracle.tables import Found, kind_of, moment, month_days, most_specific, number, table

#: Agency code and month.
Place = tuple[str, str]
#: What each agency-month counts, judged.
Counted = Mapping[Place, Judgement]
#: Shares of a leave within a month are thirds and sevenths.
_ROUNDING = 1e-6


class Taken(NamedTuple):
    """Hours of a leave within a month, as one agency reported it there; in the order in which it counts."""

    month: str
    start: datetime
    agency: str
    index: int
    end: datetime
    leave_type: str
    event_id: str | None
    #: Of eight a day, where calendar days count.
    calendar_hours: float
    hours: float


def months_before(month: str, number: int) -> str:
    """The month so many months earlier."""
    day = date.fromisoformat(f"{month}-01")
    for _ in range(number):
        day = (day - timedelta(days=1)).replace(day=1)
    return day.isoformat()[:7]


def across(counted: Counted, place: Place) -> list[Found]:
    """What the rules across submissions find for one agency-month, by rule, dataset, index and value."""
    found = [*_quotas(counted, place), *_numbers(counted, place), *_headcount(counted, place)]
    found += [*_two_payrolls(counted, place), *_nothing_reported(counted, place)]
    found += [*_three_months(counted, place), *_time_off(counted, place)]
    return sorted(found, key=lambda one: (one.rule, one.dataset, one.index or 0, one.value))


def _numbers(counted: Counted, place: Place) -> Iterable[Found]:
    agency, month = place
    before = [(agency, months_before(month, ago)) for ago in range(1, 13)]
    before = [one for one in before if one in counted]
    if len(before) < 6:
        return
    last_year = counted.get((agency, months_before(month, 12)))
    for dataset in ("leaves", "overtime"):
        entered = len(counted[place].let_in[dataset])
        middle = median(len(counted[one].let_in[dataset]) for one in before)
        by_chance = abs(entered - middle) < 5 or (entered - middle) ** 2 <= 9 * middle
        as_last_year = last_year is not None and _within_half_and_twice(entered, len(last_year.let_in[dataset]))
        if not (_within_half_and_twice(entered, middle) or by_chance or as_last_year):
            expected = f"{number(middle / 2)}–{number(2 * middle)} 筆"
            yield Found("W206", "warning", dataset, None, None, f"{month} {entered} 筆", expected)


def _within_half_and_twice(entered: int, usual: float) -> bool:
    return usual / 2 <= entered <= usual * 2


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


def _nothing_reported(counted: Counted, place: Place) -> Iterable[Found]:
    agency, month = place
    before = [counted.get((agency, months_before(month, ago))) for ago in range(1, 7)]
    for dataset in ("leaves", "overtime", "clockings"):
        had = sum(1 for judged in before if judged and judged.let_in[dataset])
        if not counted[place].document[dataset] and had >= 5:
            yield Found("W214", "warning", dataset, None, None, month, f"前 6 個月中有 {had} 個月申報")


def _two_payrolls(counted: Counted, place: Place) -> Iterable[Found]:
    agency, month = place
    for index, row in _at_work(counted[place]):
        for (other, of_month), judged in sorted(counted.items()):
            if other == agency or of_month != month:
                continue
            same = [theirs for _, theirs in _at_work(judged) if theirs["person_id"] == row["person_id"]]
            shared = [
                [day for day in month_days(month) if on_payroll(row, day) and on_payroll(theirs, day)]
                for theirs in same
            ]
            # The last day here may be the first one there.
            overlaps = sorted(days for days in shared if len(days) > 1)
            if overlaps:
                value = f"{other} {overlaps[0][0]}～{overlaps[0][-1]}"
                expected = "同日僅在一機關支薪 one payroll a day"
                yield Found("W209", "warning", "employees", index, "person_id", value, expected)


def _at_work(judged: Judgement) -> list[tuple[int, Record]]:
    return [(index, row) for index, row in judged.let_in["employees"] if row.get("status") != "unpaid_leave"]


def _three_months(counted: Counted, place: Place) -> Iterable[Found]:
    agency, month = place
    if month < "2023-01":
        return
    window = [months_before(month, ago) for ago in (2, 1, 0)]
    for person in {record["person_id"] for _, record in counted[place].let_in["overtime"]}:
        rows = [row for _, row in counted[place].let_in["employees"] if row["person_id"] == person]
        whom = {"agency_kind": kind_of(agency, {}), "category": "special", "pattern": ""}
        kind = rows[0]["employment_type"] if rows else ""
        limit = most_specific(table("overtime_limits"), whom | {"employment_type": kind}, month_days(month)[0])
        if not limit or limit["switch"] != "on" or not limit["hours_three_months"]:
            continue
        own = sorted(
            (of_month, moment(record["start"]), one, index, record["minutes"])
            for (one, of_month), judged in counted.items()
            if of_month in window
            for index, record in judged.let_in["overtime"]
            if record["person_id"] == person and moment(record["start"]).date() >= month_days(of_month)[0]
        )
        most, total, so_far = float(limit["hours_three_months"]), sum(one[-1] for one in own), 0
        for of_month, _, one, index, minutes in own:
            so_far += minutes
            if (one, of_month) == place and so_far > most * 60:
                value = f"連續 3 個月 {number(Fraction(total, 60))}"
                yield Found("W212", "warning", "overtime", index, "minutes", value, number(most))
                break


def _time_off(counted: Counted, place: Place) -> Iterable[Found]:
    agency, month = place
    window = [months_before(month, ago) for ago in range(25)]
    for person in {leave["person_id"] for _, leave in counted[place].let_in["leaves"] if leave["leave_type"] == "04"}:
        listed, minutes = set(), 0
        for (_, of_month), judged in counted.items():
            if of_month in window:
                listed |= {of_month for _, row in judged.let_in["employees"] if row["person_id"] == person}
                minutes += sum(
                    record["minutes"]
                    for _, record in judged.let_in["overtime"]
                    if record["person_id"] == person
                    and record["compensation"] == "time_off"
                    and moment(record["start"]).date() >= month_days(of_month)[0]
                )
        if len(listed) < len(window):
            continue
        taken = [one for one in _taken(counted, person, month) if (one.month, one.leave_type) == (month, "04")]
        so_far = 0.0
        for one in sorted(taken, key=lambda each: (each.start, each.agency, each.index)):
            so_far += one.hours
            if one.agency == agency and one.hours > 0 and so_far > minutes / 60 + _ROUNDING:
                total = sum(each.hours for each in taken)
                value, expected = number(total), number(Fraction(minutes, 60))
                yield Found("W213", "warning", "leaves", one.index, "hours", value, expected)
                break


def _quotas(counted: Counted, place: Place) -> Iterable[Found]:
    persons = {leave["person_id"] for _, leave in counted[place].let_in["leaves"]}
    for person in persons:
        rows = [row for _, row in counted[place].let_in["employees"] if row["person_id"] == person]
        # Whose own row was refused is judged as staff of no special kind.
        row = rows[0] if rows else {"employment_type": ""}
        taken = _taken(counted, person, place[1])
        for quota_type in sorted({quota["leave_type"] for quota in table("quotas")}):
            yield from _quota(taken, quota_type, row, place)


def _taken(counted: Counted, person: str, month: str) -> list[Taken]:
    """The person's leaves in the thirteen months up to `month`, in all agencies, as they count."""
    taken, window = [], {months_before(month, ago) for ago in range(13)}
    reported: dict[tuple[object, ...], float] = defaultdict(float)
    own = [
        (agency, of_month, index, leave, judged.hours_in_month(index))
        for (agency, of_month), judged in counted.items()
        if of_month in window
        for index, leave in judged.let_in["leaves"]
        if leave["person_id"] == person
    ]
    for _, of_month, _, leave, hours in own:
        reported[_same(of_month, leave)] += hours
    for agency, of_month, index, leave, hours in own:
        # What two agencies report across a transfer is at most the leave itself.
        once = hours * min(1, leave["hours"] / max(reported[_same(of_month, leave)], _ROUNDING))
        calendar = once / leave["hours"] * len(days_touched(leave)) * 8
        start, end = moment(leave["start"]), moment(leave["end"])
        event = leave.get("event_id")
        taken.append(Taken(of_month, start, agency, index, end, leave["leave_type"], event, calendar, once))
    return sorted(taken, key=lambda one: one[:4])


def _same(month: str, leave: Record) -> tuple[object, ...]:
    return month, leave["leave_type"], moment(leave["start"]), moment(leave["end"])


def _quota(taken: list[Taken], quota_type: str, row: Record, place: Place) -> Iterable[Found]:
    agency, month = place
    quotas = [quota for quota in table("quotas") if quota["leave_type"] == quota_type]
    kind = row["employment_type"]
    if quotas[0]["per"].startswith("event"):
        used = _using_event([one for one in taken if one.leave_type == quota_type], quotas[0])
    elif quotas[0]["per"] == "month":
        used = [[(one, one.hours) for one in taken if one.leave_type == quota_type and one.month == month]]
    else:
        used = [_using_year([one for one in taken if _year(one.month, kind) == _year(month, kind)], quota_type)]
    over = []
    for together in used:
        so_far = 0.0
        for one, hours in together:
            quota = most_specific(quotas, {"employment_type": kind}, one.start.date())
            calendar = quota is not None and quota["counts"] == "calendar"
            so_far += one.calendar_hours if calendar else hours
            most = _most_hours(quota, row)
            here = (one.agency, one.month) == (agency, month) and hours > 0
            if here and most is not None and so_far > most + _ROUNDING:
                total = sum(each.calendar_hours if calendar else hours for each, hours in together)
                over.append((one, most, total))
    if over:
        one, most, total = min(over, key=lambda each: each[0][:4])
        expected = f"{number(most)} 小時（{number(most / 8)} 日）"
        yield Found("W202", "warning", "leaves", one.index, "hours", f"{quota_type} {number(total)}", expected)


def _most_hours(quota: dict[str, str] | None, row: Record) -> float | None:
    """The quota in hours; None where none is known, or it is not switched on."""
    if quota is None or quota["switch"] != "on":
        return None
    if quota["own"]:
        stated: float | None = row.get(quota["own"])
        return stated
    return float(quota["days"]) * 8 if quota["days"] else None


def _year(month: str, kind: str) -> int:
    """The calendar year; of teachers the school year, by the year in which it begins."""
    year, of_year = int(month[:4]), int(month[5:])
    return year - 1 if kind == "teacher" and of_year < 8 else year


def _using_year(taken: list[Taken], quota_type: str) -> list[tuple[Taken, float]]:
    """What uses up a year's quota, with the types counted within it but for their free days."""
    free = {
        row["leave_type"]: float(row["free_days"] or 0) * 8
        for row in table("quotas")
        if row["counted_within"] == quota_type
    }
    so_far: dict[str, float] = defaultdict(float)
    used = []
    for one in taken:
        before, so_far[one.leave_type] = so_far[one.leave_type], so_far[one.leave_type] + one.hours
        if one.leave_type == quota_type:
            used.append((one, one.hours))
        elif one.leave_type in free:
            beyond = max(0.0, so_far[one.leave_type] - free[one.leave_type])
            used.append((one, beyond - max(0.0, before - free[one.leave_type])))
    return used


def _using_event(taken: list[Taken], quota: dict[str, str]) -> list[list[tuple[Taken, float]]]:
    """The records of one event: those with its id; of those without, what begins within a window from the first on."""
    events: dict[object, list[Taken]] = defaultdict(list)
    begins: datetime | None = None
    for one in sorted(taken, key=lambda each: (each.start, each.month, each.agency, each.index)):
        if one.event_id is not None:
            events[one.event_id].append(one)
        elif quota["per"] == "event":
            if begins is None or one.start > begins + timedelta(days=int(quota["window_days"])):
                begins = one.start
            events[begins].append(one)
    return [[(one, one.hours) for one in sorted(event, key=lambda each: each[:4])] for event in events.values()]
