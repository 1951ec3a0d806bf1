"""`attendance check`: what it prints and how it ends; it needs nothing but the file and writes nothing."""

import json
import zipfile
from pathlib import Path

import openpyxl
import pytest

from checks.bulk import CheckedDocument
from checks.findings import Finding, Severity, findings_frame
from pipelines.cli.check import is_ok
from tests.support.installations import AUTHORITY, FIRST, PERSON, document, installation, refused, with_error

KEYS = list(Finding.__dataclass_fields__)


@pytest.fixture
def write(tmp_path):
    def write_one(data: bytes, name: str = "document.json") -> Path:
        path = tmp_path / "files" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    return write_one


@pytest.fixture
def registered(home):
    """An installation whose register holds the four agencies."""
    installation(home).engine.dispose()


def rules(ran, file: int = 0) -> list[str]:
    return [finding["rule"] for finding in ran.objects[file]["findings"]]


def test_json_is_the_object_that_the_specification_gives(attendance, write):
    file = write(with_error(AUTHORITY))
    ran = attendance("check", file, "--format", "json")
    (said,) = ran.objects
    assert list(said) == ["file", "ok", "findings"]
    assert (said["file"], said["ok"]) == (str(file), False)
    (finding,) = said["findings"]
    assert list(finding) == KEYS
    assert finding["rule"] == "R102"
    assert finding["pointer"] == "/overtime/0/person_id"
    assert finding["line"] == 1
    assert finding["value"] == "B22****782"
    assert ran.code == 1


def test_a_sound_file_is_0(attendance, write):
    ran = attendance("check", write(document(AUTHORITY)), "--format", "json")
    assert ran.code == 0
    assert [one["ok"] for one in ran.objects] == [True]
    assert rules(ran) == []


@pytest.mark.parametrize(
    ("severities", "ok"), [([], True), (["warning"], True), (["warning", "error"], False), (["fatal"], False)]
)
def test_warnings_alone_are_no_fault(severities, ok):
    nothing = dict.fromkeys(KEYS)
    found = [Finding(**{**nothing, "rule": "X", "severity": Severity(one), "message": "", "message_en": ""})
             for one in severities]  # fmt: skip
    unknown = dict.fromkeys(("agency_code", "month", "system", "version", "produced_at"))
    assert is_ok(CheckedDocument(**unknown, refused="fatal" in severities, findings=findings_frame(found))) is ok


def test_text_says_whose_it_is_and_where_each_fault_is(attendance, write):
    ran = attendance("check", write(json.dumps(json.loads(with_error(AUTHORITY)), indent=1).encode()))
    assert ran.code == 1
    first, heading, finding, english, *_ = ran.out.splitlines()
    assert f"{AUTHORITY} 110年6月" in first
    assert "1 錯誤 errors" in first
    assert "errors" in heading
    assert finding.split()[0].count(":") == 1
    assert int(finding.split()[0].split(":")[0]) > 1
    assert "R102 B22****782 2021-06-04 18:00–20:00 overtime[0] O-1 person_id:" in finding
    assert "B22****782" in finding
    assert english.strip()[0].isupper()


def test_no_id_name_or_reason_is_ever_printed(attendance, write):
    secret = document(AUTHORITY).replace("王小明".encode(), b"\\u0000Wang").replace(b"A123456789", b"A123456780")
    for output in ("text", "json"):
        ran = attendance("check", write(secret), "--format", output)
        assert ran.code == 1
        assert "A123456780" not in ran.out + ran.err
        assert "Wang" not in ran.out + ran.err


def test_without_a_register_f011_is_said_not_to_be_evaluated(attendance, write):
    file = write(document("ZZZZZZZZZZ"))
    text = attendance("check", file)
    assert text.code == 0
    assert "not evaluated: F011: " in text.out
    assert "not evaluated: W202, W206, W207, W209, W213, W214: " in text.out
    as_json = attendance("check", file, "--format", "json")
    assert "not evaluated: F011: " in as_json.err
    assert len(as_json.objects) == 1


@pytest.mark.usefixtures("registered")
def test_with_a_register_f011_is_evaluated(attendance, write):
    ran = attendance("check", write(document("ZZZZZZZZZZ")))
    assert ran.code == 1
    assert "F011" in ran.out
    assert "not evaluated: F011" not in ran.out
    assert attendance("check", write(document(FIRST))).code == 0


def test_a_broken_ledger_does_not_keep_anybody_from_checking(attendance, write, home):
    home.mkdir()
    (home / "ledger.sqlite").write_bytes(b"this is no database, whatever its name says" * 100)
    ran = attendance("check", write(document(AUTHORITY)))
    assert ran.code == 0
    assert "attendance doctor" in ran.out


def test_agency_and_month_are_what_it_would_be_submitted_for(attendance, write):
    file = write(document(AUTHORITY))
    assert attendance("check", file, "--agency", AUTHORITY, "--month", "2021-06").code == 0
    other = attendance("check", file, "--agency", FIRST, "--month", "2021-07", "--format", "json")
    assert rules(other) == ["F010", "F010"]
    assert other.code == 1


def test_the_future_is_measured_from_today(attendance, write):
    file = write(document(AUTHORITY, "2031-06"))
    assert rules(attendance("check", file, "--format", "json", "--today", "2030-07-01")) == ["F012"]
    assert rules(attendance("check", file, "--format", "json", "--today", "2031-07-01")) == []


def test_findings_are_the_same_whatever_day_it_is(attendance, write):
    file = write(with_error(AUTHORITY))
    days = ("2021-07-01", "2026-01-01", "2036-12-31")
    said = [attendance("check", file, "--month", "2021-06", "--format", "json", "--today", day).out for day in days]
    assert len(set(said)) == 1


def test_a_folder_and_an_archive_are_their_files_whatever_their_names(attendance, write, tmp_path):
    write(document(AUTHORITY), "one/a.txt")
    write(refused(AUTHORITY), "one/deep/b")
    with zipfile.ZipFile(write(b"", "holds.dat"), "w") as archive:
        archive.writestr("inside.xml", document(FIRST))
    ran = attendance("check", tmp_path / "files", "--format", "json")
    assert ran.code == 1
    names = [Path(one["file"]).name for one in ran.objects]
    assert names == ["holds.dat!inside.xml", "a.txt", "b"]
    assert [one["ok"] for one in ran.objects] == [True, True, False]


def test_an_archive_that_is_a_bomb_is_refused_and_what_came_before_is_checked(attendance, write):
    bomb = write(b"", "z.zip")
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(120 << 20))
    ran = attendance("check", write(document(AUTHORITY)), bomb, "--format", "json")
    assert ran.code == 2
    assert [one["ok"] for one in ran.objects] == [True]
    assert "zip bomb" in ran.err


def test_a_file_that_cannot_be_read_is_2(attendance, write):
    ran = attendance("check", write(document(AUTHORITY)), "/proc/self/mem", "--format", "json")
    assert ran.code == 2
    assert len(ran.objects) == 1
    assert "/proc/self/mem" in ran.err or "Input/output error" in ran.err


@pytest.mark.usefixtures("registered")
def test_nothing_is_written(attendance, write, home, tmp_path):
    file = write(refused(AUTHORITY))
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    attendance("check", file)
    after = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert before == after
    assert home.exists()


def test_without_an_installation_none_is_made(attendance, write, home):
    attendance("check", write(document(AUTHORITY)))
    assert not home.exists()


def test_control_characters_of_a_document_are_not_obeyed(attendance, write):
    ran = attendance("check", write(document(AUTHORITY, **{"\x1b[31mred": 1})))
    assert "F006" in ran.out
    assert "\x1b" not in ran.out


def test_what_would_be_filed_as_nobodys_is_said_to_be_refused(attendance, write):
    """A property's name that is escaped: JSON reads it, whoever files the document does not."""
    escaped = document(AUTHORITY).replace(b'"agency_code"', b'"agency\\u005fcode"')
    ran = attendance("check", write(escaped), "--format", "json")
    (said,) = ran.objects
    (finding,) = said["findings"]
    assert (finding["rule"], finding["severity"], finding["pointer"]) == ("F010", "fatal", "/agency_code")
    assert "跳脫" in finding["expected"]


def test_where_findings_are_capped_it_says_how_many_there_are_of_each_rule(attendance, write, tmp_path):
    file = write(document(AUTHORITY, leaves=[{}] * 500))
    ran = attendance("check", file, "--format", "json")
    (said,) = ran.objects
    assert (len(said["findings"]), said["unlisted"]) == (1000, {"F005": 2000})
    ran = attendance("check", file, "-o", tmp_path / "report.xlsx")
    assert "3,000 致命錯誤" in ran.out
    assert "共 3,000 件，僅列前 1,000 件 the first 1,000 of 3,000; 未列 not listed: F005 2,000" in ran.out
    first = openpyxl.load_workbook(tmp_path / "report.xlsx")["請先讀"]
    assert "共 3,000 件，僅列前 1,000 件；未列者不在以下件數" in repr(list(first.values))


def test_a_row_that_is_switched_on_here_warns(attendance, write, monkeypatch):
    """A hundred and ten hours of a police officer, in eleven duties of ten hours."""
    month = "2023-04"
    duties = [
        {
            "record_id": f"O-{day}", "person_id": PERSON, "start": f"{month}-{day:02}T08:00",
            "end": f"{month}-{day:02}T18:00", "minutes": 600, "compensation": "pay",
        }
        for day in range(1, 12)
    ]  # fmt: skip
    file = write(document("376500001C", month, leaves=[], overtime=duties))
    shipped = attendance("check", file)
    assert shipped.code == 0
    assert "W204" in next(line for line in shipped.out.splitlines() if "not evaluated" in line and "W203" in line)
    monkeypatch.setenv("ATTENDANCE_ROWS_SWITCHED_ON", "civil_servant-police_fire")
    assert rules(attendance("check", file, "--format", "json")) == ["W204", "W212"]
    monkeypatch.setenv("ATTENDANCE_ROWS_SWITCHED_ON", "police")
    refused_setting = attendance("check", file)
    assert (refused_setting.code, "civil_servant-police_fire" in refused_setting.err) == (2, True)
