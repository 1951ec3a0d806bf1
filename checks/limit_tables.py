"""The dated tables of overtime limits and leave quotas, as an installation has them: rows may be switched on.

A row that is shipped off, as nobody has read its source, warns nobody until an operator names its id in the setting
`rows_switched_on`.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import cache

import polars as pl

from checks.limit_rows import TableRefused
from checks.overtime_limits import OvertimeLimits, packaged_overtime_limits
from checks.quotas import Quotas, packaged_quotas

#: Rules that go by a table.
OF_OVERTIME_LIMITS = ("W203", "W204", "W212")
OF_QUOTAS = ("W202",)


class RowsRefused(ValueError):  # noqa: N818 — says what happened
    """Rows are to be switched on that are not there, or are on already; the message lists those that can be."""


@dataclass(frozen=True)
class LimitTables:
    """Both tables; `switched_on` are the ids of rows that are shipped off and on here, in order."""

    overtime_limits: OvertimeLimits
    quotas: Quotas
    switched_on: tuple[str, ...] = ()

    def rows_of(self, rule: str) -> pl.DataFrame | None:
        """The table that the rule of this id goes by, with its columns `id`, `switch`, `source`; None for none."""
        if rule in OF_OVERTIME_LIMITS:
            return self.overtime_limits.rows
        return self.quotas.periods if rule in OF_QUOTAS else None


def limit_tables(switched_on: Collection[str] = ()) -> LimitTables:
    """The tables that are shipped, with these rows on; raises `RowsRefused`, and `TableRefused` for a faulty table."""
    return _limit_tables(tuple(sorted(set(switched_on))))


@cache
def _limit_tables(switched_on: tuple[str, ...]) -> LimitTables:
    limits, quotas = packaged_overtime_limits(), packaged_quotas()
    rows = pl.concat([limits.rows.select("id", "switch"), quotas.periods.select("id", "switch")])
    if not rows["id"].is_unique().all():
        raise TableRefused("overtime_limits.csv, quotas.csv: an id stands in both")
    _refuse_others(switched_on, dict(rows.iter_rows()))
    return LimitTables(
        replace(limits, rows=_switch(limits.rows, switched_on)),
        replace(quotas, periods=_switch(quotas.periods, switched_on)),
        switched_on,
    )


def _refuse_others(ids: Collection[str], switches: dict[str, str]) -> None:
    off = ", ".join(id_ for id_, switch in switches.items() if switch == "off")
    unknown = [id_ for id_ in ids if id_ not in switches]
    if unknown:
        raise RowsRefused(
            f"沒有此列 there is no row {', '.join(unknown)}; 可啟用者 those that can be switched on: {off}"
        )
    already = [id_ for id_ in ids if switches[id_] == "on"]
    if already:
        said = f"{', '.join(already)} 本已啟用，請自設定移除 is on as shipped: take it out of the setting"
        raise RowsRefused(f"{said}; 可啟用者 those that can be switched on: {off}")


def _switch(rows: pl.DataFrame, ids: Collection[str]) -> pl.DataFrame:
    on = pl.lit("on", dtype=rows.schema["switch"])
    return rows.with_columns(switch=pl.when(pl.col("id").is_in(list(ids))).then(on).otherwise("switch"))
