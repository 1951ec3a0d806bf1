"""Closures: what a file may say, whom it reaches, and what was known when."""

import csv
import io
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from warehouse.ledger.audit import listed
from warehouse.ledger.engine import reading, writing
from warehouse.ledger.models import Agency
from warehouse.ledger.office_calendar import Closure
from warehouse.office_text import OfficeFileRefused
from warehouse.register.closure_file import Declared, read_closures
from warehouse.register.closures import closed_days, import_closures, list_closures, moments_declared

COUNTY, TOWN, SCHOOL, OTHER = "376500000A", "376500100A", "376500101A", "376510000A"
TYPHOON = date(2021, 9, 13)
FIRST = datetime(2021, 9, 12, 12, tzinfo=UTC)


@pytest.fixture
def register(ledger):
    """A county with a town and the town's school, which lie in 太保市 (the school in 朴子市), and another county."""
    parents = {COUNTY: None, TOWN: COUNTY, SCHOOL: TOWN, OTHER: None}
    postal_codes = {COUNTY: "61247", TOWN: "612", SCHOOL: "613", OTHER: None}
    with writing(ledger) as session:
        for code, parent in parents.items():
            session.add(
                Agency(
                    agency_code=code,
                    name=code,
                    parent_code=parent,
                    active_from=date(2015, 1, 1),
                    postal_code=postal_codes[code],
                )
            )
    return ledger


def declare(engine, *lines: str, at: datetime = FIRST, header: str = "code,day,hours,reason"):
    with writing(engine) as session:
        return import_closures(session, "\n".join([header, *lines]).encode(), by="tester", at=at)


def declare_areas(engine, *lines: str, at: datetime = FIRST):
    return declare(engine, *lines, at=at, header="機關代碼,縣市,鄉鎮市區,日期,時數,原因")


def closed(engine, at=None) -> dict[str, int]:
    """Agency → hours on the day of the typhoon."""
    with reading(engine) as session:
        days = closed_days(session, ["2021-09"], at)
    assert set(days["day"]) <= {TYPHOON}
    return dict(days.select("agency_code", "hours").rows())


def test_a_countys_closure_holds_for_all_below_it(register):
    declare(register, f"{COUNTY},2021-09-13,8,颱風璨樹")
    assert closed(register) == {COUNTY: 8, TOWN: 8, SCHOOL: 8}


def test_the_nearest_declaration_holds(register):
    declare(register, f"{COUNTY},2021-09-13,8,颱風", f"{TOWN},2021-09-13,4,下午停止上班", f"{OTHER},2021-09-13,0,")
    assert closed(register) == {COUNTY: 8, TOWN: 4, SCHOOL: 4}
    declare(register, f"{SCHOOL},2021-09-13,0,照常", at=FIRST + timedelta(hours=1))
    assert closed(register) == {COUNTY: 8, TOWN: 4}


def test_a_county_reaches_all_that_lie_in_it_and_a_town_its_own(register):
    declare_areas(register, ",嘉義縣,,2021-09-13,8,颱風", ",嘉義縣,朴子市,2021-09-13,4,")
    assert closed(register) == {COUNTY: 8, TOWN: 8, SCHOOL: 4}


def test_the_nearest_is_the_agencys_own_then_its_superiors_then_the_towns_then_the_countys(register):
    declare_areas(register, ",嘉義縣,,2021-09-13,1,")
    assert closed(register) == {COUNTY: 1, TOWN: 1, SCHOOL: 1}
    declare_areas(register, ",嘉義縣,朴子市,2021-09-13,2,")
    assert closed(register) == {COUNTY: 1, TOWN: 1, SCHOOL: 2}
    declare_areas(register, f"{TOWN},,,2021-09-13,3,")
    assert closed(register) == {COUNTY: 1, TOWN: 3, SCHOOL: 3}
    declare_areas(register, f"{SCHOOL},,,2021-09-13,4,")
    assert closed(register) == {COUNTY: 1, TOWN: 3, SCHOOL: 4}
    declare_areas(register, f"{SCHOOL},,,2021-09-13,0,照常", ",嘉義縣,,2021-09-13,0,照常")
    assert closed(register) == {TOWN: 3}


def test_areas_are_known_by_either_way_of_writing_them_and_the_same_again_changes_nothing(register):
    assert declare_areas(register, ",台北市,,2021-09-13,8,", ",臺東縣,台東市,2021-09-13,8,").added == 2
    done = declare_areas(register, ",臺北市,,2021-09-13,8,", ",台東縣,臺東市,2021-09-13,8,")
    assert (done.added, done.unplaced) == (0, 0)
    with reading(register) as session:
        assert [(one.code, one.county, one.town) for one in list_closures(session)] == [
            (None, "臺北市", None), (None, "臺東縣", "臺東市"),
        ]  # fmt: skip


def test_agencies_that_no_county_reaches_are_counted(register):
    assert declare_areas(register, ",嘉義縣,,2021-09-13,8,").unplaced == 1
    assert declare(register, f"{COUNTY},2021-09-14,8,").unplaced == 0


def test_an_area_is_given_whole_and_is_real(register):
    with pytest.raises(OfficeFileRefused) as refused:
        declare_areas(
            register,
            f"{COUNTY},嘉義縣,,2021-09-13,8,",
            ",,,2021-09-13,8,",
            ",,太保市,2021-09-13,8,",
            ",嘉義郡,,2021-09-13,8,",
            ",嘉義縣,板橋區,2021-09-13,8,",
            ",新竹市,香山區,2021-09-13,8,",
            ",嘉義縣,,2021-09-13,8,",
            ",嘉義縣,,1100913,4,",
        )
    faults = refused.value.faults
    assert [fault.split(":")[0] for fault in faults] == [f"第 {line} 行 line {line}" for line in (2, 3, 4, 5, 6, 7, 9)]
    assert "either the code" in faults[0]
    assert "no such county" in faults[3]
    assert "no such town" in faults[4]
    assert "do not tell its districts apart" in faults[5]


def test_the_audit_says_which_area_was_closed(register):
    declare_areas(register, ",嘉義縣,朴子市,2021-09-13,8,颱風")
    with reading(register) as session:
        (noted,) = listed(session, actions=["closure_declared"])
    assert (noted.agency_code, noted.month, noted.concerns) == (None, "2021-09", "嘉義縣朴子市 2021-09-13 8 h")


def test_what_was_known_then_stays_known(register):
    declare(register, f"{COUNTY},2021-09-13,4,")
    later = FIRST + timedelta(days=30)
    declare(register, f"{COUNTY},2021-09-13,8,更正", at=later)
    assert closed(register, FIRST - timedelta(seconds=1)) == {}
    assert set(closed(register, FIRST).values()) == {4}
    assert set(closed(register).values()) == {8}
    with reading(register) as session:
        assert moments_declared(session) == [FIRST, later]
        (held,) = list_closures(session, "2021-09")
        assert (held.hours, held.reason, held.by, held.at) == (8, "更正", "tester", later)
        assert list_closures(session, "2021-10") == []
        assert list_closures(session, code=TOWN) == []


def test_the_same_file_again_changes_nothing(register):
    lines = (f"{COUNTY},2021-09-13,8,颱風", f"{TOWN},2021-09-14,4,")
    assert declare(register, *lines).added == 2
    assert declare(register, *lines, at=FIRST + timedelta(days=1)).added == 0
    assert declare(register, *lines, f"{TOWN},2021-09-15,4,", at=FIRST + timedelta(days=1)).added == 1


def test_every_fault_is_told_and_nothing_is_imported(register):
    with pytest.raises(OfficeFileRefused) as refused:
        declare(
            register,
            "short,2021-09-13,8,",
            f"{COUNTY},2021-02-30,9,{'長' * 201}",
            f"{TOWN},2021-09-13,8,",
            f"{TOWN},1100913,4,",
        )
    assert [fault.split(":")[0] for fault in refused.value.faults] == [
        "第 2 行 line 2", "第 3 行 line 3", "第 3 行 line 3", "第 3 行 line 3", "第 5 行 line 5",
    ]  # fmt: skip
    assert "line 4" in refused.value.faults[-1]
    with reading(register) as session:
        assert session.scalar(select(func.count()).select_from(Closure)) == 0


def test_a_code_that_is_not_in_force_is_refused(register):
    with pytest.raises(OfficeFileRefused, match="399999999A"):
        declare(register, f"{TOWN},2021-09-13,8,", "399999999A,2021-09-13,8,")
    with pytest.raises(OfficeFileRefused, match="2014-09-13"):
        declare(register, f"{TOWN},2014-09-13,8,")
    assert closed(register) == {}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp950"])
@pytest.mark.parametrize("day", ["1100913", "110/9/13", "2021-09-13", "2021/9/13"])
def test_files_as_people_write_them(encoding, day):
    text = f"日期,機關代碼,原因,停止上班時數\r\n{day},{COUNTY.lower()}, 颱風 ,8\r\n\r\n"
    assert read_closures(text.encode(encoding)) == [Declared(COUNTY, TYPHOON, 8, "颱風")]


@pytest.mark.parametrize("data", [b"", b"code,day\n", b"\xff\xff", b'code,day,hours\n"', "機關,日子\n".encode()])
def test_what_is_no_such_file_is_refused(data):
    with pytest.raises(OfficeFileRefused):
        read_closures(data if data != b'code,day,hours\n"' else b'code,day,hours\n"x')


@given(
    st.dictionaries(
        st.tuples(st.from_regex(r"[0-9A-Z]{10}", fullmatch=True), st.dates(date(1950, 1, 1), date(2999, 1, 1))),
        st.tuples(st.integers(0, 8), st.none() | st.text("颱風,\"'\n a", min_size=1, max_size=9)),
        max_size=6,
    )
)
def test_what_is_written_is_read(declared):
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(["code", "day", "hours", "reason"])
    writer.writerows((code, day, hours, reason) for (code, day), (hours, reason) in declared.items())
    read = read_closures(file.getvalue().encode())
    assert read == [
        Declared(code, day, hours, (reason or "").strip() or None) for (code, day), (hours, reason) in declared.items()
    ]


def test_the_example_of_the_page_is_read():
    page = (Path(__file__).resolve().parents[3] / "docs" / "office-calendar.md").read_text(encoding="utf-8")
    read = read_closures(re.search(r"```csv\n(.+?)```", page, re.DOTALL)[1].encode())
    assert [one.scope for one in read] == [("嘉義縣", None), ("嘉義縣", "阿里山鄉"), "376500100A"]
