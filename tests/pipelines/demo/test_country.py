"""The made-up country is what its plan says, in the judgement of the checks."""

import contextlib
import json
from collections import Counter
from datetime import date

import pytest

from checks.bulk import CheckedDocument, check_documents
from checks.context import CheckContext
from checks.document import SubmittedDocument
from checks.model.agency_kinds import Staffing
from pipelines.demo.country import Country, Round
from pipelines.demo.plan import MONTHS, Attempt, Planned


class DemoRegister:
    """The country's own register, as a check asks it."""

    def __init__(self, country: Country) -> None:
        self._agencies = {agency.agency_code: agency for agency in country.agencies}

    def staffing(self, agency_code: str, month: str) -> Staffing:
        return Staffing()

    def in_force(self, agency_code: str, month: str) -> bool | None:
        agency = self._agencies.get(agency_code)
        return None if agency is None else agency.in_force(month)


@pytest.fixture(scope="module")
def country() -> Country:
    return Country()


@pytest.fixture(scope="module")
def judged(country: Country) -> list[tuple[Planned, Attempt, CheckedDocument]]:
    """Every attempt of the WebITR and manual agencies, and what the checks say of it."""
    attempts = [
        (planned, attempt)
        for planned in country.plan
        for attempt in planned.attempts
        if country.agency(planned.agency_code).channel != "webhr"
    ]
    documents = [
        SubmittedDocument(country.document(planned, attempt), planned.agency_code, planned.month)
        for planned, attempt in attempts
    ]
    context = CheckContext(today=date(2021, 8, 1), agencies=DemoRegister(country))
    checked = check_documents(documents, context).documents
    return [(*attempt, document) for attempt, document in zip(attempts, checked, strict=True)]


def rules(document: CheckedDocument, letters: str) -> set[str]:
    return {rule for rule in document.findings["rule"] if rule[0] in letters}


def test_every_document_trips_exactly_the_rules_of_its_plan(judged):
    for planned, attempt, document in judged:
        assert rules(document, "FR") == attempt.rules, (planned, attempt)
        assert document.refused == (attempt.outcome == "refused"), (planned, attempt)


def test_no_warning_is_unplanned(judged):
    for planned, attempt, document in judged:
        assert rules(document, "W") <= attempt.warnings, (planned, attempt)


def test_records_read_and_refused_are_those_of_the_plan(country, judged):
    compared = 0
    for planned, attempt, document in judged:
        if attempt is planned.counting:
            counts = {dataset: (count.read, count.refused) for dataset, count in document.counts.items()}
            assert counts == country.expected_counts(planned), planned
            compared += 1
    assert compared > 100


def test_the_plan_holds_every_fault_and_every_state(country):
    found = {rule for planned in country.plan for attempt in planned.attempts for rule in attempt.rules}
    assert {f"F{n:03}" for n in (*range(1, 9), 10, 11)} <= found
    assert {f"R{n}" for n in range(101, 113)} <= found
    states = Counter(planned.state for planned in country.plan)
    assert set(states) == {"missing", "refused", "entered", "entered_with_errors"}
    assert states["entered"] > sum(states.values()) * 0.8


def test_the_country_has_every_sort_of_staff_and_both_versions_of_the_format(country):
    """Told by what is handed in; what systems of the first version cannot say is not in their documents."""
    rows, versions, rostered, special = Counter(), Counter(), set(), 0
    for handing in (one for month in MONTHS for when in Round for one in country.handed_in(month, when)):
        with contextlib.suppress(ValueError):  # planned faults of syntax
            document = json.loads(handing.data)
            versions[document["format_version"]] += 1
            rostered |= {handing.agency_code[-1]} if document.get("shifts") else set()
            special += sum(entry.get("category") == "special" for entry in document.get("overtime", []))
            for row in document["employees"]:
                rows[row["employment_type"], row.get("work_pattern"), row.get("clocks"), row.get("status")] += 1
                rows["part time"] += row.get("weekly_hours") is not None
    assert versions["1.1"] > versions["1.0"] > 10
    assert {"C"} <= rostered
    assert special > 5
    for sort in (
        ("teacher", "office", False, "active"),
        ("labour", "office", True, "active"),
        ("civil_servant", "shift", True, "active"),
        ("civil_servant", "office", True, "unpaid_leave"),
        ("civil_servant", None, None, None),
        "part time",
    ):
        assert rows[sort] > 0, sort
    hospital = next(agency for agency in country.agencies if agency.agency_code.endswith("P"))
    assert {person.terms.roster for person in hospital.people} == {"hospital", None}


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not(country):
    def bytes_of(made: Country) -> list[bytes]:
        return [handing.data for handing in made.handed_in("2021-04", Round.ON_TIME)]

    assert bytes_of(Country()) == bytes_of(country)
    assert bytes_of(Country(seed=2)) != bytes_of(country)


def test_agencies_formed_abolished_and_exempt_owe_only_their_own_months(country):
    due = {month: {planned.agency_code for planned in country.planned(month)} for month in MONTHS}
    formed = next(agency for agency in country.agencies if agency.active_from.year == 2021)
    abolished = next(agency for agency in country.agencies if agency.active_to is not None)
    exempt = next(agency for agency in country.agencies if agency.exempt_reason)
    assert [formed.agency_code in due[month] for month in MONTHS] == [False, False, True, True]
    assert [abolished.due(month) for month in MONTHS] == [True, True, False, False]
    assert not any(exempt.agency_code in due[month] for month in MONTHS)
