"""Who is behind: the order of versions, when one is behind and since when, the files, and the report over all of it."""

from datetime import date

import pytest

from tests.support.world import World, taipei
from warehouse.client_versions import Enrolment, Release, Standing, Versions, VersionsRefused, order_of, read_versions
from warehouse.publish.database import open_warehouse
from warehouse.publish.publisher import publish

X, Y, Z = "376500000A", "376500001A", "376500002A"
RELEASES = [
    Release("WebITR", "2.4.1", date(2021, 5, 1)),
    Release("WebITR", "2.10.0", date(2021, 7, 15)),
    Release("WebITR", "2.3.0", date(2021, 1, 15)),
    Release("WebHR", "7.0", date(2020, 1, 1)),
]
FILE = "system,version,released_on\n" + "\n".join(f"{one.system},{one.version},{one.released_on}" for one in RELEASES)


@pytest.mark.parametrize(
    ("version", "on", "standing"),
    [
        ("2.4.1", date(2021, 7, 14), ("2.4.1", 0, None, 0)),  # the day before the next one
        ("2.4.1", date(2021, 7, 15), ("2.10.0", 1, date(2021, 7, 15), 0)),
        ("2.4.1", date(2021, 9, 14), ("2.10.0", 1, date(2021, 7, 15), 1)),
        ("2.4.1", date(2021, 9, 15), ("2.10.0", 1, date(2021, 7, 15), 2)),
        ("v2.2", date(2021, 9, 1), ("2.10.0", 3, date(2021, 1, 15), 7)),  # older than every known one
        ("2.3.5", date(2021, 9, 1), ("2.10.0", 2, date(2021, 5, 1), 4)),  # between two of them
        ("3.0", date(2021, 9, 1), ("2.10.0", 0, None, 0)),  # ahead of all
        ("春季版", date(2021, 9, 1), ("2.10.0", None, None, None)),
        ("2.4.1", date(2021, 1, 1), (None, None, None, None)),
    ],
)
def test_a_version_stands_among_those_released_by_the_day(version, on, standing):
    versions = Versions(RELEASES)
    assert versions.standing("webitr", version, on) == Standing(*standing)
    assert versions.standing("自建差勤系統", version, on) == Standing(None, None, None, None)


def test_numbers_are_in_the_order_of_numbers():
    assert order_of("2.10.0") > order_of("2.9") > order_of("2.9rc1")
    assert order_of("1.10.0508") == order_of("V1.10.508")
    assert order_of("春季版") is None


def test_enrolment_has_its_days_and_silence_is_not_no():
    versions = Versions(enrolments=[Enrolment(X, date(2021, 3, 1), date(2021, 8, 31)), Enrolment(Y, None, None)])
    assert [versions.enrolled(X, day) for day in (date(2021, 2, 28), date(2021, 3, 1), date(2021, 9, 1))] == [
        False, True, False,
    ]  # fmt: skip
    assert (versions.enrolled(Y, date(1999, 1, 1)), versions.enrolled(Z, date(2021, 3, 1))) == (True, False)
    assert Versions().enrolled(X, date(2021, 3, 1)) is None


def test_the_installations_row_goes_before_the_shipped_one(tmp_path):
    assert read_versions(tmp_path).releases == []
    (tmp_path / "client_versions.csv").write_bytes("system,version,released_on\nWebITR,2.4.1,1100501\n".encode("cp950"))
    assert read_versions(tmp_path).releases == [Release("WebITR", "2.4.1", date(2021, 5, 1))]


@pytest.mark.parametrize(
    ("name", "text", "fault"),
    [
        ("client_versions.csv", "system,released_on\nWebITR,2021-05-01\n", "version"),
        ("client_versions.csv", "system,version,released_on\nWebITR,2.4.1,May\n", "line 2"),
        ("client_versions.csv", "system,version,released_on\nWebITR,春季版,2021-05-01\n", "no place among"),
        ("automatic_updates.csv", f"agency_code,enrolled_from\n{X},soon\n", "line 2"),
        ("automatic_updates.csv", "code\n", "agency_code"),
    ],
)
def test_a_file_that_cannot_be_used_says_where(tmp_path, name, text, fault):
    (tmp_path / name).write_text(text)
    with pytest.raises(VersionsRefused, match=fault) as refused:
        read_versions(tmp_path)
    assert name in str(refused.value)


def test_the_report_names_who_is_behind_and_enrolled_all_the_same(tmp_path):
    world = World(tmp_path)
    for code in (X, Y, Z):
        world.agency(code, None if code == X else X)
    world.enter(X, "2021-06", "2021-07-05 09:00", version="2.4.1")
    world.enter(Y, "2021-06", "2021-07-05 09:00", version="2.2.0")
    world.enter(Z, "2021-06", "2021-07-20 09:00", version="2.4.1")
    (world.home.root / "client_versions.csv").write_text(FILE)
    (world.home.root / "automatic_updates.csv").write_text(f"agency_code,enrolled_from,enrolled_to\n{Y},2021-01-01,\n")
    publish(world.home, world.engine, now=taipei("2021-08-01 09:00"))
    with open_warehouse(world.home.warehouse) as connection:
        rows = connection.execute(
            "SELECT agency_code, version, newest_version, versions_behind, months_behind, automatic_updates, "
            "behind_all_the_same FROM reports.client_versions"
        ).fetchall()
    assert rows == [
        (Y, "2.2.0", "2.4.1", 2, 5, True, True),
        (Z, "2.4.1", "2.10.0", 1, 0, False, False),
        (X, "2.4.1", "2.4.1", 0, 0, False, False),
    ]
    (world.home.root / "client_versions.csv").write_text("system,version,released_on\nWebITR,?,2021-01-01\n")
    with pytest.raises(VersionsRefused):
        publish(world.home, world.engine)
    world.engine.dispose()
