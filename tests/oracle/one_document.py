"""The oracle on one document: every finding of its records, one rule after another, and what is counted of them."""

import re
from collections import defaultdict
from datetime import date
from typing import Any

from tests.oracle.tables import (
    DATASETS,
    Closed,
    Document,
    Found,
    counted_days,
    days_touched,
    holds,
    is_national_id,
    moment,
    month_days,
    number,
    of_type,
    table,
    worked,
)

Record = dict[str, Any]


class Judgement:
    """One document judged: `found` in the catalogue's order, `counts` as (read, entered, refused, warned)."""

    def __init__(self, document: Document, closed: Closed) -> None:
        self.document = document
        self.agency: str = document["agency_code"]
        self.month: str = document["month"]
        self.closed = closed
        self._found: list[Found] = []
        self.fails: dict[tuple[str, int], set[str]] = defaultdict(set)
        self._refuse()
        self.let_in = {
            dataset: [
                (index, record) for index, record in enumerate(document[dataset]) if not self._refused(dataset, index)
            ]
            for dataset in DATASETS
        }
        self._warn()

    @property
    def found(self) -> list[Found]:
        """By dataset, index, rule and, of one employee, day."""
        return sorted(self._found, key=lambda one: (DATASETS.index(one.dataset), one.index, one.rule, one.value))

    @property
    def counts(self) -> dict[str, tuple[int, int, int, int]]:
        """Dataset → read, entered, refused, warned."""
        counts = {}
        for dataset in DATASETS:
            read, entered = len(self.document[dataset]), len(self.let_in[dataset])
            warned = {index for index, _ in self.let_in[dataset] if self.fails[dataset, index]}
            counts[dataset] = (read, entered, read - entered, len(warned))
        return counts

    def hours_in_month(self, leave: Record) -> float:
        """Hours of a leave that fall in the document's month: in proportion to its counted days."""
        days = counted_days(self.agency, leave, self.closed)
        return leave["hours"] * len([day for day in days if _month(day) == self.month]) / len(days)

    def _say(self, rule: str, dataset: str, index: int, field: str, value: str, expected: str) -> None:
        severity = "error" if rule.startswith("R") else "warning"
        self._found.append(Found(rule, severity, dataset, index, field, value, expected))
        self.fails[dataset, index].add(rule)

    def _refused(self, dataset: str, index: int) -> bool:
        return any(rule.startswith("R") for rule in self.fails[dataset, index])

    def _each(self, *datasets: str) -> list[tuple[str, int, Record]]:
        return [(dataset, index, one) for dataset in datasets for index, one in enumerate(self.document[dataset])]

    def _refuse(self) -> None:
        self._r101_r102()
        self._r103()
        self._r104_r105()
        self._r107_r108()
        self._r106()
        self._r111_r112()
        self._r109()
        self._r110()

    def _warn(self) -> None:
        self._w201()
        if self.month >= "2022-07":
            self._w203()
            self._w204()
        self._w205()
        self._w208()

    def _r101_r102(self) -> None:
        employees = {one["person_id"] for one in self.document["employees"]}
        for dataset, index, record in self._each(*DATASETS):
            person = record["person_id"]
            if not is_national_id(person):
                expected = "身分證統一編號或居留證號 national ID"
                self._say("R101", dataset, index, "person_id", masked(person), expected)
            elif person not in employees:
                self._say("R102", dataset, index, "person_id", masked(person), "employees[].person_id")

    def _r103(self) -> None:
        for dataset in ("leaves", "overtime"):
            used = set()
            for _, index, record in self._each(dataset):
                if record["record_id"] in used:
                    value = shown(record["record_id"])
                    self._say("R103", dataset, index, "record_id", value, "陣列內唯一 unique in its array")
                used.add(record["record_id"])

    def _r104_r105(self) -> None:
        days = month_days(self.month)
        for dataset, index, record in self._each("leaves", "overtime"):
            if moment(record["end"]) <= moment(record["start"]):
                self._say("R104", dataset, index, "end", record["end"], f"> {record['start']}")
            elif not set(days) & set(days_touched(record)):
                self._say("R105", dataset, index, "start", interval(record), self.month)
        for dataset, index, record in self._each("clockings"):
            if _month(moment(record["at"]).date()) != self.month:
                self._say("R105", dataset, index, "at", record["at"], self.month)
        for dataset, index, record in self._each("employees"):
            if not self.payroll_days(record):
                value = f"{record['from'] or ''}～{record['to'] or ''}"
                self._say("R105", dataset, index, "from", value, self.month)

    def payroll_days(self, employee: Record) -> list[date]:
        """The days of the month on which the employee is on the payroll; none where from is after to."""
        first = date.fromisoformat(employee["from"]) if employee["from"] else date.min
        last = date.fromisoformat(employee["to"]) if employee["to"] else date.max
        return [day for day in month_days(self.month) if first <= day <= last]

    def _r107_r108(self) -> None:
        for dataset, index, record in self._each("leaves"):
            periods = of_type(record["leave_type"])
            if not periods:
                self._say("R107", dataset, index, "leave_type", shown(record["leave_type"]), "假別代碼表 01–99")
            elif not any(holds(row, moment(record["start"]).date()) for row in periods):
                expected = "起日施行中的假別 in force at start"
                self._say("R108", dataset, index, "leave_type", record["leave_type"], expected)

    def _r106(self) -> None:
        for dataset, index, record in self._each("leaves"):
            if self.fails[dataset, index] & {"R104", "R107"}:
                continue
            capacity = 8 * len(counted_days(self.agency, record, self.closed))
            if record["hours"] > capacity:
                self._say("R106", dataset, index, "hours", number(record["hours"]), f"≤ {capacity}")
        for dataset, index, record in self._each("overtime"):
            if "R104" in self.fails[dataset, index]:
                continue
            minutes = (moment(record["end"]) - moment(record["start"])).total_seconds() // 60
            if record["minutes"] > minutes:
                self._say("R106", dataset, index, "minutes", number(record["minutes"]), f"≤ {number(minutes)}")

    def _r109(self) -> None:
        taken: dict[str, list[Record]] = defaultdict(list)
        records = [(moment(record["start"]), index, record) for _, index, record in self._each("leaves")]
        for _, index, record in sorted(records, key=lambda one: one[:2]):
            if "R104" in self.fails["leaves", index]:
                continue
            if any(overlap(record, other) for other in taken[record["person_id"]]):
                self._say("R109", "leaves", index, "start", interval(record), "不重疊 no overlap")
            if not self._refused("leaves", index):
                taken[record["person_id"]].append(record)

    def _r110(self) -> None:
        official = {row["code"] for row in table("leave_types") if row["official"] == "yes"}
        leaves = [
            leave
            for _, index, leave in self._each("leaves")
            if not self._refused("leaves", index) and leave["leave_type"] not in official
        ]
        for dataset, index, record in self._each("overtime"):
            of_person = [leave for leave in leaves if leave["person_id"] == record["person_id"]]
            if "R104" not in self.fails[dataset, index] and any(overlap(record, leave) for leave in of_person):
                self._say("R110", dataset, index, "start", interval(record), "不重疊 no overlap")

    def _r111_r112(self) -> None:
        clocked = set()
        for dataset, index, record in self._each("clockings"):
            what = (record["person_id"], moment(record["at"]), record["kind"])
            if what in clocked and "R101" not in self.fails[dataset, index]:
                value = f"{record['at']} {record['kind']}"
                self._say("R111", dataset, index, "at", value, "每人同一時間同一刷卡別一筆 one of a kind")
            clocked.add(what)
        listed = set()
        for dataset, index, record in self._each("employees"):
            if record["person_id"] in listed and "R101" not in self.fails[dataset, index]:
                self._say("R112", dataset, index, "person_id", masked(record["person_id"]), "每人一列 one row a person")
            listed.add(record["person_id"])

    def _w201(self) -> None:
        for index, record in self.let_in["leaves"]:
            if any(row["every_day"] == "yes" for row in of_type(record["leave_type"])):
                continue
            if not any(worked(self.agency, day, self.closed) for day in days_touched(record)):
                self._say("W201", "leaves", index, "start", interval(record), "至少一個上班日 at least one working day")

    def _overtime_of_the_month(self) -> list[tuple[int, Record]]:
        """Accepted overtime that begins within the month, by start and index."""
        mine = [one for one in self.let_in["overtime"] if _month(moment(one[1]["start"]).date()) == self.month]
        return sorted(mine, key=lambda one: (moment(one[1]["start"]), one[0]))

    def _limit(self, column: str) -> float | None:
        rows = [row for row in table("overtime_limits") if holds(row, month_days(self.month)[0])]
        return float(rows[0][column]) if rows else None

    def _w203(self) -> None:
        limit, by_day = self._limit("hours_a_day"), defaultdict(list)
        for index, record in self._overtime_of_the_month():
            by_day[record["person_id"], moment(record["start"]).date()].append((index, record))
        for (_, day), records in by_day.items():
            hours = max(0, 8 - self.closed.get((self.agency, day), 0)) if worked(self.agency, day, self.closed) else 0
            minutes = hours * 60 + sum(record["minutes"] for _, record in records)
            index = _passing(records, limit * 60 - hours * 60)
            if index is not None:
                value = f"{day} {number(minutes / 60)} 小時"
                self._say("W203", "overtime", index, "minutes", value, f"≤ {number(limit)} 小時")

    def _w204(self) -> None:
        limit, by_person = self._limit("hours_a_month"), defaultdict(list)
        for index, record in self._overtime_of_the_month():
            by_person[record["person_id"]].append((index, record))
        for records in by_person.values():
            index = _passing(records, limit * 60)
            if index is not None:
                value = f"{number(sum(record['minutes'] for _, record in records) / 60)} 小時"
                self._say("W204", "overtime", index, "minutes", value, f"≤ {number(limit)} 小時")

    def _w205(self) -> None:
        if not self.document["clockings"]:
            return
        seen = {(one["person_id"], moment(one["at"]).date()) for one in self.document["clockings"]}
        for leave in self.document["leaves"]:
            if moment(leave["end"]) > moment(leave["start"]):
                seen |= {(leave["person_id"], day) for day in days_touched(leave)}
        for index, record in self.let_in["employees"]:
            for day in self.payroll_days(record):
                if worked(self.agency, day, self.closed) and (record["person_id"], day) not in seen:
                    expected = "刷卡或請假 clocking or leave"
                    self._say("W205", "employees", index, "person_id", day.isoformat(), expected)

    def _w208(self) -> None:
        for index, record in self.let_in["leaves"]:
            for row in of_type(record["leave_type"]):
                asked = row["certificate_from_days"]
                if not asked or not holds(row, moment(record["start"]).date()) or record["certificate"]:
                    continue
                if record["hours"] >= float(asked) * 8:
                    value = f"{record['leave_type']} {interval(record)}"
                    self._say("W208", "leaves", index, "certificate", value, "certificate: true")


def _month(day: date) -> str:
    return day.isoformat()[:7]


def _passing(records: list[tuple[int, Record]], limit: float) -> int | None:
    """The index of the record by which the minutes pass the limit."""
    minutes = 0
    for index, record in records:
        minutes += record["minutes"]
        if minutes > limit:
            return index
    return None


def overlap(one: Record, other: Record) -> bool:
    """Whether two intervals share a moment; end to end they do not."""
    return moment(one["start"]) < moment(other["end"]) and moment(other["start"]) < moment(one["end"])


def interval(record: Record) -> str:
    return f"{record['start']}～{record['end']}"


def masked(person_id: str) -> str:
    """A national ID as findings show it; of anything else at most its ends."""
    if len(person_id) == 10:
        return f"{person_id[:3]}****{person_id[-3:]}"
    last = person_id[-1:] if person_id.isascii() else ""
    return f"{person_id[0]}****{last}" if len(person_id) > 2 else "****"


def shown(text: str) -> str:
    """An agency's own text in a finding: national IDs masked, then its first 40 characters."""
    return re.sub(r"[A-Za-z][A-Da-d1289][0-9]{8}", lambda found: masked(found.group()), text)[:40]
