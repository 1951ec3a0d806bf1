"""A report as a file: the rows that were asked for, all of them, in words; none of them held in memory but on paper."""

from collections.abc import Iterator
from functools import partial
from tempfile import TemporaryFile
from typing import IO, Any, Literal

import duckdb
from starlette.responses import Response, StreamingResponse

from assets.report_kinds import COLUMNS
from assets.report_pdf import Paper, see_that_it_fits, write_pdf
from assets.report_words import in_words
from portal.downloads import attachment
from portal.guard import Visit
from portal.reports.asking import Asked
from portal.words import moment
from warehouse.deadlines import TAIPEI
from warehouse.long_tables import write_long_table
from warehouse.reports.selection import count, rows
from warehouse.tables import TABLES

Suffix = Literal["csv", "xlsx", "ods", "pdf"]
_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "pdf": "application/pdf",
}
_PIECE = 64 * 1024


async def file_of(visit: Visit, question: Asked, suffix: Suffix) -> Response:
    """The file, to keep.  Raises `TooManyRows`, `TooManyForPaper`, and as `Sources.read` does."""
    make = partial(_made, visit, question, suffix)
    file = await visit.desk.reports.read(question.year, question.as_of, make, visit.desk.slow.making_files)
    length = file.seek(0, 2)
    headers = {"Content-Disposition": attachment(_name(question, suffix)), "Content-Length": str(length)}
    return StreamingResponse(_pieces(file), media_type=_TYPES[suffix], headers=headers)


def _made(visit: Visit, question: Asked, suffix: Suffix, connection: duckdb.DuckDBPyConnection) -> IO[bytes]:
    """A file without a name, which is gone as soon as nobody reads it."""
    selection = question.selection
    table = TABLES[f"reports.{selection.report}"]
    columns = COLUMNS[selection.report] if suffix == "pdf" else tuple(column.name for column in table.columns)
    head = [table.headings[name] for name in columns]
    file = TemporaryFile()  # noqa: SIM115 — closed by whoever sends it
    try:
        total = count(connection, selection)
        if suffix == "pdf":
            see_that_it_fits(total)
            made_at = visit.desk.platform.clock().astimezone(TAIPEI)
            whole = list(rows(connection, selection, columns))
            write_pdf(Paper(table.title, notes(visit, question), columns, head, whole, made_at), file)
        else:
            worded = (_worded(columns, row) for row in rows(connection, selection, columns))
            write_long_table(worded, file, f".{suffix}", head=head, title=table.title, total=total)
    except BaseException:
        file.close()
        raise
    return file


def notes(visit: Visit, question: Asked) -> list[str]:
    """What a report's figures are of, and as of when, in words."""
    code = question.selection.authority
    register = visit.desk.remembered.register
    of = "可檢視的全部機關" if code is None else f"{register.name(code) or code}（{code}）"
    if code is not None and not question.selection.alone:
        of += "及其所有下級機關"
    made = visit.desk.platform.clock()
    as_of = f"依截至 {question.moment} 已知的資料" if question.moment else "依最近一次發布的資料"
    return [f"{question.period}　{of}", f"{as_of}；產製於 {moment(made)}"]


def _worded(columns: tuple[str, ...], row: tuple[Any, ...]) -> list[Any]:
    return [in_words(name, value) for name, value in zip(columns, row, strict=True)]


def _name(question: Asked, suffix: str) -> str:
    selection = question.selection
    parts = [TABLES[f"reports.{selection.report}"].title, selection.month or str(selection.year), selection.authority]
    if question.as_of is not None:
        parts.append(f"{question.as_of.astimezone(TAIPEI):as-of-%Y%m%dT%H%M}")
    return "-".join(part for part in parts if part) + f".{suffix}"


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        file.seek(0)
        while piece := file.read(_PIECE):
            yield piece
