"""The government's publication of 2016 as it is: known facts, oddities included."""

from datetime import date

from sqlalchemy.orm import Session

from warehouse.register import RegisterAgencies
from warehouse.register.frames import agencies_frame, ancestors_frame
from warehouse.register.oddities import Oddities
from warehouse.register.reading import read_register

IMPORTED = date(2016, 6, 1)


def test_what_the_report_says(national):
    report = national.report
    assert (report.kind, report.encoding, report.rows) == ("government", "cp950", 15_841)
    assert (report.agencies, report.added, report.active) == (15_841, 15_841, 8_314)
    counts = {oddity.kind: oddity.count for oddity in report.oddities}
    assert counts == {
        "abolished_undated": 796,  # 795 without a date, and one whose date is November 31
        "bad_date": 1,
        "dated_unmarked": 3,
        "reversed_dates": 19,
        "missing_parent": 4,
        "level_gap": 410,
        "bad_postal_code": 1,
        "unknown_postal_code": 22,
    }
    assert any("15,841" in line for line in report.lines())


def test_parents_that_do_not_exist(national):
    orphans = {
        code: period for code, (period, *_) in national.agencies.periods.items() if period.parent_code == "9999999999"
    }
    assert len(orphans) == 4
    active = national.agencies.of_month("2016-06")
    assert sorted(active.keys() & orphans.keys()) == ["3990099025", "3990099045", "3990099055"]
    assert national.agencies.tree("2016-06").parents["3990099045"] is None


def test_in_force(national):
    agencies = national.agencies
    # 8,314 not marked as abolished, less 3 that have a date of abolition all the same and 8 that begin later.
    assert len(agencies.of_month("2016-06")) == 8_314 - 3 - 8
    assert agencies.in_force("376410000A", "2010-12") is True  # 臺北縣政府, until 2010-12-24
    assert agencies.in_force("376410000A", "2011-01") is False
    assert agencies.in_force("382000000A", "2010-11") is False  # 新北市政府, from 2010-12-25
    assert agencies.in_force("382000000A", "2010-12") is True
    assert agencies.in_force("301010400C", "2000-01") is False  # abolished, nobody says when
    assert agencies.in_force("0000000000", "2016-06") is None
    assert agencies.name("376500000A") == "嘉義縣政府"


def test_no_agency_in_force_has_lost_its_authority(national):
    agencies = national.agencies
    tree = agencies.tree("2016-06")
    periods = agencies.of_month("2016-06")
    assert tree.cycles == []
    assert all(period.authority_code == tree.authority_of(code) for code, period in periods.items())
    assert len({period.authority_code for period in periods.values()}) == 112


def test_authorities(national):
    authority = {code: rows[-1].authority_code for code, rows in national.agencies.periods.items()}
    assert authority["A00000000A"] == "A00000000A"  # 行政院
    assert authority["376500000A"] == "376500000A"  # 嘉義縣政府
    assert authority["376800000A"] == "376800000A"  # 嘉義縣議會
    assert authority["371010400A"] == "371020000A"  # 金寧鄉公所 → 金門縣政府
    assert authority["A00010000H"] == "A00010000H"  # 飛航安全調查委員會: independent, level 3
    assert authority["382290300H"] == "382000000A"  # 新北市政府捷運工程處, level 4
    assert authority["376415121E"] == "376410000A"  # 板橋市立圖書館, of a town and a county that are gone


def test_importing_the_same_again_changes_nothing(national, register, real_file):
    register.take(real_file, IMPORTED)
    before = register.everything()
    report = register.take(real_file, date(2017, 3, 15))
    assert (report.unchanged, report.added, report.changed, report.closed) == (15_841, 0, 0, 0)
    assert report.authority_changed == 0
    assert register.everything() == before == national.everything()


def test_the_same_in_utf8(real_file):
    data = real_file.read_bytes()
    in_utf8 = read_register(data.decode("cp950").encode("utf-8-sig"), "utf-8", Oddities())
    assert in_utf8.encoding == "utf-8"
    assert in_utf8.stated == read_register(data, "cp950", Oddities()).stated


def test_five_years_of_frames(national):
    months = [f"{year}-{month:02}" for year in range(2017, 2022) for month in range(1, 13)]
    with Session(national.engine) as session:
        agencies, ancestors = (
            agencies_frame(RegisterAgencies(session)),
            ancestors_frame(RegisterAgencies(session), months),
        )
    assert len(agencies) == 15_841
    for month in (months[0], months[-1]):
        in_force = national.agencies.of_month(month)
        assert len(national.agencies.due(month)) == len(in_force)
        itself = ancestors[(ancestors["month"] == month) & (ancestors["depth"] == 0)]
        assert set(itself["agency_code"]) == set(in_force)
    county = ancestors[(ancestors["month"] == "2021-06") & (ancestors["ancestor_code"] == "376500000A")]
    assert set(county["agency_code"]) == set(national.agencies.tree("2021-06").descendants_of("376500000A"))
