"""Asking the reports: one question with its filters, against the published warehouse or one as of a moment."""

from collections.abc import Iterable
from datetime import datetime

import duckdb
import pandas as pd
from sqlalchemy import Engine

from warehouse.home import Home
from warehouse.publish.database import open_warehouse
from warehouse.publish.past import warehouse_as_of
from warehouse.reports.selection import REPORTS, Selection, UnknownReport

__all__ = [
    "REPORTS", "NothingPublished", "UnknownReport", "report_frame", "report_frame_as_of", "report_frames_as_of",
]  # fmt: skip


class NothingPublished(FileNotFoundError):  # noqa: N818 — reads as what it is
    """There is no warehouse yet."""

    def __init__(self, home: Home) -> None:
        super().__init__(
            f"尚未發布資料庫 {home.warehouse}，請先執行 attendance run nothing has been published yet; "
            "attendance run does it"
            if home.objects is None
            else f"本機沒有資料庫 {home.warehouse}，請先執行 attendance fetch this machine has no warehouse: "
            "attendance fetch brings what was published"
        )


def report_frame(
    home: Home, report: str, year: int, month: str | None = None, authority: str | None = None
) -> pd.DataFrame:
    """Return a report's rows of a year, or of one month `YYYY-MM` of it, in Arrow types (decimals stay exact).

    `authority`: only that agency and all below it, at every depth, in that month (for a year's rows, in any of its
    months).  Raises `UnknownReport`, `NothingPublished`, and ValueError for a month outside the year.
    """
    selection = Selection(report, year, month, authority)
    if not home.warehouse.exists():
        raise NothingPublished(home)
    with open_warehouse(home.warehouse) as connection:
        return _ask(connection, selection)


def report_frame_as_of(
    home: Home,
    engine: Engine,
    report: str,
    year: int,
    *,
    as_of: datetime,
    month: str | None = None,
    authority: str | None = None,
    first_month: str | None = None,
) -> pd.DataFrame:
    """Return the same as it was known at `as_of` (aware): what had arrived by then counts."""
    selection = Selection(report, year, month, authority)
    with warehouse_as_of(home, engine, as_of, year, first_month=first_month) as connection:
        return _ask(connection, selection)


def report_frames_as_of(
    home: Home,
    engine: Engine,
    names: Iterable[str],
    year: int,
    *,
    as_of: datetime,
    authority: str | None = None,
    first_month: str | None = None,
) -> dict[str, pd.DataFrame]:
    """Return several reports of a year as known at `as_of` (aware), by name; the past is built once for all of them."""
    with warehouse_as_of(home, engine, as_of, year, first_month=first_month) as connection:
        return {name: _ask(connection, Selection(name, year, None, authority)) for name in names}


def _ask(connection: duckdb.DuckDBPyConnection, selection: Selection) -> pd.DataFrame:
    query, values = selection.query("r.*")
    frame: pd.DataFrame = connection.sql(query, params=values).to_arrow_table().to_pandas(types_mapper=pd.ArrowDtype)
    return frame
