"""Exports read back by other programs' readers: what they hold, and that nothing in them runs."""

import json
import zipfile
from datetime import date, datetime
from decimal import Decimal

import duckdb
import openpyxl
import pandas as pd
import pyarrow as pa
import pytest
from odf import table as odf_table
from odf import teletype
from odf.opendocument import load

from warehouse import sheets
from warehouse.export import UnknownSuffix, export
from warehouse.sheets import TooManyRows

HEADINGS = {"agency_code": "機關代碼", "leave_type": "假別", "ratio": "報送率", "note": "備註"}


@pytest.fixture
def frame():
    table = pa.table({
        "agency_code": ["376500000A", "0000000001"],
        "leave_type": ["03", None],
        "count": pa.array([-1, None], pa.int64()),
        "ratio": pa.array([Decimal("66.67"), None], pa.decimal128(5, 2)),
        "on_time": [True, None],
        "at": [datetime(2021, 2, 20, 23, 59), None],
        "day": [date(2021, 2, 20), None],
        "note": ['臺北市, "中正"區\n第二行', '=HYPERLINK("http://x")'],
    })  # fmt: skip
    return table.to_pandas(types_mapper=pd.ArrowDtype)


def test_csv(frame, tmp_path):
    path = tmp_path / "x.csv"
    assert export(frame, path, headings=HEADINGS) == 2
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    back = pd.read_csv(path, dtype=str, keep_default_na=False)
    assert list(back.columns) == ["機關代碼", "假別", "count", "報送率", "on_time", "at", "day", "備註"]
    assert back.iloc[0].tolist() == [
        "376500000A", "03", "-1", "66.67", "True", "2021-02-20 23:59:00", "2021-02-20", '臺北市, "中正"區\n第二行',
    ]  # fmt: skip
    assert back.iloc[1].tolist() == ["0000000001", "", "", "", "", "", "", '\'=HYPERLINK("http://x")']


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "＝1"])
def test_text_that_begins_like_a_formula_is_text(text, tmp_path):
    frame = pd.DataFrame({"note": [text, "a=b"], "number": [-5, 3]})
    export(frame, tmp_path / "x.csv")
    back = pd.read_csv(tmp_path / "x.csv", dtype=str, lineterminator=None)
    assert back.note.tolist()[0].startswith("'")
    assert back.note.tolist()[1] == "a=b"
    assert back.number.tolist() == ["-5", "3"]

    export(frame, tmp_path / "x.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "x.xlsx").active
    assert sheet["A2"].data_type == "s"
    assert sheet["B2"].value == -5
    with zipfile.ZipFile(tmp_path / "x.xlsx") as archive:
        assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")

    export(frame, tmp_path / "x.ods")
    cells = load(str(tmp_path / "x.ods")).spreadsheet.getElementsByType(odf_table.TableCell)
    assert not any(cell.getAttribute("formula") for cell in cells)
    assert cells[2].getAttribute("valuetype") == "string"


def test_xlsx(frame, tmp_path):
    export(frame, tmp_path / "x.xlsx", headings=HEADINGS, title="彙整總表")
    sheet = openpyxl.load_workbook(tmp_path / "x.xlsx")["彙整總表"]
    rows = list(sheet.iter_rows(values_only=True))
    assert rows[0] == ("機關代碼", "假別", "count", "報送率", "on_time", "at", "day", "備註")
    assert rows[1][:3] == ("376500000A", "03", -1)
    assert rows[1][3] == pytest.approx(66.67)
    assert rows[1][4:7] == ("是", datetime(2021, 2, 20, 23, 59), datetime(2021, 2, 20))
    assert rows[2] == ("0000000001", None, None, None, None, None, None, '=HYPERLINK("http://x")')
    assert sheet.freeze_panes == "A2"
    assert sheet.column_dimensions["A"].width > 11


def test_ods(frame, tmp_path):
    export(frame, tmp_path / "x.ods", headings=HEADINGS, title="彙整總表")
    sheet = load(str(tmp_path / "x.ods")).spreadsheet.getElementsByType(odf_table.Table)[0]
    assert sheet.getAttribute("name") == "彙整總表"
    rows = [
        [teletype.extractText(cell) for cell in row.getElementsByType(odf_table.TableCell)]
        for row in sheet.getElementsByType(odf_table.TableRow)
    ]
    assert rows[0][0] == "機關代碼"
    assert rows[1][:7] == ["376500000A", "03", "-1", "66.67", "是", "2021-02-20 23:59", "2021-02-20"]
    assert rows[2] == ["0000000001", "", "", "", "", "", "", '=HYPERLINK("http://x")']


def test_ods_keeps_lines_and_drops_what_xml_cannot_hold(tmp_path):
    export(pd.DataFrame({"note": ["a\nb", "a\x0bb"]}), tmp_path / "x.ods")
    sheet = load(str(tmp_path / "x.ods")).spreadsheet.getElementsByType(odf_table.Table)[0]
    cells = [teletype.extractText(cell) for cell in sheet.getElementsByType(odf_table.TableCell)]
    assert cells == ["note", "a\nb", "a\N{REPLACEMENT CHARACTER}b"]


def test_json_and_parquet_keep_names_and_types(frame, tmp_path):
    export(frame, tmp_path / "x.json", headings=HEADINGS)
    rows = json.loads((tmp_path / "x.json").read_text(encoding="utf-8"))
    assert rows[0] == {
        "agency_code": "376500000A", "leave_type": "03", "count": -1, "ratio": 66.67, "on_time": True,
        "at": "2021-02-20T23:59:00", "day": "2021-02-20", "note": '臺北市, "中正"區\n第二行',
    }  # fmt: skip
    assert rows[1]["ratio"] is None
    export(frame, tmp_path / "x.parquet", headings=HEADINGS)
    back = duckdb.sql(f"SELECT ratio, typeof(\"at\"), leave_type FROM '{tmp_path}/x.parquet'").fetchall()
    assert back == [(Decimal("66.67"), "TIMESTAMP", "03"), (None, "TIMESTAMP", None)]


@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".ods", ".json", ".parquet", ".XLSX"])
def test_nothing_to_export_is_a_file_with_headings(suffix, tmp_path):
    path = tmp_path / f"x{suffix}"
    assert export(duckdb.sql("SELECT 'a' AS agency_code WHERE false"), path, headings=HEADINGS) == 0
    assert path.stat().st_size > 0


def test_unknown_suffix(frame, tmp_path):
    with pytest.raises(UnknownSuffix, match=r"\.xlsx"):
        export(frame, tmp_path / "x.pdf")
    assert list(tmp_path.iterdir()) == []


def test_more_rows_than_a_sheet_holds(tmp_path, monkeypatch):
    monkeypatch.setattr(sheets, "SHEET_ROWS", 3)
    path = tmp_path / "x.xlsx"
    export(pd.DataFrame({"a": [1, 2]}), path)
    before = path.read_bytes()
    with pytest.raises(TooManyRows, match=r"3 rows"):
        export(pd.DataFrame({"a": [1, 2, 3]}), path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["x.xlsx"]
