"""Who owes a month, by which channel, and why not."""

from datetime import date

import pytest
from sqlalchemy.orm import Session

from tests.warehouse.register.files import COUNTY, SCHOOL, TOWN, YUAN, government, project
from warehouse.duties import Duties
from warehouse.duties.calendar import shipped
from warehouse.duties.listing import list_agencies
from warehouse.register import RegisterAgencies
from warehouse.register.agencies import WHOLE_MONTH, Due
from warehouse.register.frames import AGENCIES, ANCESTORS, agencies_frame, ancestors_frame

FIRST, LATER, LATEST = date(2021, 3, 1), date(2022, 3, 1), date(2023, 3, 1)
AGENCY = "376500100A"


def row(**cells):
    return {"agency_code": AGENCY, "name": "太保市公所"} | {"channel": ""} | cells


def owes(register, *months):
    agencies = register.agencies
    return [AGENCY in agencies.due(month) for month in months]


def by_channel(agencies, month, channel):
    return sorted(code for code, due in agencies.due(month).items() if due.channel == channel)


def test_without_an_obligation_it_is_due_by_hand(register):
    register.take(government(TOWN), FIRST)
    assert register.agencies.due("2021-06") == {AGENCY: Due(WHOLE_MONTH, None)}
    assert register.agencies.not_due("2021-06") == {}


def test_one_day_in_force_is_enough(register):
    register.take(project(row(active_from="2021-06-30", active_to="2021-08-01")), FIRST)
    assert owes(register, "2021-05", "2021-06", "2021-07", "2021-08", "2021-09") == [False, True, True, True, False]
    assert "2021-06-30 ~ 2021-06-30" in register.agencies.due("2021-06")[AGENCY].why
    assert register.agencies.due("2021-07")[AGENCY].why == WHOLE_MONTH
    assert register.agencies.not_due("2021-05") == {}  # not in force is not exempt


def test_exempt_on_all_its_days(register):
    register.take(project(row(exempt_from="2021-06-02", exempt_to="2021-08-30", exempt_reason="籌備中")), FIRST)
    assert owes(register, "2021-05", "2021-06", "2021-07", "2021-08", "2021-09") == [True, True, False, True, True]
    agencies = register.agencies
    assert agencies.not_due("2021-07")[AGENCY].why == "免報 exempt: 籌備中"
    assert "exempt for part" in agencies.due("2021-06")[AGENCY].why


def test_exempt_on_all_its_days_in_force_though_not_of_the_month(register):
    exempt = row(active_from="2021-06-20", exempt_from="2021-06-20", exempt_to="2021-06-30", exempt_reason="籌備中")
    register.take(project(exempt), FIRST)
    assert owes(register, "2021-06", "2021-07") == [False, True]


def test_reported_by_another(register):
    register.take(
        project(row(reported_by=COUNTY["code"]), {"agency_code": COUNTY["code"], "name": "嘉義縣政府"}), FIRST
    )
    answer = register.agencies.not_due("2021-06")[AGENCY]
    assert answer.reported_by == COUNTY["code"]
    assert COUNTY["code"] in answer.why
    assert list(register.agencies.due("2021-06")) == [COUNTY["code"]]


def test_an_unknown_reporter_is_told(register):
    assert register.take(project(row(reported_by="B000000001")), FIRST).count("missing_reporter") == 1


def test_channels(register):
    register.take(
        project(
            row(channel="webitr"),
            {"agency_code": "376500000A", "name": "縣府", "channel": "webitr", "exempt_reason": "x"},
            {"agency_code": "376500200C", "name": "警察局", "channel": "webhr"},
            {"agency_code": "376500300A", "name": "稅務局", "channel": ""},
        ),
        FIRST,
    )
    agencies = register.agencies
    assert by_channel(agencies, "2019-01", "webitr") == [AGENCY]
    assert by_channel(agencies, "2021-06", "webhr") == ["376500200C"]
    assert agencies.due("2021-06")["376500300A"].channel is None


def test_a_change_of_channel_holds_from_the_day_of_import(register):
    register.take(project(row(channel="webhr")), FIRST)
    report = register.take(project(row(channel="webitr")), LATER)
    assert report.obligations_changed == 1
    expected = [(None, date(2022, 2, 28), "webhr", None, None), (LATER, None, "webitr", None, None)]
    assert register.duties(AGENCY) == expected
    assert register.take(project(row(channel="webitr")), LATEST).obligations_changed == 0
    assert register.duties(AGENCY) == expected
    agencies = register.agencies
    assert (by_channel(agencies, "2022-02", "webhr"), by_channel(agencies, "2022-03", "webitr")) == ([AGENCY], [AGENCY])


def test_dated_exemptions_hold_for_their_dates_and_can_be_shortened(register):
    register.take(project(row(channel="webhr")), FIRST)
    register.take(
        project(row(channel="webhr", exempt_from="2021-06-01", exempt_to="2021-12-31", exempt_reason="x")), LATER
    )
    assert owes(register, "2021-05", "2021-06", "2021-12", "2022-01") == [True, False, False, True]
    register.take(
        project(row(channel="webhr", exempt_from="2021-06-01", exempt_to="2021-09-30", exempt_reason="x")), LATEST
    )
    assert owes(register, "2021-05", "2021-06", "2021-12", "2022-01") == [True, False, True, True]


def test_an_exemption_that_is_no_longer_stated_ends_but_stays_in_the_past(register):
    register.take(project(row(exempt_from="2021-06-01", exempt_reason="x")), FIRST)
    register.take(project(row()), LATER)
    assert owes(register, "2021-05", "2021-06", "2022-02", "2022-03") == [True, False, False, True]


def test_several_exemptions_are_several_rows(register):
    stated = project(
        row(exempt_from="2021-01-01", exempt_to="2021-01-31", exempt_reason="甲"),
        row(exempt_from="2021-03-01", exempt_to="2021-03-31", exempt_reason="乙"),
    )
    report = register.take(stated, FIRST)
    assert (report.agencies, report.oddities) == (1, [])
    assert owes(register, "2021-01", "2021-02", "2021-03", "2021-04") == [False, True, False, True]


def test_a_file_without_obligation_columns_leaves_them_alone(register):
    register.take(project(row(channel="webhr")), FIRST)
    register.take(project({"agency_code": AGENCY, "name": "太保市公所"}), LATER)
    assert register.duties(AGENCY) == [(None, None, "webhr", None, None)]


@pytest.mark.parametrize("month", ["0000-01", "2021-13", "nonsense"])
def test_in_no_real_month_is_anyone_in_force(register, month):
    register.take(government(TOWN), FIRST)
    assert register.agencies.in_force(AGENCY, month) is False
    assert register.agencies.in_force("B000000001", month) is None
    assert register.agencies.in_force(AGENCY, "9999-12") is True


def test_an_empty_register_is_false(register):
    assert not register.agencies
    register.take(government(TOWN), FIRST)
    assert register.agencies


def test_listing(register):
    register.take(government(YUAN, COUNTY, TOWN, SCHOOL | {"begun": "1110101"}), FIRST)
    register.take(project(row(exempt_reason="籌備中")), FIRST)
    with Session(register.engine) as session:
        everyone = list_agencies(Duties(session, shipped()), "2021-06")
        below = list_agencies(Duties(session, shipped()), "2022-06", COUNTY["code"])
        nobody = list_agencies(Duties(session, shipped()), "2022-06", "B000000001")
    assert [agency.agency_code for agency in everyone] == ["376500000A", AGENCY, "A00000000A"]
    assert [agency.due for agency in everyone] == [True, False, True]
    assert "籌備中" in everyone[1].why
    assert [agency.agency_code for agency in below] == ["376500000A", AGENCY, SCHOOL["code"]]
    assert nobody == []


def test_frames(register):
    own = row(channel="webitr", expected_headcount="25", parent_code=COUNTY["code"], level="3", active_to="2021-06-10")
    register.take(government(YUAN, COUNTY), FIRST)
    register.take(project(own), FIRST)
    with Session(register.engine) as session:
        agencies = agencies_frame(RegisterAgencies(session))
        ancestors = ancestors_frame(RegisterAgencies(session), ["2021-06", "2021-07"])
    assert list(agencies.columns) == AGENCIES.names
    town = agencies[agencies["agency_code"] == AGENCY].iloc[0]
    assert (town["authority_code"], town["active_to"], town["channel"]) == (COUNTY["code"], date(2021, 6, 10), "webitr")
    above = ancestors[ancestors["agency_code"] == AGENCY]
    assert above.values.tolist() == [
        ["2021-06", AGENCY, AGENCY, 0], ["2021-06", AGENCY, COUNTY["code"], 1], ["2021-06", AGENCY, "A00000000A", 2]
    ]  # fmt: skip
    assert len(ancestors) == (1 + 2 + 3) + (1 + 2)
    owed = register.agencies.due("2021-06")[AGENCY]
    assert owed.channel == "webitr"
    assert "2021-06-01 ~ 2021-06-10" in owed.why


def test_frames_of_nothing_keep_their_types(register):
    with Session(register.engine) as session:
        frames = [
            agencies_frame(RegisterAgencies(session)),
            ancestors_frame(RegisterAgencies(session), ["2021-06"]),
        ]
    for frame, schema in zip(frames, (AGENCIES, ANCESTORS), strict=True):
        assert len(frame) == 0
        assert [kind.pyarrow_dtype for kind in frame.dtypes] == schema.types
