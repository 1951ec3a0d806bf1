"""Sheets of a workbook, written as .xlsx or .ods: text stays text, headings stay in sight, columns are wide enough."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import xlsxwriter
from odf import style, table, text
from odf.opendocument import OpenDocumentSpreadsheet

#: Rows of a sheet in Excel and Calc, the heading included.
SHEET_ROWS = 1_048_576

_WIDTHS = (8, 48)
#: Rows that the widths of columns are taken from.
_MEASURED = 200


class TooManyRows(ValueError):  # noqa: N818 — reads as what it is
    """More rows than a sheet holds."""

    def __init__(self, rows: int) -> None:
        self.rows = rows
        super().__init__(
            f"資料有 {rows:,} 列，超過試算表上限，請改用 .csv 或 .parquet "
            f"{rows:,} rows are more than a sheet holds; use .csv or .parquet"
        )


@dataclass(frozen=True)
class Sheet:
    """A sheet: plain values, None for none.  No `head`: a page to read, whose first column is bold."""

    title: str
    rows: Sequence[Sequence[Any]]
    head: Sequence[str] = ()

    def __post_init__(self) -> None:
        """Raises `TooManyRows`."""
        if len(self.rows) + bool(self.head) > SHEET_ROWS:
            raise TooManyRows(len(self.rows))

    @property
    def widths(self) -> list[int]:
        """Width of each column in characters, from heading and first rows; Chinese characters take two."""
        least, most = _WIDTHS
        shown = [list(self.head), *([_shown(value) for value in row] for row in self.rows[:_MEASURED])]
        columns = max((len(row) for row in shown), default=0)
        longest = [max(_columns_taken(row[n]) for row in shown if n < len(row)) for n in range(columns)]
        return [min(max(length + 2, least), most) for length in longest]


def _write_xlsx(sheets: Sequence[Sheet], path: Path) -> None:
    """Text cells for text, so that codes keep their zeros."""
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(path, options) as book:
        bold = book.add_format({"bold": True, "valign": "top"})
        heading = book.add_format({"bold": True, "bg_color": "#D9E1F2", "border": 1})
        formats: dict[type, Any] = {
            datetime: book.add_format({"num_format": "yyyy-mm-dd hh:mm"}),
            date: book.add_format({"num_format": "yyyy-mm-dd"}),
        }
        for one in sheets:
            sheet = book.add_worksheet(one.title[:31])
            for column, name in enumerate(one.head):
                sheet.write_string(0, column, name, heading)
            for number, row in enumerate(one.rows, 1 if one.head else 0):
                for column, value in enumerate(row):
                    plain = None if one.head or column else bold
                    _write_cell(sheet, (number, column), value, formats, plain)
            for column, width in enumerate(one.widths):
                sheet.set_column(column, column, width)
            if one.head:
                sheet.freeze_panes(1, 0)
                sheet.autofilter(0, 0, len(one.rows), len(one.head) - 1)


def _write_cell(sheet: Any, place: tuple[int, int], value: Any, formats: Mapping[Any, Any], plain: Any) -> None:
    if value is None:
        return
    if isinstance(value, bool):
        sheet.write_string(*place, _yes_no(value), plain)
    elif isinstance(value, datetime | date):
        sheet.write_datetime(*place, value, formats[type(value)])
    elif isinstance(value, int | float | Decimal):
        sheet.write_number(*place, value, plain)
    else:
        sheet.write_string(*place, str(value), plain)


def _write_ods(sheets: Sequence[Sheet], path: Path) -> None:
    """OpenDocument, which the government's own systems must offer beside any other spreadsheet."""
    document = OpenDocumentSpreadsheet()
    bold = style.Style(name="Heading", family="table-cell")
    bold.addElement(style.TextProperties(fontweight="bold", fontweightasian="bold"))
    document.automaticstyles.addElement(bold)
    for one in sheets:
        sheet = table.Table(name=one.title)
        for width in one.widths:
            sheet.addElement(table.TableColumn(stylename=_column_style(document, width)))
        if one.head:
            heading_rows = table.TableHeaderRows()
            heading_rows.addElement(_ods_row(one.head, [bold] * len(one.head)))
            sheet.addElement(heading_rows)
        for row in one.rows:
            sheet.addElement(_ods_row(row, [None if one.head else bold]))
        document.spreadsheet.addElement(sheet)
    document.save(str(path))


def _column_style(document: Any, width: int) -> Any:
    wide = style.Style(name=f"Column{len(document.automaticstyles.childNodes)}", family="table-column")
    wide.addElement(style.TableColumnProperties(columnwidth=f"{width * 0.22:.2f}cm"))
    document.automaticstyles.addElement(wide)
    return wide


def _ods_row(values: Sequence[Any], styles: Sequence[Any]) -> Any:
    """`styles` are of the first cells."""
    row = table.TableRow()
    for column, value in enumerate(values):
        row.addElement(_ods_cell(value, styles[column] if column < len(styles) else None))
    return row


def _ods_cell(value: Any, stylename: Any) -> Any:
    look = {} if stylename is None else {"stylename": stylename}
    if value is None:
        return table.TableCell(**look)
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        cell = table.TableCell(valuetype="float", value=str(value), **look)
        shown = str(value)
    elif isinstance(value, datetime | date):
        cell = table.TableCell(valuetype="date", datevalue=value.isoformat(), **look)
        shown = f"{value:%Y-%m-%d %H:%M}" if isinstance(value, datetime) else value.isoformat()
    else:
        shown = _yes_no(value) if isinstance(value, bool) else str(value)
        cell = table.TableCell(valuetype="string", **look)
    cell.addElement(text.P(text=shown))
    return cell


def _yes_no(value: bool) -> str:
    return "是" if value else "否"


def _shown(value: Any) -> str:
    return f"{value:%Y-%m-%d %H:%M}" if isinstance(value, datetime) else str("" if value is None else value)


def _columns_taken(shown: str) -> int:
    return sum(1 if character.isascii() else 2 for character in shown)


#: Suffix → what writes a workbook of it.
BOOKS: dict[str, Callable[[Sequence[Sheet], Path], None]] = {".xlsx": _write_xlsx, ".ods": _write_ods}
