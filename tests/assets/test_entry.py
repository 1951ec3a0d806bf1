"""Entry as Dagster sees it: one run for any number of agency-months, marks only of what is entered."""

import dagster as dg
import pytest
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus

from assets.entering import AgencyOutcome
from assets.entry import (
    Entry,
    accounting,
    agency_months,
    enter_month,
    known,
    months_outside,
    not_accounted_for,
)
from assets.intake import HandedIn, hand_in
from assets.landing import submissions_landed
from assets.marks import ASSET, FINDINGS, Mark, events, marks_of
from assets.partitions import agency_month, know_agencies
from assets.register import agency_register
from assets.telling import untold
from tests.support.installations import (
    AGENCIES,
    AUTHORITY,
    FIRST,
    PERSON,
    SECOND,
    THIRD,
    document,
    installation,
    refused,
    with_error,
)
from warehouse.ledger.engine import reading


@pytest.fixture
def here(tmp_path):
    opened = installation(tmp_path)
    yield opened
    opened.engine.dispose()


@pytest.fixture
def instance(tmp_path):
    (tmp_path / "dagster.yaml").write_text("telemetry:\n  enabled: false\n", encoding="utf-8")
    with dg.DagsterInstance.from_config(str(tmp_path)) as made:
        know_agencies(made, set(AGENCIES))
        yield made


def handed_in(here, *documents):
    hand_in(here, [HandedIn(str(number), data) for number, data in enumerate(documents)])


def backfill(here, instance, first, last):
    """One run over a range of agency-months, as a backfill with a single run is."""
    return dg.materialize(
        [agency_register, submissions_landed, agency_months],
        selection=[agency_months],
        instance=instance,
        resources={"platform": here},
        tags={"dagster/asset_partition_range_start": str(first), "dagster/asset_partition_range_end": str(last)},
        raise_on_error=False,
    )


def entered(instance):
    return {tuple(str(key).split("|")) for key in instance.get_materialized_partitions(ASSET)}


def findings(instance):
    """Partition → the check's last evaluation."""
    found = {}
    for one in instance.event_log_storage.get_asset_check_execution_history(FINDINGS.key, limit=1000):
        if one.status in (AssetCheckExecutionRecordStatus.SUCCEEDED, AssetCheckExecutionRecordStatus.FAILED):
            found.setdefault(one.partition, one.event.dagster_event.event_specific_data)
    return found


def test_one_run_takes_any_number_and_marks_only_what_is_entered(here, instance):
    handed_in(here, document(AUTHORITY), with_error(FIRST), refused(SECOND), document(FIRST, "2021-05"))
    result = backfill(here, instance, agency_month(AUTHORITY, "2021-05"), agency_month(THIRD, "2021-06"))
    assert result.success
    assert entered(instance) == {(AUTHORITY, "2021-06"), (FIRST, "2021-06"), (FIRST, "2021-05")}
    checks = findings(instance)
    assert set(checks) == {f"{AUTHORITY}|2021-06", f"{FIRST}|2021-06", f"{SECOND}|2021-06", f"{FIRST}|2021-05"}
    clean, partly, out = (checks[f"{code}|2021-06"] for code in (AUTHORITY, FIRST, SECOND))
    assert (clean.passed, partly.passed, out.passed) == (True, False, False)
    assert partly.severity is dg.AssetCheckSeverity.WARN
    assert out.severity is dg.AssetCheckSeverity.ERROR
    assert (partly.metadata["該筆退件 error"].value, partly.metadata["R102"].value) == (1, 1)
    assert (out.metadata["整份退件 fatal"].value, out.metadata["F006"].value) == (1, 1)


def test_a_late_month_is_an_ordinary_backfill_and_a_correction_turns_the_check(here, instance):
    handed_in(here, refused(SECOND, "2021-03"))
    partition = agency_month(SECOND, "2021-03")
    assert backfill(here, instance, partition, partition).success
    assert entered(instance) == set()
    assert not findings(instance)[str(partition)].passed
    handed_in(here, document(SECOND, "2021-03"))
    assert backfill(here, instance, partition, partition).success
    assert entered(instance) == {(SECOND, "2021-03")}
    assert findings(instance)[str(partition)].passed


def test_the_same_backfill_again_marks_what_was_entered_before(here, instance):
    handed_in(here, document(FIRST))
    enter_month(here, "2021-06")  # by a run that died before it could say so
    partition = agency_month(FIRST, "2021-06")
    assert backfill(here, instance, partition, partition).success
    assert entered(instance) == {(FIRST, "2021-06")}


def test_the_whole_document_of_other_agencies_waits(here, instance):
    handed_in(here, document(FIRST), document(SECOND))
    backfill(here, instance, agency_month(FIRST, "2021-06"), agency_month(FIRST, "2021-06"))
    assert enter_month(here, "2021-06").marks[0].agency_code == SECOND


def test_a_mark_says_records_and_nothing_personal(here, instance):
    handed_in(here, with_error(FIRST))
    backfill(here, instance, agency_month(FIRST, "2021-06"), agency_month(FIRST, "2021-06"))
    (record,) = instance.fetch_materializations(ASSET, limit=10).records
    shown = record.asset_materialization.metadata
    assert shown["dagster/row_count"].value == 2
    assert shown["退件筆數 refused"].value == 1
    everything = str(shown) + str(findings(instance))
    assert PERSON not in everything
    assert "王小明" not in everything


def test_what_dagster_was_not_told_is_found_again(here, instance):
    handed_in(here, document(FIRST), document(SECOND), refused(THIRD))
    marks = enter_month(here, "2021-06").marks
    assert [mark.agency_code for mark in untold(instance, "2021-06", marks)] == [FIRST, SECOND, THIRD]
    backfill(here, instance, agency_month(FIRST, "2021-06"), agency_month(FIRST, "2021-06"))
    assert [mark.agency_code for mark in untold(instance, "2021-06", marks)] == [SECOND, THIRD]


def test_an_agency_that_does_not_exist_is_not_marked(here, instance):
    handed_in(here, document("999999999Z"), document(FIRST))
    marks = enter_month(here, "2021-06").marks
    assert {mark.agency_code: mark.state for mark in marks} == {"999999999Z": "refused", FIRST: "entered"}
    assert [mark.agency_code for mark in known(instance, marks)] == [FIRST]


def test_the_newest_judged_submission_is_the_mark(here):
    handed_in(here, document(FIRST))
    enter_month(here, "2021-06")
    handed_in(here, refused(FIRST))
    enter_month(here, "2021-06")
    with reading(here.engine) as session:
        states = {mark.state for mark in marks_of(session, "2021-06")}
        assert marks_of(session, "2021-06", [SECOND]) == []
    # Both came at the same moment of the fixture's clock: the ledger's tie by id decides, never both.
    assert len(states) == 1


def test_months_that_are_no_partition_are_found(here):
    handed_in(here, document(FIRST, "2019-05"), document(FIRST))
    assert months_outside(here) == ["2019-05"]
    enter_month(here, "2019-05")
    assert months_outside(here) == []


def mark(**more) -> Mark:
    values = {"read": {"leaves": 3}, "entered": {"leaves": 2}, "refused": {"leaves": 1}, **more}
    return Mark(FIRST, "2021-06", "a" * 64, "entered", 0, 0, 0, **values)


def outcome(rows: dict[str, int]) -> AgencyOutcome:
    return AgencyOutcome(FIRST, "2021-06", "a" * 64, "entered", rows, {}, 0, 0, 0, {})


@pytest.mark.parametrize(
    ("entry", "wrong"),
    [
        (Entry("2021-06", [outcome({"leaves": 2})], [mark()]), []),
        (Entry("2021-06", [], [mark()]), []),
        (Entry("2021-06", [], [mark(refused={"leaves": 0})]), [f"{FIRST} 2021-06"]),
        (Entry("2021-06", [outcome({"leaves": 1})], [mark()]), [f"{FIRST} 2021-06"]),
    ],
    ids=["adds up", "known from before", "a record lost", "stored otherwise than recorded"],
)
def test_records_that_do_not_add_up_fail_the_blocking_check(entry, wrong):
    assert not_accounted_for([entry]) == wrong
    result = accounting([entry])
    assert (result.passed, result.blocking) == (not wrong, True)


def test_events_say_what_the_check_found_where_the_grid_shows_it():
    refused_mark = Mark(SECOND, "2021-06", "b" * 64, "refused", 2, 0, 0)
    entered_event, passed, seen, failed = events([mark(), refused_mark])
    assert isinstance(entered_event, dg.AssetMaterialization)
    assert isinstance(seen, dg.AssetObservation)
    assert entered_event.partition == passed.partition == agency_month(FIRST, "2021-06")
    assert seen.partition == failed.partition == agency_month(SECOND, "2021-06")
    assert entered_event.metadata["檢誤結果 findings"].value == passed.description
    assert seen.metadata["檢誤結果 findings"].value == failed.description == "退件 refused: 2 fatal"
