"""Writing a report to a file by its suffix: .csv, .xlsx, .ods for people, .json and .parquet for programs.

People get the Chinese headings, programs the column names.  A file appears as a whole or not at all.
Text that a spreadsheet would take for a formula never becomes one: CSV gets an apostrophe before it, as CSV has no
types; .xlsx and .ods say that the cell is text.
"""

import json
import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import duckdb
import pandas as pd

from warehouse.sheets import BOOKS, Sheet

#: What a spreadsheet may take for the beginning of a formula; tab and line breaks hide one from a glance.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

_MODE = 0o640


class UnknownSuffix(ValueError):  # noqa: N818 — reads as what it is
    """No format goes by this file name; `known` are the suffixes that there are."""

    def __init__(self, path: Path, known: Iterable[str]) -> None:
        self.path, self.known = path, tuple(known)
        super().__init__(
            f"無法由檔名判斷格式 cannot tell the format of {path.name!r}; use one of {' '.join(self.known)}"
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
        raise UnknownSuffix(path, _WRITERS)
    frame = source if isinstance(source, pd.DataFrame) else _fetch(source)
    with appearing_whole(path) as unfinished:
        writer(frame, unfinished, headings or {}, title)
    return len(frame)


def export_book(sheets: Sequence[Sheet], path: Path) -> None:
    """Write several sheets as one workbook, .xlsx or .ods; raises as `export` does."""
    writer = BOOKS.get(path.suffix.lower())
    if writer is None:
        raise UnknownSuffix(path, BOOKS)
    with appearing_whole(path) as unfinished:
        writer(sheets, unfinished)


@contextmanager
def appearing_whole(path: Path) -> Iterator[Path]:
    """A file to write, which then takes the name; what had it before stays where the writing fails."""
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.stem}.", suffix=path.suffix, delete=False) as file:
        unfinished = Path(file.name)
    try:
        yield unfinished
        with unfinished.open("rb") as file:
            os.fsync(file.fileno())
        unfinished.chmod(_MODE)
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


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
    safe = pd.DataFrame(
        {name: [guarded(_plain(value)) for value in frame[name]] for name in frame.columns}, dtype=object
    )
    head = [guarded(heading) for heading in _headed(frame, headings)]
    safe.to_csv(path, index=False, header=head, encoding="utf-8-sig", lineterminator="\r\n")


def guarded(value: Any) -> Any:
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


def _write_sheet(frame: pd.DataFrame, path: Path, headings: Mapping[str, str], title: str) -> None:
    sheet = Sheet(title, list(_rows(frame)), _headed(frame, headings))
    BOOKS[path.suffix.lower()]([sheet], path)


_WRITERS: dict[str, Callable[[pd.DataFrame, Path, Mapping[str, str], str], None]] = {
    ".csv": _write_csv,
    ".xlsx": _write_sheet,
    ".ods": _write_sheet,
    ".json": _write_json,
    ".parquet": _write_parquet,
}
