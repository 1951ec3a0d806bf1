"""The error report: what an HR office reads in its spreadsheet, of a file and of an entered month."""

import json

import openpyxl
import pytest
from odf import table, teletype
from odf.opendocument import load

from assets import error_report
from tests.support.installations import FIRST, PERSON, document, installation, refused

MONTH = "2021-06"


def leave(number: int, **more):
    day = f"{MONTH}-{number % 28 + 1:02}"
    return {
        "record_id": f"{number:04}", "person_id": PERSON, "leave_type": "03", "start": f"{day}T08:30",
        "end": f"{day}T09:30", "hours": 1, "certificate": False, "reason": "看病", **more,
    }  # fmt: skip


@pytest.fixture
def faulty(tmp_path):
    """28 leaves: all of an unknown type but two; one with a record_id that looks like a formula, one of an ID."""
    records = [leave(number, leave_type="88" if number > 1 else "03") for number in range(28)]
    records[5]["record_id"] = "=1+1"
    records[6]["record_id"] = f"@{PERSON}"
    records[7]["record_id"] = "1E5"
    path = tmp_path / "faulty.json"
    path.write_bytes(document(FIRST, leaves=records))
    return path


def sheets(path):
    """Title → rows of texts and numbers."""
    if path.suffix == ".xlsx":
        book = openpyxl.load_workbook(path)
        return {sheet.title: [list(row) for row in sheet.iter_rows(values_only=True)] for sheet in book}
    return {
        sheet.getAttribute("name"): [
            [teletype.extractText(cell) for cell in row.getElementsByType(table.TableCell)]
            for row in sheet.getElementsByType(table.TableRow)
        ]
        for sheet in load(str(path)).spreadsheet.getElementsByType(table.Table)
    }


@pytest.mark.parametrize("suffix", [".xlsx", ".ods"])
def test_a_checked_file(attendance, faulty, tmp_path, suffix):
    report = tmp_path / f"report{suffix}"
    ran = attendance("check", faulty, "-o", report)
    assert ran.code == 1
    assert str(report) in ran.err
    read = sheets(report)
    assert list(read) == ["請先讀", "依規則", "明細"]
    first = [str(cell) for row in read["請先讀"] for cell in row if cell not in {None, ""}]
    assert "faulty.json" in first
    assert any("26 筆退件" in cell for cell in first)
    assert any("28 筆中有 26 筆" in cell and "系統" in cell for cell in first)
    (head, *rules) = read["依規則"]
    (line,) = [dict(zip(head, row, strict=True)) for row in rules if row[1] == "R107"]
    assert [str(line[name]) for name in ("項數 findings", "筆數 records")] == ["26", "26"]
    assert line["研判 looks like"].startswith("系統問題")
    (head, *found) = read["明細"]
    ids = [dict(zip(head, row, strict=True))["編號 record_id"] for row in found if row[1] == "R107"]
    assert ids[:3] == ["0002", "0003", "0004"]
    assert {"=1+1", "@A12****789", "1E5"} <= set(ids)
    everything = json.dumps(read, ensure_ascii=False)
    assert PERSON not in everything
    assert "看病" not in everything


def test_an_entered_month_with_its_answers(attendance, home, tmp_path):
    installation(home).engine.dispose()
    file = tmp_path / "a.json"
    file.write_bytes(document(FIRST, leaves=[leave(5, leave_type="09", record_id="L-1"), leave(7, leave_type="88")]))
    assert attendance("submit", file).code == 0
    attendance("run", "--month", MONTH)
    answer = ["--rule", "W208", "--code", "OTHER", "--text", "已補證明", "--by", "人事室"]
    explained = attendance("explain", "add", "--agency", FIRST, "--month", MONTH, *answer)
    assert explained.code == 0, explained.err
    report = tmp_path / "report.xlsx"
    assert attendance("findings", "--agency", FIRST, "--month", MONTH, "-o", report).code == 1
    first = [cell for row in sheets(report)["請先讀"] for cell in row]
    assert f"{FIRST} 機關 {FIRST} 110年6月" in first
    (head, *found) = sheets(report)["明細"]
    answers = {row[1]: dict(zip(head, row, strict=True))["說明 explained"] for row in found}
    assert "已補證明" in answers["W208"]
    assert answers["R107"] is None


def test_it_fits_the_width_of_the_paper_and_nothing_is_folded_out_of_sight(attendance, faulty, tmp_path):
    report = tmp_path / "report.xlsx"
    attendance("check", faulty, "-o", report)
    book = openpyxl.load_workbook(report)
    for sheet in book:
        assert (sheet.page_setup.orientation, sheet.sheet_properties.pageSetUpPr.fitToPage) == ("landscape", True)
        assert sheet.page_setup.fitToHeight == 0  # as many pages long as it takes
    each = book["明細"]
    assert each.print_title_rows == "$1:$1"
    assert all(each.row_dimensions[row].height > 15 for row in range(2, each.max_row + 1))
    report = tmp_path / "report.ods"
    attendance("check", faulty, "-o", report)
    styles = load(str(report)).xml().decode()
    assert 'scale-to-X="1"' in styles


def test_a_refused_file_and_one_without_a_fault(attendance, tmp_path):
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "a.json").write_bytes(refused(FIRST))
    (folder / "b.json").write_bytes(document(FIRST))
    report = tmp_path / "report.xlsx"
    assert attendance("check", folder, "-o", report).code == 1
    first = [str(cell) for row in sheets(report)["請先讀"] for cell in row if cell]
    assert {"a.json", "b.json"} <= set(first)
    assert any(cell.startswith("整份退件") for cell in first)
    assert any(cell.startswith("合格") for cell in first)


def test_of_very_many_findings_the_first_are_listed_and_all_counted(attendance, faulty, tmp_path, monkeypatch):
    monkeypatch.setattr(error_report, "MOST_OF_A_RULE", 10)
    report = tmp_path / "report.xlsx"
    attendance("check", faulty, "-o", report)
    read = sheets(report)
    assert sum(row[1] == "R107" for row in read["明細"]) == 10
    assert any("16" in str(cell) for row in read["請先讀"] if row[0] == "未列 not listed" for cell in row)


def test_another_kind_of_file_is_refused_and_nothing_is_written(attendance, faulty, tmp_path):
    ran = attendance("check", faulty, "-o", tmp_path / "report.pdf")
    assert ran.code == 2
    assert ".xlsx" in ran.err
    assert not (tmp_path / "report.pdf").exists()
