"""The oracle on one document: every finding of its records, one rule after another, and what is counted of them."""

from collections import Counter, defaultdict
from datetime import date
from functools import cache
from typing import Any

from tests.oracle import leave_time, refusals, warnings_of_leaves, warnings_of_people
from tests.oracle.people import People, Record, begins
from tests.oracle.tables import DATASETS, Closed, Document, Found, Stated, moment, month_days
from tests.oracle.texts import shown


class Judgement:
    """One document judged: `found` in the catalogue's order, `counts` as (read, entered, refused, warned).

    Where the document is `whole_refused` (F013, F014) that is its one finding, and the others are only counted.
    """

    def __init__(self, document: Document, closed: Closed, stated: Stated) -> None:
        #: As format 1.1 has it: of 1.0 there is no roster.
        self.document = {"shifts": [], **document}
        self.month: str = document["month"]
        self.days = month_days(self.month)
        self.closed, self.stated = closed, stated
        self.of_records: list[Found] = []
        self.whole_refused: Found | None = None
        self.fails: dict[tuple[str, int], set[str]] = defaultdict(set)
        self._refused: set[tuple[str, int]] = set()
        self._refuse_records()
        refusals.of_whole(self)
        #: Hours in the month of each leave, by its index.
        self.hours_in_month = cache(self._hours_in_month)
        self.let_in = {dataset: self._let_in(dataset) for dataset in DATASETS}
        warnings_of_leaves.warn(self)
        warnings_of_people.warn(self)

    def _refuse_records(self) -> None:
        refusals.of_identity(self)
        refusals.of_times(self)
        refusals.of_amounts(self)
        refusals.of_leave_types(self)
        refusals.of_rows(self)
        refusals.of_rosters(self)
        rows, duties = ([record for _, record in self._let_in(dataset)] for dataset in ("employees", "shifts"))
        self.people = People(self.document, self.closed, self.stated, rows, duties)
        refusals.of_employment(self)
        refusals.of_leaves_at_once(self)
        refusals.of_overtime(self)

    def each(self, *datasets: str) -> list[tuple[str, int, Record]]:
        """Dataset, index and record of every record of some datasets."""
        return [(dataset, index, one) for dataset in datasets for index, one in enumerate(self.document[dataset])]

    def refused(self, dataset: str, index: int) -> bool:
        """Whether some rule refused the record so far."""
        return (dataset, index) in self._refused

    def say(
        self, rule: str, dataset: str, index: int, field: str, value: str, expected: str, severity: str | None = None
    ) -> None:
        """A finding about a record, an error where the rule's letter says so."""
        severity = severity or ("error" if rule.startswith("R") else "warning")
        self.of_records.append(Found(rule, severity, dataset, index, field, value, expected))
        self.fails[dataset, index].add(rule)
        if severity == "error":
            self._refused.add((dataset, index))

    def refuse(self, rule: str, field: str | None, value: str, expected: str) -> None:
        """The whole document is refused."""
        self.whole_refused = Found(rule, "fatal", None, None, field, value, expected)

    @property
    def found(self) -> list[Found]:
        """By dataset, index and rule."""
        if self.whole_refused:
            return [self.whole_refused]
        return sorted(self.of_records, key=lambda one: (DATASETS.index(one.dataset), one.index, one.rule))

    @property
    def unlisted(self) -> dict[str, int]:
        """Rule → findings that are counted only."""
        return dict(Counter(one.rule for one in self.of_records)) if self.whole_refused else {}

    @property
    def counts(self) -> dict[str, tuple[int, int, int, int]]:
        """Dataset → read, entered, refused, warned; nothing where the document is refused."""
        if self.whole_refused:
            return {}
        counts = {}
        for dataset in DATASETS:
            read, entered = len(self.document[dataset]), len(self.let_in[dataset])
            warned = {index for index, _ in self.let_in[dataset] if self.fails[dataset, index]}
            counts[dataset] = (read, entered, read - entered, len(warned))
        return counts

    def entered(self, dataset: str) -> list[tuple[int, dict[str, Any]]]:
        """Index and stored columns of the records let in; those of times as `datetime` and `date`."""
        if self.whole_refused:
            return []
        return [(index, self._stored(dataset, index, record)) for index, record in self.let_in[dataset]]

    def _stored(self, dataset: str, index: int, record: Record) -> dict[str, Any]:
        if dataset == "employees":
            names = ("employment_type", "work_pattern", "clocks", "status", "weekly_hours", "annual_leave_hours")
            edges = {f"payroll_{edge}": date.fromisoformat(record[edge]) if record[edge] else None for edge in _EDGES}
            return edges | {name: record.get(name) for name in names}
        if dataset == "clockings":
            return {"clocked_at": moment(record["at"]), "kind": record["kind"]}
        interval = {"start_at": moment(record["start"]), "end_at": moment(record["end"])}
        if dataset == "shifts":
            return interval | {"hours": record["hours"]}
        interval["record_id"] = shown(record["record_id"])
        if dataset == "leaves":
            event = record.get("event_id")
            own = {"leave_type": record["leave_type"], "hours": record["hours"], "event_id": event and shown(event)}
            return interval | own | {"hours_in_month": self.hours_in_month(index)}
        minutes, of_month = record["minutes"], begins(record) in self.days
        own = {"compensation": record["compensation"], "category": record.get("category")}
        return interval | own | {"minutes": minutes, "minutes_in_month": minutes if of_month else 0}

    def _hours_in_month(self, index: int) -> float:
        return leave_time.hours_in_month(self.people, self.document["leaves"][index])

    def _let_in(self, dataset: str) -> list[tuple[int, Record]]:
        return [(index, one) for _, index, one in self.each(dataset) if not self.refused(dataset, index)]


_EDGES = ("from", "to")
