"""Writing a report to a file by its suffix: .csv, .xlsx, .ods for people, .json and .parquet for programs.

People get the Chinese headings, programs the column names.  A file appears as a whole or not at all.
Text that a spreadsheet would take for a formula never becomes one: CSV gets an apostrophe before it, as CSV has no
types; .xlsx and .ods say that the cell is text.
"""

import json
import math
import os
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import duckdb
import pandas as pd
import xlsxwriter
from odf import style, table, text
from odf.opendocument import OpenDocumentSpreadsheet

#: Rows of a sheet in Excel and Calc, the heading included.
SHEET_ROWS = 1_048_576

#: What a spreadsheet may take for the beginning of a formula; tab and line breaks hide one from a glance.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

_WIDTHS = (8, 48)
_MODE = 0o640


class UnknownSuffix(ValueError):  # noqa: N818 — reads as what it is
    """No format goes by this file name; `known` are the suffixes that there are."""

    def __init__(self, path: Path) -> None:
        self.path, self.known = path, tuple(_WRITERS)
        super().__init__(
            f"無法由檔名判斷格式 cannot tell the format of {path.name!r}; use one of {' '.join(self.known)}"
        )


class TooManyRows(ValueError):  # noqa: N818 — reads as what it is
    """More rows than a sheet holds."""

    def __init__(self, rows: int) -> None:
        self.rows = rows
        super().__init__(
            f"資料有 {rows:,} 列，超過試算表上限，請改用 .csv 或 .parquet "
            f"{rows:,} rows are more than a sheet holds; use .csv or .parquet"
        )


def export(
    source: pd.DataFrame | duckdb.DuckDBPyRelation,
    path: Path,
    *,
    headings: Mapping[str, str] | None = None,
    title: str = "報表",
) -> int:
    """Write the rows of a frame or a DuckDB relation to `path` and return how many they are.

    `headings` are column name → Chinese heading; `title` names the sheet.  Raises `UnknownSuffix`, `TooManyRows`
    for a sheet, and OSError where the file cannot be written; what had the name before then stays.
    """
    writer = _WRITERS.get(path.suffix.lower())
    if writer is None:
        raise UnknownSuffix(path)
    frame = source if isinstance(source, pd.DataFrame) else _fetch(source)
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.stem}.", suffix=path.suffix, delete=False) as file:
        unfinished = Path(file.name)
    try:
        writer(frame, unfinished, headings or {}, title)
        with unfinished.open("rb") as file:
            os.fsync(file.fileno())
        unfinished.chmod(_MODE)
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    return len(frame)


def _fetch(relation: duckdb.DuckDBPyRelation) -> pd.DataFrame:
    frame: pd.DataFrame = relation.to_arrow_table().to_pandas(types_mapper=pd.ArrowDtype)
    return frame


def _headed(frame: pd.DataFrame, headings: Mapping[str, str]) -> list[str]:
    return [headings.get(str(name), str(name)) for name in frame.columns]


def _rows(frame: pd.DataFrame) -> Iterator[list[Any]]:
    """Rows of plain Python values, None where there is none."""
    columns = [[_plain(value) for value in frame[name]] for name in frame.columns]
    return (list(row) for row in zip(*columns, strict=True))


def _plain(value: Any) -> Any:
    if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, pd.Timestamp):
        return value.to_pydatetime()
    return value.item() if hasattr(value, "item") else value


def _write_csv(frame: pd.DataFrame, path: Path, headings: Mapping[str, str], _title: str) -> None:
    """UTF-8 with BOM, so that Excel reads it; CRLF, as RFC 4180 has it."""
    guarded = pd.DataFrame(
        {name: [_guarded(_plain(value)) for value in frame[name]] for name in frame.columns}, dtype=object
    )
    head = [_guarded(heading) for heading in _headed(frame, headings)]
    guarded.to_csv(path, index=False, header=head, encoding="utf-8-sig", lineterminator="\r\n")


def _guarded(value: Any) -> Any:
    """Text that begins like a formula, with an apostrophe before it.  Numbers are no text: -1 stays -1."""
    return f"'{value}" if isinstance(value, str) and value.lstrip(" ").startswith(_FORMULA) else value


def _write_json(frame: pd.DataFrame, path: Path, _headings: Mapping[str, str], _title: str) -> None:
    """One array of objects; decimals as numbers, moments in ISO 8601."""
    names = [str(name) for name in frame.columns]
    rows = [dict(zip(names, row, strict=True)) for row in _rows(frame)]
    path.write_text(json.dumps(rows, ensure_ascii=False, indent=1, default=_jsonable) + "\n", encoding="utf-8")


def _jsonable(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    raise TypeError(f"a report has no values of {type(value).__name__}")


def _write_parquet(frame: pd.DataFrame, path: Path, _headings: Mapping[str, str], _title: str) -> None:
    frame.to_parquet(path, engine="pyarrow", index=False, compression="zstd")


def _write_xlsx(frame: pd.DataFrame, path: Path, headings: Mapping[str, str], title: str) -> None:
    """Text cells for text, so that codes keep their zeros; the heading stays in sight."""
    _check_size(frame)
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(path, options) as book:
        sheet = book.add_worksheet(title[:31])
        bold = book.add_format({"bold": True, "bg_color": "#D9E1F2", "border": 1})
        formats: dict[type, Any] = {
            datetime: book.add_format({"num_format": "yyyy-mm-dd hh:mm"}),
            date: book.add_format({"num_format": "yyyy-mm-dd"}),
        }
        head, rows = _headed(frame, headings), list(_rows(frame))
        for column, heading in enumerate(head):
            sheet.write_string(0, column, heading, bold)
        for number, row in enumerate(rows, 1):
            for column, value in enumerate(row):
                _write_cell(sheet, number, column, value, formats)
        for column, width in enumerate(_widths(head, rows)):
            sheet.set_column(column, column, width)
        sheet.freeze_panes(1, 0)
        if head:
            sheet.autofilter(0, 0, len(rows), len(head) - 1)


def _write_cell(sheet: Any, row: int, column: int, value: Any, formats: Mapping[Any, Any]) -> None:
    if value is None:
        return
    if isinstance(value, bool):
        sheet.write_string(row, column, _yes_no(value))
    elif isinstance(value, datetime | date):
        sheet.write_datetime(row, column, value, formats[type(value)])
    elif isinstance(value, int | float | Decimal):
        sheet.write_number(row, column, value)
    else:
        sheet.write_string(row, column, str(value))


def _write_ods(frame: pd.DataFrame, path: Path, headings: Mapping[str, str], title: str) -> None:
    """OpenDocument, which the government's own systems must offer beside any other spreadsheet."""
    _check_size(frame)
    document = OpenDocumentSpreadsheet()
    bold = style.Style(name="Heading", family="table-cell")
    bold.addElement(style.TextProperties(fontweight="bold", fontweightasian="bold"))
    document.automaticstyles.addElement(bold)
    head, rows = _headed(frame, headings), list(_rows(frame))
    sheet = table.Table(name=title)
    for number, width in enumerate(_widths(head, rows)):
        wide = style.Style(name=f"Column{number}", family="table-column")
        wide.addElement(style.TableColumnProperties(columnwidth=f"{width * 0.22:.2f}cm"))
        document.automaticstyles.addElement(wide)
        sheet.addElement(table.TableColumn(stylename=wide))
    heading_rows = table.TableHeaderRows()
    heading_row = table.TableRow()
    for heading in head:
        cell = table.TableCell(valuetype="string", stylename=bold)
        cell.addElement(text.P(text=heading))
        heading_row.addElement(cell)
    heading_rows.addElement(heading_row)
    sheet.addElement(heading_rows)
    for row in rows:
        line = table.TableRow()
        for value in row:
            line.addElement(_ods_cell(value))
        sheet.addElement(line)
    document.spreadsheet.addElement(sheet)
    document.save(str(path))


def _ods_cell(value: Any) -> Any:
    if value is None:
        return table.TableCell()
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        cell = table.TableCell(valuetype="float", value=str(value))
        shown = str(value)
    elif isinstance(value, datetime | date):
        cell = table.TableCell(valuetype="date", datevalue=value.isoformat())
        shown = f"{value:%Y-%m-%d %H:%M}" if isinstance(value, datetime) else value.isoformat()
    else:
        shown = _yes_no(value) if isinstance(value, bool) else str(value)
        cell = table.TableCell(valuetype="string")
    cell.addElement(text.P(text=shown))
    return cell


def _yes_no(value: bool) -> str:
    return "是" if value else "否"


def _widths(head: list[str], rows: list[list[Any]]) -> list[int]:
    """Width of each column in characters, from its heading and first rows; Chinese characters take two."""
    least, most = _WIDTHS
    shown = [head, *([_shown(value) for value in row] for row in rows[:200])]
    longest = [max(_columns_taken(row[number]) for row in shown) for number in range(len(head))]
    return [min(max(length + 2, least), most) for length in longest]


def _shown(value: Any) -> str:
    return f"{value:%Y-%m-%d %H:%M}" if isinstance(value, datetime) else str("" if value is None else value)


def _columns_taken(shown: str) -> int:
    return sum(1 if character.isascii() else 2 for character in shown)


def _check_size(frame: pd.DataFrame) -> None:
    if len(frame) >= SHEET_ROWS:
        raise TooManyRows(len(frame))


_WRITERS: dict[str, Callable[[pd.DataFrame, Path, Mapping[str, str], str], None]] = {
    ".csv": _write_csv,
    ".xlsx": _write_xlsx,
    ".ods": _write_ods,
    ".json": _write_json,
    ".parquet": _write_parquet,
}
