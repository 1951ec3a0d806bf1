"""The oracle on records that cannot be true: R101–R116, one rule after another over one document."""

from collections import Counter, defaultdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tests.oracle.leave_time import OFFICIAL
from tests.oracle.people import Record, days_touched, on_payroll
from tests.oracle.tables import DATASETS, WITH_INTERVAL, holds, is_national_id, moment, number, of_type
from tests.oracle.texts import interval, masked, shown, span_of_days

if TYPE_CHECKING:
    from tests.oracle.one_document import Judgement

_HOUR = timedelta(hours=1)


def of_identity(judged: "Judgement") -> None:
    """R101, R102, R103, R111."""
    listed = {one["person_id"] for one in judged.document["employees"]}
    for dataset, index, record in judged.each(*DATASETS):
        person = record["person_id"]
        if not is_national_id(person):
            judged.say("R101", dataset, index, "person_id", masked(person), "身分證統一編號或居留證號 national ID")
        elif person not in listed:
            judged.say("R102", dataset, index, "person_id", masked(person), "employees[].person_id")
    for dataset in ("leaves", "overtime"):
        used = set()
        for _, index, record in judged.each(dataset):
            if record["record_id"] in used:
                value = shown(record["record_id"])
                judged.say("R103", dataset, index, "record_id", value, "陣列內唯一 unique in its array")
            used.add(record["record_id"])
    clocked = set()
    for dataset, index, record in judged.each("clockings"):
        what = (record["person_id"], moment(record["at"]), record["kind"])
        if what in clocked and "R101" not in judged.fails[dataset, index]:
            value = f"{record['at']} {record['kind']}"
            judged.say("R111", dataset, index, "at", value, "每人同一時間同一刷卡別一筆 one of a kind")
        clocked.add(what)


def of_times(judged: "Judgement") -> None:
    """R104, R105, R116."""
    days = set(judged.days)
    for dataset, index, record in judged.each(*WITH_INTERVAL):
        length = clock_time(record)
        if length <= timedelta(0):
            judged.say("R104", dataset, index, "end", record["end"], f"> {record['start']}")
            continue
        if not days & set(days_touched(record)):
            judged.say("R105", dataset, index, "start", interval(record), judged.month)
        if length > timedelta(days=366):
            judged.say("R116", dataset, index, "end", interval(record), str(-(-length // timedelta(days=1))))
    for dataset, index, record in judged.each("clockings"):
        if moment(record["at"]).date() not in days:
            judged.say("R105", dataset, index, "at", record["at"], judged.month)
    for dataset, index, record in judged.each("employees"):
        if not any(on_payroll(record, day) for day in days):
            judged.say("R105", dataset, index, "from", f"{record['from'] or ''}～{record['to'] or ''}", judged.month)


def of_amounts(judged: "Judgement") -> None:
    """R106: leave by the full hour, overtime by the full minute."""
    for dataset, index, record in judged.each("leaves", "overtime"):
        if "R104" in judged.fails[dataset, index]:
            continue
        claimed = "hours" if dataset == "leaves" else "minutes"
        most = -(-clock_time(record) // _HOUR) if dataset == "leaves" else clock_time(record) // timedelta(minutes=1)
        if record[claimed] > most:
            judged.say("R106", dataset, index, claimed, number(record[claimed]), str(most))


def of_leave_types(judged: "Judgement") -> None:
    """R107, R108."""
    for dataset, index, record in judged.each("leaves"):
        periods = of_type(record["leave_type"])
        if not periods:
            judged.say("R107", dataset, index, "leave_type", shown(record["leave_type"]), "假別代碼表 01–99")
        elif not any(holds(row, moment(record["start"]).date()) for row in periods):
            expected = "起日施行中的假別 in force at start"
            judged.say("R108", dataset, index, "leave_type", record["leave_type"], expected)


def of_rows(judged: "Judgement") -> None:
    """R112: of rows that share days the one that begins later is refused; what has no first day begins on the 1st."""
    rows = [(row["from"] or judged.days[0].isoformat(), index, row) for _, index, row in judged.each("employees")]
    accepted: dict[str, list[Record]] = defaultdict(list)
    for _, index, row in sorted(rows, key=lambda one: one[:2]):
        if judged.fails["employees", index] & {"R101", "R105"}:
            continue
        if any(_share_days(row, other) for other in accepted[row["person_id"]]):
            expected = "期間不重疊 days that do not overlap"
            judged.say("R112", "employees", index, "person_id", masked(row["person_id"]), expected)
        if not judged.refused("employees", index):
            accepted[row["person_id"]].append(row)


def _share_days(row: Record, other: Record) -> bool:
    ends, other_ends = row["to"] or "9999-99-99", other["to"] or "9999-99-99"
    return (row["from"] or "") <= other_ends and (other["from"] or "") <= ends


def of_rosters(judged: "Judgement") -> None:
    """R115: no two duties at once, and none of more hours than it lasts."""
    for index, record, before in _in_turn(judged, "shifts"):
        lasts = clock_time(record) / _HOUR
        if any(overlap(record, other) for other in before) or record["hours"] > lasts:
            value = f"{interval(record)}（{str(float(record['hours'])).removesuffix('.0')} 小時）"
            judged.say("R115", "shifts", index, "start", value, number(lasts))


def of_employment(judged: "Judgement") -> None:
    """R114: wholly outside the person's days at the agency; an error from 2027 on."""
    severity = "error" if judged.month >= "2027-01" else "warning"
    for dataset, index, record in judged.each(*WITH_INTERVAL, "clockings"):
        rows = judged.people.rows(record["person_id"])
        if not rows or judged.fails[dataset, index] & {"R104", "R105"}:
            continue
        days = days_touched(record) if "start" in record else [moment(record["at"]).date()]
        first, last = days[0], days[-1]
        # The morning after a night's duty is of that duty, and so is the evening before one that begins at midnight.
        if dataset == "clockings":
            first, last = (_shifted(record["at"], hours).date() for hours in (-12, 4))
        elif dataset == "overtime":
            first = _shifted(record["start"], -12).date()
        # Rows are compared with the record's ends, as a leave around a day at the agency touches it.
        if any((row["from"] or "") <= last.isoformat() and first.isoformat() <= (row["to"] or "9") for row in rows):
            continue
        value = span_of_days(days[0].isoformat(), days[-1].isoformat())
        expected = "、".join(span_of_days(row["from"], row["to"]) for row in rows)
        field = "start" if "start" in record else "at"
        judged.say("R114", dataset, index, field, value, expected, severity)


def _shifted(at: str, hours: int) -> datetime:
    return moment(at) + timedelta(hours=hours)


def of_leaves_at_once(judged: "Judgement") -> None:
    """R109: two leaves share time that both cover."""
    for index, record, before in _in_turn(judged, "leaves"):
        if any(_common_time_covered(judged, record, other) for other in before):
            judged.say("R109", "leaves", index, "start", interval(record), "不重疊 no overlap")


def _common_time_covered(judged: "Judgement", record: Record, leave: Record) -> bool:
    start = max(moment(record["start"]), moment(leave["start"]))
    end = min(moment(record["end"]), moment(leave["end"]))
    return start < end and judged.people.leave_covers(record["person_id"], start, end)


def of_overtime(judged: "Judgement") -> None:
    """R110: on leave, official business aside; then R113: twice at once."""
    leaves = [one for _, index, one in judged.each("leaves") if not judged.refused("leaves", index)]
    for dataset, index, record in judged.each("overtime"):
        if "R104" in judged.fails[dataset, index]:
            continue
        own = [one for one in leaves if one["person_id"] == record["person_id"] and one["leave_type"] not in OFFICIAL]
        own = [leave for leave in own if not _not_held_against(judged, record, leave)]
        if any(_common_time_covered(judged, record, leave) for leave in own):
            judged.say("R110", dataset, index, "start", interval(record), "不重疊 no overlap")
    for index, record, before in _in_turn(judged, "overtime"):
        if any(overlap(record, other) for other in before):
            judged.say("R113", "overtime", index, "start", interval(record), "不重疊 no overlap")


def _not_held_against(judged: "Judgement", overtime: Record, leave: Record) -> bool:
    """Overtime on days strictly inside a leave, of whom nobody knows whether its first day is one of duty."""
    days, on_leave = days_touched(overtime), days_touched(leave)
    inside = on_leave[0] < days[0] and days[-1] < on_leave[-1]
    return inside and judged.people.knows(overtime["person_id"], days[0]) == "unknown"


def _in_turn(judged: "Judgement", dataset: str):
    """Index, record and the person's records that were let in before it, by start and index."""
    let_in: dict[str, list[Record]] = defaultdict(list)
    records = [(moment(record["start"]), index, record) for _, index, record in judged.each(dataset)]
    for _, index, record in sorted(records, key=lambda one: one[:2]):
        if "R104" in judged.fails[dataset, index]:
            continue
        yield index, record, let_in[record["person_id"]]
        if not judged.refused(dataset, index):
            let_in[record["person_id"]].append(record)


def of_whole(judged: "Judgement") -> None:
    """F013 and F014, which refuse the document; what led to them is counted."""
    dated = [(dataset, index, record) for dataset, index, record in judged.each(*WITH_INTERVAL, "clockings")]
    outside = [record for dataset, index, record in dated if "R105" in judged.fails[dataset, index]]
    reported = [(dataset, index) for dataset, index, _ in judged.each("leaves", "overtime", "clockings")]
    if len(dated) >= 10 and len(outside) * 2 > len(dated):
        months = Counter(record.get("start", record.get("at"))[:7] for record in outside)
        most = min(month for month, times in months.items() if times == max(months.values()))
        judged.refuse("F013", "month", f"{len(dated)} 筆中有 {len(outside)} 筆 ({len(outside)} of {len(dated)})", most)
    elif reported and all(judged.refused(*place) for place in reported):
        judged.refuse("F014", None, str(len(reported)), "、".join(_errors_by_rule(judged)))


def _errors_by_rule(judged: "Judgement") -> list[str]:
    errors = Counter(
        one.rule
        for one in judged.of_records
        if one.severity == "error" and one.dataset in {"leaves", "overtime", "clockings"}
    )
    return [f"{rule} {times}" for rule, times in sorted(errors.items())]


def clock_time(record: Record) -> timedelta:
    """How long a record lasts."""
    return moment(record["end"]) - moment(record["start"])


def overlap(one: Record, other: Record) -> bool:
    """Whether two intervals share a moment; end to end they do not."""
    first: datetime = max(moment(one["start"]), moment(other["start"]))
    return first < min(moment(one["end"]), moment(other["end"]))
