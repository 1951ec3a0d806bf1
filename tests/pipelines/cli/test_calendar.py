"""`attendance calendar`, as an operator types it."""

from datetime import date

from tests.support.cli import Attendance
from tests.support.installations import FIRST, SECOND, document, installation
from tests.support.office_calendars import HEADER, calendar_file

#: A Thursday on which the document's person is on leave; and a Saturday.
DAY, SATURDAY = date(2021, 6, 3), date(2021, 6, 5)


def test_a_correction_from_its_import_to_what_it_changes(attendance: Attendance, home, tmp_path):
    installation(home).engine.dispose()
    file = tmp_path / "a.json"
    file.write_bytes(document(FIRST))
    assert attendance("submit", file).code == 0
    assert attendance("run", "--month", "2021-06").code == 0
    published, corrected = tmp_path / "published.csv", tmp_path / "corrected.csv"
    published.write_bytes(calendar_file(2021))
    corrected.write_bytes(calendar_file(2021, turned={DAY: False, SATURDAY: True}))
    ran = attendance("calendar", "import", published)
    assert (ran.code, ran.err) == (0, "")
    assert "365" in ran.out
    assert "no agency-month to be checked again" in ran.out
    (done,) = attendance("calendar", "import", corrected, "--format", "json").objects
    assert done["files"] == [
        {"file": str(corrected), "years": [2021], "days": 365, "added": 2, "moved": ["2021-06-03", "2021-06-05"]}
    ]
    assert done["rechecked"] == [{"agency_code": FIRST, "month": "2021-06", "differs": True}]
    (finding,) = attendance("findings", "--agency", FIRST, "--month", "2021-06", "--format", "json").objects
    assert finding["rule"] == "W201"
    (again,) = attendance("calendar", "import", corrected, "--format", "json").objects
    assert (again["files"][0]["added"], again["rechecked"]) == (0, [])
    said = attendance("calendar", "import", published).out
    assert "worked otherwise than known before: 2（2021-06-03、2021-06-05）" in said
    assert f"{FIRST} 2021-06" in said


def test_the_list_says_who_imported_what_and_which_days_differ(attendance: Attendance, home, tmp_path):
    installation(home).engine.dispose()
    file = tmp_path / "two.csv"
    file.write_bytes(calendar_file(2021, 2022, turned={DAY: False, SATURDAY: True}))
    attendance("calendar", "import", file)
    (listed,) = attendance("calendar", "list", "--format", "json").objects
    assert [(one["year"], one["days"]) for one in listed["editions"]] == [(2021, 365), (2022, 365)]
    assert all(one["by"].startswith("cli:") and len(one["sha256"]) == 64 for one in listed["editions"])
    assert listed["differing"] == [{"day": "2021-06-03", "worked": False}, {"day": "2021-06-05", "worked": True}]
    (of_a_year,) = attendance("calendar", "list", "--year", 2022, "--format", "json").objects
    assert ([one["year"] for one in of_a_year["editions"]], of_a_year["differing"]) == ([2022], [])
    shown = attendance("calendar", "list").out
    assert "2021-06-05" in shown
    assert "上班 worked" in shown


def test_one_file_with_a_fault_and_none_of_them_is_imported(attendance: Attendance, home, tmp_path):
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_bytes(calendar_file(2021))
    bad.write_text(f"{HEADER}\n20210101,六,2,\n", encoding="utf-8")
    ran = attendance("calendar", "import", good, bad)
    assert ran.code == 2
    assert f"{bad}: 第 2 行 line 2: 2021-01-01 是星期五" in ran.err
    assert attendance("calendar", "list", "--format", "json").objects == [{"editions": [], "differing": []}]
    assert attendance("calendar", "import", tmp_path / "none.csv").code == 2


def test_the_check_knows_it_where_there_is_an_installation(attendance: Attendance, home, tmp_path):
    installation(home).engine.dispose()
    calendar, file = tmp_path / "a.csv", tmp_path / "a.json"
    calendar.write_bytes(calendar_file(2021, turned={DAY: False}))
    file.write_bytes(document(SECOND))
    assert attendance("check", file, "--format", "json").objects[0]["findings"] == []
    attendance("calendar", "import", calendar)
    (finding,) = attendance("check", file, "--format", "json").objects[0]["findings"]
    assert finding["rule"] == "W201"


def test_without_a_home_it_is_the_packaged_one(attendance: Attendance, home, tmp_path, monkeypatch):
    installation(home).engine.dispose()
    calendar, file = tmp_path / "a.csv", tmp_path / "a.json"
    calendar.write_bytes(calendar_file(2021, turned={DAY: False}))
    file.write_bytes(document(SECOND))
    attendance("calendar", "import", calendar)
    monkeypatch.delenv("ATTENDANCE_HOME")
    monkeypatch.chdir(tmp_path)
    assert attendance("check", file, "--format", "json").objects[0]["findings"] == []
