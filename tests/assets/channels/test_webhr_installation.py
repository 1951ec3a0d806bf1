"""What only some installations have: kinds of person, entitlements, service, rosters, who clocks, closed months.

Over real databases, SQLite and PostgreSQL; what is composed is judged by the real check.
"""

from typing import Any

import pytest

from assets.channels.protocol import Delivery, Outcome
from tests.assets.channels.p2k_database import AGENCY, CHEN, WANG, P2kDatabase
from tests.assets.channels.p2k_desk import LEAVE_TYPES, Desk, errors

KINDS = {"person_kinds": {"codes": {"1": "civil_servant", "05": "labour"}}}
ENTITLED = {"entitlements": {}}
SERVICE = {"service": {"column": "PESTATE"}}
UNPAID = {"service": {"column": "PESTATE", "unpaid_from": "PESUSB", "unpaid_to": "PESUSE"}}
CLOCKS = {"clocks": {"column": "PECLOCK", "codes": {"Y": True, "N": False}}}
ROSTERS = {
    "rosters": {
        "table": "DUTYROSTER",
        "person": "IDNO",
        "day": "DUTYDATE",
        "start": "STIME",
        "end": "ETIME",
        "hours": "HOURS",
    }
}
DUTY = {"IDNO": WANG, "DUTYDATE": "1100603", "STIME": "0800", "ETIME": "2000", "HOURS": 11.0}


def employees(desk: Desk, database: P2kDatabase, month: str = "2021-06", **settings: Any) -> list[dict[str, Any]]:
    return desk.document(database, month, **settings)["employees"]


def column(desk: Desk, database: P2kDatabase, name: str, **settings: Any) -> Any:
    (employee,) = employees(desk, database, **settings)
    return employee[name]


def undecided(desk: Desk, database: P2kDatabase, **settings: Any) -> Delivery:
    """The delivery of an agency of which nobody says that it reports nothing."""
    return desk.deliver(database, **{"reports_nothing_of": {}, **settings})


def test_the_kind_of_person_says_the_employment_type(database: P2kDatabase, desk: Desk) -> None:
    database.add_columns("CPAPE05M", PEKIND="5")
    assert column(desk, database, "employment_type", **KINDS) == "labour"
    assert column(desk, database, "employment_type") == "civil_servant"


def test_a_kind_that_is_not_mapped_is_a_finding_never_a_guess(database: P2kDatabase, desk: Desk) -> None:
    database.add_columns("CPAPE05M", PEKIND="9")
    database.add("CPAPO15M")
    assert errors(desk.checked(database, **KINDS)) == [("R102", "L-1")]
    assert (
        "1 people whose kind is not mapped, left off the payroll (R102) [9]"
        in desk.deliver(database, **KINDS).reason.en
    )


def test_a_column_of_names_given_for_the_kind_is_not_quoted(database: P2kDatabase, desk: Desk) -> None:
    delivery = desk.deliver(database, person_kinds={"column": "PENAME", "codes": {"1": "other"}})
    assert "1 people whose kind is not mapped" in delivery.reason.en
    assert "王" not in str(delivery.reason)


@pytest.mark.parametrize(
    ("days", "saved", "hours"),
    [
        ((14.0, 0.0, 0.0), 0, 112),
        ((14.4, 1.4, 0.7), 0, 14 * 8 + 4 + 12 + 7),
        (("14.4", "0.4", "0.4"), 0, 14 * 8 + 4 + 8),
        ((0.0, 0.0, 0.0), 0, 0),
        ((14.8, 0.0, 0.0), 1, None),
        ((14.0, 0.9, 0.0), 1, None),
        ((14.0, -1.0, 0.0), 1, None),
        (("十四", "0", "0"), 1, None),
        ((None, 0.0, 0.0), 0, None),
    ],
)
def test_annual_leave_is_days_and_hours_saved_ones_included(
    database: P2kDatabase, desk: Desk, days: tuple[Any, ...], saved: int, hours: int | None
) -> None:
    database.add_columns("CPAPE05M", **dict(zip(("PEHDAY", "PERDAY1", "PERDAY2"), days, strict=True)))
    assert column(desk, database, "annual_leave_hours", **ENTITLED) == hours
    assert desk.deliver(database, **ENTITLED).reason.en.count("annual leave cannot be read") == saved


@pytest.mark.parametrize(
    ("month", "kind", "hours"),
    [
        ("2021-01", "1", 112),
        ("2020-12", "1", None),
        ("2021-07", "2", 112),
        ("2021-08", "2", None),
        ("2020-08", "2", 112),
    ],
)
def test_annual_leave_is_of_the_year_in_which_it_is_read(
    database: P2kDatabase, desk: Desk, month: str, kind: str, hours: int | None
) -> None:
    """Read in July of 2021; the year of a teacher is the school year."""
    database.add_columns("CPAPE05M", PEHDAY=14.0, PERDAY1=0.0, PERDAY2=0.0)
    database.set("CPAPE05M", PEMEMCOD="", PEYKIND=kind)
    maps = {"year_kinds": {"1": "contract", "2": "teacher"}}
    assert [one["annual_leave_hours"] for one in employees(desk, database, month, **ENTITLED, **maps)] == [hours]


@pytest.mark.parametrize(("year", "hours"), [("110", 112), ("109", None), ("", None), ("2021", None)])
def test_a_column_may_say_of_which_year_it_is(database: P2kDatabase, desk: Desk, year: str, hours: int | None) -> None:
    database.add_columns("CPAPE05M", PEHDAY=14.0, PERDAY1=0.0, PERDAY2=0.0, PEHYEAR=year)
    assert column(desk, database, "annual_leave_hours", entitlements={"year": "PEHYEAR"}) == hours


@pytest.mark.parametrize(("state", "status"), [("現職", "active"), ("留職停薪", "unpaid_leave")])
def test_status_of_service(database: P2kDatabase, desk: Desk, state: str, status: str) -> None:
    database.add_columns("CPAPE05M", PESTATE=state)
    assert column(desk, database, "status", **SERVICE) == status
    assert column(desk, database, "status") is None


@pytest.mark.parametrize(
    ("begins", "ends", "expected"),
    [
        (
            "1100610",
            "1100620",
            [(None, "06-09", "active"), ("06-10", "06-20", "unpaid_leave"), ("06-21", None, "active")],
        ),
        ("1100520", "1100620", [(None, "06-20", "unpaid_leave"), ("06-21", None, "active")]),
        ("1100610", "", [(None, "06-09", "active"), ("06-10", None, "unpaid_leave")]),
        ("1100601", "1100630", [(None, None, "unpaid_leave")]),
        ("1100701", "0", [(None, None, "active")]),
        ("1100401", "1100531", [(None, None, "active")]),
        ("", "", [(None, None, "unpaid_leave")]),
    ],
)
def test_days_of_unpaid_leave_are_rows_of_their_own(
    database: P2kDatabase, desk: Desk, begins: str, ends: str, expected: list[tuple[str | None, str | None, str]]
) -> None:
    database.add_columns("CPAPE05M", PESTATE="留職停薪", PESUSB=begins, PESUSE=ends)
    rows = [(one["from"], one["to"], one["status"]) for one in employees(desk, database, **UNPAID)]
    assert [(first and first[5:], last and last[5:], status) for first, last, status in rows] == expected
    assert errors(desk.checked(database, **UNPAID)) == []


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"PESTATE": "借調"}, "status of service is not mapped"),
        ({"PESTATE": "離職"}, "people who left, on no date"),
        ({"PESUSB": "1101340"}, "unreadable days of unpaid leave"),
    ],
)
def test_of_whom_the_service_cannot_be_told_is_off_the_payroll_and_counted(
    database: P2kDatabase, desk: Desk, values: dict[str, str], told: str
) -> None:
    database.add_columns("CPAPE05M", **{"PESTATE": "現職", "PESUSB": "", "PESUSE": "", **values})
    assert employees(desk, database, **UNPAID) == []
    assert (
        f"1 people w{told.partition('w')[2]}" in (reason := desk.deliver(database, **UNPAID).reason.en)
        or told in reason
    )


def test_who_left_on_a_day_is_there_until_it(database: P2kDatabase, desk: Desk) -> None:
    database.add_columns("CPAPE05M", PESTATE="離職")
    database.set("CPAPE05M", PELEVDATE="1100615")
    assert [(one["to"], one["status"]) for one in employees(desk, database, **SERVICE)] == [("2021-06-15", "active")]


@pytest.mark.parametrize(
    ("left", "last_day", "first_day_away"),
    [
        ("1100615", "2021-06-15", "2021-06-14"),
        ("1100601", "2021-06-01", "gone"),
        ("1100701", None, None),
    ],
)
def test_the_day_of_leaving_is_the_last_or_the_first_away(
    database: P2kDatabase, desk: Desk, left: str, last_day: str | None, first_day_away: str | None
) -> None:
    database.set("CPAPE05M", PELEVDATE=left)
    for meaning, expected in (("last_day", last_day), ("first_day_away", first_day_away)):
        rows = [one["to"] for one in employees(desk, database, left_on=meaning)]
        assert rows == ([] if expected == "gone" else [expected])


@pytest.mark.parametrize(("code", "clocks", "counted"), [("Y", True, 0), ("N", False, 0), ("?", None, 1)])
def test_who_clocks(database: P2kDatabase, desk: Desk, code: str, clocks: bool | None, counted: int) -> None:
    database.add_columns("CPAPE05M", PECLOCK=code)
    assert column(desk, database, "clocks", **CLOCKS) is clocks
    assert desk.deliver(database, **CLOCKS).reason.en.count("whether they clock") == counted


def test_rosters_are_shifts_and_their_people_work_by_them(database: P2kDatabase, desk: Desk) -> None:
    database.add("CPAPE05M", PEIDNO=CHEN, PECARD="2")
    database.make("DUTYROSTER", DUTY, {**DUTY, "DUTYDATE": "1100605", "HOURS": 7.333})
    document = desk.document(database, **ROSTERS)
    assert document["shifts"] == [
        {"person_id": WANG, "start": "2021-06-03T08:00", "end": "2021-06-03T20:00", "hours": 11},
        {"person_id": WANG, "start": "2021-06-05T08:00", "end": "2021-06-05T20:00", "hours": 7.33},
    ]
    assert {one["person_id"]: one["work_pattern"] for one in document["employees"]} == {WANG: "shift", CHEN: None}
    assert errors(desk.checked(database, **ROSTERS)) == []
    assert desk.document(database)["shifts"] == []


@pytest.mark.parametrize(
    ("duty", "expected"),
    [
        ({"DUTYDATE": "1100531", "STIME": "2000", "ETIME": "0800"}, [("2021-05-31T20:00", "2021-06-01T08:00")]),
        (
            {"DUTYDATE": "1100630", "STIME": "1600", "ETIME": "2400", "HOURS": 8.0},
            [("2021-06-30T16:00", "2021-07-01T00:00")],
        ),
        (
            {"DUTYDATE": "1100630", "STIME": "0800", "ETIME": "0800", "HOURS": 24.0},
            [("2021-06-30T08:00", "2021-07-01T08:00")],
        ),
        ({"DUTYDATE": "1100530", "STIME": "2000", "ETIME": "0800"}, []),
        ({"DUTYDATE": "1100701", "STIME": "0000", "ETIME": "0800"}, []),
        ({"IDNO": CHEN}, []),
    ],
)
def test_duties_across_midnight_and_of_24_hours(
    database: P2kDatabase, desk: Desk, duty: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    database.make("DUTYROSTER", {**DUTY, **duty})
    assert [(one["start"], one["end"]) for one in desk.document(database, **ROSTERS)["shifts"]] == expected
    assert errors(desk.checked(database, **ROSTERS)) == []


def test_rosters_with_an_end_day_by_employee_number(database: P2kDatabase, desk: Desk) -> None:
    database.make(
        "DUTYROSTER",
        {"CARD": "00123", "DUTYDATE": "1100604", "ENDDATE": "1100605", "STIME": "0900", "ETIME": "0900", "HOURS": 23.5},
    )
    rosters = {name: value for name, value in ROSTERS["rosters"].items() if name != "person"}
    named = {"rosters": {**rosters, "card": "card", "end_day": "EndDate"}}
    (shift,) = desk.document(database, **named)["shifts"]
    assert (shift["person_id"], shift["end"], shift["hours"]) == (WANG, "2021-06-05T09:00", 23.5)


@pytest.mark.parametrize(
    ("broken", "rule"),
    [
        ({"HOURS": None}, "R115"),
        ({"HOURS": 0.0}, "R115"),
        ({"HOURS": 25.0}, "R115"),
        ({"HOURS": None, "ETIME": "0800"}, "R104"),
        ({"ETIME": "2575"}, "R104"),
    ],
)
def test_a_duty_that_cannot_be_read_is_a_finding(
    database: P2kDatabase, desk: Desk, broken: dict[str, Any], rule: str
) -> None:
    database.make("DUTYROSTER", DUTY | {"DUTYDATE": "1100601"}, {**DUTY, **broken})
    assert [found for found, _ in errors(desk.checked(database, **ROSTERS))] == [rule]
    assert "1 rostered duties that cannot be read" in desk.deliver(database, **ROSTERS).reason.en


def test_a_clocked_duty_of_exactly_24_hours(database: P2kDatabase, desk: Desk) -> None:
    database.clock("11006", PKSTIME="0800", PKETIME="0800")
    assert [one["at"] for one in desk.document(database)["clockings"]] == ["2021-06-03T08:00", "2021-06-04T08:00"]


@pytest.mark.parametrize(("kind", "category"), [("1", "ordinary"), ("01", "ordinary"), ("2", "special"), ("", None)])
def test_category_of_overtime(database: P2kDatabase, desk: Desk, kind: str, category: str | None) -> None:
    database.add("CPAPR18M", PRATYPE=kind)
    assert desk.document(database)["overtime"][0]["category"] == category


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        (KINDS, "PEKIND"),
        (ENTITLED, "PEHDAY, PERDAY1, PERDAY2"),
        (SERVICE, "PESTATE"),
        (CLOCKS, "PECLOCK"),
        (ROSTERS, "DUTYROSTER"),
        ({"closed_months": {"table": "CLOSED", "month": "YM"}, "reports_nothing_of": {}}, "CLOSED"),
    ],
)
def test_what_is_configured_and_not_there_fails_with_its_name(
    database: P2kDatabase, desk: Desk, settings: dict[str, Any], name: str
) -> None:
    delivery = desk.deliver(database, **settings)
    assert delivery.outcome is Outcome.FAILED
    assert name in str(delivery.reason)


def test_no_rows_is_not_nothing(database: P2kDatabase, desk: Desk, landing: Any) -> None:
    delivery = undecided(desk, database)
    assert (delivery.outcome, delivery.submission_id) == (Outcome.NOTHING, None)
    assert "來源尚無本月資料" in delivery.reason.zh
    assert list(landing.ids()) == []


def test_forms_under_approval_alone_are_no_records_either(database: P2kDatabase, desk: Desk) -> None:
    database.add("CPAPO15M", POSTATUS="簽核中")
    delivery = undecided(desk, database)
    assert delivery.outcome is Outcome.NOTHING
    assert "1 forms not confirmed" in delivery.reason.en


def test_a_month_of_which_only_rosters_are_known_has_no_records_yet(database: P2kDatabase, desk: Desk) -> None:
    database.make("DUTYROSTER", DUTY)
    assert undecided(desk, database, **ROSTERS).outcome is Outcome.NOTHING


@pytest.mark.parametrize("table", ["CPAPO15M", "CPAPP16M", "CPAPR18M"])
def test_a_single_record_is_a_month(database: P2kDatabase, desk: Desk, table: str) -> None:
    database.add(table)
    assert undecided(desk, database).outcome is Outcome.DELIVERED


def test_a_single_clocking_is_a_month(database: P2kDatabase, desk: Desk) -> None:
    database.clock("11006")
    assert undecided(desk, database).outcome is Outcome.DELIVERED


@pytest.mark.parametrize(
    ("kinds", "outcome"),
    [
        (["leaves", "overtime", "clockings"], Outcome.DELIVERED),
        (["overtime", "clockings"], Outcome.NOTHING),
    ],
)
def test_an_agency_that_is_known_to_report_nothing_says_so(
    database: P2kDatabase, desk: Desk, kinds: list[str], outcome: Outcome
) -> None:
    assert desk.deliver(database, reports_nothing_of={AGENCY: kinds}).outcome is outcome


CLOSED = {"table": "MONTHEND", "month": "YM", "agency": "ORG", "flag": "STATE", "values": ["已關帳"]}
CLOSED_ROW = {"YM": "11006", "ORG": AGENCY, "STATE": "已關帳"}


@pytest.mark.parametrize(
    ("row", "outcome"),
    [
        ({}, Outcome.DELIVERED),
        ({"YM": "11005"}, Outcome.NOTHING),
        ({"ORG": "376500002B"}, Outcome.NOTHING),
        ({"STATE": "未關帳"}, Outcome.NOTHING),
    ],
)
def test_a_month_that_the_source_says_is_closed_is_a_statement(
    database: P2kDatabase, desk: Desk, row: dict[str, str], outcome: Outcome
) -> None:
    database.make("MONTHEND", {**CLOSED_ROW, **row})
    assert undecided(desk, database, closed_months=CLOSED).outcome is outcome


def test_a_table_of_closed_months_without_flag_or_agency(database: P2kDatabase, desk: Desk) -> None:
    database.make("MONTHEND", CLOSED_ROW)
    assert undecided(desk, database, closed_months={"table": "monthend", "month": "ym"}).outcome is Outcome.DELIVERED


@pytest.mark.parametrize(
    "settings",
    [
        {"service": {"column": "X", "unpaid_from": "Y"}},
        {"rosters": {**ROSTERS["rosters"], "card": "CARD"}},
        {"person_kinds": {"codes": {"1": "manager"}}},
        {"clocks": {"column": "X", "codes": {"1": True, "01": False}}},
        {"reports_nothing_of": {"376500009X": ["leaves"]}},
    ],
)
def test_settings_that_contradict_themselves_are_refused(desk: Desk, settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"須同時|二者|不存在|重複|agencies"):
        desk.channel("sqlite://", leave_types=LEAVE_TYPES, **settings)
