"""A month through the command line over a real home: register, files of every kind, run, reports, rebuild, doctor."""

import json
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import redirect_stdout
from hashlib import sha256
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from pipelines.cli.app import ending
from tests.support.cli import Attendance
from tests.support.installations import (
    AGENCIES,
    AUTHORITY,
    FIRST,
    PERSON,
    SECOND,
    THIRD,
    MadeOnce,
    document,
    refused,
    with_error,
)

MONTH = "2021-06"
REPORTS = ("monthly-counts", "summary", "submission-ratios")

#: Bytes that are no submission, each another way of being none.
GARBAGE = {
    "empty": b"",
    "spaces": b" \n\t",
    "noise": bytes(range(256)) * 8,
    "zeros": bytes(4096),
    "cp950.json": '{"機關": "嘉義縣政府"}'.encode("cp950"),
    "utf16.json": document(THIRD).decode().encode("utf-16"),
    "half.json": document(THIRD)[:300],
    "two.json": document(THIRD) + document(THIRD),
    "list.json": b"[]",
    "number.json": b"1e999",
    "deep.json": b"[" * 100_000,
    "lone-surrogate.json": b'{"agency_code": "\\ud800"}',
    "picture.png": b"\x89PNG\r\n\x1a\n" + bytes(100),
}


def files(folder: Path) -> Path:
    """A folder of what agencies hand in: sound, faulty, twice the same, in a folder and an archive, and garbage."""
    (folder / "deep").mkdir(parents=True)
    (folder / "sound.json").write_bytes(document(AUTHORITY))
    (folder / "the same again.json").write_bytes(document(AUTHORITY))
    (folder / "deep" / "faulty").write_bytes(with_error(FIRST))
    (folder / "refused.json").write_bytes(refused(SECOND))
    with zipfile.ZipFile(folder / "archive", "w") as archive:
        archive.writestr("third.json", document(THIRD))
    for name, data in GARBAGE.items():
        (folder / name).write_bytes(data)
    return folder


def register(path: Path) -> Path:
    """The register of the four agencies, in the project's own columns."""
    rows = [f"{code},機關{code},{'' if code == AUTHORITY else AUTHORITY},2015-01-01,2" for code in AGENCIES]
    path.write_text("\n".join(["agency_code,name,parent_code,active_from,expected_headcount", *rows]), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> MadeOnce:
    """The month imported, handed in, and run."""
    folder = tmp_path_factory.mktemp("a_month")
    return MadeOnce(folder / "home", lambda home: run_month(home, register(folder / "register.csv"), folder / "files"))


def run_month(home: Path, registered: Path, folder: Path) -> None:
    def attendance(*arguments: object) -> tuple[int, list[Any]]:
        with redirect_stdout(TextIOWrapper(BytesIO())) as said:
            code = ending([str(argument) for argument in arguments])
        said.seek(0)
        return code, [json.loads(line) for line in said]

    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("ATTENDANCE_HOME", str(home))
        patched.setenv("ATTENDANCE_COLLECTION_BEGAN", MONTH)
        assert attendance("register", "import", registered, "--format", "json")[0] == 0
        code, submitted = attendance("submit", files(folder), "--format", "json")
        assert code == 1  # garbage names no agency
        assert len(submitted) == len(GARBAGE) + 5
        code, (said,) = attendance("run", "--month", MONTH, "--format", "json")
    assert code == 1
    states = [one["state"] for one in said["submissions"]]
    assert sorted(set(states)) == ["entered", "entered_with_errors", "refused"]
    assert len(states) == len(GARBAGE) + 4  # the same bytes twice are one submission
    assert states.count("refused") == len(GARBAGE) + 1


@pytest.fixture
def home(made_once: MadeOnce, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with made_once.brought_back() as home:
        monkeypatch.setenv("ATTENDANCE_HOME", str(home))
        monkeypatch.setenv("ATTENDANCE_COLLECTION_BEGAN", MONTH)
        yield home


def reports(attendance: Attendance, folder: Path) -> dict[str, bytes]:
    """Every report as JSON and CSV, and the status."""
    folder.mkdir(exist_ok=True)
    made = {"status": attendance("status", "--month", MONTH, "--format", "json").out.encode()}
    for report in REPORTS:
        for suffix in ("json", "csv"):
            file = folder / f"{report}.{suffix}"
            assert attendance("report", report, "--year", "2021", "-o", file).code == 0
            made[file.name] = file.read_bytes()
    return made


def test_what_became_of_each_agency(attendance: Attendance) -> None:
    ran = attendance("status", "--month", MONTH, "--format", "json")
    assert {row["agency_code"]: row["state"] for row in ran.objects} == {
        AUTHORITY: "entered",
        FIRST: "entered_with_errors",
        SECOND: "refused",
        THIRD: "entered",
    }
    assert ran.code == 1
    text = attendance("status", "--month", MONTH)
    assert "110年6月" in text.out
    assert SECOND in text.out
    listed, _, lately = text.out.partition("以來 since then")
    assert AUTHORITY not in listed  # all is well with it
    assert f"新入檔 came in: {AUTHORITY}" in lately

    found = attendance("findings", "--agency", SECOND, "--month", MONTH, "--format", "json")
    assert [row["rule"] for row in found.objects] == ["F006"]
    assert found.code == 1
    text = attendance("findings", "--agency", FIRST, "--month", MONTH)
    assert "R102" in text.out
    assert "B223456782" not in text.out
    sound = attendance("findings", "--agency", AUTHORITY, "--month", MONTH)
    assert sound.code == 0


def test_the_reports_are_rebuilt_byte_for_byte(attendance: Attendance, home: Path, tmp_path: Path) -> None:
    before = reports(attendance, tmp_path / "before")
    counts = json.loads(before["monthly-counts.json"])
    assert {row["agency_code"] for row in counts} == {AUTHORITY, FIRST, THIRD}
    assert all(row["submitted"] == row["entered"] + row["refused"] for row in counts)
    assert before["summary.csv"].startswith(b"\xef\xbb\xbf")

    shutil.rmtree(home / "store")
    shutil.rmtree(home / "published")
    (home / "warehouse.duckdb").unlink()
    assert attendance("doctor").code == 1
    rebuilt = attendance("rebuild", "--format", "json")
    assert rebuilt.code == 0
    assert rebuilt.objects[0]["submissions"] == len(GARBAGE) + 4
    assert reports(attendance, tmp_path / "after") == before
    looked = attendance("doctor", "--format", "json")
    assert [one["name"] for one in looked.objects if not one["ok"]] == []
    assert looked.code == 0


def test_a_correction_replaces_the_month_and_a_refused_one_does_not(attendance: Attendance, tmp_path: Path) -> None:
    correction, spoiled = tmp_path / "correction.json", tmp_path / "spoiled.json"
    correction.write_bytes(document(FIRST, produced_at="2021-07-06T09:12:00+08:00"))
    spoiled.write_bytes(refused(AUTHORITY))
    assert attendance("submit", correction, spoiled).code == 0
    waiting = attendance("status", "--month", MONTH)
    assert "attendance run --month 2021-06" in waiting.err
    assert attendance("run", "--month", MONTH).code == 1
    states = {row["agency_code"]: row for row in attendance("status", "--month", MONTH, "--format", "json").objects}
    assert states[FIRST]["state"] == "entered"
    assert states[AUTHORITY]["state"] == "entered"
    found = attendance("findings", "--agency", AUTHORITY, "--month", MONTH, "--format", "json")
    # the same person is on all these agencies' lists, as the review says; the refused document still wants mending
    assert {row["rule"] for row in found.objects} == {"F006", "W209"}
    assert attendance("run", "--month", MONTH).code == 0  # nothing left to do


def test_as_of_the_deadline_nothing_had_come(attendance: Attendance) -> None:
    then = attendance("status", "--month", MONTH, "--as-of", "2021-07-20", "--format", "json")
    assert {row["state"] for row in then.objects} == {"missing"}
    ratios = attendance("report", "submission-ratios", "--year", "2021", "--as-of", "2021-07-20", "--format", "json")
    assert {row["submitted"] for row in ratios.objects} == {0}
    assert then.code == 0


def test_no_id_and_no_name_gets_past_landing(attendance: Attendance, home: Path, tmp_path: Path) -> None:
    """Every file but landing's is searched for them, Parquet and DuckDB by what they hold."""
    reports(attendance, tmp_path / "reports")
    places = [path for path in home.rglob("*") if path.is_file() and (home / "landing") not in path.parents]
    places += list((tmp_path / "reports").iterdir())
    assert {".parquet", ".sqlite", ".duckdb", ".csv"} <= {path.suffix for path in places}
    for path in places:
        for secret in (PERSON, "王小明"):
            assert secret not in content(path), path


def content(path: Path) -> str:
    """What a file holds, as text."""
    if path.suffix == ".parquet":
        return pl.read_parquet(path).write_csv()
    if path.suffix != ".duckdb":
        return path.read_bytes().decode("utf-8", errors="replace")
    with duckdb.connect(str(path), read_only=True) as connection:
        names = "SELECT table_schema || '.' || table_name FROM information_schema.tables"
        tables = [name for (name,) in connection.execute(names).fetchall()]
        assert "core.employees" in tables
        return "".join(str(connection.execute(f"SELECT * FROM {name}").fetchall()) for name in tables)


def test_a_zip_bomb_is_refused_and_its_neighbours_are_not(
    attendance: Attendance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "new"
    monkeypatch.setenv("ATTENDANCE_HOME", str(home))
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "a.json").write_bytes(document(AUTHORITY))
    with zipfile.ZipFile(folder / "b.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(200 << 20))
    ran = attendance("submit", folder, "--format", "json")
    assert ran.code == 2
    assert len(ran.objects) == 1
    assert "zip bomb" in ran.err
    landed = [path for path in (home / "landing").rglob("*") if path.is_file()]
    assert [path.name for path in landed] == [sha256(document(AUTHORITY)).hexdigest()]
