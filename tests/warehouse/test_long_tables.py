"""Tables written row by row: what other programs read back, and that memory does not grow with the rows."""

import csv
import io
import tracemalloc
from datetime import datetime
from decimal import Decimal

import openpyxl
import pytest
from odf import table as odf_table
from odf import teletype
from odf.opendocument import load

from warehouse.long_tables import write_long_table
from warehouse.sheets import SHEET_ROWS, TooManyRows

HEAD = ["代碼", "筆數", "比例", "時間", "自動", "備註"]
ROWS = [
    ("0012", -1, Decimal("66.67"), datetime(2021, 2, 20, 23, 59), True, '=HYPERLINK("http://x")'),
    ("376500000A", None, None, None, False, "甲<&>乙\n丙"),
]


def written(suffix, rows=ROWS):
    file = io.BytesIO()
    write_long_table(iter(rows), file, suffix, head=HEAD, title="表", total=len(rows))
    file.seek(0)
    return file


def test_csv():
    head, *rows = csv.reader(io.StringIO(written(".csv").read().decode("utf-8-sig"), newline=""))
    assert head == HEAD
    assert rows == [
        ["0012", "-1", "66.67", "2021-02-20 23:59:00", "是", '\'=HYPERLINK("http://x")'],
        ["376500000A", "", "", "", "否", "甲<&>乙\n丙"],
    ]


def test_xlsx():
    sheet = openpyxl.load_workbook(written(".xlsx")).active
    head, *rows = ([cell.value for cell in row] for row in sheet.iter_rows())
    assert head == HEAD
    assert rows[0] == ["0012", -1, 66.67, datetime(2021, 2, 20, 23, 59), "是", '=HYPERLINK("http://x")']
    assert rows[1] == ["376500000A", None, None, None, "否", "甲<&>乙\n丙"]
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n", "d", "inlineStr"}
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("A2", "A1:F3")


def test_characters_that_xml_does_not_know_spoil_no_file():
    rows = [("a\x00b\x1f", None, None, None, None, "<x>")]
    (_, row) = load(written(".ods", rows)).getElementsByType(odf_table.TableRow)
    assert [teletype.extractText(cell) for cell in row.getElementsByType(odf_table.TableCell)] == [
        "ab",
        "",
        "",
        "",
        "",
        "<x>",
    ]
    assert openpyxl.load_workbook(written(".xlsx", rows)).active["F2"].value == "<x>"


def test_ods():
    rows = load(written(".ods")).getElementsByType(odf_table.TableRow)
    cells = [row.getElementsByType(odf_table.TableCell) for row in rows]
    assert [teletype.extractText(cell) for cell in cells[0]] == HEAD
    assert [teletype.extractText(cell) for cell in cells[1]][:5] == ["0012", "-1", "66.67", "2021-02-20 23:59", "是"]
    assert [cell.getAttribute("formula") for row in cells for cell in row] == [None] * 18
    assert cells[1][0].getAttribute("valuetype") == "string"
    assert cells[1][2].getAttribute("value") == "66.67"


@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".ods"])
def test_no_rows_and_rows_that_are_not_held(suffix, tmp_path):
    assert written(suffix, []).read()

    def peak(many):
        tracemalloc.start()
        with (tmp_path / "x").open("w+b") as file:
            write_long_table((ROWS[0] for _ in range(many)), file, suffix, head=HEAD, title="表", total=many)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(500)
    assert peak(8_000) < 2 * peak(1_000)


def test_a_sheet_that_would_not_hold_them_is_refused_before_anything_is_read():
    for suffix in (".xlsx", ".ods"):
        with pytest.raises(TooManyRows):
            write_long_table(iter([]), io.BytesIO(), suffix, head=HEAD, title="表", total=SHEET_ROWS)
