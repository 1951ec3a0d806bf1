"""What a report's chart shows: a few bars out of any number of rows, summed in SQL.

A bar is parts of a whole; labels and figures stand beside it as text: to whoever sees no bars it is a table.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import duckdb

from assets.report_words import in_words, leave_type, roc, shown
from portal.reports.asking import Asked, of_another
from warehouse.reports.selection import summed

#: Bars at most; the page says of how many they are.
MOST = 20
_OUTCOMES = ("on_time", "late", "missing")


@dataclass(frozen=True)
class Bar:
    """`parts` are what it is made of, by the class that colours them."""

    label: str
    figure: str
    parts: dict[str, float]


@dataclass(frozen=True)
class Chart:
    """Bars under a title; `most` is the length of the longest, `legend` the parts' names, `others` bars not shown."""

    title: str
    bars: list[Bar]
    legend: dict[str, str]
    others: int = 0

    @property
    def most(self) -> float:
        """The longest bar, and never 0."""
        return max((sum(bar.parts.values()) for bar in self.bars), default=0) or 1


def chart(connection: duckdb.DuckDBPyConnection, question: Asked) -> Chart | None:
    """The chart of a report; None where there is nothing to show."""
    drawn = _CHARTS[question.selection.report](connection, question)
    return drawn if drawn.bars else None


def _chart(title: str, rows: list[dict[str, Any]], bar: Callable[[dict[str, Any]], Bar], **legend: str) -> Chart:
    others = max(0, int(rows[0]["bars"]) - len(rows)) if rows else 0
    return Chart(title, [bar(row) for row in rows], legend, others)


def _ratios(connection: duckdb.DuckDBPyConnection, question: Asked) -> Chart:
    """The authorities that were furthest behind; of one, the agencies."""
    narrowed = question.selection.authority is not None or not question.selection.reach.everywhere
    scope = question.selection.only.get("scope") or ("agency" if narrowed else "authority")
    rows = summed(
        connection,
        of_another(question, "submission_ratios", scope=scope).selection,
        "agency_code, agency_name, on_time, late, missing, agency_ratio, on_time_ratio, count(*) OVER () AS bars",
        f"AND due > 0 ORDER BY agency_ratio, on_time_ratio, due DESC, agency_code LIMIT {MOST}",
    )

    def bar(row: dict[str, Any]) -> Bar:
        whole = sum(int(row[one]) for one in _OUTCOMES)
        parts = {one: 100 * int(row[one]) / whole for one in _OUTCOMES}
        figure = f"{row['agency_ratio']} %（準時 {row['on_time_ratio']} %）"
        return Bar(row["agency_name"] or row["agency_code"], figure, parts)

    title = "報送率最低者 The lowest ratios"
    return _chart(title, rows, bar, on_time="準時 on time", late="逾期 late", missing="未報送 missing")


def _counts(connection: duckdb.DuckDBPyConnection, question: Asked) -> Chart:
    rows = summed(
        connection,
        question.selection,
        "month, dataset, sum(entered) AS entered, sum(refused) AS refused, count(*) OVER () AS bars",
        "GROUP BY month, dataset ORDER BY month, dataset",
    )

    def bar(row: dict[str, Any]) -> Bar:
        label = f"{roc(row['month'])} {in_words('dataset', row['dataset'])}"
        parts = {"entered": float(row["entered"]), "refused": float(row["refused"])}
        return Bar(label, f"{int(row['entered']):,}（退件 {int(row['refused']):,}）", parts)

    title = "各月入檔及退件筆數 Records entered and refused"
    return _chart(title, rows, bar, entered="入檔 entered", refused="退件 refused")


def _summary(connection: duckdb.DuckDBPyConnection, question: Asked) -> Chart:
    """Each agency's own rows: those that are rolled up would count the same hours again."""
    rows = summed(
        connection,
        of_another(question, "summary", scope="agency").selection,
        "leave_type, sum(days) AS days, count(*) OVER () AS bars",
        f"GROUP BY leave_type ORDER BY days DESC, leave_type LIMIT {MOST}",
    )

    def bar(row: dict[str, Any]) -> Bar:
        return Bar(leave_type(row["leave_type"]), shown("days", row["days"]) or "", {"plain": float(row["days"])})

    return _chart("各假別日數 Days by leave type", rows, bar, plain="日數 days")


def _versions(connection: duckdb.DuckDBPyConnection, question: Asked) -> Chart:
    rows = summed(
        connection,
        question.selection,
        "system, version, any_value(versions_behind) AS behind, count(*) AS agencies, count(*) OVER () AS bars",
        f"GROUP BY system, version ORDER BY agencies DESC, system, version LIMIT {MOST}",
    )

    def bar(row: dict[str, Any]) -> Bar:
        label = f"{row['system'] or '不明'} {row['version'] or ''}".strip()
        return Bar(label, f"{row['agencies']:,}", {"late" if row["behind"] else "on_time": float(row["agencies"])})

    legend = {"on_time": "最新版或無法排序 newest, or not known", "late": "落後 behind"}
    return _chart("各系統版本的機關數 Agencies by version", rows, bar, **legend)


def _due(connection: duckdb.DuckDBPyConnection, question: Asked) -> Chart:
    counts = ", ".join(f"count(*) FILTER (counted AND outcome = '{one}') AS {one}" for one in _OUTCOMES)
    rows = summed(
        connection,
        question.selection,
        f"month, {counts}, count(*) OVER () AS bars",
        "GROUP BY month HAVING bool_or(counted) ORDER BY month",
    )

    def bar(row: dict[str, Any]) -> Bar:
        figure = "、".join(f"{in_words('outcome', one)} {row[one]:,}" for one in _OUTCOMES)
        return Bar(roc(row["month"]), figure, {one: float(row[one]) for one in _OUTCOMES})

    title = "各月報送情形 What became of each month"
    return _chart(title, rows, bar, on_time="準時 on time", late="逾期 late", missing="未報送 missing")


_CHARTS: dict[str, Callable[[duckdb.DuckDBPyConnection, Asked], Chart]] = {
    "submission_ratios": _ratios,
    "monthly_counts": _counts,
    "summary": _summary,
    "client_versions": _versions,
    "due_months": _due,
}
