"""The commands that hand in, list, pull and show: what they print, and how they end."""

import hashlib
import json
import os
from functools import partial
from pathlib import Path

import pypdfium2
import pytest

from pipelines.demo.run import SHOWN, run_demo
from tests.support.installations import AGENCIES, AUTHORITY, FIRST, document, installation


@pytest.fixture
def registered(home):
    """An installation whose register holds the four agencies."""
    installation(home).engine.dispose()


def test_a_receipt_says_what_was_handed_in_and_when(attendance, tmp_path):
    file = tmp_path / "document.json"
    file.write_bytes(document(AUTHORITY))
    first = attendance("submit", file)
    assert first.code == 0
    id_ = hashlib.sha256(file.read_bytes()).hexdigest()
    for said in (id_, f"{AUTHORITY} 110年6月", "late by"):
        assert said in first.out
    assert "handed in before" not in first.out
    again = attendance("submit", file)
    assert "handed in before" in again.out
    (receipt,) = attendance("submit", file, "--format", "json").objects
    assert receipt["submission_id"] == id_
    assert (receipt["agency_code"], receipt["month"], receipt["new"], receipt["on_time"]) == (
        AUTHORITY, "2021-06", False, False,
    )  # fmt: skip
    assert receipt["received_at"].endswith("+08:00")


def test_what_landed_and_was_never_recorded_is_recorded_as_of_then(attendance, home):
    opened = installation(home)
    landed = opened.landing.put(document(AUTHORITY)).id
    opened.landing.put(document(FIRST))  # young: its process may be about to record it
    file = opened.home.landing / landed[:2] / landed
    assert AUTHORITY.encode() not in file.read_bytes()  # encrypted: not what anybody could hand in
    os.utime(file, (1_625_097_600, 1_625_097_600))  # 2021-07-01 at midnight in UTC, eight in the morning here
    opened.engine.dispose()
    assert "attendance submit --orphans" in attendance("doctor").out
    (receipt,) = attendance("submit", "--orphans", "--format", "json").objects
    assert (receipt["submission_id"], receipt["agency_code"], receipt["month"]) == (landed, AUTHORITY, "2021-06")
    assert receipt["received_at"] == "2021-07-01T08:00:00+08:00"
    assert (receipt["new"], receipt["on_time"]) == (True, True)
    assert attendance("submit", "--orphans").out == ""
    assert "--orphans" not in attendance("doctor").out


@pytest.mark.parametrize("arguments", [[], ["--orphans", "document.json"]])
def test_it_is_files_or_orphans(registered, attendance, arguments):
    ran = attendance("submit", *arguments)
    assert (ran.code, "--orphans" in ran.err) == (2, True)


def test_a_file_for_nobody_is_kept_and_said_to_be_refused(attendance, tmp_path):
    file = tmp_path / "noise"
    file.write_bytes(b"\xff\xfe")
    ran = attendance("submit", file)
    assert ran.code == 1
    assert "機關不明" in ran.out
    assert "attendance check" in ran.err


def test_the_register_is_imported_and_listed(attendance, tmp_path):
    file = tmp_path / "register.csv"
    file.write_text(f"agency_code,name,parent_code\n{AUTHORITY},嘉義縣政府,\n{FIRST},衛生局,{AUTHORITY}\n")
    imported = attendance("register", "import", file, "--format", "json")
    assert imported.code == 0
    assert imported.objects[0]["added"] == 2
    listed = attendance("register", "list", "--month", "2021-06", "--format", "json").objects
    assert [(one["agency_code"], one["name"], one["due"]) for one in listed] == [
        (AUTHORITY, "嘉義縣政府", True), (FIRST, "衛生局", True),
    ]  # fmt: skip
    assert "衛生局" in attendance("register", "list", "--month", "2021-06").out
    below = attendance("register", "list", "--month", "2021-06", "--authority", FIRST, "--format", "json")
    assert [one["agency_code"] for one in below.objects] == [FIRST]


def test_what_is_no_register_is_2(attendance, tmp_path):
    (tmp_path / "register.csv").write_text("a,b\n1,2\n")
    ran = attendance("register", "import", tmp_path / "register.csv")
    assert ran.code == 2
    assert "agency_code" in ran.err


@pytest.mark.usefixtures("registered")
def test_pulling_empties_the_inbox(attendance, home):
    (home / "inbox" / "document.json").write_bytes(document(FIRST))
    ran = attendance("pull", "--month", "2021-06", "--format", "json")
    assert ran.code == 0
    (report,) = ran.objects
    assert (report["arrived"], report["failures"]) == (1, [])
    assert report["outcomes"] == [{"channel": "manual", "outcome": "delivered", "agencies": 1}]
    assert "manual" not in attendance("pull", "--month", "2021-06").out


def test_a_source_that_is_down_is_2_and_costs_only_its_own(attendance, home, tmp_path):
    register = tmp_path / "register.csv"
    register.write_text(f"agency_code,name,channel\n{AUTHORITY},甲,webitr\n{FIRST},乙,manual\n")
    attendance("register", "import", register)
    (home / "sources.toml").write_text(
        "[webitr]\nattempts = 1\n"
        f'[webitr.agencies.{AUTHORITY}]\nbase_url = "http://127.0.0.1:1"\ntoken = "s3cret-t0ken"\n'
    )
    (home / "inbox" / "document.json").write_bytes(document(FIRST))
    ran = attendance("pull", "--month", "2021-06", "--format", "json")
    assert ran.code == 2
    (report,) = ran.objects
    assert report["arrived"] == 1
    assert [one["agency_code"] for one in report["failures"]] == [AUTHORITY]
    assert "s3cret-t0ken" not in ran.out + ran.err


def test_settings_say_where_they_come_from_and_hide_secrets(attendance, monkeypatch):
    monkeypatch.setenv("ATTENDANCE_PERSON_KEY", "ab" * 32)
    monkeypatch.setenv("ATTENDANCE_DAGSTER_URL", "postgresql+psycopg2://me:hushhush@host/dagster")
    rows = {row["name"]: row for row in attendance("settings", "--format", "json").objects}
    assert rows["person_key"]["origin"] == "environment"
    assert rows["collection_began"]["origin"] == "default"
    for ran in (attendance("settings"), attendance("settings", "--format", "json")):
        assert ran.code == 0
        assert "ab" * 32 not in ran.out
        assert "hushhush" not in ran.out


@pytest.mark.parametrize("name", ["ATTENDANCE_COLLECTION_BEGAN", "ATTENDANCE_LEDGER_URL", "ATTENDANCE_PERSON_KEY"])
def test_a_wrong_setting_is_2_and_the_doctor_says_so(attendance, monkeypatch, name):
    monkeypatch.setenv(name, "nonsense")
    assert attendance("settings").code == 2
    looked = attendance("doctor", "--format", "json")
    assert looked.code == 1
    assert [one["ok"] for one in looked.objects] == [False]


def test_the_doctor_says_what_is_wrong_with_the_sources(attendance, home):
    installation(home).engine.dispose()
    (home / "sources.toml").write_text("[nonsense]\n")
    looked = attendance("doctor")
    assert looked.code == 1
    assert "sources.toml" in looked.out
    assert looked.out.count("FAULT") == 1


@pytest.mark.parametrize("agency", [AGENCIES[0], "ZZZZZZZZZZ"])
@pytest.mark.usefixtures("registered")
def test_an_agency_that_handed_nothing_in_has_no_findings(attendance, agency):
    ran = attendance("findings", "--agency", agency, "--month", "2021-06")
    assert ran.code == 0
    assert "no submission" in ran.out
    assert attendance("findings", "--agency", agency, "--month", "2021-06", "--format", "json").out == ""


def test_the_demo_runs_and_shows_itself_again(attendance, home, tmp_path, monkeypatch):
    # One of its months: all of them have tests of their own (tests/pipelines/demo).
    monkeypatch.setattr("pipelines.demo.run.run_demo", partial(run_demo, months=SHOWN[-1:]))
    first = attendance("demo")
    assert first.code == 0
    assert first.err == ""
    for said in ("入檔情形", "機關每月筆數統計表", "彙整總表", "機關報送比例表", "where to look next"):
        assert said in first.out
    again = attendance("demo")
    assert again.code == 0
    assert "already" in again.err
    assert again.out in first.out
    assert attendance("doctor").code == 0
    file = tmp_path / "ratios.json"
    assert attendance("report", "submission-ratios", "--year", "2021", "-o", file).code == 0
    country = next(row for row in json.loads(file.read_text()) if row["scope"] == "country")
    assert country["due"] == country["submitted"] + country["missing"]
    assert attendance("report", "submission-ratios", "--year", "2021", "-o", tmp_path / "ratios.pdf").code == 0
    page = pypdfium2.PdfDocument(tmp_path / "ratios.pdf")[0].get_textpage().get_text_bounded()
    assert f"全國 {country['due']} {country['submitted']}" in page.replace("— ", "")
    assert ".pdf" in attendance("report", "summary", "--year", "2021", "-o", tmp_path / "x.doc").err


def test_the_demo_does_not_mix_with_real_data(attendance, home):
    installation(home).engine.dispose()
    ran = attendance("demo")
    assert ran.code == 2
    assert "ATTENDANCE_HOME" in ran.err
    assert not Path(home / "demo").exists()


def test_closures_are_taken_in_listed_and_known_to_the_check(attendance, home, tmp_path):
    opened = installation(home)
    opened.engine.dispose()
    file = tmp_path / "closures.csv"
    file.write_bytes("機關代碼,日期,停止上班時數,原因\n376500000A,1100603,8,颱風\n".encode("cp950"))
    ran = attendance("closures", "import", file, "--format", "json")
    assert (ran.code, ran.objects) == (0, [{"rows": 1, "added": 1, "concerned": [], "unplaced": 0}])
    (held,) = attendance("closures", "list", "--month", "2021-06", "--format", "json").objects
    assert (held["code"], held["day"], held["hours"], held["reason"]) == ("376500000A", "2021-06-03", 8, "颱風")
    (tmp_path / "a.json").write_bytes(document(FIRST))
    checked = attendance("check", tmp_path / "a.json", "--format", "json").objects[0]
    assert [finding["rule"] for finding in checked["findings"]] == ["W201"]
    file.write_text("code,day,hours\n376500000A,2021-06-03,12\n", encoding="utf-8")
    ran = attendance("closures", "import", file)
    assert ran.code == 2
    assert "line 2" in ran.err
