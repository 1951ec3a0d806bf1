"""Rows of dated tables that hold for some people and not for others: overtime limits and leave quotas.

A row names whom it is for; of the rows that hold for somebody the one that names most counts, and of those the last in
the table.  A row whose source nobody
has read is off (`switch`): it leaves those whom it is for not evaluated, rather than judged by a wider row.  Rows of
the same people may neither overlap nor leave a gap; that is checked when a table is read.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from importlib.resources import files
from itertools import pairwise
from typing import Any

import polars as pl

#: What every such table has: which row it is, since when and until when it holds, whether it warns, and on what ground.
_COMMON: dict[str, Any] = {
    "id": pl.String,
    "valid_from": pl.Date,
    "valid_to": pl.Date,
    "switch": pl.Enum(("on", "off")),
    "source": pl.String,
}


class TableRefused(ValueError):  # noqa: N818 — says what happened
    """A dated table overlaps itself or has a gap."""


def read_rows(file: str, columns: dict[str, Any], whom: Sequence[str]) -> pl.DataFrame:
    """A packaged table with `columns` beside the common ones; rows with the same `whom` are the same people's.

    Raises `TableRefused`.
    """
    rows = pl.read_csv(files("checks").joinpath("data", file).read_bytes(), schema_overrides={**_COMMON, **columns})
    if set(rows.columns) != {*_COMMON, *columns}:
        raise TableRefused(f"{file}: its columns are not {', '.join([*_COMMON, *columns])}")
    if not rows["id"].is_unique().all():
        raise TableRefused(f"{file}: an id stands twice")
    for people, periods in rows.sort("valid_from", nulls_last=False).group_by(whom, maintain_order=True):
        for before, after in pairwise(periods.select("id", "valid_from", "valid_to").iter_rows(named=True)):
            _follow(file, people, before, after)
    return rows


def _follow(file: str, people: object, before: dict[str, Any], after: dict[str, Any]) -> None:
    ends, begins = before["valid_to"] or date.max, after["valid_from"] or date.min
    if ends == date.max or begins != ends + timedelta(days=1):
        what = "overlaps" if begins <= ends else "leaves a gap before"
        raise TableRefused(f"{file}: {before['id']} {what} {after['id']}, of {people}")


def holding(rows: pl.DataFrame, column: str, conditions: Sequence[str], day: pl.Expr) -> pl.Expr:
    """The value of `column` in the row that holds on `day` for the people of each line of a frame; null for none.

    Null, too, where that row is off.  `conditions` are the columns that say whom a row is for, and columns of the frame
    by the same names.
    """
    value = pl.lit(None, dtype=rows.schema[column])
    for row in _by_detail(rows, conditions):
        said = pl.lit(row[column] if row["switch"] == "on" else None, dtype=rows.schema[column])
        value = pl.when(_holds(row, conditions, day)).then(said).otherwise(value)
    return value


def _by_detail(rows: pl.DataFrame, conditions: Sequence[str]) -> list[dict[str, Any]]:
    """Rows that name little first, so that those that name more have the last word."""
    return sorted(rows.iter_rows(named=True), key=lambda row: sum(row[name] is not None for name in conditions))


def _holds(row: dict[str, Any], conditions: Sequence[str], day: pl.Expr) -> pl.Expr:
    held = pl.lit(value=True)
    for name in conditions:
        if row[name] is not None:
            held &= (pl.col(name).cast(pl.String) == row[name]).fill_null(value=False)
    if row["valid_from"] is not None:
        held &= day >= pl.lit(row["valid_from"])
    if row["valid_to"] is not None:
        held &= day <= pl.lit(row["valid_to"])
    return held
