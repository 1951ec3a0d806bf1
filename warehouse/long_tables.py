"""A table of any length to a file, row by row: .csv, .xlsx, .ods.  What it holds in memory does not grow with the rows.

`export.py` writes what is in memory already; here rows come one after the other, as from a report of the whole country.
"""

import csv
import io
import itertools
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from tempfile import TemporaryFile
from typing import IO, Any
from xml.sax.saxutils import escape

import xlsxwriter
from odf import style, table
from odf.opendocument import OpenDocumentSpreadsheet

from warehouse.export import guarded_text
from warehouse.sheets import (
    AS_TEXT,
    HEADING,
    SHEET_ROWS,
    Sheet,
    TooManyRows,
    column_style,
    dated_formats,
    for_paper,
    for_paper_ods,
    ods_row,
    write_cell,
    yes_no,
)

#: Rows that the widths of columns are taken from.
_MEASURED = 200
#: Where the rows go in what odfpy writes of a table without any.
_END_OF_TABLE = b"</table:table>"
#: Characters that XML has no way to write.
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")

Row = Sequence[Any]


def write_long_table(
    rows: Iterable[Row], file: IO[bytes], suffix: str, *, head: Sequence[str], title: str, total: int
) -> None:
    """Write plain values under `head` to a binary file; `total` is how many rows there are to come.

    `suffix` is one of `LONG`.  Raises `TooManyRows` before anything was read where a sheet does not hold them.
    """
    if suffix != ".csv" and total >= SHEET_ROWS:
        raise TooManyRows(total)
    rows = iter(rows)
    first = list(itertools.islice(rows, _MEASURED))
    LONG[suffix](file, Sheet(title, first, head), itertools.chain(first, rows))


def _csv(file: IO[bytes], sheet: Sheet, rows: Iterator[Row]) -> None:
    """UTF-8 with BOM, so that Excel reads it; CRLF, as RFC 4180 has it."""
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    lines = csv.writer(text, lineterminator="\r\n")
    lines.writerow([guarded_text(heading) for heading in sheet.head])
    lines.writerows([_in_csv(value) for value in row] for row in rows)
    text.detach()


def _in_csv(value: Any) -> Any:
    return yes_no(value) if isinstance(value, bool) else guarded_text(value)


def _xlsx(file: IO[bytes], sheet: Sheet, rows: Iterator[Row]) -> None:
    with xlsxwriter.Workbook(file, {**AS_TEXT, "constant_memory": True}) as book:
        heading, formats = book.add_format(HEADING), dated_formats(book)
        page = book.add_worksheet(sheet.title[:31])
        for_paper(page, sheet)
        page.freeze_panes(1, 0)
        for column, (name, width) in enumerate(zip(sheet.head, sheet.widths, strict=True)):
            page.set_column(column, column, width)
            page.write_string(0, column, name, heading)
        number = 0
        for number, row in enumerate(rows, 1):
            for column, value in enumerate(row):
                write_cell(page, (number, column), value, formats, None)
        page.autofilter(0, 0, number, len(sheet.head) - 1)


def _ods(file: IO[bytes], sheet: Sheet, rows: Iterator[Row]) -> None:
    """What odfpy writes of the table without rows, and the rows put in: its own document would hold all of them."""
    with TemporaryFile() as empty:
        _without_rows(sheet).save(empty)
        with zipfile.ZipFile(empty) as made, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as whole:
            for entry in made.infolist():
                data = made.read(entry)
                if entry.filename != "content.xml":
                    whole.writestr(entry, data)
                    continue
                before, _, after = data.rpartition(_END_OF_TABLE)
                with whole.open("content.xml", "w", force_zip64=True) as content:
                    content.write(before)
                    for row in rows:
                        content.write(_xml(row))
                    content.write(_END_OF_TABLE + after)


def _without_rows(sheet: Sheet) -> OpenDocumentSpreadsheet:
    document = OpenDocumentSpreadsheet()
    bold = style.Style(name="Heading", family="table-cell")
    bold.addElement(style.TextProperties(fontweight="bold", fontweightasian="bold"))
    document.automaticstyles.addElement(bold)
    page = table.Table(name=sheet.title, stylename=for_paper_ods(document))
    for width in sheet.widths:
        page.addElement(table.TableColumn(stylename=column_style(document, width)))
    heading = table.TableHeaderRows()
    heading.addElement(ods_row(sheet.head, [bold] * len(sheet.head)))
    page.addElement(heading)
    document.spreadsheet.addElement(page)
    return document


def _xml(row: Row) -> bytes:
    return f"<table:table-row>{''.join(map(_cell_xml, row))}</table:table-row>".encode()


def _cell_xml(value: Any) -> str:
    """As `sheets.ods_cell`; an element of odfpy's for each cell takes fourteen times as long (measured)."""
    if value is None:
        return "<table:table-cell/>"
    kind, text = 'office:value-type="string"', yes_no(value) if isinstance(value, bool) else str(value)
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        kind = f'office:value-type="float" office:value="{value}"'
    elif isinstance(value, date):
        kind = f'office:value-type="date" office:date-value="{value.isoformat()}"'
        text = f"{value:%Y-%m-%d %H:%M}" if isinstance(value, datetime) else text
    shown = escape(_NOT_IN_XML.sub("", text))
    return f"<table:table-cell {kind}><text:p>{shown}</text:p></table:table-cell>"


#: Suffix → what writes a table of it.
LONG: dict[str, Callable[[IO[bytes], Sheet, Iterator[Row]], None]] = {".csv": _csv, ".xlsx": _xlsx, ".ods": _ods}
