"""`attendance report`: the reports on the terminal, or in a file by its suffix."""

from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assets.report_kinds import COLUMNS, Report
from checks.model.roc import ROC_YEAR_OFFSET
from pipelines.cli import options
from pipelines.cli.console import Format, note, say, say_json, table
from pipelines.cli.failures import CannotError
from pipelines.cli.findings_text import roc

if TYPE_CHECKING:
    import pandas as pd

    from assets.platform import Platform

#: Rows that the terminal shows; the first line says so where there are more.
SHOWN = 1_000


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command("report", short_help="報表 the reports, shown or in a file")(report)


def report(
    which: Annotated[
        Report, typer.Argument(metavar="monthly-counts|summary|submission-ratios|client-versions", help="報表 report")
    ],
    year: Annotated[int, typer.Option(min=1912, max=2999, help="西元年 year")],
    month: options.OptionalMonth = None,
    authority: options.Authority = None,
    as_of: options.AsOf = None,
    file: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="FILE", help=".csv .xlsx .ods .pdf .json .parquet; 不給則顯示 default: show"
        ),
    ] = None,
    output: options.Format = Format.TEXT,
) -> None:
    """報表：機關每月筆數統計表、彙整總表、機關報送比例表 A report on the terminal, or in a file by its suffix."""
    from pipelines.cli.platform import opened

    if month is not None and which is Report.SUBMISSION_RATIOS:
        raise CannotError("比例表以年度計，請勿給 --month submission-ratios are by year: leave out --month")
    if month is not None and month[:4] != f"{year:04}":
        raise CannotError(f"{month} 不在 {year} 年 --month is not in --year: give the same year in both")
    with opened(to_read=True) as platform:
        frame = report_frame(platform, which.table, year, month, authority=authority, as_of=as_of)
    if file is not None:
        said = [_period(year, month), authority or "", f"截至 {as_of:%Y-%m-%d %H:%M}" if as_of else ""]
        _write(frame, which, file, "　".join(part for part in said if part))
    elif output is Format.JSON:
        for row in rows_of(frame):
            say_json(row)
    else:
        show(frame, which, year, month)


def report_frame(
    platform: "Platform",
    name: str,
    year: int,
    month: str | None,
    *,
    authority: str | None = None,
    as_of: datetime | None = None,
) -> "pd.DataFrame":
    """Rows of a report as published, or as known at `as_of`; raises as `warehouse.reports.query` does."""
    from warehouse.publish.fetching import newest_here
    from warehouse.reports import query

    if as_of is None:
        newest_here(platform.home, platform.clock(), platform.grace)
        return query.report_frame(platform.home, name, year, month, authority)
    return query.report_frame_as_of(
        platform.home,
        platform.engine,
        name,
        year,
        as_of=as_of,
        month=month,
        authority=authority,
        first_month=platform.first_month,
    )


def rows_of(frame: "pd.DataFrame") -> list[dict[str, Any]]:
    """The frame's rows with plain values; None where there is none."""
    import pyarrow as pa

    rows: list[dict[str, Any]] = pa.Table.from_pandas(frame, preserve_index=False).to_pylist()
    return rows


def _write(frame: "pd.DataFrame", which: Report, file: Path, period: str) -> None:
    from warehouse.export import UnknownSuffix, export
    from warehouse.tables import TABLES

    described = TABLES[f"reports.{which.table}"]
    if file.suffix.lower() == ".pdf":
        rows = _write_pdf(frame, which, file, period)
    else:
        try:
            rows = export(frame, file, headings=described.headings, title=described.title)
        except UnknownSuffix as unknown:
            raise UnknownSuffix(file, [*unknown.known, ".pdf"]) from None
    note(f"{described.title}: {rows:,} 列 rows → {file}")


def _write_pdf(frame: "pd.DataFrame", which: Report, file: Path, period: str) -> int:
    """For paper, those columns that fit; raises `assets.report_pdf.TooManyForPaper`."""
    from datetime import UTC

    from assets.report_pdf import Paper, TooManyForPaper, see_that_it_fits, write_pdf
    from warehouse.deadlines import TAIPEI
    from warehouse.export import appearing_whole
    from warehouse.tables import TABLES

    described, columns = TABLES[f"reports.{which.table}"], COLUMNS[which.table]
    try:
        see_that_it_fits(len(frame))
    except TooManyForPaper as many:
        raise CannotError(str(many)) from None
    head = [described.headings[name] for name in columns]
    rows = [[row[name] for name in columns] for row in rows_of(frame[list(columns)])]
    with appearing_whole(file) as unfinished, unfinished.open("wb") as opened:
        write_pdf(Paper(described.title, [period], columns, head, rows, datetime.now(UTC).astimezone(TAIPEI)), opened)
    return len(rows)


def _period(year: int, month: str | None) -> str:
    return roc(month) if month else f"{year - ROC_YEAR_OFFSET}年"


def show(frame: "pd.DataFrame", which: Report, year: int, month: str | None, most: int = SHOWN) -> None:
    """Print a report's rows as a table, at most `most` of them and those columns that fit a terminal."""
    from assets.report_words import shown
    from warehouse.tables import TABLES

    described = TABLES[f"reports.{which.table}"]
    period = _period(year, month)
    if len(frame) > most:
        say(
            f"顯示前 {most:,} 列，共 {len(frame):,} 列，全部請用 attendance report {which} -o FILE "
            f"the first {most:,} of {len(frame):,} rows; all of them with -o FILE"
        )
    names = COLUMNS[which.table]
    rows = rows_of(frame[list(names)].head(most))
    numbers = [
        place for place, name in enumerate(names) if any(isinstance(row[name], int | float | Decimal) for row in rows)
    ]
    table(
        f"{described.title} {which.value}, {period}",
        [described.headings[name] for name in names],
        [[shown(name, row[name]) for name in names] for row in rows],
        numbers,
    )
