"""The catalogue's cases are tests: each finds exactly what it says of its rule; every rule's life is covered."""

from collections.abc import Sequence
from typing import Any

import polars as pl
import pytest

from checks.across.history import MONTHS_BEFORE, headcount_jumps, missing_kinds, unusual_numbers
from checks.across.leave_quotas import quotas_exceeded
from checks.across.overtime import (
    MONTHS_EARNING,
    TIME_OFF,
    beyond_three_months,
    time_off_not_earned,
)
from checks.across.payrolls import on_two_payrolls
from checks.bulk import ACROSS_SUBMISSIONS, check_documents
from checks.cases import AGENCY, Case, cases
from checks.context import CheckContext
from checks.limits import Limits
from checks.model.agency_kinds import kind_of_code
from checks.quotas import packaged_quotas
from checks.rule_set import all_rules
from warehouse.months import month_range

ALL = [case for of_rule in cases().values() for case in of_rule]
ACROSS = [case for case in ALL if case.rule in ACROSS_SUBMISSIONS or case.others]
ALONE = [case for case in ALL if case not in ACROSS]


def named(case: Case) -> str:
    return f"{case.rule} {case.title_en}"


@pytest.mark.parametrize("case", ALONE, ids=named)
def test_a_document_alone(case: Case):
    checked = check_documents([case.document], case.context).documents[0]
    finds_exactly(case, checked.findings)


@pytest.mark.parametrize("case", ACROSS, ids=named)
def test_across_submissions(case: Case):
    finds_exactly(case, reviewed(case))


def finds_exactly(case: Case, findings: pl.DataFrame) -> None:
    found = findings.filter(rule=case.rule).to_dicts()
    assert len(found) == len(case.finds), found
    for wanted, row in zip(case.finds, found, strict=True):
        assert {name: row[name] for name in wanted} == dict(wanted)
        severity = all_rules()[case.rule].severity_in(case.month)
        assert row["severity"] == severity


def reviewed(case: Case) -> pl.DataFrame:
    """What its own rules, then those across submissions, find of the case's document, all of its documents entered."""
    everyone = [case, *case.others]
    context = CheckContext(today=case.context.today, limits=Limits(collection_began="2020-01"))
    result = check_documents([one.document for one in everyone], context)
    assert not any(one.refused for one in result.documents)
    places = pl.DataFrame(
        [(number, one.said.get("agency_code", AGENCY), one.month, f"{number}") for number, one in enumerate(everyone)],
        schema={"document": pl.UInt32, "agency_code": pl.String, "month": pl.String, "submission_id": pl.String},
        orient="row",
    )
    persons = result.entered["persons"]["person_id"]
    frames = {
        name: frame.join(places, on="document").with_columns(person_key=persons.gather(frame["person"]))
        for name, frame in result.entered.items()
        if name != "persons"
    }
    months = month_range("2019-01", case.month)[-MONTHS_BEFORE - 1 :]
    ago = {month: len(months) - 1 - number for number, month in enumerate(months)}
    counts = pl.DataFrame([
        {**place, "dataset": name, "months_ago": ago[place["month"]], "submitted": one.read, "entered": one.entered}
        for place, document in zip(places.iter_rows(named=True), result.documents, strict=True)
        if place["month"] in ago
        for name, one in document.counts.items()
    ])  # fmt: skip
    of_month = frames["employees"].filter(month=case.month)
    parts: Sequence[Any] = [
        quotas_exceeded(frames["leaves"], of_month.filter(submission_id="0"), case.month, packaged_quotas())[0],
        unusual_numbers(counts, case.month)[0],
        headcount_jumps(counts, case.month)[0],
        missing_kinds(counts, case.month),
        on_two_payrolls(of_month, case.month),
        time_off_not_earned(*_time_off(frames, case.month), case.month)[0],
        beyond_three_months(
            frames["overtime"].filter(pl.col("month").is_in(months[-3:])),
            of_month.with_columns(agency_kind=pl.col("agency_code").map_elements(_kind, pl.String)),
            case.month,
            case.context.overtime_limits,
        ),
    ]
    across = pl.concat(parts).filter(submission_id="0")
    return pl.concat([result.documents[0].findings, across], how="diagonal")


def _kind(agency_code: str) -> str:
    return kind_of_code(agency_code).name


def _time_off(frames: dict[str, pl.DataFrame], month: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The month's leaves of compensatory leave, and what everybody has earned for it in the window."""
    window = month_range("2019-01", month)[-MONTHS_EARNING - 1 :]
    earning = frames["overtime"].filter(pl.col("month").is_in(window), compensation="time_off")
    earned = earning.group_by("person_key").agg(minutes=pl.col("minutes_in_month").sum())
    listed = frames["employees"].filter(pl.col("month").is_in(window)).group_by("person_key")
    months = listed.agg(months=pl.col("month").n_unique()).join(earned, on="person_key", how="left")
    time_off = frames["leaves"].filter(month=month, leave_type=TIME_OFF)
    return time_off, months.with_columns(pl.col("minutes").fill_null(0))


@pytest.mark.parametrize("rule", all_rules().values(), ids=lambda rule: rule.id)
def test_every_period_of_a_rule_has_a_case_that_trips_and_one_that_does_not(rule):
    its = cases()[rule.id]
    for period in rule.life:
        of_period = [case for case in its if period.holds(case.month)]
        assert {case.trips for case in of_period} == {True, False}


def test_there_are_cases_of_no_other_rule():
    assert set(cases()) == set(all_rules())
