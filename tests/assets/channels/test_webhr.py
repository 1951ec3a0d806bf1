"""The WebHR channel over real databases, SQLite and PostgreSQL; what it composes is judged by the real check."""

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import insert, make_url

from assets.channels.protocol import Land, Outcome, Remembered
from assets.channels.webhr import WebHr, _begin_snapshot, _Subsystem
from assets.channels.webhr_settings import WebHrSettings
from tests.assets.channels.p2k_database import AGENCY, CHEN, COLUMNS, DEFAULTS, LEE, WANG, P2kDatabase
from tests.assets.channels.p2k_desk import LEAVE_TYPES, MONTH, NOTHING_OF, TODAY, Desk, errors
from warehouse.landing import Landing, TooLarge


def test_a_month_of_every_table_passes_the_check(database: P2kDatabase, desk: Desk) -> None:
    database.add("CPAPO15M", POREMARK="家事")
    database.add("CPAPP16M")
    database.add("CPAPR18M")
    database.clock("11006")

    document = desk.document(database)

    assert document == {
        "format_version": "1.1",
        "agency_code": AGENCY,
        "month": MONTH,
        "produced_by": {"system": "WebHR", "version": "P2K"},
        "produced_at": "2021-07-01T00:00:00+08:00",
        "employees": [
            {
                "person_id": WANG,
                "name": "王小明",
                "employment_type": "civil_servant",
                "from": None,
                "to": None,
                "status": None,
                "work_pattern": None,
                "clocks": None,
                "annual_leave_hours": None,
            }
        ],
        "shifts": [],
        "leaves": [
            {
                "record_id": "L-1",
                "person_id": WANG,
                "leave_type": "03",
                "start": "2021-06-03T08:30",
                "end": "2021-06-03T17:30",
                "hours": 8,
                "certificate": None,
                "reason": "家事",
            },
            {
                "record_id": "T-1",
                "person_id": WANG,
                "leave_type": "05",
                "start": "2021-06-10T08:30",
                "end": "2021-06-10T17:30",
                "hours": 8,
                "certificate": None,
                "reason": "會議",
            },
        ],
        "overtime": [
            {
                "record_id": "O-1",
                "person_id": WANG,
                "start": "2021-06-04T18:00",
                "end": "2021-06-04T20:00",
                "minutes": 120,
                "compensation": "time_off",
                "category": "ordinary",
            }
        ],
        "clockings": [
            {"person_id": WANG, "at": "2021-06-03T08:21", "kind": "in"},
            {"person_id": WANG, "at": "2021-06-03T17:35", "kind": "out"},
        ],
    }
    checked = desk.checked(database)
    assert errors(checked) == []
    assert [tuple(counts)[:3] for counts in checked.counts.values()] == [
        (2, 2, 0),
        (0, 0, 0),
        (2, 2, 0),
        (2, 2, 0),
        (2, 2, 0),
    ]


def test_same_data_is_unchanged_and_a_change_is_delivered(database: P2kDatabase, desk: Desk) -> None:
    database.clock("11006")
    first = desk.deliver(database)
    desk.memory[AGENCY] = Remembered(None, first.submission_id)

    assert desk.deliver(database).outcome is Outcome.UNCHANGED
    database.add("CPAPO15M")
    assert desk.deliver(database).outcome is Outcome.DELIVERED


def test_order_of_rows_does_not_matter(new_database: Callable[..., P2kDatabase], desk: Desk) -> None:
    rows = [
        {"POIDNO": WANG, "POGUID": f"L-{day}", "POVDATEB": f"11006{day:02d}", "POVDATEE": f"11006{day:02d}"}
        for day in (1, 2, 3)
    ]
    ids = set()
    for ordered in (rows, rows[::-1]):
        database = new_database()
        database.add("CPAPE05M")
        for row in ordered:
            database.add("CPAPO15M", **row)
        ids.add(desk.deliver(database).submission_id)
    assert len(ids) == 1


def test_days_and_hours_become_hours(database: P2kDatabase, desk: Desk) -> None:
    database.add("CPAPO15M", POVDAYS=1.4, POVDATEE="1100604", POVTIMEE="1230")
    assert desk.document(database)["leaves"][0]["hours"] == 12
    assert errors(desk.checked(database)) == []


@pytest.mark.parametrize("duration", [0.8, 1.9, 1.45, 0.0, -1.0, None])
def test_invalid_duration_is_a_finding_and_told(database: P2kDatabase, desk: Desk, duration: float | None) -> None:
    database.add("CPAPO15M", POVDAYS=duration)
    assert errors(desk.checked(database)) == [("R106", "L-1")]
    assert "1 durations that cannot be read (R106) [L-1]" in desk.deliver(database).reason.en


def test_invalid_duration_is_refused_however_long_the_leave(database: P2kDatabase, desk: Desk) -> None:
    database.add("CPAPO15M", POVTYPE="26", POVDAYS=0.9, POVDATEE="1160603")
    assert errors(desk.checked(database)) == [("R104", "L-1")]


@pytest.mark.parametrize("code", ["3", "03", " 3 "])
def test_codes_with_and_without_their_zero(database: P2kDatabase, desk: Desk, code: str) -> None:
    database.add("CPAPO15M", POVTYPE=code)
    assert desk.document(database)["leaves"][0]["leave_type"] == "03"
    assert desk.document(database, leave_types={"3": "06"})["leaves"][0]["leave_type"] == "06"


def test_map_belongs_to_the_source(database: P2kDatabase, desk: Desk) -> None:
    """A university's 06 is annual leave where P2K's is official leave."""
    database.add("CPAPO15M", POVTYPE="06")
    assert desk.document(database, leave_types={"06": "03"})["leaves"][0]["leave_type"] == "03"


def test_unmapped_code_is_a_finding_never_a_guess(database: P2kDatabase, desk: Desk) -> None:
    database.add("CPAPO15M", POVTYPE="06")
    assert desk.document(database)["leaves"][0]["leave_type"] == "webhr:06"
    assert errors(desk.checked(database)) == [("R107", "L-1")]
    assert "not mapped (R107) [L-1]" in desk.deliver(database).reason.en


def test_trip_types(database: P2kDatabase, desk: Desk) -> None:
    database.add("CPAPP16M", PPBUSTYPE="2", PPGUID="2")
    database.add("CPAPP16M", PPBUSTYPE="3", PPGUID="3", PPBUSDATEB="1100611", PPBUSDATEE="1100611")
    leaves = desk.document(database, trip_types={"02": "06"})["leaves"]
    assert {each["record_id"]: each["leave_type"] for each in leaves} == {"T-2": "06", "T-3": "webhr:3"}


def test_trip_and_leave_of_one_number_are_two_records(database: P2kDatabase, desk: Desk) -> None:
    database.add("CPAPO15M", POGUID="7")
    database.add("CPAPP16M", PPGUID="7")
    assert errors(desk.checked(database)) == []


def test_year_below_100_without_its_zero(database: P2kDatabase, desk: Desk) -> None:
    database.add("CPAPE05M", PEIDNO=LEE, PECARD="2", PEACTDATE="991225")
    database.add("CPAPO15M", POVTYPE="26", POVDATEB="991225", POVDAYS=1.0)
    document = desk.document(database)
    assert document["leaves"][0]["start"] == "2010-12-25T08:30"
    assert [each["from"] for each in document["employees"]] == [None, None]


@pytest.mark.parametrize("none", ["", "0", "0000000", None])
def test_no_date_of_leaving_is_still_here(database: P2kDatabase, desk: Desk, none: str | None) -> None:
    database.add("CPAPE05M", PEIDNO=LEE, PECARD="2", PEACTDATE=none, PELEVDATE=none)
    lee = next(each for each in desk.document(database)["employees"] if each["person_id"] == LEE)
    assert (lee["from"], lee["to"]) == (None, None)
    assert "unreadable date" not in desk.deliver(database).reason.en


@pytest.mark.parametrize(
    ("joined", "left", "expected"),
    [
        ("1100601", "", (None, None)),
        ("1100602", "", ("2021-06-02", None)),
        ("1100630", "1100630", ("2021-06-30", None)),
        ("1000101", "1100629", (None, "2021-06-29")),
        ("1000101", "1100601", (None, "2021-06-01")),
        ("1100701", "", None),
        ("1000101", "1100531", None),
    ],
)
def test_part_of_the_month(
    database: P2kDatabase, desk: Desk, joined: str, left: str, expected: tuple[str | None, str | None] | None
) -> None:
    database.add("CPAPE05M", PEIDNO=LEE, PECARD="2", PEACTDATE=joined, PELEVDATE=left)
    found = {each["person_id"]: (each["from"], each["to"]) for each in desk.document(database)["employees"]}
    assert found.get(LEE) == expected


def test_nonsense_on_the_payroll_is_told(database: P2kDatabase, desk: Desk) -> None:
    database.add("CPAPE05M", PEIDNO=LEE, PECARD="2", PELEVDATE="1101340")
    assert len(desk.document(database)["employees"]) == 2
    assert "1 people with an unreadable date" in desk.deliver(database).reason.en


@pytest.mark.parametrize(
    ("start", "end", "months"),
    [
        (("1100531", "0830"), ("1100531", "2400"), ["2021-05"]),
        (("1100531", "1800"), ("1100601", "0200"), ["2021-05", "2021-06"]),
        (("1100630", "1800"), ("1100630", "2400"), ["2021-06"]),
        (("1100630", "0830"), ("1100701", "1730"), ["2021-06", "2021-07"]),
        (("1101231", "0830"), ("1110103", "1730"), ["2021-12", "2022-01"]),
        (("1100520", "0830"), ("1100720", "1730"), ["2021-05", "2021-06", "2021-07"]),
        (("1100701", "0000"), ("1100701", "1730"), ["2021-07"]),
    ],
)
def test_leave_is_in_each_month_that_it_touches_in_full(
    database: P2kDatabase, desk: Desk, start: tuple[str, str], end: tuple[str, str], months: list[str]
) -> None:
    database.add("CPAPO15M", POVDATEB=start[0], POVTIMEB=start[1], POVDATEE=end[0], POVTIMEE=end[1], POVDAYS=0.4)
    seen = {}
    for month in ("2021-04", "2021-05", "2021-06", "2021-07", "2021-08", "2021-12", "2022-01"):
        leaves = desk.document(database, month)["leaves"]
        if leaves:
            seen[month] = (leaves[0]["start"], leaves[0]["end"])
            assert errors(desk.checked(database, month)) == []
    assert list(seen) == months
    assert len(set(seen.values())) == 1


def test_2400_is_the_next_day(database: P2kDatabase, desk: Desk) -> None:
    database.add("CPAPO15M", POVDATEB="1100630", POVDATEE="1100630", POVTIMEE="2400", POVDAYS=0.4)
    assert desk.document(database)["leaves"][0]["end"] == "2021-07-01T00:00"


@pytest.mark.parametrize(
    "broken",
    [
        {"POVDATEE": ""},
        {"POVDATEE": "0"},
        {"POVDATEE": "1101340"},
        {"POVDATEB": "11006XX"},
        {"POVTIMEB": "9999"},
        {"POVTIMEE": ""},
        {"POVTIMEB": None, "POVTIMEE": None},
    ],
)
def test_interval_that_cannot_be_read_is_a_finding(database: P2kDatabase, desk: Desk, broken: dict[str, Any]) -> None:
    database.add("CPAPO15M", **broken)
    assert errors(desk.checked(database)) == [("R104", "L-1")]
    assert "1 intervals that cannot be read (R104) [L-1]" in desk.deliver(database).reason.en
    assert desk.document(database, "2021-07")["leaves"] == []


def test_backward_interval_is_in_its_start_s_month(database: P2kDatabase, desk: Desk) -> None:
    database.add("CPAPO15M", POVDATEB="1100630", POVDATEE="1100503")
    assert errors(desk.checked(database)) == [("R104", "L-1")]
    assert desk.document(database, "2021-05")["leaves"] == []


def test_form_without_any_date_is_told(database: P2kDatabase, desk: Desk) -> None:
    database.add("CPAPO15M", POVDATEB="", POVDATEE="0000000")
    assert desk.document(database)["leaves"] == []
    assert "1 forms without a readable date" in desk.deliver(database).reason.en


@pytest.mark.parametrize(
    ("status", "taken"), [("已簽核", 1), ("審核完成 ", 1), ("簽核中", 0), ("退回", 0), ("", 0), (None, 0)]
)
def test_only_confirmed_forms(database: P2kDatabase, desk: Desk, status: str | None, taken: int) -> None:
    database.add("CPAPO15M", POSTATUS=status)
    database.add("CPAPP16M", PPSTATUS=status)
    database.add("CPAPR18M", PRSTATUS=status)
    document = desk.document(database)
    assert (len(document["leaves"]), len(document["overtime"])) == (2 * taken, taken)
    assert ("3 forms not confirmed" in desk.deliver(database).reason.en) is not bool(taken)


def test_without_a_status_column_all_forms_count(new_database: Callable[..., P2kDatabase], desk: Desk) -> None:
    database = new_database(without=["POSTATUS", "PPSTATUS", "PRSTATUS", "PRGUID"])
    database.add("CPAPE05M")
    for table in ("CPAPO15M", "CPAPP16M", "CPAPR18M"):
        database.add(table)
    document = desk.document(database)
    assert (len(document["leaves"]), len(document["overtime"])) == (2, 1)
    assert len(document["overtime"][0]["record_id"]) == 32


@pytest.mark.parametrize(("hours", "minutes"), [(2.0, 120), (1.5, 90), (0.25, 15), (1.33, 80), (2.01, 121)])
def test_overtime_keeps_its_minutes(database: P2kDatabase, desk: Desk, hours: float, minutes: int) -> None:
    database.add("CPAPR18M", PRADDH=hours)
    assert desk.document(database)["overtime"][0]["minutes"] == minutes


@pytest.mark.parametrize(
    ("taken", "paid", "compensation"),
    [(2, 0, "time_off"), (0, 2, "pay"), (0, 0, "none"), (None, None, "none"), (1, 1, "time_off"), (0.5, 1.5, "pay")],
)
def test_compensation(database: P2kDatabase, desk: Desk, taken: float, paid: float, compensation: str) -> None:
    database.add("CPAPR18M", PRPAYH=taken, PRMNYH=paid)
    assert desk.document(database)["overtime"][0]["compensation"] == compensation


def test_overtime_across_midnight_and_year_end(database: P2kDatabase, desk: Desk) -> None:
    database.add("CPAPR18M", PRADDD="1101231", PRADDE="1110101", PRSTIME="2200", PRETIME="0200", PRADDH=4.0)
    for month in ("2021-12", "2022-01"):
        (duty,) = desk.document(database, month)["overtime"]
        assert (duty["start"], duty["end"], duty["minutes"]) == ("2021-12-31T22:00", "2022-01-01T02:00", 240)
        assert errors(desk.checked(database, month)) == []


@pytest.mark.parametrize("end_day", ["", "0", "0000000"])
def test_overtime_without_an_end_day_ends_the_same_day(database: P2kDatabase, desk: Desk, end_day: str) -> None:
    database.add("CPAPR18M", PRADDE=end_day)
    assert desk.document(database)["overtime"][0]["end"] == "2021-06-04T20:00"


@pytest.mark.parametrize(
    ("broken", "rule"),
    [
        ({"PRADDH": None}, "R106"),
        ({"PRADDH": 0.0}, "R106"),
        ({"PRADDH": 50.0}, "R106"),
        ({"PRADDH": 50.0, "PRADDE": "1100607"}, "R104"),
        ({"PRETIME": "2460"}, "R104"),
        ({"PRADDE": "1100699"}, "R104"),
    ],
)
def test_overtime_that_cannot_be_read_is_a_finding(
    database: P2kDatabase, desk: Desk, broken: dict[str, Any], rule: str
) -> None:
    database.add("CPAPR18M", **broken)
    assert errors(desk.checked(database)) == [(rule, "O-1")]


def test_clockings_of_a_night_belong_to_both_days(database: P2kDatabase, desk: Desk) -> None:
    database.clock("11005", PKWDATE="1100531", PKSTIME="2200", PKETIME="0600")
    database.clock("11005", PKWDATE="1100530", PKSTIME="2200", PKETIME="0600")
    database.clock("11006", PKWDATE="1100629", PKSTIME="1400", PKETIME="2400")
    database.clock("11006", PKWDATE="1100630", PKSTIME="1600", PKETIME="2400")
    found = {
        month: [(each["at"], each["kind"]) for each in desk.document(database, month)["clockings"]]
        for month in ("2021-05", "2021-06", "2021-07")
    }
    assert found == {
        "2021-05": [("2021-05-30T22:00", "in"), ("2021-05-31T06:00", "out"), ("2021-05-31T22:00", "in")],
        "2021-06": [
            ("2021-06-01T06:00", "out"),
            ("2021-06-29T14:00", "in"),
            ("2021-06-30T00:00", "out"),
            ("2021-06-30T16:00", "in"),
        ],
        "2021-07": [("2021-07-01T00:00", "out")],
    }
    assert errors(desk.checked(database)) == []


@pytest.mark.parametrize("missed", ["", "0", None])
def test_clocking_that_did_not_happen(database: P2kDatabase, desk: Desk, missed: str | None) -> None:
    database.clock("11006", PKETIME=missed)
    assert [each["kind"] for each in desk.document(database)["clockings"]] == ["in"]


@pytest.mark.parametrize("broken", [{"PKSTIME": "2561"}, {"PKETIME": "XXXX"}])
def test_clocking_that_cannot_be_read_is_a_finding(database: P2kDatabase, desk: Desk, broken: dict[str, str]) -> None:
    database.clock("11006", **broken)
    assert [rule for rule, _ in errors(desk.checked(database))] == ["R105"]
    assert "1 clockings that cannot be read" in desk.deliver(database).reason.en


def test_clocking_in_the_wrong_month_s_table_is_a_finding(database: P2kDatabase, desk: Desk) -> None:
    database.clock("11006", PKWDATE="1100703")
    assert [rule for rule, _ in errors(desk.checked(database))] == ["R105", "R105"]


def test_missing_table_of_clockings(database: P2kDatabase, desk: Desk) -> None:
    assert desk.document(database)["clockings"] == []
    assert "without a table of clockings" in desk.deliver(database).reason.en


def test_card_of_somebody_who_left_goes_to_the_one_who_has_it_now(database: P2kDatabase, desk: Desk) -> None:
    database.add("CPAPE05M", PEIDNO=LEE, PECARD="00123", PELEVDATE="1090101")
    database.clock("11006")
    assert {each["person_id"] for each in desk.document(database)["clockings"]} == {WANG}


def test_card_of_two_people_is_nobody_s(database: P2kDatabase, desk: Desk) -> None:
    database.add("CPAPE05M", PEIDNO=LEE, PECARD="00123")
    database.clock("11006")
    assert desk.document(database)["clockings"] == []
    assert "2 clockings of a shared card" in desk.deliver(database).reason.en


def test_other_agencies_of_the_same_database_stay_out(database: P2kDatabase, desk: Desk) -> None:
    database.add("CPAPE05M", PEIDNO=CHEN, PECARD="9", PEORG="376500002B")
    database.add("CPAPO15M", POIDNO=CHEN)
    database.add("CPAPR18M", PRIDNO=CHEN)
    database.clock("11006", PKCARD="9")
    document = desk.document(database)
    assert [len(document[name]) for name in ("employees", "leaves", "overtime", "clockings")] == [1, 0, 0, 0]


@pytest.mark.parametrize("form_no", ["", None, "x" * 41, f"{WANG}-1", f"{LEE.lower()}-1"])
def test_record_id_without_a_form_number_never_holds_the_national_id(
    database: P2kDatabase, desk: Desk, form_no: str | None
) -> None:
    database.add("CPAPO15M", POGUID=form_no)
    database.add("CPAPP16M", PPGUID=form_no)
    database.add("CPAPR18M", PRGUID=form_no)
    document = desk.document(database)
    ids = [each["record_id"] for each in (*document["leaves"], *document["overtime"])]
    assert len(set(ids)) == 3
    assert all(len(one) <= 40 and WANG not in one and LEE.lower() not in one for one in ids)
    assert ids == [each["record_id"] for name in ("leaves", "overtime") for each in desk.document(database)[name]]
    assert errors(desk.checked(database)) == []


def test_record_ids_of_people_without_an_employee_number(database: P2kDatabase, desk: Desk) -> None:
    """Their number is missing, or is the national ID itself; both lie in wait on the same minute."""
    database.add("CPAPE05M", PEIDNO=LEE, PECARD="")
    database.add("CPAPE05M", PEIDNO=CHEN, PECARD=CHEN)
    for person in (LEE, CHEN):
        database.add("CPAPO15M", POIDNO=person, POGUID="")
    first, second = (each["record_id"] for each in desk.document(database)["leaves"])
    assert second == f"{first}-2"


def test_duplicate_of_a_natural_key_is_a_finding(database: P2kDatabase, desk: Desk) -> None:
    for _ in range(2):
        database.add("CPAPR18M", PRGUID="")
    assert [rule for rule, _ in errors(desk.checked(database))] == ["R103", "R113"]


def test_long_reason_is_cut(database: P2kDatabase, desk: Desk) -> None:
    database.add("CPAPO15M", POREMARK="病" * 201)
    assert len(desk.document(database)["leaves"][0]["reason"]) == 200
    assert errors(desk.checked(database)) == []


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"PEMEMCOD": "1"}, "civil_servant"),
        ({"PEMEMCOD": "77", "PEYKIND": "2"}, "teacher"),
        ({"PEMEMCOD": "77", "PEYKIND": "1"}, "contract"),
    ],
)
def test_employment_type(database: P2kDatabase, desk: Desk, values: dict[str, str], expected: str) -> None:
    database.add("CPAPE05M", PEIDNO=LEE, PECARD="2", **values)
    found = desk.document(database, year_kinds={"2": "teacher"}, default_employment_type="contract")["employees"]
    assert next(each["employment_type"] for each in found if each["person_id"] == LEE) == expected


@pytest.mark.parametrize("name", ["王?明", "王\ufffd明", "王？明"])
def test_lost_characters_are_told_without_the_name(database: P2kDatabase, desk: Desk, name: str) -> None:
    database.add("CPAPE05M", PEIDNO=LEE, PECARD="2", PENAME=name)
    assert name in {each["name"] for each in desk.document(database)["employees"]}
    reason = str(desk.deliver(database).reason)
    assert "1 texts with lost characters" in reason
    assert "王" not in reason


def test_nobody_of_the_agency_is_nothing(new_database: Callable[..., P2kDatabase], desk: Desk) -> None:
    database = new_database()
    database.add("CPAPE05M", PEORG="376500002B")
    assert desk.deliver(database).outcome is Outcome.NOTHING


def test_agency_without_a_subsystem(database: P2kDatabase, desk: Desk, land: Land) -> None:
    (delivery,) = desk.channel(database.url).collect(MONTH, ["376500009X"], desk.memory, land)
    assert delivery.outcome is Outcome.NOT_CONFIGURED


@pytest.mark.parametrize("missing", ["CPAPO15M", "CPAPP16M", "CPAPR18M"])
def test_missing_table_fails_with_its_name(new_database: Callable[..., P2kDatabase], desk: Desk, missing: str) -> None:
    database = new_database(without=[missing])
    database.add("CPAPE05M")
    delivery = desk.deliver(database)
    assert (delivery.outcome, delivery.submission_id) == (Outcome.FAILED, None)
    assert missing in str(delivery.reason)


def test_missing_column_fails_with_its_name(new_database: Callable[..., P2kDatabase], desk: Desk) -> None:
    database = new_database(without=["POVDAYS"])
    database.add("CPAPE05M")
    assert "POVDAYS" in str(desk.deliver(database).reason)


def test_views_and_lower_case_names_do(database: P2kDatabase, desk: Desk) -> None:
    database.add("CPAPO15M")
    database.execute('ALTER TABLE "CPAPO15M" RENAME TO moved')
    columns = ", ".join(f'"{name}" AS {name.lower()}' for name in COLUMNS["CPAPO15M"])
    database.execute(f"CREATE VIEW cpapo15m AS SELECT {columns} FROM moved")
    assert [each["record_id"] for each in desk.document(database)["leaves"]] == ["L-1"]


def test_down_subsystem_costs_its_own_agencies_only(database: P2kDatabase, desk: Desk, land: Land) -> None:
    password = "pass-word-7"
    settings = {
        "connect_seconds": 2,
        "subsystems": {
            "dead": {
                "url": f"postgresql+psycopg://acc{WANG}:{password}@127.0.0.1:1/p2k",
                "agencies": ["376500002B", "376500003C"],
                "leave_types": LEAVE_TYPES,
            },
            "alive": {
                "url": database.url,
                "agencies": [AGENCY],
                "leave_types": LEAVE_TYPES,
                "reports_nothing_of": NOTHING_OF,
            },
        },
    }
    channel = WebHr(WebHrSettings.model_validate(settings))
    found = list(channel.collect(MONTH, ["376500002B", "376500003C", AGENCY], desk.memory, land))
    assert [each.outcome for each in found] == [Outcome.FAILED, Outcome.FAILED, Outcome.DELIVERED]
    told = repr(found) + repr(channel._settings)
    assert password not in told
    assert WANG not in told


def test_database_that_breaks_off_midway_lands_nothing(database: P2kDatabase, desk: Desk, landing: Landing) -> None:
    """The overtime table turns out broken after employees and leaves were already streamed."""
    database.add("CPAPO15M", POREMARK="x")
    database.execute('DROP TABLE "CPAPR18M"')
    database.execute('CREATE VIEW "CPAPR18M" AS SELECT 1 AS other')
    assert desk.deliver(database).outcome is Outcome.FAILED
    assert list(landing.ids()) == []
    assert landing.leftovers() == []


def test_connection_lost_midway_costs_one_agency(
    new_postgresql_database: Callable[..., str], desk: Desk, land: Land, landing: Landing
) -> None:
    second = "376500002B"
    database = P2kDatabase(new_postgresql_database())
    database.add("CPAPE05M")
    database.add("CPAPE05M", PEIDNO=LEE, PECARD="2", PEORG=second)
    database.add("CPAPR18M", PRIDNO=LEE)
    rows = [{**DEFAULTS["CPAPO15M"], "POGUID": f"L-{number}", "POREMARK": "事" * 60} for number in range(4000)]
    with database._engine.begin() as connection:
        connection.execute(insert(database.tables["CPAPO15M"]), rows)

    def cut_off(chunks: Any) -> Any:
        def each() -> Iterator[bytes]:
            for number, chunk in enumerate(chunks):
                if number == 0 and len(chunk) > 60_000:
                    database.execute(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                    )
                yield chunk

        return land(each())

    channel = desk.channel(database.url, agencies=[AGENCY, second])
    first, other = channel.collect(MONTH, [AGENCY, second], desk.memory, cut_off)
    database.close()
    assert (first.outcome, other.outcome) == (Outcome.FAILED, Outcome.DELIVERED)
    assert list(landing.ids()) == [other.submission_id]
    assert landing.leftovers() == []


def test_limit_of_bytes(database: P2kDatabase, desk: Desk, landing: Landing) -> None:
    delivery = desk.deliver(database, max_bytes=100)
    assert (delivery.outcome, str(TooLarge(100)) in str(delivery.reason)) == (Outcome.FAILED, True)
    assert list(landing.ids()) == []


def test_nothing_personal_in_logs_or_deliveries(
    database: P2kDatabase, desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    database.add("CPAPO15M", POREMARK="癌症", POVTYPE="77", POGUID="", POVDAYS=0.9)
    told = repr(desk.deliver(database)) + caplog.text
    assert not any(word in told for word in (WANG, "王小明", "癌症"))


def test_nothing_can_be_written_through_the_channel(database: P2kDatabase, desk: Desk) -> None:
    engine = desk.channel(database.url)
    subsystem = _Subsystem(
        "shared", engine._settings.subsystems["shared"], engine._settings, MONTH, lambda _: None, TODAY
    )
    opened = subsystem._engine()
    with opened.connect() as connection:
        _begin_snapshot(connection)
        with pytest.raises(Exception, match=r"read.?only"):
            connection.exec_driver_sql('DELETE FROM "CPAPE05M"')
    opened.dispose()


def test_large_month_is_streamed(database: P2kDatabase, land: Land, desk: Desk) -> None:
    """More rows than one fetch holds, in more than one chunk."""
    rows = [{**DEFAULTS["CPAPO15M"], "POGUID": f"L-{number:05d}", "POREMARK": "事" * 60} for number in range(2500)]
    with database._engine.begin() as connection:
        connection.execute(insert(database.tables["CPAPO15M"]), rows)
    sizes: list[int] = []

    def counted(chunks: Any) -> Any:
        def each() -> Iterator[bytes]:
            for chunk in chunks:
                sizes.append(len(chunk))
                yield chunk

        return land(each())

    (delivery,) = desk.channel(database.url).collect(MONTH, [AGENCY], desk.memory, counted)
    assert len(json.loads(desk.bytes_of(delivery))["leaves"]) == 2500
    assert len(sizes) > 4
    assert max(sizes) < 256 * 1024


def test_sqlite_file_that_is_not_there_is_not_made(desk: Desk, land: Land, tmp_path: Path) -> None:
    (delivery,) = desk.channel(f"sqlite:///{tmp_path}/missing.sqlite").collect(MONTH, [AGENCY], desk.memory, land)
    assert delivery.outcome is Outcome.FAILED
    assert not (tmp_path / "missing.sqlite").exists()


@pytest.mark.parametrize("url", ["no address", "oracle+nothing://u:p@h/x", "postgresql+psycopg://u:secret@h:port/x"])
def test_address_of_no_use(desk: Desk, land: Land, url: str) -> None:
    (delivery,) = desk.channel(url).collect(MONTH, [AGENCY], desk.memory, land)
    assert delivery.outcome is Outcome.FAILED
    assert "secret" not in repr(delivery)


CP950_NAME = "許碁銹".encode("cp950") + b"\xfa\x40"


def test_cp950_in_sqlite(tmp_path: Path, desk: Desk) -> None:
    database = P2kDatabase(f"sqlite:///{tmp_path}/cp950.sqlite")
    database.add("CPAPE05M")
    database.add("CPAPO15M", POSTATUS="x")
    for table, name, value in (
        ("CPAPE05M", "PENAME", CP950_NAME),
        ("CPAPO15M", "POSTATUS", "已簽核".encode("cp950")),
    ):
        database.execute(f'UPDATE "{table}" SET "{name}" = CAST(:value AS TEXT)', {"value": value})
    database.close()
    document = desk.document(database, encoding="cp950")
    assert document["employees"][0]["name"] == "許碁銹\ue000"
    assert len(document["leaves"]) == 1


def test_cp950_in_a_postgresql_that_knows_no_encoding(new_postgresql_database: Callable[..., str], desk: Desk) -> None:
    database = P2kDatabase(f"{new_postgresql_database('SQL_ASCII')}?client_encoding=utf8")
    database.add("CPAPE05M", PENAME="x")
    database.add("CPAPO15M", POSTATUS="x")
    plain = make_url(database.url).set(drivername="postgresql", query={})
    with psycopg.connect(plain.render_as_string(hide_password=False), client_encoding="latin1") as connection:
        name, status = CP950_NAME.decode("latin-1"), "已簽核".encode("cp950").decode("latin-1")
        connection.execute('UPDATE "CPAPE05M" SET "PENAME" = %s', [name])
        connection.execute('UPDATE "CPAPO15M" SET "POSTATUS" = %s', [status])
    database.close()
    database.url = plain.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
    document = desk.document(database, encoding="cp950")
    assert document["employees"][0]["name"] == "許碁銹\ue000"
    assert len(document["leaves"]) == 1
