"""The page of who is late and missing in Dagster (逾期與未報送): tables and charts, made anew every day.

One asset, not partitioned: whoever opens it sees the newest look, and how its numbers went over the days.  Its checks
are those of `overdue.py`.
"""

import base64
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import dagster as dg

from assets.core_tables import core_tables
from assets.overdue import Overdue, overdue
from assets.platform import Platform
from assets.previews import ROWS, markdown
from checks.model.roc import roc_month_text
from warehouse.deadlines import TAIPEI

if TYPE_CHECKING:
    from assets.look import Look

KEY = dg.AssetKey("late_and_missing")

#: Made every day at 07:00: later than this, nobody made it.
FRESH = dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=30), warn_window=timedelta(hours=25))

_CHECKS = {
    "pulled_in_time": "上班日應收的月份皆已收檔 | Every month that the last working day was to pull has been pulled",
    "closed_in_time": "到期的月份皆已關帳 | Every month whose deadline passed has been closed",
    "channels_work": "各管道收件正常 | No channel is down: none failed for more of its agencies than the limit",
    "nothing_waits": "沒有久候未檢核的報送或久無回應的作業 | Nothing received waits for its check, no run is silent",
}
CHECKS = [dg.AssetCheckSpec(name, asset=KEY, description=said) for name, said in _CHECKS.items()]


def judged(found: Overdue) -> list[dg.AssetCheckEvaluation]:
    """The checks as they stand."""
    return [
        dg.AssetCheckEvaluation(
            asset_key=KEY, check_name=name, passed=passed, metadata=metadata, severity=dg.AssetCheckSeverity.WARN
        )
        for name, passed, metadata in _verdicts(found)
    ]


def _verdicts(found: Overdue) -> list[tuple[str, bool, dict[str, Any]]]:
    waiting = [f"{month or '年月不明 unknown'}" for month in sorted(found.waiting)]
    return [
        ("pulled_in_time", not found.unpulled, {"未收檔 not pulled": list(found.unpulled)}),
        ("closed_in_time", not found.unclosed, {"未關帳 not closed": list(found.unclosed)}),
        ("channels_work", not found.channels, {"管道中斷 down": list(found.channels)}),
        ("nothing_waits", not (waiting or found.runs), {"久候 waiting": waiting, "作業 runs": list(found.runs)}),
    ]


def shown(one: "Look") -> dict[str, Any]:
    """The look as metadata: numbers that Dagster plots over the days, tables, charts."""
    late = one.late
    now = [line for line in late.months if line.missing or line.open] or late.months[-1:]
    metadata: dict[str, Any] = {
        "逾期未報送機關 agencies overdue": len(late.debtors),
        "逾期未報送機關月 agency-months overdue": sum(len(debtor.months) for debtor in late.debtors),
        "未到期未報送 not due yet": sum(line.open for line in now),
        "新入檔（一日內） came in": one.happened["came"],
        "新增逾期（一日內） newly overdue": len(one.newly_overdue),
    }
    from assets.charts import charts, rendered

    # Dagster shows text of more than a thousand characters when asked to: one click for all charts.
    drawn = [(name, base64.b64encode(rendered(figure, "png")).decode()) for name, figure in charts(one).items()]
    if drawn:
        images = "\n\n".join(f"![{name}](data:image/png;base64,{image})" for name, image in drawn)
        metadata["圖 charts"] = dg.MetadataValue.md(images)
    return metadata | {
        "月份 months": dg.MetadataValue.md(_months(one)),
        "誰未報送 who owes": dg.MetadataValue.md(_debtors(one)),
        "主管機關 authorities": dg.MetadataValue.md(_authorities(one)),
        "昨日以來 since yesterday": dg.MetadataValue.md(_since(one)),
    }


def _months(one: "Look") -> str:
    from warehouse.duties.reckoning import spoken

    headings = [
        *("月份 month", "期限 due until", "應報 due", "準時 on time", "逾期 late", "未報送 missing", "未到期 open"),
        *("退件 refused", "免報 exempt"),
    ]
    rows = [
        (roc_month_text(line.month), spoken(line.deadline.replace(tzinfo=TAIPEI)), line.due, line.on_time, line.late,
         line.missing, line.open, line.refused, line.exempt)
        for line in one.late.months[::-1]
    ]  # fmt: skip
    return markdown(headings, rows)


def _debtors(one: "Look") -> str:
    from warehouse.duties.reckoning import spoken

    listed = one.late.debtors[:ROWS]
    headings = [
        "機關 agency",
        "主管機關 authority",
        "月份 months",
        "自 since",
        "天數 days",
        "狀況 state",
        "提醒 reminded",
    ]
    rows = [
        (
            f"{debtor.agency_code} {debtor.agency_name or ''}",
            one.names.get(debtor.authority_code or "", debtor.authority_code),
            "、".join(debtor.months),
            spoken(debtor.since.replace(tzinfo=TAIPEI)),
            debtor.days,
            "退件 refused" if debtor.refused else "待檢核 waits" if debtor.pending else "",
            f"{debtor.reminded} 次，{debtor.reminded_at:%m-%d}" if debtor.reminded_at else "未提醒 not yet",
        )
        for debtor in listed
    ]
    return _first_of(len(listed), len(one.late.debtors)) + markdown(headings, rows)


def _authorities(one: "Look") -> str:
    listed = one.late.authorities[:ROWS]
    headings = ["主管機關 authority", "機關 agencies", "逾期機關月 overdue", "占應報 % of due", "最久天數 days"]
    rows = [
        (line.authority_name or line.authority_code, line.agencies, line.overdue, f"{line.share:.1%}", line.days)
        for line in listed
    ]
    return _first_of(len(listed), len(one.late.authorities)) + markdown(headings, rows)


def _since(one: "Look") -> str:
    from assets.look import EVENTS

    counts = [(EVENTS[kind], count) for kind, count in sorted(one.happened.items())]
    counts.append(("新增逾期 newly overdue", len(one.newly_overdue)))
    told = [
        (f"{event.at:%m-%d %H:%M}", EVENTS[event.kind], f"{event.agency_code} {one.names.get(event.agency_code, '')}",
         roc_month_text(event.month))
        for event in one.events[-ROWS:][::-1]
    ]  # fmt: skip
    listed = _first_of(len(told), len(one.events)) + markdown(
        ["時間 at", "事由 what", "機關 agency", "月份 month"], told
    )
    return markdown(["事由 what", "件數 number"], counts) + "\n\n" + listed


def _first_of(shown_: int, of: int) -> str:
    return f"前 {shown_} 筆，共 {of:,} 筆 the first of all\n\n" if of > shown_ else ""


@dg.asset(
    key=KEY,
    deps=[core_tables],
    check_specs=CHECKS,
    group_name="reports",
    kinds={"duckdb", "matplotlib"},
    freshness_policy=FRESH,
    description="逾期與未報送一覽：誰未報送、自何時、已提醒誰、何者最差、昨日以來的異動\n\n"
    "Who owes which month since when, who has been reminded, which authority is worst, what changed since yesterday; "
    "with charts. Made every day, and again by hand.",
)
def late_and_missing(context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform]) -> dg.MaterializeResult:  # type: ignore[type-arg]  # Dagster compares with the bare class
    """Look, and see what is overdue of our own work."""
    from assets.look import look

    found = overdue(platform, context.instance)
    checks = [
        dg.AssetCheckResult(passed=passed, check_name=name, metadata=metadata, severity=dg.AssetCheckSeverity.WARN)
        for name, passed, metadata in _verdicts(found)
    ]
    return dg.MaterializeResult(metadata=shown(look(platform)), check_results=checks)
