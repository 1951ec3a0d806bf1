"""Sheets of a workbook, written as .xlsx or .ods: text stays text, headings stay in sight, columns are wide enough."""

import math
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
_WRAPPED_WIDTHS = (6, 28)
#: Points of a line of text in a cell.
_LINE = 15
_FOLDED_AT_WORDS = 1.2
#: Paper A4, in Excel's numbering.
_A4 = 9
#: xlsxwriter's options: text stays text.
AS_TEXT = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
#: How a heading looks in .xlsx.
HEADING = {"bold": True, "bg_color": "#D9E1F2", "border": 1}
_STYLE = "urn:oasis:names:tc:opendocument:xmlns:style:1.0"
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
    """A sheet: plain values, None for none.  No `head`: a page to read, whose first column is bold.

    On a page the last text of a row runs on over what is empty beside it.  `wrapped`: long text of a table is folded
    within its column.
    """

    title: str
    rows: Sequence[Sequence[Any]]
    head: Sequence[str] = ()
    wrapped: bool = False

    def __post_init__(self) -> None:
        """Raises `TooManyRows`."""
        if len(self.rows) + bool(self.head) > SHEET_ROWS:
            raise TooManyRows(len(self.rows))

    @property
    def widths(self) -> list[int]:
        """Width of each column in characters, from heading and first rows; Chinese characters take two."""
        least, most = _WIDTHS if not self.wrapped else _WRAPPED_WIDTHS
        shown = [list(self.head), *([_shown(value) for value in row] for row in self.rows[:_MEASURED])]
        if not self.head:
            last_text = (bool(row) and len(row) > 1 and isinstance(row[-1], str) for row in self.rows[:_MEASURED])
            shown = [row[: -1 if runs_on else None] for row, runs_on in zip(shown[1:], last_text, strict=True)]
        columns = max((len(row) for row in shown), default=0)
        longest = [max(_columns_taken(row[n]) for row in shown if n < len(row)) for n in range(columns)]
        return [min(max(length + 2, least), most) for length in longest]


def _write_xlsx(sheets: Sequence[Sheet], path: Path) -> None:
    """Text cells for text, so that codes keep their zeros."""
    with xlsxwriter.Workbook(path, AS_TEXT) as book:
        bold = book.add_format({"bold": True, "valign": "top"})
        heading = book.add_format(HEADING)
        formats = dated_formats(book)
        folded = book.add_format({"text_wrap": True, "valign": "top"})
        for one in sheets:
            sheet = book.add_worksheet(one.title[:31])
            for_paper(sheet, one)
            widths = one.widths
            for column, name in enumerate(one.head):
                sheet.write_string(0, column, name, heading)
            for number, row in enumerate(one.rows, 1 if one.head else 0):
                for column, value in enumerate(row):
                    plain = (folded if one.wrapped else None) if one.head or column else bold
                    write_cell(sheet, (number, column), value, formats, plain)
                if one.wrapped:  # Excel would find the height itself; Calc takes what the file says
                    sheet.set_row(number, _LINE * _lines_of(row, widths))
            for column, width in enumerate(widths):
                sheet.set_column(column, column, width)
            if one.head:
                sheet.freeze_panes(1, 0)
                sheet.autofilter(0, 0, len(one.rows), len(one.head) - 1)


def dated_formats(book: Any) -> dict[type, Any]:
    """How moments and days are shown in a book of xlsxwriter's."""
    return {
        datetime: book.add_format({"num_format": "yyyy-mm-dd hh:mm"}),
        date: book.add_format({"num_format": "yyyy-mm-dd"}),
    }


def _lines_of(row: Sequence[Any], widths: Sequence[int]) -> int:
    """Lines of a row's longest cell; folded at words, a line is seldom full."""
    taken = (_columns_taken(_shown(value)) * _FOLDED_AT_WORDS / width for value, width in zip(row, widths, strict=True))
    return max(1, *(math.ceil(lines) for lines in taken))


def for_paper(sheet: Any, one: Sheet) -> None:
    """As wide as the paper, the heading on each page: offices print it."""
    sheet.set_landscape()
    sheet.set_paper(_A4)
    sheet.fit_to_pages(1, 0)
    sheet.set_footer("&C&A &P / &N")
    if one.head:
        sheet.repeat_rows(0)


def write_cell(sheet: Any, place: tuple[int, int], value: Any, formats: Mapping[Any, Any], plain: Any) -> None:
    """Write one value of a sheet by xlsxwriter; nothing where there is none."""
    if value is None:
        return
    if isinstance(value, bool):
        sheet.write_string(*place, yes_no(value), plain)
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
    folded = style.Style(name="Folded", family="table-cell")
    folded.addElement(style.TableCellProperties(wrapoption="wrap", verticalalign="top"))
    document.automaticstyles.addElement(folded)
    of_table = for_paper_ods(document)
    for one in sheets:
        sheet = table.Table(name=one.title, stylename=of_table)
        for width in one.widths:
            sheet.addElement(table.TableColumn(stylename=column_style(document, width)))
        if one.head:
            heading_rows = table.TableHeaderRows()
            heading_rows.addElement(ods_row(one.head, [bold] * len(one.head)))
            sheet.addElement(heading_rows)
        for row in one.rows:
            looks = [folded] * len(row) if one.wrapped else [None if one.head else bold]
            sheet.addElement(ods_row(row, looks))
        document.spreadsheet.addElement(sheet)
    document.save(str(path))


def for_paper_ods(document: Any) -> Any:
    """The style of a table that is printed as wide as the paper (A4, landscape)."""
    layout = style.PageLayout(name="Landscape")
    layout.addElement(
        style.PageLayoutProperties(
            pagewidth="29.7cm",
            pageheight="21cm",
            printorientation="landscape",
            margin="1cm",
            qattributes={(_STYLE, "scale-to-X"): "1", (_STYLE, "scale-to-Y"): "0"},
            check_grammar=False,
        )
    )
    document.automaticstyles.addElement(layout)
    document.masterstyles.addElement(style.MasterPage(name="Page", pagelayoutname=layout))
    of_table = style.Style(name="OnPaper", family="table", masterpagename="Page")
    document.automaticstyles.addElement(of_table)
    return of_table


def column_style(document: Any, width: int) -> Any:
    """The style of a column so many characters wide."""
    wide = style.Style(name=f"Column{len(document.automaticstyles.childNodes)}", family="table-column")
    wide.addElement(style.TableColumnProperties(columnwidth=f"{width * 0.22:.2f}cm"))
    document.automaticstyles.addElement(wide)
    return wide


def ods_row(values: Sequence[Any], styles: Sequence[Any]) -> Any:
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
        shown = yes_no(value) if isinstance(value, bool) else str(value)
        cell = table.TableCell(valuetype="string", **look)
    cell.addElement(text.P(text=shown))
    return cell


def yes_no(value: bool) -> str:
    """`是` or `否`."""
    return "是" if value else "否"


def _shown(value: Any) -> str:
    return f"{value:%Y-%m-%d %H:%M}" if isinstance(value, datetime) else str("" if value is None else value)


def _columns_taken(shown: str) -> int:
    return sum(1 if character.isascii() else 2 for character in shown)


#: Suffix → what writes a workbook of it.
BOOKS: dict[str, Callable[[Sequence[Sheet], Path], None]] = {".xlsx": _write_xlsx, ".ods": _write_ods}
