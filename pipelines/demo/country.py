"""The made-up country as a whole: what its agencies hand in, round by round, and what must become of it.

Deterministic: the same seed gives the same bytes.  Four months, 2021-03 to 2021-06, of 55 agencies.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from pipelines.demo.agencies import DemoAgency, make_agencies, register_csv
from pipelines.demo.documents import (
    Document,
    PersonMonth,
    as_1_0,
    employee_rows,
    make_document,
    person_months,
    to_bytes,
)
from pipelines.demo.faults import CASES, FATAL, Canvas
from pipelines.demo.p2k_rows import PERSONNEL, WEBHR_CASES, Rows, month_rows, personnel_rows
from pipelines.demo.plan import WEBHR_DOWN_FOR, Attempt, Planned, Round, make_plan
from pipelines.demo.working_month import working_days

DATASETS = ("employees", "shifts", "leaves", "overtime", "clockings")


@dataclass(frozen=True)
class Handing:
    """Bytes that an agency hands in, by WebITR or by hand."""

    agency_code: str
    month: str
    channel: str
    data: bytes


@dataclass(frozen=True, eq=False)
class Subsystem:
    """A WebHR database: whose it is, and what its leave types are called (format's code → its own)."""

    name: str
    codes: dict[str, str]


#: The counties' system has other codes than P2K, as `spec/sources.md` warns: 06 is annual leave there.
CENTRAL = Subsystem("central", {code: code for code in ("01", "02", "03", "04", "06", "07", "24")})
COUNTIES = Subsystem("counties", {"01": "01", "02": "02", "03": "06", "04": "11", "06": "16", "07": "07", "24": "24"})
SUBSYSTEMS = (CENTRAL, COUNTIES)


class Country:
    """Agencies, plan, and the documents and rows that follow from them."""

    def __init__(self, seed: int = 1) -> None:
        self._seed = seed
        self.agencies = make_agencies(seed)
        self.plan = make_plan(self.agencies)
        self._by_code = {agency.agency_code: agency for agency in self.agencies}

    @cached_property
    def register(self) -> bytes:
        """The register of agencies in the project's own columns."""
        return register_csv(self.agencies)

    def agency(self, code: str) -> DemoAgency:
        """The agency of that code; KeyError where there is none."""
        return self._by_code[code]

    def planned(self, month: str) -> list[Planned]:
        """The month's part of the plan."""
        return [planned for planned in self.plan if planned.month == month]

    def handed_in(self, month: str, when: Round) -> list[Handing]:
        """What WebITR and manual agencies hand in in that round of the month."""
        return [
            Handing(
                planned.agency_code,
                month,
                "manual" if attempt.by_hand else self.agency(planned.agency_code).channel,
                self.document(planned, attempt),
            )
            for planned in self.planned(month)
            for attempt in planned.attempts
            if attempt.when is when and self.agency(planned.agency_code).channel != "webhr"
        ]

    def document(self, planned: Planned, attempt: Attempt) -> bytes:
        """The bytes of an attempt of a WebITR or manual agency."""
        document = self._document(planned, attempt)
        return to_bytes(document) if attempt.fault is None else FATAL[attempt.fault].spoil(document)

    def agencies_of(self, subsystem: Subsystem) -> list[DemoAgency]:
        """The WebHR agencies whose data the subsystem's database holds."""
        return [
            agency
            for agency in self.agencies
            if agency.channel == "webhr" and agency.agency_code.startswith(WEBHR_DOWN_FOR) == (subsystem is COUNTIES)
        ]

    def webhr_rows(self, subsystem: Subsystem) -> Iterable[Rows]:
        """All rows of the subsystem's database: its people, and every month."""
        for agency in self.agencies_of(subsystem):
            yield personnel_rows(agency)
            for planned in self.plan:
                if planned.agency_code == agency.agency_code:
                    yield month_rows(planned.month, self._months(planned), subsystem.codes)
                    yield from self._webhr_cases(planned)

    def expected_counts(self, planned: Planned) -> dict[str, tuple[int, int]]:
        """Records (read, refused) by dataset of the attempt that counts in the end; empty where none does."""
        attempt = planned.counting
        if attempt is None:
            return {}
        by_case = [(CASES if name in CASES else WEBHR_CASES)[name].refused for name in attempt.cases]
        refused = {dataset: sum(one.get(dataset, 0) for one in by_case) for dataset in DATASETS}
        if self.agency(planned.agency_code).channel == "webhr":
            read = self._webhr_counts(planned)
        else:
            document = self._document(planned, attempt)
            read = {dataset: len(document.get(dataset, [])) for dataset in DATASETS}
        return {dataset: (read[dataset], refused[dataset]) for dataset in DATASETS}

    def _document(self, planned: Planned, attempt: Attempt) -> Document:
        """The document with its cases, before a fatal fault spoils its bytes."""
        agency = self.agency(planned.agency_code)
        # The same bytes again are a document produced once.
        produced = planned.attempts[0] if attempt.again else attempt
        months = self._months(planned)
        document = make_document(agency, planned.month, months, produced.when.begins(planned.month))
        canvas = Canvas(document, agency.people[0].person_id, working_days(planned.month))
        for case in attempt.cases:
            CASES[case].happen(canvas)
        return document if agency.format_version == "1.1" else as_1_0(document)

    def _months(self, planned: Planned) -> list[PersonMonth]:
        return person_months(self.agency(planned.agency_code), planned.month, self._seed)

    def _webhr_cases(self, planned: Planned) -> Iterable[Rows]:
        agency = self.agency(planned.agency_code)
        for attempt in planned.attempts:
            for case in attempt.cases:
                yield WEBHR_CASES[case].rows(agency.people[0], agency, working_days(planned.month))

    def _webhr_counts(self, planned: Planned) -> dict[str, int]:
        months = self._months(planned)
        extra = [row for rows in self._webhr_cases(planned) for row in rows.items()]

        def added(prefix: str) -> int:
            return sum(len(rows) for table, rows in extra if table.startswith(prefix))

        # The tables hold one arrival and one leaving a day, so neither errands nor overtime clocked apart.
        clocked = sum(clocking.kind in {"in", "out"} for one in months for clocking in one.done.clockings)
        return {
            "employees": sum(len(employee_rows(one.person, planned.month)) for one in months) + added(PERSONNEL),
            "shifts": sum(len(one.done.shifts) for one in months),
            "leaves": sum(len(one.done.leaves) for one in months) + added("CPAPO") + added("CPAPP"),
            "overtime": sum(len(one.done.overtime) for one in months) + added("CPAPR"),
            "clockings": clocked + added("CPAPK"),
        }
