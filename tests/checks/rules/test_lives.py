"""A rule's severity follows its life: tried with lives of other kinds than the catalogue has today."""

import json
from datetime import date

import pytest

from checks.bulk import check_documents
from checks.catalogue import Period
from checks.context import CheckContext
from checks.document import SubmittedDocument
from checks.findings import Severity
from tests.checks.conftest import ALICE, BOB, VALID, clocking, leave, overtime

#: Announced in 2022, in force from July 2022.
ANNOUNCED = (Period(Severity.WARNING, "2022-01", "2022-06"), Period(Severity.ERROR, "2022-07"))


def checked(month: str, rule: str, **records):
    beside = {"overtime": [overtime("beside", "10T18:00", "10T19:00", person_id=BOB)]}
    said = json.loads(json.dumps({**VALID, **beside, **records}).replace("2021-06", month))
    context = CheckContext(today=date(2026, 11, 24), lives={rule: ANNOUNCED})
    result = check_documents([SubmittedDocument(json.dumps(said).encode())], context)
    (document,) = result.documents
    found = document.findings.filter(document.findings["rule"] == rule)
    dataset = next(iter(records))
    return found["severity"].to_list(), document.counts[dataset], result.entered[dataset].height


@pytest.mark.parametrize(
    ("rule", "failing", "records"),
    [
        ("R104", 1, [leave("L-1", "04T10:00", "04T09:00")]),
        ("R109", 1, [leave("L-1", "04T08:30", "04T17:30", 8), leave("L-2", "04T08:30", "04T17:30", 8)]),
        # The first days of January and of October 2022 are a Saturday and a Sunday.
        ("W201", 2, [leave("L-1", "01T08:30", "01T17:30", 8), leave("L-2", "02T08:30", "02T17:30", 8)]),
        ("W208", 1, [leave("L-1", "01T08:30", "02T17:30", 16, leave_type="09")]),
    ],
)
def test_announced_it_warns_and_then_it_refuses(rule, failing, records):
    number = len(records)
    before, warned, kept = checked("2022-01", rule, leaves=records)
    assert before == ["warning"] * failing
    assert (warned.entered, warned.refused, warned.warned, kept) == (number, 0, failing, number)
    after, refused, left = checked("2022-10", rule, leaves=records)
    assert after == ["error"] * failing
    assert (refused.entered, refused.refused, refused.warned, left) == (number - failing, failing, 0, number - failing)
    assert checked("2021-12", rule, leaves=records)[0] == []


def test_long_days_may_refuse_the_record_that_passes_the_limit():
    records = [overtime("O-1", "06T18:00", "06T21:00", 180), overtime("O-2", "06T21:00", "06T23:00", 120)]
    severities, counts, left = checked("2022-09", "W203", overtime=records)
    assert (severities, counts.refused, left) == (["error"], 1, 1)


def test_a_day_without_a_trace_may_refuse_the_employee():
    days = [f"{day:02}" for day in range(1, 31) if day != 20]
    clerks = [{**one, "employment_type": "civil_servant"} for one in VALID["employees"]]
    seen = [clocking(f"{day}T08:30", person_id=person) for person in (ALICE, BOB) for day in days]
    severities, counts, _ = checked("2022-09", "W205", employees=clerks, clockings=seen)
    assert severities == ["error", "error"]
    assert (counts.refused, counts.entered) == (2, 0)
