"""Stage 4, publishing: `warehouse.duckdb` built beside the old and swapped in; nothing before it depends on it."""

from collections.abc import Iterable
from typing import Any

import dagster as dg
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from assets.partitions import MONTHS
from assets.platform import Platform
from assets.previews import ask, markdown
from assets.reviews import reviews
from warehouse.ledger.engine import reading
from warehouse.ledger.models import AgencyMonth, DatasetCount
from warehouse.publish import Published, publish

DATASETS = ("employees", "leaves", "overtime", "clockings")
CORE = dg.AssetKey("core_tables")

COMPLETE = dg.AssetCheckSpec(
    "rows_as_entered",
    asset=CORE,
    partitions_def=MONTHS,
    blocking=True,
    description="發布筆數 = 入檔筆數 | Rows published = records entered by the ledger, for each dataset of the month",
)


def publish_month(platform: Platform, month: str) -> tuple[dg.AssetCheckEvaluation, dict[str, Any]]:
    """Publish the month; the check's result and the metadata to show.

    Raises `warehouse.publish.PublishingBusy` or `StoreIncomplete`.
    """
    with reading(platform.engine) as session:
        before = _entered(session, month)
    publish_now(platform, [month])
    with reading(platform.engine) as session:
        entered = _entered(session, month)
    rows = _published(platform, month)
    # What another run enters meanwhile is in one of the two, and is published by that run.
    wrong = [name for name in DATASETS if rows[name] not in {before[name], entered[name]}]
    table = markdown(["資料表 table", "筆數 rows"], [(f"core.{name}", rows[name]) for name in DATASETS])
    metadata = {
        "dagster/row_count": sum(rows.values()),
        "資料表 tables": dg.MetadataValue.md(table),
        "warehouse": dg.MetadataValue.path(str(platform.home.warehouse)),
    }
    check = dg.AssetCheckEvaluation(
        asset_key=CORE,
        check_name=COMPLETE.name,
        partition=month,
        passed=not wrong,
        blocking=True,
        metadata={name: f"發布 published {rows[name]:,}；入檔 entered {entered[name]:,}" for name in DATASETS},
    )
    return check, metadata


def publish_now(platform: Platform, months: Iterable[str]) -> Published:
    """Publish these months' records, and every report as of now, as the platform's settings say."""
    return publish(
        platform.home,
        platform.engine,
        months,
        now=platform.clock(),
        first_month=platform.first_month,
        grace=platform.grace,
    )


def _entered(session: Session, month: str) -> dict[str, int]:
    """Records entered of the submissions that the month's agencies count, by dataset."""
    query = (
        select(DatasetCount.dataset, func.sum(DatasetCount.entered))
        .join(
            AgencyMonth,
            (AgencyMonth.submission_id == DatasetCount.submission_id)
            & (AgencyMonth.agency_code == DatasetCount.agency_code)
            & (AgencyMonth.month == DatasetCount.month),
        )
        .where(DatasetCount.month == month)
        .group_by(DatasetCount.dataset)
    )
    return dict.fromkeys(DATASETS, 0) | {name: int(rows) for name, rows in session.execute(query)}


def _published(platform: Platform, month: str) -> dict[str, int]:
    counts = " UNION ALL ".join(f"SELECT '{name}', count(*) FROM core.{name} WHERE month = $month" for name in DATASETS)  # noqa: S608 — our own names
    return dict(ask(platform.home.warehouse, counts, {"month": month}))


@dg.asset(
    key=CORE,
    partitions_def=MONTHS,
    deps=[reviews],
    check_specs=[COMPLETE],
    group_name="warehouse",
    kinds={"duckdb", "parquet"},
    description="差勤明細：該月入檔的紀錄發布至 warehouse.duckdb，讀者不受影響\n\n"
    "The month's records in `warehouse.duckdb`, built beside the old file and swapped in: readers are never blocked. "
    "Holds no name and no national ID.",
)
def core_tables(context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform]) -> dg.MaterializeResult:  # type: ignore[type-arg]  # Dagster compares with the bare class
    """Publish one month."""
    check, metadata = publish_month(platform, context.partition_key)
    return dg.MaterializeResult(
        metadata=metadata,
        check_results=[dg.AssetCheckResult(passed=check.passed, check_name=check.check_name, metadata=check.metadata)],
    )
