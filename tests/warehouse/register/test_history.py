"""Newer publications close and open periods; what was in force before stays as it was."""

from datetime import date
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete
from sqlalchemy.orm import Session

from tests.support.ledger import new_ledger
from tests.warehouse.register.conftest import Register
from tests.warehouse.register.files import COUNTY, SCHOOL, TOWN, YUAN, government, project
from warehouse.ledger.engine import writing
from warehouse.ledger.models import Agency, Obligation
from warehouse.register import RegisterError, import_register
from warehouse.register.oddities import KINDS

FIRST, LATER, LATEST = date(2021, 3, 1), date(2022, 3, 1), date(2023, 3, 1)
BEFORE_LATER = date(2022, 2, 28)


def outcome(report):
    assert report.added + report.changed + report.closed + report.unchanged == report.agencies
    return report.added, report.changed, report.closed, report.unchanged


def test_a_new_agency_is_added_with_its_date(register):
    register.take(government(YUAN, COUNTY), FIRST)
    report = register.take(government(YUAN, COUNTY, TOWN | {"begun": "1110101"}), LATER)
    assert outcome(report) == (1, 0, 0, 2)
    assert register.periods(TOWN["code"]) == [("太保市公所", COUNTY["code"], COUNTY["code"], date(2022, 1, 1), None)]


def test_an_abolition_closes(register):
    register.take(government(YUAN, COUNTY, TOWN), FIRST)
    gone = TOWN | {"abolished": "1110101", "mark": "是"}
    report = register.take(government(YUAN, COUNTY, gone), LATER)
    assert outcome(report) == (0, 0, 1, 2)
    assert register.periods(TOWN["code"])[0][3:] == (None, date(2021, 12, 31))
    assert outcome(register.take(government(YUAN, COUNTY, gone), LATEST)) == (0, 0, 0, 3)


def test_an_abolition_without_a_date_closes_on_the_day_before_it_was_heard_of(register):
    register.take(government(YUAN, COUNTY, TOWN), FIRST)
    gone = government(YUAN, COUNTY, TOWN | {"abolished": "0000000", "mark": "是"})
    assert outcome(register.take(gone, LATER)) == (0, 0, 1, 2)
    assert outcome(register.take(gone, LATEST)) == (0, 0, 0, 3)
    assert register.periods(TOWN["code"])[0][3:] == (None, BEFORE_LATER)
    assert register.agencies.in_force(TOWN["code"], "2022-02") is True
    assert register.agencies.in_force(TOWN["code"], "2022-03") is False


def test_contradictory_dates_end_an_agency_that_was_active_no_earlier_than_they_were_heard_of(register):
    register.take(government(YUAN, COUNTY, TOWN | {"begun": "0960901"}), FIRST)
    gone = government(YUAN, COUNTY, TOWN | {"begun": "0960901", "abolished": "0960831", "mark": "是"})
    assert outcome(register.take(gone, LATER)) == (0, 0, 1, 2)
    assert register.periods(TOWN["code"])[0][3:] == (date(2007, 9, 1), BEFORE_LATER)
    assert outcome(register.take(gone, LATEST)) == (0, 0, 0, 3)


def test_a_new_name_opens_a_period(register):
    register.take(government(YUAN, COUNTY, TOWN), FIRST)
    renamed = government(YUAN, COUNTY, TOWN | {"name": "太保區公所"})
    assert outcome(register.take(renamed, LATER)) == (0, 1, 0, 2)
    expected = [
        ("太保市公所", COUNTY["code"], COUNTY["code"], None, BEFORE_LATER),
        ("太保區公所", COUNTY["code"], COUNTY["code"], LATER, None),
    ]
    assert register.periods(TOWN["code"]) == expected
    assert outcome(register.take(renamed, LATEST)) == (0, 0, 0, 3)
    assert register.periods(TOWN["code"]) == expected
    assert register.agencies.name(TOWN["code"]) == "太保區公所"
    assert register.agencies.of_month("2022-02")[TOWN["code"]].name == "太保市公所"


def test_two_names_on_one_day_are_one_period(register):
    register.take(government(YUAN, COUNTY, TOWN), FIRST)
    register.take(government(YUAN, COUNTY, TOWN | {"name": "太保區"}), LATER)
    register.take(government(YUAN, COUNTY, TOWN | {"name": "太保區公所"}), LATER)
    assert [row[0] for row in register.periods(TOWN["code"])] == ["太保市公所", "太保區公所"]


def test_when_an_ancestor_moves_all_below_it_change_their_authority_from_that_day(register):
    city = COUNTY | {"code": "376600000A", "name": "嘉義市政府"}
    register.take(government(YUAN, COUNTY, city, TOWN, SCHOOL), FIRST)
    moved = government(YUAN, COUNTY, city, TOWN | {"parent": city["code"]}, SCHOOL)
    report = register.take(moved, LATER)
    assert outcome(report) == (0, 1, 0, 4)
    assert report.authority_changed == 1
    assert [(row[2], row[4]) for row in register.periods(SCHOOL["code"])] == [
        (COUNTY["code"], BEFORE_LATER),
        (city["code"], None),
    ]
    again = register.take(moved, LATEST)
    assert (outcome(again), again.authority_changed) == ((0, 0, 0, 5), 0)


def test_an_end_before_the_day_of_a_change_undoes_the_period_that_never_was(register):
    register.take(government(YUAN, COUNTY, TOWN), FIRST)
    register.take(government(YUAN, COUNTY, TOWN | {"name": "太保區公所"}), LATER)
    gone = TOWN | {"name": "太保區公所", "abolished": "1110101", "mark": "是"}
    register.take(government(YUAN, COUNTY, gone), LATEST)
    assert [(row[0], row[4]) for row in register.periods(TOWN["code"])] == [("太保市公所", date(2021, 12, 31))]


def test_a_code_used_again_is_a_new_period(register):
    old = TOWN | {"abolished": "1000101", "mark": "是"}
    register.take(government(YUAN, COUNTY, old), FIRST)
    report = register.take(government(YUAN, COUNTY, TOWN | {"begun": "1110101"}), LATER)
    assert outcome(report) == (1, 0, 0, 2)
    assert [row[3:] for row in register.periods(TOWN["code"])] == [
        (None, date(2010, 12, 31)),
        (date(2022, 1, 1), None),
    ]


def test_an_abolition_taken_back_opens_anew(register):
    register.take(government(YUAN, COUNTY, TOWN | {"abolished": "1100101", "mark": "是"}), FIRST)
    report = register.take(government(YUAN, COUNTY, TOWN), LATER)
    assert report.count("reopened") == 1
    assert [row[3:] for row in register.periods(TOWN["code"])] == [(None, date(2020, 12, 31)), (LATER, None)]
    assert outcome(register.take(government(YUAN, COUNTY, TOWN), LATEST)) == (0, 0, 0, 3)


def test_a_first_day_is_corrected_in_place(register):
    register.take(government(YUAN, COUNTY, TOWN), FIRST)
    report = register.take(government(YUAN, COUNTY, TOWN | {"begun": "0990801"}), LATER)
    assert (outcome(report), report.count("start_corrected")) == ((0, 1, 0, 2), 1)
    assert register.periods(TOWN["code"])[0][3:] == (date(2010, 8, 1), None)
    assert outcome(register.take(government(YUAN, COUNTY, TOWN), LATEST)) == (0, 0, 0, 3)  # a date is not unlearnt


def test_the_past_of_an_abolished_agency_is_not_rewritten(register):
    gone = TOWN | {"abolished": "1100101", "mark": "是"}
    register.take(government(YUAN, COUNTY, gone), FIRST)
    report = register.take(government(YUAN, COUNTY, gone | {"name": "別的名稱"}), LATER)
    assert (outcome(report), report.count("past_differs")) == ((0, 0, 0, 3), 1)
    assert register.periods(TOWN["code"])[0][0] == "太保市公所"


def test_what_a_publication_leaves_out_is_told_and_left_alone(register):
    register.take(government(YUAN, COUNTY, TOWN), FIRST)
    before = register.everything()
    report = register.take(government(YUAN, COUNTY), LATER)
    assert report.count("absent") == 1
    assert register.everything() == before


def test_duplicates_cycles_gaps_and_orphans_are_told(register):
    report = register.take(
        government(
            YUAN,
            COUNTY,
            COUNTY | {"name": "舊名", "mark": "是", "abolished": "1000101"},
            TOWN | {"level": "5"},
            SCHOOL | {"parent": "9999999999"},
            {"code": "B000000001", "name": "甲", "parent": "B000000002", "level": "3"},
            {"code": "B000000002", "name": "乙", "parent": "B000000001", "level": "3"},
        ),
        FIRST,
    )
    assert {oddity.kind: oddity.count for oddity in report.oddities} == {
        "duplicate": 1, "level_gap": 1, "missing_parent": 1, "cycle": 1
    }  # fmt: skip
    assert register.periods(COUNTY["code"])[0][0] == "嘉義縣政府"
    assert register.periods("B000000001")[0][2] == "B000000001"
    printed = "\n".join(report.lines())
    assert all(KINDS[oddity.kind][0] in printed for oddity in report.oddities)
    assert "9999999999" in printed


def test_several_periods_are_the_whole_history(register):
    base = {"agency_code": "376500100A", "name": "太保市公所", "parent_code": "376500000A", "level": "3"}
    register.take(project(base), FIRST)
    both = project(
        base | {"active_to": "2015-12-31"},
        base | {"name": "太保區公所", "active_from": "2016-01-01"},
    )
    assert outcome(register.take(both, LATER)) == (0, 1, 0, 0)
    assert [(row[0], *row[3:]) for row in register.periods("376500100A")] == [
        ("太保市公所", None, date(2015, 12, 31)),
        ("太保區公所", date(2016, 1, 1), None),
    ]
    assert outcome(register.take(both, LATEST)) == (0, 0, 0, 1)


def test_what_never_was_in_force_does_not_end_what_was(register):
    past, never = TOWN | {"begun": "0990801", "abolished": "1110301"}, TOWN | {"begun": "1110301", "mark": "是"}
    register.take(government(past, never), FIRST)
    register.take(government(TOWN), LATER)
    assert register.agencies.in_force(TOWN["code"], "2015-06") is True
    settled = register.everything()
    assert outcome(register.take(government(TOWN), LATER)) == (0, 0, 0, 1)
    assert register.everything() == settled


def test_own_columns_over_the_governments_change_only_what_they_state(register):
    register.take(government(YUAN, COUNTY, TOWN), FIRST)
    own = project({"agency_code": TOWN["code"], "name": TOWN["name"], "level": "", "channel": "webhr"})
    report = register.take(own, LATER)
    assert (outcome(report), report.obligations_changed, report.oddities) == ((0, 0, 0, 1), 1, [])
    assert outcome(register.take(government(YUAN, COUNTY, TOWN), LATEST)) == (0, 0, 0, 3)
    assert register.duties(TOWN["code"]) == [(None, None, "webhr", None, None)]


def test_a_headcount_is_a_fact_of_its_time(register):
    row = {"agency_code": TOWN["code"], "name": TOWN["name"], "expected_headcount": "30"}
    register.take(project(row), FIRST)
    register.take(project(row | {"expected_headcount": "40"}), LATER)
    agencies = register.agencies
    assert agencies.of_month("2022-02")[TOWN["code"]].expected_headcount == 30
    assert agencies.of_month("2022-04")[TOWN["code"]].expected_headcount == 40


def test_a_file_that_is_no_register_changes_nothing(register):
    register.take(government(YUAN), FIRST)
    before = register.everything()
    with pytest.raises(RegisterError):
        register.take(b"a,b\n", LATER)
    assert register.everything() == before


def test_within_the_callers_transaction_the_caller_decides(ledger):
    with Session(ledger) as session:
        session.begin()
        assert import_register(session, government(YUAN), FIRST).added == 1
        session.rollback()
    with Session(ledger) as session:
        assert session.query(Agency).count() == 0
    with writing(ledger) as session:
        import_register(session, government(YUAN, COUNTY), FIRST)
    with Session(ledger) as session:
        assert session.query(Agency).count() == 2
        session.rollback()
        assert import_register(session, government(YUAN, COUNTY), LATER).unchanged == 2


@pytest.fixture(scope="module")
def reused(tmp_path_factory):
    engine = new_ledger(tmp_path_factory.mktemp("history"))
    yield engine
    engine.dispose()


CODES = ["A00000000A", "A000000001", "A000000002", "A000000003"]
DATES = st.sampled_from(["0000000", "", "0990801", "1100101", "1110301", "1130101", "1101301"])
ROWS = st.fixed_dictionaries(
    {
        "code": st.sampled_from(CODES),
        "name": st.sampled_from(["甲", "乙"]),
        "parent": st.sampled_from([*CODES, "9999999999"]),
        "level": st.sampled_from(["1", "2", "3", ""]),
        "begun": DATES,
        "abolished": DATES,
        "mark": st.sampled_from(["", "是"]),
    }
)


@pytest.mark.parametrize(
    "publications",
    [  # each was once found by the test below
        [{"begun": "0990801", "abolished": "0990801"}],  # not a day in force
        [{}, {"level": "2"}, {"begun": "1110301", "abolished": "0990801"}],  # contradictory after a change
        [{"begun": "1110301", "abolished": "1110301"}],  # contradictory, and ahead
        [
            {"begun": "1100101", "mark": "是"},
            {"begun": "0990801", "abolished": "1100101"},
        ],  # never in force, then dated
        [{}, {"begun": "1110301", "mark": "是"}],  # begins today, and is over
        [{"abolished": "1130101"}, {"begun": "1130101"}],  # announced to end, then to go on
        [{"abolished": "0990801"}, {}, {"begun": "0990801", "abolished": "1100101"}],  # opened anew, then dated
    ],
)
def test_awkward_dates_are_settled_at_once(register, publications):
    for cells, today in zip(publications, (FIRST, LATER, LATEST), strict=False):
        register.take(government(TOWN | cells), today)
        settled = register.everything()
        assert outcome(register.take(government(TOWN | cells), today)) == (0, 0, 0, 1)
        assert register.everything() == settled


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(ROWS, max_size=6), min_size=1, max_size=3))
def test_whatever_is_published_importing_it_again_changes_nothing(reused, publications):
    register = Register(reused)
    with writing(reused) as session:
        session.execute(delete(Agency))
        session.execute(delete(Obligation))
    for rows, today in zip(publications, (FIRST, LATER, LATEST), strict=False):
        outcome(register.take(government(*rows), today))
        after = register.everything()
        again = register.take(government(*rows), today)
        assert (again.added, again.changed, again.closed, again.authority_changed) == (0, 0, 0, 0)
        assert register.everything() == after
        for code in CODES:
            periods = [(row[3] or date.min, row[4] or date.max) for row in register.periods(code)]
            real = [period for period in periods if period[0] <= period[1]]
            assert all(earlier[1] < later[0] for earlier, later in pairwise(real))
