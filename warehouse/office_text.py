"""Text files that offices keep: what their bytes say, in the two encodings that they are saved in, and their tables."""

import csv
import io
import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

from checks.model.roc import parse_roc_date

_DAY = re.compile(r"(\d{2,4})[-/.](\d{1,2})[-/.](\d{1,2})", re.ASCII)
_PLAIN_DAY = re.compile(r"\d{8}", re.ASCII)
#: A year written with fewer digits is one of the Republic's.
_GREGORIAN_DIGITS = 4
_ROC_OFFSET = 1911


class OfficeFileRefused(ValueError):  # noqa: N818 — says what happened
    """The file cannot be taken in; `faults` are all that is wrong, with lines.  Nothing was imported."""

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = list(faults)
        super().__init__(f"未匯入任何資料 nothing was imported: {'; '.join(self.faults)}")


class TableColumn(NamedTuple):
    """A column of a table: the `names` that a header may give it, the first for messages.

    Cells are read in half width (NFKC) unless it is `free_text`.
    """

    names: tuple[str, ...]
    required: bool = True
    free_text: bool = False


class TableRow(NamedTuple):
    """A row of a table: the line that it ends on, and its cells by column, `""` where it has none."""

    line: int
    cells: dict[str, str]

    def fault(self, found: str) -> str:
        """What was found wrong with it, with its line."""
        return f"第 {self.line} 行 line {self.line}: {found}"


def office_text(data: bytes) -> str | None:
    """The text, which is UTF-8 (a BOM is no part of it) or CP950; None where it is neither."""
    for encoding in ("utf-8-sig", "cp950"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None


def office_rows(data: bytes, columns: Mapping[str, TableColumn]) -> list[TableRow]:
    """The rows of a table (CSV with a header), blank ones left out; columns are found by their names in any order.

    Raises `OfficeFileRefused` where it is no text, no CSV, or lacks a required column.
    """
    text = office_text(data)
    if text is None:
        raise OfficeFileRefused(["檔案須為 UTF-8 或 CP950 編碼 the file must be UTF-8 or CP950"])
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        rows = [(reader.line_num, cells) for cells in reader if any(cell.strip() for cell in cells)]
    except csv.Error as error:
        raise OfficeFileRefused([f"第 {reader.line_num} 行無法讀取 line {reader.line_num}: {error}"]) from None
    header = [_half_width(cell) for cell in rows[0][1]] if rows else []
    places = {
        name: next((header.index(known) for known in column.names if known in header), None)
        for name, column in columns.items()
    }
    if missing := [column.names[0] for name, column in columns.items() if column.required and places[name] is None]:
        wanted = ",".join(column.names[0] for column in columns.values())
        raise OfficeFileRefused([f"標題列缺少 the header lacks: {'、'.join(missing)}（{wanted}）"])
    return [
        TableRow(line, {name: _cell(cells, places[name], column) for name, column in columns.items()})
        for line, cells in rows[1:]
    ]


def office_day(text: str) -> date | None:
    """A day as offices write it, `2021-09-12`, `20210912`, `110/9/12` or `1100912`; None where it is none."""
    try:
        if matched := _DAY.fullmatch(text):
            year, month, day = matched.groups()
            offset = 0 if len(year) == _GREGORIAN_DIGITS else _ROC_OFFSET
            return date(int(year) + offset, int(month), int(day))
        return date.fromisoformat(text) if _PLAIN_DAY.fullmatch(text) else parse_roc_date(text)
    except ValueError:
        return None


def _cell(cells: Sequence[str], place: int | None, column: TableColumn) -> str:
    if place is None or place >= len(cells):
        return ""
    return cells[place].strip() if column.free_text else _half_width(cells[place])


def _half_width(cell: str) -> str:
    return unicodedata.normalize("NFKC", cell).strip()
