"""What the register says of an agency's staff: its kind, whether it is a school, and how they work by default."""

from datetime import date

import pytest

from checks.model.agency_kinds import Staffing
from tests.warehouse.register.files import COUNTY, SCHOOL, YUAN, government, project
from warehouse.register.frames import agencies_frame

FIRST, LATER, LATEST = date(2021, 3, 1), date(2022, 3, 1), date(2023, 3, 1)
AGENCY = "376500100A"


def row(**cells):
    return project({"agency_code": AGENCY, "name": "太保市公所"} | cells)


def test_of_a_government_file_the_code_says_the_kind(register):
    register.take(government(YUAN, COUNTY, SCHOOL), FIRST)
    frame = agencies_frame(register.agencies).set_index("agency_code")
    assert frame.loc[SCHOOL["code"], ["kind", "is_school"]].tolist() == ["junior_high", True]
    assert frame.loc[COUNTY["code"], ["kind", "is_school"]].tolist() == ["administration", False]
    assert frame["default_work_pattern"].isna().all()


def test_a_row_of_ones_own_says_another_kind_and_pattern(register):
    register.take(row(kind="hospital", default_work_pattern="Shift"), FIRST)
    assert register.agencies.staffing(AGENCY, "2021-06") == Staffing("hospital", "shift")


def test_a_kind_of_ones_own_is_for_the_calendar_of_duties_alone(register):
    report = register.take(row(kind="fire"), FIRST)
    assert report.count("unfamiliar_kind") == 1
    assert register.agencies.of_month("2021-06")[AGENCY].kind == "fire"
    assert register.agencies.staffing(AGENCY, "2021-06") == Staffing("administration", None)


@pytest.mark.parametrize("pattern", ["unknown", "輪班"])
def test_a_pattern_that_no_document_could_state_is_told(register, pattern):
    report = register.take(row(default_work_pattern=pattern), FIRST)
    assert report.count("bad_work_pattern") == 1
    assert register.agencies.staffing(AGENCY, "2021-06").work_pattern is None


def test_a_first_pattern_holds_for_the_past_and_a_change_from_the_day_of_import(register):
    register.take(row(), FIRST)
    register.take(row(default_work_pattern="shift"), LATER)
    register.take(row(default_work_pattern="flexible"), LATEST)
    register.take(row(default_work_pattern=""), date(2024, 3, 1))  # blank says nothing
    patterns = [register.agencies.staffing(AGENCY, month).work_pattern for month in ("2021-06", "2022-12", "2024-06")]
    assert patterns == ["shift", "shift", "flexible"]


def test_nobody_knows_the_staff_of_an_agency_that_was_not_in_force(register):
    register.take(row(active_from="2021-06-01", kind="hospital"), FIRST)
    assert register.agencies.staffing(AGENCY, "2021-05") == Staffing()
